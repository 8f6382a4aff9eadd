# ferrule_lto(<library>)
#
# With CMAKE_INTERPROCEDURAL_OPTIMIZATION the library's objects hold machine code beside what is
# optimised when linking, so that every compiler and linker can use the archive. Executables that
# are built with that option too, by this compiler or a later version, take the latter.
function(ferrule_lto library)
  if(NOT CMAKE_INTERPROCEDURAL_OPTIMIZATION)
    return()
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    target_compile_options(${library} PRIVATE -ffat-lto-objects)
  elseif(CMAKE_CXX_COMPILER_ID STREQUAL Clang AND ferrule_clang_major GREATER_EQUAL 19)
    target_compile_options(${library} PRIVATE -ffat-lto-objects)
    set(reads_it "$<LINK_LANG_AND_ID:CXX,Clang>"
                 "$<VERSION_GREATER_EQUAL:$<CXX_COMPILER_VERSION>,${ferrule_clang_major}>"
                 "$<BOOL:$<TARGET_PROPERTY:INTERPROCEDURAL_OPTIMIZATION>>")
    list(JOIN reads_it "," reads_it)
    target_link_options(${library} INTERFACE "$<$<AND:${reads_it}>:LINKER:--fat-lto-objects>")
  endif()
endfunction()

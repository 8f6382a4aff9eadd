# ferrule_service(<name> [source...])
#
# Adds the executable <name>, built from the sources (main.cpp if none is given) and linked with
# Ferrule. Unless the build type is Debug it is one static, position-independent file that holds
# only what it uses, stripped unless the build type is RelWithDebInfo. Where the system has simdjson
# only as a shared library, it is linked dynamically. With CMAKE_INTERPROCEDURAL_OPTIMIZATION it is
# optimised together with the library. As in everything that links Ferrule, a coroutine that
# outlives what it refers to is an error where Clang sees it (core/coroutines.md).

# lld makes smaller executables, and is what reads Clang's bitcode. Without it the compiler's usual
# linker does.
if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
  string(REGEX MATCH "^[0-9]+" ferrule_clang_major ${CMAKE_CXX_COMPILER_VERSION})
  find_program(FERRULE_LLD NAMES ld.lld-${ferrule_clang_major} ld.lld)
endif()

function(ferrule_service name)
  set(sources ${ARGN})
  if(NOT sources)
    set(sources main.cpp)
  endif()
  add_executable(${name} ${sources})
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON EXPORT_COMPILE_COMMANDS ON)
  target_link_libraries(${name} PRIVATE ferrule::ferrule)

  set(shipped "$<NOT:$<CONFIG:Debug>>")
  get_target_property(simdjson ferrule::simdjson TYPE)
  if(simdjson STREQUAL STATIC_LIBRARY)
    set(static -static-pie)
  else()
    set(static -static-libstdc++ -static-libgcc)
  endif()
  target_compile_options(${name} PRIVATE "$<${shipped}:-ffunction-sections;-fdata-sections>")
  target_link_options(${name} PRIVATE "$<${shipped}:${static};LINKER:--gc-sections>"
                                      "$<$<NOT:$<CONFIG:Debug,RelWithDebInfo>>:-s>")
  if(FERRULE_LLD)
    target_link_options(${name} PRIVATE
      --ld-path=${FERRULE_LLD} "$<${shipped}:LINKER:--icf=safe,--pack-dyn-relocs=relr>")
  endif()
endfunction()

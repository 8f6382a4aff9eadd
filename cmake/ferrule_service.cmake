# ferrule_service(<name> [source...])
#
# Adds the executable <name>, built from the sources (main.cpp if none is given) and linked with
# Ferrule. Unless the build type is Debug it is one static, stripped, position-independent file
# that holds only what it uses, and needs lld 19. As in everything that links Ferrule, a coroutine
# that outlives what it refers to is an error where Clang sees it (core/coroutines.md).
function(ferrule_service name)
  set(sources ${ARGN})
  if(NOT sources)
    set(sources main.cpp)
  endif()
  add_executable(${name} ${sources})
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_link_libraries(${name} PRIVATE ferrule::ferrule)
  if(NOT CMAKE_BUILD_TYPE STREQUAL Debug)
    target_compile_options(${name} PRIVATE -ffunction-sections -fdata-sections)
    target_link_options(${name} PRIVATE -static-pie -s
                        LINKER:--gc-sections,--icf=safe,--pack-dyn-relocs=relr)
  endif()
endfunction()

find_package(GTest REQUIRED)
find_package(Python3 REQUIRED COMPONENTS Interpreter)

# Tests are not optimised together with the library, which they take as the machine code of its
# objects: else the linker would compile it anew for each of them.
set(CMAKE_INTERPROCEDURAL_OPTIMIZATION OFF)

# GoogleTest's header takes the compiler longer than a usual test, so it is compiled once for all.
add_executable(test_precompiled EXCLUDE_FROM_ALL ${CMAKE_CURRENT_LIST_DIR}/precompiled.cpp)
target_link_libraries(test_precompiled PRIVATE ferrule::ferrule GTest::gtest_main)
ferrule_precompile(test_precompiled <gtest/gtest.h>)
ferrule_warnings(test_precompiled)

# ferrule_test(<folder> [SOURCES source...] [LIBRARIES library...] [TIMEOUT seconds])
#
# Adds the executable test_<folder>, built from the sources (every *_test.cpp of the current folder
# if none is given), and the test <folder> that runs it. Tests may include the library's private
# headers.
function(ferrule_test folder)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;LIBRARIES" ${ARGN})
  if(NOT arg_SOURCES)
    file(GLOB arg_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.cpp)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  add_executable(test_${folder} ${arg_SOURCES})
  target_include_directories(test_${folder} PRIVATE ${PROJECT_SOURCE_DIR}/lib
                                                    ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(test_${folder} PRIVATE ferrule::ferrule GTest::gtest_main ${arg_LIBRARIES})
  target_precompile_headers(test_${folder} REUSE_FROM test_precompiled)
  ferrule_warnings(test_${folder})
  add_test(NAME ${folder} COMMAND test_${folder})
  set_tests_properties(${folder} PROPERTIES TIMEOUT ${arg_TIMEOUT})
endfunction()

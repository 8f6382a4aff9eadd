# Compiles and runs toolchain_probe.cpp, and stops if this compiler builds coroutines wrongly: such
# code compiles without a warning and fails in service. What counts is how the probe runs, not the
# compiler's name or version. What Ferrule's headers need besides is compiled there too, so that the
# remedy is said at once.
if(NOT DEFINED ferrule_probe_result)
  message(STATUS "Checking that the compiler builds coroutines rightly")
  try_run(ferrule_probe_result ferrule_probe_compiles
          ${CMAKE_BINARY_DIR}/toolchain_probe ${CMAKE_CURRENT_LIST_DIR}/toolchain_probe.cpp
          CMAKE_FLAGS -DCMAKE_CXX_STANDARD=20 -DCMAKE_CXX_STANDARD_REQUIRED=ON
          COMPILE_OUTPUT_VARIABLE compile_output
          RUN_OUTPUT_VARIABLE run_output)
  if(NOT ferrule_probe_compiles)
    set(reason "it cannot compile what they stand on:\n${compile_output}")
  else()
    set(reason "it miscompiles them:\n${run_output}")
  endif()
  if(NOT ferrule_probe_compiles OR NOT ferrule_probe_result STREQUAL "0")
    unset(ferrule_probe_result CACHE)
    message(FATAL_ERROR
      "${CMAKE_CXX_COMPILER} cannot build Ferrule's coroutines; ${reason}\n"
      "Remedy: cmake/install-deps.sh, or `apt install clang-19 lld-19`, installs clang 19; "
      "configure with -DCMAKE_CXX_COMPILER=clang++-19 in a fresh build folder, or Ferrule's own "
      "tree with `cmake --preset release`.")
  endif()
endif()

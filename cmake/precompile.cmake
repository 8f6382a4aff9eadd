# ferrule_precompile(<target> [header...])
#
# Has these headers compiled once for all sources of the target. With sanitizers, where everything
# is built once more, also those of the standard library and {fmt}, which take the compiler longer
# than a usual source; the other builds tell which source leans on an #include that it lacks.
function(ferrule_precompile target)
  set(headers ${ARGN})
  if(FERRULE_SANITIZE)
    list(APPEND headers <algorithm> <charconv> <chrono> <coroutine> <functional> <memory> <optional>
         <span> <string> <variant> <vector> <fmt/format.h>)
  endif()
  if(headers)
    target_precompile_headers(${target} PRIVATE ${headers})
  endif()
  if(headers AND CMAKE_CXX_COMPILER_ID MATCHES Clang)
    # Without its time the result is the same each time, as ccache needs it.
    target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
endfunction()

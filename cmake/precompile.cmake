# The headers of the standard library and of {fmt} take the compiler longer than a usual source, so
# they are compiled once for all sources of a target. Only with sanitizers, where everything is
# built once more: the other builds tell which source leans on an #include that it lacks.
#
# ferrule_precompile(<target> [header...]): these headers are compiled once in any build
function(ferrule_precompile target)
  set(headers ${ARGN})
  if(FERRULE_SANITIZE)
    list(APPEND headers <algorithm> <charconv> <chrono> <coroutine> <functional> <memory> <optional>
         <span> <string> <variant> <vector> <fmt/format.h>)
  endif()
  if(headers)
    target_precompile_headers(${target} PRIVATE ${headers})
    # Without its time the result is the same each time, as ccache needs it.
    target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
endfunction()

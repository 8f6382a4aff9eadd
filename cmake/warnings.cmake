# Turns on the warnings that Ferrule's own code is free of. In a unity build a name may shadow one
# of another source.
function(ferrule_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion
                                           $<$<NOT:$<BOOL:${CMAKE_UNITY_BUILD}>>:-Wshadow>
                                           $<$<BOOL:${FERRULE_WERROR}>:-Werror>)
endfunction()

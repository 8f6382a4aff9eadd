# Turns on the warnings that Ferrule's own code is free of.
function(ferrule_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
                                           $<$<BOOL:${FERRULE_WERROR}>:-Werror>)
endfunction()

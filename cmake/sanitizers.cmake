# FERRULE_SANITIZE instruments everything: a library without it beside a program with it would hide
# errors or report false ones.
if(FERRULE_SANITIZE)
  add_compile_options(-fsanitize=${FERRULE_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer -O1)
  add_link_options(-fsanitize=${FERRULE_SANITIZE})
endif()

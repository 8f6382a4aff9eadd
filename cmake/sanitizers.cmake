# FERRULE_SANITIZE instruments everything: a library without it beside a program with it would hide
# errors or report false ones. Without optimisation and with line numbers alone, since both cost
# more time in the compiler than they save in the tests.
if(FERRULE_SANITIZE)
  add_compile_options(-fsanitize=${FERRULE_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer -gline-tables-only)
  add_link_options(-fsanitize=${FERRULE_SANITIZE})
  # But the simulated network: most of what tests execute, in few files, and not what they test.
  file(GLOB simulation_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/lib/test/*.cpp)
  set_source_files_properties(${simulation_sources} PROPERTIES
    COMPILE_OPTIONS -O1 SKIP_PRECOMPILE_HEADERS ON)
endif()

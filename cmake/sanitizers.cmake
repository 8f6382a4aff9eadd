# FERRULE_SANITIZE instruments everything: a library without it beside a program with it would hide
# errors or report false ones. Without optimisation and with line numbers alone, since both cost
# more time in the compiler than they save in the tests.
if(FERRULE_SANITIZE)
  add_compile_options(-fsanitize=${FERRULE_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer -gline-tables-only)
  add_link_options(-fsanitize=${FERRULE_SANITIZE})
  # Several sources at once, which share what they include and instantiate. The other builds tell
  # which source leans on an #include of its neighbour.
  set(CMAKE_UNITY_BUILD ON)
  set(CMAKE_UNITY_BUILD_BATCH_SIZE 12)
endif()

# With sanitizers the simulated network is optimised all the same: it is most of what tests execute,
# in few files, and not what they test.
function(ferrule_optimise_simulation library)
  if(NOT FERRULE_SANITIZE)
    return()
  endif()
  get_target_property(sources ${library} SOURCES)
  set(simulation ${sources})
  list(FILTER simulation INCLUDE REGEX "/lib/test/")
  list(FILTER sources EXCLUDE REGEX "/lib/test/")
  set_target_properties(${library} PROPERTIES SOURCES "${sources}")
  add_library(${library}_simulation OBJECT ${simulation})
  set_target_properties(${library}_simulation PROPERTIES UNITY_BUILD_BATCH_SIZE 0)
  target_compile_options(${library}_simulation PRIVATE -O1)
  target_compile_definitions(${library}_simulation
    PRIVATE $<TARGET_PROPERTY:${library},COMPILE_DEFINITIONS>)
  target_include_directories(${library}_simulation
    PRIVATE $<TARGET_PROPERTY:${library},INCLUDE_DIRECTORIES>)
  target_link_libraries(${library}_simulation PRIVATE ferrule::simdjson)
  ferrule_warnings(${library}_simulation)
  target_sources(${library} PRIVATE $<TARGET_OBJECTS:${library}_simulation>)
endfunction()

# ferrule::simdjson: the static library that install-deps.sh builds once from Debian's source
# package. FERRULE_SIMDJSON_DIR names another place that holds include/ and lib/libsimdjson.a.
if(NOT FERRULE_SIMDJSON_DIR)
  execute_process(COMMAND ${CMAKE_CURRENT_LIST_DIR}/install-deps.sh --simdjson-dir
                  OUTPUT_VARIABLE FERRULE_SIMDJSON_DIR OUTPUT_STRIP_TRAILING_WHITESPACE)
endif()
if(NOT EXISTS ${FERRULE_SIMDJSON_DIR}/lib/libsimdjson.a)
  message(FATAL_ERROR "No static simdjson in ${FERRULE_SIMDJSON_DIR}. "
                      "Run cmake/install-deps.sh: it builds one from Debian's source package.")
endif()

add_library(ferrule::simdjson STATIC IMPORTED GLOBAL)
set_target_properties(ferrule::simdjson PROPERTIES
  IMPORTED_LOCATION ${FERRULE_SIMDJSON_DIR}/lib/libsimdjson.a
  INTERFACE_INCLUDE_DIRECTORIES ${FERRULE_SIMDJSON_DIR}/include)

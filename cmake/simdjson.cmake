# ferrule::simdjson, from the first of these that there is:
#
#   FERRULE_SIMDJSON_DIR   a folder with include/simdjson.h and the library in lib/
#   install-deps.sh's      a static library that it builds once from the distribution's source
#   the system's           libsimdjson-dev, say; where that is a shared library, as on Debian 12,
#                          services are not static
if(FERRULE_SIMDJSON_DIR)
  set(only_there PATHS ${FERRULE_SIMDJSON_DIR} NO_DEFAULT_PATH)
elseif(EXISTS ${CMAKE_CURRENT_LIST_DIR}/install-deps.sh)
  execute_process(COMMAND ${CMAKE_CURRENT_LIST_DIR}/install-deps.sh --simdjson-dir
                  OUTPUT_VARIABLE built_once OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(EXISTS ${built_once}/lib/libsimdjson.a)
    set(only_there PATHS ${built_once} NO_DEFAULT_PATH)
  endif()
endif()
set(ferrule_simdjson_include NOTFOUND)
set(ferrule_simdjson_library NOTFOUND)
find_path(ferrule_simdjson_include simdjson.h ${only_there} PATH_SUFFIXES include NO_CACHE)
find_library(ferrule_simdjson_library NAMES libsimdjson.a simdjson ${only_there}
             PATH_SUFFIXES lib lib64 NO_CACHE)
if(NOT ferrule_simdjson_include OR NOT ferrule_simdjson_library)
  if(FERRULE_SIMDJSON_DIR)
    set(lacking "FERRULE_SIMDJSON_DIR=${FERRULE_SIMDJSON_DIR} lacks include/simdjson.h or "
                "lib/libsimdjson.a.\n")
  else()
    set(lacking "simdjson is missing.\n")
  endif()
  message(FATAL_ERROR ${lacking} "One of these helps:\n"
    "  * cmake/install-deps.sh in Ferrule's source, which builds a static one (Debian 12)\n"
    "  * apt install libsimdjson-dev; services are not static where that is a shared library\n"
    "  * -D FERRULE_SIMDJSON_DIR=DIR, where DIR holds include/simdjson.h and lib/libsimdjson.a")
endif()

if(ferrule_simdjson_library MATCHES "\\.a$")
  add_library(ferrule::simdjson STATIC IMPORTED GLOBAL)
else()
  add_library(ferrule::simdjson SHARED IMPORTED GLOBAL)
endif()
set_target_properties(ferrule::simdjson PROPERTIES
  IMPORTED_LOCATION ${ferrule_simdjson_library}
  INTERFACE_INCLUDE_DIRECTORIES ${ferrule_simdjson_include})

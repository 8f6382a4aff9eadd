# The parts of Ferrule that not every service needs: each folder lib/<name>/ of these is the library
# ferrule::<name>, and a service that does not link it carries nothing of it.

# ferrule_optional(<name> [library...]): what it stands on, besides Ferrule itself
function(ferrule_optional name)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/lib/${name}/*.cpp)
  add_library(ferrule_${name} STATIC ${sources})
  add_library(ferrule::${name} ALIAS ferrule_${name})
  set_target_properties(ferrule_${name} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(ferrule_${name} PRIVATE ${PROJECT_SOURCE_DIR}/lib)
  target_compile_options(ferrule_${name} PRIVATE -ffunction-sections -fdata-sections)
  target_link_libraries(ferrule_${name} PUBLIC ferrule ${ARGN})
  ferrule_lto(ferrule_${name})
  ferrule_warnings(ferrule_${name})
  set_property(GLOBAL APPEND PROPERTY FERRULE_OPTIONAL ferrule_${name})
endfunction()

ferrule_optional(dns cares)
# What c-ares has deprecated since is all that Debian 12 has.
target_compile_definitions(ferrule_dns PRIVATE CARES_NO_DEPRECATED)
ferrule_optional(client ferrule::dns)
ferrule_optional(storage sqlite3 m)
ferrule_optional(compress z brotlidec brotlicommon zstd)
# A server undoes the coding of requests where this is linked: include/ferrule/compress/linked.hpp.
target_link_options(ferrule_compress INTERFACE LINKER:--undefined=ferrule_has_decompressor)

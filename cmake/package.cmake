# `cmake --install`: a package that find_package(ferrule) finds, with ferrule_service() in it and
# the command `ferrule`. `cpack` in the build folder makes a Debian package of it.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/ferrule)

install(TARGETS ferrule EXPORT ferrule ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT ferrule NAMESPACE ferrule:: DESTINATION ${package_dir} FILE ferruleTargets.cmake)
install(DIRECTORY include/ferrule TYPE INCLUDE)

# Not every build has them; each is an export of its own, that the rest can be used without it.
get_property(optional GLOBAL PROPERTY FERRULE_OPTIONAL)
add_custom_target(libraries DEPENDS ferrule ${optional})  # all that is installed
foreach(library ${optional})
  install(TARGETS ${library} EXPORT ${library}
          ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} OPTIONAL)
  install(EXPORT ${library} NAMESPACE ferrule:: DESTINATION ${package_dir}
          FILE ${library}Targets.cmake)
endforeach()
list(TRANSFORM optional REPLACE "^ferrule_" "" OUTPUT_VARIABLE parts)
list(JOIN parts " " parts)

# Debian has no static simdjson, so the package carries the one that Ferrule was built with.
if(ferrule_simdjson_library MATCHES "\\.a$")
  install(FILES ${ferrule_simdjson_library} DESTINATION ${package_dir} RENAME libsimdjson.a)
  cmake_path(GET ferrule_simdjson_include PARENT_PATH simdjson)
  install(FILES ${simdjson}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME LICENSE.simdjson
          OPTIONAL)
endif()

configure_package_config_file(cmake/ferruleConfig.cmake.in ${PROJECT_BINARY_DIR}/ferruleConfig.cmake
                              INSTALL_DESTINATION ${package_dir} PATH_VARS CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/ferruleConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/ferruleConfig.cmake
              ${PROJECT_BINARY_DIR}/ferruleConfigVersion.cmake
              cmake/ferrule_service.cmake cmake/simdjson.cmake
              cmake/toolchain_probe.cmake cmake/toolchain_probe.cpp
        DESTINATION ${package_dir})

install(PROGRAMS cmake/ferrule TYPE BIN)
install(FILES cmake/ferrule_gdb.py DESTINATION ${CMAKE_INSTALL_DATADIR}/ferrule)
install(DIRECTORY cmake/template DESTINATION ${CMAKE_INSTALL_DATADIR}/ferrule)

# The pages lie as in the source, so that their links lead somewhere; those of include/ are beside
# the headers.
foreach(page README.md CHANGELOG.md LICENSE .github/CONTRIBUTING.md benchmarks/README.md
        benchmarks/load/README.md tests/suites/sim/README.md)
  cmake_path(GET page PARENT_PATH folder)
  install(FILES ${page} DESTINATION ${CMAKE_INSTALL_DOCDIR}/${folder})
endforeach()
install(DIRECTORY services DESTINATION ${CMAKE_INSTALL_DOCDIR})
file(RELATIVE_PATH headers ${CMAKE_INSTALL_FULL_DOCDIR}/include
     ${CMAKE_INSTALL_FULL_INCLUDEDIR}/ferrule)
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/doc)
file(CREATE_LINK ${headers} ${PROJECT_BINARY_DIR}/doc/ferrule SYMBOLIC)
install(DIRECTORY ${PROJECT_BINARY_DIR}/doc/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/include)

if(NOT PROJECT_IS_TOP_LEVEL)
  return()
endif()
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_CONTACT "The Ferrule authors")
set(CPACK_DEBIAN_PACKAGE_NAME libferrule-dev)
set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "cmake (>= 3.25), libfmt-dev, liburing-dev, libc-ares-dev, \
libsqlite3-dev, zlib1g-dev, libbrotli-dev, libzstd-dev")
if(NOT ferrule_simdjson_library MATCHES "\\.a$")
  string(APPEND CPACK_DEBIAN_PACKAGE_DEPENDS ", libsimdjson-dev")
endif()
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "clang-19, lld-19, ninja-build")
include(CPack)

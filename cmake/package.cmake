# `cmake --install`: a package that find_package(ferrule) finds, with ferrule_service() in it.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/ferrule)

get_property(optional GLOBAL PROPERTY FERRULE_OPTIONAL)
add_custom_target(libraries DEPENDS ferrule ${optional})  # all that is installed
install(TARGETS ferrule ${optional} EXPORT ferrule ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/ferrule TYPE INCLUDE)
install(EXPORT ferrule NAMESPACE ferrule:: DESTINATION ${package_dir} FILE ferruleTargets.cmake)

# Debian has no static simdjson, so the package carries the one that Ferrule was built with.
install(DIRECTORY ${FERRULE_SIMDJSON_DIR}/ DESTINATION ${package_dir}/simdjson)

configure_package_config_file(cmake/ferruleConfig.cmake.in ${PROJECT_BINARY_DIR}/ferruleConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(ferruleConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/ferruleConfig.cmake
              ${PROJECT_BINARY_DIR}/ferruleConfigVersion.cmake
              cmake/ferrule_service.cmake cmake/simdjson.cmake
              cmake/toolchain_probe.cmake cmake/toolchain_probe.cpp
        DESTINATION ${package_dir})

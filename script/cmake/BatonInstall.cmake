# `find_package(baton)` for an installed copy.
install(EXPORT baton NAMESPACE baton:: FILE batonTargets.cmake
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/baton)
configure_package_config_file(${PROJECT_SOURCE_DIR}/script/cmake/batonConfig.cmake.in batonConfig.cmake
    INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/baton)
write_basic_package_version_file(batonConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/batonConfig.cmake ${PROJECT_BINARY_DIR}/batonConfigVersion.cmake
    ${PROJECT_SOURCE_DIR}/script/cmake/BatonReducerSources.cmake
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/baton)
# An editor that knows it checks the file of an environment.
install(FILES ${PROJECT_SOURCE_DIR}/environments/environment.schema.json
    DESTINATION ${CMAKE_INSTALL_DATADIR}/baton)

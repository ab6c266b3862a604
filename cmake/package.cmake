# `cmake --install` and the exported synclineConfig.cmake: what an app needs to link the SDK, and the
# programs. tests/package is the app that proves it.
include_guard()
include(CMakePackageConfigHelpers)

set(config_dir "${CMAKE_INSTALL_LIBDIR}/cmake/syncline")
install(TARGETS syncline_core syncline_sqlite syncline_client syncline_sqlite3 EXPORT synclineTargets
        ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(DIRECTORY core/include/syncline client-sdk/sqlite/include/syncline DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
if(EXISTS "${PROJECT_SOURCE_DIR}/client-sdk/include/syncline")
    install(DIRECTORY client-sdk/include/syncline DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
endif()
foreach(program syncline syncline-relay)
    if(TARGET ${program})
        install(TARGETS ${program} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
    endif()
endforeach()
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")

install(EXPORT synclineTargets NAMESPACE syncline:: DESTINATION "${config_dir}")
configure_package_config_file(cmake/synclineConfig.cmake.in "${PROJECT_BINARY_DIR}/synclineConfig.cmake"
                              INSTALL_DESTINATION "${config_dir}")
# Before 1.0 a minor version may break the API.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/synclineConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/synclineConfig.cmake" "${PROJECT_BINARY_DIR}/synclineConfigVersion.cmake"
        cmake/dependencies.cmake DESTINATION "${config_dir}")

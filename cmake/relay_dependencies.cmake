# What the relay links on top of dependencies.cmake. Found here and not in sync-server/, because imported
# targets are visible only below the directory that finds them, and tests/ uses them as well.
include_guard()
pkg_check_modules(libuv REQUIRED IMPORTED_TARGET libuv)
find_package(OpenSSL 3 REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
# Not its CMake package: that one asks for curl, which only the push exporter needs.
pkg_check_modules(prometheus REQUIRED IMPORTED_TARGET prometheus-cpp-core)

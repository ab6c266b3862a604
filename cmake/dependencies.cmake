# What the native libraries link. Also read by synclineConfig.cmake, so it must not name anything of the
# build tree. Everything is in Debian 12; scripts/setup.sh installs it.
include_guard()
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
# pkg-config rather than libwebsockets-config.cmake: that one names targets of its own build.
pkg_check_modules(libwebsockets REQUIRED IMPORTED_TARGET libwebsockets>=4.1)

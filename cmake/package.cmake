# `cmake --install` and the exported synclineConfig.cmake: what an app needs to link the SDK.
include_guard()

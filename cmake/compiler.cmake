# Settings of the whole build tree. Nothing here reaches users of the installed library.
include_guard()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release or RelWithDebInfo" FORCE)
endif()

# A second clone, or a second preset of the same clone, should hit the same cache entries.
find_program(SYNCLINE_CCACHE ccache)
if(SYNCLINE_CCACHE)
    set(ccache_launcher "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}"
                        CCACHE_NOHASHDIR=1 "CCACHE_SLOPPINESS=pch_defines,time_macros" "${SYNCLINE_CCACHE}")
    set(CMAKE_C_COMPILER_LAUNCHER ${ccache_launcher})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${ccache_launcher})
endif()

if(EMSCRIPTEN)
    # Unwinding and run-time types would be 3 % of a module. Our code throws nothing; files in which what
    # others throw ends are compiled with SYNCLINE_CATCHES. It passes all others without destroying anything: out
    # of memory is the end of a module (wasm/src/abi.cpp).
    add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions>" "$<$<COMPILE_LANGUAGE:CXX>:-fno-rtti>")
    add_link_options(-fwasm-exceptions)
    set(SYNCLINE_CATCHES -fexceptions -fwasm-exceptions -frtti)
endif()

if(NOT EMSCRIPTEN)
    # mold, else lld: the test executables link several times faster than with GNU ld.
    find_program(SYNCLINE_LINKER NAMES mold ld.lld)
    if(SYNCLINE_LINKER MATCHES "mold")
        add_link_options(-fuse-ld=mold)
    elseif(SYNCLINE_LINKER)
        add_link_options(-fuse-ld=lld)
    endif()
    set(CMAKE_POSITION_INDEPENDENT_CODE ON)
    find_package(Threads REQUIRED)
endif()

if(SYNCLINE_FUZZ)
    if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
        message(FATAL_ERROR "SYNCLINE_FUZZ needs clang: use `cmake --preset fuzz`, or pass -DCMAKE_CXX_COMPILER=clang++.")
    endif()
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(SYNCLINE_SANITIZE)
    add_compile_options(-fsanitize=${SYNCLINE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${SYNCLINE_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT EMSCRIPTEN)
    # Bytes from the network are parsed in these processes, so every cheap tripwire is on.
    add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong)
    add_link_options(-Wl,-z,relro,-z,now)
    include(CheckPIESupported)
    check_pie_supported(LANGUAGES CXX)
endif()
if(NOT EMSCRIPTEN)
    # Bounds checks of libstdc++ (operator[], front(), optional): a few percent, in every build type.
    add_compile_definitions($<$<COMPILE_LANGUAGE:CXX>:_GLIBCXX_ASSERTIONS>)
endif()

# Private to our own targets; see syncline_library().
set(SYNCLINE_WARNINGS "")
if(SYNCLINE_DEVELOPER)
    set(SYNCLINE_WARNINGS -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
endif()

# `syncline_sqlite3`: the pinned SQLite amalgamation (one version, one set of options, natively and in
# WebAssembly), or the system's library. Third-party C: none of our warning flags.
include_guard()

if(SYNCLINE_SYSTEM_SQLITE)
    # Before 3.51.3, exactly one connection may write and checkpoint (docs/storage.md); the wrapper obeys
    # that by the version it finds at run time.
    find_package(SQLite3 3.40 REQUIRED)
    add_library(syncline_sqlite3 INTERFACE)
    target_link_libraries(syncline_sqlite3 INTERFACE SQLite::SQLite3)
    set_target_properties(syncline_sqlite3 PROPERTIES EXPORT_NAME sqlite3)
    return()
endif()

set(SYNCLINE_SQLITE_SHA256 60d2f39a3726cd6b9021da6f4e868608d66fbb6528a9f513dc8ffcc640493422)
set(SYNCLINE_SQLITE_DIR "${PROJECT_SOURCE_DIR}/build/deps/sqlite3" CACHE PATH "Directory of sqlite3.c and sqlite3.h")
if(NOT EXISTS "${SYNCLINE_SQLITE_DIR}/sqlite3.c" OR NOT EXISTS "${SYNCLINE_SQLITE_DIR}/sqlite3.h")
    message(FATAL_ERROR
        "The SQLite amalgamation is not in ${SYNCLINE_SQLITE_DIR}. Run scripts/fetch-sqlite.sh once (it needs npm "
        "and the network), or configure with -DSYNCLINE_SYSTEM_SQLITE=ON to link the system's library.")
endif()
file(SHA256 "${SYNCLINE_SQLITE_DIR}/sqlite3.c" sqlite_sha256)
if(NOT sqlite_sha256 STREQUAL SYNCLINE_SQLITE_SHA256)
    message(FATAL_ERROR
        "${SYNCLINE_SQLITE_DIR}/sqlite3.c is not the pinned file (its SHA-256 is ${sqlite_sha256}, expected "
        "${SYNCLINE_SQLITE_SHA256}). Delete that directory and run scripts/fetch-sqlite.sh again.")
endif()

add_library(syncline_sqlite3 STATIC "${SYNCLINE_SQLITE_DIR}/sqlite3.c")
target_include_directories(syncline_sqlite3 SYSTEM PUBLIC "$<BUILD_INTERFACE:${SYNCLINE_SQLITE_DIR}>")
# What a file looks like and how our SQL is read, natively and in WebAssembly alike.
target_compile_definitions(syncline_sqlite3 PRIVATE
    SQLITE_DQS=0
    SQLITE_DEFAULT_MEMSTATUS=0
    SQLITE_OMIT_LOAD_EXTENSION
    SQLITE_OMIT_DEPRECATED
    SQLITE_OMIT_SHARED_CACHE
    SQLITE_LIKE_DOESNT_MATCH_BLOBS
    SQLITE_USE_ALLOCA
    SQLITE_TEMP_STORE=2)
target_compile_options(syncline_sqlite3 PRIVATE -w)
if(EMSCRIPTEN)
    # The VFS is ours (wasm/src/host_vfs.cpp), there are no threads, and what nobody calls is left out: every
    # page loads it, and the only SQL is ours. No omission touches the parser, which the amalgamation cannot
    # be without. -Oz: slower only where a transaction inserts thousands of rows.
    target_compile_definitions(syncline_sqlite3 PRIVATE
        SQLITE_OS_OTHER=1
        SQLITE_THREADSAFE=0
        SQLITE_OMIT_AUTHORIZATION
        SQLITE_OMIT_AUTOINIT
        SQLITE_OMIT_COMPILEOPTION_DIAGS
        SQLITE_OMIT_COMPLETE
        SQLITE_OMIT_DATETIME_FUNCS
        SQLITE_OMIT_DECLTYPE
        SQLITE_OMIT_DESERIALIZE
        SQLITE_OMIT_INTROSPECTION_PRAGMAS
        SQLITE_OMIT_JSON
        SQLITE_OMIT_PROGRESS_CALLBACK
        SQLITE_OMIT_SCHEMA_PRAGMAS
        SQLITE_OMIT_TRACE
        SQLITE_OMIT_UTF16
        SQLITE_UNTESTABLE)
    target_compile_options(syncline_sqlite3 PRIVATE -Oz)
else()
    # Connections stay on one thread each; no mutex per call.
    target_compile_definitions(syncline_sqlite3 PRIVATE SQLITE_THREADSAFE=2 SQLITE_ENABLE_FTS5)
    target_link_libraries(syncline_sqlite3 PRIVATE Threads::Threads m)
endif()
if(SYNCLINE_SANITIZE MATCHES "undefined")
    # Its own project runs it under UBSan; here it only costs time.
    target_compile_options(syncline_sqlite3 PRIVATE -fno-sanitize=undefined)
endif()
set_target_properties(syncline_sqlite3 PROPERTIES EXPORT_NAME sqlite3)

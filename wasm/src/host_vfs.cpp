// SQLite's files are the host's: a VFS of one owner. The wrapper opens every store with
// locking_mode=EXCLUSIVE before journal_mode=WAL, so the index of the write-ahead log is on the
// heap and there is no shared memory (io_methods of version 1); the host's lock on the store's file
// takes the place of SQLite's.

#include "host.hpp"

#include <sqlite3.h>

#include <cerrno>
#include <cstring>

namespace {

struct File {
    sqlite3_file base;
    int handle;
};

/// Of the last failure, in the words of the wrapper, which asks for errno.
int last_errno = 0;

int handle_of(sqlite3_file* file) { return reinterpret_cast<File*>(file)->handle; }

/// SQLite's code for what the host answered: `otherwise` says which call failed.
int code_of(int answer, int otherwise) {
    switch (answer) {
        case 0: last_errno = 0; return SQLITE_OK;
        case host_full: last_errno = ENOSPC; return SQLITE_FULL;
        case host_locked: last_errno = EBUSY; return SQLITE_BUSY;
        case host_not_allowed: last_errno = EACCES; return otherwise;
        case host_no_handle: last_errno = EMFILE; return otherwise;
        case host_missing: last_errno = ENOENT; return otherwise;
        default: last_errno = EIO; return otherwise;
    }
}

int length_of(const char* path) {
    return path == nullptr ? 0 : static_cast<int>(std::strlen(path));
}

int close(sqlite3_file* file) {
    return code_of(host_file_close(handle_of(file)), SQLITE_IOERR_CLOSE);
}

int read(sqlite3_file* file, void* into, int size, sqlite3_int64 offset) {
    const int got = host_file_read(handle_of(file), into, size, static_cast<double>(offset));
    if (got == size) return SQLITE_OK;
    if (got < 0) return code_of(got, SQLITE_IOERR_READ);
    std::memset(static_cast<char*>(into) + got, 0, static_cast<std::size_t>(size - got));
    return SQLITE_IOERR_SHORT_READ;
}

int write(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
    return code_of(host_file_write(handle_of(file), from, size, static_cast<double>(offset)),
                   SQLITE_IOERR_WRITE);
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
    return code_of(host_file_truncate(handle_of(file), static_cast<double>(size)),
                   SQLITE_IOERR_TRUNCATE);
}

int sync(sqlite3_file* file, int) {
    return code_of(host_file_sync(handle_of(file)), SQLITE_IOERR_FSYNC);
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
    const double bytes = host_file_size(handle_of(file));
    if (bytes < 0) return code_of(static_cast<int>(bytes), SQLITE_IOERR_FSTAT);
    *size = static_cast<sqlite3_int64>(bytes);
    return SQLITE_OK;
}

int lock(sqlite3_file*, int) { return SQLITE_OK; }

int check_reserved_lock(sqlite3_file*, int* reserved) {
    *reserved = 0;
    return SQLITE_OK;
}

int file_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }

int sector_size(sqlite3_file*) { return 4096; }

int device_characteristics(sqlite3_file*) {
    return SQLITE_IOCAP_UNDELETABLE_WHEN_OPEN | SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

constexpr sqlite3_io_methods io_methods = {1, close, read, write, truncate, sync, file_size, lock,
                                           lock, check_reserved_lock, file_control, sector_size,
                                           device_characteristics,
                                           // Shared memory and mmap: of later versions.
                                           nullptr, nullptr, nullptr, nullptr, nullptr, nullptr};

int open(sqlite3_vfs*, const char* path, sqlite3_file* opened, int flags, int* flags_out) {
    opened->pMethods = nullptr;
    int how = 0;
    if ((flags & SQLITE_OPEN_CREATE) != 0) how |= host_open_create;
    if ((flags & SQLITE_OPEN_EXCLUSIVE) != 0) how |= host_open_exclusive;
    if ((flags & SQLITE_OPEN_MAIN_DB) != 0) how |= host_open_main;
    if (path == nullptr || (flags & SQLITE_OPEN_DELETEONCLOSE) != 0) how |= host_open_temporary;
    const int handle = host_file_open(path, length_of(path), how);
    if (handle < 0) return code_of(handle, SQLITE_CANTOPEN);
    reinterpret_cast<File*>(opened)->handle = handle;
    opened->pMethods = &io_methods;
    if (flags_out != nullptr) *flags_out = flags;
    return SQLITE_OK;
}

int remove(sqlite3_vfs*, const char* path, int sync_directory) {
    const int answer = host_file_remove(path, length_of(path), sync_directory);
    if (answer == host_missing) return SQLITE_IOERR_DELETE_NOENT;
    return code_of(answer, SQLITE_IOERR_DELETE);
}

int access(sqlite3_vfs*, const char* path, int, int* result) {
    const int answer = host_file_exists(path, length_of(path));
    *result = answer == 1 ? 1 : 0;
    return answer < 0 ? code_of(answer, SQLITE_IOERR_ACCESS) : SQLITE_OK;
}

/// The host knows where its files are; a path is a name to us.
int full_pathname(sqlite3_vfs*, const char* path, int size, char* full) {
    const std::size_t length = std::strlen(path);
    if (length >= static_cast<std::size_t>(size)) return SQLITE_CANTOPEN;
    std::memcpy(full, path, length + 1);
    return SQLITE_OK;
}

int randomness(sqlite3_vfs*, int size, char* into) {
    return host_random(into, size) == 0 ? size : 0;
}

/// Nobody else has the file, so nobody is waited for.
int sleep(sqlite3_vfs*, int) { return 0; }

int current_time_ms(sqlite3_vfs*, sqlite3_int64* time) {
    constexpr double julian_epoch_ms = 210866760000000.0;  // 1970-01-01 as a Julian day
    *time = static_cast<sqlite3_int64>(host_now() + julian_epoch_ms);
    return SQLITE_OK;
}

int current_time(sqlite3_vfs* vfs, double* days) {
    sqlite3_int64 milliseconds = 0;
    current_time_ms(vfs, &milliseconds);
    *days = static_cast<double>(milliseconds) / 86'400'000.0;
    return SQLITE_OK;
}

int last_error(sqlite3_vfs*, int, char*) { return last_errno; }

constexpr int path_bytes_max = 1024;

sqlite3_vfs host_vfs = {
    2,          sizeof(File),    path_bytes_max, nullptr,       "host", nullptr,
    open,       remove,          access,         full_pathname,
    nullptr,  // no extensions are loaded
    nullptr,    nullptr,         nullptr,        randomness,    sleep,  current_time,
    last_error, current_time_ms, nullptr,        nullptr,       nullptr};

}  // namespace

extern "C" int sqlite3_os_init() { return sqlite3_vfs_register(&host_vfs, 1); }
extern "C" int sqlite3_os_end() { return SQLITE_OK; }

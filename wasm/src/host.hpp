#pragma once

/// What the module asks of its host: files, sockets, timers, a clock and randomness, and nothing
/// else. js/host.ts is the other side.
///
/// Every function is synchronous, catches what the host throws, and never calls back into the
/// module: what happens on a socket or a timer comes later, through the exports of abi.cpp.
/// Offsets and sizes of files are doubles, which hold every size a file can have, so that no 64-bit
/// integer crosses the border.

#define SYNCLINE_HOST(name) __attribute__((import_module("host"), import_name(#name)))

extern "C" {

/// What a function that returns a number below 0 means by it.
enum HostError : int {
    host_failed = -1,
    host_full = -2,         ///< no room on the disk, or within the quota
    host_locked = -3,       ///< another process or tab has the file
    host_not_allowed = -4,  ///< no permission
    host_no_handle = -5,    ///< the host has no handle left to open a file with
    host_missing = -6,      ///< there is no such file
};

/// How to open: any of these added up.
enum HostOpen : int {
    host_open_create = 1,
    host_open_main = 2,       ///< the store's own file: it is locked as long as it is open
    host_open_temporary = 4,  ///< gone once it is closed
    host_open_exclusive = 8,  ///< must not be there yet
};

/// A handle (0 or more), or an error. A temporary file has no path.
SYNCLINE_HOST(file_open) int host_file_open(const char* path, int length, int how);
SYNCLINE_HOST(file_close) int host_file_close(int handle);
/// Bytes read, fewer only at the file's end; or an error.
SYNCLINE_HOST(file_read) int host_file_read(int handle, void* into, int size, double offset);
/// 0 when all was written, or an error.
SYNCLINE_HOST(file_write)
int host_file_write(int handle, const void* from, int size, double offset);
SYNCLINE_HOST(file_truncate) int host_file_truncate(int handle, double size);
/// 0 when everything written is on the disk, the file's name in its directory included.
SYNCLINE_HOST(file_sync) int host_file_sync(int handle);
SYNCLINE_HOST(file_size) double host_file_size(int handle);
/// 0 when the file is gone, durably if `sync` is 1.
SYNCLINE_HOST(file_remove) int host_file_remove(const char* path, int length, int sync);
/// 1 or 0, or an error.
SYNCLINE_HOST(file_exists) int host_file_exists(const char* path, int length);

/// Begins to connect; `socket` is the module's number for it. 0, or an error at once.
SYNCLINE_HOST(socket_open)
int host_socket_open(int socket, const char* url, int url_length, const char* subprotocol,
                     int subprotocol_length);
/// Copies the message and sends it. 0 or an error.
SYNCLINE_HOST(socket_send) int host_socket_send(int socket, const void* message, int size);
/// Bytes handed over and not yet sent.
SYNCLINE_HOST(socket_queued) double host_socket_queued(int socket);
/// Sends a close frame; code 0 drops the connection without one.
SYNCLINE_HOST(socket_close)
void host_socket_close(int socket, int code, const char* reason, int reason_length);

/// Calls syncline_timer(timer) once, in so many milliseconds; takes the place of the time set
/// before. Below 0: never.
SYNCLINE_HOST(timer_set) void host_timer_set(int timer, double milliseconds);

/// Milliseconds since 1970.
SYNCLINE_HOST(now) double host_now();
/// From the system's entropy source; 0 or an error.
SYNCLINE_HOST(random) int host_random(void* into, int size);

}  // extern "C"

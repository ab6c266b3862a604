#pragma once

#include <syncline/result.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

/// The plain sockets below the WebSocket layer: what libwebsockets leaves to its caller, or does
/// less exactly.
namespace syncline::relay::net {

/// An IP address in one form for both families (IPv4 as ::ffff:a.b.c.d), to count and compare.
using AddressKey = std::array<std::uint8_t, 16>;

struct Listener {
    int socket = -1;
    std::uint16_t port = 0;
    bool loopback = false;
};

/// Binds `address` (numeric) and listens, non-blocking. The caller owns the socket.
[[nodiscard]] Result<Listener> open_listener(const std::string& address, std::uint16_t port);

/// The peer's address; all zero when the peer has gone already.
[[nodiscard]] AddressKey peer_address(int socket);
[[nodiscard]] bool is_loopback(const AddressKey& address);
/// "127.0.0.1" or "2001:db8::1".
[[nodiscard]] std::string to_text(const AddressKey& address);

/// Makes room for `sockets` open files, and no needless amount: libwebsockets allocates by the soft
/// limit, and above ten million falls back to 2,560.
[[nodiscard]] Result<> fit_open_files(std::size_t sockets);

/// Payload bytes the kernel has received on `socket` and the application has read so far.
[[nodiscard]] std::uint64_t bytes_read_from(int socket);

}  // namespace syncline::relay::net

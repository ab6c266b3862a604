#include "net/socket.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace syncline::relay::net {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool is_mapped(const AddressKey& address) {
    return std::equal(mapped_prefix.begin(), mapped_prefix.end(), address.begin());
}

AddressKey key_of(const sockaddr_storage& from) {
    AddressKey key{};
    if (from.ss_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &from, sizeof v4);
        std::copy(mapped_prefix.begin(), mapped_prefix.end(), key.begin());
        std::memcpy(&key[12], &v4.sin_addr, 4);
    } else if (from.ss_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &from, sizeof v6);
        std::memcpy(key.data(), &v6.sin6_addr, key.size());
    }
    return key;
}

/// `address` as a socket address; length 0 when it is not numeric.
socklen_t parse(const std::string& address, std::uint16_t port, sockaddr_storage& out) {
    out = {};
    sockaddr_in v4{};
    if (inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        std::memcpy(&out, &v4, sizeof v4);
        return sizeof v4;
    }
    sockaddr_in6 v6{};
    if (inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) == 1) {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        std::memcpy(&out, &v6, sizeof v6);
        return sizeof v6;
    }
    return 0;
}

tl::unexpected<Error> system_error(const std::string& what) {
    return fail(ErrorCode::invalid_argument, what + ": " + std::strerror(errno));
}

}  // namespace

Result<Listener> open_listener(const std::string& address, std::uint16_t port) {
    sockaddr_storage at{};
    const socklen_t at_bytes = parse(address, port, at);
    if (at_bytes == 0) {
        return fail(ErrorCode::invalid_argument, "not a numeric IP address: " + address);
    }
    const std::string where = "cannot listen on " + address + " port " + std::to_string(port);
    const int fd = socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return system_error(where);
    const int on = 1;
    const int off = 0;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (at.ss_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    socklen_t bound_bytes = sizeof at;
    if (bind(fd, reinterpret_cast<const sockaddr*>(&at), at_bytes) != 0 ||
        listen(fd, SOMAXCONN) != 0 ||
        getsockname(fd, reinterpret_cast<sockaddr*>(&at), &bound_bytes) != 0) {
        const auto error = system_error(where);
        ::close(fd);
        return error;
    }
    // The port sits at the same place in both families.
    sockaddr_in bound{};
    std::memcpy(&bound, &at, sizeof bound);
    return Listener{fd, ntohs(bound.sin_port), is_loopback(key_of(at))};
}

AddressKey peer_address(int socket) {
    sockaddr_storage from{};
    socklen_t from_bytes = sizeof from;
    if (getpeername(socket, reinterpret_cast<sockaddr*>(&from), &from_bytes) != 0) return {};
    return key_of(from);
}

bool is_loopback(const AddressKey& address) {
    if (is_mapped(address)) return address[12] == 127;
    AddressKey one{};
    one.back() = 1;
    return address == one;
}

std::string to_text(const AddressKey& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const bool v4 = is_mapped(address);
    const auto* bytes = v4 ? &address[12] : address.data();
    inet_ntop(v4 ? AF_INET : AF_INET6, bytes, text.data(), text.size());
    return text.data();
}

Result<> fit_open_files(std::size_t sockets) {
    constexpr rlim_t others = 256;            // stores, logs, libraries
    constexpr rlim_t tables_max = 1'048'576;  // 16 bytes each in libwebsockets
    constexpr rlim_t tables_enough = 65'536;
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return system_error("cannot read the limit of open files");
    const rlim_t wanted = rlim_t{sockets} + others;
    rlim_t soft = limit.rlim_cur;
    if (soft > tables_max) soft = std::max(wanted, tables_enough);
    if (soft < wanted) soft = wanted;
    if (soft > limit.rlim_max) {
        return fail(ErrorCode::invalid_argument,
                    std::to_string(sockets) + " connections need a limit of " +
                        std::to_string(wanted) + " open files; it is " +
                        std::to_string(limit.rlim_max));
    }
    if (soft == limit.rlim_cur) return {};
    limit.rlim_cur = soft;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        return system_error("cannot set the limit of open files");
    return {};
}

std::uint64_t bytes_read_from(int socket) {
    tcp_info info{};
    socklen_t info_bytes = sizeof info;
    int unread = 0;
    if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &info_bytes) != 0 ||
        ioctl(socket, FIONREAD, &unread) != 0) {
        return 0;
    }
    const auto waiting = static_cast<std::uint64_t>(std::max(unread, 0));
    return info.tcpi_bytes_received < waiting ? 0 : info.tcpi_bytes_received - waiting;
}

}  // namespace syncline::relay::net

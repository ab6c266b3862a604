#include "pool.hpp"

#include "moments.hpp"
#include "syncline/sync/messages.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace syncline::load {

Pool::Pool() : epoll_(epoll_create1(0)) {}

Pool::~Pool() {
    for (const auto& line : lines) ::close(line->fd);
    ::close(epoll_);
}

Line& Pool::add(unsigned port) {
    auto line = std::make_unique<Line>();
    line->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    line->index = lines.size();
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(static_cast<std::uint16_t>(port));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(line->fd, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0)
        give_up(std::string("connect: ") + std::strerror(errno));
    const int on = 1;
    setsockopt(line->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(line->fd, F_SETFL, O_NONBLOCK);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = line.get();
    epoll_ctl(epoll_, EPOLL_CTL_ADD, line->fd, &event);
    lines.push_back(std::move(line));
    return *lines.back();
}

void Pool::send(Line& line, std::string_view bytes) {
    if (line.out_at == line.out.size()) {
        const ssize_t n = ::send(line.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
        if (bytes.empty()) return;
        line.out.clear();
        line.out_at = 0;
    }
    line.out.append(bytes);
    want(line, true);
}

void Pool::turn(int wait_ms, const OnFrame& on_frame) {
    std::array<epoll_event, 256> events;
    const int count = epoll_wait(epoll_, events.data(), events.size(), wait_ms);
    for (int i = 0; i < count; ++i) {
        auto& line = *static_cast<Line*>(events.at(static_cast<std::size_t>(i)).data.ptr);
        const unsigned what = events.at(static_cast<std::size_t>(i)).events;
        if ((what & EPOLLOUT) != 0) flush(line);
        if ((what & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read(line, on_frame);
    }
}

void Pool::until(const char* what, double limit_s, const OnFrame& on_frame,
                 const std::function<bool()>& done) {
    const auto begin = Clock::now();
    while (!done()) {
        if (seconds_since(begin) > limit_s) give_up(std::string("timed out: ") + what);
        turn(20, on_frame);
    }
}

void Pool::want(Line& line, bool out) {
    if (line.wants_out == out) return;
    line.wants_out = out;
    epoll_event event{};
    event.events = out ? EPOLLIN | EPOLLOUT : EPOLLIN;
    event.data.ptr = &line;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, line.fd, &event);
}

void Pool::flush(Line& line) {
    const ssize_t n =
        ::send(line.fd, line.out.data() + line.out_at, line.out.size() - line.out_at, MSG_NOSIGNAL);
    if (n > 0) line.out_at += static_cast<std::size_t>(n);
    if (line.out_at == line.out.size()) want(line, false);
}

void Pool::ended(Line& line) {
    lost = true;
    if (!losing_is_fine) give_up("the relay closed connection " + std::to_string(line.index));
    epoll_ctl(epoll_, EPOLL_CTL_DEL, line.fd, nullptr);
}

void Pool::read(Line& line, const OnFrame& on_frame) {
    static std::array<char, 4096> buffer;
    // Bounded, so that one fast line does not starve the others.
    for (int reads = 0; reads < 64; ++reads) {
        if (line.skip > 0) {
            const std::size_t most = static_cast<std::size_t>(
                std::min<std::uint64_t>(line.skip, std::uint64_t{1} << 20));
            const ssize_t n = recv(line.fd, nullptr, most, MSG_TRUNC);
            if (n == 0 || (n < 0 && errno != EAGAIN)) return ended(line);
            if (n < 0) return;
            line.skip -= static_cast<std::size_t>(n);
            bytes_in += static_cast<std::uint64_t>(n);
            continue;
        }
        const ssize_t n = recv(line.fd, buffer.data(), glance_bytes, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN)) return ended(line);
        if (n < 0) return;
        bytes_in += static_cast<std::uint64_t>(n);
        line.in.append(buffer.data(), static_cast<std::size_t>(n));
        take_frames(line, on_frame);
    }
}

bool Pool::take_upgrade(Line& line) {
    const auto end = line.in.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    if (line.in.rfind("HTTP/1.1 101", 0) != 0) give_up("no upgrade: " + line.in);
    line.in.erase(0, end + 4);
    line.upgraded = true;
    return true;
}

void Pool::take_frames(Line& line, const OnFrame& on_frame) {
    if (!line.upgraded && !take_upgrade(line)) return;
    std::size_t at = 0;
    while (line.in.size() - at >= 2) {
        const std::string_view rest = std::string_view(line.in).substr(at);
        std::uint64_t length = static_cast<unsigned char>(rest[1]);
        const std::size_t header = length < 126 ? 2 : length == 126 ? 4 : 10;
        if (rest.size() < header) break;
        if (header > 2) {
            length = 0;
            for (std::size_t i = 2; i < header; ++i)
                length = length << 8 | static_cast<unsigned char>(rest[i]);
        }
        const std::uint64_t total = header + length;
        if (rest.size() < total && rest.size() < glance_bytes) break;
        const auto first = static_cast<unsigned char>(rest[0]);
        const std::string_view payload = rest.substr(header, length);
        if (first == 0x82) take_message(line, payload, on_frame);
        if (first == 0x89 && rest.size() >= total) answer_ping(line, payload);
        if (rest.size() < total) {
            line.skip = total - rest.size();
            at = line.in.size();
            break;
        }
        at += total;
    }
    line.in.erase(0, at);
}

namespace {

std::string reason_in(std::string_view payload) {
    const auto message = wire::decode(as_bytes(payload), wire::relay_frame_limits());
    if (!message) return message.error().message;
    if (const auto* failure = std::get_if<wire::Failure>(&*message)) return failure->message;
    if (const auto* rejected = std::get_if<wire::Rejected>(&*message))
        return rejected->refusals.empty() ? "a change" : rejected->refusals.front().reason;
    return "it goes away";
}

}  // namespace

void Pool::take_message(Line& line, std::string_view payload, const OnFrame& on_frame) {
    const Glance glance = glance_at(payload);
    line.is_welcome = line.is_welcome || glance.kind == welcome;
    line.is_open = line.is_open || glance.kind == opened;
    if (glance.kind > accepted) give_up("the relay refuses: " + reason_in(payload));
    on_frame(line, glance);
}

void Pool::answer_ping(Line& line, std::string_view payload) {
    std::string pong("\x8a");
    pong.push_back(static_cast<char>(0x80 | payload.size()));
    pong.append(4, '\0').append(payload);
    send(line, pong);
}

}  // namespace syncline::load

#pragma once

// A WebSocket client of plain sockets that can misbehave, and a relay front on a thread to aim it
// at.

#include "net/server.hpp"
#include <syncline/bytes.hpp>

#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <netinet/tcp.h>
#include <optional>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace net_test {

using namespace syncline;
using namespace syncline::relay::net;

constexpr int patience_ms = 10'000;  // an upper bound; nothing waits that long unless it fails

inline constexpr std::uint8_t op_continuation = 0, op_text = 1, op_binary = 2, op_close = 8,
                              op_ping = 9, op_pong = 10;

struct Received {
    std::uint8_t opcode = 0;
    bool final = true;
    std::string payload;
};

/// The bytes of a client frame, masked.
inline std::string client_frame(std::uint8_t opcode, std::string_view payload, bool final = true,
                                bool masked = true) {
    std::string out;
    out.push_back(static_cast<char>((final ? 0x80 : 0) | opcode));
    const auto mask_bit = static_cast<std::uint8_t>(masked ? 0x80 : 0);
    if (payload.size() < 126) {
        out.push_back(static_cast<char>(mask_bit | payload.size()));
    } else {
        const int width = payload.size() <= 0xffff ? 2 : 8;
        out.push_back(static_cast<char>(mask_bit | (width == 2 ? 126 : 127)));
        for (int i = width - 1; i >= 0; --i) {
            out.push_back(static_cast<char>(std::uint64_t{payload.size()} >> (8 * i)));
        }
    }
    constexpr std::array<char, 4> mask = {0x1b, 0x2c, 0x3d, 0x4e};
    if (masked) out.append(mask.data(), mask.size());
    for (std::size_t i = 0; i < payload.size(); ++i) {
        out.push_back(masked ? static_cast<char>(payload[i] ^ mask[i % 4]) : payload[i]);
    }
    return out;
}

class Client {
public:
    explicit Client(std::uint16_t port, int receive_buffer = 0, const char* from = nullptr)
        : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        if (receive_buffer > 0) {
            setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
        }
        sockaddr_in at{};
        at.sin_family = AF_INET;
        if (from != nullptr) {
            inet_pton(AF_INET, from, &at.sin_addr);
            if (bind(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) lost_ = true;
        }
        at.sin_port = htons(port);
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const int on = 1;
        setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (connect(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) lost_ = true;
    }
    Client(Client&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)), lost_(other.lost_), in_(std::move(other.in_)) {}
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    Client& operator=(Client&&) = delete;
    ~Client() {
        if (fd_ >= 0) ::close(fd_);
    }

    void raw(std::string_view bytes) {
        while (!bytes.empty() && !lost_) {
            const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0) {
                lost_ = true;
            } else {
                bytes.remove_prefix(static_cast<std::size_t>(n));
            }
        }
    }
    /// Sends what fits at once; the number of bytes taken.
    std::size_t raw_some(std::string_view bytes) {
        const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        return n > 0 ? static_cast<std::size_t>(n) : 0;
    }
    void message(std::string_view payload) { raw(client_frame(op_binary, payload)); }
    void half_close() { shutdown(fd_, SHUT_WR); }

    /// Sends a GET with `headers` (each ended by CRLF) and returns status line and headers; "" when
    /// hung up on.
    std::string request(std::string_view path, std::string_view headers = "",
                        std::string_view method = "GET") {
        raw(std::string(method) + " " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" +
            std::string(headers) + "\r\n");
        return read_head();
    }
    std::string read_head() {
        std::size_t end = std::string::npos;
        while ((end = in_.find("\r\n\r\n")) == std::string::npos) {
            if (!fill()) return "";
        }
        return take(end + 4);
    }
    std::string read_body(const std::string& head) {
        const std::size_t at = head.find("content-length: ");
        if (at == std::string::npos) return "";
        return read_exactly(std::stoul(head.substr(at + 16)));
    }
    static std::string upgrade_headers(std::string_view more = "") {
        return "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
               std::string(more);
    }
    /// The response's head.
    std::string upgrade(std::string_view more = "", std::string_view path = "/sync") {
        return request(path, upgrade_headers(more));
    }
    bool open(std::string_view more = "") { return upgrade(more).rfind("HTTP/1.1 101 ", 0) == 0; }

    /// The next frame; nothing when the connection ended or patience did.
    std::optional<Received> frame() {
        const std::string head = read_exactly(2);
        if (head.size() < 2) return std::nullopt;
        Received got;
        got.opcode = static_cast<std::uint8_t>(head[0] & 0xf);
        got.final = (head[0] & 0x80) != 0;
        if ((head[1] & 0x80) != 0) return std::nullopt;  // servers do not mask
        std::size_t length = static_cast<std::uint8_t>(head[1]);
        if (length >= 126) {
            const std::string extended = read_exactly(length == 126 ? 2 : 8);
            length = 0;
            for (const char c : extended) length = length << 8 | static_cast<std::uint8_t>(c);
        }
        got.payload = read_exactly(length);
        if (got.payload.size() != length) return std::nullopt;
        return got;
    }
    /// The code of the close frame that comes, past other frames: 0 when the connection ends
    /// without any.
    unsigned close_code() {
        while (auto got = frame()) {
            if (got->opcode != op_close) continue;
            if (got->payload.size() < 2) return 1005;
            close_reason = got->payload.substr(2);
            raw(client_frame(op_close, got->payload));
            return static_cast<unsigned>(static_cast<std::uint8_t>(got->payload[0]) << 8 |
                                         static_cast<std::uint8_t>(got->payload[1]));
        }
        return 0;
    }
    /// True when the server hangs up, whatever else it still sends.
    bool hung_up() {
        while (fill()) in_.clear();
        return ended_;
    }
    int fd() const { return fd_; }
    bool lost() const { return lost_; }
    std::size_t available() const { return in_.size(); }
    std::string close_reason;

private:
    bool fill() {
        pollfd ready{fd_, POLLIN, 0};
        if (poll(&ready, 1, patience_ms) <= 0) return false;
        std::array<char, 65536> buffer{};
        const ssize_t n = recv(fd_, buffer.data(), buffer.size(), 0);
        if (n <= 0) {
            ended_ = true;
            return false;
        }
        in_.append(buffer.data(), static_cast<std::size_t>(n));
        return true;
    }
    std::string take(std::size_t n) {
        std::string out = in_.substr(0, n);
        in_.erase(0, n);
        return out;
    }
    std::string read_exactly(std::size_t n) {
        if (in_.size() < n) in_.reserve(n + 65536);
        while (in_.size() < n) {
            if (!fill()) return "";
        }
        return take(n);
    }

    int fd_;
    bool lost_ = false;
    bool ended_ = false;
    std::string in_;
};

/// Promotes and echoes unless told otherwise; hooks run on the loop thread.
class Host : public Handler {
public:
    explicit Host(Options options = {}) : server(quiet(std::move(options)), *this) {}
    ~Host() override { stop(); }

    bool start() {
        auto listening = server.listen();
        if (!listening) {
            failure = listening.error().message;
            return false;
        }
        thread_ = std::thread([this] { server.run(); });
        return true;
    }
    void stop() {
        server.stop();
        if (thread_.joinable()) thread_.join();
    }
    Client client(int receive_buffer = 0) const { return Client(server.port(), receive_buffer); }
    /// Runs `work` on the loop thread and waits for its result.
    template <typename Work>
    auto on_loop(Work work) {
        std::packaged_task<decltype(work())()> task(std::move(work));
        auto result = task.get_future();
        {
            const std::lock_guard lock(mutex_);
            tasks_.emplace_back([&task] { task(); });
        }
        server.wake();
        return result.get();
    }
    /// Waits until `done` (asked on the loop thread) holds.
    bool eventually(const std::function<bool()>& done) {
        const auto until =
            std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
        while (!on_loop([&] { return done(); })) {
            if (std::chrono::steady_clock::now() > until) return false;
            poll(nullptr, 0, 5);
        }
        return true;
    }

    void opened(ConnectionId connection, const PeerInfo& peer) override {
        ++opened_count;
        last = connection;
        last_peer = peer;
        if (promotes) server.promote(connection);
    }
    void received(ConnectionId connection, Bytes message) override {
        ++received_count;
        if (on_message) {
            on_message(connection, std::move(message));
        } else {
            server.send(connection, make_frame(message));
        }
    }
    void drained(ConnectionId connection) override {
        ++drained_count;
        if (on_drained) on_drained(connection);
    }
    void closed(ConnectionId) override { ++closed_count; }
    HttpResponse get(const HttpRequest& request) override {
        if (request.path == "/healthz") return {200, "text/plain", "ok\n"};
        if (request.path == "/metrics") return {200, "text/plain", std::string(300'000, 'm')};
        if (request.path == "/file") return {200, "text/plain", {}, {}, file};
        return {};
    }
    void woken() override {
        std::vector<std::function<void()>> tasks;
        {
            const std::lock_guard lock(mutex_);
            tasks.swap(tasks_);
        }
        for (const auto& task : tasks) task();
    }
    void tick(std::int64_t) override { ++tick_count; }
    void turn_ended() override { ++turn_count; }
    void stopping() override {
        if (on_stopping) on_stopping();
    }

    // Set before start.
    bool promotes = true;
    std::shared_ptr<const std::string> file;  // what "/file" is
    std::function<void(ConnectionId, Bytes)> on_message;
    std::function<void(ConnectionId)> on_drained;
    std::function<void()> on_stopping;
    // Read on the loop or after stop, but for the counts.
    ConnectionId last = 0;
    PeerInfo last_peer;
    std::atomic<int> opened_count{0}, received_count{0}, drained_count{0}, closed_count{0},
        tick_count{0}, turn_count{0};
    std::string failure;
    std::string log_lines;

    Server server;

private:
    Options quiet(Options options) {
        if (!options.log)
            options.log = [this](LogLevel, std::string_view line) {
                log_lines.append(line) += '\n';
            };
        return options;
    }
    std::thread thread_;
    std::mutex mutex_;
    std::vector<std::function<void()>> tasks_;
};

inline std::string pattern(std::size_t bytes) {
    std::string out(bytes, '\0');
    for (std::size_t i = 0; i < bytes; ++i) out[i] = static_cast<char>(i * 31 + (i >> 8));
    return out;
}

}  // namespace net_test

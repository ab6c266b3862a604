// The driver against a WebSocket server of our own on a plain socket, so that it can misbehave.

#include "net/websocket_client.hpp"

#include <catch2/catch.hpp>
#include <openssl/evp.h>

#include <arpa/inet.h>
#include <condition_variable>
#include <cstring>
#include <functional>
#include <mutex>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace syncline;
using namespace syncline::client::net;
using namespace std::chrono_literals;

namespace {

constexpr auto patience = 20s;  // before a test gives up; nothing waits this long when all is well

Bytes bytes_of(std::string_view text) {
    const auto view = as_bytes(text);
    return {view.begin(), view.end()};
}

Bytes pattern(std::size_t size) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 31 % 251);
    return bytes;
}

/// The server's end of one connection. Reads give up when the peer is gone.
class Peer {
public:
    explicit Peer(int fd) : fd_(fd) {}
    ~Peer() { ::close(fd_); }
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    std::string read_request() {
        std::string request;
        while (request.find("\r\n\r\n") == std::string::npos) {
            char c = 0;
            if (::recv(fd_, &c, 1, 0) != 1) return {};
            request += c;
        }
        return request;
    }

    void write(const std::string& text) {
        for (std::size_t sent = 0; sent < text.size();) {
            const auto n = ::send(fd_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
            if (n <= 0) return;
            sent += static_cast<std::size_t>(n);
        }
    }

    /// Answers the handshake; `selected` empty leaves the subprotocol out.
    std::string handshake(const std::string& selected = "syncline.v1",
                          const std::string& more = "") {
        std::string request = read_request();
        const std::string name = "ec-WebSocket-Key: ";  // either case of the S
        const auto at = request.find(name);
        if (at == std::string::npos) return request;
        const auto key =
            request.substr(at + name.size(), request.find("\r\n", at) - at - name.size());
        const std::string salted = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned int size = 0;
        EVP_Digest(salted.data(), salted.size(), digest, &size, EVP_sha1(), nullptr);
        unsigned char accept[64];
        EVP_EncodeBlock(accept, digest, static_cast<int>(size));
        write(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: " +
            std::string(reinterpret_cast<char*>(accept)) + "\r\n" +
            (selected.empty() ? "" : "Sec-WebSocket-Protocol: " + selected + "\r\n") + "\r\n" +
            more);
        return request;
    }

    static std::string frame(int opcode, std::string_view payload, bool final = true) {
        std::string out(1, static_cast<char>((final ? 0x80 : 0) | opcode));
        const std::uint64_t size = payload.size();
        int length_bytes = 0;
        if (size < 126) {
            out += static_cast<char>(size);
        } else if (size < 65536) {
            out += static_cast<char>(126);
            length_bytes = 2;
        } else {
            out += static_cast<char>(127);
            length_bytes = 8;
        }
        for (int i = length_bytes - 1; i >= 0; --i)
            out += static_cast<char>((size >> (8 * i)) & 0xff);
        return out + std::string(payload);
    }

    struct Frame {
        int opcode;
        std::string payload;
    };
    std::optional<Frame> read_frame() {
        unsigned char head[2];
        if (!read_all(head, 2)) return std::nullopt;
        std::uint64_t size = head[1] & 0x7fU;
        const int length_bytes = size == 126 ? 2 : size == 127 ? 8 : 0;
        if (length_bytes > 0) {
            unsigned char length[8];
            if (!read_all(length, static_cast<std::size_t>(length_bytes))) return std::nullopt;
            size = 0;
            for (int i = 0; i < length_bytes; ++i) size = size << 8 | length[i];
        }
        unsigned char mask[4] = {};
        if ((head[1] & 0x80U) == 0 || !read_all(mask, 4)) return std::nullopt;  // clients mask
        std::string payload(static_cast<std::size_t>(size), '\0');
        if (!read_all(payload.data(), payload.size())) return std::nullopt;
        for (std::size_t i = 0; i < payload.size(); ++i)
            payload[i] = static_cast<char>(static_cast<unsigned char>(payload[i]) ^ mask[i % 4]);
        return Frame{head[0] & 0x0f, std::move(payload)};
    }

    /// Sends back what comes, answers pings and a close, until the other end is gone.
    void echo() {
        while (auto in = read_frame()) {
            if (in->opcode == 9) {
                write(frame(10, in->payload));
            } else {
                write(frame(in->opcode, in->payload));
                if (in->opcode == 8) return;
            }
        }
    }

    /// Takes what comes and says nothing, like a host whose cable is cut, until the other end gives
    /// up.
    void play_dead() {
        char buffer[4096];
        while (::recv(fd_, buffer, sizeof buffer, 0) > 0) {
        }
    }

private:
    bool read_all(void* to, std::size_t size) {
        auto* at = static_cast<char*>(to);
        while (size > 0) {
            const auto n = ::recv(fd_, at, size, 0);
            if (n <= 0) return false;
            at += n;
            size -= static_cast<std::size_t>(n);
        }
        return true;
    }
    int fd_;
};

/// Listens on a port of its own and serves one connection after the other.
class Server {
public:
    using Serve = std::function<void(Peer&)>;
    explicit Server(Serve serve) : serve_(std::move(serve)) {
        listening_ = ::socket(AF_INET, SOCK_STREAM, 0);
        REQUIRE(listening_ >= 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(::bind(listening_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        socklen_t size = sizeof address;
        REQUIRE(::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
        port_ = ntohs(address.sin_port);
        REQUIRE(::listen(listening_, 16) == 0);
        thread_ = std::thread([this] {
            for (;;) {
                const int fd = ::accept(listening_, nullptr, nullptr);
                if (fd < 0) return;
                Peer peer(fd);
                serve_(peer);
            }
        });
    }
    ~Server() {
        stop();
        ::close(listening_);
    }
    /// After this nothing is served any more and what `serve` wrote down may be read.
    void stop() {
        if (!thread_.joinable()) return;
        ::shutdown(listening_, SHUT_RDWR);
        thread_.join();
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    [[nodiscard]] Endpoint endpoint() const { return {Scheme::ws, "127.0.0.1", port_, "/sync"}; }

private:
    Serve serve_;
    int listening_ = -1;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

/// A client that writes down what happens, for a test thread to wait for.
class Client : public Listener {
public:
    explicit Client(const WebSocketOptions& options = {}) : driver(options) {
        REQUIRE(driver.start(*this).has_value());
    }
    ~Client() override { driver.stop(); }

    void connected() override {
        note([this] { ++connects; });
        if (on_connected) on_connected();
    }
    void received(Bytes message) override {
        note([&] { messages.push_back(std::move(message)); });
        if (on_received) on_received();
    }
    void disconnected(Error why) override {
        note([&] { ends.push_back(std::move(why)); });
        if (on_disconnected) on_disconnected();
    }
    void timer() override {
        note([this] { ++timers; });
        if (on_timer) on_timer();
    }

    /// Runs `work` on the driver's thread and waits for it.
    void do_there(const std::function<void()>& work) {
        std::mutex mutex;
        std::condition_variable done_changed;
        bool done = false;
        REQUIRE(driver.post([&] {
            work();
            const std::lock_guard lock(mutex);
            done = true;
            done_changed.notify_all();
        }));
        std::unique_lock lock(mutex);
        REQUIRE(done_changed.wait_for(lock, patience, [&] { return done; }));
    }
    void connect(const Endpoint& endpoint) {
        Result<> result;
        do_there([&] { result = driver.connect(endpoint); });
        REQUIRE(result.has_value());
    }
    void send(Bytes message) {
        Result<> result;
        do_there([&] { result = driver.send(std::move(message)); });
        REQUIRE(result.has_value());
    }
    /// Waits until `condition` holds; it may read what has been written down.
    bool until(const std::function<bool()>& condition) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, patience, condition);
    }
    Error end() {
        REQUIRE(until([this] { return !ends.empty(); }));
        const std::lock_guard lock(mutex_);
        return ends.back();
    }

    int connects = 0;
    int timers = 0;
    std::vector<Bytes> messages;
    std::vector<Error> ends;
    std::function<void()> on_connected, on_received, on_disconnected, on_timer;

    WebSocketClient driver;  // last: its thread ends before the rest is destroyed

private:
    void note(const std::function<void()>& change) {
        const std::lock_guard lock(mutex_);
        change();
        changed_.notify_all();
    }
    std::mutex mutex_;
    std::condition_variable changed_;
};

void serve_echo(Peer& peer) {
    peer.handshake();
    peer.echo();
}

}  // namespace

TEST_CASE("a message goes there and back, sent from connected already", "[net]") {
    std::string request;
    Server server([&](Peer& peer) {
        request = peer.handshake();
        peer.echo();
    });
    {
        Client client;
        client.on_connected = [&] { (void)client.driver.send(bytes_of("hello")); };
        client.connect(server.endpoint());
        REQUIRE(client.until([&] { return client.messages.size() == 1; }));
        CHECK(client.messages[0] == bytes_of("hello"));
        client.send({});  // a message may be empty
        REQUIRE(client.until([&] { return client.messages.size() == 2; }));
        CHECK(client.messages[1].empty());
        CHECK(client.connects == 1);
        CHECK(client.ends.empty());
    }
    server.stop();
    CHECK(request.compare(0, 15, "GET /sync HTTP/") == 0);
    CHECK(request.find("syncline.v1") != std::string::npos);
    CHECK(request.find("permessage-deflate") == std::string::npos);
}

TEST_CASE("large messages and many small ones arrive whole and in order", "[net]") {
    Server server(serve_echo);
    Client client;
    client.connect(server.endpoint());
    REQUIRE(client.until([&] { return client.connects == 1; }));
    std::vector<Bytes> sent = {pattern(1 << 20), pattern(125),   pattern(126),
                               pattern(65535),   pattern(65536), pattern(3 << 20)};
    for (std::size_t i = 0; i < 300; ++i) sent.push_back(pattern(i));
    client.do_there([&] {
        for (const auto& message : sent)
            if (!client.driver.send(message)) return;
        CHECK(client.driver.queued_bytes() > 0);  // far more than a socket takes at once
    });
    REQUIRE(client.until([&] { return client.messages.size() == sent.size(); }));
    CHECK(client.messages == sent);
    client.do_there([&] { CHECK(client.driver.queued_bytes() == 0); });
}

TEST_CASE("a message in fragments is put together, with a ping in between", "[net]") {
    Server server([](Peer& peer) {
        // The first frames come with the handshake's last bytes.
        peer.handshake("syncline.v1", Peer::frame(2, "one ", false) + Peer::frame(9, "ping") +
                                          Peer::frame(0, "two ", false));
        peer.write(Peer::frame(0, "three") + Peer::frame(2, "next"));
        peer.echo();
    });
    Client client;
    client.connect(server.endpoint());
    REQUIRE(client.until([&] { return client.messages.size() == 2; }));
    CHECK(client.messages[0] == bytes_of("one two three"));
    CHECK(client.messages[1] == bytes_of("next"));
}

TEST_CASE("a message above the limit ends the connection", "[net]") {
    const bool fragments = GENERATE(false, true);
    Server server([&](Peer& peer) {
        peer.handshake();
        const std::string half(600, 'x');
        if (fragments)
            peer.write(Peer::frame(2, half, false) + Peer::frame(0, half));
        else
            peer.write(Peer::frame(2, half + half));
        peer.play_dead();
    });
    WebSocketOptions options;
    options.message_bytes_max = 1000;
    options.closing = 50ms;
    Client client(options);
    client.connect(server.endpoint());
    CHECK(client.end().code == ErrorCode::too_large);
    CHECK(client.messages.empty());
}

TEST_CASE("text is refused", "[net]") {
    Server server([](Peer& peer) {
        peer.handshake();
        peer.write(Peer::frame(1, "hello"));
        peer.echo();
    });
    Client client;
    client.connect(server.endpoint());
    CHECK(client.end().code == ErrorCode::malformed);
}

TEST_CASE("the queue is bounded", "[net]") {
    Server server(serve_echo);
    WebSocketOptions options;
    options.queue_bytes_max = 1000;
    Client client(options);
    client.do_there(
        [&] { CHECK(client.driver.send(bytes_of("x")).error().code == ErrorCode::closed); });
    client.connect(server.endpoint());
    REQUIRE(client.until([&] { return client.connects == 1; }));
    client.do_there([&] {
        CHECK(client.driver.send(pattern(1001)).error().code == ErrorCode::too_large);
        CHECK(client.driver.send(pattern(1000)).has_value());
    });
    REQUIRE(client.until([&] { return client.messages.size() == 1; }));
}

TEST_CASE("the peer's close is reported with its reason, once", "[net]") {
    Server server([](Peer& peer) {
        peer.handshake();
        peer.write(Peer::frame(8, std::string("\x03\xf3going down", 12)));
        peer.play_dead();
    });
    Client client;
    client.connect(server.endpoint());
    const Error end = client.end();
    CHECK(end.code == ErrorCode::connection_lost);
    CHECK(end.message.find("1011 going down") != std::string::npos);
    client.do_there([] {});
    CHECK(client.ends.size() == 1);
}

TEST_CASE("a connection that just breaks is lost", "[net]") {
    Server server([](Peer& peer) { peer.handshake(); });
    Client client;
    client.connect(server.endpoint());
    CHECK(client.end().code == ErrorCode::connection_lost);
    CHECK(client.connects == 1);
}

TEST_CASE("close sends what is queued, then code and reason, and waits for the answer", "[net]") {
    std::vector<std::string> seen;
    Server server([&](Peer& peer) {
        peer.handshake();
        while (auto in = peer.read_frame()) {
            seen.push_back(in->payload);
            if (in->opcode != 8) continue;
            peer.write(Peer::frame(8, in->payload));
            return;
        }
    });
    {
        Client client;
        client.on_connected = [&] {
            (void)client.driver.send(bytes_of("last words"));
            client.driver.close(1000, "bye");
            CHECK_FALSE(client.driver.send(bytes_of("too late")).has_value());
        };
        client.connect(server.endpoint());
        CHECK(client.end().code == ErrorCode::closed);
    }
    server.stop();
    REQUIRE(seen.size() == 2);
    CHECK(seen[0] == "last words");
    CHECK(seen[1] == std::string("\x03\xe8") + "bye");
}

TEST_CASE("close does not wait for ever for a peer that is silent", "[net]") {
    Server server([](Peer& peer) {
        peer.handshake();
        peer.play_dead();
    });
    WebSocketOptions options;
    options.closing = 50ms;
    Client client(options);
    client.on_connected = [&] { client.driver.close(1000, ""); };
    client.connect(server.endpoint());
    CHECK(client.end().code == ErrorCode::closed);
}

TEST_CASE("a host where nobody listens is connection_lost, and one may try again", "[net]") {
    Endpoint nowhere;
    {
        Server server(serve_echo);
        nowhere = server.endpoint();
    }
    Server server(serve_echo);
    Client client;
    client.on_disconnected = [&] { (void)client.driver.connect(server.endpoint()); };
    client.connect(nowhere);
    CHECK(client.end().code == ErrorCode::connection_lost);
    REQUIRE(client.until([&] { return client.connects == 1; }));
    client.do_there(
        [&] { CHECK(client.driver.connect(nowhere).error().code == ErrorCode::invalid_argument); });
    client.do_there([&] { client.on_disconnected = nullptr; });
}

TEST_CASE("a host name that does not exist is connection_lost", "[net]") {
    Client client;
    client.connect({Scheme::ws, "no-such-host.invalid", 80, "/sync"});
    CHECK(client.end().code == ErrorCode::connection_lost);
}

TEST_CASE("an HTTP server that is no relay is reported with its status", "[net]") {
    const std::string status =
        GENERATE(as<std::string>(), "404 Not Found", "200 OK", "301 Moved", "503 Busy", "401 No");
    Server server([&](Peer& peer) {
        (void)peer.read_request();
        peer.write("HTTP/1.1 " + status +
                   "\r\nContent-Length: 2\r\nLocation: http://127.0.0.1:1/\r\n\r\nno");
        peer.play_dead();
    });
    Client client;
    client.connect(server.endpoint());
    const Error end = client.end();
    INFO(end.message);
    CHECK(end.code == ErrorCode::not_a_relay);
    CHECK(end.message.find(status.substr(0, 3)) != std::string::npos);
    CHECK(client.connects == 0);
}

TEST_CASE("a WebSocket server of another kind is not a relay", "[net]") {
    const std::string selected = GENERATE(as<std::string>(), "", "chat");
    Server server([&](Peer& peer) {
        peer.handshake(selected);
        peer.echo();
    });
    Client client;
    client.connect(server.endpoint());
    const Error end = client.end();
    INFO(end.message);
    CHECK(end.code == ErrorCode::not_a_relay);
    CHECK(client.connects == 0);
}

TEST_CASE("a server that does not speak HTTP is given up in time", "[net]") {
    Server server([](Peer& peer) {
        (void)peer.read_request();
        peer.write("220 mail.example ESMTP\r\n\r\n");
        peer.play_dead();
    });
    WebSocketOptions options;
    options.handshake = 100ms;
    Client client(options);
    client.connect(server.endpoint());
    const Error end = client.end();
    INFO(end.message);
    CHECK((end.code == ErrorCode::not_a_relay || end.code == ErrorCode::timed_out));
}

TEST_CASE("a handshake that is never answered times out", "[net]") {
    Server server([](Peer& peer) { peer.play_dead(); });
    WebSocketOptions options;
    options.handshake = 60ms;
    Client client(options);
    client.connect(server.endpoint());
    CHECK(client.end().code == ErrorCode::timed_out);
    client.do_there([] {});
    CHECK(client.ends.size() == 1);
}

TEST_CASE("a peer that stops answering is given up after ping and wait", "[net]") {
    Server server([](Peer& peer) {
        peer.handshake();
        peer.play_dead();
    });
    WebSocketOptions options;
    options.ping = 1s;
    options.pong_wait = 1s;
    Client client(options);
    client.connect(server.endpoint());
    CHECK(client.end().code == ErrorCode::connection_lost);
    CHECK(client.connects == 1);
}

TEST_CASE("a quiet peer that answers pings is kept", "[net]") {
    int pings = 0;
    Server server([&](Peer& peer) {
        peer.handshake();
        while (auto in = peer.read_frame()) {
            if (in->opcode != 9) continue;
            ++pings;
            peer.write(Peer::frame(10, in->payload));
            if (pings == 3) peer.write(Peer::frame(2, "still here"));
        }
    });
    WebSocketOptions options;
    options.ping = 1s;
    options.pong_wait = 1s;
    Client client(options);
    client.connect(server.endpoint());
    REQUIRE(client.until([&] { return !client.messages.empty() || !client.ends.empty(); }));
    CHECK(client.ends.empty());
}

TEST_CASE("a plain server behind a wss URL is an error, not a hang", "[net]") {
    Server server([](Peer& peer) { peer.play_dead(); });
    WebSocketOptions options;
    options.handshake = 200ms;
    Client client(options);
    auto endpoint = server.endpoint();
    endpoint.scheme = Scheme::wss;
    client.connect(endpoint);
    const auto code = client.end().code;
    CHECK((code == ErrorCode::timed_out || code == ErrorCode::connection_lost));
}

TEST_CASE("work posted from many threads runs on one, in each thread's order", "[net]") {
    constexpr int threads = 4;
    constexpr int each = 2000;
    Server server(serve_echo);
    Client client;
    client.connect(server.endpoint());
    REQUIRE(client.until([&] { return client.connects == 1; }));
    std::vector<int> last(threads, -1);  // touched on the driver's thread only
    bool ordered = true;
    std::vector<std::thread> posters;
    posters.reserve(threads);
    for (int id = 0; id < threads; ++id)
        posters.emplace_back([&, id] {
            for (int n = 0; n < each; ++n)
                client.driver.post([&, id, n] {
                    auto& previous = last[static_cast<std::size_t>(id)];
                    ordered = ordered && previous == n - 1;
                    previous = n;
                    if (n % 100 == 0) (void)client.driver.send(bytes_of("tick"));
                });
        });
    for (auto& poster : posters) poster.join();
    client.do_there([&] {
        CHECK(ordered);
        CHECK(last == std::vector<int>(threads, each - 1));
    });
    REQUIRE(client.until([&] { return client.messages.size() == threads * each / 100; }));
}

TEST_CASE("the timer fires once, and setting it replaces the earlier time", "[net]") {
    Client client;
    client.do_there([&] {
        client.driver.set_timer(1h);
        client.driver.set_timer(0ms);
    });
    REQUIRE(client.until([&] { return client.timers == 1; }));
    // Again from inside; then cancelled before it can fire.
    client.do_there([&] {
        client.on_timer = [&] {
            if (client.timers < 5) client.driver.set_timer(1ms);
        };
        client.driver.set_timer(1ms);
    });
    REQUIRE(client.until([&] { return client.timers == 5; }));
    client.do_there([&] {
        client.driver.set_timer(0ms);
        client.driver.cancel_timer();
    });
    client.do_there([&] { client.driver.set_timer(5ms); });
    REQUIRE(client.until([&] { return client.timers == 6; }));
}

TEST_CASE("a driver can be stopped in any state", "[net]") {
    Server silent([](Peer& peer) { peer.play_dead(); });
    Server echo(serve_echo);
    SECTION("before it did anything") { Client client; }
    SECTION("while connecting") {
        Client client;
        client.connect(silent.endpoint());
        client.driver.stop();
        CHECK(client.ends.empty());
        CHECK_FALSE(client.driver.post([] {}));
    }
    SECTION("while connecting over TLS") {
        Client client;
        auto endpoint = silent.endpoint();
        endpoint.scheme = Scheme::wss;
        client.connect(endpoint);
    }
    SECTION("with messages on the way") {
        Client client;
        client.on_connected = [&] {
            for (int i = 0; i < 20; ++i) (void)client.driver.send(pattern(1 << 20));
        };
        client.connect(echo.endpoint());
        REQUIRE(client.until([&] { return client.connects == 1; }));
    }
    SECTION("twice, and never started") {
        WebSocketClient never;
        never.stop();
        never.stop();
        CHECK_FALSE(never.post([] {}));
    }
    SECTION("after closing before the handshake was done") {
        Client client;
        client.connect(silent.endpoint());
        client.do_there([&] { client.driver.close(1000, ""); });
        CHECK(client.end().code == ErrorCode::closed);
    }
}

TEST_CASE("a driver starts once, and not with a bad certificate file", "[net]") {
    Client client;
    CHECK(client.driver.start(client).error().code == ErrorCode::invalid_argument);
    WebSocketOptions options;
    options.ca_file = "/no/such/file.pem";
    WebSocketClient other(options);
    CHECK(other.start(client).error().code == ErrorCode::invalid_argument);
}

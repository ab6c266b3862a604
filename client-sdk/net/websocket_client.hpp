#pragma once

#include "net/endpoint.hpp"
#include "syncline/bytes.hpp"
#include "syncline/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace syncline::client::net {

/// What the driver tells its owner, always on the driver's thread and never from inside a call of
/// the driver's own functions. A listener may call any of them except `stop` and the destructor.
class Listener {
public:
    virtual ~Listener() = default;
    /// The handshake is done; from now on `send` works.
    virtual void connected() = 0;
    /// One whole binary message.
    virtual void received(Bytes message) = 0;
    /// Exactly once for each `connect` that returned a value, as its last event: the attempt
    /// failed, the connection was lost, or `close` has finished. A new `connect` may be made from
    /// here.
    ///   connection_lost  nobody listens, the host is unknown, TLS failed, the peer closed (its
    ///   code and
    ///                    reason are in the message), the keep-alive got no answer
    ///   timed_out        no complete handshake in time
    ///   not_a_relay      the peer is no WebSocket server (its HTTP status is in the message), or
    ///   one that
    ///                    does not speak `subprotocol`
    ///   malformed, too_large   the peer sent text, or a message above `message_bytes_max`
    ///   closed           `close` was called
    virtual void disconnected(Error why) = 0;
    /// The time set with `set_timer` has come.
    virtual void timer() = 0;
};

/// What a relay must select from the handshake's offer.
inline constexpr std::string_view subprotocol = "syncline.v1";

/// `off` is for tests with a certificate of their own making.
enum class CertificateCheck : std::uint8_t { on, off };

struct WebSocketOptions {
    /// The protocol's largest frame.
    std::size_t message_bytes_max = 16 << 20;
    /// `send` refuses what would make the queue longer; a session stops producing well before.
    std::size_t queue_bytes_max = 64 << 20;
    /// After this long without a sign of life a ping is sent, and `pong_wait` later the connection
    /// given up. Whole seconds, at least one.
    std::chrono::seconds ping{30};
    std::chrono::seconds pong_wait{10};
    std::chrono::milliseconds handshake{10'000};
    /// How long a `close` waits for the queue to drain and the peer to answer.
    std::chrono::milliseconds closing{5'000};
    /// Certificates to trust, in PEM, beside the system's.
    std::string ca_file;
    CertificateCheck certificate_check = CertificateCheck::on;
};

/// One WebSocket connection at a time, and the thread that owns it.
///
/// Threads   `start` makes the driver's thread; Listener calls and posted work run on it, one at a
/// time.
///           `connect`, `send`, `close`, `set_timer`, `cancel_timer` and `queued_bytes` are called
///           on that thread only; `post` on any thread; `start`, `stop` and the destructor on any
///           thread but that.
/// Waiting   The thread sleeps in the kernel until a socket, a timer or `post` wakes it. Resolving
/// a
///           host name blocks it (and `stop`) for as long as the system's resolver takes.
/// Network   No compression, no redirects, no HTTP proxy. Certificates are checked against the host
/// name.
class WebSocketClient {
public:
    explicit WebSocketClient(WebSocketOptions options = {});
    /// Stops.
    ~WebSocketClient();
    WebSocketClient(const WebSocketClient&) = delete;
    WebSocketClient& operator=(const WebSocketClient&) = delete;

    /// `listener` must outlive `stop`. Once only.
    [[nodiscard]] Result<> start(Listener& listener);
    /// Drops the connection, if there is one, and joins the thread. No Listener call is under way
    /// or will come when it returns; work not yet run is destroyed. To part politely, `close` and
    /// wait for `disconnected` first.
    void stop();
    /// Runs `work` on the driver's thread, in the order posted. False once stopped: it will not
    /// run.
    bool post(std::function<void()> work);
    /// Whether the caller is on the driver's thread, where `stop` would wait for itself. After
    /// `start`. Never where there are no threads.
    [[nodiscard]] bool on_own_thread() const;

    /// Begins to connect. invalid_argument while there is a connection, until its `disconnected`.
    [[nodiscard]] Result<> connect(const Endpoint& endpoint);
    /// Sends one binary message, or queues it behind those not sent yet. `closed` when there is no
    /// connection or `close` was called, too_large when the queue is full.
    [[nodiscard]] Result<> send(Bytes message);
    /// Sends what is queued, then the close frame (`reason` is cut to 123 bytes), and awaits the
    /// peer's. No message is delivered any more. Without a connection it does nothing.
    void close(std::uint16_t code, std::string_view reason);
    /// Bytes handed to `send` that the kernel has not taken yet.
    [[nodiscard]] std::size_t queued_bytes() const;

    /// Calls `Listener::timer` once, `delay` from now; takes the place of the time set before.
    void set_timer(std::chrono::milliseconds delay);
    void cancel_timer();

private:
    class Driver;
    std::unique_ptr<Driver> driver_;
};

}  // namespace syncline::client::net

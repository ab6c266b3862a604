#pragma once

#include "net/frame.hpp"
#include "net/origin.hpp"
#include <syncline/bytes.hpp>
#include <syncline/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace syncline::relay::net {

/// Names one WebSocket connection. Counts up from 1 and is never reused, so an answer that comes
/// late for a connection long gone is dropped instead of reaching its successor.
using ConnectionId = std::uint64_t;

/// Who opened a connection, as far as the transport knows. Both strings come from outside.
struct PeerInfo {
    std::string address;  ///< numeric IP address, without port; of the proxy when there is one
    std::string origin;   ///< the Origin header, empty when absent
};

/// A GET, or a HEAD, which is answered alike but for the body. All of it comes from outside.
struct HttpRequest {
    std::string_view path;  ///< decoded, without what follows a `?`
    std::string_view if_none_match;
    std::string_view accept_encoding;
};

/// The answer to it.
struct HttpResponse {
    unsigned status = 404;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body = "not found\n";
    /// More headers; a name is in lower case and ends with a colon. Without cache-control nothing
    /// may be kept.
    std::vector<std::pair<std::string, std::string>> headers = {};
    /// In place of `body`: shared with other answers, and sent piece by piece as the peer reads.
    std::shared_ptr<const std::string> file = nullptr;
};

/// What the transport says happened. Every call comes on the loop thread, one at a time, never from
/// inside a call to `Server`. An implementation may call any member of `Server` from here; it must
/// not throw.
class Handler {
public:
    virtual ~Handler() = default;
    /// The WebSocket handshake is done. Until `Server::promote` the connection has small limits and
    /// a deadline.
    virtual void opened(ConnectionId connection, const PeerInfo& peer) = 0;
    /// One complete binary message, reassembled; at most `message_bytes_max` long, and possibly
    /// empty.
    virtual void received(ConnectionId connection, Bytes message) = 0;
    /// The out-queue reached `queue_bytes_low` at some time and is below it again.
    virtual void drained(ConnectionId connection) = 0;
    /// The connection is gone. Once for each `opened`, whoever ended it; queued frames were
    /// dropped.
    virtual void closed(ConnectionId connection) = 0;
    /// A page, e.g. for "/healthz". The default of HttpResponse is a 404.
    virtual HttpResponse get(const HttpRequest& request) = 0;
    /// Follows `Server::wake`; several wakes may become one call.
    virtual void woken() {}
    /// About every 100 ms. `now_ms` is a monotonic clock.
    virtual void tick(std::int64_t now_ms) { static_cast<void>(now_ms); }
    /// Everything that was ready has been delivered and nothing has been written yet: the place to
    /// hand a collected batch to the store. Called only in turns with at least one other call.
    virtual void turn_ended() {}
    /// `Server::stop` was called and nobody new is accepted. The last place to send a goodbye:
    /// after it, each connection is flushed and closed with 1001.
    virtual void stopping() {}
};

enum class LogLevel { error, warning };

/// Takes a line about the transport, on the loop thread (or the thread in `listen`). Printable
/// ASCII, no payloads; at most 20 lines a second.
using LogSink = std::function<void(LogLevel, std::string_view line)>;

/// How ready frames leave. `joined` hands libwebsockets bytes framed here, several frames a call,
/// which relies on undocumented but long-standing behaviour (LWS_WRITE_HTTP on a WebSocket).
/// `single` is the documented way: one message a call, each payload copied. The peer sees no
/// difference.
enum class WriteMode { joined, single };

struct Options {
    std::string address = "127.0.0.1";  ///< numeric; "::" takes IPv4 too
    std::uint16_t port = 0;             ///< 0: the system picks one, see Server::port
    std::string path = "/sync";         ///< the one WebSocket endpoint
    /// Offered by name. A client that offers subprotocols must offer this one; a client that offers
    /// none is accepted, since not every WebSocket library can.
    std::string subprotocol = "syncline.v1";
    std::string tls_certificate_file;  ///< PEM chain; empty: plain text
    std::string tls_key_file;

    /// Exact Origin values, e.g. "https://app.example:8443". A request without Origin is no
    /// browser's and is allowed; for the rest see origin_may_connect().
    std::vector<std::string> origins_allowed;
    OwnPages own_pages = OwnPages::none;

    std::size_t connections_max = 10'000;  ///< sockets, HTTP included
    std::size_t connections_per_address_max = 64;
    bool loopback_exempt =
        true;  ///< from the cap per address; false when a proxy on this host is the client

    std::size_t message_bytes_max =
        (std::size_t{1} << 20) + 4096;  ///< 1 MiB of content and its envelope
    std::size_t message_bytes_unpromoted_max = std::size_t{16}
                                               << 10;  ///< hello and token fit; a flood does not
    std::size_t fragments_max = 1024;  ///< frames a message: bounds the work a byte can cost
    /// Bytes of half-received messages, all connections together; above it the one that grows is
    /// closed (1013).
    std::size_t reassembly_bytes_max = std::size_t{256} << 20;
    /// What a caller should keep `queued_bytes` below. Send accepts more, up to `queue_overrun`
    /// times as much; beyond that the connection is closed (1013).
    std::size_t queue_bytes_max = std::size_t{1} << 20;
    std::size_t queue_bytes_low = std::size_t{256} << 10;
    std::size_t queue_overrun = 4;
    /// Bytes a peer may send outside of messages (pings, pongs) in an interval of a second or more,
    /// beside what a fresh burst may use. Checked in plain text connections only; see docs of
    /// `Server`.
    std::size_t control_bytes_per_second_max = std::size_t{16} << 10;
    std::size_t control_bytes_burst = std::size_t{64} << 10;

    std::chrono::seconds promote_within{5};
    std::chrono::seconds ping_after{30};     ///< of silence
    std::chrono::seconds hang_up_after{10};  ///< without an answer to the ping
    std::chrono::seconds handshake_within{
        10};                              ///< TLS and HTTP headers, however slowly they trickle
    std::chrono::seconds keep_alive{10};  ///< an idle HTTP connection
    std::chrono::seconds stalled{30};     ///< a file of which the peer takes no further piece
    std::chrono::milliseconds stop_within{5000};  ///< from stop() to the end, whatever peers do

    WriteMode write_mode = WriteMode::joined;
    LogSink log;  ///< empty: silent
};

/// The relay's front: WebSocket and a few HTTP pages on one port, one loop thread, libwebsockets
/// inside.
///
/// Closes on its own with 1003 (text frame), 1008 (not promoted in time, too many fragments, too
/// many control frames), 1009 (message above its limit, seen at the first frame header), 1013
/// (out-queue above its hard cap, reassembly memory used up), 1001 (stop) and, from libwebsockets,
/// 1002 (protocol errors). Known limits of libwebsockets 4.1: client frames without a mask and
/// lengths in non-minimal form are taken; of several pings in a row only one is answered; a ping
/// above 125 bytes ends the connection without a close frame. Control bytes are audited with
/// TCP_INFO about once a second, which TLS hides.
///
/// Threads   `stop` and `wake` from any thread while the Server exists; all else on the loop
/// thread, that is
///           inside Handler calls, or before `run`.
/// Lifetime  The Handler outlives the Server. One `listen` and one `run` per Server. The process's
/// soft limit
///           of open files is adapted by `listen`, since libwebsockets sizes its tables by it.
class Server {
public:
    Server(Options options, Handler& handler);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Binds and listens; connections wait until `run`. `invalid_argument` names what is wrong with
    /// the options, the address, the TLS files, or the limit of open files.
    [[nodiscard]] Result<> listen();
    /// Serves until stopped; this thread becomes the loop thread. Before it returns every
    /// connection has been reported closed.
    void run();
    /// Ends `run` gracefully: no new connections, `Handler::stopping`, out-queues flushed, close
    /// 1001, at most `stop_within` long. May be called before `run`, and twice.
    void stop();
    /// Has `Handler::woken` called on the loop thread soon.
    void wake();

    /// Queues a frame. It leaves at the end of this turn or, when the peer reads slowly, later, in
    /// order. Unknown and closing connections ignore it. O(1).
    void send(ConnectionId connection, Frame frame);
    /// Bytes accepted by `send` and not yet taken by the system, never less than there are.
    [[nodiscard]] std::size_t queued_bytes(ConnectionId connection) const;
    /// The peer is authenticated: full message size, no deadline.
    void promote(ConnectionId connection);
    /// Delivers what is queued, then closes with `code` and `reason` (cut to 123 bytes). From now
    /// on nothing is received from the connection; `Handler::closed` follows when the peer has
    /// answered or 5 s passed.
    void close(ConnectionId connection, std::uint16_t code, std::string reason);

    /// The port listened on, 0 before `listen`.
    [[nodiscard]] std::uint16_t port() const;
    /// Open WebSocket connections, closing ones included.
    [[nodiscard]] std::size_t connection_count() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace syncline::relay::net

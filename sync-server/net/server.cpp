// The relay's use of libwebsockets (with http.cpp and log.cpp). Its callbacks become Handler calls;
// what the Handler wants sent or closed is noted and carried out when the turn of the loop ends.

#include "net/server.hpp"

#include "net/http.hpp"
#include "net/log.hpp"
#include "net/socket.hpp"

#include <libwebsockets.h>
#include <openssl/ssl.h>
#include <uv.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <unordered_map>
#include <utility>

namespace syncline::relay::net {
namespace {

// RFC 6455 §7.4.1 and the IANA registry.
constexpr std::uint16_t close_going_away = 1001;
constexpr std::uint16_t close_unsupported_data = 1003;
constexpr std::uint16_t close_policy = 1008;
constexpr std::uint16_t close_too_big = 1009;
constexpr std::uint16_t close_try_later = 1013;
constexpr std::size_t close_reason_bytes_max = 123;

// Read in pieces of this size: every idle connection holds a buffer of it.
constexpr std::size_t receive_bytes = 1024;
// Frames joined for one write. Above it a turn takes several writes.
constexpr std::size_t join_bytes_max = std::size_t{256} << 10;
// A frame header with mask, as much as a data frame can add to its payload.
constexpr std::uint64_t header_bytes_max = 14;
// Of a file, in one turn: others have theirs in between.
constexpr std::size_t file_piece_bytes = std::size_t{64} << 10;
constexpr std::size_t accepts_per_turn_max = 256;
constexpr std::int64_t tick_ms = 100;
// A ping may come this part of `ping_after` early.
constexpr std::int64_t confirmations_per_ping = 3;
constexpr std::int64_t close_within_ms = 5000;
constexpr std::int64_t audit_every_ms = 1000;

struct Connection {
    ConnectionId id = 0;
    lws* wsi = nullptr;
    std::size_t index = 0;  // in Impl::live_

    Bytes message;  // what has come of the message under way
    std::size_t fragments = 0;

    std::vector<Frame> queue;
    std::size_t queue_head = 0;  // frames before it are written
    std::size_t queue_bytes = 0;
    std::size_t write_bytes =
        0;  // the last write, while part of it may still wait in libwebsockets

    std::uint16_t close_code = 0;
    std::string close_reason;

    std::int64_t valid_ms = 0;     // the peer was last known to be alive
    std::int64_t audit_ms = 0;     // control bytes were last counted
    std::uint64_t data_bytes = 0;  // of messages, generously with their headers
    std::uint64_t data_bytes_audited = 0;
    std::uint64_t socket_bytes_audited = 0;

    bool promoted = false;
    bool dirty = false;       // listed in Impl::dirty_
    bool filled = false;      // owes the handler `drained`
    bool closing = false;     // ours to close once the queue is empty
    bool lws_closes = false;  // libwebsockets has taken over closing
};

/// A socket from accept to its end, WebSocket or not.
struct Peer {
    AddressKey address{};
    Connection* connection = nullptr;
    std::shared_ptr<const std::string> file = nullptr;  // that it is being sent
    std::size_t file_sent = 0;
};

}  // namespace

class Server::Impl {
public:
    Impl(Options options, Handler& handler)
        : options_(std::move(options)), handler_(handler), log_(options_.log) {
        scratch_.resize(LWS_PRE + join_bytes_max);
    }
    ~Impl() { shut_down(); }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    Result<> listen();
    void run();
    void stop() {
        stop_asked_.store(true);
        poke();
    }
    void wake() {
        woken_.store(true);
        poke();
    }
    void send(ConnectionId id, Frame frame);
    std::size_t queued_bytes(ConnectionId id) const {
        const Connection* c = find(id);
        return c == nullptr ? 0 : c->queue_bytes + c->write_bytes;
    }
    void promote(ConnectionId id) {
        if (Connection* c = find(id)) c->promoted = true;
    }
    void close(ConnectionId id, std::uint16_t code, std::string reason) {
        if (Connection* c = find(id)) begin_close(*c, code, std::move(reason));
    }
    std::uint16_t port() const { return listener_.port; }
    std::size_t connection_count() const { return live_.size(); }

private:
    static int lws_event(lws* wsi, lws_callback_reasons reason, void* user, void* in,
                         std::size_t length) noexcept;
    int event(lws* wsi, lws_callback_reasons reason, const void* in, std::size_t length);

    void poke() {
        const std::lock_guard lock(async_mutex_);
        if (async_open_) uv_async_send(&async_);
    }
    void open_async(bool open) {
        const std::lock_guard lock(async_mutex_);
        async_open_ = open;
    }
    Connection* find(ConnectionId id) {
        const auto found = connections_.find(id);
        return found == connections_.end() ? nullptr : found->second.get();
    }
    const Connection* find(ConnectionId id) const {
        const auto found = connections_.find(id);
        return found == connections_.end() ? nullptr : found->second.get();
    }
    std::int64_t now_ms() const { return static_cast<std::int64_t>(uv_now(&loop_)); }

    Result<> create_context();
    void accept_ready();
    bool admits(const AddressKey& address) const;
    void adopt(int socket, const AddressKey& address);
    void peer_gone(lws* wsi);

    int answer_http(lws* wsi, std::string_view path);
    int send_file(lws* wsi);
    void opened(lws* wsi);
    void closed(Connection& c);
    void received(Connection& c, BytesView chunk);
    int writable(Connection& c);
    void close_if_flushed(Connection& c);

    void begin_close(Connection& c, std::uint16_t code, std::string reason);
    void refuse(Connection& c, std::uint16_t code, const char* reason);
    void drop_queue(Connection& c);
    void drop_message(Connection& c);
    void confirm_alive(Connection& c);
    static void kill(Connection& c) {
        lws_set_timeout(c.wsi, PENDING_TIMEOUT_CLOSE_SEND, LWS_TO_KILL_ASYNC);
    }

    bool flush(Connection& c);
    bool write_joined(Connection& c, std::size_t count, std::size_t bytes);
    bool write_single(Connection& c);
    void mark_dirty(Connection& c) {
        if (!std::exchange(c.dirty, true)) dirty_.push_back(c.id);
    }
    void end_turn();

    void on_async();
    void on_tick();
    void enforce_deadlines(std::int64_t now);
    void audit(std::int64_t now);
    void begin_stop();
    void shut_down();

    const Options options_;
    Handler& handler_;
    LogTarget log_;

    Listener listener_;
    uv_loop_t loop_{};
    uv_poll_t accept_{};
    uv_async_t async_{};
    uv_timer_t timer_{};
    uv_prepare_t before_wait_{};
    uv_check_t after_wait_{};
    bool loop_open_ = false;
    bool accepting_ = false;
    std::mutex async_mutex_;  // keeps other threads off the handle once it closes
    bool async_open_ = false;
    std::atomic<bool> stop_asked_{false};
    std::atomic<bool> woken_{false};

    lws_context* context_ = nullptr;
    lws_vhost* vhost_ = nullptr;
    std::array<lws_protocols, 2> protocols_{};
    lws_retry_bo_t retry_{};

    std::map<AddressKey, std::size_t> sockets_by_address_;
    std::size_t sockets_ = 0;
    std::unordered_map<ConnectionId, std::unique_ptr<Connection>> connections_;
    std::vector<ConnectionId> live_;  // the same in no order, to go round in
    std::size_t audit_next_ = 0;
    ConnectionId last_id_ = 0;
    std::size_t reassembly_bytes_ = 0;

    std::vector<ConnectionId> dirty_;
    std::vector<ConnectionId> drained_;
    std::vector<unsigned char> scratch_;
    std::vector<Frame>
        scratch_frames_;  // what scratch_ holds, so that equal queues are joined once
    bool turn_used_ = false;

    struct Deadline {
        std::int64_t at_ms;
        ConnectionId id;
    };
    std::deque<Deadline> promote_by_;  // ascending, since every wait is the same
    std::deque<Deadline> close_by_;
    bool stopping_ = false;
    std::int64_t stop_by_ms_ = 0;
};

// Start and end.

Result<> Server::Impl::listen() {
    const LogScope scope(log_);
    if (loop_open_) return fail(ErrorCode::invalid_argument, "listen was called before");
    if (options_.tls_certificate_file.empty() != options_.tls_key_file.empty()) {
        return fail(ErrorCode::invalid_argument, "TLS needs both a certificate and a key file");
    }
    if (auto fitted = fit_open_files(options_.connections_max); !fitted) return fitted;
    auto listener = open_listener(options_.address, options_.port);
    if (!listener) return tl::unexpected<Error>(listener.error());
    listener_ = *listener;

    uv_loop_init(&loop_);
    loop_open_ = true;
    loop_.data = this;
    for (auto* handle :
         {reinterpret_cast<uv_handle_t*>(&accept_), reinterpret_cast<uv_handle_t*>(&async_),
          reinterpret_cast<uv_handle_t*>(&timer_), reinterpret_cast<uv_handle_t*>(&before_wait_),
          reinterpret_cast<uv_handle_t*>(&after_wait_)}) {
        handle->data = this;
    }
    uv_poll_init(&loop_, &accept_, listener_.socket);
    accepting_ = true;
    uv_async_init(&loop_, &async_, [](uv_async_t* h) { static_cast<Impl*>(h->data)->on_async(); });
    uv_timer_init(&loop_, &timer_);
    uv_prepare_init(&loop_, &before_wait_);
    uv_check_init(&loop_, &after_wait_);
    open_async(true);
    return create_context();
}

Result<> Server::Impl::create_context() {
    lws_set_log_level(LLL_ERR | LLL_WARN, emit_log);

    protocols_[0] = {};
    protocols_[0].name = options_.subprotocol.c_str();
    protocols_[0].callback = &Impl::lws_event;
    protocols_[0].per_session_data_size =
        1;  // unused; without any, LWS_CALLBACK_WS_SERVER_DROP_PROTOCOL is not sent
    protocols_[0].rx_buffer_size = receive_bytes;
    // A write is handed to the system whole. What it does not take is copied by libwebsockets, so
    // the size of a write bounds the memory of a stalled connection, not this.
    protocols_[0].tx_packet_size = std::max(join_bytes_max, options_.message_bytes_max * 2);
    protocols_[1] = {};

    const auto ping = static_cast<std::uint16_t>(options_.ping_after.count());
    retry_ = {};
    retry_.secs_since_valid_ping = ping;
    retry_.secs_since_valid_hangup =
        static_cast<std::uint16_t>(ping + options_.hang_up_after.count());

    std::array<void*, 1> loops = {&loop_};
    lws_context_creation_info info{};
    info.port = CONTEXT_PORT_NO_LISTEN_SERVER;  // we accept, see accept_ready
    info.protocols = protocols_.data();
    info.alpn = "http/1.1";
    info.foreign_loops = loops.data();
    info.user = this;
    info.pcontext = &context_;
    info.server_string = "syncline";
    info.gid = static_cast<decltype(info.gid)>(-1);
    info.uid = static_cast<decltype(info.uid)>(-1);
    info.timeout_secs = static_cast<unsigned>(options_.handshake_within.count());
    info.timeout_secs_ah_idle = info.timeout_secs;
    info.keepalive_timeout = static_cast<int>(options_.keep_alive.count());
    info.retry_and_idle_policy = &retry_;
    info.max_http_header_data = 4096;
    info.max_http_header_pool =
        static_cast<unsigned short>(std::min<std::size_t>(options_.connections_max + 64, 65'535));
    info.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_UV_NO_SIGSEGV_SIGFPE_SPIN |
                   LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME |
                   LWS_SERVER_OPTION_NO_LWS_SYSTEM_STATES;
    if (!options_.tls_certificate_file.empty()) {
        for (const auto& file : {options_.tls_certificate_file, options_.tls_key_file}) {
            if (access(file.c_str(), R_OK) != 0) {
                return fail(ErrorCode::invalid_argument,
                            "cannot read " + file + ": " + std::strerror(errno));
            }
        }
        info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
        info.ssl_cert_filepath = options_.tls_certificate_file.c_str();
        info.ssl_private_key_filepath = options_.tls_key_file.c_str();
        info.ssl_options_set = static_cast<long>(SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1);
    }
    context_ = lws_create_context(&info);
    if (context_ == nullptr) {
        return fail(ErrorCode::invalid_argument,
                    "libwebsockets does not start: see its log lines; its libuv plug-in or TLS "
                    "files may be missing");
    }
    vhost_ = lws_get_vhost_by_name(context_, "default");
    if (vhost_ == nullptr)
        return fail(ErrorCode::invalid_argument, "libwebsockets has no default vhost");
    return {};
}

void Server::Impl::run() {
    if (context_ == nullptr) return;
    const LogScope scope(log_);
    uv_poll_start(&accept_, UV_READABLE,
                  [](uv_poll_t* h, int, int) { static_cast<Impl*>(h->data)->accept_ready(); });
    uv_timer_start(
        &timer_, [](uv_timer_t* h) { static_cast<Impl*>(h->data)->on_tick(); }, tick_ms, tick_ms);
    uv_prepare_start(&before_wait_,
                     [](uv_prepare_t* h) { static_cast<Impl*>(h->data)->end_turn(); });
    uv_check_start(&after_wait_, [](uv_check_t* h) { static_cast<Impl*>(h->data)->end_turn(); });
    if (stop_asked_.load()) poke();
    uv_run(&loop_, UV_RUN_DEFAULT);
    shut_down();
}

void Server::Impl::begin_stop() {
    if (std::exchange(stopping_, true)) return;
    stop_by_ms_ = now_ms() + options_.stop_within.count();
    accepting_ = false;
    uv_close(reinterpret_cast<uv_handle_t*>(&accept_), [](uv_handle_t* h) {
        ::close(std::exchange(static_cast<Impl*>(h->data)->listener_.socket, -1));
    });
    turn_used_ = true;
    handler_.stopping();
    for (const ConnectionId id : live_) {
        if (Connection* c = find(id)) begin_close(*c, close_going_away, "going away");
    }
}

/// Takes libwebsockets and the loop down, in the two steps the former needs on a loop of its
/// caller's.
void Server::Impl::shut_down() {
    if (!loop_open_) return;
    const LogScope scope(log_);
    open_async(false);
    stopping_ = true;
    accepting_ = false;
    if (context_ != nullptr) lws_context_destroy(context_);
    const auto close_handle = [](auto* typed) {
        auto* handle = reinterpret_cast<uv_handle_t*>(typed);
        if (uv_is_closing(handle) == 0) uv_close(handle, nullptr);
    };
    close_handle(&accept_);
    close_handle(&async_);
    close_handle(&timer_);
    close_handle(&before_wait_);
    close_handle(&after_wait_);
    uv_run(&loop_, UV_RUN_DEFAULT);
    if (context_ != nullptr) lws_context_destroy(context_);
    uv_run(&loop_, UV_RUN_DEFAULT);
    if (listener_.socket >= 0) ::close(std::exchange(listener_.socket, -1));
    [[maybe_unused]] const int left = uv_loop_close(&loop_);
    assert(left == 0);
    assert(connections_.empty());
    loop_open_ = false;
}

// Sockets.

bool Server::Impl::admits(const AddressKey& address) const {
    if (sockets_ >= options_.connections_max) return false;
    if (options_.loopback_exempt && is_loopback(address)) return true;
    const auto known = sockets_by_address_.find(address);
    return known == sockets_by_address_.end() ||
           known->second < options_.connections_per_address_max;
}

void Server::Impl::accept_ready() {
    for (std::size_t n = 0; n < accepts_per_turn_max && accepting_; ++n) {
        const int socket =
            accept4(listener_.socket, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                log_.line(LogLevel::error, "accept: " + std::string(std::strerror(errno)));
                uv_poll_stop(&accept_);  // until the next tick; else the loop would spin
                accepting_ = false;
            }
            return;
        }
        const AddressKey address = peer_address(socket);
        if (admits(address)) {
            adopt(socket, address);
        } else {
            ::close(socket);
        }
    }
}

void Server::Impl::adopt(int socket, const AddressKey& address) {
    const int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    lws* wsi = lws_adopt_socket_vhost(vhost_, socket);  // closes the socket when it fails
    if (wsi == nullptr) return;
    lws_set_opaque_user_data(wsi, new Peer{address});
    ++sockets_;
    ++sockets_by_address_[address];
}

void Server::Impl::peer_gone(lws* wsi) {
    const std::unique_ptr<Peer> peer(static_cast<Peer*>(lws_get_opaque_user_data(wsi)));
    if (!peer) return;
    lws_set_opaque_user_data(wsi, nullptr);
    assert(peer->connection == nullptr);
    --sockets_;
    const auto counted = sockets_by_address_.find(peer->address);
    if (--counted->second == 0) sockets_by_address_.erase(counted);
}

// HTTP.

/// Answers a request without Upgrade; non-zero hangs up.
int Server::Impl::answer_http(lws* wsi, std::string_view path) {
    if (refused_request(wsi)) return -1;
    turn_used_ = true;
    const RequestHeaders headers = headers_of(wsi);
    path = path.substr(0, path.find('?'));
    const HttpResponse response =
        path == options_.path
            ? plain(426, "WebSocket only")
            : handler_.get({path, headers.if_none_match, headers.accept_encoding});
    const Part part = headers.head_only ? Part::head : Part::whole;
    if (!respond(wsi, response, part)) return -1;
    if (part == Part::whole && response.file && !response.file->empty()) {
        auto* peer = static_cast<Peer*>(lws_get_opaque_user_data(wsi));
        peer->file = response.file;
        peer->file_sent = 0;
        lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT,
                        static_cast<int>(options_.stalled.count()));
        lws_callback_on_writable(wsi);
        return 0;
    }
    return lws_http_transaction_completed(wsi) != 0 ? -1 : 0;
}

/// The next piece. libwebsockets asks for it once the one before has left it; non-zero hangs up.
int Server::Impl::send_file(lws* wsi) {
    auto* peer = static_cast<Peer*>(lws_get_opaque_user_data(wsi));
    if (peer == nullptr || !peer->file) return 0;
    const std::string& file = *peer->file;
    const std::size_t size = std::min(file_piece_bytes, file.size() - peer->file_sent);
    scratch_frames_.clear();  // what it said is in scratch_ is there no longer
    std::memcpy(scratch_.data() + LWS_PRE, file.data() + peer->file_sent, size);
    peer->file_sent += size;
    const bool last = peer->file_sent == file.size();
    if (lws_write(wsi, scratch_.data() + LWS_PRE, size,
                  last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < 0) {
        return -1;
    }
    if (last) {
        peer->file.reset();
        return lws_http_transaction_completed(wsi) != 0 ? -1 : 0;
    }
    lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, static_cast<int>(options_.stalled.count()));
    lws_callback_on_writable(wsi);
    return 0;
}

// WebSocket.

void Server::Impl::opened(lws* wsi) {
    auto* peer = static_cast<Peer*>(lws_get_opaque_user_data(wsi));
    assert(peer != nullptr);
    auto owned = std::make_unique<Connection>();
    Connection& c = *owned;
    c.id = ++last_id_;
    c.wsi = wsi;
    c.index = live_.size();
    c.valid_ms = c.audit_ms = now_ms();
    c.socket_bytes_audited = bytes_read_from(lws_get_socket_fd(wsi));
    live_.push_back(c.id);
    connections_.emplace(c.id, std::move(owned));
    peer->connection = &c;
    promote_by_.push_back(
        {now_ms() + std::chrono::milliseconds(options_.promote_within).count(), c.id});
    turn_used_ = true;
    handler_.opened(c.id, PeerInfo{to_text(peer->address), origin_of(wsi)});
    if (stopping_) begin_close(c, close_going_away, "going away");
}

void Server::Impl::closed(Connection& c) {
    const ConnectionId id = c.id;
    static_cast<Peer*>(lws_get_opaque_user_data(c.wsi))->connection = nullptr;
    reassembly_bytes_ -= c.message.size();
    live_[c.index] = live_.back();
    find(live_.back())->index = c.index;
    live_.pop_back();
    connections_.erase(id);
    turn_used_ = true;
    handler_.closed(id);
}

void Server::Impl::received(Connection& c, BytesView chunk) {
    if (c.closing) return;
    if (lws_frame_is_binary(c.wsi) == 0)
        return refuse(c, close_unsupported_data, "binary messages only");
    const std::size_t frame_left = lws_remaining_packet_payload(c.wsi);
    const std::size_t bytes_max =
        c.promoted ? options_.message_bytes_max : options_.message_bytes_unpromoted_max;
    const std::size_t so_far = c.message.size() + chunk.size();
    if (so_far > bytes_max || frame_left > bytes_max - so_far) {
        return refuse(c, close_too_big, "message too big");
    }
    confirm_alive(c);
    c.data_bytes += chunk.size();
    if (frame_left == 0) {
        c.data_bytes += header_bytes_max;
        if (++c.fragments > options_.fragments_max)
            return refuse(c, close_policy, "too many fragments");
    }
    c.message.insert(c.message.end(), chunk.begin(), chunk.end());
    if (lws_is_final_fragment(c.wsi) == 0) {
        reassembly_bytes_ += chunk.size();
        if (reassembly_bytes_ > options_.reassembly_bytes_max) {
            refuse(c, close_try_later, "out of reassembly memory");
        }
        return;
    }
    reassembly_bytes_ -= so_far - chunk.size();
    c.fragments = 0;
    turn_used_ = true;
    handler_.received(c.id, std::exchange(c.message, {}));
}

void Server::Impl::confirm_alive(Connection& c) {
    const std::int64_t now = now_ms();
    // The timer behind it sits in a sorted list of all connections': at one confirmation a second,
    // 2,000 busy connections spent a third of the relay's time walking it.
    const std::int64_t often_enough_ms =
        std::chrono::milliseconds(options_.ping_after).count() / confirmations_per_ping;
    if (now - c.valid_ms < often_enough_ms) return;
    c.valid_ms = now;
    lws_validity_confirmed(c.wsi);
}

void Server::Impl::drop_message(Connection& c) {
    // A message is in the sum only while it is incomplete, and the chunk at hand is added before
    // any check.
    reassembly_bytes_ -= c.message.size();
    c.message = {};
}

void Server::Impl::drop_queue(Connection& c) {
    c.queue = {};
    c.queue_head = 0;
    c.queue_bytes = 0;
}

void Server::Impl::refuse(Connection& c, std::uint16_t code, const char* reason) {
    drop_queue(c);
    begin_close(c, code, reason);
}

void Server::Impl::begin_close(Connection& c, std::uint16_t code, std::string reason) {
    if (c.closing || c.lws_closes) return;
    c.closing = true;
    c.close_code = code;
    c.close_reason = std::move(reason);
    if (c.close_reason.size() > close_reason_bytes_max)
        c.close_reason.resize(close_reason_bytes_max);
    drop_message(c);
    close_by_.push_back({now_ms() + close_within_ms, c.id});
    mark_dirty(c);
}

/// The socket has room and libwebsockets holds nothing back. Non-zero hangs up.
int Server::Impl::writable(Connection& c) {
    // Only after a stall: room in the socket that was not missing says nothing about the peer.
    if (c.write_bytes > 0) confirm_alive(c);
    c.write_bytes = 0;
    if (!flush(c)) return -1;
    if (c.closing) mark_dirty(c);
    return 0;
}

/// Starts the closing handshake once everything is written. Only at the end of a turn: asked for
/// from inside a callback, Debian's build (with its check that closing twice does no harm) drops
/// the close frame.
void Server::Impl::close_if_flushed(Connection& c) {
    if (!c.closing || c.lws_closes || c.queue_bytes > 0 || lws_partial_buffered(c.wsi) != 0) return;
    auto* reason = reinterpret_cast<unsigned char*>(c.close_reason.data());
    lws_close_reason(c.wsi, static_cast<lws_close_status>(c.close_code), reason,
                     c.close_reason.size());
    c.lws_closes = true;
    lws_set_timeout(c.wsi, PENDING_TIMEOUT_CLOSE_SEND, LWS_TO_KILL_SYNC);  // c may be gone now
}

// Sending.

void Server::Impl::send(ConnectionId id, Frame frame) {
    Connection* c = find(id);
    if (c == nullptr || c->closing || c->lws_closes || !frame) return;
    c->queue_bytes += frame->size();
    c->queue.push_back(std::move(frame));
    const std::size_t queued = c->queue_bytes + c->write_bytes;
    if (queued >= options_.queue_bytes_low) c->filled = true;
    if (queued > options_.queue_bytes_max * options_.queue_overrun) {
        return refuse(*c, close_try_later, "reads too slowly");
    }
    mark_dirty(*c);
}

/// Writes what the socket takes. Once part of a write had to be kept back, nothing more until
/// WRITEABLE. False when the connection is lost.
bool Server::Impl::flush(Connection& c) {
    if (c.lws_closes) return true;
    bool alive = true;
    while (alive && c.queue_head < c.queue.size() && lws_partial_buffered(c.wsi) == 0) {
        if (options_.write_mode == WriteMode::single) {
            alive = write_single(c);
            continue;
        }
        std::size_t count = 0;
        std::size_t bytes = 0;
        for (std::size_t i = c.queue_head; i < c.queue.size(); ++i, ++count) {
            if (count > 0 && bytes + c.queue[i]->size() > join_bytes_max) break;
            bytes += c.queue[i]->size();
        }
        alive = write_joined(c, count, bytes);
    }
    if (c.queue_head == c.queue.size()) {
        c.queue.clear();
        if (c.queue.capacity() > 64) c.queue.shrink_to_fit();
        c.queue_head = 0;
    } else if (c.queue_head > 1024 && c.queue_head * 2 > c.queue.size()) {
        c.queue.erase(c.queue.begin(), c.queue.begin() + static_cast<std::ptrdiff_t>(c.queue_head));
        c.queue_head = 0;
    }
    if (lws_partial_buffered(c.wsi) == 0) c.write_bytes = 0;
    if (c.filled && c.queue_bytes + c.write_bytes < options_.queue_bytes_low) {
        c.filled = false;
        drained_.push_back(c.id);
    }
    return alive;
}

/// Several frames in one system call. LWS_WRITE_HTTP on a WebSocket passes bytes through unchanged:
/// neither the room before them nor they themselves are written to, so a lone frame goes out of the
/// shared buffer.
bool Server::Impl::write_joined(Connection& c, std::size_t count, std::size_t bytes) {
    const auto first = c.queue.begin() + static_cast<std::ptrdiff_t>(c.queue_head);
    const auto last = first + static_cast<std::ptrdiff_t>(count);
    auto* data = reinterpret_cast<unsigned char*>(const_cast<std::byte*>((*first)->data()));
    if (count > 1) {
        if (!std::equal(first, last, scratch_frames_.begin(), scratch_frames_.end())) {
            scratch_frames_.assign(first, last);
            std::size_t at = LWS_PRE;
            for (const Frame& frame : scratch_frames_) {
                std::memcpy(scratch_.data() + at, frame->data(), frame->size());
                at += frame->size();
            }
        }
        data = scratch_.data() + LWS_PRE;
    }
    c.write_bytes = bytes;
    const int written = lws_write(c.wsi, data, bytes, LWS_WRITE_HTTP);
    for (auto frame = first; frame != last; ++frame) frame->reset();
    c.queue_head += count;
    c.queue_bytes -= bytes;
    return written >= 0;
}

/// The documented way: one message, the payload copied, the header made by libwebsockets.
bool Server::Impl::write_single(Connection& c) {
    const Frame frame = std::exchange(c.queue[c.queue_head++], nullptr);
    const BytesView payload = payload_of(frame);
    scratch_frames_.clear();
    if (scratch_.size() < LWS_PRE + payload.size()) scratch_.resize(LWS_PRE + payload.size());
    std::copy(payload.begin(), payload.end(),
              reinterpret_cast<std::byte*>(scratch_.data()) + LWS_PRE);
    c.write_bytes = frame->size();
    c.queue_bytes -= frame->size();
    return lws_write(c.wsi, scratch_.data() + LWS_PRE, payload.size(), LWS_WRITE_BINARY) >= 0;
}

// The loop.

/// Runs before and after the loop waits for events: ends the handler's turn and writes what it
/// queued.
void Server::Impl::end_turn() {
    if (std::exchange(turn_used_, false)) handler_.turn_ended();
    // `drained` makes the handler send again: written once more, and then events have their turn.
    for (int round = 0; round < 2 && !(dirty_.empty() && drained_.empty()); ++round) {
        for (const ConnectionId id : std::exchange(dirty_, {})) {
            Connection* c = find(id);
            if (c == nullptr) continue;
            c->dirty = false;
            if (flush(*c)) {
                close_if_flushed(*c);
            } else {
                kill(*c);
            }
        }
        for (const ConnectionId id : std::exchange(drained_, {})) {
            Connection* c = find(id);
            if (c == nullptr || c->closing || c->lws_closes) continue;
            turn_used_ = true;
            handler_.drained(id);
        }
    }
    scratch_frames_.clear();
    if (turn_used_ || !dirty_.empty() || !drained_.empty()) poke();
    if (stopping_ && (live_.empty() || now_ms() >= stop_by_ms_)) uv_stop(&loop_);
}

void Server::Impl::on_async() {
    if (stop_asked_.load()) begin_stop();
    if (woken_.exchange(false)) {
        turn_used_ = true;
        handler_.woken();
    }
}

void Server::Impl::on_tick() {
    const std::int64_t now = now_ms();
    if (!accepting_ && !stopping_) {
        accepting_ = true;
        uv_poll_start(&accept_, UV_READABLE,
                      [](uv_poll_t* h, int, int) { static_cast<Impl*>(h->data)->accept_ready(); });
    }
    enforce_deadlines(now);
    audit(now);
    turn_used_ = true;
    handler_.tick(now);
}

void Server::Impl::enforce_deadlines(std::int64_t now) {
    for (; !promote_by_.empty() && promote_by_.front().at_ms <= now; promote_by_.pop_front()) {
        Connection* c = find(promote_by_.front().id);
        if (c != nullptr && !c->promoted) refuse(*c, close_policy, "no hello in time");
    }
    for (; !close_by_.empty() && close_by_.front().at_ms <= now; close_by_.pop_front()) {
        Connection* c = find(close_by_.front().id);
        if (c != nullptr && !c->lws_closes) kill(*c);
    }
}

/// libwebsockets answers pings by itself and tells nobody, so a flood of control frames shows only
/// as bytes read from the socket that were no message's. Looks at every connection about once in
/// five seconds.
void Server::Impl::audit(std::int64_t now) {
    if (!options_.tls_certificate_file.empty()) return;
    constexpr std::size_t ticks_a_round = 50;
    for (std::size_t n = (live_.size() + ticks_a_round - 1) / ticks_a_round; n > 0; --n) {
        audit_next_ = audit_next_ + 1 < live_.size() ? audit_next_ + 1 : 0;
        Connection& c = *find(live_[audit_next_]);
        const std::int64_t elapsed_ms = now - c.audit_ms;
        if (elapsed_ms < audit_every_ms || c.closing || c.lws_closes) continue;
        const std::uint64_t socket_bytes = bytes_read_from(lws_get_socket_fd(c.wsi));
        const std::uint64_t read = socket_bytes - std::min(socket_bytes, c.socket_bytes_audited);
        const std::uint64_t data = c.data_bytes - c.data_bytes_audited;
        c.audit_ms = now;
        c.socket_bytes_audited = socket_bytes;
        c.data_bytes_audited = c.data_bytes;
        const auto seconds = static_cast<std::uint64_t>(elapsed_ms) / 1000;
        const std::uint64_t allowed =
            options_.control_bytes_burst + options_.control_bytes_per_second_max * seconds;
        if (read > data && read - data > allowed)
            refuse(c, close_policy, "too many control frames");
    }
}

// From libwebsockets.

int Server::Impl::event(lws* wsi, lws_callback_reasons reason, const void* in, std::size_t length) {
    const auto* peer = static_cast<const Peer*>(lws_get_opaque_user_data(wsi));
    Connection* const c = peer == nullptr ? nullptr : peer->connection;
    switch (reason) {
        case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
            return confirm_upgrade(wsi, options_, listener_.loopback);
        case LWS_CALLBACK_HTTP: return answer_http(wsi, {static_cast<const char*>(in), length});
        case LWS_CALLBACK_HTTP_WRITEABLE: return send_file(wsi);
        case LWS_CALLBACK_ESTABLISHED: opened(wsi); return 0;
        case LWS_CALLBACK_RECEIVE:
            if (c != nullptr) received(*c, {static_cast<const std::byte*>(in), length});
            return 0;
        case LWS_CALLBACK_SERVER_WRITEABLE: return c == nullptr ? 0 : writable(*c);
        case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        case LWS_CALLBACK_WS_SERVER_DROP_PROTOCOL:
            // A close frame goes out next and nothing may follow it.
            if (c != nullptr) c->lws_closes = true;
            return 0;
        case LWS_CALLBACK_CLOSED:
            if (c != nullptr) closed(*c);
            return 0;
        case LWS_CALLBACK_WSI_DESTROY: peer_gone(wsi); return 0;
        default: return 0;
    }
}

int Server::Impl::lws_event(lws* wsi, lws_callback_reasons reason, void* user, void* in,
                            std::size_t length) noexcept {
    switch (reason) {
        case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        case LWS_CALLBACK_HTTP:
        case LWS_CALLBACK_HTTP_WRITEABLE:
        case LWS_CALLBACK_ESTABLISHED:
        case LWS_CALLBACK_RECEIVE:
        case LWS_CALLBACK_SERVER_WRITEABLE:
        case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        case LWS_CALLBACK_WS_SERVER_DROP_PROTOCOL:
        case LWS_CALLBACK_CLOSED:
        case LWS_CALLBACK_WSI_DESTROY:
            return static_cast<Impl*>(lws_context_user(lws_get_context(wsi)))
                ->event(wsi, reason, in, length);
        case LWS_CALLBACK_ADD_HEADERS:
        case LWS_CALLBACK_FILTER_HTTP_CONNECTION:
        case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION: return 0;
        default: return lws_callback_http_dummy(wsi, reason, user, in, length);
    }
}

Server::Server(Options options, Handler& handler)
    : impl_(std::make_unique<Impl>(std::move(options), handler)) {}
Server::~Server() = default;
Result<> Server::listen() { return impl_->listen(); }
void Server::run() { impl_->run(); }
void Server::stop() { impl_->stop(); }
void Server::wake() { impl_->wake(); }
void Server::send(ConnectionId connection, Frame frame) {
    impl_->send(connection, std::move(frame));
}
std::size_t Server::queued_bytes(ConnectionId connection) const {
    return impl_->queued_bytes(connection);
}
void Server::promote(ConnectionId connection) { impl_->promote(connection); }
void Server::close(ConnectionId connection, std::uint16_t code, std::string reason) {
    impl_->close(connection, code, std::move(reason));
}
std::uint16_t Server::port() const { return impl_->port(); }
std::size_t Server::connection_count() const { return impl_->connection_count(); }

}  // namespace syncline::relay::net

#include "net/websocket_client.hpp"

#include <libwebsockets.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <deque>
#include <fstream>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace syncline::client::net {
namespace {

/// A control frame holds 125 bytes, two of them the code.
constexpr std::size_t close_reason_bytes_max = 123;
/// Received bytes come in pieces of at most this size.
constexpr std::size_t receive_bytes = 64 << 10;

/// Its log is global to the process; ours reports through Listener::disconnected instead.
void silence_log() {
    static std::once_flag once;
    std::call_once(once, [] { lws_set_log_level(0, [](int, const char*) {}); });
}

bool holds_certificates(const std::string& path) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);)
        if (line.find("-----BEGIN CERTIFICATE-----") != std::string::npos) return true;
    return false;
}

std::string quoted_close(const void* in, std::size_t size) {
    const auto* bytes = static_cast<const unsigned char*>(in);
    if (in == nullptr || size < 2) return "without a reason";
    std::string text = std::to_string((unsigned{bytes[0]} << 8) | bytes[1]);
    if (size > 2) text += " " + std::string(reinterpret_cast<const char*>(bytes) + 2, size - 2);
    return text;
}

}  // namespace

/// Turns libwebsockets callbacks into Listener calls. Each connect gets a number, carried by its
/// wsi; callbacks of a connection that was given up carry an old one and are answered with "close".
class WebSocketClient::Driver {
public:
    explicit Driver(WebSocketOptions options) : options_(std::move(options)) {
        user_timer_.driver = deadline_.driver = this;
    }
    ~Driver() { stop(); }
    Driver(const Driver&) = delete;
    Driver& operator=(const Driver&) = delete;

    Result<> start(Listener& listener);
    void stop();
    bool post(std::function<void()> work);
    [[nodiscard]] bool on_loop() const { return std::this_thread::get_id() == thread_.get_id(); }
    Result<> connect(const Endpoint& endpoint);
    Result<> send(Bytes message);
    void close(std::uint16_t code, std::string_view reason);
    [[nodiscard]] std::size_t queued_bytes() const { return queued_bytes_ + buffered_bytes_; }
    void set_timer(std::chrono::milliseconds delay) { schedule(user_timer_, delay, on_user_timer); }
    void cancel_timer() { lws_sul_cancel(&user_timer_.sul); }

private:
    enum class State : std::uint8_t { idle, connecting, open, closing, ended };

    struct Timer {
        lws_sorted_usec_list_t sul{};  // first: the callback gets its address
        Driver* driver = nullptr;
    };
    struct Message {
        Bytes bytes;  // LWS_PRE bytes of room for the header, then the message
    };

    static int on_callback(lws* wsi, lws_callback_reasons reason, void* user, void* in,
                           std::size_t size);
    static void on_user_timer(lws_sorted_usec_list_t* sul);
    static void on_deadline(lws_sorted_usec_list_t* sul);
    int on_event(lws* wsi, lws_callback_reasons reason, void* in, std::size_t size);
    int on_receive(lws* wsi, const void* in, std::size_t size);
    int on_writeable();
    int refuse_peer(lws* wsi, lws_close_status status, Error why);
    void on_connection_error(lws* wsi, const void* in, std::size_t size);

    void run();
    void run_posted();
    void deliver_end();
    void schedule(Timer& timer, std::chrono::milliseconds delay, sul_cb_t callback);
    bool write_queued();
    void end(Error why);
    void give_up(Error why);
    // A number in the place lws has for a pointer; nobody follows it.
    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    [[nodiscard]] void* tag() const { return reinterpret_cast<void*>(connection_); }

    WebSocketOptions options_;
    std::string url_;  // of the connection that was asked for last
    Listener* listener_ = nullptr;
    std::thread thread_;

    std::mutex mutex_;  // guards the four below
    lws_context* context_ = nullptr;
    std::vector<std::function<void()>> posted_;
    bool stopping_ = false;
    bool started_ = false;

    // The loop thread's own.
    lws_context* loop_context_ = nullptr;
    lws_protocols protocols_[2] = {};
    lws_retry_bo_t keep_alive_{};
    Timer user_timer_;
    Timer deadline_;  // of the handshake, later of the close
    State state_ = State::idle;
    lws* wsi_ = nullptr;
    std::uintptr_t connection_ = 0;  // the number of the last connect
    std::optional<Error> why_;       // known before the connection is down
    std::uint16_t close_code_ = 0;
    std::string close_reason_;
    Bytes incoming_;
    std::deque<Message> queue_;
    std::size_t queued_bytes_ = 0;
    std::size_t buffered_bytes_ = 0;  // of the message that libwebsockets holds the rest of
};

// ---- Life ----

Result<> WebSocketClient::Driver::start(Listener& listener) {
    const std::lock_guard lock(mutex_);
    if (started_) return fail(ErrorCode::invalid_argument, "the network driver was started before");
    // libwebsockets would start all the same, and then trust nobody.
    if (!options_.ca_file.empty() && !holds_certificates(options_.ca_file))
        return fail(ErrorCode::invalid_argument, "no certificates in " + options_.ca_file);
    silence_log();
    listener_ = &listener;
    protocols_[0].name = subprotocol.data();
    protocols_[0].callback = on_callback;
    protocols_[0].rx_buffer_size = receive_bytes;
    const auto seconds = [](std::chrono::seconds value) {
        return static_cast<std::uint16_t>(std::clamp<std::int64_t>(value.count(), 1, 0x7fff));
    };
    keep_alive_.secs_since_valid_ping = seconds(options_.ping);
    keep_alive_.secs_since_valid_hangup =
        static_cast<std::uint16_t>(seconds(options_.ping) + seconds(options_.pong_wait));

    lws_context_creation_info info{};
    info.port = CONTEXT_PORT_NO_LISTEN;
    info.protocols = protocols_;
    info.gid = -1;
    info.uid = -1;
    info.user = this;
    info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    info.pt_serv_buf_size = receive_bytes;
    info.fd_limit_per_thread = 32;
    info.retry_and_idle_policy = &keep_alive_;
    // Ours ends the attempt first and knows why.
    info.timeout_secs =
        2 +
        static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(options_.handshake).count());
    // The environment's proxy would be used even for the own machine.
    info.http_proxy_address = "";
    if (!options_.ca_file.empty()) info.client_ssl_ca_filepath = options_.ca_file.c_str();
    loop_context_ = lws_create_context(&info);
    if (loop_context_ == nullptr)
        return fail(ErrorCode::invalid_argument, "the network driver cannot start");
    context_ = loop_context_;
    started_ = true;
    thread_ = std::thread([this] { run(); });
    return {};
}

void WebSocketClient::Driver::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        if (context_ != nullptr) lws_cancel_service(context_);
    }
    if (!thread_.joinable()) return;
    assert(!on_loop());
    thread_.join();
}

bool WebSocketClient::Driver::post(std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    posted_.push_back(std::move(work));
    if (context_ != nullptr) lws_cancel_service(context_);
    return true;
}

void WebSocketClient::Driver::run() {
    {
        // `start` is still assigning `thread_` while it holds this.
        const std::lock_guard lock(mutex_);
    }
    for (;;) {
        {
            const std::lock_guard lock(mutex_);
            if (stopping_) break;
        }
        run_posted();
        deliver_end();
        // A wake-up between the lines above and here is in the pipe that this waits on.
        if (lws_service(loop_context_, 0) < 0 && wsi_ != nullptr)
            give_up({ErrorCode::connection_lost, "the network loop failed"});
    }
    std::vector<std::function<void()>> unrun;
    {
        const std::lock_guard lock(mutex_);
        context_ = nullptr;
        unrun.swap(posted_);
    }
    unrun.clear();
    ++connection_;  // what the destruction still reports is of no interest
    cancel_timer();
    lws_sul_cancel(&deadline_.sul);
    lws_context_destroy(loop_context_);
}

void WebSocketClient::Driver::run_posted() {
    std::vector<std::function<void()>> work;
    {
        const std::lock_guard lock(mutex_);
        work.swap(posted_);
    }
    for (auto& each : work) {
        {
            const std::lock_guard lock(mutex_);
            if (stopping_) return;
        }
        each();
        each = nullptr;
    }
}

// ---- Timers ----

void WebSocketClient::Driver::schedule(Timer& timer, std::chrono::milliseconds delay,
                                       sul_cb_t callback) {
    const auto microseconds = std::max<lws_usec_t>(1, std::chrono::microseconds(delay).count());
    lws_sul_schedule(loop_context_, 0, &timer.sul, callback, microseconds);
}

void WebSocketClient::Driver::on_user_timer(lws_sorted_usec_list_t* sul) {
    reinterpret_cast<Timer*>(sul)->driver->listener_->timer();
}

void WebSocketClient::Driver::on_deadline(lws_sorted_usec_list_t* sul) {
    Driver& driver = *reinterpret_cast<Timer*>(sul)->driver;
    if (driver.state_ == State::connecting)
        driver.give_up({ErrorCode::timed_out, "no answer to the handshake in time"});
    else if (driver.state_ == State::closing)
        driver.give_up({ErrorCode::closed, "closed, without an answer from the peer"});
}

// ---- The connection ----

Result<> WebSocketClient::Driver::connect(const Endpoint& endpoint) {
    assert(on_loop());
    if (state_ != State::idle)
        return fail(ErrorCode::invalid_argument, "there is a connection already");
    const bool v6 = endpoint.host.find(':') != std::string::npos;
    const bool tls = endpoint.scheme == Scheme::wss;
    std::string host = v6 ? "[" + endpoint.host + "]" : endpoint.host;
    if (endpoint.port != (tls ? 443 : 80)) host += ":" + std::to_string(endpoint.port);

    lws_client_connect_info info{};
    info.context = loop_context_;
    info.address = endpoint.host.c_str();
    info.port = endpoint.port;
    info.path = endpoint.path.c_str();
    info.host = host.c_str();
    info.protocol = subprotocol.data();
    info.local_protocol_name = subprotocol.data();
    info.ietf_version_or_minus_one = -1;
    info.retry_and_idle_policy = &keep_alive_;
    if (tls) {
        info.ssl_connection = LCCSCF_USE_SSL;
        info.alpn = "http/1.1";
        if (options_.certificate_check == CertificateCheck::off)
            info.ssl_connection |= LCCSCF_ALLOW_SELFSIGNED | LCCSCF_ALLOW_EXPIRED |
                                   LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK | LCCSCF_ALLOW_INSECURE;
    }
    ++connection_;
    info.opaque_user_data = tag();
    state_ = State::connecting;
    url_ = to_url(endpoint);
    why_.reset();
    schedule(deadline_, options_.handshake, on_deadline);
    wsi_ = lws_client_connect_via_info(&info);
    // The callback with the reason may have come from inside that call, or not at all.
    if (wsi_ == nullptr || state_ == State::ended) {
        wsi_ = nullptr;
        if (state_ != State::ended) end({ErrorCode::connection_lost, "cannot connect to " + url_});
    }
    return {};
}

Result<> WebSocketClient::Driver::send(Bytes message) {
    assert(on_loop());
    if (state_ != State::open) return fail(ErrorCode::closed, "there is no connection");
    if (message.size() >
        options_.queue_bytes_max - std::min(queued_bytes(), options_.queue_bytes_max))
        return fail(ErrorCode::too_large, "the queue of outgoing messages is full");
    queued_bytes_ += message.size();
    message.insert(message.begin(), LWS_PRE, std::byte{});
    queue_.push_back({std::move(message)});
    if (!write_queued()) give_up({ErrorCode::connection_lost, "writing to the connection failed"});
    return {};
}

void WebSocketClient::Driver::close(std::uint16_t code, std::string_view reason) {
    assert(on_loop());
    if (state_ == State::connecting) give_up({ErrorCode::closed, "closed before it was open"});
    if (state_ != State::open) return;
    state_ = State::closing;
    close_code_ = code;
    close_reason_ = reason.substr(0, close_reason_bytes_max);
    schedule(deadline_, options_.closing, on_deadline);
    lws_callback_on_writable(wsi_);
}

/// Writes while libwebsockets passes everything straight to the kernel; it has no bound of its own
/// on what it keeps. False: the connection is broken.
bool WebSocketClient::Driver::write_queued() {
    while (!queue_.empty()) {
        if (lws_partial_buffered(wsi_) != 0) {
            lws_callback_on_writable(wsi_);
            return true;
        }
        Message message = std::move(queue_.front());
        queue_.pop_front();
        const std::size_t size = message.bytes.size() - LWS_PRE;
        queued_bytes_ -= size;
        auto* start = reinterpret_cast<unsigned char*>(message.bytes.data()) + LWS_PRE;
        if (lws_write(wsi_, start, size, LWS_WRITE_BINARY) < 0) return false;
        buffered_bytes_ = lws_partial_buffered(wsi_) != 0 ? size : 0;
    }
    if (buffered_bytes_ != 0) lws_callback_on_writable(wsi_);  // to learn when it is gone
    return true;
}

/// The connection is down; the listener hears of it from the loop, not from inside a callback.
void WebSocketClient::Driver::end(Error why) {
    if (state_ == State::idle || state_ == State::ended) return;
    if (!why_) why_ = std::move(why);
    state_ = State::ended;
    wsi_ = nullptr;
    lws_sul_cancel(&deadline_.sul);
    incoming_.clear();
    queue_.clear();
    queued_bytes_ = buffered_bytes_ = 0;
    lws_cancel_service(loop_context_);
}

/// Ends the connection from our side without another word to the peer.
void WebSocketClient::Driver::give_up(Error why) {
    if (state_ == State::idle || state_ == State::ended) return;
    ++connection_;
    if (wsi_ != nullptr) lws_set_timeout(wsi_, PENDING_TIMEOUT_CLOSE_SEND, LWS_TO_KILL_ASYNC);
    end(std::move(why));
}

void WebSocketClient::Driver::deliver_end() {
    if (state_ != State::ended) return;
    state_ = State::idle;
    Error why = std::move(*why_);
    why_.reset();
    listener_->disconnected(std::move(why));
}

// ---- Callbacks ----

int WebSocketClient::Driver::on_callback(lws* wsi, lws_callback_reasons reason, void*, void* in,
                                         std::size_t size) {
    switch (reason) {
        case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        case LWS_CALLBACK_CLIENT_FILTER_PRE_ESTABLISH:
        case LWS_CALLBACK_CLIENT_HTTP_REDIRECT:
        case LWS_CALLBACK_CLIENT_ESTABLISHED:
        case LWS_CALLBACK_CLIENT_RECEIVE:
        case LWS_CALLBACK_CLIENT_WRITEABLE:
        case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        case LWS_CALLBACK_CLIENT_CLOSED: break;
        default: return 0;
    }
    auto& driver = *static_cast<Driver*>(lws_context_user(lws_get_context(wsi)));
    if (lws_get_opaque_user_data(wsi) != driver.tag()) return -1;
    return driver.on_event(wsi, reason, in, size);
}

int WebSocketClient::Driver::on_event(lws* wsi, lws_callback_reasons reason, void* in,
                                      std::size_t size) {
    switch (reason) {
        case LWS_CALLBACK_CLIENT_CONNECTION_ERROR: on_connection_error(wsi, in, size); return 0;
        case LWS_CALLBACK_CLIENT_HTTP_REDIRECT:
            // A relay does not move; following would carry the token to another host.
            why_ = Error{ErrorCode::not_a_relay,
                         url_ + " answered with HTTP status " +
                             std::to_string(lws_http_client_http_response(wsi)) + ", a redirect"};
            return 1;
        case LWS_CALLBACK_CLIENT_FILTER_PRE_ESTABLISH: {
            std::array<char, 64> selected{};
            const int length = lws_hdr_copy(wsi, selected.data(), static_cast<int>(selected.size()),
                                            WSI_TOKEN_PROTOCOL);
            if (length > 0 && std::string_view(selected.data()) == subprotocol) return 0;
            why_ = Error{ErrorCode::not_a_relay,
                         "the peer speaks WebSocket but not " + std::string(subprotocol)};
            return -1;
        }
        case LWS_CALLBACK_CLIENT_ESTABLISHED:
            lws_sul_cancel(&deadline_.sul);
            state_ = State::open;
            wsi_ = wsi;
            listener_->connected();
            return 0;
        case LWS_CALLBACK_CLIENT_RECEIVE: return on_receive(wsi, in, size);
        case LWS_CALLBACK_CLIENT_WRITEABLE: return on_writeable();
        case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
            if (!why_ && state_ == State::open)
                why_ = Error{ErrorCode::connection_lost,
                             "the peer closed the connection: " + quoted_close(in, size)};
            return 0;
        default:  // LWS_CALLBACK_CLIENT_CLOSED
            end(state_ == State::closing
                    ? Error{ErrorCode::closed, "closed"}
                    : Error{ErrorCode::connection_lost, "the connection was lost"});
            return 0;
    }
}

void WebSocketClient::Driver::on_connection_error(lws* wsi, const void* in, std::size_t size) {
    const std::string text =
        in == nullptr ? std::string("no details") : std::string(static_cast<const char*>(in), size);
    const unsigned status = lws_http_client_http_response(wsi);
    // "HS:" marks what it finds wrong with the answer to the handshake.
    if (status != 0 && status != 101)
        end({ErrorCode::not_a_relay, url_ + " answered with HTTP status " + std::to_string(status) +
                                         " and not as a WebSocket server"});
    else if (status == 101 || text.compare(0, 3, "HS:") == 0)
        end({ErrorCode::not_a_relay, url_ + " is no WebSocket server: " + text});
    else
        end({ErrorCode::connection_lost, "cannot connect to " + url_ + ": " + text});
}

int WebSocketClient::Driver::on_receive(lws* wsi, const void* in, std::size_t size) {
    if (state_ != State::open) return 0;
    if (lws_frame_is_binary(wsi) == 0) {
        return refuse_peer(wsi, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE,
                           {ErrorCode::malformed, "the peer sent text"});
    }
    const std::size_t remaining = lws_remaining_packet_payload(wsi);
    if (remaining > options_.message_bytes_max ||
        incoming_.size() + size > options_.message_bytes_max - remaining) {
        return refuse_peer(
            wsi, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE,
            {ErrorCode::too_large, "the peer sent a message above the limit of " +
                                       std::to_string(options_.message_bytes_max) + " bytes"});
    }
    const auto* bytes = static_cast<const std::byte*>(in);
    incoming_.insert(incoming_.end(), bytes, bytes + size);
    if (remaining != 0 || lws_is_final_fragment(wsi) == 0) return 0;
    listener_->received(std::exchange(incoming_, {}));
    return 0;
}

/// Closes with `status` because of what the peer sent; its answer is awaited no longer than for
/// `close`.
int WebSocketClient::Driver::refuse_peer(lws* wsi, lws_close_status status, Error why) {
    why_ = std::move(why);
    state_ = State::closing;
    schedule(deadline_, options_.closing, on_deadline);
    lws_close_reason(wsi, status, nullptr, 0);
    return -1;
}

int WebSocketClient::Driver::on_writeable() {
    if (state_ != State::open && state_ != State::closing) return 0;
    if (lws_partial_buffered(wsi_) == 0) buffered_bytes_ = 0;
    if (!write_queued()) {
        why_ = Error{ErrorCode::connection_lost, "writing to the connection failed"};
        return -1;
    }
    if (state_ != State::closing || !queue_.empty() || buffered_bytes_ != 0) return 0;
    std::array<unsigned char, close_reason_bytes_max> reason{};
    std::memcpy(reason.data(), close_reason_.data(), close_reason_.size());
    lws_close_reason(wsi_, static_cast<lws_close_status>(close_code_), reason.data(),
                     close_reason_.size());
    return -1;
}

// ---- The face ----

WebSocketClient::WebSocketClient(WebSocketOptions options)
    : driver_(std::make_unique<Driver>(std::move(options))) {}
WebSocketClient::~WebSocketClient() = default;
Result<> WebSocketClient::start(Listener& listener) { return driver_->start(listener); }
void WebSocketClient::stop() { driver_->stop(); }
bool WebSocketClient::post(std::function<void()> work) { return driver_->post(std::move(work)); }
bool WebSocketClient::on_own_thread() const { return driver_->on_loop(); }
Result<> WebSocketClient::connect(const Endpoint& endpoint) { return driver_->connect(endpoint); }
Result<> WebSocketClient::send(Bytes message) { return driver_->send(std::move(message)); }
void WebSocketClient::close(std::uint16_t code, std::string_view reason) {
    driver_->close(code, reason);
}
std::size_t WebSocketClient::queued_bytes() const { return driver_->queued_bytes(); }
void WebSocketClient::set_timer(std::chrono::milliseconds delay) { driver_->set_timer(delay); }
void WebSocketClient::cancel_timer() { driver_->cancel_timer(); }

}  // namespace syncline::client::net

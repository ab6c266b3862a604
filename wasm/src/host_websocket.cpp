// net/websocket_client.hpp over the host's sockets and timers. One thread: `post` queues work that
// run_posted() runs, and `stop` waits for nobody.

#include "host.hpp"
#include "host_loop.hpp"
#include "net/websocket_client.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

namespace syncline::client::net {

class WebSocketClient::Driver final : private wasm::HostDriver {
public:
    explicit Driver(WebSocketOptions options) : options_(std::move(options)) {}
    ~Driver() override { stop(); }

    Result<> start(Listener& listener);
    void stop();
    bool post(std::function<void()> work);
    Result<> connect(const Endpoint& endpoint);
    Result<> send(Bytes message);
    void close(std::uint16_t code, std::string_view reason);
    [[nodiscard]] std::size_t queued_bytes() const;
    void set_timer(std::chrono::milliseconds delay);
    void cancel_timer() { host_timer_set(user_timer(), -1); }

private:
    enum class State : std::uint8_t { idle, connecting, open, closing, ended };

    void on_opened() override;
    void on_received(Bytes message) override;
    void on_closed(wasm::SocketEnd end, std::string_view why) override;
    void on_timer(int timer) override;
    bool run_next() override;

    [[nodiscard]] int user_timer() const { return timer(0); }
    /// Of the handshake, later of the close.
    [[nodiscard]] int deadline() const { return timer(1); }
    void end(Error why);
    void give_up(Error why);

    WebSocketOptions options_;
    Listener* listener_ = nullptr;
    bool stopped_ = false;
    std::deque<std::function<void()>> posted_;
    State state_ = State::idle;
    std::string url_;
    std::optional<Error> why_;  ///< known before the connection is down
};

// ---- Life ----

Result<> WebSocketClient::Driver::start(Listener& listener) {
    if (listener_ != nullptr)
        return fail(ErrorCode::invalid_argument, "the network driver was started before");
    listener_ = &listener;
    join();
    return {};
}

void WebSocketClient::Driver::stop() {
    if (stopped_) return;
    stopped_ = true;
    if (listener_ == nullptr) return;
    give_up({ErrorCode::closed, "stopped"});
    cancel_timer();
    posted_.clear();
    leave();
}

bool WebSocketClient::Driver::post(std::function<void()> work) {
    if (stopped_) return false;
    posted_.push_back(std::move(work));
    return true;
}

bool WebSocketClient::Driver::run_next() {
    // The listener hears of an end from here, not from inside a call of the driver.
    if (state_ == State::ended) {
        state_ = State::idle;
        listener_->disconnected(*std::exchange(why_, std::nullopt));
        return true;
    }
    if (posted_.empty()) return false;
    const auto work = std::move(posted_.front());
    posted_.pop_front();
    work();
    return true;
}

// ---- The connection ----

Result<> WebSocketClient::Driver::connect(const Endpoint& endpoint) {
    if (state_ != State::idle)
        return fail(ErrorCode::invalid_argument, "there is a connection already");
    const int socket = take_socket();
    state_ = State::connecting;
    why_.reset();
    url_ = to_url(endpoint);
    host_timer_set(deadline(), static_cast<double>(options_.handshake.count()));
    const int begun = host_socket_open(socket, url_.data(), static_cast<int>(url_.size()),
                                       subprotocol.data(), static_cast<int>(subprotocol.size()));
    if (begun < 0) end({ErrorCode::connection_lost, "cannot connect to " + url_});
    return {};
}

Result<> WebSocketClient::Driver::send(Bytes message) {
    if (state_ != State::open) return fail(ErrorCode::closed, "there is no connection");
    if (message.size() >
        options_.queue_bytes_max - std::min(queued_bytes(), options_.queue_bytes_max))
        return fail(ErrorCode::too_large, "the queue of outgoing messages is full");
    if (host_socket_send(socket(), message.data(), static_cast<int>(message.size())) < 0)
        give_up({ErrorCode::connection_lost, "writing to the connection failed"});
    return {};
}

void WebSocketClient::Driver::close(std::uint16_t code, std::string_view reason) {
    if (state_ == State::connecting) give_up({ErrorCode::closed, "closed before it was open"});
    if (state_ != State::open) return;
    constexpr std::size_t reason_bytes_max = 123;  // of a control frame
    reason = reason.substr(0, reason_bytes_max);
    state_ = State::closing;
    host_timer_set(deadline(), static_cast<double>(options_.closing.count()));
    host_socket_close(socket(), code, reason.data(), static_cast<int>(reason.size()));
}

std::size_t WebSocketClient::Driver::queued_bytes() const {
    if (state_ != State::open && state_ != State::closing) return 0;
    return static_cast<std::size_t>(std::max(0.0, host_socket_queued(socket())));
}

void WebSocketClient::Driver::set_timer(std::chrono::milliseconds delay) {
    host_timer_set(user_timer(), static_cast<double>(std::max<std::int64_t>(delay.count(), 1)));
}

void WebSocketClient::Driver::end(Error why) {
    if (state_ == State::idle || state_ == State::ended) return;
    if (!why_) why_ = std::move(why);
    state_ = State::ended;
    host_timer_set(deadline(), -1);
}

/// Ends the connection from our side without another word to the peer.
void WebSocketClient::Driver::give_up(Error why) {
    if (state_ == State::idle || state_ == State::ended) return;
    host_socket_close(socket(), 0, nullptr, 0);
    end(std::move(why));
}

// ---- Events ----

void WebSocketClient::Driver::on_opened() {
    if (state_ != State::connecting) return;
    host_timer_set(deadline(), -1);
    state_ = State::open;
    listener_->connected();
}

void WebSocketClient::Driver::on_received(Bytes message) {
    if (state_ != State::open) return;
    if (message.size() > options_.message_bytes_max) {
        give_up({ErrorCode::too_large, "the peer sent a message above the limit of " +
                                           std::to_string(options_.message_bytes_max) + " bytes"});
        return;
    }
    listener_->received(std::move(message));
}

void WebSocketClient::Driver::on_closed(wasm::SocketEnd kind, std::string_view why) {
    if (state_ == State::closing) return end({ErrorCode::closed, "closed"});
    const std::string told(why);
    switch (kind) {
        case wasm::SocketEnd::lost: break;
        case wasm::SocketEnd::not_a_relay: return end({ErrorCode::not_a_relay, told});
        case wasm::SocketEnd::malformed: return end({ErrorCode::malformed, told});
    }
    end({ErrorCode::connection_lost, state_ == State::connecting
                                         ? "cannot connect to " + url_ + ": " + told
                                         : "the connection was lost: " + told});
}

void WebSocketClient::Driver::on_timer(int timer) {
    if (timer == user_timer()) return listener_->timer();
    if (state_ == State::connecting) {
        give_up({ErrorCode::timed_out, "no answer to the handshake in time"});
    } else if (state_ == State::closing) {
        give_up({ErrorCode::closed, "closed, without an answer from the peer"});
    }
}

// ---- The face ----

WebSocketClient::WebSocketClient(WebSocketOptions options)
    : driver_(std::make_unique<Driver>(std::move(options))) {}
WebSocketClient::~WebSocketClient() = default;
Result<> WebSocketClient::start(Listener& listener) { return driver_->start(listener); }
void WebSocketClient::stop() { driver_->stop(); }
bool WebSocketClient::post(std::function<void()> work) { return driver_->post(std::move(work)); }
bool WebSocketClient::on_own_thread() const { return false; }
Result<> WebSocketClient::connect(const Endpoint& endpoint) { return driver_->connect(endpoint); }
Result<> WebSocketClient::send(Bytes message) { return driver_->send(std::move(message)); }
void WebSocketClient::close(std::uint16_t code, std::string_view reason) {
    driver_->close(code, reason);
}
std::size_t WebSocketClient::queued_bytes() const { return driver_->queued_bytes(); }
void WebSocketClient::set_timer(std::chrono::milliseconds delay) { driver_->set_timer(delay); }
void WebSocketClient::cancel_timer() { driver_->cancel_timer(); }

}  // namespace syncline::client::net

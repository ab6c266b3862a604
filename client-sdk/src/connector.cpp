#include "connector.hpp"

#include <algorithm>
#include <utility>

namespace syncline::client {

namespace {
constexpr std::uint16_t normal_closure = 1000;
}  // namespace

Connector::Connector(std::mutex& lock, StoreCore& core, PresenceBook& presence,
                     ConnectorOwner& owner, ConnectOptions options, net::Endpoint endpoint,
                     std::function<std::uint64_t()> now_ms, RandomSource random)
    : lock_(lock),
      core_(core),
      presence_(presence),
      owner_(owner),
      options_(std::move(options)),
      endpoint_(std::move(endpoint)),
      now_ms_(std::move(now_ms)),
      random_(std::move(random)),
      socket_([&] {
          net::WebSocketOptions socket;
          socket.ping = options_.keep_alive;
          socket.ca_file = options_.ca_file;
          return socket;
      }()) {}

Connector::~Connector() { stop(); }

Result<> Connector::start(std::string token) {
    token_ = std::move(token);
    if (auto started = socket_.start(*this); !started) return started;
    socket_.post([this] { connect_now(); });
    return {};
}

void Connector::stop() { socket_.stop(); }

void Connector::notify(std::string space) {
    socket_.post([this, name = std::move(space)] {
        if (session_ == nullptr) return;
        finish([&] {
            auto opened = core_.space(name);
            if (!opened) return ClientEffects{};
            return session_->knows(name) ? session_->changed(name, now_ms_())
                                         : session_->add(**opened, now_ms_());
        });
    });
}

void Connector::notify_presence() {
    socket_.post([this] {
        if (session_ == nullptr || ending_) return;
        finish([&] { return session_->presence_changed(now_ms_()); });
        set_tick();
    });
}

void Connector::set_token(std::string token) {
    socket_.post([this, token = std::move(token)]() mutable {
        if (token == token_) return;
        token_ = std::move(token);
        if (options_.token) return;
        if (waiting_to_retry_) {
            failures_ = 0;
            connect_now();
        } else if (session_ != nullptr && !ending_) {
            renew(token_);
        }
    });
}

std::uint64_t Connector::relay_now_ms() {
    const std::lock_guard guard(lock_);
    return core_.now_ms();
}

/// Gives the relay a token, if it is another one than it has.
void Connector::renew(std::string token) {
    const std::uint64_t now_ms = relay_now_ms();
    if (token.empty() || token == renewal_.token()) return renewal_.asked(now_ms);
    renewal_.use(token, now_ms);
    finish([&] { return session_->renew(std::move(token)); });
}

void Connector::set_tick() {
    if (session_ == nullptr || ending_) return;
    std::uint64_t in_ms = 0;
    {
        const std::lock_guard guard(lock_);
        in_ms = session_->tick_in_ms(now_ms_());
    }
    socket_.set_timer(std::chrono::milliseconds(std::max<std::uint64_t>(in_ms, 1)));
}

void Connector::connect_now() {
    waiting_to_retry_ = false;
    {
        const std::lock_guard guard(lock_);
        owner_.connection_changed(SyncStatus::Connection::connecting, std::nullopt, false);
    }
    owner_.dispatch();
    if (auto begun = socket_.connect(endpoint_); !begun) disconnected(begun.error());
}

void Connector::connected() {
    ClientSession::Options options;
    options.token = fresh_token();
    renewal_.use(options.token, relay_now_ms());
    finish([&] {
        ClientEffects effects;
        auto nonce = core_.next_nonce();
        if (!nonce) {
            effects.close = ClientEffects::Ending{nonce.error(), true, 0};
            return effects;
        }
        options.replica = core_.replica();
        options.nonce = *nonce;
        options.leaving = claims_ > 0;
        options.presence = &presence_;
        session_ = std::make_unique<ClientSession>(std::move(options));
        effects = session_->connected(now_ms_());
        if (auto spaces = core_.spaces()) {
            for (SpaceReplica* space : *spaces) (void)session_->add(*space, now_ms_());
        } else {
            effects.close = ClientEffects::Ending{spaces.error(), true, 0};
        }
        return effects;
    });
    set_tick();
}

void Connector::received(Bytes message) {
    if (session_ == nullptr || ending_) return;
    finish([&] { return session_->received(message, now_ms_()); });
}

void Connector::timer() {
    if (waiting_to_retry_) return connect_now();
    if (session_ == nullptr) return;
    finish([&] { return session_->tick(now_ms_()); });
    // Asked without any lock: an app's function may take its time.
    if (session_ != nullptr && !ending_ && renewal_.due(relay_now_ms())) renew(fresh_token());
    set_tick();
}

/// Runs one step of the session under the store's lock, then does what it asks for, then tells the
/// app, without the lock.
void Connector::finish(const std::function<ClientEffects()>& step) {
    ClientEffects effects;
    {
        const std::lock_guard guard(lock_);
        effects = step();
        for (ClientEvent& event : effects.events) {
            if (const auto* welcomed = std::get_if<client_event::Welcomed>(&event)) {
                (void)core_.set_clock_offset_ms(welcomed->offset_ms);
                owner_.connection_changed(SyncStatus::Connection::connected, std::nullopt, false);
            }
            // Only what was of use ends the back-off: a relay that welcomes and then hangs up must
            // not be asked four times a second.
            const bool useful = std::holds_alternative<client_event::InSync>(event) ||
                                std::holds_alternative<client_event::Accepted>(event) ||
                                std::holds_alternative<client_event::Changed>(event);
            if (useful) failures_ = 0;
            owner_.session_event(std::move(event));
        }
        if (effects.identity != ClientEffects::Identity::keep) {
            if (auto changed = change_identity(effects.identity); !changed) {
                effects.close = ClientEffects::Ending{changed.error(), true, 0};
            }
        }
    }
    effects.events.clear();
    carry_out(std::move(effects));
    owner_.dispatch();
}

Result<> Connector::change_identity(ClientEffects::Identity how) {
    const bool claims = how == ClientEffects::Identity::claim;
    claims_ = claims ? claims_ + 1 : 0;
    at_once_ = claims_ <= 1;
    // Copies that all leave must not take the id from each other as fast as they can. What is
    // useful ends the back-off, but not this one.
    failures_ = std::max(failures_, claims_);
    return claims ? core_.claim_identity(claims_) : core_.take_new_identity();
}

void Connector::carry_out(ClientEffects effects) {
    for (Bytes& frame : effects.send) {
        if (auto sent = socket_.send(std::move(frame)); !sent && !effects.close) {
            effects.close = ClientEffects::Ending{sent.error(), true, 0};
        }
    }
    if (effects.close && !ending_) {
        ending_ = std::move(effects.close);
        socket_.close(normal_closure, name_of(ending_->error.code));
    }
}

void Connector::disconnected(Error why) {
    session_.reset();
    ClientEffects::Ending ending =
        ending_ ? *ending_ : ClientEffects::Ending{std::move(why), true, 0};
    const ErrorCode code = ending.error.code;
    const bool by_token = code == ErrorCode::token_expired || code == ErrorCode::unauthorized;
    // Without a function to ask, only the app can bring a newer token, and it knows when it does.
    const bool newer = by_token && !options_.token && token_ != renewal_.token();
    const bool parked = code == ErrorCode::token_expired && !options_.token && !newer;
    if (parked) ending.retryable = false;
    const bool at_once = std::exchange(at_once_, false) || newer;
    ending_.reset();
    {
        const std::lock_guard guard(lock_);
        owner_.connection_changed(SyncStatus::Connection::offline,
                                  at_once ? std::nullopt : std::optional(ending.error),
                                  !ending.retryable);
    }
    owner_.dispatch();
    if (at_once) {
        waiting_to_retry_ = true;
        socket_.set_timer(std::chrono::milliseconds(1));
    } else if (parked) {
        waiting_to_retry_ = true;  // for set_token
    } else {
        schedule_retry(ending.retry_after_ms);
    }
}

/// Full jitter: anywhere between 0 and the current ceiling, so that a thousand devices do not come
/// back in one moment.
void Connector::schedule_retry(std::uint64_t at_least_ms) {
    const auto most = static_cast<std::uint64_t>(options_.backoff_max.count());
    const auto least = static_cast<std::uint64_t>(options_.backoff_min.count());
    const std::uint64_t ceiling = std::min(most, least << std::min(failures_, 20U));
    ++failures_;
    // A relay that names a time has spread its clients already.
    const std::uint64_t spread = std::max(ceiling, at_least_ms / 4);
    const std::uint64_t jitter = random_u64(random_) % (spread + 1);
    waiting_to_retry_ = true;
    socket_.set_timer(std::chrono::milliseconds(at_least_ms + jitter));
}

}  // namespace syncline::client

#include "app/relay_process.hpp"

#include <cassert>

namespace syncline::relay {
namespace {

constexpr std::uint64_t refused_retry_ms = 1'000;
constexpr std::chrono::milliseconds hub_tick{1'000};
/// 1011 (RFC 6455 §7.4.1): the server met a condition that keeps it from going on.
constexpr std::uint16_t close_internal_error = 1011;

std::uint64_t wall_ms() {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                          std::chrono::system_clock::now().time_since_epoch())
                                          .count());
}

}  // namespace

RelayProcess::RelayProcess(Options options, RelayEngine& engine, Metrics& metrics, Log& log)
    : options_(std::move(options)),
      metrics_(metrics),
      log_(log),
      server_(
          [&] {
              net::Options net = options_.net;
              net.log = [this](net::LogLevel level, std::string_view line) {
                  if (level == net::LogLevel::error) {
                      log_.error("transport", {{"message", line}});
                  } else {
                      log_.warning("transport", {{"message", line}});
                  }
              };
              return net;
          }(),
          *this),
      store_(engine, metrics, options_.store, [this] { server_.wake(); }),
      hub_(
          *this,
          [this](const std::string& token, std::uint64_t now_ms) {
              return tokens_.check(token, now_ms);
          },
          RelaySession::Limits{}) {}

RelayProcess::~RelayProcess() {
    store_.abandon();
    store_.join();
}

Result<> RelayProcess::listen() {
    if (!options_.keys.empty()) {
        auto verifier = load_keys(options_.keys, options_.requirements);
        if (!verifier) return tl::unexpected(verifier.error());
        tokens_ = TokenCheck(std::move(*verifier), options_.requirements.leeway_s);
    }
    return server_.listen();
}

Result<> RelayProcess::run() {
    store_.start();
    server_.run();
    store_.abandon();
    store_.join();
    if (failure_) return tl::unexpected(*failure_);
    return {};
}

void RelayProcess::stop() {
    stop_asked_ = true;
    server_.wake();
}

void RelayProcess::reload() {
    reload_asked_ = true;
    server_.wake();
}

void RelayProcess::reload_keys() {
    if (options_.keys.empty()) return;
    auto verifier = load_keys(options_.keys, options_.requirements);
    if (verifier) {
        tokens_.replace(std::move(*verifier));
        log_.info("keys_reloaded", {{"keys", std::uint64_t{options_.keys.size()}}});
    } else {
        log_.error("keys_not_reloaded", {{"message", verifier.error().message}});
    }
}

// ---- What the network says ----

void RelayProcess::opened(net::ConnectionId connection, const net::PeerInfo& peer) {
    connections_.insert(connection);
    hub_.connected(connection);
    log_.debug("connected",
               {{"connection", connection}, {"address", peer.address}, {"origin", peer.origin}});
    if (phase_ != Phase::serving) server_.close(connection, close_code::going_away, "draining");
}

void RelayProcess::received(net::ConnectionId connection, Bytes message) {
    metrics_.received(message.size());
    if (phase_ == Phase::serving) hub_.received(connection, message, wall_ms());
}

void RelayProcess::drained(net::ConnectionId connection) { hub_.drained(connection); }

void RelayProcess::closed(net::ConnectionId connection) {
    hub_.disconnected(connection);
    connections_.erase(connection);
    log_.debug("disconnected", {{"connection", connection}});
}

net::HttpResponse RelayProcess::get(const net::HttpRequest& request) {
    const std::string_view path = request.path;
    if (path == "/healthz") return {200, "text/plain; charset=utf-8", "ok\n"};
    if (path == "/readyz") {
        const bool ready = phase_ == Phase::serving && !store_.ended();
        return {ready ? 200U : 503U, "text/plain; charset=utf-8", ready ? "ready\n" : "draining\n"};
    }
    if (path == "/metrics") {
        return {200, "text/plain; version=0.0.4; charset=utf-8",
                metrics_.text({hub_.connections(),
                               hub_.subscriptions(),
                               hub_.deliveries(),
                               store_.queued_requests(),
                               store_.queued_bytes(),
                               {hub_.presence().entries(), hub_.presence().received(),
                                hub_.presence_deliveries(), hub_.presence().dropped()}})};
    }
    return options_.files.answer(request).value_or(net::HttpResponse{});
}

void RelayProcess::woken() {
    if (reload_asked_.exchange(false)) reload_keys();
    const bool ended = store_.ended();  // before take(), so that nothing it answered is missed
    const std::vector<RelayReply> replies = store_.take();
    for (const RelayReply& reply : replies) {
        const auto* answer = std::get_if<relay_reply::Answer>(&reply);
        const auto* failure =
            answer == nullptr ? nullptr : std::get_if<wire::Failure>(&answer->message);
        if (failure != nullptr && failure->code == ErrorCode::storage_corrupt) {
            log_.error("space_damaged",
                       {{"tenant", answer->space.tenant}, {"space", answer->space.name}});
        }
    }
    hub_.deliver(replies, wall_ms());
    if (stop_asked_ && phase_ == Phase::serving) begin_drain();
    if (!ended || phase_ == Phase::stopping) return;
    failure_ = store_.failure();
    if (failure_) {
        // What is not answered must not be: the peers come back, to a relay that has read its file
        // anew.
        log_.error("storage_failed",
                   {{"code", name_of(failure_->code)}, {"message", failure_->message}});
        for (const ConnectionId connection : connections_)
            server_.close(connection, close_internal_error, "storage");
    }
    end_drain();
}

void RelayProcess::tick(std::int64_t) {
    const auto now = std::chrono::steady_clock::now();
    if (now - hub_ticked_ >= hub_tick) {
        hub_ticked_ = now;
        if (phase_ == Phase::serving) hub_.tick(wall_ms());
    }
    if (phase_ == Phase::serving) hub_.tell_presence(wall_ms());
    if (phase_ == Phase::draining && drain_until_ && now >= *drain_until_) {
        log_.warning("drain_timed_out", {{"requests", std::uint64_t{store_.queued_requests()}}});
        end_drain();
    }
}

void RelayProcess::turn_ended() {
    if (submitted_.empty()) return;
    std::vector<RelayRequest> submitted;
    submitted.swap(submitted_);
    answer_refused(store_.push(std::move(submitted)));
}

/// The store's queue is full. Everything that comes behind in the same chain is a gap, so refusing
/// one push refuses the rest.
void RelayProcess::answer_refused(const std::vector<RelayRequest>& refused) {
    if (refused.empty()) return;
    std::vector<RelayReply> replies;
    const auto answer = [&](ConnectionId connection, const SpaceKey& space,
                            std::size_t push_bytes = 0) {
        metrics_.turned_away();
        replies.push_back(relay_reply::Answer{connection, space,
                                              wire::Failure{space.name,
                                                            ErrorCode::rate_limited,
                                                            "the relay has more work than it "
                                                            "holds",
                                                            true,
                                                            refused_retry_ms,
                                                            {}},
                                              push_bytes});
    };
    for (const RelayRequest& request : refused) {
        if (const auto* push = std::get_if<relay_request::Push>(&request)) {
            answer(push->connection, push->space, push->bytes);
        } else if (const auto* open = std::get_if<relay_request::Open>(&request)) {
            answer(open->connection, open->space);
        }
    }
    log_.warning("store_queue_full", {{"refused", std::uint64_t{refused.size()}}});
    hub_.deliver(replies, wall_ms());
}

// ---- Stopping ----

void RelayProcess::begin_drain() {
    phase_ = Phase::draining;
    drain_until_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(options_.drain_ms);
    log_.info("draining", {{"connections", std::uint64_t{connections_.size()}},
                           {"requests", std::uint64_t{store_.queued_requests()}}});
    std::uniform_int_distribution<std::uint64_t> after(options_.go_away_least_ms,
                                                       options_.go_away_most_ms);
    for (const ConnectionId connection : connections_) {
        server_.send(connection, net::make_frame(wire::encode(wire::GoAway{after(jitter_)})));
    }
    turn_ended();
    store_.finish();
}

void RelayProcess::end_drain() {
    phase_ = Phase::stopping;
    server_.stop();
}

// ---- What the hub wants ----

void RelayProcess::send(ConnectionId to, std::shared_ptr<const Bytes> frame) {
    metrics_.sent(frame->size(), 1);
    server_.send(to, net::make_frame(*frame));
}

void RelayProcess::send(const std::vector<ConnectionId>& to, std::shared_ptr<const Bytes> frame) {
    metrics_.sent(frame->size(), to.size());
    metrics_.broadcast();
    const net::Frame framed = net::make_frame(*frame);
    for (const ConnectionId connection : to) server_.send(connection, framed);
}

std::size_t RelayProcess::queued_bytes(ConnectionId connection) {
    return server_.queued_bytes(connection);
}

void RelayProcess::promote(ConnectionId connection) { server_.promote(connection); }

void RelayProcess::close(ConnectionId connection, std::uint16_t code, const std::string& reason) {
    log_.debug("closing", {{"connection", connection}, {"code", int{code}}, {"reason", reason}});
    server_.close(connection, code, reason);
}

void RelayProcess::submit(RelayRequest request) { submitted_.push_back(std::move(request)); }

}  // namespace syncline::relay

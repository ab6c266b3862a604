#pragma once

#include "app/gatekeeper.hpp"
#include "app/log.hpp"
#include "app/metrics.hpp"
#include "app/static_files.hpp"
#include "app/store_thread.hpp"
#include "net/server.hpp"
#include <syncline/sync/relay_hub.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <unordered_set>
#include <vector>

namespace syncline::relay {

/// The relay at work: the network's events go to the hub, the hub's effects to sockets and store.
///
/// Threads   `run` makes its thread the network's loop; the store has its own. `stop` and `reload`
///           from any thread.
/// Stopping  Nobody new; everybody is told when to come back (each another time); what was asked
///           before is answered, as far as the store manages in `drain_ms`; then all is flushed and
///           closed.
class RelayProcess final : private net::Handler, private RelayOutput {
public:
    struct Options {
        net::Options net;
        StoreThread::Options store;
        std::vector<KeyFile> keys;  ///< empty: nobody is asked for a token
        auth::Requirements requirements;
        StaticFiles files;
        std::uint64_t go_away_least_ms = 1'000;
        std::uint64_t go_away_most_ms = 10'000;
        std::int64_t drain_ms = 2'500;
    };

    RelayProcess(Options options, RelayEngine& engine, Metrics& metrics, Log& log);
    ~RelayProcess() override;
    RelayProcess(const RelayProcess&) = delete;
    RelayProcess& operator=(const RelayProcess&) = delete;

    /// Loads the keys, binds the port.
    [[nodiscard]] Result<> listen();
    [[nodiscard]] std::uint16_t port() const { return server_.port(); }
    /// Until stopped; an error when the storage failed.
    [[nodiscard]] Result<> run();
    void stop();
    /// Reads the key files again; when one is bad, the old keys stay.
    void reload();

private:
    enum class Phase { serving, draining, stopping };

    void opened(net::ConnectionId connection, const net::PeerInfo& peer) override;
    void received(net::ConnectionId connection, Bytes message) override;
    void drained(net::ConnectionId connection) override;
    void closed(net::ConnectionId connection) override;
    net::HttpResponse get(const net::HttpRequest& request) override;
    void woken() override;
    void tick(std::int64_t now_ms) override;
    void turn_ended() override;

    void send(ConnectionId to, std::shared_ptr<const Bytes> frame) override;
    void send(const std::vector<ConnectionId>& to, std::shared_ptr<const Bytes> frame) override;
    std::size_t queued_bytes(ConnectionId connection) override;
    void promote(ConnectionId connection) override;
    void close(ConnectionId connection, std::uint16_t code, const std::string& reason) override;
    void submit(RelayRequest request) override;

    void begin_drain();
    void end_drain();
    void reload_keys();
    void answer_refused(const std::vector<RelayRequest>& refused);

    Options options_;
    Metrics& metrics_;
    Log& log_;
    TokenCheck tokens_;
    net::Server server_;
    StoreThread store_;
    RelayHub hub_;
    std::unordered_set<ConnectionId> connections_;
    std::vector<RelayRequest> submitted_;  ///< in this turn
    std::minstd_rand jitter_{std::random_device{}()};
    Phase phase_ = Phase::serving;
    std::optional<std::chrono::steady_clock::time_point> drain_until_;
    std::chrono::steady_clock::time_point hub_ticked_;
    std::optional<Error> failure_;
    std::atomic<bool> stop_asked_{false};
    std::atomic<bool> reload_asked_{false};
};

}  // namespace syncline::relay

#pragma once

#include "net/websocket_client.hpp"
#include "store_core.hpp"
#include "syncline/client/store.hpp"
#include "syncline/sync/client_session.hpp"
#include "token_renewal.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace syncline::client {

/// What the connector needs from its store: the lock that guards the core, and an ear.
class ConnectorOwner {
public:
    virtual ~ConnectorOwner() = default;
    /// With the store's lock held.
    virtual void session_event(ClientEvent event) = 0;
    virtual void connection_changed(SyncStatus::Connection state, std::optional<Error> error,
                                    bool is_final) = 0;
    /// Without the lock: calls observers for what was gathered.
    virtual void dispatch() = 0;
};

/// Keeps one session with a relay alive: connects, feeds frames to a ClientSession, carries out its
/// effects, and comes back after a loss with exponential back-off and full jitter.
/// Threads: construct, stop and notify from any thread; the rest runs on the driver's.
class Connector final : private net::Listener {
public:
    /// `lock` guards `core` and `presence`, too.
    Connector(std::mutex& lock, StoreCore& core, PresenceBook& presence, ConnectorOwner& owner,
              ConnectOptions options, net::Endpoint endpoint, std::function<std::uint64_t()> now_ms,
              RandomSource random);
    ~Connector() override;

    /// `token` is used where the app gave no function for it.
    Result<> start(std::string token);
    /// Joins the driver's thread. Not from an observer that runs on it.
    void stop();
    /// A local change was committed in `space`, or the space was opened.
    void notify(std::string space);
    /// The book has something new of our own.
    void notify_presence();
    /// A newer token, in the place of the one before.
    void set_token(std::string token);
    /// Called from the driver's thread, as observers are: stop() would wait for the caller.
    [[nodiscard]] bool on_own_thread() const { return socket_.on_own_thread(); }

private:
    void connected() override;
    void received(Bytes message) override;
    void disconnected(Error why) override;
    void timer() override;

    void connect_now();
    [[nodiscard]] std::string fresh_token() const {
        return options_.token ? options_.token() : token_;
    }
    [[nodiscard]] std::uint64_t relay_now_ms();
    void renew(std::string token);
    Result<> change_identity(ClientEffects::Identity how);
    void carry_out(ClientEffects effects);
    void schedule_retry(std::uint64_t at_least_ms);
    void set_tick();
    void finish(const std::function<ClientEffects()>& step);

    std::mutex& lock_;
    StoreCore& core_;
    PresenceBook& presence_;
    ConnectorOwner& owner_;
    ConnectOptions options_;
    net::Endpoint endpoint_;
    std::function<std::uint64_t()> now_ms_;
    RandomSource random_;
    net::WebSocketClient socket_;

    // On the driver's thread only.
    std::unique_ptr<ClientSession> session_;
    std::optional<ClientEffects::Ending> ending_;
    std::string token_;     ///< as the app set it
    TokenRenewal renewal_;  ///< of the one that the relay was given last
    unsigned claims_ = 0;   ///< of this replica id, which is left once what is pending is pushed
    bool at_once_ = false;  ///< to connect again, without back-off
    bool waiting_to_retry_ = false;
    unsigned failures_ = 0;
};

}  // namespace syncline::client

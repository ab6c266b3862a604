#pragma once

#include "syncline/sync/presence_board.hpp"
#include "syncline/sync/relay_session.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

namespace syncline {

/// Where the hub's effects go: sockets and the storage thread in production, a virtual network in
/// the simulator.
class RelayOutput {
public:
    virtual ~RelayOutput() = default;
    virtual void send(ConnectionId to, std::shared_ptr<const Bytes> frame) = 0;
    /// One frame for many: encode what the transport adds only once.
    virtual void send(const std::vector<ConnectionId>& to, std::shared_ptr<const Bytes> frame) = 0;
    [[nodiscard]] virtual std::size_t queued_bytes(ConnectionId connection) = 0;
    virtual void promote(ConnectionId connection) = 0;
    virtual void close(ConnectionId connection, std::uint16_t code, const std::string& reason) = 0;
    /// For the engine; its replies come back through RelayHub::deliver, in order.
    virtual void submit(RelayRequest request) = 0;
};

/// All sessions of a relay, and who follows which space. Threads: one at a time.
class RelayHub {
public:
    RelayHub(RelayOutput& output, Gatekeeper gatekeeper, RelaySession::Limits limits)
        : output_(output), gatekeeper_(std::move(gatekeeper)), limits_(std::move(limits)) {}

    void connected(ConnectionId connection);
    void received(ConnectionId connection, BytesView frame, std::uint64_t now_ms);
    void drained(ConnectionId connection);
    void disconnected(ConnectionId connection);
    void deliver(const std::vector<RelayReply>& replies, std::uint64_t now_ms);
    /// Call every second or so.
    void tick(std::uint64_t now_ms);
    /// Passes on what is new of presence. Call several times a second.
    void tell_presence(std::uint64_t now_ms);
    /// Tells everybody to come back elsewhere or later.
    void go_away(std::uint64_t after_ms);

    [[nodiscard]] std::size_t connections() const { return sessions_.size(); }
    [[nodiscard]] std::size_t subscriptions() const { return subscriptions_; }
    [[nodiscard]] std::uint64_t deliveries() const { return deliveries_; }
    [[nodiscard]] const PresenceBoard& presence() const { return presence_; }
    /// Entries handed to subscribers.
    [[nodiscard]] std::uint64_t presence_deliveries() const { return presence_deliveries_; }

private:
    struct Connection {
        RelaySession session;
        std::set<SpaceKey> follows;
        /// Spaces of whose presence it missed something while its queue was full.
        std::set<SpaceKey> presence_missed;
    };
    void carry_out(ConnectionId connection, RelayEffects effects);
    void unfollow(ConnectionId connection, const SpaceKey& space);
    void tell_presence_of(const SpaceKey& space);
    void tell_whole_presence(ConnectionId connection, Connection& entry, const SpaceKey& space);
    void deliver_one(const relay_reply::Broadcast& reply);
    RelaySession* find(ConnectionId connection);

    RelayOutput& output_;
    Gatekeeper gatekeeper_;
    RelaySession::Limits limits_;
    std::unordered_map<ConnectionId, std::unique_ptr<Connection>> sessions_;
    std::map<SpaceKey, std::set<ConnectionId>> followers_;
    std::size_t subscriptions_ = 0;
    std::uint64_t deliveries_ = 0;
    PresenceBoard presence_;
    std::uint64_t presence_deliveries_ = 0;
    std::uint64_t now_ms_ = 0;  ///< at the last call that told it
};

}  // namespace syncline

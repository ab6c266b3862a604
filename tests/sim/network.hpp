#pragma once

#include "stage.hpp"
#include "syncline/sync/relay_session.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>

namespace syncline::sim {

/// Who stands at the two ends of the network's connections, and what reaches them.
class NetworkEnds {
public:
    virtual ~NetworkEnds() = default;
    /// Whether the relay listens.
    [[nodiscard]] virtual bool relay_up() const = 0;
    virtual void relay_connected(ConnectionId connection) = 0;
    virtual void relay_received(ConnectionId connection, const Bytes& frame) = 0;
    /// All that was queued for the connection is on its way.
    virtual void relay_drained(ConnectionId connection) = 0;
    virtual void relay_noticed_end(ConnectionId connection) = 0;
    virtual void device_received(std::size_t device, const Bytes& frame) = 0;
    virtual void device_noticed_end(std::size_t device, ConnectionId connection) = 0;
};

/// Connections between devices and the relay, each of them two FIFO pipes (as WebSocket over TCP).
///
/// Order   Latencies are random, so connections reorder against each other, never within one.
/// Faults  A cut loses everything behind a random point of each pipe; a half-open connection loses
///         one direction. Each end notices later and by itself.
/// Ends    An end that has left, or has noticed that the other did, hears of that connection no
///         more.
class Network {
public:
    Network(Stage& stage, NetworkEnds& ends) : stage_(stage), ends_(ends) {}
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    /// A new connection of a device to the relay; none while that is down.
    [[nodiscard]] std::optional<ConnectionId> connect(std::size_t device);
    void send_up(ConnectionId from, const Bytes& frame);
    void send_down(ConnectionId to, const std::shared_ptr<const Bytes>& frame);
    /// Bytes that the relay has sent and that wait for the link.
    [[nodiscard]] std::size_t queued_bytes(ConnectionId connection) const;
    /// Both ends are up, and nothing sent gets lost.
    [[nodiscard]] bool whole(ConnectionId connection) const;

    void cut(ConnectionId connection, std::uint64_t seed);
    void half_open(ConnectionId connection, std::uint64_t seed);
    /// The device closes: what it has sent still arrives, then the relay hears of it.
    void device_closes(ConnectionId connection);
    /// Of what the device has sent and what is under way, the end may be lost.
    void lose_tail(ConnectionId connection);
    void relay_closes(ConnectionId connection);
    /// The relay's process dies; its connections all break.
    void relay_vanishes();

private:
    struct Pipe {
        static constexpr std::uint64_t nowhere = ~std::uint64_t{0};
        std::uint64_t sent = 0;
        std::uint64_t delivered = 0;
        std::uint64_t cutoff = nowhere;  ///< frames from here on are lost
        std::uint64_t last_at = 0;

        /// Somewhere in what is under way.
        [[nodiscard]] std::uint64_t random_point(Random& random) const;
        void cut_at(std::uint64_t point) { cutoff = std::min(cutoff, point); }
        [[nodiscard]] bool broken() const { return cutoff != nowhere; }
    };
    struct Connection {
        std::size_t device = 0;
        bool device_up = true;
        bool relay_up = true;
        Pipe up;    ///< to the relay
        Pipe down;  ///< to the device
        std::size_t queued = 0;
        std::uint64_t link_free_at = 0;
    };

    void arrive_up(ConnectionId id, std::uint64_t index, const Bytes& frame);
    void arrive_down(ConnectionId id, std::uint64_t index, const Bytes& frame);
    void written(ConnectionId id, std::size_t size);
    void device_notices(ConnectionId id);
    void relay_notices(ConnectionId id);
    void device_notices_at(std::uint64_t when, ConnectionId id);
    void relay_notices_at(std::uint64_t when, ConnectionId id);

    Stage& stage_;
    NetworkEnds& ends_;
    std::map<ConnectionId, Connection> connections_;
    ConnectionId next_ = 1;
};

}  // namespace syncline::sim

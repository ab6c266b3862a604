#pragma once

#include "syncline/sync/relay_engine.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace syncline {

/// Who is connected and what they may do, as a token says.
struct Grant {
    std::string subject;
    std::string tenant;
    std::uint64_t expires_ms = ~std::uint64_t{0};
    std::function<Access(const std::string& space)> access;
};

/// Turns a token into a grant. Errors: unauthorized, token_expired.
using Gatekeeper = std::function<Result<Grant>(const std::string& token, std::uint64_t now_ms)>;

/// WebSocket close codes of the protocol (docs/protocol.md §7).
namespace close_code {
inline constexpr std::uint16_t protocol_error = 4400;
inline constexpr std::uint16_t unauthorized = 4401;
inline constexpr std::uint16_t forbidden = 4403;
inline constexpr std::uint16_t superseded = 4409;
inline constexpr std::uint16_t overload = 4429;
inline constexpr std::uint16_t going_away = 1001;
}  // namespace close_code

/// What a session wants done, in this order.
struct RelayEffects {
    std::vector<wire::Message> send;
    std::vector<std::shared_ptr<const Bytes>> frames;  ///< encoded already
    std::vector<RelayRequest> requests;
    std::vector<SpaceKey> unfollow;  ///< spaces that this connection has closed, or may not read
    std::vector<wire::Presence> presence;  ///< what it says of itself, in spaces that it has open
    bool promote = false;                  ///< the peer is known now: normal limits apply
    struct Closing {
        std::uint16_t code = 0;
        std::string reason;
    };
    std::optional<Closing> close;
};

/// One connection, seen from the relay (docs/protocol.md §5): hello, then spaces, each with a feed
/// that follows the log from the client's cursor. No I/O: events go in, effects come out.
///
/// Slow consumers: a subscription is nothing but a position. While the connection keeps up it gets
/// broadcasts as they come; once its queue is full it gets none, and later reads the log from where
/// it stands, a frame at a time. Memory stays bounded and nothing is lost.
/// Threads: one at a time.
class RelaySession {
public:
    struct Limits {
        std::size_t spaces_max = 4'096;                      ///< open at once
        std::size_t requests_max = 4'096;                    ///< unanswered by the engine
        std::size_t push_bytes_max = std::size_t{8} << 20;   ///< unanswered by the engine
        std::size_t queue_bytes_max = std::size_t{1} << 20;  ///< outgoing; above it live feeds stop
        std::string agent = "syncline-relay";
    };

    RelaySession(ConnectionId connection, const Gatekeeper& gatekeeper, const Limits& limits)
        : connection_(connection), gatekeeper_(gatekeeper), limits_(limits) {}

    [[nodiscard]] RelayEffects receive(BytesView frame, std::uint64_t now_ms);
    [[nodiscard]] RelayEffects reply(const relay_reply::Registered& reply, std::uint64_t now_ms);
    [[nodiscard]] RelayEffects reply(const relay_reply::Opened& reply);
    [[nodiscard]] RelayEffects reply(const relay_reply::Answer& reply);
    [[nodiscard]] RelayEffects reply(const relay_reply::History& reply, std::size_t queued_bytes);
    /// Whether this connection takes the broadcast now; if not, it reads the log later.
    [[nodiscard]] bool takes(const relay_reply::Broadcast& broadcast, std::size_t queued_bytes);
    /// The outgoing queue is nearly empty again.
    [[nodiscard]] RelayEffects drained();
    /// Call every second or so.
    [[nodiscard]] RelayEffects tick(std::uint64_t now_ms);

    [[nodiscard]] bool ready() const { return state_ == State::ready; }
    [[nodiscard]] const std::string& subject() const { return grant_.subject; }
    [[nodiscard]] const ReplicaId& replica() const { return replica_; }
    /// Whether the peer understands presence, and has the space open.
    [[nodiscard]] bool hears_presence(const std::string& space) const;
    [[nodiscard]] SpaceKey key(const std::string& space) const { return {grant_.tenant, space}; }

private:
    enum class State { awaiting_hello, registering, ready, closed };
    struct Feed {
        bool opened = false;
        std::uint64_t position = 0;  ///< sent up to here
        std::uint64_t head = 0;      ///< of the log, as far as known
        bool reading = false;        ///< a Read is on its way
    };

    void on(const wire::Hello& message, std::uint64_t now_ms, RelayEffects& effects);
    void on(const wire::Open& message, RelayEffects& effects);
    void on(const wire::Push& message, std::size_t bytes, RelayEffects& effects);
    void on(const wire::Auth& message, std::uint64_t now_ms, RelayEffects& effects);
    void on(const wire::Close& message, RelayEffects& effects);
    void on(const wire::Presence& message, RelayEffects& effects);
    void refuse(std::uint16_t code, const Error& error, RelayEffects& effects);
    void read_on(const std::string& space, Feed& feed, RelayEffects& effects);
    void answered();

    ConnectionId connection_;
    const Gatekeeper& gatekeeper_;
    const Limits& limits_;
    State state_ = State::awaiting_hello;
    Grant grant_;
    ReplicaId replica_;
    std::uint64_t nonce_ = 0;
    std::uint64_t capabilities_ = 0;  ///< of the peer
    std::map<std::string, Feed> feeds_;
    std::size_t unanswered_ = 0;
    std::size_t push_bytes_ = 0;  ///< of the unanswered pushes
};

}  // namespace syncline

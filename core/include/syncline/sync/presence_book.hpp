#pragma once

#include "syncline/document/value.hpp"
#include "syncline/sync/messages.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace syncline {

/// Who is where in a space: one session of one replica, as an app sees it.
struct Presence {
    ReplicaId replica;
    std::string subject;  ///< whom the replica's token names, says the relay; empty for own ones
    std::string session;  ///< the app's name for one of the replica's windows
    Value value;
    std::uint64_t age_ms = 0;  ///< since the value was set
    bool own = false;          ///< of this replica, which need not be connected for it
    friend bool operator==(const Presence&, const Presence&) = default;
};

/// What one device knows of presence (docs/protocol.md §5.8): its own sessions in all its spaces,
/// and the others that the relay vouches for. It outlives connections; a ClientSession sends from
/// it and fills it.
///
/// Semantics  Own entries stay until they are cleared, over any number of connections. Others are
///            there while the relay says so, and gone with the connection. Nothing is stored.
/// Sending    A session's value leaves at most once in `every_ms`, the latest one, and again before
///            its time to live is half over; all of them after each opening of their space.
/// Memory     At most `sessions_max` own sessions a space; of others `others_max` a space and
///            `others_bytes_max` in all, whatever a relay sends.
/// Threads    One at a time.
class PresenceBook {
public:
    static constexpr std::uint64_t every_ms = 50;
    static constexpr std::size_t sessions_max = 32;
    static constexpr std::size_t others_max = 4'096;
    static constexpr std::size_t others_bytes_max = std::size_t{8} << 20;

    /// Sets what others see of this session. True if that changes it. Errors: invalid_argument (a
    /// session's name), out_of_range (the time to live, or too many sessions), too_large (the value
    /// above 4 KiB encoded), and what check() says of the value.
    Result<bool> set(const std::string& space, const std::string& session, Value value,
                     std::uint64_t ttl_ms, std::uint64_t now_ms);
    /// True if the session was there.
    bool clear(const std::string& space, const std::string& session);
    /// Everybody in the space, own sessions first.
    [[nodiscard]] std::vector<Presence> list(const std::string& space, const ReplicaId& self,
                                             std::uint64_t now_ms) const;

    // For the session of the connection at hand.

    /// The space is open on it: own entries are due there.
    void opened(const std::string& space);
    /// It is open no longer. True if somebody was in it.
    bool left(const std::string& space);
    /// The connection is gone. The spaces in which somebody was.
    std::vector<std::string> disconnected();
    /// What has to be sent now.
    [[nodiscard]] std::vector<wire::Presence> take_due(std::uint64_t now_ms);
    /// How long until take_due() has something; none while nothing will be due by itself.
    [[nodiscard]] std::optional<std::uint64_t> due_in(std::uint64_t now_ms) const;
    /// True if it changes who is seen.
    bool take(const wire::PresenceNews& news, const ReplicaId& self, std::uint64_t now_ms);

private:
    struct Own {
        Value value;
        Bytes encoded;  ///< empty: cleared, and the relay is still to be told
        std::uint64_t ttl_ms = 0;
        std::uint64_t set_ms = 0;
        std::optional<std::uint64_t> sent_ms;  ///< on this connection
        bool changed = true;                   ///< since it was sent
        [[nodiscard]] std::uint64_t due_ms() const;
    };
    struct Other {
        std::string subject;
        Value value;
        std::uint64_t since_ms = 0;
        std::size_t bytes = 0;
    };
    using OtherKey = std::pair<ReplicaId, std::string>;
    struct Space {
        bool open = false;
        std::map<std::string, Own> own;
        std::map<OtherKey, Other> others;
    };
    bool take(Space& space, const wire::PresenceEntry& entry, std::uint64_t now_ms);
    bool erase(Space& space, const OtherKey& key);
    bool drop_others(Space& space);

    std::map<std::string, Space> spaces_;
    std::size_t others_bytes_ = 0;
};

}  // namespace syncline

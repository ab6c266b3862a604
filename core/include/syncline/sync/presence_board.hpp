#pragma once

#include "syncline/sync/relay_engine.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace syncline {

/// What a relay remembers of presence (docs/protocol.md §5.8): for each space the last word of each
/// session, in memory and for as long as it asked.
///
/// Key        (space, replica, session). A later connection of a replica takes over what an earlier
///            one said; when the earlier one is noticed to be dead, that changes nothing.
/// Rate       A space tells its news at most once in `every_ms`, and a connection's words cost it
///            credit: without any left, a word waits, and only the latest one is told.
/// Memory     Bounded a connection and a space; what does not fit is dropped and counted.
/// Cost       O(log) a word; O(entries of the space) a telling; O(all entries) for expire().
/// Threads    One at a time.
class PresenceBoard {
public:
    struct Limits {
        std::size_t entries_per_connection = 64;
        std::size_t bytes_per_connection = std::size_t{64} << 10;
        std::size_t entries_per_space = 1'024;
        std::size_t bytes_per_space = std::size_t{1} << 20;
        std::uint64_t every_ms = 100;
        std::uint64_t word_costs_ms = 33;     ///< about 30 words a second …
        std::uint64_t credit_ms_max = 2'000;  ///< … after 60 at once
    };
    struct Sender {
        ConnectionId connection = 0;
        ReplicaId replica;
        std::string subject;
    };

    PresenceBoard() : PresenceBoard(Limits()) {}
    explicit PresenceBoard(const Limits& limits) : limits_(limits) {}

    void set(const SpaceKey& space, const Sender& sender, const wire::Presence& word,
             std::uint64_t now_ms);
    /// The connection has left the space, or lost its right to it.
    void leave(const SpaceKey& space, ConnectionId connection);
    /// It has left every space before, and is gone.
    void forget(ConnectionId connection) { accounts_.erase(connection); }
    void expire(std::uint64_t now_ms);

    /// Spaces that have something to tell now.
    [[nodiscard]] std::vector<SpaceKey> due(std::uint64_t now_ms) const;
    struct News {
        std::vector<wire::PresenceEntry> entries;
        ConnectionId only_from = 0;  ///< of one connection all, which knows them; else 0
    };
    /// What is new in the space, as far as its authors' credit goes; it is told then.
    [[nodiscard]] News take_news(const SpaceKey& space, std::uint64_t now_ms);
    /// Everybody there, but for the sessions of `except`.
    [[nodiscard]] std::vector<wire::PresenceEntry> whole(const SpaceKey& space, ConnectionId except,
                                                         std::uint64_t now_ms);

    [[nodiscard]] std::size_t entries() const { return entries_; }
    [[nodiscard]] std::uint64_t received() const { return received_; }
    /// Words that did not fit into the limits.
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

private:
    struct Entry {
        ConnectionId owner = 0;
        std::string subject;
        Bytes value;  ///< empty: gone, and the others are to be told
        std::uint64_t ttl_ms = 0;
        std::uint64_t renewed_ms = 0;
        std::uint64_t changed_ms = 0;
        bool news = false;  ///< the others do not know it as it is
        bool told = false;  ///< somebody knows of it
    };
    using EntryKey = std::pair<ReplicaId, std::string>;
    struct Space {
        std::map<EntryKey, Entry> entries;
        std::size_t bytes = 0;  ///< of those that are there
        std::uint64_t told_ms = 0;
    };
    struct Account {
        std::size_t entries = 0;
        std::size_t bytes = 0;
        std::uint64_t credit_ms = 0;
        std::uint64_t credited_ms = 0;
    };
    [[nodiscard]] static std::size_t size_of(const EntryKey& key, const std::string& subject,
                                             const Bytes& value);
    [[nodiscard]] bool pay(ConnectionId author, std::uint64_t now_ms);
    void release(Space& space, const EntryKey& key, const Entry& entry);
    void bury(const SpaceKey& name, Space& space, const EntryKey& key, Entry& entry);

    Limits limits_;
    std::map<SpaceKey, Space> spaces_;
    std::set<SpaceKey> with_news_;
    std::map<ConnectionId, Account> accounts_;
    std::size_t entries_ = 0;
    std::uint64_t received_ = 0;
    std::uint64_t dropped_ = 0;
};

}  // namespace syncline

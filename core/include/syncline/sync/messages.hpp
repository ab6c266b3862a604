#pragma once

#include "syncline/codec/limits.hpp"
#include "syncline/codec/sha256.hpp"
#include "syncline/document/document.hpp"
#include "syncline/result.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace syncline {

/// Names one timeline of a space's log. A relay whose storage went back in time starts a new one.
struct EpochId {
    std::array<std::byte, 16> bytes{};
    [[nodiscard]] BytesView view() const { return bytes; }
    [[nodiscard]] bool is_nil() const { return *this == EpochId{}; }
    friend bool operator==(const EpochId&, const EpochId&) = default;
};

/// The end of a replica's hash chain: the last counter and the link that covers everything to it.
struct ChainHead {
    std::uint64_t counter = 0;  ///< 0: nothing yet
    Hash hash{};
    friend bool operator==(const ChainHead&, const ChainHead&) = default;
};

/// What a token allows in a space.
enum class Access : std::uint8_t { none = 0, read = 1, write = 2 };

}  // namespace syncline

/// The messages of the protocol, version 1 (docs/protocol.md §4, by the same names and in the same
/// order). Each is a map from small numbers to values; unknown numbers are skipped, so that fields
/// can be added.
namespace syncline::wire {

inline constexpr std::uint64_t protocol_version = 1;

/// Bits of `capabilities` in hello and welcome: what a peer of version 1 knows besides its first
/// messages. A message of a capability goes only to a peer that has announced it.
namespace capability {
inline constexpr std::uint64_t presence = 1;
}  // namespace capability

/// An app's word on where its user is: a cursor, a selection, a name and a colour.
inline constexpr std::size_t presence_value_bytes_max = 4'096;
/// One of several tabs or windows on one device.
inline constexpr std::size_t presence_session_bytes_max = 64;
/// Short enough that nobody stays on screens for long after a crash, long enough not to be noise.
inline constexpr std::uint64_t presence_ttl_ms_min = 1'000;
inline constexpr std::uint64_t presence_ttl_ms_max = 120'000;

// client → relay

struct Hello {
    std::uint64_t version_min = protocol_version;
    std::uint64_t version_max = protocol_version;
    ReplicaId replica;
    std::uint64_t nonce = 0;  ///< raised durably before each connect
    std::string token;        ///< empty where none is asked for
    std::uint64_t clock_ms = 0;
    std::uint64_t capabilities = 0;  ///< see capability
    std::string agent;               ///< for logs
    friend bool operator==(const Hello&, const Hello&) = default;
};

struct Open {
    std::string space;
    EpochId epoch;             ///< nil: never synced
    std::uint64_t cursor = 0;  ///< everything up to it is applied
    std::uint64_t salt = 0;    ///< of the batch that ends at the cursor
    VersionVector vector;      ///< V(cursor)
    /// The collections wanted; none is all. Version 1 of the relay serves all only.
    std::optional<std::vector<std::string>> filter;
    friend bool operator==(const Open&, const Open&) = default;
};

struct Push {
    std::string space;
    ChainHead head;  ///< before the first change
    std::vector<Bytes> changes;
    friend bool operator==(const Push&, const Push&) = default;
};

struct Auth {
    std::string token;
    friend bool operator==(const Auth&, const Auth&) = default;
};

struct Close {
    std::string space;
    friend bool operator==(const Close&, const Close&) = default;
};

/// Where the sender is in a space, until its time is over, it says something else, or it leaves.
/// Who it is, the relay knows by itself.
struct Presence {
    std::string space;
    std::string session;       ///< the app's own name for one of its windows; may be empty
    Bytes value;               ///< an encoded value (write_value); empty: no longer there
    std::uint64_t ttl_ms = 0;  ///< a receiver brings it into its bounds
    friend bool operator==(const Presence&, const Presence&) = default;
};

// relay → client

struct Welcome {
    std::uint64_t version = protocol_version;
    std::uint64_t time_ms = 0;
    std::uint64_t change_bytes_max = 0;
    std::uint64_t push_bytes_max = 0;
    std::uint64_t capabilities = 0;
    std::string agent;
    friend bool operator==(const Welcome&, const Welcome&) = default;
};

struct Opened {
    std::string space;
    EpochId epoch;
    std::uint64_t fork = 0;  ///< the last sequence number shared with the epoch before
    std::uint64_t head = 0;
    std::uint64_t from = 0;  ///< the feed starts behind it: the cursor if it is good, else 0
    ChainHead own;  ///< the relay's end of the caller's chain: final, see docs/protocol.md §6
    VersionVector vector;  ///< V(head)
    Access access = Access::read;
    std::optional<std::vector<std::string>> filter;  ///< the effective one; none is all
    friend bool operator==(const Opened&, const Opened&) = default;
};

/// Several changes of one commit, under one salt: the unit that is stored and relayed as one.
struct Batch {
    std::uint64_t first = 0;  ///< sequence number of its first change
    std::uint64_t salt = 0;
    Bytes changes;  ///< see encode_batch
    friend bool operator==(const Batch&, const Batch&) = default;
};

struct Changes {
    std::string space;
    std::vector<Batch> batches;  ///< in sequence, without gaps
    friend bool operator==(const Changes&, const Changes&) = default;
};

struct Accepted {
    std::string space;
    ChainHead head;  ///< everything up to it is on the relay's disk
    friend bool operator==(const Accepted&, const Accepted&) = default;
};

struct Refusal {
    std::uint64_t counter = 0;  ///< of the refused change's first op
    ErrorCode code = ErrorCode::malformed;
    std::string reason;
    friend bool operator==(const Refusal&, const Refusal&) = default;
};

/// For ever. Nothing behind the first refused change was stored.
struct Rejected {
    std::string space;
    ChainHead head;
    std::vector<Refusal> refusals;
    friend bool operator==(const Rejected&, const Rejected&) = default;
};

struct GoAway {
    std::uint64_t after_ms = 0;
    friend bool operator==(const GoAway&, const GoAway&) = default;
};

struct Failure {
    std::string space;  ///< empty: the connection
    ErrorCode code = ErrorCode::malformed;
    std::string message;
    bool retryable = false;
    std::uint64_t retry_after_ms = 0;
    ChainHead head;  ///< with `gap`: where the relay stands
    friend bool operator==(const Failure&, const Failure&) = default;
};

/// One session of one replica, as the relay vouches for it.
struct PresenceEntry {
    ReplicaId replica;
    std::string session;
    std::string subject;       ///< whom the replica's token names
    std::uint64_t age_ms = 0;  ///< since the value was set
    Bytes value;               ///< as received; empty: gone
    friend bool operator==(const PresenceEntry&, const PresenceEntry&) = default;
};

/// Who has come, moved or gone in a space.
struct PresenceNews {
    std::string space;
    bool whole = false;  ///< whoever is not listed is gone
    std::vector<PresenceEntry> entries;
    friend bool operator==(const PresenceNews&, const PresenceNews&) = default;
};

using Message = std::variant<Hello, Open, Push, Auth, Close, Presence, Welcome, Opened, Changes,
                             Accepted, Rejected, GoAway, Failure, PresenceNews>;

[[nodiscard]] Bytes encode(const Message& message);
[[nodiscard]] Result<Message> decode(BytesView frame, const Limits& limits);

/// One stored change and its author.
struct BatchEntry {
    ReplicaId replica;
    BytesView change;
};
/// [[replica...], who, change, who, change, ...], `who` counting from 0 in order of first use.
[[nodiscard]] Bytes encode_batch(const std::vector<BatchEntry>& entries);
/// The entries are views into `bytes`.
[[nodiscard]] Result<std::vector<BatchEntry>> decode_batch(BytesView bytes, const Limits& limits);

}  // namespace syncline::wire

#pragma once

#include "syncline/document/change.hpp"
#include "syncline/sync/random_source.hpp"
#include "syncline/sync/relay_storage.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

namespace syncline {

/// A connection's number, never reused in a process.
using ConnectionId = std::uint64_t;

/// Which log: every stored key begins with the tenant.
struct SpaceKey {
    std::string tenant;
    std::string name;
    friend bool operator==(const SpaceKey&, const SpaceKey&) = default;
    friend bool operator<(const SpaceKey& a, const SpaceKey& b) {
        if (const int by_tenant = a.tenant.compare(b.tenant); by_tenant != 0) return by_tenant < 0;
        return a.name < b.name;
    }
};

/// What sessions ask of the engine. Rights were checked by the session.
namespace relay_request {
struct Register {
    ConnectionId connection = 0;
    std::string tenant;
    ReplicaId replica;
    std::uint64_t nonce = 0;
    std::string subject;
};
struct Open {
    ConnectionId connection = 0;
    SpaceKey space;
    ReplicaId replica;
    Access access = Access::read;
    wire::Open message;
};
struct Push {
    ConnectionId connection = 0;
    SpaceKey space;
    ReplicaId replica;
    std::uint64_t nonce = 0;
    wire::Push message;
    std::size_t bytes = 0;  ///< of its frame, handed back with the answer
};
struct Read {
    ConnectionId connection = 0;
    SpaceKey space;
    std::uint64_t after = 0;
};
}  // namespace relay_request
using RelayRequest = std::variant<relay_request::Register, relay_request::Open, relay_request::Push,
                                  relay_request::Read>;

/// What the engine answers, in the order in which it has to be carried out.
namespace relay_reply {
struct Registered {
    ConnectionId connection = 0;
    Result<> outcome;
};
struct Opened {
    ConnectionId connection = 0;
    SpaceKey space;
    wire::Opened message;
};
/// A message for one connection as it is (accepted, rejected, failure).
struct Answer {
    ConnectionId connection = 0;
    SpaceKey space;
    wire::Message message;
    std::size_t push_bytes =
        0;  ///< of the push that this answers; 0 when it answers another request
};
/// A frame for every subscriber of the space that stands at first - 1.
struct Broadcast {
    SpaceKey space;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::shared_ptr<const Bytes> frame;
};
/// History for one connection: a frame with everything of after+1..last. Empty frame: nothing
/// there.
struct History {
    ConnectionId connection = 0;
    SpaceKey space;
    std::uint64_t after = 0;
    std::uint64_t last = 0;
    std::shared_ptr<const Bytes> frame;
};
}  // namespace relay_reply
using RelayReply = std::variant<relay_reply::Registered, relay_reply::Opened, relay_reply::Answer,
                                relay_reply::Broadcast, relay_reply::History>;

/// The relay's mind: admits changes, gives them their places in the log, and answers what is there.
/// It takes a batch of requests, makes one storage transaction of it, and answers only what is
/// durable: "accepted" and every broadcast come after the commit.
///
/// Cost     One transaction a batch; a row a touched space, whatever the number of changes.
/// Memory   The heads of the spaces in use; at most `spaces_max` of them between batches.
/// Threads  One at a time.
class RelayEngine {
public:
    struct Options {
        std::uint64_t clock_bound_ms = 60'000;               ///< how far ahead a stamp may lie
        std::size_t history_bytes = std::size_t{256} << 10;  ///< of one history frame, about
        std::size_t row_bytes = std::size_t{512} << 10;  ///< a larger batch becomes several rows
        std::uint64_t heads_every = 64;  ///< rows between two checkpoints of a space's heads
        std::size_t spaces_max = 20'000;
    };
    struct Statistics {
        std::uint64_t commits = 0, changes_accepted = 0, changes_refused = 0, duplicates = 0;
        std::uint64_t bytes_stored = 0, regressions = 0, stale_nonces = 0, forks = 0;
        std::uint64_t damaged = 0;  ///< requests that met a row whose checksum does not hold
    };

    RelayEngine(RelayStorage& storage, RandomSource random, Options options);
    ~RelayEngine();

    /// Carries out `requests`. An error means that the storage is beyond use: nothing was answered,
    /// nothing may be, and the process should end (RELIABILITY of fsync: never retry). A full disk
    /// is no such error: those requests are answered as retryable.
    [[nodiscard]] Result<std::vector<RelayReply>> process(const std::vector<RelayRequest>& requests,
                                                          std::uint64_t now_ms);

    [[nodiscard]] const Statistics& statistics() const { return statistics_; }

private:
    struct Space;
    using Replies = std::vector<RelayReply>;

    Result<Space*> load(const SpaceKey& key, bool create);
    Result<> replay(Space& space);
    Result<> handle(const relay_request::Register& request, Replies& replies);
    Result<> handle(const relay_request::Push& request, std::uint64_t now_ms, Replies& replies);
    Result<> prepare(const relay_request::Open& request);
    Result<> handle(const relay_request::Open& request, Replies& replies);
    Result<> handle(const relay_request::Read& request, Replies& replies);
    Result<> refuse(const RelayRequest& request, Replies& answers);
    Result<> store_rows(Replies& replies);
    Result<bool> cursor_is_good(const Space& space, const wire::Open& message);
    Result<> write_phase(const std::vector<RelayRequest>& requests, std::uint64_t now_ms,
                         Replies& answers, Replies& broadcasts);
    Result<> answer_damage(const RelayRequest& request, const Error& error, Replies& answers);
    void forget_touched();

    RelayStorage& storage_;
    RandomSource random_;
    Options options_;
    Statistics statistics_;
    std::map<SpaceKey, std::unique_ptr<Space>> spaces_;
    std::set<SpaceKey> damaged_;  ///< opens of this batch that were answered so
    std::set<SpaceKey> touched_;  ///< changed in memory since the last commit
};

}  // namespace syncline

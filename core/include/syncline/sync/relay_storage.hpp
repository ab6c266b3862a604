#pragma once

#include "syncline/sync/messages.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace syncline {

/// A replica's fence: the newest connection's nonce, and whom the replica id belongs to.
struct Registration {
    std::uint64_t nonce = 0;
    std::string subject;
};

/// What a relay keeps of a space besides its log.
struct SpaceRecord {
    std::uint64_t id = 0;  ///< the storage's own
    EpochId epoch;
    std::uint64_t fork = 0;
    bool regressed = false;      ///< the storage went back in time at some point
    std::uint64_t heads_at = 0;  ///< the sequence number that the stored heads stand for
    Hlc highest;                 ///< stamp admitted up to heads_at
};

/// The end of one replica's chain in one space.
struct ReplicaHead {
    ReplicaId replica;
    ChainHead head;
    Hlc stamp;  ///< of its last change; the next has to be above
};

/// One row of a space's log: the changes of one commit.
struct LogRow {
    std::uint64_t first = 0;
    std::uint64_t count = 0;
    std::uint64_t salt = 0;
    Bytes changes;  ///< wire::encode_batch
    [[nodiscard]] std::uint64_t last() const { return first + count - 1; }
};

/// A relay's disk. One engine uses it, from one thread.
///
/// Everything between begin() and commit() takes effect together or not at all, and is durable when
/// commit() returns. After a failed call the transaction is over and nothing of it is stored.
/// Errors: storage_full (may pass), storage_corrupt (a row's checksum does not hold), anything else
/// is fatal to the process.
class RelayStorage {
public:
    virtual ~RelayStorage() = default;

    virtual Result<> begin() = 0;
    virtual Result<> commit() = 0;
    virtual void rollback() = 0;

    virtual Result<std::optional<Registration>> registration(const std::string& tenant,
                                                             const ReplicaId& replica) = 0;
    virtual Result<> put_registration(const std::string& tenant, const ReplicaId& replica,
                                      const Registration& registration) = 0;

    virtual Result<std::optional<SpaceRecord>> find_space(const std::string& tenant,
                                                          const std::string& name) = 0;
    virtual Result<SpaceRecord> create_space(const std::string& tenant, const std::string& name,
                                             const EpochId& epoch) = 0;
    /// Stores everything but `id`.
    virtual Result<> put_space(const SpaceRecord& record) = 0;

    virtual Result<std::vector<ReplicaHead>> heads(std::uint64_t space) = 0;
    virtual Result<> put_heads(std::uint64_t space, const std::vector<ReplicaHead>& heads) = 0;

    /// Rows are appended in sequence.
    virtual Result<> append(std::uint64_t space, const LogRow& row) = 0;
    /// Rows behind `after`, ascending, until `bytes_max` is passed; at least one if there is one.
    virtual Result<std::vector<LogRow>> read(std::uint64_t space, std::uint64_t after,
                                             std::size_t bytes_max) = 0;
    /// The salt of the row that ends at `last`; none when no row ends there.
    virtual Result<std::optional<std::uint64_t>> salt_at(std::uint64_t space,
                                                         std::uint64_t last) = 0;
};

}  // namespace syncline

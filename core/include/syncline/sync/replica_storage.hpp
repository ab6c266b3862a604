#pragma once

#include "syncline/sync/messages.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace syncline {

/// What a replica keeps of a space besides documents and changes.
struct SpaceState {
    std::string name;
    ReplicaId replica;  ///< whose chain the own changes are on; differs from the store's id while
                        ///< an old identity is being settled
    EpochId epoch;
    std::uint64_t cursor = 0;      ///< confirmed documents are complete up to this
    std::uint64_t salt = 0;        ///< of the batch that ends there
    std::uint64_t generation = 1;  ///< which rows are the confirmed documents
    Hlc clock;                     ///< high-water mark of own and seen stamps
    Hlc seen;                      ///< highest stamp in the log up to the cursor
    ChainHead own;                 ///< the end of the own chain, pending changes included
    ChainHead pruned;              ///< own changes up to here are no longer kept
    friend bool operator==(const SpaceState&, const SpaceState&) = default;
};

/// One own change as it is stored: in the outbox while it is not confirmed, and kept after that for
/// the backup horizon, so that a relay restored from an older copy can be given it again.
struct OwnChange {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    Hash hash;  ///< the chain's link after it
    Bytes bytes;
    bool confirmed = false;  ///< part of the confirmed documents (of the current generation)
    bool staged = false;     ///< part of the generation that is being staged
    std::uint64_t confirmed_ms = 0;
};

/// A change of the relay's log that is kept for the history of documents.
struct LoggedChange {
    std::uint64_t sequence = 0;
    ReplicaId replica;
    Bytes bytes;
    std::uint64_t taken_ms = 0;  ///< when it arrived here
};

/// The sequence numbers of the first and the last.
struct LoggedRange {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
};

/// One space of a device's store. All writes between begin() and commit() of the store it belongs
/// to take effect together and are durable when commit() returns.
/// Errors: any storage code; after one the transaction has to be rolled back.
class SpaceStorage {
public:
    virtual ~SpaceStorage() = default;

    virtual Result<> begin() = 0;
    virtual Result<> commit() = 0;
    virtual void rollback() = 0;

    virtual Result<SpaceState> load() = 0;
    virtual Result<> save(const SpaceState& state) = 0;

    virtual Result<VersionVector> vector(std::uint64_t generation) = 0;
    virtual Result<> raise(std::uint64_t generation, const ReplicaId& replica,
                           std::uint64_t counter) = 0;

    virtual Result<std::optional<Bytes>> document(std::uint64_t generation,
                                                  const DocumentKey& key) = 0;
    /// Empty bytes remove the row.
    virtual Result<> put_document(std::uint64_t generation, const DocumentKey& key,
                                  BytesView state) = 0;
    /// Every row, ascending by key; of one collection if `collection` is not empty, and of that
    /// only the ids behind `behind`. `visit` returns false to stop.
    virtual Result<> scan(std::uint64_t generation, const std::string& collection,
                          const std::string& behind,
                          const std::function<bool(const DocumentKey&, BytesView)>& visit) = 0;
    virtual Result<std::vector<std::string>> collections(std::uint64_t generation) = 0;
    virtual Result<> drop_generation(std::uint64_t generation) = 0;

    /// Own changes with `first` above `after`, ascending; at most `limit`; the pending ones only if
    /// asked.
    virtual Result<std::vector<OwnChange>> own_changes(std::uint64_t after, std::size_t limit,
                                                       bool pending_only) = 0;
    /// The own change with this `last`.
    virtual Result<std::optional<OwnChange>> own_change_ending(std::uint64_t last) = 0;
    virtual Result<std::optional<OwnChange>> own_change_starting(std::uint64_t first) = 0;
    virtual Result<> put_own_change(const OwnChange& change) = 0;  ///< by `first`
    virtual Result<> erase_own_change(std::uint64_t first) = 0;
    /// Turns `staged` into `confirmed` for all own changes.
    virtual Result<> promote_staged(std::uint64_t now_ms) = 0;
    /// Drops all `staged` marks.
    virtual Result<> clear_staged() = 0;

    /// The kept part of the log: see SpaceHistory.
    virtual Result<> put_logged(const LoggedChange& change) = 0;
    /// Those with a sequence number above `after`, ascending; at most `limit`.
    virtual Result<std::vector<LoggedChange>> logged(std::uint64_t after, std::size_t limit) = 0;
    virtual Result<std::optional<LoggedRange>> logged_range() = 0;
    virtual Result<> erase_logged(std::uint64_t up_to) = 0;
};

}  // namespace syncline

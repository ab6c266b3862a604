#pragma once

#include "syncline/document/history.hpp"
#include "syncline/sync/replica_storage.hpp"

#include <cstdint>
#include <vector>

namespace syncline {

/// The part of a space's log that a device keeps so that documents have a history: changes as they
/// came, and behind them the documents as they were before the first of these (the base, which is
/// generation 0 of the stored documents).
///
/// Semantics  The kept changes are contiguous and end at the cursor, so that base and changes make
///            any version in between. What is trimmed is folded into the base.
/// Calls that write belong into a transaction of the storage. Errors: the storage's.
/// Threads    One at a time.
class SpaceHistory {
public:
    explicit SpaceHistory(SpaceStorage& storage) : storage_(storage) {}

    /// Whether what is stored leads to the confirmed documents at `cursor`.
    Result<bool> leads_to(std::uint64_t cursor, const VersionVector& vector);
    /// Begins anew: the base is what is confirmed now. O(documents).
    Result<> begin(std::uint64_t generation, const VersionVector& vector);
    /// Ends it: nothing is kept.
    Result<> drop();
    /// Folds what came before `before_ms` into the base; some 4,000 changes a call.
    Result<> trim(std::uint64_t before_ms);

    /// See SpaceReplica::history.
    Result<std::vector<HistoryEntry>> entries(const DocumentKey& key, const Path& path);
    /// See SpaceReplica::as_of; `cursor` is where the log ends.
    Result<Document> as_of(const DocumentKey& key, std::uint64_t sequence, std::uint64_t cursor);

private:
    Result<Document> base(const DocumentKey& key);

    static constexpr std::uint64_t base_generation = 0;
    SpaceStorage& storage_;
};

}  // namespace syncline

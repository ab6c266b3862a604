#pragma once

#include "syncline/document/change.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

namespace syncline {

/// Puts changes that come in any order, and more than once, into causal order: a change leaves when
/// everything its author had seen is there. For replicas that exchange changes without a relay;
/// their `base` is a version vector (a relay's log is in causal order already).
///
/// Seen     What this replica took in as changes, as whole states (theirs joined to its own) and
/// made
///          itself. Not the vector of a causal context once deltas are joined out of order: a delta
///          brings dots that it only removes, and what else their ops took away comes with those.
/// Memory   What waits, at most `changes_max` of them. A full buffer refuses; nothing is lost that
///          the sender still has.
/// Source   Birman, Schiper, Stephenson, Lightweight Causal and Atomic Group Multicast (1991).
/// Threads  A plain value.
class CausalBuffer {
public:
    explicit CausalBuffer(std::size_t changes_max = 65'536) : changes_max_(changes_max) {}

    enum class Taken : std::uint8_t { waiting, known, full };
    /// O(log n).
    Taken add(Change change, const VersionVector& seen) {
        if (change.last() <= seen.at(change.replica)) return Taken::known;
        if (size_ >= changes_max_) return Taken::full;
        auto& waiting = waiting_[change.replica];
        const bool is_new = waiting.emplace(change.first, std::move(change)).second;
        if (!is_new) return Taken::known;
        ++size_;
        return Taken::waiting;
    }
    /// Takes out a change that can be applied now; none if all that wait lack something. Call it
    /// until then, with what was seen in between. O(replicas).
    std::optional<Change> next(const VersionVector& seen) {
        for (auto at = waiting_.begin(); at != waiting_.end();) {
            auto& changes = at->second;
            const std::uint64_t have = seen.at(at->first);
            while (!changes.empty() && changes.begin()->second.last() <= have) drop_first(changes);
            if (changes.empty()) {
                at = waiting_.erase(at);
                continue;
            }
            const Change& first = changes.begin()->second;
            const auto* base = std::get_if<VersionVector>(&first.base);
            if (first.first <= have + 1 && (base == nullptr || seen.covers(*base))) {
                std::optional<Change> ready(std::move(changes.begin()->second));
                drop_first(changes);
                return ready;
            }
            ++at;
        }
        return std::nullopt;
    }
    [[nodiscard]] std::size_t size() const { return size_; }

private:
    using Waiting = std::map<std::uint64_t, Change>;  // by first
    void drop_first(Waiting& changes) {
        changes.erase(changes.begin());
        --size_;
    }
    std::size_t changes_max_;
    std::size_t size_ = 0;
    std::map<ReplicaId, Waiting> waiting_;
};

}  // namespace syncline

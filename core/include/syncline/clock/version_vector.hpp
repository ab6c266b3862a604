#pragma once

#include "syncline/clock/dot.hpp"
#include "syncline/flat_map.hpp"

#include <cstdint>

namespace syncline {

/// The last counter seen from each replica, everything up to it included; 0 (absent) is none.
/// Threads: a plain value.
class VersionVector {
public:
    [[nodiscard]] std::uint64_t at(const ReplicaId& replica) const {
        const auto found = counters_.find(replica);
        return found == counters_.end() ? 0 : found->second;
    }
    [[nodiscard]] bool covers(const Dot& dot) const { return dot.counter <= at(dot.replica); }
    /// True when every counter of `other` is covered.
    [[nodiscard]] bool covers(const VersionVector& other) const;

    /// Raises the entry to `counter`; a lower one changes nothing.
    void raise(const ReplicaId& replica, std::uint64_t counter);
    void join(const VersionVector& other);

    [[nodiscard]] std::size_t size() const { return counters_.size(); }
    [[nodiscard]] bool empty() const { return counters_.empty(); }
    [[nodiscard]] auto begin() const { return counters_.begin(); }
    [[nodiscard]] auto end() const { return counters_.end(); }

    friend bool operator==(const VersionVector&, const VersionVector&) = default;

private:
    FlatMap<ReplicaId, std::uint64_t> counters_;  // ordered: it reaches bytes
};

}  // namespace syncline

#pragma once

#include "syncline/clock/dot.hpp"
#include "syncline/clock/version_vector.hpp"

#include <cstdint>
#include <map>
#include <vector>

namespace syncline {

/// Every dot seen, gaps included: a version vector plus runs of exceptions above it.
/// Invariant: runs are ascending, disjoint, not adjacent, and start above the vector's entry + 1.
/// Source: Almeida, Shoker, Baquero (2018), §7.2 (compression of causal contexts).
/// Threads: a plain value.
class CausalContext {
public:
    /// Counters first..last, both included.
    struct Run {
        std::uint64_t first = 0;
        std::uint64_t last = 0;
        friend bool operator==(const Run&, const Run&) = default;
    };
    using RunsByReplica = std::map<ReplicaId, std::vector<Run>>;

    CausalContext() = default;
    explicit CausalContext(VersionVector seen) : vector_(std::move(seen)) {}

    [[nodiscard]] bool contains(const Dot& dot) const;
    [[nodiscard]] bool contains(const CausalContext& other) const;
    /// Those of `dots` that were seen. O(log n) and what it returns.
    [[nodiscard]] DotSet seen(const DotRun& dots) const;
    void insert(const Dot& dot) { insert(dot.replica, Run{dot.counter, dot.counter}); }
    void insert(const ReplicaId& replica, Run run);
    void insert(const DotSet& dots);
    void join(const CausalContext& other);

    /// The contiguous part.
    [[nodiscard]] const VersionVector& vector() const { return vector_; }
    /// What is seen above a gap.
    [[nodiscard]] const RunsByReplica& exceptions() const { return exceptions_; }
    /// The counter that `replica`'s next event takes: one above everything seen from it.
    [[nodiscard]] std::uint64_t next(const ReplicaId& replica) const;
    [[nodiscard]] bool empty() const { return vector_.empty() && exceptions_.empty(); }

    friend bool operator==(const CausalContext&, const CausalContext&) = default;

private:
    VersionVector vector_;
    RunsByReplica exceptions_;
};

}  // namespace syncline

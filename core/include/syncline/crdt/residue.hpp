#pragma once

#include "syncline/clock/dot.hpp"

#include <vector>

namespace syncline {

/// What is left of things that were removed: ids that change nothing of what is seen, and are kept
/// only for edits that are still on their way. Each type names its own (`collect_residue`), and
/// takes away what it is told and may (`drop`); docs/adr/0005-floor.md says when that is safe.
///
/// The same dot may stand in both: it inserted an element of a list, and was the first add of the
/// counter in it. One may be gone and the other not.
/// Threads: a plain value.
struct Residue {
    DotSet dots;  ///< places of erased elements, erases of sets, disables of flags, unseen marks
    DotSet sums;  ///< last adds of counters' replicas that are wholly cancelled

    [[nodiscard]] bool empty() const { return dots.empty() && sums.empty(); }
    friend bool operator==(const Residue&, const Residue&) = default;
};

/// A Residue in the making: runs in any order.
struct ResidueRuns {
    std::vector<DotRun> dots;
    std::vector<DotRun> sums;

    void add(const DotSet& more) {
        dots.insert(dots.end(), more.runs().begin(), more.runs().end());
    }
};

}  // namespace syncline

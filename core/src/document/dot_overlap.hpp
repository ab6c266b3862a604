#pragma once

#include "syncline/clock/dot.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>

namespace syncline {

/// Calls `use(run)` with each stretch of `run` that is in `dots`, in order. O(log n + stretches).
template <typename Use>
void for_each_overlap(const DotSet& dots, const DotRun& run, Use use) {
    const auto& runs = dots.runs();
    auto at = std::lower_bound(runs.begin(), runs.end(), run, [](const DotRun& a, const DotRun& b) {
        return a.replica == b.replica ? a.last < b.first : a.replica < b.replica;
    });
    for (; at != runs.end() && at->replica == run.replica && at->first <= run.last; ++at)
        use(DotRun{run.replica, std::max(at->first, run.first), std::min(at->last, run.last)});
}

/// The first counter of `run` that is in `dots`. O(log n).
inline std::optional<std::uint64_t> first_in(const DotSet& dots, const DotRun& run) {
    const auto runs = dots.runs();
    const auto at =
        std::lower_bound(runs.begin(), runs.end(), run, [](const DotRun& a, const DotRun& b) {
            return a.replica == b.replica ? a.last < b.first : a.replica < b.replica;
        });
    if (at == runs.end() || !(at->replica == run.replica) || at->first > run.last)
        return std::nullopt;
    return std::max(at->first, run.first);
}

/// The last one. O(log n).
inline std::optional<std::uint64_t> last_in(const DotSet& dots, const DotRun& run) {
    const auto runs = dots.runs();
    const auto above =
        std::upper_bound(runs.begin(), runs.end(), run, [](const DotRun& a, const DotRun& b) {
            return a.replica == b.replica ? a.last < b.first : a.replica < b.replica;
        });
    if (above == runs.begin()) return std::nullopt;
    const DotRun& found = *std::prev(above);
    if (!(found.replica == run.replica) || found.last < run.first) return std::nullopt;
    return std::min(found.last, run.last);
}

/// The dots that both hold. O(runs of the one, times log of the other's).
inline DotSet overlap(const DotSet& a, const DotSet& b) {
    const bool a_is_small = a.runs().size() <= b.runs().size();
    DotSet both;
    for (const DotRun& run : (a_is_small ? a : b).runs())
        for_each_overlap(a_is_small ? b : a, run, [&](const DotRun& found) { both.insert(found); });
    return both;
}

}  // namespace syncline

#pragma once

#include "syncline/crdt/or_map.hpp"

namespace syncline::patching {

/// The clears that reach a place: its own and those of what it is in.
struct Clears {
    const DotSet* dots;
    const Clears* outer;
};
/// Those of the run's dots that are cleared.
[[nodiscard]] DotSet cleared_of(const DotRun& run, const Clears* clears);

/// What clears do to a field: whether they hit anything in it, and whether they leave anything.
/// Counters do not count: they are cancelled by ops of their own.
struct Fate {
    bool hit = false;
    bool left = false;
    [[nodiscard]] bool known() const { return hit && left; }
    /// They take all that is in it.
    [[nodiscard]] bool doomed() const { return hit && !left; }
    void add(const DotRun& run, const Clears* clears);
    void add(const DotSet& dots, const Clears* clears);
};
[[nodiscard]] Fate fate_of(const DotSet& dots, const Clears* clears);
[[nodiscard]] Fate fate_of(const OrMap& map, const Clears* clears);
[[nodiscard]] Fate fate_of(const Node& node, const Clears* clears);

}  // namespace syncline::patching

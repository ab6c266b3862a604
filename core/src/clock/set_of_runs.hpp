#pragma once

#include "syncline/clock/dot.hpp"

#include <vector>

namespace syncline {

/// The dots of `runs`, which are in any order and may overlap. O(n log n); put into a set as they
/// come, each run could move all others. One function for all who need it: a sort is much code.
[[nodiscard]] DotSet set_of(std::vector<DotRun> runs);

}  // namespace syncline

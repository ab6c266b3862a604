#include "set_of_runs.hpp"

#include <algorithm>

namespace syncline {

DotSet set_of(std::vector<DotRun> runs) {
    const auto before = [](const DotRun& a, const DotRun& b) {
        return Dot{a.replica, a.first} < Dot{b.replica, b.first};
    };
    if (!std::is_sorted(runs.begin(), runs.end(), before))
        std::sort(runs.begin(), runs.end(), before);
    DotSet dots;
    for (const DotRun& run : runs) dots.insert(run);
    return dots;
}

}  // namespace syncline

#pragma once

#include "syncline/client/store.hpp"

#include <functional>
#include <string>
#include <vector>

namespace syncline::tour {

/// One field of the tour's document: what each device does to it while offline, and what has to
/// come out, and why.
struct FieldStory {
    std::string field;
    std::string type;
    std::function<void(MapEditor&)> before;  ///< on the laptop, seen by all before they part
    std::function<void(MapEditor&)> laptop, phone, tablet;
    std::string why;
};

/// Every type, each with edits that conflict on purpose.
[[nodiscard]] std::vector<FieldStory> stories();

}  // namespace syncline::tour

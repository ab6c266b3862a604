#pragma once

#include "watch.hpp"

namespace syncline::patching {

/// What is shown now that was not when `look` saw it. Takes what it needs out of the watch.
[[nodiscard]] std::vector<Patch> tell(Watch& root, const OrMap& after);

}  // namespace syncline::patching

#pragma once

#include "watch.hpp"

namespace syncline::patching {

/// Notes how what is watched is, before the ops.
void look(Watch& root, const OrMap& before);

}  // namespace syncline::patching

#pragma once

#include "watch.hpp"

namespace syncline::patching {

/// Which elements of a list go, move and come, in this order; what changed inside those that stay
/// is not in it.
[[nodiscard]] std::vector<Patch::What> list_changes(const Watch& watch, const List& list);
/// What is shown differently in a text; empty if nothing is.
[[nodiscard]] TextDelta text_changes(Watch& watch, const Text& text);

}  // namespace syncline::patching

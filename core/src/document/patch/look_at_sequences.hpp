#pragma once

#include "clears.hpp"
#include "watch.hpp"

namespace syncline::patching {

/// Of one field of any type; null: it is not there.
void look(Watch& watch, const Node* node, const Clears* outer);

void look_at_text(Watch& watch, const Text& text, const Clears* clears);
void look_at_list(Watch& watch, const List& list, const Clears* clears);

}  // namespace syncline::patching

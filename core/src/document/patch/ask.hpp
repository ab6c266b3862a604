#pragma once

#include "watch.hpp"

namespace syncline::patching {

/// Watches what the op names, below the document's root.
void ask(Watch& root, const FieldOp& op, const Event& at);
/// Watches all in which the states may differ.
void ask_all(Watch& root, const OrMap& before, const OrMap& after);

}  // namespace syncline::patching

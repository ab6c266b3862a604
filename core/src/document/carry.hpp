#pragma once

#include "syncline/crdt/or_map.hpp"

namespace syncline {

/// Adds the entries of a counter, if `node` is one, to the one at `path`, by ops that come to them.
void carry_counter(const Node& node, const Path& path, OrMap& to);

}  // namespace syncline

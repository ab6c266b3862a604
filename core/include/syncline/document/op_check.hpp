#pragma once

#include "syncline/crdt/path.hpp"
#include "syncline/result.hpp"

namespace syncline {

/// Whether an own op is one that every decoder takes: what a local edit is held to before it takes
/// effect. What it names is not looked at, which takes the document.
///
/// Errors: too_deep for a path or a value beyond the limits, out_of_range for a counter's amount,
/// invalid_utf8 and too_large for a value (see check()), invalid_argument for a key, an op that its
/// type does not take, or one without what it is about. O(op).
[[nodiscard]] Result<> check(const FieldOp& op);

}  // namespace syncline

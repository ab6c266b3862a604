#pragma once

#include "session.hpp"

namespace syncline::board {

/// Shows the board, and again after each change on this device or another, until it is interrupted.
int watch(const Options& options);

}  // namespace syncline::board

#pragma once

#include "syncline/sync/messages.hpp"

#include <string>

namespace syncline::sim {

/// A relay's or a client's frame in a line, for people who read a diary.
[[nodiscard]] std::string sketch(BytesView frame);

}  // namespace syncline::sim

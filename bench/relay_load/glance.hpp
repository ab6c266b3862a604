#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace syncline::load {

/// The kinds of a relay's messages that are told apart here; behind the last come refusals.
enum Kind : unsigned { welcome = 32, opened = 33, changes = 34, accepted = 35 };

/// What the first bytes of a relay's message tell; the rest is never looked at.
struct Glance {
    unsigned kind = 0;
    std::uint64_t number = 0;  ///< changes: the first's place; accepted: the head's counter
    std::uint64_t count = 0;   ///< changes of the frame's first batch
};
/// So many bytes, with the frame's header, are enough for a glance.
inline constexpr std::size_t glance_bytes = 128;
[[nodiscard]] Glance glance_at(std::string_view payload);

}  // namespace syncline::load

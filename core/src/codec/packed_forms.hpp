#pragma once

// What ChangeWriter and ChangeReader share of the form.

#include <cstdint>

namespace syncline::wire {

/// Where an op works, in terms of the places told before.
enum class PlaceMode : std::uint8_t { same, beside, known, spelled };

/// Bits of a change's head.
inline constexpr std::uint64_t other_author = 1;
inline constexpr std::uint64_t other_first = 2;
inline constexpr std::uint64_t other_stamp = 4;
inline constexpr std::uint64_t other_base = 8;
inline constexpr std::uint64_t has_message = 16;
inline constexpr std::uint64_t several_ops = 32;

/// The values of kind `simple`.
inline constexpr std::uint64_t simple_null = 0;
inline constexpr std::uint64_t simple_false = 1;
inline constexpr std::uint64_t simple_true = 2;
inline constexpr std::uint64_t simple_integer = 3;

}  // namespace syncline::wire

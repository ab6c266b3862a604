#pragma once

// Columns of states (docs/encoding.md, "Columns"): many numbers, or many bytes, one behind the
// other, in the shortest of a few forms.
//
//   numbers := fewer than 8: each as LEB128
//            | 0, each as LEB128
//            | 1, each in groups of three bits          nibbles
//            | 2, [length - 1, number] in such groups   runs of at most 256
//            | 2 + width, each in so many bits
//
// The shortest one, of equals the first, is the only spelling. How many numbers there are is said
// elsewhere. One byte holds at most 256 of them, so a reader spends no more than 2 KB on it.
// No column has more than numbers_max, so that sizes fit where memory has 32 bits.

#include "syncline/codec/packed.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace syncline::wire {

using Numbers = std::vector<std::uint64_t>;
inline constexpr std::uint64_t numbers_max = std::uint64_t{1} << 26;

void write_numbers(PackedWriter& out, const Numbers& numbers);
/// Fails for another spelling, and for more than numbers_max. O(announced), and no more memory than
/// the bytes are worth.
[[nodiscard]] Numbers read_numbers(PackedReader& in, std::uint64_t announced);

/// The same, but that two to seven numbers begin with twice the first, and 1 more if all are equal,
/// when the others are left out: states have many small columns of that kind.
void write_state_numbers(PackedWriter& out, const Numbers& numbers);
[[nodiscard]] Numbers read_state_numbers(PackedReader& in, std::uint64_t announced);

/// 0, -1, 1, -2, … as 0, 1, 2, 3, …, and back.
[[nodiscard]] constexpr std::uint64_t zigzag(std::uint64_t step) {
    return (step << 1) ^ (0 - (step >> 63));
}
[[nodiscard]] constexpr std::uint64_t unzigzag(std::uint64_t number) {
    return (number >> 1) ^ (0 - (number & 1));
}

}  // namespace syncline::wire

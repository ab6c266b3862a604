#pragma once

// The bytes of all keys, all values, all texts of a state, each kind in one piece
// (docs/encoding.md, "Columns").
//
//   bytes := fewer than 128: as they are
//          | 0, as they are
//          | 1, the lengths of 256 codes as numbers, then the codes
//
// The codes are Huffman's, with every choice laid down, so that equal bytes have equal codes; of
// the two forms the shorter is the only spelling. One byte holds at most eight.

#include "syncline/codec/packed.hpp"

#include <cstdint>

namespace syncline::wire {

inline constexpr std::uint64_t bytes_max = std::uint64_t{1} << 28;

void write_bytes(PackedWriter& out, BytesView bytes);
/// Fails for another spelling, and for more than bytes_max, which no state has.
[[nodiscard]] Bytes read_bytes(PackedReader& in, std::uint64_t announced);
/// The same for either form and any codes, which takes half the time: for what is not canonical.
[[nodiscard]] Bytes read_any_bytes(PackedReader& in, std::uint64_t announced);

}  // namespace syncline::wire

#pragma once

#include "syncline/bytes.hpp"

#include <cstdint>
#include <vector>

namespace syncline::test {

/// Cuts a fuzzer's input into frames: two bytes of length, little-endian, then the frame; a length
/// that is too large takes what is left.
inline std::vector<Bytes> frames_of(const std::uint8_t* data, std::size_t size) {
    std::vector<Bytes> frames;
    while (size >= 2) {
        const std::size_t claimed = std::size_t{data[0]} | std::size_t{data[1]} << 8;
        data += 2;
        size -= 2;
        const std::size_t take = claimed < size ? claimed : size;
        const auto* begin = reinterpret_cast<const std::byte*>(data);
        frames.emplace_back(begin, begin + take);
        data += take;
        size -= take;
    }
    return frames;
}

}  // namespace syncline::test

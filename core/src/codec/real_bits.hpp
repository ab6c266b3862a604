#pragma once

#include <cstdint>
#include <cstring>

namespace syncline::wire {

// A real number's IEEE 754 bits, and back: std::bit_cast, which Emscripten's library lacks.

[[nodiscard]] inline std::uint64_t bits_of(double real) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &real, sizeof bits);
    return bits;
}
[[nodiscard]] inline double real_of(std::uint64_t bits) {
    double real = 0;
    std::memcpy(&real, &bits, sizeof real);
    return real;
}

}  // namespace syncline::wire

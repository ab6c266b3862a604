#pragma once

#include "syncline/clock/replica_id.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>

namespace syncline {

/// Fills memory with random bytes. Production passes the system's generator; the simulator a seeded
/// one. Core makes no randomness of its own.
using RandomSource = std::function<void(std::byte* into, std::size_t size)>;

[[nodiscard]] inline std::uint64_t random_u64(const RandomSource& random) {
    std::uint64_t value = 0;
    random(reinterpret_cast<std::byte*>(&value), sizeof value);
    return value;
}

}  // namespace syncline

#pragma once

// Hashes of what packed changes number, for NumberIndex.

#include "syncline/document/packed_changes.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace syncline::wire {

[[nodiscard]] inline std::uint32_t mixed(std::uint64_t bits) {
    return static_cast<std::uint32_t>((bits * 0x9E3779B97F4A7C15ULL) >> 32);
}
[[nodiscard]] inline std::uint32_t hash_of(std::uint32_t parent, const Step& step) {
    const std::uint64_t rest = std::uint64_t{parent} * 31 + static_cast<std::uint64_t>(step.type) +
                               step.element.counter * 0x9E3779B97F4A7C15ULL;
    return mixed(std::hash<std::string>()(step.key) ^ rest);
}
[[nodiscard]] inline std::uint32_t hash_of(const DocumentKey& key) {
    const std::hash<std::string> hash;
    return mixed(hash(key.id) + 31 * hash(key.collection));
}
[[nodiscard]] inline std::uint32_t hash_of(const ReplicaId& id) {
    return mixed(ReplicaIdHash()(id));
}

}  // namespace syncline::wire

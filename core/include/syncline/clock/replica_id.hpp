#pragma once

#include "syncline/bytes.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace syncline {

/// One copy that makes changes: a random UUID, never derived from a user, a device or hardware.
/// Ordered by its bytes, which is the last word in every tie. A value.
struct ReplicaId {
    std::array<std::byte, 16> bytes{};

    [[nodiscard]] BytesView view() const { return bytes; }
    [[nodiscard]] bool is_nil() const { return *this == ReplicaId{}; }

    friend bool operator==(const ReplicaId& a, const ReplicaId& b) {
        return std::memcmp(a.bytes.data(), b.bytes.data(), 16) == 0;
    }
    // Two integers instead of memcmp, which is a call here, and in every look-up by replica.
    friend bool operator<(const ReplicaId& a, const ReplicaId& b) {
        const std::uint64_t left = ordered_word(a.bytes.data());
        const std::uint64_t right = ordered_word(b.bytes.data());
        if (left != right) return left < right;
        return ordered_word(a.bytes.data() + 8) < ordered_word(b.bytes.data() + 8);
    }
};

/// 8-4-4-4-12 lower-case hexadecimal digits.
[[nodiscard]] std::string to_string(const ReplicaId& id);
/// The reverse, for digits of either case; none for any other text.
[[nodiscard]] std::optional<ReplicaId> parse_replica_id(std::string_view text);

/// For hash maps. The bytes are random already (a v4 UUID), so eight of them do.
struct ReplicaIdHash {
    std::size_t operator()(const ReplicaId& id) const {
        std::uint64_t head = 0;
        std::memcpy(&head, id.bytes.data(), sizeof head);
        std::uint64_t tail = 0;
        std::memcpy(&tail, id.bytes.data() + 8, sizeof tail);
        return static_cast<std::size_t>(head ^ (tail * 0x9E3779B97F4A7C15ULL));
    }
};

}  // namespace syncline

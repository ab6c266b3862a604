#pragma once

#include "syncline/bytes.hpp"

#include <array>
#include <bit>
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
        const std::uint64_t left = a.half(0);
        const std::uint64_t right = b.half(0);
        return left == right ? a.half(8) < b.half(8) : left < right;
    }

private:
    /// Eight of the bytes as a number of the same order.
    [[nodiscard]] std::uint64_t half(std::size_t from) const {
        std::uint64_t number = 0;
        std::memcpy(&number, bytes.data() + from, sizeof number);
        if constexpr (std::endian::native == std::endian::little)
            number = __builtin_bswap64(number);
        return number;
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

#pragma once

#include "syncline/bytes.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace syncline {

/// SHA-256 (FIPS 180-4), here because the core has no dependency that offers it in the browser too.
class Sha256 {
public:
    Sha256();
    Sha256& update(BytesView bytes);
    [[nodiscard]] std::array<std::byte, 32> finish();

private:
    void block(const std::byte* data);
    std::array<std::uint32_t, 8> state_;
    std::array<std::byte, 64> buffer_{};
    std::uint64_t total_ = 0;
};

/// SHA-256 cut to 16 bytes: collision resistance of 2^64, enough for a chain that only its own
/// author extends. Ordered and compared by bytes.
struct Hash {
    std::array<std::byte, 16> bytes{};
    [[nodiscard]] BytesView view() const { return bytes; }
    friend bool operator==(const Hash&, const Hash&) = default;
};
[[nodiscard]] Hash hash_of(BytesView bytes);
[[nodiscard]] Hash cut(const std::array<std::byte, 32>& digest);

}  // namespace syncline

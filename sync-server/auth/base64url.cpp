#include "auth/base64url.hpp"

#include <cstdint>

namespace syncline::relay::auth {
namespace {

constexpr std::string_view digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}  // namespace

std::string to_base64url(BytesView bytes) {
    std::string out;
    out.reserve((bytes.size() * 4 + 2) / 3);
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const std::byte byte : bytes) {
        bits = bits << 8 | std::to_integer<std::uint32_t>(byte);
        for (held += 8; held >= 6;) {
            held -= 6;
            out.push_back(digits[bits >> held & 63]);
        }
    }
    if (held > 0) out.push_back(digits[bits << (6 - held) & 63]);
    return out;
}

std::optional<Bytes> from_base64url(std::string_view text) {
    if (text.size() % 4 == 1) return std::nullopt;
    Bytes out;
    out.reserve(text.size() * 3 / 4);
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const char c : text) {
        const std::size_t digit = digits.find(c);
        if (digit == std::string_view::npos) return std::nullopt;
        bits = bits << 6 | static_cast<std::uint32_t>(digit);
        held += 6;
        if (held >= 8) {
            held -= 8;
            out.push_back(static_cast<std::byte>(bits >> held & 0xff));
        }
    }
    if ((bits & ((std::uint32_t{1} << held) - 1)) != 0) return std::nullopt;
    return out;
}

}  // namespace syncline::relay::auth

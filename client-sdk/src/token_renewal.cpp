#include "token_renewal.hpp"

#include "syncline/document/json.hpp"

#include <algorithm>

namespace syncline::client {

namespace {

// An app that has nothing newer is asked again this often.
constexpr std::uint64_t again_ms_min = 5'000;
constexpr std::uint64_t again_ms_max = 60'000;
constexpr std::uint64_t token_bytes_max = 4'096;

/// Base64 with the alphabet for URLs and without padding (RFC 4648 §5).
std::optional<std::string> from_base64url(std::string_view text) {
    std::string bytes;
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char c : text) {
        std::uint32_t six = 0;
        if (c >= 'A' && c <= 'Z') {
            six = static_cast<std::uint32_t>(c - 'A');
        } else if (c >= 'a' && c <= 'z') {
            six = static_cast<std::uint32_t>(c - 'a') + 26;
        } else if (c >= '0' && c <= '9') {
            six = static_cast<std::uint32_t>(c - '0') + 52;
        } else if (c == '-' || c == '_') {
            six = c == '-' ? 62 : 63;
        } else {
            return std::nullopt;
        }
        bits = (bits << 6 | six) & 0xFFFF;
        count += 6;
        if (count < 8) continue;
        count -= 8;
        bytes += static_cast<char>(bits >> count & 0xFF);
    }
    return bytes;
}

}  // namespace

std::optional<std::uint64_t> token_expiry_ms(std::string_view token) {
    const auto first = token.find('.');
    const auto second = first == token.npos ? token.npos : token.find('.', first + 1);
    if (second == token.npos || token.size() > token_bytes_max) return std::nullopt;
    const auto payload = from_base64url(token.substr(first + 1, second - first - 1));
    if (!payload) return std::nullopt;
    const auto claims = parse_json(*payload);
    const Value* expiry = claims ? claims->find("exp") : nullptr;
    const std::int64_t* seconds = expiry == nullptr ? nullptr : expiry->integer();
    constexpr std::int64_t seconds_max = std::int64_t{1} << 40;  // beyond it, it is no date
    if (seconds == nullptr || *seconds < 0 || *seconds > seconds_max) return std::nullopt;
    return static_cast<std::uint64_t>(*seconds) * 1'000;
}

void TokenRenewal::use(std::string token, std::uint64_t now_ms) {
    token_ = std::move(token);
    expiry_ms_ = token_expiry_ms(token_);
    ask_ms_.reset();
    if (!expiry_ms_) return;
    const std::uint64_t rest_ms = *expiry_ms_ - std::min(*expiry_ms_, now_ms);
    ask_ms_ = now_ms + rest_ms / 5 * 4;
}

void TokenRenewal::asked(std::uint64_t now_ms) {
    if (!expiry_ms_) return;
    const std::uint64_t rest_ms = *expiry_ms_ - std::min(*expiry_ms_, now_ms);
    ask_ms_ = now_ms + std::clamp(rest_ms / 5, again_ms_min, again_ms_max);
}

}  // namespace syncline::client

#include "syncline/bytes.hpp"
#include "syncline/clock/replica_id.hpp"
#include "syncline/result.hpp"

#include <cctype>

namespace syncline {

std::string_view name_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::malformed: return "malformed";
        case ErrorCode::truncated: return "truncated";
        case ErrorCode::trailing_bytes: return "trailing_bytes";
        case ErrorCode::not_canonical: return "not_canonical";
        case ErrorCode::too_large: return "too_large";
        case ErrorCode::too_deep: return "too_deep";
        case ErrorCode::out_of_range: return "out_of_range";
        case ErrorCode::invalid_utf8: return "invalid_utf8";
        case ErrorCode::unknown_message: return "unknown_message";
        case ErrorCode::unknown_format: return "unknown_format";
        case ErrorCode::invalid_argument: return "invalid_argument";
        case ErrorCode::not_found: return "not_found";
        case ErrorCode::closed: return "closed";
        case ErrorCode::schema_violation: return "schema_violation";
        case ErrorCode::schema_incompatible: return "schema_incompatible";
        case ErrorCode::unexpected_message: return "unexpected_message";
        case ErrorCode::version_unsupported: return "version_unsupported";
        case ErrorCode::unauthorized: return "unauthorized";
        case ErrorCode::token_expired: return "token_expired";
        case ErrorCode::forbidden: return "forbidden";
        case ErrorCode::stale_nonce: return "stale_nonce";
        case ErrorCode::replica_taken: return "replica_taken";
        case ErrorCode::fork: return "fork";
        case ErrorCode::gap: return "gap";
        case ErrorCode::clock_ahead: return "clock_ahead";
        case ErrorCode::stamp_order: return "stamp_order";
        case ErrorCode::unknown_reference: return "unknown_reference";
        case ErrorCode::unknown_space: return "unknown_space";
        case ErrorCode::unsupported: return "unsupported";
        case ErrorCode::rate_limited: return "rate_limited";
        case ErrorCode::draining: return "draining";
        case ErrorCode::not_a_relay: return "not_a_relay";
        case ErrorCode::connection_lost: return "connection_lost";
        case ErrorCode::timed_out: return "timed_out";
        case ErrorCode::storage_failed: return "storage_failed";
        case ErrorCode::storage_full: return "storage_full";
        case ErrorCode::storage_locked: return "storage_locked";
        case ErrorCode::storage_corrupt: return "storage_corrupt";
        case ErrorCode::storage_not_ours: return "storage_not_ours";
        case ErrorCode::storage_newer: return "storage_newer";
        case ErrorCode::storage_readonly: return "storage_readonly";
    }
    return "unknown";
}

namespace {
int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}
}  // namespace

std::string to_hex(BytesView bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const std::byte b : bytes) {
        const auto value = std::to_integer<unsigned>(b);
        text.push_back(digits[value >> 4]);
        text.push_back(digits[value & 15]);
    }
    return text;
}

Bytes from_hex(std::string_view text) {
    if (text.size() % 2 != 0) return {};
    Bytes bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = digit_of(text[i]);
        const int low = digit_of(text[i + 1]);
        if (high < 0 || low < 0) return {};
        bytes.push_back(static_cast<std::byte>(high * 16 + low));
    }
    return bytes;
}

std::string to_string(const ReplicaId& id) {
    std::string text = to_hex(id.view());
    for (const std::size_t dash : {20U, 16U, 12U, 8U}) text.insert(dash, 1, '-');
    return text;
}

std::optional<ReplicaId> parse_replica_id(std::string_view text) {
    if (text.size() != 36) return std::nullopt;
    std::string digits;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash_place = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash_place != (text[i] == '-')) return std::nullopt;
        if (!dash_place) digits.push_back(text[i]);
    }
    const Bytes bytes = from_hex(digits);
    if (bytes.size() != 16) return std::nullopt;
    ReplicaId id;
    std::memcpy(id.bytes.data(), bytes.data(), 16);
    return id;
}

}  // namespace syncline

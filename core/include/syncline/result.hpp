#pragma once

#include <tl/expected.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace syncline {

/// The rule that was broken. Callers branch on codes, never on text; the names (see `name_of`) are
/// stable and appear in logs, in the command line tool's output and on the wire.
enum class ErrorCode : std::uint16_t {
    // Bytes from outside.
    malformed = 1,       ///< not the shape the schema asks for
    truncated = 2,       ///< the bytes end before the value does
    trailing_bytes = 3,  ///< the value ends before the bytes do
    not_canonical = 4,   ///< a second spelling of a value that has exactly one
    too_large = 5,       ///< a length, count or size above its limit
    too_deep = 6,        ///< nesting above its limit
    out_of_range = 7,    ///< a number outside its domain
    invalid_utf8 = 8,    ///< text that is not well-formed UTF-8
    unknown_message = 9,
    unknown_format = 10,  ///< written by a newer version

    // The local API.
    invalid_argument = 20,
    not_found = 21,
    closed = 22,
    schema_violation = 23,     ///< a write that the app's own schema does not allow
    schema_incompatible = 24,  ///< a new schema that breaks a rule of evolution

    // Protocol and admission.
    unexpected_message = 30,  ///< legal message, wrong moment
    version_unsupported = 31,
    unauthorized = 32,  ///< no token, or one that does not verify
    token_expired = 33,
    forbidden = 34,      ///< a good token without the right
    stale_nonce = 35,    ///< a newer connection of this replica exists: a clone, or a restored file
    replica_taken = 36,  ///< the replica id belongs to another subject
    fork = 37,           ///< one (replica, counter), two contents
    gap = 38,            ///< a change above head + 1
    clock_ahead = 39,    ///< a stamp beyond the relay's time plus the drift bound
    stamp_order = 40,    ///< a stamp that is not above the replica's previous one
    unknown_reference = 41,  ///< names a dot above the change's causal past
    unknown_space = 42,
    unsupported = 43,
    rate_limited = 44,
    draining = 45,
    not_a_relay = 46,
    connection_lost = 47,
    timed_out = 48,

    // Storage.
    storage_failed = 60,  ///< the disk or the file system said no
    storage_full = 61,
    storage_locked = 62,    ///< another process has this file open
    storage_corrupt = 63,   ///< a checksum or an invariant of the file does not hold
    storage_not_ours = 64,  ///< a file that is no Syncline store
    storage_newer = 65,     ///< written by a newer version
    storage_readonly = 66,
};

/// The code's stable name, e.g. "clock_ahead"; "unknown" for a number from a newer peer.
[[nodiscard]] std::string_view name_of(ErrorCode code);

/// What went wrong, for programs (`code`) and for people (`message`). A value.
struct Error {
    ErrorCode code;
    std::string message;
    friend bool operator==(const Error&, const Error&) = default;
};

/// A value or the reason there is none. Expected failures travel this way; see
/// docs/architecture.md.
template <typename T = void>
using Result = tl::expected<T, Error>;

[[nodiscard]] inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
    return tl::unexpected<Error>(Error{code, std::move(message)});
}

}  // namespace syncline

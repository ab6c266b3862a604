#pragma once

#include "auth/key.hpp"
#include <syncline/result.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace syncline::relay::auth {

enum class Access { none, read, read_write };

/// Whether `name` may name a space or a tenant: 1 to 128 bytes of A–Z a–z 0–9 . _ : -
[[nodiscard]] bool is_name(std::string_view name);

/// What a token allows its holder. A value.
struct Grant {
    std::string subject;  ///< claim `sub`, 1 to 128 bytes of UTF-8 without control characters
    std::string tenant;   ///< claim `tenant`, a name; empty when absent
    /// Claim `spaces`: "rw", "r" or "none" for each name; "*" stands for every space not named.
    std::map<std::string, Access> spaces;
    std::int64_t expires_s = 0;  ///< claim `exp`, in seconds since 1970

    /// The right to `space`. What is not granted is `none`; the exact name beats "*".
    [[nodiscard]] Access access_to(std::string_view space) const;
    friend bool operator==(const Grant&, const Grant&) = default;
};

/// What else a token must say. An empty issuer or audience is not asked for.
struct Requirements {
    std::string issuer;          ///< claim `iss`, exactly
    std::string audience;        ///< claim `aud`: this text, or a list that has it
    std::int64_t leeway_s = 60;  ///< for clocks that differ, on exp, nbf and iat
};

/// Checks JSON Web Tokens (RFC 7519, compact, signed).
///
/// The key is chosen by the token's `kid`, or is the one key without an id when it has none; the
/// token's `alg` must be that key's. Both are checked before any cryptography, and the signature
/// before any claim is read. Refused besides: `crit`, a `typ` other than "JWT", duplicate names at
/// any depth, padding, white space, more than 4 KiB, times that are no integers. `exp` and `sub`
/// are required.
///
/// Threads   A value that shares its keys; const calls may run in parallel.
class Verifier {
public:
    static constexpr std::size_t token_bytes_max = 4096;

    /// `invalid_argument` without keys, with two of one id, or with a negative leeway.
    [[nodiscard]] static Result<Verifier> from_keys(std::vector<Key> keys,
                                                    Requirements requirements);

    /// `now_s` in seconds since 1970. `token_expired` for a token that was good until its `exp`;
    /// `forbidden` for one that is good and grants nothing; `unauthorized` otherwise. Messages
    /// never repeat input.
    [[nodiscard]] Result<Grant> verify(std::string_view token, std::int64_t now_s) const;

private:
    Verifier() = default;
    std::map<std::string, Key, std::less<>> keys_;
    Requirements requirements_;
};

}  // namespace syncline::relay::auth

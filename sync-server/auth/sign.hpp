#pragma once

#include "auth/token.hpp"
#include <syncline/bytes.hpp>
#include <syncline/result.hpp>

#include <string>
#include <string_view>

/// Makes tokens, for the command line and for tests. A relay that serves needs none of it.
namespace syncline::relay::auth {

/// The claims of `grant` as JSON, with `iat` when `issued_s` is above 0, and `iss` and `aud` when
/// asked for.
[[nodiscard]] std::string claims_of(const Grant& grant, const Requirements& requirements,
                                    std::int64_t issued_s);

/// Signs `claims` (a JSON object, taken as it is). An empty `key_id` leaves `kid` out.
/// `invalid_argument` for a secret under 32 bytes.
[[nodiscard]] Result<std::string> sign_hs256(std::string_view claims, BytesView secret,
                                             std::string_view key_id = "");
/// The same with a PEM Ed25519 private key ("BEGIN PRIVATE KEY", not encrypted).
[[nodiscard]] Result<std::string> sign_eddsa(std::string_view claims, std::string_view private_pem,
                                             std::string_view key_id = "");

}  // namespace syncline::relay::auth

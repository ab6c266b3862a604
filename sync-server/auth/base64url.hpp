#pragma once

#include <syncline/bytes.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace syncline::relay::auth {

/// Base64url without padding (RFC 4648 §5, RFC 7515 §2).
[[nodiscard]] std::string to_base64url(BytesView bytes);
/// The reverse. Takes exactly what the encoder writes: no padding, no white space, unused bits
/// zero, so that one token has one spelling.
[[nodiscard]] std::optional<Bytes> from_base64url(std::string_view text);

}  // namespace syncline::relay::auth

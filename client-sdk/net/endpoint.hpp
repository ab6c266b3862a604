#pragma once

#include "syncline/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace syncline::client::net {

enum class Scheme : std::uint8_t { ws, wss };

/// Where a relay listens. A value; `parse_url` makes valid ones.
struct Endpoint {
    Scheme scheme = Scheme::wss;
    std::string host;  ///< a name or an address; IPv6 without brackets
    std::uint16_t port = 443;
    std::string path = "/sync";  ///< with the query, if there is one
    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// No URL a person configures is longer, and it has to fit into one request line.
inline constexpr std::size_t url_bytes_max = 2000;

/// "wss://relay.example/sync". Ports default to 80 and 443, an empty path or "/" to "/sync".
/// Refused as invalid_argument: other schemes, white space and non-ASCII characters, a user or
/// password (a token does not belong into a URL), a fragment, a port that is none.
[[nodiscard]] Result<Endpoint> parse_url(std::string_view url);

/// The URL that parses to `endpoint`.
[[nodiscard]] std::string to_url(const Endpoint& endpoint);

}  // namespace syncline::client::net

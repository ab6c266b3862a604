#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace syncline::relay::net {

/// Pages that this server serves itself, as openers of its WebSocket. A page is its own when its
/// origin's host and port are those that the request asks for (the Host header).
///
/// Behind a name that they own, strangers can put this server's address (DNS rebinding), and then
/// their page looks like its own. So where nobody is asked for a token, a name proves nothing, and
/// only an address or `localhost` counts.
enum class OwnPages : std::uint8_t { none, by_address, by_name };

struct OriginRules {
    const std::vector<std::string>& allowed;  ///< exact values
    OwnPages own_pages = OwnPages::none;
    bool loopback = false;  ///< the server listens there only
    bool tls = false;
};

/// Whether a browser's page of this origin may open the WebSocket:
///   one that is listed; a page of this server, by `own_pages`; without a list and on loopback, any
///   page of this machine (http://localhost:5173). Never "null", which any sandboxed page has.
[[nodiscard]] bool origin_may_connect(std::string_view origin, std::string_view host,
                                      const OriginRules& rules);

}  // namespace syncline::relay::net

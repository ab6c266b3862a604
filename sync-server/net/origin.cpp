#include "net/origin.hpp"

#include <algorithm>
#include <optional>

namespace syncline::relay::net {
namespace {

struct Place {
    std::string_view scheme;
    std::string_view authority;  ///< host, and port if it was given
    std::string_view host;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The host in "host", "host:port" and "[v6]:port"; none in anything else.
std::optional<std::string_view> host_of(std::string_view authority) {
    const std::size_t end = authority.rfind('[', 0) == 0 ? authority.find(']') : 0;
    if (end == authority.npos) return std::nullopt;
    const std::size_t colon = authority.find(':', end);
    const std::string_view host = authority.substr(0, colon);
    if (host.empty() || host.find_first_of("/@?# \\") != host.npos) return std::nullopt;
    if (colon == authority.npos) return host;
    const std::string_view port = authority.substr(colon + 1);
    if (port.empty() || !std::all_of(port.begin(), port.end(), is_digit)) return std::nullopt;
    return host;
}

std::optional<Place> place_of(std::string_view origin) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (origin.rfind(scheme, 0) != 0) continue;
        const std::string_view authority = origin.substr(scheme.size());
        const auto host = host_of(authority);
        if (!host) return std::nullopt;
        return Place{scheme, authority, *host};
    }
    return std::nullopt;
}

/// An address in text. Names never end in a number (RFC 1123 §2.1, WHATWG URL).
bool is_address(std::string_view host) {
    if (host.front() == '[') return true;
    const std::size_t dot = host.rfind('.');
    const std::string_view last = dot == host.npos ? host : host.substr(dot + 1);
    return !last.empty() && std::all_of(last.begin(), last.end(), is_digit);
}

bool is_this_machine(std::string_view host) {
    return host == "localhost" || host == "[::1]" ||
           (host.rfind("127.", 0) == 0 && is_address(host));
}

}  // namespace

bool origin_may_connect(std::string_view origin, std::string_view host, const OriginRules& rules) {
    const auto place = place_of(origin);
    if (!place) return false;
    if (std::find(rules.allowed.begin(), rules.allowed.end(), origin) != rules.allowed.end()) {
        return true;
    }
    if (rules.allowed.empty() && rules.loopback && is_this_machine(place->host)) return true;
    if (rules.own_pages == OwnPages::none || place->authority != host) return false;
    // A proxy may add TLS in front, never take it away behind.
    if (rules.tls && place->scheme != "https://") return false;
    return rules.own_pages == OwnPages::by_name || is_address(place->host) ||
           is_this_machine(place->host);
}

}  // namespace syncline::relay::net

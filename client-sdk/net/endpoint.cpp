#include "net/endpoint.hpp"

#include <algorithm>
#include <charconv>

namespace syncline::client::net {
namespace {

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

tl::unexpected<Error> refused(std::string_view url, std::string_view why) {
    return fail(ErrorCode::invalid_argument,
                "not a relay's URL, " + std::string(why) + ": " + std::string(url));
}

}  // namespace

Result<Endpoint> parse_url(std::string_view url) {
    if (url.size() > url_bytes_max)
        return fail(ErrorCode::invalid_argument, "not a relay's URL, it is too long");
    if (std::any_of(url.begin(), url.end(), [](char c) { return c <= ' ' || c > '~'; }))
        return refused(url, "it has spaces or characters that a URL has to escape");
    const auto colon = url.find("://");
    if (colon == std::string_view::npos)
        return refused(url, "it does not begin with ws:// or wss://");
    const std::string scheme = lower(url.substr(0, colon));
    Endpoint endpoint;
    if (scheme == "wss") {
        endpoint.scheme = Scheme::wss;
        endpoint.port = 443;
    } else if (scheme == "ws") {
        endpoint.scheme = Scheme::ws;
        endpoint.port = 80;
    } else {
        return refused(url, "its scheme is not ws or wss");
    }
    std::string_view rest = url.substr(colon + 3);
    if (rest.find('#') != std::string_view::npos) return refused(url, "it has a fragment");
    const auto path_at = std::min(rest.find_first_of("/?"), rest.size());
    std::string_view authority = rest.substr(0, path_at);
    const std::string_view path = rest.substr(path_at);
    // The URL itself stays out of the message: it holds a password.
    if (authority.find('@') != std::string_view::npos)
        return fail(ErrorCode::invalid_argument, "a relay's URL holds no user name or password");
    std::string_view port;
    bool has_port = false;
    if (!authority.empty() && authority.front() == '[') {
        const auto end = authority.find(']');
        if (end == std::string_view::npos) return refused(url, "a bracket is not closed");
        endpoint.host = authority.substr(1, end - 1);
        authority.remove_prefix(end + 1);
        has_port = !authority.empty();
        if (has_port && authority.front() != ':')
            return refused(url, "its host is not well-formed");
        port = has_port ? authority.substr(1) : authority;
    } else {
        const auto separator = authority.find(':');
        endpoint.host = lower(authority.substr(0, separator));
        has_port = separator != std::string_view::npos;
        if (has_port) port = authority.substr(separator + 1);
    }
    if (endpoint.host.empty()) return refused(url, "it has no host");
    if (has_port) {
        const auto [end, error] =
            std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
        if (error != std::errc() || end != port.data() + port.size() || endpoint.port == 0)
            return refused(url, "its port is not a number from 1 to 65535");
    }
    if (path.empty() || path == "/")
        endpoint.path = "/sync";
    else
        endpoint.path = path.front() == '?' ? "/sync" + std::string(path) : std::string(path);
    return endpoint;
}

std::string to_url(const Endpoint& endpoint) {
    const bool v6 = endpoint.host.find(':') != std::string::npos;
    return std::string(endpoint.scheme == Scheme::wss ? "wss://" : "ws://") + (v6 ? "[" : "") +
           endpoint.host + (v6 ? "]" : "") + ":" + std::to_string(endpoint.port) + endpoint.path;
}

}  // namespace syncline::client::net

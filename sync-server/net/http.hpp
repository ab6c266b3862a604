#pragma once

#include "net/server.hpp"

#include <string>

struct lws;

/// What is HTTP in libwebsockets: the requests that become WebSockets, and the few that do not.
namespace syncline::relay::net {

/// Decides on a request with an Upgrade header: 0 lets it pass, -1 hangs up. `loopback`: the server
/// listens there only.
[[nodiscard]] int confirm_upgrade(lws* wsi, const Options& options, bool loopback);

/// Answers a request without Upgrade that is no plain GET or HEAD. False when there is none of
/// that.
[[nodiscard]] bool refused_request(lws* wsi);

/// What a GET or HEAD asks besides its path.
struct RequestHeaders {
    std::string if_none_match;
    std::string accept_encoding;
    bool head_only = false;
};
[[nodiscard]] RequestHeaders headers_of(lws* wsi);

/// The Origin header, empty when absent.
[[nodiscard]] std::string origin_of(lws* wsi);

[[nodiscard]] HttpResponse plain(unsigned status, std::string text);

/// What of a response is written.
enum class Part { whole, head };
/// Writes an HTTP response; of one with a file the head only. False when the connection is to be
/// dropped.
bool respond(lws* wsi, const HttpResponse& response, Part part = Part::whole);

}  // namespace syncline::relay::net

#pragma once

#include "net/server.hpp"

#include <string>

struct lws;

/// What is HTTP in libwebsockets: the requests that become WebSockets, and the few that do not.
namespace syncline::relay::net {

/// Decides on a request with an Upgrade header: 0 lets it pass, -1 hangs up. `loopback`: the server
/// listens there only.
[[nodiscard]] int confirm_upgrade(lws* wsi, const Options& options, bool loopback);

/// Answers a request without Upgrade that is no plain GET. False when there is none of that.
[[nodiscard]] bool refused_request(lws* wsi);

/// The Origin header, empty when absent.
[[nodiscard]] std::string origin_of(lws* wsi);

[[nodiscard]] HttpResponse plain(unsigned status, std::string text);

/// Writes a whole HTTP response. False when the connection is to be dropped.
bool respond(lws* wsi, const HttpResponse& response);

}  // namespace syncline::relay::net

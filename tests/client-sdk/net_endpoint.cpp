#include "net/endpoint.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace syncline;
using namespace syncline::client::net;

TEST_CASE("a relay's URL gives scheme, host, port and path", "[net]") {
    const auto parsed = [](std::string_view url) {
        const auto endpoint = parse_url(url);
        INFO(url);
        REQUIRE(endpoint.has_value());
        CHECK(parse_url(to_url(*endpoint)) == endpoint);
        return *endpoint;
    };
    CHECK(parsed("wss://relay.example") == Endpoint{Scheme::wss, "relay.example", 443, "/sync"});
    CHECK(parsed("ws://relay.example/") == Endpoint{Scheme::ws, "relay.example", 80, "/sync"});
    CHECK(parsed("WSS://Relay.Example:9000/a/b?c=d") ==
          Endpoint{Scheme::wss, "relay.example", 9000, "/a/b?c=d"});
    CHECK(parsed("ws://127.0.0.1:1?x") == Endpoint{Scheme::ws, "127.0.0.1", 1, "/sync?x"});
    CHECK(parsed("ws://[::1]:65535") == Endpoint{Scheme::ws, "::1", 65535, "/sync"});
    CHECK(parsed("ws://[fe80::1]/x") == Endpoint{Scheme::ws, "fe80::1", 80, "/x"});
}

TEST_CASE("what is no relay's URL is refused", "[net]") {
    const std::string url =
        GENERATE(as<std::string>(), "", "relay.example", "http://relay.example",
                 "https://relay.example", "ws:/relay.example", "ws://", "ws:///sync", "ws://:80",
                 "ws://relay.example:", "ws://relay.example:0", "ws://relay.example:65536",
                 "ws://relay.example:+1", "ws://relay.example:80x", "ws://re lay", " ws://relay",
                 "ws://relay\n", "ws://relay/a b", "ws://relay/\xc3\xa4", "ws://user@relay",
                 "ws://[::1", "ws://[::1]x", "ws://[]:80", "ws://relay/#top");
    INFO(url);
    const auto endpoint = parse_url(url);
    REQUIRE_FALSE(endpoint.has_value());
    CHECK(endpoint.error().code == ErrorCode::invalid_argument);
}

TEST_CASE("a URL with a password does not end up in the message", "[net]") {
    const auto endpoint = parse_url("wss://alice:secret@relay.example/sync");
    REQUIRE_FALSE(endpoint.has_value());
    CHECK(endpoint.error().message.find("secret") == std::string::npos);
    CHECK_FALSE(parse_url("ws://" + std::string(3000, 'a')).has_value());
}

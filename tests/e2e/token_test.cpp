// Tokens that end while devices are connected, with a real relay.

#include "auth/sign.hpp"
#include "programs.hpp"
#include "syncline/client/store.hpp"

#include <atomic>
#include <fstream>
#include <map>
#include <sys/stat.h>

using namespace syncline;
using namespace syncline::e2e;

namespace {

const std::string secret = "a secret of at least thirty-two bytes, surely";

std::vector<std::string> with_key(const TemporaryDirectory& directory) {
    std::string path = directory.path() + "/key";
    std::ofstream(path) << secret << '\n';
    chmod(path.c_str(), 0600);
    return {"--key", std::move(path)};
}

std::string token(std::int64_t expires_in_s, const std::vector<std::string>& spaces) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    relay::auth::Grant grant;
    grant.subject = "alice";
    for (const std::string& space : spaces) {
        grant.spaces[space] = relay::auth::Access::read_write;
    }
    grant.expires_s = std::chrono::duration_cast<std::chrono::seconds>(now).count() + expires_in_s;
    return relay::auth::sign_hs256(relay::auth::claims_of(grant, {}, 0),
                                   std::as_bytes(std::span(secret)))
        .value();
}

}  // namespace

TEST_CASE("a token is renewed on the live connection before it ends", "[e2e]") {
    TemporaryDirectory directory;
    Relay relay(directory.path(), with_key(directory));
    Store store = Store::open(directory.path() + "/alice.db").value();
    Space team = store.space("team").value();
    Space more = store.space("more").value();
    // Over already, by less than the relay overlooks: the next one is asked for at once.
    std::atomic<int> asked{0};
    ConnectOptions options;
    options.url = relay.url();
    options.token = [&] {
        return ++asked < 3 ? token(-30, {"team"}) : token(600, {"team", "more"});
    };
    REQUIRE(store.connect(options));
    REQUIRE(team.wait_in_sync(std::chrono::seconds(30)));
    const std::uint64_t since_ms = team.status().connected_since_ms;
    CHECK(eventually([&] {
        const auto error = more.status().last_error;
        return error && error->code == ErrorCode::forbidden;
    }));
    // Only the third token opens it, and the connection is still the first.
    CHECK(eventually([&] { return more.status().in_sync; }));
    CHECK(asked == 3);
    CHECK(team.status().connected_since_ms == since_ms);
    CHECK_FALSE(more.status().last_error);
}

TEST_CASE("without a function the app brings tokens itself, also after one has expired", "[e2e]") {
    TemporaryDirectory directory;
    Relay relay(directory.path(), with_key(directory));
    Store store = Store::open(directory.path() + "/alice.db").value();
    Space team = store.space("team").value();
    ConnectOptions options;
    options.url = relay.url();
    ErrorCode expected = ErrorCode::unauthorized;
    SECTION("none yet") {}
    SECTION("an expired one") {
        store.set_token(token(-3'600, {"team"}));
        expected = ErrorCode::token_expired;
    }
    REQUIRE(store.connect(options));
    const auto waited = team.wait_in_sync(std::chrono::seconds(30));
    REQUIRE_FALSE(waited);
    CHECK(waited.error().code == expected);
    CHECK(team.status().last_error_is_final);

    store.set_token(token(600, {"team"}));
    REQUIRE(team.wait_in_sync(std::chrono::seconds(30)));
    CHECK_FALSE(team.status().last_error);

    // Another on the live connection, and one that is good for nothing.
    const std::uint64_t since_ms = team.status().connected_since_ms;
    Space more = store.space("more").value();
    store.set_token(token(700, {"team", "more"}));
    CHECK(eventually([&] { return more.status().in_sync; }));
    CHECK(team.status().connected_since_ms == since_ms);
    store.set_token("nonsense");
    CHECK(eventually([&] {
        const SyncStatus status = team.status();
        return status.last_error && status.last_error->code == ErrorCode::unauthorized &&
               status.last_error_is_final;
    }));
    store.set_token(token(800, {"team"}));
    CHECK(team.wait_in_sync(std::chrono::seconds(30)));
}

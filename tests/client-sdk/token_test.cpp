// Tokens that end: when the app is asked for the next one, and what a session does with it.

#include "store_fixture.hpp"
#include "token_renewal.hpp"

#include <catch2/catch.hpp>

using namespace syncline;
using namespace syncline::test;
using client::token_expiry_ms;
using client::TokenRenewal;

namespace {

constexpr std::uint64_t begin_ms = 1'800'000'000'000;
// {"alg":"HS256"} . {"sub":"a","exp":1800000100} and {"sub":"a","exp":1800001000}
const std::string in_100_s = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIiwiZXhwIjoxODAwMDAwMTAwfQ.c2ln";
const std::string in_1000_s = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIiwiZXhwIjoxODAwMDAxMDAwfQ.c2ln";

}  // namespace

TEST_CASE("a token's end is read from it, unless it is of another kind", "[token]") {
    CHECK(token_expiry_ms(in_100_s) == begin_ms + 100'000);
    for (const char* other :
         {"", "secret", "a.b", "a..c", "a.!.c", "a.e30.c",                       // {}
          "a.W10.c",                                                             // []
          "a.eyJleHAiOiJzb29uIn0.c", "a.eyJleHAiOi01fQ.c", "a.eyJleHAiOjF9"}) {  // "soon", -5, cut
        CAPTURE(other);
        CHECK_FALSE(token_expiry_ms(other));
    }
    CHECK_FALSE(token_expiry_ms("a." + std::string(5'000, 'A') + ".c"));
}

TEST_CASE("a newer token is asked for in time, again and again, and not too often", "[token]") {
    TokenRenewal renewal;
    renewal.use("no date", begin_ms);
    renewal.asked(begin_ms);
    CHECK_FALSE(renewal.due(begin_ms + 1'000'000'000));

    renewal.use(in_100_s, begin_ms);
    CHECK_FALSE(renewal.due(begin_ms + 79'999));
    CHECK(renewal.due(begin_ms + 80'000));
    renewal.asked(begin_ms + 80'000);
    CHECK_FALSE(renewal.due(begin_ms + 84'999));
    CHECK(renewal.due(begin_ms + 85'000));
    renewal.use(in_1000_s, begin_ms + 85'000);
    CHECK_FALSE(renewal.due(begin_ms + 800'000));
    CHECK(renewal.due(begin_ms + 818'000));
    // One that is over already, within what the relay overlooks.
    renewal.use(in_100_s, begin_ms + 120'000);
    CHECK(renewal.due(begin_ms + 120'000));
    renewal.asked(begin_ms + 120'000);
    CHECK_FALSE(renewal.due(begin_ms + 124'000));
}

TEST_CASE("a connection lives on with a renewed token, and ends without", "[token]") {
    World world(3);
    PowerLossVfs disk;
    Device alice(world, disk, "alice");
    alice.token = "first";
    world.expires_ms["first"] = world.now_ms + 60'000;
    REQUIRE(alice.open());
    REQUIRE(world.sync(alice));
    world.pass(50'000);
    REQUIRE(alice.connected());
    SECTION("renewed") {
        alice.renew("second");
        world.pass(60'000);
        CHECK(alice.connected());
        CHECK(alice.in_sync);
    }
    SECTION("not renewed") {
        world.pass(20'000);
        REQUIRE(alice.ended);
        CHECK(alice.ended->error.code == ErrorCode::token_expired);
        CHECK(alice.ended->retryable);
    }
}

TEST_CASE("what a token did not allow is tried again with the next", "[token]") {
    World world(4);
    PowerLossVfs disk;
    Device alice(world, disk, "alice");
    REQUIRE(alice.open());
    REQUIRE(alice.write_mark());
    SECTION("to read") { world.access = Access::none; }
    SECTION("to write") { world.access = Access::read; }
    alice.connect();
    world.run();
    REQUIRE(alice.space_failed);
    CHECK(alice.space_failed->code == ErrorCode::forbidden);
    CHECK_FALSE(alice.in_sync);
    world.access = Access::write;
    alice.renew("second");
    world.run();
    CHECK(alice.in_sync);
    CHECK(alice.accepted == 1);
}

TEST_CASE("a refusal that a newer token has overtaken is not the last word", "[token]") {
    World world(6);
    PowerLossVfs disk;
    Device alice(world, disk, "alice");
    REQUIRE(alice.open());
    world.access = Access::none;
    world.access_by_token["second"] = Access::write;
    alice.connect();
    while (alice.welcomed() == false) REQUIRE(world.step());  // the space is asked for now
    alice.renew("second");
    world.run();
    CHECK(alice.in_sync);
    CHECK_FALSE(alice.space_failed);
}

TEST_CASE("a token that comes before the relay's welcome is given after it", "[token]") {
    World world(5);
    PowerLossVfs disk;
    Device alice(world, disk, "alice");
    alice.token = "first";
    world.expires_ms["first"] = world.now_ms + 10'000;
    REQUIRE(alice.open());
    alice.connect();
    alice.renew("second");
    world.run();
    world.pass(20'000);
    CHECK(alice.connected());
    CHECK(alice.in_sync);
}

// Presence of real sessions on real stores, by a clock that the test turns; and what the API says
// of it without a relay.

#include "store_fixture.hpp"
#include "support/temporary_directory.hpp"
#include "syncline/client/store.hpp"

#include <catch2/catch.hpp>

using namespace syncline;
using namespace syncline::test;

namespace {

struct Person {
    Person(World& world, PowerLossVfs& vfs, const std::string& name) : device(world, vfs, name) {
        device.presence = &book;
        REQUIRE(device.open());
    }
    void say(const Value& value, std::uint64_t ttl_ms, std::uint64_t now_ms) {
        REQUIRE(book.set(team, "tab", value, ttl_ms, now_ms));
        if (device.connected()) device.presence_changed();
    }
    [[nodiscard]] std::vector<Presence> sees(std::uint64_t now_ms) const {
        std::vector<Presence> others;
        for (Presence& one : book.list(team, ReplicaId{}, now_ms)) {
            if (!one.own) others.push_back(std::move(one));
        }
        return others;
    }
    PresenceBook book;
    Device device;
};

}  // namespace

TEST_CASE("a presence is kept up while its device is there, and ends with it", "[presence]") {
    World world(7);
    PowerLossVfs vfs;
    Person alice(world, vfs, "alice");
    Person bob(world, vfs, "bob");
    alice.say(Value("here"), 1'000, world.now_ms);
    REQUIRE(world.sync(alice.device));
    REQUIRE(world.sync(bob.device));
    REQUIRE(bob.sees(world.now_ms).size() == 1);
    CHECK(bob.sees(world.now_ms)[0].value == Value("here"));
    CHECK(bob.device.presence_told == 1);

    // Renewed all the time; told once.
    world.pass(20'000);
    REQUIRE(bob.sees(world.now_ms).size() == 1);
    CHECK(bob.sees(world.now_ms)[0].age_ms >= 20'000);
    CHECK(bob.device.presence_told == 1);

    SECTION("moves") {
        alice.say(Value("there"), 1'000, world.now_ms);
        world.pass(200);
        CHECK(bob.sees(world.now_ms).at(0).value == Value("there"));
    }
    SECTION("leaves") {
        REQUIRE(alice.book.clear(team, "tab"));
        alice.device.presence_changed();
        world.pass(200);
        CHECK(bob.sees(world.now_ms).empty());
    }
    SECTION("is disconnected, and comes back") {
        alice.device.disconnect();
        CHECK(alice.sees(world.now_ms).empty());
        world.pass(200);
        CHECK(bob.sees(world.now_ms).empty());
        REQUIRE(world.sync(alice.device));
        world.pass(200);
        CHECK(bob.sees(world.now_ms).size() == 1);
    }
    SECTION("takes a new identity") {
        bob.say(Value("hello"), 30'000, world.now_ms);
        world.pass(200);
        REQUIRE(alice.device.store().take_new_identity());
        alice.device.disconnect();
        REQUIRE(world.sync(alice.device));
        world.pass(200);
        REQUIRE(bob.sees(world.now_ms).size() == 1);
        CHECK(bob.sees(world.now_ms)[0].replica == alice.device.store().replica());
        CHECK(alice.sees(world.now_ms).size() == 1);
    }
    SECTION("outlives the relay") {
        world.restart_relay();
        CHECK(bob.sees(world.now_ms).empty());
        REQUIRE(world.sync(alice.device));
        REQUIRE(world.sync(bob.device));
        CHECK(bob.sees(world.now_ms).size() == 1);
    }
}

TEST_CASE("a device that does not speak presence syncs with those that do", "[presence]") {
    World world(8);
    PowerLossVfs vfs;
    Person alice(world, vfs, "alice");
    Device old(world, vfs, "old");
    REQUIRE(old.open());
    alice.say(Value(1), 1'000, world.now_ms);
    REQUIRE(world.sync(alice.device));
    REQUIRE(world.sync(old));
    REQUIRE(old.write_mark());
    REQUIRE(alice.device.write_mark());
    world.pass(3'000);
    CHECK(old.presence_told == 0);
    CHECK(old.digest() == alice.device.digest());
}

TEST_CASE("a reader is seen, and a space that is forbidden shows nobody", "[presence]") {
    World world(9);
    PowerLossVfs vfs;
    Person alice(world, vfs, "alice");
    Person bob(world, vfs, "bob");
    world.access = Access::read;
    alice.say(Value(1), 30'000, world.now_ms);
    REQUIRE(world.sync(alice.device));
    REQUIRE(world.sync(bob.device));
    CHECK(bob.sees(world.now_ms).size() == 1);
    world.access = Access::none;
    bob.device.disconnect();
    (void)world.sync(bob.device);
    world.pass(1'000);
    CHECK(bob.sees(world.now_ms).empty());
}

TEST_CASE("own presence is seen without a relay, and observers are told of it once", "[presence]") {
    TemporaryDirectory directory;
    Store store = Store::open(directory.path() + "/app.db").value();
    Space space = store.space("team").value();
    std::vector<std::vector<Presence>> told;
    Subscription watching = space.observe_presence([&](const std::vector<Presence>& everybody) {
        told.push_back(everybody);
        if (told.size() == 1) REQUIRE(space.set_presence("b", Value(2)));  // from inside
    });
    REQUIRE(space.set_presence("a", Value(1)));
    REQUIRE(told.size() == 2);
    CHECK(told[0].size() == 1);
    CHECK(told[1].size() == 2);
    REQUIRE(space.set_presence("a", Value(1)));  // nothing new
    space.clear_presence("nobody");
    CHECK(told.size() == 2);
    space.clear_presence("a");
    CHECK(told.size() == 3);
    REQUIRE(space.presence().size() == 1);
    const Presence own = space.presence()[0];
    CHECK(own.own);
    CHECK(own.session == "b");
    CHECK(own.replica == store.replica());
    CHECK(own.subject.empty());
    CHECK(space.set_presence("b", Value(2), std::chrono::seconds(0)).error().code ==
          ErrorCode::out_of_range);
    CHECK(space.set_presence("b", Value(2), std::chrono::seconds(-1)).error().code ==
          ErrorCode::out_of_range);
    CHECK(store.space("other").value().presence().empty());
    watching.cancel();
    space.clear_presence("b");
    CHECK(told.size() == 3);
}

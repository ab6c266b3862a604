// The log that a store keeps so that documents have a history, through restarts, trimming, restored
// relays and files of a version that knew of none.

#include "store_fixture.hpp"
#include "support/temporary_directory.hpp"
#include "syncline/client/store.hpp"

#include <catch2/catch.hpp>

using namespace syncline;
using test::Device;
using test::PowerLossVfs;
using test::TemporaryDirectory;
using test::World;

namespace {

constexpr std::uint64_t day = 24ULL * 3600 * 1000;

struct Pair {
    explicit Pair(std::uint64_t seed) : world(seed) {
        REQUIRE(alice.open());
        REQUIRE(bob.open());
    }
    void visit(Device& device) {
        REQUIRE(world.sync(device));
        device.disconnect();
    }
    /// What is confirmed at alice now, to be compared with as_of() later.
    void note() {
        if (alice.space().pending() != 0 || world.promised.empty()) return;
        auto& documents = versions[alice.space().state().cursor];
        for (const auto& [mark, key] : world.promised)
            documents[key] = **alice.space().document(key);
    }
    void reopen_alice() {
        alice.close();
        REQUIRE(alice.open());
    }
    /// How many of the noted versions as_of() gives back; the others it has to refuse.
    std::size_t known_versions() {
        std::size_t known = 0;
        for (const auto& [cursor, documents] : versions) {
            bool here = false;
            for (const auto& [key, document] : documents) {
                const auto was = alice.space().as_of(key, cursor);
                here = was.has_value();
                INFO("sequence number " << cursor);
                if (was) REQUIRE(*was == document);
                if (!was) REQUIRE(was.error().code == ErrorCode::not_found);
            }
            known += here ? 1 : 0;
        }
        return known;
    }

    PowerLossVfs disk;
    World world;
    Device alice{world, disk, "alice"};
    Device bob{world, disk, "bob"};
    std::map<std::uint64_t, std::map<DocumentKey, Document>> versions;
};

const DocumentKey task{"tasks", "t1"};

}  // namespace

TEST_CASE("documents can be had as they were while history is kept", "[history]") {
    const auto seed = GENERATE(range(0u, 40u));
    CAPTURE(seed);
    Pair pair(seed);
    test::Random& random = pair.world.random;
    const std::size_t begins_at = random.below(3) * 8;
    for (std::size_t round = 0; round < 24; ++round) {
        if (round == begins_at) {
            REQUIRE(pair.alice.store().keep_history(10 * day));
            pair.versions.clear();
            pair.note();
        }
        Device& device = random.one_in(2) ? pair.alice : pair.bob;
        REQUIRE(device.write_mark());
        if (random.one_in(2)) pair.visit(pair.bob);
        if (random.one_in(2)) pair.visit(pair.alice);
        if (round >= begins_at) pair.note();
        if (random.one_in(6)) pair.reopen_alice();
        pair.world.now_ms += random.below(1'000);
    }
    pair.visit(pair.alice);
    pair.note();
    REQUIRE(pair.alice.store().verify());
    CHECK(pair.known_versions() == pair.versions.size());

    SECTION("what is older goes, folded into what the rest stands on") {
        pair.world.now_ms += 9 * day;
        REQUIRE(pair.bob.write_mark());
        pair.visit(pair.bob);
        pair.visit(pair.alice);
        pair.note();
        const std::size_t all = pair.versions.size();
        CHECK(pair.known_versions() == all);
        pair.world.now_ms += 2 * day;
        pair.visit(pair.alice);
        // The last but one is what the base is now.
        CHECK(pair.known_versions() <= 2);
        CHECK(pair.known_versions() >= 1);
        CHECK(pair.alice.store().verify());
    }
    SECTION("it ends, and begins anew") {
        REQUIRE(pair.alice.store().keep_history(0));
        CHECK(pair.alice.space().as_of(task, 1).error().code == ErrorCode::not_found);
        CHECK(pair.alice.space().history(task, {}).error().code == ErrorCode::not_found);
        REQUIRE(pair.bob.write_mark());
        pair.visit(pair.bob);
        pair.visit(pair.alice);
        REQUIRE(pair.alice.store().keep_history(day));
        pair.versions.clear();
        pair.note();
        REQUIRE(pair.bob.write_mark());
        pair.visit(pair.bob);
        pair.visit(pair.alice);
        pair.note();
        CHECK(pair.known_versions() == pair.versions.size());
    }
}

TEST_CASE("a relay that went back has another history, which begins there", "[history]") {
    Pair pair(1);
    REQUIRE(pair.alice.store().keep_history(day));
    REQUIRE(pair.alice.write_mark());
    pair.visit(pair.alice);
    const auto older = pair.world.disk.image;
    REQUIRE(pair.bob.write_mark());
    pair.visit(pair.bob);
    pair.visit(pair.alice);
    pair.world.restore_relay(older);
    for (int round = 0; round < 2; ++round) {
        pair.visit(pair.bob);
        pair.visit(pair.alice);
    }
    pair.note();
    REQUIRE(pair.bob.write_mark());
    pair.visit(pair.bob);
    pair.visit(pair.alice);
    pair.note();
    CHECK(pair.known_versions() == 2);
    CHECK(pair.alice.store().verify());
}

TEST_CASE("an app sees who wrote what, pending changes last", "[api][history]") {
    TemporaryDirectory directory;
    auto store = Store::open(directory.path() + "/a.db").value();
    auto space = store.space("team").value();
    CHECK(space.history(task).error().code == ErrorCode::not_found);
    CHECK(store.keep_history(std::chrono::milliseconds(-1)).error().code ==
          ErrorCode::invalid_argument);
    REQUIRE(store.keep_history(std::chrono::hours(24)));
    REQUIRE(space.transact(
        [](Transaction& tx) { tx.document(task.collection, task.id).set("title", "Milk"); },
        "first"));
    REQUIRE(space.transact(
        [](Transaction& tx) { tx.document(task.collection, task.id).counter("votes").add(1); }));
    const auto all = space.history(task).value();
    REQUIRE(all.size() == 2);
    CHECK_FALSE(all[0].sequence);
    CHECK(all[0].author == store.replica());
    CHECK(all[0].message == "first");
    const auto votes = space.history(task, {{"votes", Type::pn_counter}}).value();
    REQUIRE(votes.size() == 1);
    CHECK(votes[0].edits.front().op.op.amount == 1);
    CHECK(space.history({"tasks", "other"}).value().empty());
}

TEST_CASE("a file of a version without history is taken over as it is", "[api][history]") {
    TemporaryDirectory directory;
    const std::string path = directory.path() + "/a.db";
    {
        auto space = Store::open(path).value().space("team").value();
        REQUIRE(space.transact(
            [](Transaction& tx) { tx.document(task.collection, task.id).set("title", "Milk"); }));
    }
    {
        sqlite::Options options;
        options.path = path;
        auto database = sqlite::Database::open(options).value();
        REQUIRE(database.exec("DROP TABLE logged"));
        REQUIRE(database.exec("DROP TABLE requests"));
        REQUIRE(database.set_user_version(1));
    }
    auto store = Store::open(path).value();
    REQUIRE(store.keep_history(std::chrono::hours(1)));
    CHECK(store.space("team").value().history(task).value().size() == 1);
    CHECK(store.verify());
}

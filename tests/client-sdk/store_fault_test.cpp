// A store whose disk, relay or clock does not do as it should: typed errors, nothing lost, and it
// goes on by itself once it can.

#include "store_fixture.hpp"

#include <catch2/catch.hpp>

#include <iostream>

using namespace syncline;
using test::Device;
using test::Fault;
using test::PowerLossVfs;
using test::Repeat;
using test::World;

namespace {

constexpr std::int64_t day = 24LL * 3600 * 1000;

bool is_storage_error(ErrorCode code) {
    return code == ErrorCode::storage_failed || code == ErrorCode::storage_full ||
           code == ErrorCode::storage_corrupt || code == ErrorCode::storage_readonly;
}

/// Some writes, a sync, a feed, and a copy found out. Stops at the first error.
Result<> workload(World& world, Device& device) {
    if (auto opened = device.open(); !opened) return opened;
    for (int i = 0; i < 3; ++i) {
        if (auto written = device.write_mark(); !written) return written;
    }
    for (int round = 0; round < 2; ++round) {
        if (!world.sync(device) && device.ended) return tl::unexpected(device.ended->error);
        if (auto written = device.write_mark(); !written) return written;
    }
    device.disconnect();
    if (auto taken = device.store().take_new_identity(); !taken) return taken;
    if (!world.sync(device) && device.ended) return tl::unexpected(device.ended->error);
    if (auto sync = device.store().database().checkpoint(sqlite::Checkpoint::truncate); !sync) {
        return sync;
    }
    device.close();
    return {};
}

std::string title(Device& device, const DocumentKey& key) {
    const Value shown = view(device.space().document(key).value()->root());
    const Value* found = shown.find("title");
    return found == nullptr || found->text() == nullptr ? std::string() : *found->text();
}

Result<> set_title(Device& device, const DocumentKey& key, const std::string& text) {
    return device.transact([&](SpaceReplica::Editor& editor) -> Result<> {
        const Path path{{"title", Type::lww_register}};
        const OrMap& root = editor.read(key).value()->root();
        return editor.edit(key, {path, root.at<LwwRegister>(path).set(Value(text))});
    });
}

}  // namespace

TEST_CASE("any I/O of a store may fail once, with a typed error and without loss",
          "[store][fault]") {
    const auto fault = GENERATE(Fault::any, Fault::read, Fault::write, Fault::fsync, Fault::full);
    const auto repeat = GENERATE(Repeat::once, Repeat::for_ever);
    CAPTURE(static_cast<int>(fault), static_cast<int>(repeat));
    bool struck = true;
    std::uint64_t failures = 0;
    for (std::uint64_t nth = 1; struck; ++nth) {
        CAPTURE(nth);
        REQUIRE(nth < 5'000);
        PowerLossVfs disk;
        PowerLossVfs sound;
        World world(nth);
        Device alice(world, disk, "alice");
        Device bob(world, sound, "bob");
        REQUIRE(bob.open());
        REQUIRE(bob.write_mark());
        REQUIRE(world.sync(bob));
        bob.disconnect();
        disk.fail_at(nth, fault, repeat);
        const auto done = workload(world, alice);
        struck = disk.faults() > 0;
        if (!done) {
            ++failures;
            INFO(done.error().message);
            REQUIRE(is_storage_error(done.error().code));
        }
        disk.heal();
        alice.close();
        REQUIRE(alice.open());
        REQUIRE(alice.inconsistency() == "");
        REQUIRE(world.sync(alice));
        REQUIRE(world.sync(bob));
        REQUIRE(world.sync(alice));
        REQUIRE(alice.digest() == bob.digest());
        const auto seen = bob.marks();
        for (const auto& [mark, key] : world.promised) REQUIRE(seen.count(mark) == 1);
        REQUIRE(static_cast<std::size_t>(bob.count()) == seen.size());
        REQUIRE(world.dot_reused == "");
    }
    CHECK(failures > 0);
}

TEST_CASE("a store on a full disk goes on reading, and writing once there is room",
          "[store][fault]") {
    PowerLossVfs disk;
    PowerLossVfs sound;
    World world(3);
    Device alice(world, disk, "alice");
    Device bob(world, sound, "bob");
    REQUIRE(alice.open());
    REQUIRE(bob.open());
    REQUIRE(alice.write_mark());
    disk.set_capacity(disk.used() + 30'000);
    Result<> written;
    for (int i = 0; i < 10'000 && written; ++i) written = alice.write_mark();
    REQUIRE_FALSE(written);
    CHECK(written.error().code == ErrorCode::storage_full);
    CHECK(alice.marks() == alice.own_marks);
    CHECK_FALSE(world.sync(alice));
    REQUIRE(alice.ended);
    CHECK(alice.ended->error.code == ErrorCode::storage_full);
    CHECK(alice.marks() == alice.own_marks);

    disk.set_capacity(0);
    REQUIRE(alice.write_mark());
    REQUIRE(world.sync(alice));
    REQUIRE(world.sync(bob));
    CHECK(bob.marks() == alice.own_marks);
    CHECK(bob.digest() == alice.digest());
    CHECK(world.dot_reused == "");
}

TEST_CASE("a relay with a full disk is tried again until it takes the changes", "[store][fault]") {
    PowerLossVfs disk;
    World world(4);
    Device alice(world, disk, "alice");
    REQUIRE(alice.open());
    REQUIRE(alice.write_mark());
    world.disk.full = true;
    CHECK_FALSE(world.sync(alice));
    CHECK(alice.space().pending() == 1);
    world.disk.full = false;
    CHECK(world.sync(alice));
    CHECK(alice.space().pending() == 0);
    CHECK(alice.identities_taken == 0);
    CHECK(alice.rejected.empty());
}

TEST_CASE("a refused change leaves the outbox with its content, and the rest gets through",
          "[store][fault]") {
    const auto refused = GENERATE(1, 2, 4);
    const auto seed = GENERATE(range(1U, 20U));
    CAPTURE(refused, seed);
    PowerLossVfs disk;
    World world(seed);
    Device alice(world, disk, "alice");
    Device bob(world, disk, "bob");
    alice.push_bytes = 1;  // one change a push
    alice.moves = false;   // who moves an element of what is refused goes with it
    REQUIRE(alice.open());
    REQUIRE(bob.open());
    for (int i = 0; i < 5; ++i) REQUIRE(alice.write_mark());
    const std::string mark = "alice-" + std::to_string(refused);
    world.refused_mark = mark;
    REQUIRE(world.sync(alice));
    REQUIRE(world.sync(bob));

    REQUIRE(alice.rejected.size() == 1);
    CHECK(alice.rejected.front().code == ErrorCode::forbidden);
    CHECK(alice.rejected.front().reason == "not here");
    bool content = false;
    for_each_op(alice.rejected.front().change,
                [&](const Section&, const FieldOp& op, const Event&) {
                    content = content || op.op.value == Value(mark);
                });
    CHECK(content);
    for (Device* device : {&alice, &bob}) {
        CHECK_FALSE(device->has_mark(mark));
        CHECK(device->marks().size() == 4);
        CHECK(device->count() == 4);
    }
    CHECK(alice.digest() == bob.digest());
    CHECK(alice.space().pending() == 0);
    alice.close();
    REQUIRE(alice.open());
    CHECK(alice.marks().size() == 4);
    REQUIRE(alice.write_mark());
    CHECK(world.sync(alice));
}

TEST_CASE("a clock that is wrong loses nothing and decides nothing", "[store][fault]") {
    const auto wrong_by = GENERATE(365 * day, day, std::int64_t{70'000}, -day, -365 * day);
    CAPTURE(wrong_by);
    const DocumentKey key{"notes", "n0"};
    PowerLossVfs disk;
    World world(6);
    Device alice(world, disk, "alice");
    Device bob(world, disk, "bob");
    REQUIRE(alice.open());
    REQUIRE(bob.open());
    REQUIRE(world.sync(bob));

    SECTION("set wrong before the first contact") {
        alice.clock_wrong_by_ms = wrong_by;
        for (int i = 0; i < 3; ++i) REQUIRE(alice.write_mark());
        REQUIRE(set_title(alice, key, "by alice"));
    }
    SECTION("set wrong while connected") {
        REQUIRE(world.sync(alice));
        alice.clock_wrong_by_ms = wrong_by;
        for (int i = 0; i < 3; ++i) REQUIRE(alice.write_mark());
        REQUIRE(set_title(alice, key, "by alice"));
    }
    SECTION("set wrong and right again") {
        alice.clock_wrong_by_ms = wrong_by;
        for (int i = 0; i < 3; ++i) REQUIRE(alice.write_mark());
        alice.clock_wrong_by_ms = 0;
        REQUIRE(set_title(alice, key, "by alice"));
        alice.close();
        REQUIRE(alice.open());
    }
    REQUIRE(world.sync(alice));
    world.run();
    CHECK(title(bob, key) == "by alice");
    world.now_ms += 5;
    REQUIRE(set_title(bob, key, "by bob"));
    REQUIRE(world.sync(bob));
    REQUIRE(world.sync(alice));
    CHECK(title(alice, key) == "by bob");
    REQUIRE(set_title(alice, key, "by alice again"));
    REQUIRE(world.sync(alice));
    world.run();
    CHECK(title(bob, key) == "by alice again");
    CHECK(alice.rejected.empty());
    CHECK(alice.identities_taken == 0);
    CHECK(alice.digest() == bob.digest());
    CHECK(bob.marks() == alice.own_marks);
    CHECK(bob.space().state().clock <= Hlc::at(world.now_ms + 60'000));
}

TEST_CASE("a space that may only be read keeps its changes and sends them when it may",
          "[store][fault]") {
    PowerLossVfs disk;
    World world(8);
    Device alice(world, disk, "alice");
    Device bob(world, disk, "bob");
    REQUIRE(alice.open());
    REQUIRE(bob.open());
    REQUIRE(bob.write_mark());
    REQUIRE(world.sync(bob));
    bob.disconnect();

    world.access = Access::read;
    REQUIRE(alice.write_mark());
    // Not "in sync": its edit stays here, and it is told why.
    CHECK_FALSE(world.sync(alice));
    REQUIRE(alice.space_failed);
    CHECK(alice.space_failed->code == ErrorCode::forbidden);
    CHECK(alice.marks().size() == 2);
    CHECK(alice.space().pending() == 1);
    REQUIRE(alice.write_mark());
    world.run();
    CHECK(alice.space().pending() == 2);
    alice.disconnect();

    world.access = Access::none;
    alice.space_failed.reset();
    CHECK_FALSE(world.sync(alice));
    REQUIRE(alice.space_failed);
    CHECK(alice.space_failed->code == ErrorCode::forbidden);
    alice.disconnect();

    world.refusal = Error{ErrorCode::unauthorized, "no"};
    CHECK_FALSE(world.sync(alice));
    REQUIRE(alice.ended);
    CHECK(alice.ended->error.code == ErrorCode::unauthorized);
    CHECK_FALSE(alice.ended->retryable);

    world.refusal.reset();
    world.access = Access::write;
    REQUIRE(world.sync(alice));
    CHECK(alice.space().pending() == 0);
    REQUIRE(world.sync(bob));
    CHECK(bob.marks().size() == 3);
    CHECK(bob.digest() == alice.digest());
}

TEST_CASE("a file that cannot be this store is refused and left alone", "[store][fault]") {
    PowerLossVfs disk;
    World world(9);
    Device alice(world, disk, "alice");

    SECTION("text") {
        disk.put("/alice", as_bytes(std::string(5'000, 'x')));
        const auto opened = alice.open();
        REQUIRE_FALSE(opened);
        CHECK(opened.error().code == ErrorCode::storage_not_ours);
        CHECK(disk.contents("/alice").size() == 5'000);
    }
    SECTION("another application's database") {
        sqlite::Options options;
        options.path = "/alice";
        options.vfs = disk.name();
        options.application_id = 0x1234;
        REQUIRE(sqlite::Database::open(options)->exec("CREATE TABLE mine(x)"));
        const auto opened = alice.open();
        REQUIRE_FALSE(opened);
        CHECK(opened.error().code == ErrorCode::storage_not_ours);
    }
    SECTION("one of a newer version") {
        REQUIRE(alice.open());
        REQUIRE(alice.write_mark());
        REQUIRE(alice.store().database().set_user_version(client::store_version + 1));
        alice.close();
        const auto opened = alice.open();
        REQUIRE_FALSE(opened);
        CHECK(opened.error().code == ErrorCode::storage_newer);
        CHECK(opened.error().message.find("/alice") != std::string::npos);
    }
    SECTION("one that is open already") {
        REQUIRE(alice.open());
        Device again(world, disk, "alice");
        const auto opened = again.open();
        REQUIRE_FALSE(opened);
        CHECK(opened.error().code == ErrorCode::storage_locked);
        alice.close();
        CHECK(again.open());
    }
    SECTION("nothing yet, when the first opening loses its power") {
        for (std::uint64_t at = 1; at < 60; ++at) {
            PowerLossVfs fresh;
            Device device(world, fresh, "device");
            fresh.crash_at(at);
            const auto opened = device.open();
            device.close();
            fresh.cut(at);
            fresh.reboot();
            REQUIRE(device.open());
            REQUIRE(device.write_mark());
        }
    }
}

TEST_CASE("a flipped bit of a store is found or does no harm", "[store][fault]") {
    const std::uint64_t flips = testing::scaled(4'000);
    const std::uint64_t first = testing::first_seed();
    PowerLossVfs disk;
    World world(first);
    Device alice(world, disk, "alice");
    Device bob(world, disk, "bob");
    REQUIRE(alice.open());
    REQUIRE(bob.open());
    for (int i = 0; i < 12; ++i) {
        REQUIRE(alice.write_mark());
        REQUIRE(bob.write_mark());
    }
    REQUIRE(world.sync(alice));
    REQUIRE(world.sync(bob));
    REQUIRE(world.sync(alice));
    alice.disconnect();
    for (int i = 0; i < 3; ++i) REQUIRE(alice.write_mark());
    REQUIRE(alice.store().database().checkpoint(sqlite::Checkpoint::truncate));
    const auto marks = alice.marks();
    const auto count = alice.count();
    const auto state = alice.space().state();
    const auto vector = alice.space().open_message().vector;
    const auto digest = alice.digest();
    const auto replica = alice.store().replica();
    const ChainHead sent{36, {}};  // 12 marks of 3 ops each
    const auto outbox = alice.space().outgoing(replica, sent, 1 << 20).value();
    alice.close();
    const Bytes file = disk.contents("/alice");
    disk.remove("/alice-wal");

    std::uint64_t found = 0;
    std::uint64_t harmless = 0;
    testing::Random random(first);
    for (std::uint64_t i = 0; i < flips; ++i) {
        disk.put("/alice", file);
        disk.remove("/alice-wal");
        const auto bit = random() % (file.size() * 8);
        CAPTURE(first, i, bit);
        disk.flip_bit("/alice", bit);
        if (!alice.open()) {
            ++found;
            continue;
        }
        // A row that is read is right, or an error. What can go wrong without one is that a
        // damaged b-tree leads past a row; verify() finds that.
        bool right = true;
        bool told = false;
        for (const auto& [mark, key] : world.promised) {
            const auto document = alice.space().document(key);
            if (!document) {
                told = true;
            } else {
                right = right && (*document)->exists();
            }
        }
        if (!told) right = right && alice.marks() == marks && alice.count() == count;
        if (const auto out = alice.space().outgoing(replica, sent, 1 << 20); !out) {
            told = true;
        } else {
            right = right && *out && (*out)->changes == outbox->changes;
        }
        right = right && alice.space().open_message().vector == vector;
        CHECK(alice.space().state() == state);
        CHECK(alice.store().replica() == replica);
        if (!alice.store().verify()) told = true;
        if (!told) {
            CHECK(right);
            CHECK(alice.digest() == digest);
        }
        told ? ++found : ++harmless;
        alice.close();
    }
    std::cout << "flipped bits: " << flips << " (seed " << first << "), found " << found
              << ", harmless " << harmless << '\n';
    CHECK(found > 0);
}

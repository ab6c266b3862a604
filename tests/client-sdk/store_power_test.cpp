// The device's promise: once transact() returned, the change survives a power cut at any I/O, and
// what is on the disk after it always fits together (docs/storage.md).

#include "store_fixture.hpp"

#include <catch2/catch.hpp>

#include <iostream>

using namespace syncline;
using sqlite::Synchronous;
using test::Device;
using test::Fsync;
using test::PowerLossVfs;
using test::World;

namespace {

struct Tally {
    std::uint64_t cuts = 0;
    std::uint64_t unsound = 0;
    std::uint64_t first_bad_seed = 0;
    std::string first_finding;
    std::uint64_t feeds = 0, restores = 0, identities = 0;
};

/// Alice's device loses its power again and again; Bob's does not.
struct Story {
    Story(std::uint64_t seed, Fsync fsync, Synchronous synchronous)
        : flaky(fsync), world(seed), alice(world, flaky, "alice"), bob(world, sound, "bob") {
        alice.synchronous = synchronous;
    }

    PowerLossVfs flaky;
    PowerLossVfs sound;
    World world;
    Device alice;
    Device bob;
    std::optional<test::RelayDisk::Image> backup;
    Tally* tally = nullptr;
    bool restored = false;
    bool renamed = false;

    void bob_writes() {
        if (!bob.is_open()) REQUIRE(bob.open());
        REQUIRE(bob.write_mark());
        REQUIRE(world.sync(bob));
        bob.disconnect();
    }

    /// Nothing of an old identity of Alice is on its way to the log.
    bool settled() {
        return alice.space().state().replica == alice.store().replica() && alice.connected();
    }

    /// Until the power goes.
    void live() {
        if (!alice.open()) return;
        while (!flaky.crashed()) {
            switch (world.random.below(12)) {
                case 0:
                case 1:
                case 2:
                case 3:
                    if (!alice.write_mark()) return;
                    break;
                case 4: bob_writes(); break;
                case 5:
                case 6:
                    if (!alice.connected()) alice.connect();
                    world.steps(world.random.below(12));
                    break;
                case 7:
                    if (!alice.connected()) alice.connect();
                    world.run();
                    ++tally->feeds;
                    if (alice.reconnect) {
                        alice.reconnect = false;
                        alice.connect();
                        world.run();
                    }
                    break;
                case 8: alice.disconnect(); break;
                case 9:
                    if (!backup && settled()) {
                        backup = world.disk.image;
                    } else if (backup) {
                        // From an older copy: Alice has to stage the log and swap it in. Bob comes
                        // back with what only he has.
                        world.restore_relay(*std::exchange(backup, std::nullopt));
                        ++tally->restores;
                        restored = true;
                    }
                    break;
                case 10:
                    if (world.random.one_in(4) && alice.own_marks.size() > 2) {
                        // A copy of the file was found out. What the old identity had confirmed
                        // is its keeper's to push again, so no older relay comes after this.
                        alice.disconnect();
                        backup.reset();
                        if (!alice.store().take_new_identity()) return;
                        ++tally->identities;
                        renamed = true;
                    }
                    break;
                default:
                    if (world.random.one_in(6)) {
                        (void)alice.store().database().checkpoint(sqlite::Checkpoint::truncate);
                    }
                    break;
            }
        }
    }

    std::string finish() {
        if (auto opened = alice.open(); !opened) return opened.error().message;
        if (auto wrong = alice.inconsistency(); !wrong.empty()) return wrong;
        return world.dot_reused.empty() ? std::string() : "dot reused: " + world.dot_reused;
    }

    /// All faults are over: both devices come to the same.
    std::string converge() {
        if (!bob.is_open()) REQUIRE(bob.open());
        for (int round = 0; round < 2; ++round) {
            if (!world.sync(alice)) return "alice does not get in sync";
            if (!world.sync(bob)) return "bob does not get in sync";
        }
        world.run();
        if (!(alice.digest() == bob.digest())) return "the digests differ";
        if (alice.space().state().cursor != bob.space().state().cursor) return "cursors differ";
        const auto seen = bob.marks();
        for (const auto& [mark, key] : world.promised) {
            if (seen.count(mark) == 0) return mark + " never came to Bob";
        }
        // A write that failed at the cut may have become durable: once, and then it counts.
        if (static_cast<std::size_t>(bob.count()) != seen.size()) return "a write counted twice";
        // A change that the relay lost and its author then made again under another identity has
        // new names for its elements. What others had put beside the old ones waits for these.
        if (restored && renamed) return {};
        return bob.out_of_order();
    }
};

Tally cut_power(std::uint64_t cuts, Fsync fsync, Synchronous synchronous) {
    constexpr int lives = 10;
    Tally tally;
    const std::uint64_t first = testing::first_seed();
    for (std::uint64_t seed = first; tally.cuts < cuts; ++seed) {
        Story story(seed, fsync, synchronous);
        story.tally = &tally;
        std::string finding;
        for (int life = 0; life < lives && finding.empty(); ++life) {
            story.flaky.crash_at(1 + story.world.random.below(life == 0 ? 40 : 120));
            story.live();
            INFO("seed " << seed << " life " << life);
            if (fsync == Fsync::honest) REQUIRE(story.flaky.crashed());
            story.alice.close();
            story.flaky.cut(story.world.random());
            story.flaky.reboot();
            ++tally.cuts;
            finding = story.finish();
            if (finding.empty()) story.alice.close();
        }
        if (finding.empty()) {
            REQUIRE(story.alice.open());
            finding = story.converge();
        }
        if (!finding.empty()) {
            ++tally.unsound;
            if (tally.first_bad_seed == 0) {
                tally.first_bad_seed = seed;
                tally.first_finding = finding;
            }
        }
    }
    std::cout << "store power cuts: " << tally.cuts << " (seeds from " << first << "), unsound "
              << tally.unsound << ", first bad seed " << tally.first_bad_seed << " "
              << tally.first_finding << "; feeds " << tally.feeds << ", restored relays "
              << tally.restores << ", identities " << tally.identities << '\n';
    return tally;
}

}  // namespace

TEST_CASE("a store loses no change and mixes nothing up at a power cut", "[store][power]") {
    const Tally tally = cut_power(testing::scaled(20'000), Fsync::honest, Synchronous::full);
    CAPTURE(tally.first_bad_seed, tally.first_finding);
    CHECK(tally.unsound == 0);
}

TEST_CASE("the store's power cuts notice commits that are not synced", "[store][power][control]") {
    const Tally tally = cut_power(400, Fsync::honest, Synchronous::normal);
    CHECK(tally.unsound > 0);
}

TEST_CASE("the store's power cuts notice a disk that lies about fsync", "[store][power][control]") {
    const Tally tally = cut_power(400, Fsync::lying, Synchronous::full);
    CHECK(tally.unsound > 0);
}

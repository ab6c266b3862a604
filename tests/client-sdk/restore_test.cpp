// P12: a relay whose storage went back to an older copy is found out without anybody's doing, and
// what it had acknowledged comes back with its authors.

#include "store_fixture.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <iostream>

using namespace syncline;
using test::Device;
using test::PowerLossVfs;
using test::World;

namespace {

const DocumentKey list{"lists", "shopping"};
const Path tags{{"tags", Type::or_set}};

struct Team {
    explicit Team(std::uint64_t seed) : world(seed) {
        for (const char* name : {"alice", "bob", "carol"}) {
            devices.push_back(std::make_unique<Device>(world, disk, name));
            REQUIRE(devices.back()->open());
        }
    }

    PowerLossVfs disk;
    World world;
    std::vector<std::unique_ptr<Device>> devices;
    Device& alice() { return *devices[0]; }
    Device& bob() { return *devices[1]; }
    Device& carol() { return *devices[2]; }

    void visit(Device& device) {
        INFO("last ended: " << (device.ended ? device.ended->error.message : std::string()));
        REQUIRE(world.sync(device));
        device.disconnect();
    }
    void everybody_visits() {
        for (auto& device : devices) visit(*device);
    }
    void insert(Device& device, const std::string& tag) {
        REQUIRE(device.transact([&](SpaceReplica::Editor& editor) -> Result<> {
            const OrMap& root = editor.read(list).value()->root();
            return editor.edit(list, {tags, root.at<OrSet>(tags).insert(Value(tag))});
        }));
    }
    void erase(Device& device, const std::string& tag) {
        REQUIRE(device.transact([&](SpaceReplica::Editor& editor) -> Result<> {
            const OrMap& root = editor.read(list).value()->root();
            return editor.edit(list, {tags, root.at<OrSet>(tags).erase(Value(tag))});
        }));
    }
    static bool has(Device& device, const std::string& tag) {
        return device.space().document(list).value()->root().at<OrSet>(tags).contains(Value(tag));
    }

    std::string difference() {
        if (!world.dot_reused.empty()) return "dot reused: " + world.dot_reused;
        for (auto& device : devices) {
            if (!(device->digest() == alice().digest())) return "the digests differ";
            if (!device->rejected.empty()) {
                return "a change was refused: " + device->rejected.front().reason;
            }
            if (device->space().pending() != 0) return "something is still pending";
            const auto seen = device->marks();
            for (const auto& [mark, key] : world.promised) {
                if (seen.count(mark) == 0) return mark + " is lost";
            }
            if (device->count() != static_cast<std::int64_t>(world.promised.size())) {
                return "a change counts twice";
            }
            if (auto wrong = device->out_of_order(); !wrong.empty()) return wrong;
            if (device->identities_taken != 0) return "an identity was given up";
        }
        return {};
    }
};

}  // namespace

TEST_CASE("an older relay gets back what it lost from its authors, in every order of return",
          "[store][restore]") {
    std::vector<std::size_t> order{0, 1, 2};
    do {
        CAPTURE(order);
        Team team(7);
        test::RelayDisk::Image before;  // not even the space exists
        SECTION("of an empty relay " + std::to_string(order[0]) + std::to_string(order[1])) {}
        SECTION("of one that had some " + std::to_string(order[0]) + std::to_string(order[1])) {
            for (auto& device : team.devices) REQUIRE(device->write_mark());
            team.everybody_visits();
            before = team.world.disk.image;
        }
        for (int round = 0; round < 3; ++round) {
            for (auto& device : team.devices) REQUIRE(device->write_mark());
            team.everybody_visits();
        }
        team.everybody_visits();
        team.world.restore_relay(before);
        REQUIRE(team.bob().write_mark());  // made offline, on top of what the relay lost
        for (const std::size_t i : order) team.visit(*team.devices[i]);
        team.everybody_visits();
        team.everybody_visits();
        CHECK(team.difference() == "");
        CHECK(team.world.relay().regressions <= 1);
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("a removal that returns before the add it names stays a removal", "[store][restore]") {
    Team team(3);
    team.everybody_visits();
    const auto before = team.world.disk.image;
    team.insert(team.alice(), "milk");
    team.insert(team.alice(), "bread");
    team.everybody_visits();
    team.erase(team.bob(), "milk");
    team.everybody_visits();
    team.everybody_visits();
    REQUIRE_FALSE(Team::has(team.alice(), "milk"));
    team.world.restore_relay(before);

    SECTION("the removal first") {
        team.visit(team.bob());
        team.visit(team.carol());
        team.visit(team.alice());
    }
    SECTION("the add first") {
        team.visit(team.alice());
        team.visit(team.carol());
        team.visit(team.bob());
    }
    SECTION("the removal first, and a new device that never saw either") {
        team.visit(team.bob());
        Device dave(team.world, team.disk, "dave");
        REQUIRE(dave.open());
        REQUIRE(team.world.sync(dave));
        CHECK_FALSE(Team::has(dave, "milk"));
        team.visit(team.alice());
        REQUIRE(team.world.sync(dave));
        CHECK_FALSE(Team::has(dave, "milk"));
        CHECK(Team::has(dave, "bread"));
    }
    team.everybody_visits();
    team.everybody_visits();
    for (auto& device : team.devices) {
        CHECK_FALSE(Team::has(*device, "milk"));
        CHECK(Team::has(*device, "bread"));
    }
    CHECK(team.difference() == "");
}

TEST_CASE("what others have seen keeps its stamp when the relay goes back in time with its clock",
          "[store][restore]") {
    Team team(5);
    team.everybody_visits();
    const auto before = team.world.disk.image;
    REQUIRE(team.alice().write_mark());
    team.everybody_visits();
    team.everybody_visits();
    team.world.restore_relay(before);
    team.world.now_ms -= 20'000;  // within what the relay admits
    team.visit(team.alice());
    team.everybody_visits();
    CHECK(team.difference() == "");
}

TEST_CASE("a store that was busy staging starts over when its process dies", "[store][restore]") {
    Team team(11);
    for (int i = 0; i < 6; ++i) {
        REQUIRE(team.alice().write_mark());
        team.visit(team.alice());
    }
    const auto before = team.world.disk.image;
    for (int i = 0; i < 6; ++i) {
        REQUIRE(team.alice().write_mark());
        team.visit(team.alice());
    }
    team.world.restore_relay(before);
    const auto steps = GENERATE(range(1U, 14U));
    CAPTURE(steps);
    team.alice().connect();
    team.world.steps(steps);
    const auto shown = team.alice().marks();
    CHECK(shown.size() == 12);  // the old state, whole, or the new one with all pending on top
    team.alice().close();
    REQUIRE(team.alice().open());
    CHECK(team.alice().inconsistency() == "");
    team.everybody_visits();
    team.everybody_visits();
    CHECK(team.difference() == "");
}

TEST_CASE("a relay that goes back once more while a store is staging does not leave it waiting",
          "[store][restore]") {
    // The store waited for the head of the first copy, and kept its own changes back until then.
    Team team(12);
    std::vector<test::RelayDisk::Image> copies;
    for (int i = 0; i < 9; ++i) {
        if (i % 3 == 0) copies.push_back(team.world.disk.image);
        REQUIRE(team.alice().write_mark());
        team.visit(team.alice());
    }
    const auto steps = GENERATE(range(1U, 16U));
    CAPTURE(steps);
    team.world.restore_relay(copies[2]);
    team.alice().connect();
    team.world.steps(steps);
    team.world.restore_relay(copies[1]);
    team.visit(team.alice());
    team.everybody_visits();
    team.everybody_visits();
    CHECK(team.difference() == "");
}

TEST_CASE("drills: an older copy of the relay at any point, everybody back in any order",
          "[store][restore]") {
    const std::uint64_t drills = testing::scaled(400);
    const std::uint64_t first = testing::first_seed();
    std::uint64_t bad = 0;
    std::uint64_t first_bad = 0;
    std::uint64_t regressions = 0;
    std::string finding;
    for (std::uint64_t seed = first; seed < first + drills; ++seed) {
        Team team(seed);
        auto& random = team.world.random;
        std::optional<test::RelayDisk::Image> backup;
        const std::size_t moves = 20 + random.below(40);
        for (std::size_t move = 0; move < moves; ++move) {
            Device& one = *team.devices[random.below(3)];
            switch (random.below(9)) {
                case 0:
                case 1:
                case 2: REQUIRE(one.write_mark()); break;
                case 3:
                case 4:
                    (void)team.world.sync(one);
                    if (random.one_in(2)) one.disconnect();
                    break;
                case 5:
                    if (!one.connected()) one.connect();
                    team.world.steps(random.below(12));
                    break;
                case 6: one.disconnect(); break;
                case 7:
                    if (!backup) {
                        backup = team.world.disk.image;
                    } else if (random.one_in(2)) {
                        regressions += team.world.relay().regressions;
                        team.world.restore_relay(*backup);
                        if (random.one_in(2)) backup.reset();  // or the same copy again
                    }
                    break;
                default:
                    one.close();
                    REQUIRE(one.open());
                    break;
            }
        }
        for (auto& device : team.devices) device->disconnect();
        std::vector<std::size_t> order{0, 1, 2, 0, 1, 2, 0, 1, 2};
        std::swap(order[0], order[random.below(3)]);
        std::swap(order[1], order[1 + random.below(2)]);
        std::string wrong;
        for (const std::size_t i : order) {
            Device& one = *team.devices[i];
            if (!team.world.sync(one)) {
                wrong = "a device does not get in sync: " +
                        (one.ended ? one.ended->error.message : std::string());
            }
            team.devices[i]->disconnect();
        }
        regressions += team.world.relay().regressions;
        if (wrong.empty()) wrong = team.difference();
        if (wrong.empty()) continue;
        ++bad;
        if (first_bad == 0) {
            first_bad = seed;
            finding = wrong;
        }
    }
    std::cout << "restored relays: " << drills << " drills (seeds from " << first
              << "), regressions found " << regressions << ", wrong " << bad << ", first "
              << first_bad << " " << finding << '\n';
    CAPTURE(first_bad, finding);
    CHECK(bad == 0);
    CHECK(regressions > 0);
}

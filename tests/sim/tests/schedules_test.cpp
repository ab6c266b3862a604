#include "schedule.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

using namespace syncline::sim;

namespace {

std::uint64_t base_seed() {
    const char* given = std::getenv("SYNCLINE_SIM_SEED");
    return given == nullptr ? 1'000'000 : std::strtoull(given, nullptr, 0);
}

std::uint64_t scaled(double schedules) {
    const char* given = std::getenv("SYNCLINE_TEST_SCALE");
    const double scale = given == nullptr ? 1.0 : std::strtod(given, nullptr);
    return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(schedules * scale));
}

/// Runs seeds first..first+count-1 on two threads (a simulation has none of its own) and tells of
/// the first few that fail.
void run_seeds(Mode mode, std::uint64_t first, std::uint64_t count) {
    std::mutex mutex;
    std::vector<std::uint64_t> failed;
    const auto half = [&](std::uint64_t offset) {
        for (std::uint64_t seed = first + offset; seed < first + count; seed += 2) {
            const Settings settings = draw_settings(mode, seed);
            const bool good = run(mode, settings, draw_actions(settings)).failure.empty();
            if (good) continue;
            const std::lock_guard<std::mutex> lock(mutex);
            failed.push_back(seed);
            if (failed.size() > 3) return;
        }
    };
    std::thread other(half, 1);
    half(0);
    other.join();
    for (const std::uint64_t seed : failed) FAIL_CHECK(check_seed(mode, seed));
    WARN(count << " schedules from seed " << first << ", " << failed.size() << " failed");
    CHECK(failed.empty());
}

}  // namespace

TEST_CASE("devices and a relay agree after any schedule of faults", "[sim]") {
    run_seeds(Mode::relay, base_seed(), scaled(120'000));
}

TEST_CASE("replicas without a relay agree after any schedule", "[sim]") {
    run_seeds(Mode::mesh, base_seed(), scaled(80'000));
}

TEST_CASE("a seed always runs the same", "[sim]") {
    for (const Mode mode : {Mode::relay, Mode::mesh}) {
        for (std::uint64_t seed = base_seed(); seed < base_seed() + 200; ++seed) {
            const Settings settings = draw_settings(mode, seed);
            const auto actions = draw_actions(settings);
            CAPTURE(seed);
            REQUIRE(run(mode, settings, actions).trace == run(mode, settings, actions, true).trace);
        }
    }
}

TEST_CASE("seeds that once failed stay well", "[sim]") {
    // Each showed a fault that has a test of its own in regressions_test.cpp; what a seed means
    // changes with the simulator, so these are merely worth another look.
    for (const std::uint64_t seed :
         {21U, 49U, 59U, 280U, 621U, 646U, 2005U, 5597U, 25'355U, 100'778U, 103'265U, 103'423U,
          104'118U, 107'529U, 111'456U, 1'108'980U}) {
        CHECK(check_seed(Mode::relay, seed).empty());
    }
}

TEST_CASE("a deliberate flaw does not stay hidden", "[sim][control]") {
    struct Flaw {
        Control control;
        Mode mode;
        std::uint64_t seeds;
    };
    const auto flaw = GENERATE(Flaw{Control::ack_before_commit, Mode::relay, 200},
                               Flaw{Control::clone_unnoticed, Mode::relay, 200},
                               Flaw{Control::feed_gap_ignored, Mode::relay, 200},
                               Flaw{Control::duplicates_stored, Mode::relay, 200},
                               Flaw{Control::epoch_unnoticed, Mode::relay, 200},
                               Flaw{Control::no_causal_buffer, Mode::mesh, 500},
                               Flaw{Control::ties_by_arrival, Mode::mesh, 500},
                               Flaw{Control::last_wins, Mode::mesh, 2'000});
    CAPTURE(static_cast<int>(flaw.control));
    bool caught = false;
    for (std::uint64_t seed = 1; seed <= flaw.seeds && !caught; ++seed) {
        const Settings settings = draw_settings(flaw.mode, seed, flaw.control);
        const auto actions = draw_actions(settings);
        if (run(flaw.mode, settings, actions).failure.empty()) continue;
        caught = true;
        // It is the flaw that was caught, not the schedule.
        Settings sound = settings;
        sound.control = Control::none;
        CHECK(run(flaw.mode, sound, actions).failure.empty());
    }
    CHECK(caught);
}

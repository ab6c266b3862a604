// syncline-sim: runs schedules of the simulator; every line it prints about a failure is enough to
// see it again.

#include "schedule.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace syncline::sim;

int main(int argc, char** argv) {
    std::uint64_t seed = 1;
    std::uint64_t schedules = 1'000;
    std::uint64_t failures_max = 5;
    double shrink_seconds = 10;
    Mode mode = Mode::relay;
    Control control = Control::none;
    bool verbose = false;
    for (int i = 1; i < argc; ++i) {
        const auto is = [&](const char* name) { return std::strcmp(argv[i], name) == 0; };
        const char* value = i + 1 < argc ? argv[i + 1] : "";
        if (is("--verbose")) {
            verbose = true;
            continue;
        }
        if (is("--seed")) {
            seed = std::strtoull(value, nullptr, 0);
        } else if (is("--schedules")) {
            schedules = std::strtoull(value, nullptr, 0);
        } else if (is("--failures")) {
            failures_max = std::strtoull(value, nullptr, 0);
        } else if (is("--shrink")) {
            shrink_seconds = std::strtod(value, nullptr);
        } else if (is("--control")) {
            control = static_cast<Control>(std::strtoul(value, nullptr, 0));
        } else if (is("--mode")) {
            mode = std::strcmp(value, "mesh") == 0 ? Mode::mesh : Mode::relay;
        } else {
            std::fprintf(stderr,
                         "usage: syncline-sim [--seed N] [--schedules N] [--mode relay|mesh]\n"
                         "                    [--failures N] [--shrink SECONDS] [--control N] "
                         "[--verbose]\n");
            return 2;
        }
        ++i;
    }
    const auto begun = std::chrono::steady_clock::now();
    std::uint64_t failed = 0;
    std::uint64_t done = 0;
    std::uint64_t edits = 0, regressions = 0, identities = 0, refused = 0;
    for (; done < schedules && failed < failures_max; ++done) {
        const unsigned long long this_seed = seed + done;
        const Settings settings = draw_settings(mode, this_seed, control);
        const std::vector<Action> actions = draw_actions(settings);
        const Outcome outcome = run(mode, settings, actions, verbose);
        edits += outcome.edits;
        regressions += outcome.regressions;
        identities += outcome.identities;
        refused += outcome.refused;
        if (verbose) {
            for (const std::string& line : outcome.diary) std::printf("  %s\n", line.c_str());
            std::printf("seed %llu trace %016llx\n", this_seed,
                        static_cast<unsigned long long>(outcome.trace));
        }
        if (outcome.failure.empty()) continue;
        ++failed;
        std::printf("%s\n", check_seed(mode, seed + done, control, shrink_seconds).c_str());
        std::fflush(stdout);
    }
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    std::printf(
        "%llu schedules from seed %llu, %llu failed, %.0f a second; %llu edits, %llu "
        "regressions, %llu new identities, %llu refused\n",
        static_cast<unsigned long long>(done), static_cast<unsigned long long>(seed),
        static_cast<unsigned long long>(failed), static_cast<double>(done) / seconds,
        static_cast<unsigned long long>(edits), static_cast<unsigned long long>(regressions),
        static_cast<unsigned long long>(identities), static_cast<unsigned long long>(refused));
    return failed == 0 ? 0 : 1;
}

// syncline-relay-load: starts a relay, loads it, and prints what it did as JSON.
//
// One thread, epoll, plain sockets. Changes and frames are made before the clock starts; of what
// comes back only the first bytes of each frame are looked at. `ceiling` measures the generator
// itself against a sender that does nothing else.

#include "moments.hpp"
#include "scenarios.hpp"

#include <CLI/CLI.hpp>

#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <sys/resource.h>
#include <vector>

namespace {

using namespace syncline::load;
using nlohmann::ordered_json;

int run(int argc, char** argv) {
    Setting setting;
    setting.program = (std::filesystem::path(argv[0]).parent_path() / "syncline-relay").string();
    std::vector<std::string> scenarios{"r1", "r1-paced", "r2-paced", "r2", "r5", "ceiling"};
    std::vector<std::size_t> subscribers{10, 100, 1'000};
    std::size_t spaces = 1'000;
    int kills = 20;
    int repeat = 1;
    CLI::App app("Loads a relay and prints what it did, as JSON.", "syncline-relay-load");
    app.add_option("scenarios", scenarios, "r1, r1-paced, r2-paced, r2, r5, ceiling; all without");
    app.add_option("--relay", setting.program, "The relay's program");
    app.add_option("--seconds", setting.seconds, "Of measuring, each");
    app.add_option("--per-push", setting.per_push, "Changes in a push, where it is saturated");
    app.add_option("--subscribers", subscribers, "For r1 and ceiling");
    app.add_option("--spaces", spaces, "For r2");
    app.add_option("--kills", kills, "For r5");
    app.add_option("--repeat", repeat, "Each scenario so many times");
    CLI11_PARSE(app, argc, argv);
    const rlimit files{20'000, 20'000};
    setrlimit(RLIMIT_NOFILE, &files);
    for (const std::string& scenario : scenarios) {
        for (int i = 0; i < repeat; ++i) {
            const auto print = [](const ordered_json& result) {
                std::cout << result.dump() << std::endl;
            };
            if (scenario == "r1") {
                for (const std::size_t s : subscribers) print(r1_saturated(setting, s));
            } else if (scenario == "r1-paced") {
                print(paced(setting, "r1_paced", 1, 101, 1, 1'000));
            } else if (scenario == "r2-paced") {
                print(paced(setting, "r2_paced", spaces, 2, 2, 2));
            } else if (scenario == "r2") {
                print(r2_saturated(setting, spaces));
            } else if (scenario == "r5") {
                print(r5(setting, kills));
            } else if (scenario == "ceiling") {
                for (const std::size_t s : subscribers) print(ceiling(setting, s));
            } else {
                give_up("no scenario named " + scenario);
            }
        }
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "syncline-relay-load: " << error.what() << '\n';
        return 1;
    }
}

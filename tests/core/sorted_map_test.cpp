#include "syncline/sorted_map.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <random>
#include <string>

using syncline::SortedMap;

namespace {

using Large = SortedMap<std::string, int>;
/// With so small nodes a few entries make a tree of many levels.
using Deep = SortedMap<std::string, int, 3, 4>;

}  // namespace

TEMPLATE_TEST_CASE("a sorted map does what std::map does", "[core][sorted_map]", Large, Deep) {
    const auto seed = GENERATE(range(0u, 40u));
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const std::uint64_t keys = seed % 4 == 0 ? 30 : 2'000;
    TestType mine;
    std::map<std::string, int> model;
    const auto same = [&] {
        auto at = mine.begin();
        for (const auto& [key, value] : model) {
            if (at == mine.end() || at->first != key || at->second != value) return false;
            ++at;
        }
        return at == mine.end() && mine.size() == model.size();
    };
    for (int step = 0; step < 4'000; ++step) {
        const std::string key = std::to_string(random() % keys);
        const int value = static_cast<int>(random() % 100);
        // Phases of growing and of shrinking, so that nodes fill and empty.
        const bool grows = step / 1'000 % 2 == 0;
        const auto what = random() % 9;
        if (what == 8) {
            const auto [at, is_new] = mine.find_or_make(key, [&] { return std::pair(key, value); });
            CHECK(is_new == model.emplace(key, value).second);
            CHECK(at->second == model[key]);
        } else if (what < (grows ? 6u : 2u)) {
            const auto [at, is_new] = mine.emplace(key, value);
            CHECK(is_new == model.emplace(key, value).second);
            CHECK(at->first == key);
        } else if (what == 6) {
            mine.insert_or_assign(key, value);
            model[key] = value;
        } else {
            const auto at = mine.find(key);
            REQUIRE((at == mine.end()) == (model.count(key) == 0));
            if (at == mine.end()) continue;
            const auto next = mine.erase(at);
            const auto model_next = model.erase(model.find(key));
            REQUIRE((next == mine.end()) == (model_next == model.end()));
            if (next != mine.end()) CHECK(next->first == model_next->first);
        }
        const auto bound = mine.lower_bound(key);
        const auto model_bound = model.lower_bound(key);
        REQUIRE((bound == mine.end()) == (model_bound == model.end()));
        if (bound != mine.end()) REQUIRE(bound->first == model_bound->first);
        if (step % 200 == 0) REQUIRE(same());
    }
    CHECK(same());

    TestType copy = mine;
    CHECK(copy == mine);
    if (copy.find("new") == copy.end()) copy.emplace("new", 1);
    CHECK_FALSE(copy == mine);
    CHECK(same());
    mine = std::move(copy);
    CHECK(mine.count("new") == 1);
    while (!mine.empty()) mine.erase(mine.begin());
    CHECK(mine.begin() == mine.end());
    CHECK(mine.emplace("again", 1).second);
}

TEMPLATE_TEST_CASE("keys that ascend are appended to a sorted map", "[core][sorted_map]",
                   (SortedMap<int, int>), (SortedMap<int, int, 3, 4>)) {
    TestType map;
    for (int i = 0; i < 10'000; ++i) CHECK(map.emplace(i, i).second);
    CHECK(map.back().first == 9'999);
    for (int i = 0; i < 10'000; ++i) REQUIRE(map.find(i) != map.end());
    CHECK(map.find(10'000) == map.end());
    CHECK(map.lower_bound(-1)->first == 0);
}

#include "syncline/few.hpp"

#include "syncline/flat_map.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <random>
#include <vector>

using syncline::Few;
using syncline::FlatMap;

TEST_CASE("a few items are kept as a vector keeps them", "[core][few]") {
    const auto seed = GENERATE(range(0u, 40u));
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    Few<std::uint64_t> mine;
    std::vector<std::uint64_t> model;
    const auto same = [&] {
        return std::equal(mine.begin(), mine.end(), model.begin(), model.end());
    };
    for (int step = 0; step < 500; ++step) {
        const auto place = static_cast<std::ptrdiff_t>(random() % (model.size() + 1));
        // Around one item, where the memory changes, and sometimes many.
        if (random() % 8 < (model.size() < 2 || seed % 4 == 0 ? 5u : 2u)) {
            // An item of its own, too.
            const std::uint64_t item = model.empty() || step % 3 != 0 ? random() : mine.front();
            CHECK(*mine.insert(mine.begin() + place, item) == item);
            model.insert(model.begin() + place, item);
        } else {
            const auto end = place + static_cast<std::ptrdiff_t>(
                                         random() % (model.size() - std::size_t(place) + 1));
            mine.erase(mine.begin() + place, mine.begin() + end);
            model.erase(model.begin() + place, model.begin() + end);
        }
        REQUIRE(same());
        if (random() % 16 == 0) {
            Few<std::uint64_t> copy = mine;
            CHECK(copy == mine);
            copy.push_back(7);
            CHECK_FALSE(copy == mine);
            mine = std::move(copy);
            model.push_back(7);
            Few<std::uint64_t> moved = std::move(mine);
            mine = moved;
            REQUIRE(same());
        }
    }
}

TEST_CASE("a flat map does what std::map does", "[core][flat_map]") {
    const auto seed = GENERATE(range(0u, 40u));
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    FlatMap<int, int> mine;
    std::map<int, int> model;
    for (int step = 0; step < 500; ++step) {
        const int key = static_cast<int>(random() % 50);
        const int value = static_cast<int>(random() % 100);
        switch (random() % 4) {
            case 0: {
                const bool is_new = mine.emplace(key, value).second;
                CHECK(is_new == model.emplace(key, value).second);
                break;
            }
            case 1:
                mine.insert_or_assign(key, value);
                model.insert_or_assign(key, value);
                break;
            case 2:
                mine[key] += value;
                model[key] += value;
                break;
            default: mine.erase(key); model.erase(key);
        }
        REQUIRE(mine.size() == model.size());
        REQUIRE(mine.count(key) == model.count(key));
        REQUIRE(
            std::equal(mine.begin(), mine.end(), model.begin(), [](const auto& a, const auto& b) {
                return a.first == b.first && a.second == b.second;
            }));
    }
}

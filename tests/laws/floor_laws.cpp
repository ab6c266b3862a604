// The floor (docs/adr/0005-floor.md): residue goes, and nobody sees a difference.
#include "laws/floor_world.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <iostream>

using namespace syncline;
using namespace syncline::testing;

namespace {

FloorWorld::Settings some_settings(Random& random) {
    static const std::array<std::optional<Type>, 8> focuses = {
        std::nullopt, std::nullopt, Type::text,       Type::text,
        Type::list,   Type::list,   Type::pn_counter, Type::rw_set};
    FloorWorld::Settings settings;
    settings.devices = 2 + random.below(3);
    settings.steps = 30 + random.below(60);
    settings.focus = focuses[random.below(focuses.size())];
    settings.with_undo = random.one_in(2);
    return settings;
}

/// The first history in which a control is caught; none of `runs`: empty.
std::string caught(FloorWorld::Rules rules, std::uint64_t runs) {
    for (std::uint64_t seed = 1; seed <= runs; ++seed) {
        Random random(seed);
        FloorWorld::Settings settings = some_settings(random);
        settings.rules = rules;
        if (!rules.waits_for_undo) {
            settings.with_undo = true;
            settings.focus = Type::text;
        }
        if (!rules.spares) {  // takes three people who work in one list
            settings.focus = Type::list;
            settings.steps = 150;
        }
        FloorWorld world(random, settings);
        if (auto bad = world.run(); !bad.empty()) {
            std::cout << "caught by seed " << seed << ": " << bad.substr(0, 60) << '\n';
            return bad;
        }
    }
    return {};
}

}  // namespace

TEST_CASE("with a floor everybody sees what he would see without one, and residue goes",
          "[laws][floor]") {
    FloorWorld::Figures all;
    const std::uint64_t runs = scaled(20'000);
    for (std::uint64_t seed = first_seed(); seed < first_seed() + runs; ++seed) {
        Random random(seed);
        FloorWorld world(random, some_settings(random));
        if (auto bad = world.run(); !bad.empty()) FAIL("seed " << seed << ": " << bad);
        all += world.figures();
    }
    std::cout << "floor: " << runs << " histories, " << all.changes << " changes, " << all.floors
              << " drops of " << all.dropped_bytes << " bytes, " << all.late_returns
              << " late returns with " << all.made_again << " changes made again, " << all.lost_ops
              << " ops lost, " << all.undos << " undos and redos\n";
    CHECK(all.floors > runs);
}

TEST_CASE("a floor that breaks a rule is caught", "[laws][floor][control]") {
    FloorWorld::Rules rules;
    SECTION("the entry is written before all have passed") { rules.waits = false; }
    SECTION("what was worked in since is dropped all the same") { rules.spares = false; }
    SECTION("authors name erased parents") { rules.names_seen = false; }
    SECTION("what may still be undone is forgotten") { rules.waits_for_undo = false; }
    SECTION("who returns late pushes what it has") { rules.makes_again = false; }
    CHECK_FALSE(caught(rules, 10'000).empty());
}

#include "laws/checks.hpp"
#include "laws/small_scope.hpp"

#include <catch2/catch.hpp>

#include <iostream>

using namespace syncline;
using namespace syncline::testing;

#define SYNCLINE_EVERY_TYPE                                                                       \
    OrSet, RwSet, GSet, PnCounter, GCounter, EwFlag, DwFlag, LwwRegister, MvRegister, Text, List, \
        OrMap

// How many random histories that is, over all types: 11 x 20,000 + 4,000 here, 20,000 of documents
// with a floor beside the same without one (floor_laws.cpp), and 10,000 with undos and redos
// (undo_laws.cpp): 254,000 in a normal run, and 2,540,000 in a long one, which tries ten times as
// many. Every second one here is to have floor entries, where there is residue to drop; half of
// those with undos are, and all of the documents.
TEMPLATE_TEST_CASE("every history keeps the laws and means what the model says", "[laws]",
                   SYNCLINE_EVERY_TYPE) {
    const std::uint64_t first = first_seed();
    const std::uint64_t runs = scaled(std::is_same_v<TestType, OrMap> ? 4'000 : 20'000);
    std::uint64_t entries = 0;
    for (std::uint64_t seed = first; seed < first + runs; ++seed) {
        Random random(seed);
        const Floors floors = seed % 2 == 0 ? Floors::some : Floors::none;
        const auto history = History<TestType>::arbitrary(random, 14, floors);
        entries += history.floors.size();
        const std::string violation = history_violation(history, random);
        if (violation.empty()) continue;
        FAIL("seed " << seed << ": " << violation << history.describe());
    }
    std::cout << name_of(Mutators<TestType>::type) << ": " << runs << " histories, " << entries
              << " floor entries\n";
}

TEMPLATE_TEST_CASE("equal states are the states with equal bytes", "[laws]", SYNCLINE_EVERY_TYPE) {
    const std::uint64_t first = first_seed();
    const std::uint64_t runs = scaled(2'000);
    for (std::uint64_t seed = first; seed < first + runs; ++seed) {
        Random random(seed);
        const Floors floors = seed % 2 == 0 ? Floors::some : Floors::none;
        const auto history = History<TestType>::arbitrary(random, 14, floors);
        std::vector<Replicated<TestType>> states = history.replicas;
        states.push_back(history.fed(history.all(), random));
        states.push_back(fed_mixture(history, random));
        states.emplace_back();
        for (const auto& made : history.made) states.push_back(made.delta);
        if (history.floors.empty())
            states.push_back(joined(states[random.below(states.size())], states.back()));
        std::string violation = encoding_violation(states);
        for (std::size_t i = 0; violation.empty() && i < history.floors.size(); ++i) {
            const FloorEntry& entry = history.floors[i];
            violation = saved_drop_violation(history.fed(entry.before, i, random), entry.residue);
        }
        if (violation.empty()) continue;
        FAIL("seed " << seed << ": " << violation << history.describe());
    }
    SUCCEED(runs << " histories");
}

TEMPLATE_TEST_CASE("every history of three ops on three replicas keeps the laws", "[laws][scope]",
                   OrSet, RwSet, GSet, PnCounter, GCounter, EwFlag, DwFlag, LwwRegister, MvRegister,
                   Text, List) {
    constexpr double short_run_scale = 0.2;
    constexpr double long_run_scale = 10;
    SmallScope<TestType> scope;
    // Four ops where there are few of them; everywhere in a long run, nowhere in a short one.
    const bool four =
        test_scale() >= (FewMutators<TestType>::choices <= 3 ? short_run_scale : long_run_scale);
    CHECK(scope.run(four ? 4 : 3) == "");
    CHECK(scope.histories > 1'000);
    std::cout << name_of(Mutators<TestType>::type) << ": all " << scope.histories << " histories\n";
}

#include "laws/checks.hpp"
#include "laws/small_scope.hpp"

#include <catch2/catch.hpp>

#include <iostream>

using namespace syncline;
using namespace syncline::testing;

#define SYNCLINE_EVERY_TYPE                                                                       \
    OrSet, RwSet, GSet, PnCounter, GCounter, EwFlag, DwFlag, LwwRegister, MvRegister, Text, List, \
        OrMap

TEMPLATE_TEST_CASE("every history keeps the laws and means what the model says", "[laws]",
                   SYNCLINE_EVERY_TYPE) {
    const std::uint64_t first = first_seed();
    const std::uint64_t runs = scaled(std::is_same_v<TestType, OrMap> ? 4'000 : 20'000);
    for (std::uint64_t seed = first; seed < first + runs; ++seed) {
        Random random(seed);
        const auto history = History<TestType>::arbitrary(random);
        const std::string violation = history_violation(history, random);
        if (violation.empty()) continue;
        FAIL("seed " << seed << ": " << violation << history.describe());
    }
    SUCCEED(runs << " histories");
}

TEMPLATE_TEST_CASE("equal states are the states with equal bytes", "[laws]", SYNCLINE_EVERY_TYPE) {
    const std::uint64_t first = first_seed();
    const std::uint64_t runs = scaled(2'000);
    for (std::uint64_t seed = first; seed < first + runs; ++seed) {
        Random random(seed);
        const auto history = History<TestType>::arbitrary(random);
        std::vector<Replicated<TestType>> states = history.replicas;
        states.push_back(history.fed(history.all(), random));
        states.push_back(fed_mixture(history, random));
        states.emplace_back();
        for (const auto& made : history.made) states.push_back(made.delta);
        states.push_back(joined(states[random.below(states.size())], states.back()));
        const std::string violation = encoding_violation(states);
        if (violation.empty()) continue;
        FAIL("seed " << seed << ": " << violation);
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

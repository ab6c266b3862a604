// Lists and texts of every size against the naive ones, edit by edit, and with floors between.
#include "support/sequence_world.hpp"

#include <catch2/catch.hpp>

using namespace syncline;
using namespace syncline::testing;

namespace {

/// Some edits, compared with the naive sequence after every `every`.
template <typename Store>
std::string run(std::uint64_t seed, std::size_t steps, std::size_t every,
                typename SequenceWorld<Store>::Settings settings) {
    Random random(seed);
    SequenceWorld<Store> world([&](std::size_t below) { return random.below(below); }, settings);
    for (std::size_t i = 1; i <= steps; ++i) {
        if (auto bad = world.step(); !bad.empty()) return bad;
        if (i % every == 0) {
            if (auto bad = world.compare(random.below(settings.people)); !bad.empty()) return bad;
        }
    }
    return world.finish();
}

}  // namespace

TEMPLATE_TEST_CASE("short sessions are what the naive sequence says after every step", "[sequence]",
                   Text, List) {
    for (std::uint64_t seed = first_seed(); seed < first_seed() + scaled(400); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        typename SequenceWorld<TestType>::Settings settings;
        settings.people = 1 + random.below(4);
        REQUIRE(run<TestType>(seed, 5 + random.below(60), 1, settings) == "");
    }
}

TEMPLATE_TEST_CASE("long sessions are what the naive sequence says", "[sequence]", Text, List) {
    for (std::uint64_t seed = first_seed(); seed < first_seed() + scaled(2); ++seed) {
        CAPTURE(seed);
        typename SequenceWorld<TestType>::Settings settings;
        settings.with_huge_runs = seed % 3 == 0;
        settings.with_marks = seed % 2 == 0;
        REQUIRE(run<TestType>(seed, 4'000, 500, settings) == "");
    }
}

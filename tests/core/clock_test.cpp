#include "support/arbitrary.hpp"
#include "syncline/clock/causal_context.hpp"
#include "syncline/clock/hlc.hpp"

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include <set>

using namespace syncline;
using namespace syncline::testing;

TEST_CASE("a clock set back does not set the stamps back", "[clock]") {
    HlcClock clock;
    const Hlc before = clock.tick(1'000'000);
    const Hlc after = clock.tick(10);  // back to 1970
    CHECK(after > before);
    CHECK(after.ms() == 1'000'000);
    CHECK(clock.tick(2'000'000).ms() == 2'000'000);
}

TEST_CASE("70,000 stamps in one millisecond roll into the next ones", "[clock]") {
    HlcClock clock;
    Hlc last = clock.tick(5'000);
    CHECK(last == Hlc::at(5'000));
    for (int i = 1; i < 70'000; ++i) {
        const Hlc next = clock.tick(5'000);
        if (!(next > last)) FAIL("stamp " << i << " is not above the one before");
        last = next;
    }
    CHECK(last == Hlc::at(5'001, 70'000 - 1 - 65'536));
}

TEST_CASE("a stamp is above every stamp that was seen, the equal one included", "[clock]") {
    HlcClock clock;
    clock.observe(Hlc::at(500, 7));
    CHECK(clock.tick(500) == Hlc::at(500, 8));
    clock.observe(Hlc::at(400));
    CHECK(clock.last() == Hlc::at(500, 8));
    clock.observe(clock.last());
    CHECK(clock.tick(0) == Hlc::at(500, 9));
    CHECK(HlcClock(Hlc::at(9'000, 3)).tick(1) == Hlc::at(9'000, 4));  // after a restart
}

TEST_CASE("the last stamps of all do not wrap around", "[clock]") {
    const Hlc last = Hlc::at(Hlc::ms_max, 0xFFFF);
    CHECK(last.next() == last);
    CHECK(Hlc::at(Hlc::ms_max + 5) == Hlc::at(Hlc::ms_max));
    CHECK(Hlc::at(~std::uint64_t{0}) == Hlc::at(Hlc::ms_max));
    HlcClock clock(Hlc::at(Hlc::ms_max, 0xFFFE));
    CHECK(clock.tick(0) == last);
    CHECK(clock.tick(~std::uint64_t{0}) == last);
}

TEST_CASE("a stamp is admitted up to the bound, or a millisecond above the highest", "[clock]") {
    const std::uint64_t now = 1'000'000;
    const std::uint64_t bound = 60'000;
    CHECK(HlcClock::admit(Hlc::at(now + bound, 0xFFFF), now, bound, Hlc{}));
    const auto ahead = HlcClock::admit(Hlc::at(now + bound + 1), now, bound, Hlc{});
    REQUIRE_FALSE(ahead);
    CHECK(ahead.error().code == ErrorCode::clock_ahead);
    // The relay's clock jumped back: the space goes on a millisecond a change.
    const Hlc highest = Hlc::at(now + 9 * bound, 12);
    CHECK(HlcClock::admit(Hlc::at(now + 9 * bound + 1, 0xFFFF), now, bound, highest));
    CHECK_FALSE(HlcClock::admit(Hlc::at(now + 9 * bound + 2), now, bound, highest));
    CHECK(HlcClock::admit(Hlc::at(0), now, bound, highest));  // the past is always fine
    // "No bound" must not wrap around into none at all.
    CHECK(HlcClock::admit(Hlc::at(Hlc::ms_max), now, ~std::uint64_t{0}, Hlc{}));
    CHECK(HlcClock::admit(Hlc::at(Hlc::ms_max), now, bound, Hlc::at(Hlc::ms_max)));
}

TEST_CASE("stamps of a replica increase whatever its clock does", "[clock]") {
    for (std::uint64_t seed = first_seed(); seed < first_seed() + scaled(2'000); ++seed) {
        Random random(seed);
        HlcClock clock;
        Hlc highest;
        for (int i = 0; i < 100; ++i) {
            if (random.one_in(5)) clock = HlcClock(clock.last());  // restart
            if (random.one_in(3)) {
                const Hlc seen{random() >> (16 + random.below(40))};
                clock.observe(seen);
                highest = std::max(highest, seen);
                continue;
            }
            const Hlc stamp = clock.tick(random() >> (16 + random.below(48)));
            if (!(stamp > highest)) FAIL("seed " << seed << ", step " << i);
            highest = stamp;
        }
    }
}

namespace {

using Model = std::set<std::pair<std::size_t, std::uint64_t>>;
using Inputs = std::vector<std::pair<std::uint8_t, std::uint8_t>>;

Model model_of(const Inputs& inputs) {
    Model model;
    for (const auto& [who, counter] : inputs) model.emplace(who % 3, 1 + counter % 24);
    return model;
}
DotSet dots_of(const Model& model) {
    DotSet dots;
    for (const auto& [who, counter] : model) dots.insert({replica(who), counter});
    return dots;
}
/// In the order of arrival, which is the hard part for both.
DotSet dots_of(const Inputs& inputs) {
    DotSet dots;
    for (const auto& [who, counter] : inputs) {
        dots.insert({replica(who % 3), std::uint64_t{1} + counter % 24});
    }
    return dots;
}
CausalContext context_of(const Inputs& inputs) {
    CausalContext context;
    for (const auto& [who, counter] : inputs) {
        context.insert({replica(who % 3), std::uint64_t{1} + counter % 24});
    }
    return context;
}
Model united(const Model& a, const Model& b) {
    Model both = a;
    both.insert(b.begin(), b.end());
    return both;
}

}  // namespace

TEST_CASE("a dot set is a set of dots", "[clock]") {
    CHECK(rc::check("against std::set", [](const Inputs& a, const Inputs& b) {
        const Model model_a = model_of(a);
        const Model model_b = model_of(b);
        DotSet dots = dots_of(a);
        RC_ASSERT(dots == dots_of(model_a));
        RC_ASSERT(dots.size() == model_a.size());
        std::vector<Dot> unsorted;
        for (const auto& [who, counter] : a) {
            unsorted.push_back({replica(who % 3), std::uint64_t{1} + counter % 24});
        }
        RC_ASSERT(DotSet(unsorted) == dots);

        DotSet both = dots;
        both.insert_all(dots_of(b));
        RC_ASSERT(both == dots_of(united(model_a, model_b)));
        Model difference = model_a;
        for (const auto& dot : model_b) difference.erase(dot);
        DotSet less = dots;
        less.erase_all(dots_of(b));
        RC_ASSERT(less == dots_of(difference));
        for (const auto& [who, counter] : model_b) {
            const Dot dot{replica(who), counter};
            RC_ASSERT(dots.contains(dot) == (model_a.count({who, counter}) == 1));
            DotSet one_less = dots;
            RC_ASSERT(one_less.erase(dot) == dots.contains(dot));
            RC_ASSERT(!one_less.contains(dot));
        }
    }));
}

TEST_CASE("a join of dot sets keeps what both have and what only one has ever seen", "[clock]") {
    CHECK(rc::check("against std::set", [](const Inputs& a, const Inputs& b, const Inputs& seen_a,
                                           const Inputs& seen_b) {
        const Model store_a = model_of(a);
        const Model store_b = model_of(b);
        const Model context_a = united(store_a, model_of(seen_a));
        const Model context_b = united(store_b, model_of(seen_b));
        CausalContext mine = context_of(a);
        mine.join(context_of(seen_a));
        CausalContext theirs = context_of(b);
        theirs.join(context_of(seen_b));
        Model expected;
        for (const auto& dot : united(store_a, store_b)) {
            const bool in_both = store_a.count(dot) + store_b.count(dot) == 2;
            const bool new_to_b = store_a.count(dot) == 1 && context_b.count(dot) == 0;
            const bool new_to_a = store_b.count(dot) == 1 && context_a.count(dot) == 0;
            if (in_both || new_to_a || new_to_b) expected.insert(dot);
        }
        DotSet joined = dots_of(a);
        joined.join(dots_of(b), mine, theirs);
        RC_ASSERT(joined == dots_of(expected));
    }));
}

TEST_CASE("a causal context is a set of dots, however the dots came in", "[clock]") {
    CHECK(rc::check("against std::set", [](const Inputs& a, const Inputs& b) {
        const Model model = model_of(a);
        const CausalContext context = context_of(a);
        CausalContext sorted;
        sorted.insert(dots_of(model));
        RC_ASSERT(context == sorted);
        for (std::size_t who = 0; who < 3; ++who) {
            std::uint64_t highest = 0;
            for (std::uint64_t counter = 1; counter <= 26; ++counter) {
                const bool in = model.count({who, counter}) == 1;
                if (in) highest = counter;
                RC_ASSERT(context.contains(Dot{replica(who), counter}) == in);
            }
            RC_ASSERT(context.next(replica(who)) == highest + 1);
            // The form is the only one: runs ascend with gaps between, the first above the vector.
            std::uint64_t end = context.vector().at(replica(who));
            const auto runs = context.exceptions().find(replica(who));
            if (runs == context.exceptions().end()) continue;
            RC_ASSERT(!runs->second.empty());
            for (const auto& run : runs->second) {
                RC_ASSERT(run.first > end + 1 && run.first <= run.last);
                end = run.last;
            }
        }
        CausalContext joined = context;
        joined.join(context_of(b));
        CausalContext both;
        both.insert(dots_of(united(model, model_of(b))));
        RC_ASSERT(joined == both);
        RC_ASSERT(joined.contains(context));
        RC_ASSERT(context.contains(joined) == (joined == context));
    }));
}

TEST_CASE("runs that touch or overlap become one", "[clock]") {
    CausalContext context;
    context.insert(alice, {5, 6});
    context.insert(alice, {9, 9});
    context.insert(alice, {7, 8});
    CHECK(context.exceptions().at(alice) == std::vector<CausalContext::Run>{{5, 9}});
    context.insert(alice, {20, 30});
    context.insert(alice, {11, 40});
    CHECK(context.exceptions().at(alice) == std::vector<CausalContext::Run>{{5, 9}, {11, 40}});
    context.insert(alice, {1, 10});
    CHECK(context.vector().at(alice) == 40);
    CHECK(context.exceptions().empty());
    context.insert(alice, {3, 4});
    CHECK(context.vector().at(alice) == 40);
}

TEST_CASE("a version vector covers what is at or below its entries", "[clock]") {
    VersionVector vector;
    vector.raise(alice, 5);
    vector.raise(alice, 3);
    vector.raise(bob, 0);
    CHECK(vector.size() == 1);
    CHECK(vector.covers(Dot{alice, 5}));
    CHECK_FALSE(vector.covers(Dot{alice, 6}));
    CHECK_FALSE(vector.covers(Dot{bob, 1}));
    VersionVector other;
    other.raise(bob, 2);
    CHECK_FALSE(vector.covers(other));
    vector.join(other);
    CHECK(vector.covers(other));
}

TEST_CASE("a hundred thousand dots in any order are no quadratic work", "[clock]") {
    // Took minutes while each dot was inserted below the others by itself.
    std::vector<Dot> dots;
    for (std::uint64_t counter = 200'000; counter > 0; counter -= 2) {
        dots.push_back({replica(counter / 2 % 4), counter});
    }
    const DotSet set(dots);
    CHECK(set.size() == 100'000);
    DotSet odd;
    for (std::uint64_t counter = 1; counter < 200'000; counter += 2) odd.insert({alice, counter});
    DotSet both = set;
    both.insert_all(odd);
    CHECK(both.size() == 200'000);
    CausalContext context;
    context.insert(set);
    CHECK(context.contains(Dot{replica(3), 199'998}));
    DotSet joined = odd;
    joined.join(set, {}, {});
    CHECK(joined == both);
}

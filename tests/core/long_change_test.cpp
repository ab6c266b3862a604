#include "syncline/document/long_change.hpp"

#include "support/replica_edits.hpp"

#include <catch2/catch.hpp>

using namespace syncline;
using namespace syncline::testing;

namespace {

/// So many ops that a replica does not keep them all until the change's end.
constexpr unsigned many = 1'000;

void edit_much(Random& random, Replica::Edit& edit) {
    for (unsigned i = 0; i < many; ++i) edit_something(random, edit);
}

}  // namespace

TEST_CASE("a change packed op by op has the bytes of one packed as a whole", "[core][replica]") {
    const auto seed = GENERATE(range(0u, 20u));
    CAPTURE(seed);
    Random random(seed);
    Replica bob(id_of(2));
    bob.change(1, [&](Replica::Edit& edit) { edit_much(random, edit); });
    Replica alice(id_of(1));
    REQUIRE(alice.take(*bob.changes_since({})));
    Change change = alice.change(2, [&](Replica::Edit& edit) { edit_much(random, edit); });
    REQUIRE(change.sections.size() == 1);
    change.message = "why";
    change.sections.push_back({{"c", "d"}, change.sections.front().ops});

    wire::ChangePacker whole;
    whole.add(change);
    wire::LongChangePacker piecewise(change);
    for (const Section& section : change.sections) {
        for (std::span<const FieldOp> left = section.ops; !left.empty();) {
            const std::size_t some = std::min<std::size_t>(left.size(), 1 + below(random, 300));
            piecewise.add(section.document, left.first(some));
            left = left.subspan(some);
        }
    }
    CHECK(piecewise.take() == whole.take());
}

TEST_CASE("a long change is what its ops are, one by one", "[core][replica]") {
    const auto seed = GENERATE(range(0u, 20u));
    CAPTURE(seed);
    Random random(seed);
    Replica alice(id_of(1));
    alice.change(1, [](Replica::Edit& edit) { edit.set(title, "before"); });
    const VersionVector before = alice.seen();
    OrMap twin = alice.root();
    const Replica::Made made = alice.change(2, [&](Replica::Edit& edit) {
        edit_much(random, edit);
        // What is not done yet is not in the log.
        const Replica unfinished = alice;
        CHECK(unfinished.changes_since(before)->size() <= 1);
        edit_much(random, edit);
    });
    const Change& change = *made;
    REQUIRE(change.sections.size() == 1);
    CHECK(change.sections.front().ops.size() > many);
    CHECK(change.last() == alice.seen().at(alice.id()));
    for_each_op(change,
                [&](const Section&, const FieldOp& op, const Event& at) { twin.apply(op, at); });
    CHECK(twin == alice.root());
    CHECK(&*made == &change);

    SECTION("and goes to others as any other") {
        alice.change(3, [](Replica::Edit& edit) { edit.set(title, "behind"); });
        Replica bob(id_of(2));
        REQUIRE(bob.take(*alice.changes_since({})));
        CHECK(bob.root() == alice.root());
        const auto logged = wire::unpack(*alice.changes_since(before), wire::state_limits());
        REQUIRE(logged);
        CHECK(logged->size() == 2);
    }
    SECTION("and the next one has nothing of it") {
        const Change next = alice.change(3, [](Replica::Edit& edit) { edit.set(title, "behind"); });
        CHECK(next.span() == 1);
        CHECK(alice.change(4, [](Replica::Edit&) {})->sections.empty());
    }
}

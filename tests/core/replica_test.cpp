#include "syncline/document/replica.hpp"

#include "support/replica_edits.hpp"

#include <catch2/catch.hpp>

using namespace syncline;
using namespace syncline::testing;

TEST_CASE("replicas that exchange packed changes become equal", "[core][replica]") {
    const auto seed = GENERATE(range(0u, 200u));
    CAPTURE(seed);
    Random random(seed);
    std::vector<Replica> replicas;
    for (unsigned i = 1; i <= 3; ++i) replicas.emplace_back(id_of(i));
    for (unsigned step = 0; step < 60; ++step) {
        Replica& me = replicas[below(random, 3)];
        if (below(random, 4) != 0) {
            me.change(1'000 + step, [&](Replica::Edit& edit) {
                for (std::uint32_t n = below(random, 3) + 1; n > 0; --n)
                    edit_something(random, edit);
            });
            continue;
        }
        Replica& other = replicas[below(random, 3)];
        const auto changes = other.changes_since(me.seen());
        REQUIRE(changes);
        REQUIRE(me.take(*changes));
        REQUIRE(me.seen().covers(other.seen()));
    }
    for (unsigned round = 0; round < 2; ++round) {
        for (Replica& me : replicas) {
            for (const Replica& other : replicas) REQUIRE(me.take(*other.changes_since(me.seen())));
        }
    }
    CHECK(view(replicas[0].root()) == view(replicas[1].root()));
    CHECK(replicas[0].save() == replicas[1].save());
    CHECK(replicas[1].save() == replicas[2].save());

    SECTION("a state that is loaded is what was saved") {
        Replica loaded(id_of(9));
        REQUIRE(loaded.join(replicas[0].save()));
        CHECK(loaded.root() == replicas[0].root());
        CHECK(loaded.save() == replicas[0].save());
    }
}

TEST_CASE("replicas that join states become equal to those that take changes", "[core][replica]") {
    const auto seed = GENERATE(range(0u, 200u));
    CAPTURE(seed);
    Random random(seed);
    Replica alice(id_of(1));
    Replica bob(id_of(2));
    for (unsigned step = 0; step < 30; ++step) {
        Replica& me = below(random, 2) == 0 ? alice : bob;
        Replica& other = &me == &alice ? bob : alice;
        me.change(step, [&](Replica::Edit& edit) { edit_something(random, edit); });
        if (below(random, 5) == 0) {
            Replica twin = other;
            REQUIRE(twin.join(me.save()));
            REQUIRE(other.take(*me.changes_since(other.seen())));
            REQUIRE(view(twin.root()) == view(other.root()));
            REQUIRE(twin.save() == other.save());
        }
    }
}

TEST_CASE("a delta brings what the changes bring", "[core][replica]") {
    const auto seed = GENERATE(range(0u, 300u));
    CAPTURE(seed);
    Random random(seed);
    std::vector<Replica> replicas;
    for (unsigned i = 1; i <= 3; ++i) replicas.emplace_back(id_of(i));
    for (unsigned step = 0; step < 60; ++step) {
        Replica& me = replicas[below(random, 3)];
        if (below(random, 4) != 0) {
            me.change(step, [&](Replica::Edit& edit) {
                for (std::uint32_t n = below(random, 3) + 1; n > 0; --n)
                    edit_something(random, edit);
            });
            continue;
        }
        const Replica& other = replicas[below(random, 3)];
        const auto delta = other.delta_since(me.seen());
        REQUIRE(delta);
        Replica twin = me;
        REQUIRE(twin.join(*delta));
        REQUIRE(me.take(*other.changes_since(me.seen())));
        REQUIRE(twin.seen() == me.seen());
        REQUIRE(view(twin.root()) == view(me.root()));
        REQUIRE(twin.save() == me.save());
        // Once more, and in another's company, changes nothing.
        REQUIRE(twin.join(*delta));
        REQUIRE(twin.save() == me.save());
    }
}

TEST_CASE("a delta of what came after more than is here is a gap", "[core][replica]") {
    Replica alice(id_of(1));
    alice.change(1, [](auto& edit) { edit.set(title, "one"); });
    const VersionVector after_one = alice.seen();
    alice.change(2, [](auto& edit) { edit.insert(tags, "two"); });
    Replica bob(id_of(2));
    CHECK(bob.join(*alice.delta_since(after_one)).error().code == ErrorCode::gap);
    CHECK(bob.seen().empty());
    REQUIRE(bob.join(*alice.delta_since({})));
    CHECK(bob.save() == alice.save());

    SECTION("what was overwritten since is not missed") {
        alice.change(3, [](auto& edit) { edit.set(title, "three"); });
        Replica carol(id_of(3));
        REQUIRE(carol.join(*alice.delta_since({})));
        CHECK(carol.save() == alice.save());
    }
    SECTION("a delta of nothing brings nothing and ends no log") {
        bob.change(3, [](auto& edit) { edit.set(title, "three"); });
        REQUIRE(bob.join(*alice.delta_since(alice.seen())));
        REQUIRE(alice.join(*bob.delta_since(alice.seen())));
        CHECK(alice.save() == bob.save());
    }
    SECTION("what a log does not reach is not found") {
        alice.forget_log();
        CHECK(alice.delta_since({}).error().code == ErrorCode::not_found);
        CHECK(alice.delta_since(alice.seen()));
    }
}

TEST_CASE("a state that brings nothing new changes nothing", "[core][replica]") {
    // Was: one that said to have seen what is here, with other things in it, changed the document,
    // and the log went on telling what had been there.
    Replica alice(id_of(1));
    alice.change(1, [](Replica::Edit& edit) {
        REQUIRE(edit.set({{"title", Type::lww_register}}, "Milk"));
    });
    const Bytes before = alice.save();
    SECTION("an honest one") { REQUIRE(alice.join(before)); }
    SECTION("one that lies") {
        Replica liar(id_of(1));
        liar.change(1, [](Replica::Edit& edit) {
            REQUIRE(edit.set({{"body", Type::lww_register}}, "x"));
        });
        REQUIRE(alice.join(liar.save()));
    }
    CHECK(alice.save() == before);
    Replica bob(id_of(2));
    REQUIRE(bob.take(*alice.changes_since({})));
    CHECK(bob.save() == before);
}

TEST_CASE("packing gives back the very changes", "[core][replica]") {
    const auto seed = GENERATE(range(0u, 100u));
    CAPTURE(seed);
    Random random(seed);
    Replica alice(id_of(1));
    Replica bob(id_of(2));
    std::vector<Change> made;
    for (unsigned step = 0; step < 40; ++step) {
        Replica& me = below(random, 2) == 0 ? alice : bob;
        Replica& other = &me == &alice ? bob : alice;
        Change change = me.change(below(random, 1'000), [&](Replica::Edit& edit) {
            for (std::uint32_t n = below(random, 3) + 1; n > 0; --n) edit_something(random, edit);
        });
        if (change.sections.empty()) continue;
        change.sections.front().document = {"c", "d"};
        if (below(random, 4) == 0) change.message = "why";
        made.push_back(std::move(change));
        if (below(random, 3) == 0) REQUIRE(other.take(*me.changes_since(other.seen())));
    }
    const auto layout = GENERATE(wire::Layout::rows, wire::Layout::columns);
    wire::ChangePacker packer(layout);
    for (const Change& change : made) packer.add(change);
    const Bytes packed = packer.take();
    const auto unpacked = wire::unpack(packed, wire::Limits{});
    REQUIRE(unpacked);
    REQUIRE(unpacked->size() == made.size());
    for (std::size_t i = 0; i < made.size(); ++i) {
        CAPTURE(i);
        CHECK((*unpacked)[i] == made[i]);
        const Bytes canonical = wire::encode_change(made[i]);
        const auto decoded = wire::decode_change(canonical, made[i].replica, wire::Limits{});
        REQUIRE(decoded);
        CHECK(*decoded == made[i]);
    }

    SECTION("and no prefix of it is taken for the whole") {
        for (std::size_t size = 0; size < packed.size(); ++size) {
            const auto part = wire::unpack(BytesView(packed).first(size), wire::Limits{});
            if (part) CHECK(part->size() < made.size());
        }
    }
}

TEST_CASE("a change that lacks its past is refused as a gap", "[core][replica]") {
    Replica alice(id_of(1));
    Replica bob(id_of(2));
    const Change first = alice.change(1, [](auto& edit) { edit.set(title, "one"); });
    const Change second = alice.change(2, [](auto& edit) { edit.set(title, "two"); });
    REQUIRE_FALSE(bob.take(second));
    CHECK(bob.take(second).error().code == ErrorCode::gap);
    CHECK(bob.take(first));
    CHECK(bob.take(second));
    CHECK(bob.take(second));
    CHECK(view(bob.root()).find("title")->text() != nullptr);
}

TEST_CASE("what is taken in at once is logged, whether all of it was new or not",
          "[core][replica]") {
    // Half of the changes are enough for a piece of the log.
    Replica alice(id_of(1));
    for (int i = 0; i < 5'000; ++i) {
        alice.change(1'000, [&](Replica::Edit& edit) {
            edit.set({{"key " + std::to_string(i * 7'919 % 5'000), Type::lww_register}}, i);
        });
    }
    const Bytes all = *alice.changes_since({});
    VersionVector half;
    half.raise(alice.id(), 2'500);
    const Bytes later = *alice.changes_since(half);
    Replica bob(id_of(2));
    SECTION("all of it was new") { REQUIRE(bob.take(all)); }
    SECTION("it was known already") {
        REQUIRE(bob.take(all));
        REQUIRE(bob.take(all));
    }
    SECTION("some of it was known") {
        const auto changes = wire::unpack(all, wire::state_limits());
        for (std::size_t i = 0; i < 100; ++i) REQUIRE(bob.take((*changes)[i]));
        REQUIRE(bob.take(all));
    }
    SECTION("its past was not known") {
        CHECK(bob.take(later).error().code == ErrorCode::gap);
        REQUIRE(bob.take(all));
    }
    SECTION("its end is missing") {
        CHECK_FALSE(bob.take(BytesView(all).first(all.size() - 1)));
        CHECK(bob.seen().at(alice.id()) == 0);  // a block of columns is read as a whole
        REQUIRE(bob.take(*alice.changes_since(bob.seen())));
    }
    CHECK(bob.root() == alice.root());
    // What bob has to tell is the same, from the beginning and from the middle.
    Replica carol(id_of(3));
    REQUIRE(carol.take(*bob.changes_since({})));
    CHECK(carol.root() == alice.root());
    const auto since = [](const Replica& replica, const VersionVector& seen) {
        return std::move(wire::unpack(*replica.changes_since(seen), wire::state_limits()).value());
    };
    CHECK(since(bob, half) == since(alice, half));
    CHECK(since(bob, {}) == since(alice, {}));
    CHECK(since(bob, {}).size() == 5'000);
}

TEST_CASE("a packer that was emptied begins anew", "[core][replica]") {
    const auto change_of = [](unsigned fields, unsigned documents) {
        Change change{id_of(1), 1, Hlc::at(1), VersionVector(), {}, {}};
        for (unsigned d = 0; d < documents; ++d) {
            Section& section = change.sections.emplace_back();
            section.document = {"notes", "number " + std::to_string(d * 11 % documents)};
            for (unsigned f = 0; f < fields; ++f) {
                Op op;
                op.code = OpCode::set;
                op.value = std::int64_t{f};
                section.ops.push_back(
                    {{{"a", Type::map},
                      {"key " + std::to_string(f * 11 % fields), Type::lww_register}},
                     op});
            }
        }
        return change;
    };
    wire::ChangePacker used;
    for (const unsigned count : {1u, 7u, 8u, 9u, 100u, 1'500u, 3u}) {
        CAPTURE(count);
        for (const Change& change : {change_of(count, 2), change_of(2, count)}) {
            used.add(change);
            const Bytes packed = used.take();
            wire::ChangePacker fresh;
            fresh.add(change);
            CHECK(packed == fresh.take());
            const auto unpacked = wire::unpack(packed, wire::state_limits());
            REQUIRE(unpacked);
            CHECK(*unpacked == std::vector<Change>{change});
        }
    }
}

TEST_CASE("changes of many authors are packed with a number for each", "[core][replica]") {
    // Few authors are looked at one by one, more have a table.
    const unsigned count = GENERATE(1u, 2u, 8u, 9u, 200u);
    CAPTURE(count);
    std::vector<Change> changes;
    VersionVector seen;
    for (std::uint64_t round = 0; round < 2; ++round) {
        for (unsigned n = 0; n < count; ++n) {
            Change& change = changes.emplace_back();
            change = {id_of(n), 1 + round, Hlc::at(1 + n), seen, {}, {}};
            change.sections.push_back({{"notes", "one"}, {}});
            Op op;
            op.code = OpCode::add;
            op.amount = n;
            change.sections.back().ops.push_back({votes, op});
        }
        for (unsigned n = 0; n < count; ++n) seen.raise(id_of(n), 1);
    }
    const Bytes packed = wire::pack(changes);
    const auto unpacked = wire::unpack(packed, wire::state_limits());
    REQUIRE(unpacked);
    CHECK(*unpacked == changes);
}

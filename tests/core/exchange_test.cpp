#include "syncline/document/exchange.hpp"

#include "support/replica_edits.hpp"
#include "syncline/codec/sha256.hpp"

#include <catch2/catch.hpp>

using namespace syncline;
using namespace syncline::testing;

namespace {

struct Messages {
    Bytes question, answer, closing;
    [[nodiscard]] std::size_t size() const {
        return question.size() + answer.size() + closing.size();
    }
};

Messages exchange(Replica& asking, Replica& asked) {
    ExchangeAsker asker;
    ExchangeAnswerer answerer;
    Messages sent;
    sent.question = asker.ask(asking);
    const auto answer = answerer.answer(asked, sent.question);
    REQUIRE(answer);
    sent.answer = *answer;
    const auto closing = asker.take(asking, *answer);
    REQUIRE(closing);
    sent.closing = *closing;
    REQUIRE(answerer.take(asked, *closing));
    return sent;
}

void edit_some(Random& random, Replica& me, std::uint64_t ms) {
    me.change(ms, [&](Replica::Edit& edit) {
        for (std::uint32_t n = below(random, 3) + 1; n > 0; --n) edit_something(random, edit);
    });
}

/// Brings both what the other has, by changes.
void by_changes(Replica& a, Replica& b) {
    REQUIRE(a.take(*b.changes_since(a.seen())));
    REQUIRE(b.take(*a.changes_since(b.seen())));
}

/// With a byte or two changed, left out or put in.
Bytes damaged(Bytes bytes, Random& random) {
    for (std::uint32_t n = below(random, 2) + 1; n > 0 && !bytes.empty(); --n) {
        const auto at = bytes.begin() + below(random, static_cast<std::uint32_t>(bytes.size()));
        const auto byte = static_cast<std::byte>(below(random, 256));
        switch (below(random, 3)) {
            case 0: *at = byte; break;
            case 1: bytes.erase(at); break;
            default: bytes.insert(at, byte);
        }
    }
    return bytes;
}

/// Nested registers of both kinds, which edit_something() has not.
void edit_registers(Random& random, Replica& me, std::uint64_t ms) {
    const Path rows{{"rows", Type::map}};
    const FieldKey row{"r" + std::to_string(below(random, 4)), Type::map};
    const FieldKey cell{"c" + std::to_string(below(random, 2)),
                        below(random, 2) == 0 ? Type::lww_register : Type::mv_register};
    me.change(ms, [&](Replica::Edit& edit) {
        if (below(random, 6) == 0) {
            apply_all(edit, edit.root().clear({rows[0], row}, edit.author()));
        } else if (below(random, 6) == 0) {
            apply_all(edit, edit.root().clear({rows[0], row, cell}, edit.author()));
        } else if (cell.type == Type::lww_register) {
            REQUIRE(edit.set({rows[0], row, cell}, std::int64_t{below(random, 100)}));
        } else {
            const Path path{rows[0], row, cell};
            Op op = edit.root().at<MvRegister>(path).set(std::int64_t{below(random, 100)});
            REQUIRE(edit.apply({path, std::move(op)}));
        }
    });
}

}  // namespace

TEST_CASE("an exchange brings both what changes bring", "[core][exchange]") {
    const auto seed = GENERATE(range(0u, 300u));
    CAPTURE(seed);
    Random random(seed);
    Replica alice(id_of(1));
    Replica bob(id_of(2));
    for (unsigned round = 0; round < 6; ++round) {
        CAPTURE(round);
        for (unsigned step = below(random, 12); step > 0; --step) {
            Replica& me = below(random, 2) == 0 ? alice : bob;
            const std::uint64_t ms = 1'000 * round + step;
            below(random, 2) == 0 ? edit_some(random, me, ms) : edit_registers(random, me, ms);
        }
        Replica alice_too = alice;
        Replica bob_too = bob;
        by_changes(alice_too, bob_too);
        below(random, 2) == 0 ? exchange(alice, bob) : exchange(bob, alice);
        REQUIRE(view(alice.root()) == view(alice_too.root()));
        REQUIRE(alice.save() == alice_too.save());
        REQUIRE(bob.save() == alice_too.save());
        REQUIRE(alice.seen() == bob.seen());
    }
}

TEST_CASE("both may go on while an exchange is under way", "[core][exchange]") {
    const auto seed = GENERATE(range(0u, 200u));
    CAPTURE(seed);
    Random random(seed);
    Replica alice(id_of(1));
    Replica bob(id_of(2));
    Replica carol(id_of(3));
    std::uint64_t ms = 0;
    const auto something = [&] {
        Replica* const all[] = {&alice, &bob, &carol};
        for (unsigned step = below(random, 6); step > 0; --step) {
            Replica& me = *all[below(random, 3)];
            below(random, 2) == 0 ? edit_some(random, me, ++ms) : edit_registers(random, me, ++ms);
        }
        Replica& me = below(random, 2) == 0 ? alice : bob;
        if (const auto changes = carol.changes_since(me.seen())) REQUIRE(me.take(*changes));
        if (const auto changes = me.changes_since(carol.seen())) REQUIRE(carol.take(*changes));
    };
    something();
    ExchangeAsker asker;
    ExchangeAnswerer answerer;
    const Bytes question = asker.ask(alice);
    something();
    const auto answer = answerer.answer(bob, question);
    REQUIRE(answer);
    Replica bob_then = bob;
    something();
    Replica alice_too = alice;
    REQUIRE(alice_too.take(*bob_then.changes_since(alice_too.seen())));
    const auto closing = asker.take(alice, *answer);
    REQUIRE(closing);
    REQUIRE(alice.save() == alice_too.save());
    Replica bob_too = bob;
    something();
    bob_too = bob;
    REQUIRE(bob_too.take(*alice_too.changes_since(bob_too.seen())));
    REQUIRE(answerer.take(bob, *closing));
    REQUIRE(bob.save() == bob_too.save());
}

TEST_CASE("a few keys of a large map take few bytes", "[core][exchange]") {
    std::mt19937_64 random(1);
    const auto id = [&] {
        ReplicaId made;
        for (std::byte& byte : made.bytes) byte = static_cast<std::byte>(random() & 0xFF);
        return made;
    };
    Replica alice(id());
    Replica bob(id());
    const auto set = [&](Replica& me, std::uint64_t ms) {
        const std::string key = "k" + std::to_string(random() % 100'000);
        me.change(ms, [&](Replica::Edit& edit) {
            REQUIRE(edit.set({{key, Type::lww_register}}, std::int64_t(random() % 1'000'000)));
        });
    };
    constexpr std::uint64_t now_ms = 1'700'000'000'000;
    for (std::uint64_t i = 0; i < 2'000; ++i) set(alice, now_ms + i);
    REQUIRE(bob.take(*alice.changes_since({})));
    for (std::uint64_t i = 0; i < 5; ++i) set(alice, now_ms + 10'000 + i);
    for (std::uint64_t i = 0; i < 5; ++i) set(bob, now_ms + 20'000 + i);
    CHECK(exchange(alice, bob).size() <= 202);
    CHECK(alice.save() == bob.save());

    SECTION("and nothing takes next to nothing") {
        const Messages sent = exchange(alice, bob);
        CHECK(sent.question.size() <= 2 * 20);
        CHECK(sent.answer.size() + sent.closing.size() <= 20);
    }
}

TEST_CASE("what follows another message changes nothing", "[core][exchange]") {
    Replica alice(id_of(1));
    Replica bob(id_of(2));
    alice.change(1, [](Replica::Edit& edit) { REQUIRE(edit.set(title, "one")); });
    bob.change(2, [](Replica::Edit& edit) { REQUIRE(edit.set(title, "two")); });
    const Bytes before = alice.save();
    ExchangeAsker asker;
    ExchangeAnswerer answerer;
    CHECK(asker.take(alice, {}).error().code == ErrorCode::unexpected_message);
    CHECK(answerer.take(bob, {}).error().code == ErrorCode::unexpected_message);

    const Bytes first = asker.ask(alice);
    const Bytes to_first = answerer.answer(bob, first).value();
    alice.change(3, [](Replica::Edit& edit) { REQUIRE(edit.add(votes, 1)); });
    const Bytes second = asker.ask(alice);
    CHECK(asker.take(alice, to_first).error().code == ErrorCode::unexpected_message);
    const Bytes to_second = answerer.answer(bob, second).value();
    const Bytes closing = asker.take(alice, to_second).value();
    CHECK(asker.take(alice, to_second).error().code == ErrorCode::unexpected_message);

    ExchangeAnswerer other;
    REQUIRE(other.answer(bob, first));
    CHECK(other.take(bob, closing).error().code == ErrorCode::unexpected_message);
    REQUIRE(answerer.take(bob, closing));
    CHECK(answerer.take(bob, closing).error().code == ErrorCode::unexpected_message);
    CHECK(alice.save() == bob.save());
    CHECK(alice.save() != before);
}

TEST_CASE("a replica that lost what it told has a gap", "[core][exchange]") {
    Replica alice(id_of(1));
    Replica bob(id_of(2));
    alice.change(1, [](Replica::Edit& edit) { REQUIRE(edit.set(title, "one")); });
    ExchangeAsker asker;
    ExchangeAnswerer answerer;
    const Bytes answer = answerer.answer(bob, asker.ask(alice)).value();
    Replica empty(id_of(1));
    CHECK(asker.take(empty, answer).error().code == ErrorCode::gap);
    CHECK(empty.seen().empty());
}

TEST_CASE("what a log does not reach is not found by an exchange", "[core][exchange]") {
    Replica alice(id_of(1));
    Replica bob(id_of(2));
    alice.change(1, [](Replica::Edit& edit) { REQUIRE(edit.set(title, "one")); });
    alice.forget_log();
    ExchangeAsker asker;
    ExchangeAnswerer answerer;
    CHECK(answerer.answer(alice, asker.ask(bob)).error().code == ErrorCode::not_found);

    const Bytes answer = answerer.answer(bob, asker.ask(alice)).value();
    CHECK(asker.take(alice, answer).error().code == ErrorCode::not_found);
}

TEST_CASE("damaged messages of an exchange are refused or are others", "[core][exchange]") {
    std::uint64_t refused = 0;
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        CAPTURE(seed);
        Random random(seed);
        Replica alice(id_of(1));
        Replica bob(id_of(2));
        for (unsigned step = 0; step < 8; ++step) {
            edit_some(random, step % 2 == 0 ? alice : bob, step);
            edit_registers(random, step % 2 == 0 ? alice : bob, step);
        }
        ExchangeAsker asker;
        ExchangeAnswerer answerer;
        const Bytes question = asker.ask(alice);
        const Bytes sound = answerer.answer(bob, question).value();
        for (std::size_t size = 0; size < sound.size(); size += 1 + sound.size() / 16)
            REQUIRE_FALSE(ExchangeAsker(asker).take(alice, BytesView(sound).first(size)));
        for (int i = 0; i < 8; ++i) {
            (void)ExchangeAnswerer().answer(bob, damaged(question, random));
            // With the right mark: the hash is no guard against those who can compute it.
            Bytes answer = damaged(sound, random);
            const Hash mark = hash_of(question);
            std::copy_n(mark.bytes.begin(), std::min<std::size_t>(4, answer.size()),
                        answer.begin());
            Replica twin = alice;
            const Bytes before = twin.save();
            if (!ExchangeAsker(asker).take(twin, answer)) {
                ++refused;
                REQUIRE(twin.save() == before);
            }
            Replica loaded(id_of(9));
            REQUIRE(loaded.join(twin.save()));
            REQUIRE(loaded.save() == twin.save());
        }
    }
    CHECK(refused > 300);
}

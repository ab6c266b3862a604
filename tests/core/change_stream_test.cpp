#include "syncline/document/change_stream.hpp"

#include "support/replica_edits.hpp"

#include <catch2/catch.hpp>

using namespace syncline;
using namespace syncline::testing;

namespace {

/// Histories of two who exchange everything now and then, in an order in which either could send
/// them on.
std::vector<Change> history(Random& random, unsigned steps) {
    Replica alice(id_of(1));
    Replica bob(id_of(2));
    std::vector<Change> made;
    for (unsigned step = 0; step < steps; ++step) {
        Replica& me = below(random, 2) == 0 ? alice : bob;
        Replica& other = &me == &alice ? bob : alice;
        Change change = me.change(below(random, 1'000), [&](Replica::Edit& edit) {
            for (std::uint32_t n = below(random, 3) + 1; n > 0; --n) edit_something(random, edit);
        });
        if (change.sections.empty()) continue;
        if (below(random, 4) == 0) change.message = "why";
        made.push_back(std::move(change));
        if (below(random, 3) == 0) REQUIRE(other.take(*me.changes_since(other.seen())));
    }
    return made;
}

Result<std::vector<Change>> read(wire::ChangeStreamReader& stream, BytesView update) {
    if (auto opened = stream.open(update, wire::Limits{}); !opened)
        return tl::unexpected(opened.error());
    std::vector<Change> changes;
    while (!stream.at_end()) {
        Change change;
        if (auto good = stream.next(change); !good) return tl::unexpected(good.error());
        changes.push_back(std::move(change));
    }
    return changes;
}

bool begins_anew(const Bytes& update) { return std::to_integer<unsigned>(update.front()) % 2 == 1; }

Change set_of(std::uint64_t counter, std::string key) {
    Change change{id_of(1), counter, Hlc::at(counter), VersionVector(), {}, {{{}, {}}}};
    Op op;
    op.code = OpCode::set;
    op.value = static_cast<std::int64_t>(counter);
    change.sections.front().ops.push_back({{{std::move(key), Type::lww_register}}, op});
    return change;
}

}  // namespace

TEST_CASE("a stream gives back the very changes, update by update", "[core][stream]") {
    const auto seed = GENERATE(range(0u, 100u));
    CAPTURE(seed);
    Random random(seed);
    const std::vector<Change> made = history(random, 60);
    wire::ChangeStreamWriter out;
    wire::ChangeStreamReader in;
    std::size_t streamed = 0;
    std::size_t alone = 0;
    for (std::size_t next = 0; next < made.size();) {
        if (below(random, 16) == 0) out.begin_anew();
        const std::size_t count = std::min<std::size_t>(made.size() - next, below(random, 3));
        std::vector<Change> some(made.begin() + static_cast<std::ptrdiff_t>(next),
                                 made.begin() + static_cast<std::ptrdiff_t>(next + count));
        next += count;
        // Small ones in columns, too: `dots` is a guess.
        out.begin(below(random, 4) == 0 ? wire::column_dots_min : 0);
        for (const Change& change : some) out.add(change);
        const Bytes update = out.end();
        const auto got = read(in, update);
        REQUIRE(got);
        CHECK(*got == some);
        for (const Change& change : some) alone += wire::pack(change).size();
        streamed += update.size();
    }
    CHECK(streamed < alone);
}

TEST_CASE("a replica takes a stream, and what was missed, and goes on", "[core][stream]") {
    Replica alice(id_of(1));
    Replica bob(id_of(2));
    wire::ChangeStreamWriter to_bob;
    wire::ChangeStreamReader from_alice;
    const auto typed = [&](const char* text) -> const Change& {
        return alice.change(1'000, [&](Replica::Edit& edit) {
            (void)edit.insert(notes, edit.root().at<Text>(notes).size(), text);
        });
    };
    typed("before the stream");
    REQUIRE(bob.take(from_alice, *alice.changes_since(bob.seen(), to_bob)));
    const Bytes first = to_bob.write(typed("1"));
    CHECK(first.size() <= 8);
    REQUIRE(bob.take(from_alice, first));

    SECTION("a lost update is a gap, and so is all that follows until the writer begins anew") {
        (void)to_bob.write(typed("2"));
        CHECK(bob.take(from_alice, to_bob.write(typed("3"))).error().code == ErrorCode::gap);
        CHECK(bob.take(from_alice, to_bob.write(typed("4"))).error().code == ErrorCode::gap);
        to_bob.begin_anew();
        REQUIRE(bob.take(from_alice, *alice.changes_since(bob.seen(), to_bob)));
    }
    SECTION("one that comes twice is a gap, too") {
        CHECK(bob.take(from_alice, first).error().code == ErrorCode::gap);
        to_bob.begin_anew();
        REQUIRE(bob.take(from_alice, to_bob.write(typed("2"))));
    }
    SECTION("so is what follows one that could not be taken") {
        Replica carol(id_of(3));
        const Change change = carol.change(1, [](auto& edit) { edit.set(title, "one"); });
        const Change second = carol.change(2, [](auto& edit) { edit.set(title, "two"); });
        CHECK(bob.take(from_alice, to_bob.write({second, change})).error().code == ErrorCode::gap);
        CHECK(bob.take(from_alice, to_bob.write(typed("2"))).error().code == ErrorCode::gap);
        to_bob.begin_anew();
        REQUIRE(bob.take(from_alice, *alice.changes_since(bob.seen(), to_bob)));
    }
    SECTION("what the log does not reach leaves the stream as it was") {
        alice.forget_log();
        CHECK(alice.changes_since({}, to_bob).error().code == ErrorCode::not_found);
    }
    SECTION("cut or changed bytes are refused, or are somebody's changes") {
        const Bytes update = to_bob.write(typed("2"));
        for (std::size_t size = 0; size < update.size(); ++size) {
            wire::ChangeStreamReader copy = from_alice;
            const auto got = read(copy, BytesView(update).first(size));
            if (got) CHECK(got->empty());
        }
        REQUIRE(bob.take(from_alice, update));
    }
    REQUIRE(bob.take(from_alice, to_bob.write(typed("end"))));
    CHECK(bob.root() == alice.root());
    REQUIRE(bob.take(from_alice, *alice.changes_since(bob.seen(), to_bob)));
}

TEST_CASE("a stream begins anew before its memory grows", "[core][stream]") {
    wire::ChangeStreamWriter out;
    wire::ChangeStreamReader in;
    std::size_t bytes = 0;
    unsigned anew = 0;
    const unsigned count = 20'000;
    for (unsigned n = 1; n <= count; ++n) {
        const Change change = set_of(n, "key " + std::to_string(n * 7'919 % count));
        const Bytes update = out.write(change);
        bytes += update.size();
        anew += begins_anew(update) ? 1 : 0;
        const auto got = read(in, update);
        REQUIRE(got);
        REQUIRE(got->front() == change);
    }
    CHECK(anew > 5);
    CHECK(anew < 20);
    CHECK(bytes < count * 16);
}

TEST_CASE("a stream that never begins anew is refused once it is too heavy", "[core][stream]") {
    // The writer does not do so: its heads are written here.
    wire::ChangeWriter writer;
    wire::ChangeStreamReader in;
    for (std::uint64_t n = 0;; ++n) {
        REQUIRE(n < 10'000);
        writer.out().prefix(n * 4 + (n == 0 ? 1 : 0));
        if (n == 0) writer.out().prefix(wire::stream_format);
        writer.add(set_of(n + 1, "key " + std::to_string(n)));
        const auto got = read(in, writer.out().take());
        if (got) continue;
        CHECK(got.error().code == ErrorCode::too_large);
        CHECK(writer.weight() > wire::stream_weight_max);
        break;
    }
}

TEST_CASE("a stream of a newer form is refused as such", "[core][stream]") {
    wire::ChangeStreamReader in;
    CHECK(read(in, from_hex("0102")).error().code == ErrorCode::unknown_format);
    CHECK(read(in, from_hex("0001")).error().code == ErrorCode::gap);
    CHECK_FALSE(read(in, {}));
    CHECK(read(in, from_hex("0101")));
}

TEST_CASE("columns are shorter than rows, and read in blocks", "[core][stream]") {
    Replica alice(id_of(1));
    alice.change(1, [](Replica::Edit& edit) {
        for (int i = 0; i < 550'000; ++i) edit.add(votes, i % 9);
    });
    const Bytes packed = *alice.changes_since({});
    wire::ChangePacker in_rows;
    alice.for_each_logged([&](const Change& change) { in_rows.add(change); });
    CHECK(packed.size() * 3 < in_rows.size());
    alice.change(2, [](Replica::Edit& edit) { edit.set(title, "behind a block"); });
    const Bytes both = *alice.changes_since({});
    Replica bob(id_of(2));
    REQUIRE(bob.take(both));
    CHECK(bob.root() == alice.root());

    SECTION("of which nothing may be left over") {
        for (const std::size_t less : {1u, 2u, 10u})
            CHECK_FALSE(
                wire::unpack(BytesView(both).first(both.size() - less), wire::state_limits()));
        Bytes more = both;
        more.push_back({});
        CHECK_FALSE(wire::unpack(more, wire::state_limits()));
    }
    SECTION("and a block of more numbers than allowed is refused") {
        wire::Limits few;
        few.ops_max = 100;
        CHECK_FALSE(wire::unpack(packed, few));
    }
}

TEST_CASE("few bytes of columns do not name a million long keys", "[core][stream]") {
    using wire::NumberColumn;
    const std::string key(wire::key_bytes_max, 'a');
    const auto pack_of = [&](unsigned ops) {
        wire::ChangeSink out;
        out.lay_out(wire::Layout::columns);
        out.prefix(wire::packed_columns_format);
        out.number(NumberColumn::heads, 1 + 32).number(NumberColumn::who, 0);
        out.bytes(wire::ByteColumn::ids, id_of(1).view());
        for (const std::uint64_t size : {std::uint64_t{ops}, std::uint64_t{2}, std::uint64_t{0},
                                         std::uint64_t{0}, std::uint64_t{key.size()}})
            out.number(NumberColumn::sizes, size);
        out.number(NumberColumn::places, 0).number(NumberColumn::types, 2 * 8);
        out.bytes(wire::ByteColumn::keys, as_bytes(key));
        for (unsigned i = 0; i < ops; ++i) {
            // An add, in a new place: spelled, then beside the one before and of the same key.
            out.number(NumberColumn::ops, 2 + (i == 0 ? 48 : 16));
            out.number(NumberColumn::shared, i == 0 ? 0 : key.size());
            if (i > 0) out.number(NumberColumn::sizes, 0);
            out.number(NumberColumn::amounts, 0);
        }
        return out.take();
    };
    CHECK(wire::unpack(pack_of(100), wire::state_limits()));
    const auto many = wire::unpack(pack_of(20'000), wire::state_limits());
    REQUIRE_FALSE(many);
    CHECK(many.error().code == ErrorCode::too_large);
}

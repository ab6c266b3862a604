#include "laws/checks.hpp"

#include <catch2/catch.hpp>

#include <chrono>

using namespace syncline;
using namespace syncline::testing;

namespace {

Result<Change> decoded(BytesView bytes, const ReplicaId& author) {
    return wire::decode_change(bytes, author, wire::Limits{});
}

ErrorCode decode_code(const Change& change) {
    const auto back = decoded(wire::encode_change(change), change.replica);
    REQUIRE_FALSE(back);
    return back.error().code;
}

Change change_of(const ReplicaId& author, std::uint64_t first, std::vector<FieldOp> ops) {
    Change change;
    change.replica = author;
    change.first = first;
    change.hlc = Hlc::at(first);
    change.sections.push_back({{"c", "d"}, std::move(ops)});
    return change;
}

Hash chained(const Hash& previous, const ReplicaId& author, const Change& change) {
    return wire::chain(previous, author, wire::encode_change(change), wire::Limits{}).value();
}

}  // namespace

TEST_CASE("a change comes back from its bytes, and other bytes are another change or none",
          "[laws][change]") {
    std::uint64_t changed = 0;
    for (std::uint64_t seed = first_seed(); seed < first_seed() + scaled(20'000); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const Change change = arbitrary_change(random);
        const Bytes bytes = wire::encode_change(change);
        const auto back = decoded(bytes, change.replica);
        REQUIRE(back);
        REQUIRE(*back == change);
        REQUIRE(wire::encode_change(*back) == bytes);

        for (int i = 0; i < 5; ++i) {
            const Bytes other = damaged(bytes, random);
            const auto read = decoded(other, change.replica);
            if (!read) continue;
            REQUIRE(wire::encode_change(*read) == other);
            REQUIRE((*read == change) == (other == bytes));
            ++changed;
        }
    }
    CHECK(changed > scaled(100));
}

TEST_CASE("a change cut at any byte is refused", "[laws][change]") {
    for (std::uint64_t seed = first_seed(); seed < first_seed() + scaled(100); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const Change change = arbitrary_change(random);
        const Bytes bytes = wire::encode_change(change);
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            REQUIRE_FALSE(decoded(BytesView(bytes).first(size), change.replica));
        }
    }
}

TEST_CASE("a run of dots beyond the last counter is refused", "[laws][change]") {
    // The run's start was checked and its end was not: a dot that no state could be stored with.
    FieldOp op{{{"f", Type::ew_flag}}, EwFlag().enable()};
    op.op.removes = {{bob, counter_max}};
    CHECK(decoded(wire::encode_change(change_of(alice, 1, {op})), alice));
    op.op.removes = {{bob, counter_max}, {bob, counter_max + 1}};
    CHECK(decode_code(change_of(alice, 1, {op})) == ErrorCode::out_of_range);
}

TEST_CASE("an op cannot remove its own dot or a later one of its author", "[laws][change]") {
    FieldOp op{{{"f", Type::ew_flag}}, EwFlag().enable()};
    op.op.removes = {{alice, 4}};
    CHECK(decoded(wire::encode_change(change_of(alice, 5, {op})), alice));
    op.op.removes = {{alice, 5}};
    CHECK(decode_code(change_of(alice, 5, {op})) == ErrorCode::out_of_range);
    op.op.removes = {{alice, 6}};
    CHECK(decode_code(change_of(alice, 5, {op})) == ErrorCode::out_of_range);
}

TEST_CASE("ten bytes that name a million dots are refused, and so are many that add up",
          "[laws][change]") {
    const auto removing = [](std::size_t ops, std::uint64_t each) {
        Change change = change_of(alice, 1, {});
        for (std::size_t i = 0; i < ops; ++i) {
            FieldOp op{{{"f", Type::ew_flag}}, EwFlag().enable()};
            std::vector<Dot> dots;
            for (std::uint64_t counter = 1; counter <= each; ++counter)
                dots.push_back({bob, counter});
            op.op.removes = DotSet(std::move(dots));
            change.sections[0].ops.push_back(std::move(op));
        }
        return change;
    };
    CHECK(decoded(wire::encode_change(removing(1, wire::removes_max)), alice));
    CHECK(decode_code(removing(1, wire::removes_max + 1)) == ErrorCode::too_large);
    CHECK(decode_code(removing(4, wire::removes_max / 4 + 1)) == ErrorCode::too_large);
}

TEST_CASE("paths that would fill the memory once spelled out are refused", "[laws][change]") {
    // 17 KB of keys, named by each of 65,536 ops in five bytes: a gigabyte.
    Path path;
    for (std::size_t i = 0; i < wire::path_max; ++i) {
        path.push_back({std::string(wire::key_bytes_max, 'k'), Type::map});
    }
    Change change = change_of(alice, 1, {});
    for (std::size_t i = 0; i < 2'000; ++i)
        change.sections[0].ops.push_back({path, op_of(OpCode::create)});
    CHECK(decode_code(change) == ErrorCode::too_large);
    change.sections[0].ops.resize(1'000);
    CHECK(decoded(wire::encode_change(change), alice));
}

TEST_CASE("removes that sort into one another are decoded in a moment", "[laws][change]") {
    // Took most of a minute: the author's own dots come first on the wire and last in the set.
    FieldOp op{{{"f", Type::ew_flag}}, EwFlag().enable()};
    std::vector<Dot> dots;
    for (std::uint64_t counter = 1; counter < 120'000; counter += 2) {
        dots.push_back({alice, counter});
        dots.push_back({bob, counter});
    }
    op.op.removes = DotSet(std::move(dots));
    const Change change = change_of(bob, 300'000, {op});
    const auto start = std::chrono::steady_clock::now();
    const auto back = decoded(wire::encode_change(change), bob);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    REQUIRE(back);
    CHECK(*back == change);
    CHECK(took.count() < 5);
}

TEST_CASE("limits of a change: format, counters, names, depth", "[laws][change]") {
    const FieldOp op{{{"f", Type::ew_flag}}, EwFlag().enable()};
    CHECK(decoded(wire::encode_change(change_of(alice, counter_max, {op})), alice));
    CHECK(decode_code(change_of(alice, counter_max, {op, op})) == ErrorCode::out_of_range);
    CHECK(decode_code(change_of(alice, 0, {op})) == ErrorCode::out_of_range);
    CHECK(decode_code(change_of(alice, 1, {})) == ErrorCode::malformed);
    Change renamed = change_of(alice, 1, {op});
    renamed.sections[0].document.id = "a\nb";
    CHECK(decode_code(renamed) == ErrorCode::malformed);
    Change twice = change_of(alice, 1, {op});
    twice.sections.push_back(twice.sections[0]);
    CHECK(decode_code(twice) == ErrorCode::not_canonical);
    Path deep(wire::path_max, FieldKey{"m", Type::map});
    CHECK(
        decoded(wire::encode_change(change_of(alice, 1, {{deep, op_of(OpCode::create)}})), alice));
    deep.push_back({"m", Type::map});
    CHECK(decode_code(change_of(alice, 1, {{deep, op_of(OpCode::create)}})) == ErrorCode::too_deep);
    FieldOp add{{{"n", Type::pn_counter}}, PnCounter().add(-PnCounter::amount_max)};
    CHECK(decoded(wire::encode_change(change_of(alice, 1, {add})), alice));
    add.op.amount -= 1;
    CHECK(decode_code(change_of(alice, 1, {add})) == ErrorCode::out_of_range);
    add.path[0].type = Type::g_counter;
    add.op.amount = -1;
    CHECK(decode_code(change_of(alice, 1, {add})) == ErrorCode::out_of_range);
}

TEST_CASE("the chain's hash covers author, order, header and every section", "[laws][change]") {
    for (std::uint64_t seed = first_seed(); seed < first_seed() + scaled(500); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const Change one = arbitrary_change(random);
        Change two = arbitrary_change(random);
        while (!(two.replica == one.replica)) two = arbitrary_change(random);
        const Hash start = hash_of(as_bytes("start"));
        const Hash after = chained(chained(start, one.replica, one), one.replica, two);
        REQUIRE(after == chained(chained(start, one.replica, one), one.replica, two));
        if (!(one == two)) {
            REQUIRE_FALSE(after == chained(chained(start, one.replica, two), one.replica, one));
        }
        REQUIRE_FALSE(chained(start, alice, one) == chained(start, dave, one));
        REQUIRE_FALSE(chained(start, alice, one) == chained(Hash{}, alice, one));
        Change other = one;
        other.hlc = other.hlc.next();
        if (!(other == one)) {
            REQUIRE_FALSE(chained(start, alice, one) == chained(start, alice, other));
        }
    }
}

TEST_CASE("the chain can be followed with a section's hash in the section's place",
          "[laws][change]") {
    const FieldOp op{{{"f", Type::ew_flag}}, EwFlag().enable()};
    Change change = change_of(alice, 1, {op});
    change.sections.push_back({{"c", "e"}, {op, op}});
    const Bytes bytes = wire::encode_change(change);
    wire::Reader in(bytes, {});
    const std::size_t parts = in.array();
    REQUIRE(parts == 3);
    Sha256 link;
    link.update(Hash{}.view()).update(alice.view());
    for (std::size_t i = 0; i < parts; ++i) link.update(hash_of(in.binary(1'000)).view());
    CHECK(cut(link.finish()) == wire::chain(Hash{}, alice, bytes, {}).value());
}

TEST_CASE("changes that move to another author or counter mean what they meant", "[laws][change]") {
    // Carol has ops that everyone knows, and then pending ones that nobody has seen. These move: to
    // a new id (a cloned device), or up by some counters under the same one.
    std::uint64_t moved_ops = 0;
    for (std::uint64_t seed = first_seed(); seed < first_seed() + scaled(3'000); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        auto history = History<OrMap>::arbitrary(random, 10);
        while (history.seen[2] != history.all()) {
            history.deliver(history.some_ready(history.seen[2], random), 2);
        }
        const Replicated<OrMap> confirmed = history.replicas[2];
        const std::size_t known = history.made.size();
        for (std::size_t i = 1 + random.below(6); i > 0; --i) {
            history.make(2, random.below(Mutators<OrMap>::choices));
        }
        if (history.made.size() == known) continue;
        const bool to_new_id = random.one_in(2);
        const std::uint64_t first = history.made[known].update.at.dot.counter;
        Rewrite to;
        to.replica = to_new_id ? dave : carol;
        to.first = to_new_id ? 1 : first + 5;
        to.base = std::uint64_t{9};
        to.map = [&](const Dot& dot) -> std::optional<Dot> {
            if (!(dot.replica == carol) || dot.counter < first) return dot;
            return Dot{to.replica, dot.counter - first + to.first};
        };
        to.own_total = [&](const DocumentKey&, const Path& path) -> std::optional<CounterMark> {
            const Node* node = confirmed->find(path);
            if (node == nullptr) return std::nullopt;
            const auto* pn = node->as<PnCounter>();
            const auto* g = node->as<GCounter>();
            const CounterEntries none;
            const auto& entries = (pn ? pn->entries() : g ? g->entries() : none).entries();
            const auto own = entries.find(carol);
            if (own == entries.end() || own->second.total.counter == 0) return std::nullopt;
            return own->second.total;
        };
        Document document(*confirmed);
        Replicated<OrMap> original = confirmed;
        for (std::size_t i = known; i < history.made.size(); ++i) {
            const auto& update = history.made[i].update;
            original.apply(update);
            Change change = change_of(carol, update.at.dot.counter, {update.op});
            to.hlc = update.at.hlc;
            const Change moved = rewrite(change, to);
            const auto back = decoded(wire::encode_change(moved), to.replica);
            REQUIRE(back);
            REQUIRE(*back == moved);
            for_each_op(*back, [&](const Section&, const FieldOp& op, const Event& at) {
                document.apply(op, at, nullptr);
            });
            to.first += change.span();
            ++moved_ops;
            // map() above counts from the first pending op.
            const std::uint64_t start = to.first - (change.last() + 1 - first);
            to.map = [&, start](const Dot& dot) -> std::optional<Dot> {
                if (!(dot.replica == carol) || dot.counter < first) return dot;
                return Dot{to.replica, dot.counter - first + start};
            };
        }
        REQUIRE(view(document.root()) == view(*original));
        REQUIRE(document.root().live() == original->live());
    }
    CHECK(moved_ops > scaled(1'000));
}

// Lists and texts in a device's outbox: typing, refusals, renumbering, a new identity.

#include "device.hpp"
#include "random.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>
#include <string>

using namespace syncline;
using namespace syncline::sim;

namespace {

const Path notes{{"notes", Type::text}};
const Path items{{"items", Type::list}};

using Edit = std::function<Result<>(SpaceReplica::Editor&, const OrMap&)>;

SpaceReplica::Committed commit(Device& device, const Edit& edit) {
    auto committed = device.space->transact(now_ms, "", [&](SpaceReplica::Editor& tx) -> Result<> {
        return edit(tx, (*tx.read(task))->root());
    });
    if (!committed) FAIL(committed.error().message);
    return *committed;
}

SpaceReplica::Committed type(Device& device, std::uint32_t at, const std::string& text) {
    return commit(device, [&](SpaceReplica::Editor& tx, const OrMap& root) {
        return tx.edit(task, {notes, *root.at<Text>(notes).insert(at, text)});
    });
}

const OrMap& root(Device& device) { return (*device.space->document(task))->root(); }
std::string text_of(Device& device) { return root(device).at<Text>(notes).str(); }
std::string list_of(Device& device) {
    std::string shown;
    root(device).at<List>(items).for_each(
        [&](const Dot&, const Value* value, const OrMap* contents) {
            const Value seen = value != nullptr ? *value : view_element(*contents);
            shown += seen.text() != nullptr ? *seen.text() : "?";
        });
    return shown;
}

std::vector<RejectedChange> refuse(Device& device, std::set<std::uint64_t> firsts) {
    wire::Rejected message{"s", {}, {}};
    for (const std::uint64_t first : firsts) {
        message.refusals.push_back({first, ErrorCode::forbidden, "no"});
    }
    auto refused = device.space->rejected(message);
    REQUIRE(refused.has_value());
    return *refused;
}

/// A character nobody else types: the n-th of a large block.
std::string character(std::uint32_t n) {
    const std::uint32_t code = 0x4E00 + n;
    return {static_cast<char>(0xE0 | (code >> 12)), static_cast<char>(0x80 | ((code >> 6) & 0x3F)),
            static_cast<char>(0x80 | (code & 0x3F))};
}

}  // namespace

TEST_CASE("a text typed key by key in one transaction is one op", "[sim][sequences]") {
    Device device(alice);
    const auto committed = commit(device, [&](SpaceReplica::Editor& tx, const OrMap& root) {
        for (std::uint32_t i = 0; i < 100'000; ++i) {
            const Op op = *root.at<Text>(notes).insert(i, i % 2 == 0 ? "\u00e9" : "e");
            if (auto done = tx.edit(task, {notes, op}); !done) return done;
        }
        for (int i = 0; i < 3; ++i) {
            const auto end = static_cast<std::uint32_t>(i);
            const Op op = *root.at<List>(items).insert(end, std::vector<Value>{Value("x")});
            if (auto done = tx.edit(task, {items, op}); !done) return done;
        }
        return tx.edit(task, {notes, *root.at<Text>(notes).insert(50, "in the middle")});
    });
    CHECK(committed.last == 100'000 + 3 + 13);
    const auto change = wire::decode_change(device.changes().front(), alice, wire::Limits{});
    REQUIRE(change.has_value());
    REQUIRE(change->sections.size() == 1);
    REQUIRE(change->sections.front().ops.size() == 3);
    CHECK(change->sections.front().ops[1].op.value == Value(Value::Array{"x", "x", "x"}));
    CHECK(root(device).at<Text>(notes).size() == 100'013);

    // What the device shows now is what it shows after a restart.
    auto again = SpaceReplica::open(*device.storage, {});
    REQUIRE(again.has_value());
    CHECK((*(*again)->document(task))->root() == root(device));
}

TEST_CASE("a transaction inserts a million characters, and no more", "[sim][sequences]") {
    Device device(alice);
    const std::string all(wire::dots_max - 1, 'x');
    auto committed = device.space->transact(now_ms, "", [&](SpaceReplica::Editor& tx) -> Result<> {
        const auto* document = *tx.read(task);
        const Text& text = document->root().at<Text>(notes);
        if (auto done = tx.edit(task, {notes, *text.insert(0, all)}); !done) return done;
        return tx.edit(task, {notes, *text.insert(0, "yz")});
    });
    REQUIRE_FALSE(committed.has_value());
    CHECK(committed.error().code == ErrorCode::too_large);
    CHECK(text_of(device).empty());
}

TEST_CASE("only lists have elements, and only what fits is inserted", "[sim][sequences]") {
    Device device(alice);
    const Dot element{bob, 1};
    FieldOp op;
    op.op.code = OpCode::place;
    SECTION("an element of a map") {
        op.path = {Step("m", Type::map), Step(element, Type::text)};
        op.op.inner = Type::text;
        op.op.value = "x";
    }
    SECTION("a field of a list") {
        op.path = {Step("l", Type::list), Step("f", Type::text)};
        op.op.inner = Type::text;
        op.op.value = "x";
    }
    SECTION("a number in a text") {
        op.path = notes;
        op.op.inner = Type::text;
        op.op.value = 1;
    }
    SECTION("nothing in a text") {
        op.path = notes;
        op.op.inner = Type::text;
        op.op.value = "";
    }
    SECTION("one value and not a list of them") {
        op.path = items;
        op.op.value = 1;
    }
    SECTION("a container of a kind that no element begins as") {
        op.path = items;
        op.op.inner = Type::or_set;
    }
    SECTION("a move of nothing") {
        op.path = items;
        op.op.code = OpCode::move;
    }
    const auto done = device.space->transact(
        now_ms, "", [&](SpaceReplica::Editor& tx) -> Result<> { return tx.edit(task, op); });
    REQUIRE_FALSE(done.has_value());
    CHECK(done.error().code == ErrorCode::invalid_argument);
}

TEST_CASE("text beside a refused insertion stays where it was typed", "[sim][sequences]") {
    Device device(alice);
    type(device, 0, "[]");                          // 1, 2
    const auto refused = type(device, 1, "no-no");  // 3..7
    type(device, 6, "after");                       // behind it
    type(device, 3, "inside");                      // in the middle of it
    type(device, 1, "before");
    REQUIRE(text_of(device) == "[beforenoinside-noafter]");
    commit(device, [&](SpaceReplica::Editor& tx, const OrMap& root) {
        const Text& text = root.at<Text>(notes);  // from the first character to the last refused
        if (auto done = tx.edit(task, {notes, *text.mark(0, 17, "bold", true, Expand::none)});
            !done)
            return done;
        return tx.edit(task, {notes, *text.erase(22, 1)});  // the "r" of "after"
    });
    const auto gone = refuse(device, {refused.first});
    REQUIRE(gone.size() == 1);
    CHECK(gone.front().code == ErrorCode::forbidden);
    CHECK(text_of(device) == "[beforeinsideafte]");
    const auto spans = root(device).at<Text>(notes).spans();
    REQUIRE(spans.size() == 2);
    CHECK(spans[0].text == "[beforeinside");
    CHECK(spans[0].properties.count("bold") == 1);
    CHECK(spans[1].properties.empty());
}

TEST_CASE("what was inside a refused element goes out with it", "[sim][sequences]") {
    Device device(alice);
    const auto add = [&](std::uint32_t at, Type type) {
        return commit(device, [&](SpaceReplica::Editor& tx, const OrMap& root) {
            return tx.edit(task, {items, *root.at<List>(items).insert(at, type)});
        });
    };
    const auto refused = add(0, Type::list);
    add(1, Type::text);
    const Dot outer{alice, refused.first};
    Path inner = items;
    inner.emplace_back(outer, Type::list);
    const auto nested = commit(device, [&](SpaceReplica::Editor& tx, const OrMap& root) {
        return tx.edit(task, {inner, *root.at<List>(inner).insert(0, Type::map)});
    });
    // Two deep: its element is of a change that goes only because the outer one goes.
    Path deepest = inner;
    deepest.emplace_back(Dot{alice, nested.first}, Type::map);
    deepest.emplace_back("k", Type::pn_counter);
    commit(device, [&](SpaceReplica::Editor& tx, const OrMap&) {
        return tx.edit(task, {deepest, PnCounter().add(2)});
    });
    const auto moved = commit(device, [&](SpaceReplica::Editor& tx, const OrMap& root) {
        return tx.edit(task, {items, *root.at<List>(items).move(0, 1)});
    });
    REQUIRE(device.set("stays").has_value());

    const auto gone = refuse(device, {refused.first});
    REQUIRE(gone.size() == 4);
    CHECK(gone[0].code == ErrorCode::forbidden);
    for (std::size_t i = 1; i < 4; ++i) CHECK(gone[i].code == ErrorCode::unknown_reference);
    CHECK(gone[3].change.first == moved.first);
    CHECK(device.space->pending() == 2);
    CHECK(root(device).at<List>(items).size() == 1);
    CHECK(device.shown() == "stays");
}

TEST_CASE("whatever is refused, the rest stays in its order", "[sim][sequences]") {
    const auto seed = GENERATE(range(0u, 400u));
    CAPTURE(seed);
    Random random(seed);
    Device device(alice);
    Device other(bob);
    std::uint32_t typed = 0;
    std::uint64_t sequence = 0;
    std::map<std::uint64_t, std::set<std::string>> inserted;  // by own changes that may be refused
    const auto edit = [&](Device& who) {
        const bool in_list = random.chance(40);
        std::set<std::string> mine;
        bool may_be_refused = true;
        const auto committed = commit(who, [&](SpaceReplica::Editor& tx, const OrMap& root) {
            const Text& text = root.at<Text>(notes);
            const List& list = root.at<List>(items);
            const std::uint32_t size = in_list ? list.size() : text.size();
            const auto at = static_cast<std::uint32_t>(random.below(std::uint64_t{size} + 1));
            if (size > 0 && random.chance(25)) {
                may_be_refused = false;
                const auto from = static_cast<std::uint32_t>(random.below(size));
                if (!in_list) return tx.edit(task, {notes, *text.erase(from, 1)});
                if (random.chance(60)) {
                    const auto to = static_cast<std::uint32_t>(random.below(size));
                    return tx.edit(task, {items, *list.move(from, to)});
                }
                return tx.edit(task, list.erase(items, from, 1, tx.replica())->front());
            }
            const std::uint64_t count = random.between(1, 4);
            std::string all;
            std::vector<Value> values;
            for (std::uint64_t i = 0; i < count; ++i) {
                const std::string one = character(typed++);
                mine.insert(one);
                all += one;
                values.emplace_back(one);
            }
            if (in_list) return tx.edit(task, {items, *list.insert(at, std::move(values))});
            return tx.edit(task, {notes, *text.insert(at, all)});
        });
        if (&who == &device && may_be_refused) inserted[committed.first] = mine;
        return committed;
    };
    const std::uint64_t edits = random.between(2, 25);
    for (std::uint64_t i = 0; i < edits; ++i) {
        if (random.chance(70)) {
            edit(device);
            continue;
        }
        const auto committed = edit(other);
        const auto bytes = other.changes(committed.first);
        for (Device* each : {&device, &other}) {
            const ReplicaId& id = each == &device ? alice : bob;
            REQUIRE(each->space->feed(batch(sequence + 1, bob, bytes), id, now_ms).has_value());
        }
        ++sequence;
    }

    std::set<std::uint64_t> firsts;
    std::set<std::string> refused;
    for (const auto& [first, characters] : inserted) {
        if (!random.chance(40)) continue;
        firsts.insert(first);
        refused.insert(characters.begin(), characters.end());
    }
    if (firsts.empty()) return;
    const auto rest_of = [&](const std::string& text) {
        std::string rest;
        for (std::size_t i = 0; i < text.size(); i += 3) {
            if (refused.count(text.substr(i, 3)) == 0) rest += text.substr(i, 3);
        }
        return rest;
    };
    const std::string text = text_of(device);
    const std::string list = list_of(device);
    const auto gone = refuse(device, firsts);
    // Whoever moved or erased an element of a refused change went with it, and that is undone.
    const bool alone = gone.size() == firsts.size();
    CHECK(text_of(device) == rest_of(text));
    if (alone) CHECK(list_of(device) == rest_of(list));

    // And the others see it so, too.
    std::uint64_t last = sequence;
    for (const Bytes& change : device.changes()) {
        for (Device* each : {&device, &other}) {
            const ReplicaId& id = each == &device ? alice : bob;
            REQUIRE(each->space->feed(batch(last + 1, alice, {change}), id, now_ms).has_value());
        }
        ++last;
    }
    CHECK(device.space->pending() == 0);
    CHECK(text_of(other) == text_of(device));
    CHECK(*other.space->digest() == *device.space->digest());
}

TEST_CASE("sequences and what is inside them follow to a new identity", "[sim][sequences]") {
    Device device(alice);
    type(device, 0, "one three");
    type(device, 4, "two ");
    commit(device, [&](SpaceReplica::Editor& tx, const OrMap& root) {
        const Text& text = root.at<Text>(notes);
        if (auto done = tx.edit(task, {notes, *text.mark(4, 3, "bold", true)}); !done) return done;
        return tx.edit(task, {notes, *text.erase(0, 1)});
    });
    const auto added = commit(device, [&](SpaceReplica::Editor& tx, const OrMap& root) {
        return tx.edit(task, {items, *root.at<List>(items).insert(0, Type::map)});
    });
    Path inside = items;
    inside.emplace_back(Dot{alice, added.first}, Type::map);
    inside.emplace_back("k", Type::lww_register);
    commit(device, [&](SpaceReplica::Editor& tx, const OrMap& root) {
        if (auto done = tx.edit(task, {inside, root.at<LwwRegister>(inside).set("v")}); !done)
            return done;
        std::vector<Value> values{"a", "b"};
        if (auto done = tx.edit(task, {items, *root.at<List>(items).insert(1, std::move(values))});
            !done)
            return done;
        return tx.edit(task, {items, *root.at<List>(items).move(0, 2)});
    });
    const Value before = view(root(device));
    const auto spans = root(device).at<Text>(notes).spans();
    const Anchor cursor = root(device).at<Text>(notes).anchor(5, Side::left);
    const std::uint64_t then = device.space->names();

    // The relay knows nothing of the old identity.
    REQUIRE(device.space->opened(opened(0, 0), alice_anew, now_ms).has_value());
    REQUIRE(device.space->state().replica == alice_anew);
    CHECK(view(root(device)) == before);
    CHECK(root(device).at<Text>(notes).spans() == spans);
    for (const Bytes& bytes : device.changes()) {
        const auto change = wire::decode_change(bytes, alice_anew, wire::Limits{});
        REQUIRE(change.has_value());
        for_each_op(*change, [&](const Section&, const FieldOp& op, const Event&) {
            for_each_reference(op, [&](const DotRun& dots) { CHECK(dots.replica == alice_anew); });
        });
    }
    // What the app holds is called otherwise now.
    const auto now = device.space->name_now(cursor.element, then);
    REQUIRE(now.has_value());
    CHECK(now->replica == alice_anew);
    CHECK(root(device).at<Text>(notes).position({*now, cursor.side}) == 5u);
}

TEST_CASE("a name outlives renumbering, and a refused one has none", "[sim][sequences]") {
    Device device(alice);
    const auto first = type(device, 0, "refused");
    const auto second = type(device, 7, "kept");
    const std::uint64_t then = device.space->names();
    refuse(device, {first.first});
    REQUIRE(text_of(device) == "kept");
    const auto name = device.space->name_now({alice, second.first + 2}, then);
    REQUIRE(name.has_value());
    CHECK(*name == Dot{alice, 3});
    CHECK(root(device).at<Text>(notes).position({*name, Side::left}) == 2u);
    CHECK_FALSE(device.space->name_now({alice, first.first}, then).has_value());
    CHECK(device.space->name_now({bob, 1}, then) == Dot{bob, 1});
    // Taken now, the same dot is another character.
    CHECK(device.space->name_now({alice, 3}, device.space->names()) == Dot{alice, 3});
}

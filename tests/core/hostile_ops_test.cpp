// What a hostile author may send, kind by kind: the decoder or the one who takes it in refuses it
// with the rule's name, or it has no effect but its dots, the same everywhere. (nonsense_laws.cpp
// does it at random.)

#include "support/arbitrary.hpp"
#include "sync/admission.hpp"
#include "syncline/document/json.hpp"
#include "syncline/document/replica.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <limits>

using namespace syncline;
using namespace syncline::testing;

namespace {

const ReplicaId mallory = replica(5);
const ReplicaId nobody = replica(6);
const Path todo{{"todo", Type::list}};
const Path notes{{"notes", Type::text}};
const Path votes{{"votes", Type::pn_counter}};
const Path title{{"title", Type::lww_register}};

/// Two honest people with the same document, and what Mallory may have seen of it.
struct Stage {
    Replica alice{testing::alice};
    Replica bob{testing::bob};
    std::vector<Dot> elements;  ///< of the list, in order
    std::vector<Dot> letters;   ///< of the text
    Dot title_dot;

    Stage() {
        alice.change(1, [](Replica::Edit& edit) {
            edit.set(title, "groceries");
            edit.add(votes, 1);
            edit.apply({todo, *edit.root().at<List>(todo).insert(
                                  0, {Value("a"), Value("b"), Value("c")})});
            (void)edit.insert(notes, 0, "hello");
        });
        title_dot = {testing::alice, 1};
        const List& list = alice.root().at<List>(todo);
        for (std::uint32_t i = 0; i < list.size(); ++i) elements.push_back(*list.id(i));
        for (std::uint64_t i = 0; i < 5; ++i) letters.push_back({testing::alice, 6 + i});
        give(alice, bob);
    }

    [[nodiscard]] Change by_mallory(std::vector<FieldOp> ops, std::uint64_t first = 1) const {
        Change change;
        change.replica = mallory;
        change.first = first;
        change.hlc = Hlc::at(10 + first);
        change.base = alice.seen();
        change.sections = {Section{{}, std::move(ops)}};
        return change;
    }

    static void give(const Replica& from, Replica& to) {
        REQUIRE(to.take(from.changes_since(to.seen()).value()));
    }
    /// Alice hears of it at once, Bob after edits of his own; then both hear all.
    void spread(const Change& change) {
        const Bytes sent = wire::pack({change});
        REQUIRE(alice.take(sent));
        bob.change(20, [](Replica::Edit& edit) {
            edit.apply({todo, *edit.root().at<List>(todo).move(2, 0)});
            (void)edit.insert(notes, 5, "!");
            edit.add(votes, 10);
        });
        REQUIRE(bob.take(sent));
        give(bob, alice);
        CHECK(alice.save() == bob.save());
        Replica newcomer(testing::carol);
        REQUIRE(newcomer.join(bob.save()));
        CHECK(newcomer.save() == bob.save());
    }
    [[nodiscard]] std::string shown(const Path& path) const {
        return to_json(view(*alice.root().find(path[0].field())));
    }
};

/// Of a decoder that is given the change's bytes.
ErrorCode refused_by_decoder(Change change) {
    change.base = std::uint64_t{0};
    for (Section& section : change.sections) section.document = {"tasks", "t1"};
    const auto decoded =
        wire::decode_change(wire::encode_change(change), change.replica, wire::Limits{});
    REQUIRE_FALSE(decoded);
    return decoded.error().code;
}

FieldOp in(const Path& path, OpCode code) { return {path, op_of(code)}; }

FieldOp inserted(const Path& path, Value what, Place at) {
    FieldOp made = in(path, OpCode::place);
    made.op.value = std::move(what);
    made.op.place = at;
    return made;
}
FieldOp moved(const Dot& element, Place to) {
    FieldOp made = in(todo, OpCode::move);
    made.op.element = element;
    made.op.place = to;
    return made;
}
FieldOp added(std::int64_t amount) {
    FieldOp made = in(votes, OpCode::add);
    made.op.amount = amount;
    return made;
}
FieldOp marked(const Dot& from, const Dot& to) {
    FieldOp made = in(notes, OpCode::mark);
    made.op.mark = Mark{"bold", Value(true), {from, Side::left}, {to, Side::right}};
    return made;
}

std::string sorted(std::string text) {
    std::sort(text.begin(), text.end());
    return text;
}

}  // namespace

TEST_CASE("an op that names what its author cannot have seen is refused", "[hostile]") {
    Stage stage;
    const Dot never{nobody, 7};
    const Dot own_future{mallory, 3};
    const Dot later_than_seen{testing::alice, 1'000};
    for (const Dot& dot : {never, own_future, later_than_seen}) {
        CAPTURE(dot.counter);
        FieldOp removal = in(title, OpCode::clear);
        removal.op.removes.insert(dot);
        FieldOp inside = in({todo[0], {dot, Type::lww_register}}, OpCode::set);
        for (const FieldOp& op :
             {inserted(todo, Value(Value::Array{Value("x")}), {dot, Side::right}), moved(dot, {}),
              moved(stage.elements[0], {dot, Side::left}), marked(dot, stage.letters[0]), removal,
              inside}) {
            const auto taken = stage.alice.take(stage.by_mallory({op}));
            REQUIRE_FALSE(taken);
            CHECK(taken.error().code == ErrorCode::unknown_reference);
        }
    }
    CHECK(stage.alice.save() == stage.bob.save());
}

TEST_CASE("the relay refuses the same, by the name of the rule", "[hostile]") {
    Change change = Stage().by_mallory({moved({nobody, 7}, {})});
    change.base = std::uint64_t{0};
    change.sections[0].document = {"tasks", "t1"};
    AdmissionContext context;
    context.now_ms = 1'000;
    context.counter_of = [](const ReplicaId&) { return std::uint64_t{0}; };
    const PushVerdict verdict =
        judge({"space", {}, {wire::encode_change(change)}}, ReplicaHead{}, context);
    CHECK(verdict.admitted.empty());
    REQUIRE(verdict.refusals.size() == 1);
    CHECK(verdict.refusals[0].code == ErrorCode::unknown_reference);
}

TEST_CASE("an element beside something that is no element moves nobody else's", "[hostile]") {
    Stage stage;
    stage.spread(stage.by_mallory(
        {inserted(todo, Value(Value::Array{Value("x")}), {stage.title_dot, Side::left}),
         inserted(notes, Value("x"), {stage.elements[0], Side::right})}));
    std::string list = stage.shown(todo);
    std::string text = stage.shown(notes);
    for (std::string* shown : {&list, &text}) {
        CAPTURE(*shown);
        for (const char* strange : {"\"x\",", ",\"x\"", "x"}) {
            if (const auto at = shown->find(strange); at != std::string::npos)
                shown->erase(at, std::string(strange).size());
        }
    }
    CHECK(list == R"(["c","a","b"])");
    CHECK(text == R"("hello!")");
}

TEST_CASE("what is no element cannot be moved", "[hostile]") {
    Stage stage;
    stage.spread(stage.by_mallory({moved(stage.title_dot, {}), moved(stage.letters[0], {})}));
    CHECK(stage.shown(todo) == R"(["c","a","b"])");
}

TEST_CASE("moves in a circle lose and double nothing", "[hostile]") {
    Stage stage;
    const Dot a = stage.elements[0];
    const Dot b = stage.elements[1];
    const Dot c = stage.elements[2];
    stage.spread(stage.by_mallory({moved(a, {a, Side::right}), moved(a, {b, Side::right}),
                                   moved(b, {c, Side::left}), moved(c, {a, Side::left})}));
    CHECK(sorted(stage.shown(todo)) == sorted(R"(["a","b","c"])"));
}

TEST_CASE("a counter that is driven over its end is over it alike everywhere", "[hostile]") {
    constexpr std::int64_t most = (std::int64_t{1} << 53) - 1;
    Stage stage;
    stage.spread(stage.by_mallory(std::vector<FieldOp>(1'025, added(most))));
    CHECK(stage.alice.root().at<PnCounter>(votes).value() < 0);
    stage.spread(stage.by_mallory(std::vector<FieldOp>(1'025, added(-most)), 1'026));
    CHECK(stage.alice.root().at<PnCounter>(votes).value() == 21);

    CHECK(refused_by_decoder(stage.by_mallory({added(most + 1)})) == ErrorCode::out_of_range);
    CHECK(refused_by_decoder(stage.by_mallory({added(std::numeric_limits<std::int64_t>::min())})) ==
          ErrorCode::out_of_range);
}

TEST_CASE("a mark whose ends are crossed marks nothing", "[hostile]") {
    Stage stage;
    stage.spread(stage.by_mallory(
        {marked(stage.letters[3], stage.letters[1]), marked(stage.title_dot, stage.elements[0])}));
    const Text& text = stage.alice.root().at<Text>(notes);
    for (const auto& span : text.spans()) CHECK(span.properties.empty());
}

TEST_CASE("marks of one name that overlap in any way show one value a letter", "[hostile]") {
    Stage stage;
    std::vector<FieldOp> marks;
    for (std::size_t from = 0; from < 5; ++from) {
        for (std::size_t to = 0; to < 5; ++to) {
            FieldOp mark = marked(stage.letters[from], stage.letters[to]);
            mark.op.mark->value = Value(static_cast<int>(5 * from + to));
            marks.push_back(mark);
        }
    }
    stage.spread(stage.by_mallory(std::move(marks)));
    std::size_t shown = 0;
    for (const auto& span : stage.alice.root().at<Text>(notes).spans()) {
        CHECK(span.properties.size() <= 1);
        shown += span.properties.size();
    }
    CHECK(shown > 0);
}

TEST_CASE("what nests deeper than the limit is refused before it is built", "[hostile]") {
    Stage stage;
    Path deep;
    for (std::size_t i = 0; i <= wire::path_max; ++i) deep.emplace_back("m", Type::map);
    CHECK(refused_by_decoder(stage.by_mallory({in(deep, OpCode::create)})) == ErrorCode::too_deep);

    FieldOp set = in(title, OpCode::set);
    for (std::size_t i = 0; i <= wire::value_depth_max; ++i)
        set.op.value = Value(Value::Array{set.op.value});
    CHECK(refused_by_decoder(stage.by_mallory({set})) == ErrorCode::too_deep);
}

TEST_CASE("ops that their type does not take are refused by the decoder", "[hostile]") {
    Stage stage;
    FieldOp moved_letter = in(notes, OpCode::move);
    moved_letter.op.element = stage.letters[0];
    CHECK(refused_by_decoder(stage.by_mallory({moved_letter})) == ErrorCode::malformed);
    CHECK(refused_by_decoder(stage.by_mallory({in(title, OpCode::enable)})) ==
          ErrorCode::malformed);
    FieldOp shrunk = in({{"grows", Type::g_counter}}, OpCode::add);
    shrunk.op.amount = -1;
    CHECK(refused_by_decoder(stage.by_mallory({shrunk})) == ErrorCode::out_of_range);
    CHECK(refused_by_decoder(stage.by_mallory({})) == ErrorCode::malformed);
}

TEST_CASE("an id that was claimed once is not given again", "[hostile]") {
    Stage stage;
    FieldOp first = in(title, OpCode::set);
    first.op.value = Value("first");
    FieldOp second = in(title, OpCode::set);
    second.op.value = Value("second");
    const Change one = stage.by_mallory({first});
    const Change other = stage.by_mallory({second});
    REQUIRE(stage.alice.take(one));
    const Bytes before = stage.alice.save();
    CHECK(stage.alice.take(other));  // known already, as far as the counter tells
    CHECK(stage.alice.save() == before);

    // A state claims one dot for two elements: whoever has one of them keeps that.
    const auto overlapping = stage.alice.take(stage.by_mallory({first, second}));
    REQUIRE_FALSE(overlapping);
    CHECK(overlapping.error().code == ErrorCode::gap);
}

TEST_CASE("the relay tells a counter that is claimed twice from one that is sent twice",
          "[hostile]") {
    const auto encoded = [](const char* text) {
        FieldOp op = in(title, OpCode::set);
        op.op.value = Value(text);
        Change change = Stage().by_mallory({op});
        change.base = std::uint64_t{0};
        change.sections[0].document = {"tasks", "t1"};
        return wire::encode_change(change);
    };
    const Bytes first = encoded("first");
    AdmissionContext context;
    context.now_ms = 1'000;
    context.counter_of = [](const ReplicaId&) { return std::uint64_t{0}; };
    const PushVerdict admitted = judge({"space", {}, {first}}, ReplicaHead{}, context);
    REQUIRE(admitted.admitted.size() == 1);
    const ReplicaHead head = admitted.admitted[0].head;
    CHECK(judge({"space", {}, {first}}, head, context).duplicates == 1);
    CHECK_FALSE(judge({"space", {}, {first}}, head, context).fork);
    CHECK(judge({"space", {}, {encoded("second")}}, head, context).fork);
}

TEST_CASE("the types' own mutators refuse what is out of range", "[hostile]") {
    const Stage stage;
    const List& list = stage.alice.root().at<List>(todo);
    const Text& text = stage.alice.root().at<Text>(notes);
    CHECK(list.insert(4, {Value(1)}).error().code == ErrorCode::out_of_range);
    CHECK(list.move(0, 3).error().code == ErrorCode::out_of_range);
    CHECK(list.erase(todo, 2, 2, testing::alice).error().code == ErrorCode::out_of_range);
    CHECK(text.insert(6, "x").error().code == ErrorCode::out_of_range);
    CHECK(text.erase(4, 2).error().code == ErrorCode::out_of_range);
    CHECK(text.mark(4, 2, "bold", Value(true)).error().code == ErrorCode::out_of_range);
}

// An edit that no decoder takes went into the replica's log, which could then not be read back:
// every later change was kept from the others, without a word.
TEST_CASE("a replica's own edits are held to what others take in", "[hostile]") {
    Stage stage;
    constexpr std::int64_t most = (std::int64_t{1} << 53) - 1;
    Path deep(wire::path_max + 1, Step{"m", Type::map});
    stage.alice.change(30, [&](Replica::Edit& edit) {
        CHECK(edit.add(votes, most + 1).error().code == ErrorCode::out_of_range);
        CHECK(edit.set(title, Value("\xff")).error().code == ErrorCode::invalid_utf8);
        CHECK(edit.set({{std::string(1'025, 'k'), Type::lww_register}}, 1).error().code ==
              ErrorCode::invalid_argument);
        CHECK(edit.apply(in(deep, OpCode::create)).error().code == ErrorCode::too_deep);
        CHECK(edit.apply(in(title, OpCode::enable)).error().code == ErrorCode::invalid_argument);
        REQUIRE(edit.set(title, "after all"));
    });
    Stage::give(stage.alice, stage.bob);
    CHECK(stage.bob.save() == stage.alice.save());
    CHECK(stage.shown(title) == "\"after all\"");
}

// The floor, example by example (docs/adr/0005-floor.md); tests/laws/floor_laws.cpp has the rules.
#include "syncline/document/floor.hpp"

#include "support/random_edits.hpp"

#include <catch2/catch.hpp>

using namespace syncline;
using namespace syncline::testing;

namespace {

const Path notes{{"notes", Type::text}};
const Path items{{"items", Type::list}};

/// Somebody with a copy who makes one op a change.
struct Person : Copy {
    explicit Person(const ReplicaId& who) : Copy{who, {}, {}, {}} {}

    Change make(FieldOp op) {
        Draft draft = this->draft();
        apply(draft, std::move(op));
        return std::move(draft.change);
    }
    Change make(const Path& path, Result<Op> op) {
        REQUIRE(op);
        return make({path, std::move(*op)});
    }
    Change make(std::vector<FieldOp> ops) {
        Draft draft = this->draft();
        for (FieldOp& op : ops) apply(draft, std::move(op));
        return std::move(draft.change);
    }
    [[nodiscard]] const Text& text() const { return document.root().at<Text>(notes); }
    [[nodiscard]] const List& list() const { return document.root().at<List>(items); }
    template <typename Store>
    [[nodiscard]] const Store& at(const Path& path) const {
        return document.root().at<Store>(path);
    }
    Change type(std::uint32_t where, std::string_view what) {
        return make(notes, text().insert(where, what));
    }
    Change erase(std::uint32_t from, std::uint32_t count) {
        return make(notes, text().erase(from, count));
    }
    [[nodiscard]] std::size_t bytes() const { return wire::encode_document(document).size(); }
    /// As if nobody had anything on the way.
    void drop() { document.drop(residue(document)); }
};

std::vector<Value> numbers(int count) {
    std::vector<Value> values;
    for (int i = 0; i < count; ++i) values.emplace_back(i);
    return values;
}

}  // namespace

TEST_CASE("a text of 100,000 characters, typed and erased, is nothing after the floor", "[floor]") {
    Person ann(alice);
    SECTION("in one piece") {
        ann.type(0, std::string(100'000, 'x'));
        ann.erase(0, 100'000);
    }
    SECTION("by many hands in many places") {
        Random random(1);
        Person ben(bob);
        for (int i = 0; i < 1'000; ++i) {
            Person& who = random.one_in(2) ? ann : ben;
            Person& other = &who == &ann ? ben : ann;
            const auto size = static_cast<std::size_t>(who.text().size());
            other.take(who.type(static_cast<std::uint32_t>(random.below(size + 1)),
                                std::string(100, 'x')));
            if (i % 3 == 0)
                other.take(who.erase(static_cast<std::uint32_t>(random.below(size + 1)), 50));
        }
        ann.erase(0, ann.text().size());
    }
    CHECK(ann.bytes() > 10);
    CHECK_FALSE(ann.document.exists());
    const Residue all = residue(ann.document);
    CHECK(all.dots.size() == 100'000);
    ann.document.drop(all);
    CHECK(ann.document.empty());
}

TEST_CASE("what was typed over is gone, and the text can be typed in as before", "[floor]") {
    Person ann(alice);
    ann.type(0, "hello wurld");
    ann.erase(7, 4);  // as one does with the backspace key
    ann.type(7, "orld");
    ann.erase(0, 1);
    ann.type(0, "H");
    Person never = ann;
    ann.drop();
    CHECK(ann.text().str() == "Hello world");
    CHECK(residue(ann.document).empty() == false);  // the h, on which the rest hangs
    CHECK(residue(ann.document).dots == DotSet{{alice, 1}});
    for (Person* who : {&ann, &never}) {
        who->type(11, "!");
        who->type(5, ",");
        who->erase(0, 1);
        who->type(0, "J");
    }
    CHECK(ann.text().str() == "Jello, world!");
    CHECK(ann.text().str() == never.text().str());
}

TEST_CASE("an erased place stays while something living hangs on it", "[floor]") {
    Person ann(alice);
    ann.type(0, "abcdef");
    ann.erase(1, 3);
    const Document before = ann.document;
    ann.drop();
    CHECK(ann.document == before);
    ann.erase(1, 2);
    ann.drop();
    CHECK(residue(ann.document).empty());
    CHECK(ann.text().str() == "a");
}

TEST_CASE("a text that is typed at one end and erased at the other stays small", "[floor]") {
    Person ann(alice);
    Person ben(bob);
    for (int i = 0; i < 1'000; ++i) {
        Person& who = i % 2 == 0 ? ann : ben;
        Person& other = i % 2 == 0 ? ben : ann;
        other.take(who.type(who.text().size(), "a line\n"));
        if (i >= 10) other.take(who.erase(0, 7));
        if (i % 100 == 0) {
            CHECK(ann.document == ben.document);
            ann.drop();
            ben.drop();
        }
    }
    CHECK(ann.text().size() == 70);
    CHECK(residue(ann.document).dots.size() > 600);
    ann.drop();
    CHECK(residue(ann.document).dots.size() < 20);
}

TEST_CASE("only what is named goes, and only while it is residue", "[floor]") {
    Person ann(alice);
    ann.type(0, "abc");
    ann.erase(2, 1);
    const Residue early = residue(ann.document);
    ann.erase(1, 1);
    Person ben = ann;
    ben.document.drop(early);
    CHECK(residue(ben.document).dots == DotSet{{alice, 2}});
    Residue all = residue(ann.document);
    all.dots.insert(Dot{alice, 1});  // it lives
    ann.document.drop(all);
    CHECK(ann.text().str() == "a");
    CHECK(residue(ann.document).empty());
}

TEST_CASE("nobody who sees what is erased hangs anything on it", "[floor]") {
    Person ann(alice);
    ann.type(0, "abcd");
    ann.erase(1, 2);
    SECTION("between two that stay") {
        const auto op = ann.text().insert(1, "x");
        CHECK(op->place == Place{{alice, 4}, Side::left});
    }
    SECTION("at the end") {
        ann.erase(1, 1);
        CHECK(ann.text().insert(1, "x")->place == Place{{alice, 1}, Side::right});
    }
    SECTION("at the beginning") {
        ann.erase(0, 1);
        CHECK(ann.text().insert(0, "x")->place == Place{{alice, 4}, Side::left});
    }
    SECTION("where all is erased") {
        ann.erase(0, 2);
        CHECK(ann.text().insert(0, "x")->place == Place{});
    }
    SECTION("below what stands in front") {
        // xyz hangs on the left of what is behind it.
        ann.type(0, "xyz");
        ann.erase(1, 2);
        CHECK(ann.text().insert(1, "w")->place == Place{{alice, 6}, Side::right});
    }
}

TEST_CASE("marks that nobody sees go, others hold the places of their ends", "[floor]") {
    Person ann(alice);
    ann.type(0, "one two three");
    const auto mark = [&](std::uint32_t from, std::uint32_t count, const char* name, Value value) {
        ann.make(notes, ann.text().mark(from, count, name, std::move(value), Expand::none));
    };
    SECTION("one that covers nothing") {
        mark(4, 3, "bold", true);
        ann.erase(4, 4);
        ann.drop();
        CHECK(ann.text().marks().empty());
    }
    SECTION("one that is covered by a later one, made at the same time") {
        Person ben = ann;
        ben.id = bob;
        const Change below = ben.make(notes, ben.text().mark(0, 5, "bold", true, Expand::none));
        mark(8, 5, "bold", true);  // so that the next is later
        mark(0, 7, "bold", 7);
        ann.take(below);
        CHECK(ann.text().marks().size() == 3);
        const auto spans = ann.text().spans();
        ann.drop();
        CHECK(ann.text().marks().size() == 2);
        CHECK(ann.text().spans() == spans);
    }
    SECTION("one that takes off what is not on") {
        mark(0, 3, "bold", true);
        mark(0, 3, "bold", nullptr);
        CHECK(ann.text().marks().size() == 1);
        ann.drop();
        CHECK(ann.text().marks().empty());
    }
    SECTION("not one that takes off a part") {
        mark(0, 7, "bold", true);
        mark(2, 3, "bold", nullptr);
        ann.drop();
        CHECK(ann.text().marks().size() == 2);
    }
    SECTION("the last character of a link is erased") {
        mark(8, 5, "link", "x");
        ann.erase(12, 1);
        const auto spans = ann.text().spans();
        ann.drop();
        CHECK(ann.text().spans() == spans);
        CHECK(residue(ann.document).dots == DotSet{{alice, 13}});
    }
}

TEST_CASE("erases of a remove-wins set go when no insert is left that they beat", "[floor]") {
    const Path tags{{"tags", Type::rw_set}};
    Person ann(alice);
    for (int i = 0; i < 1'000; ++i) ann.make(tags, ann.at<RwSet>(tags).insert(i));
    Person ben = ann;
    ben.id = bob;
    const Change again = ben.make(tags, ben.at<RwSet>(tags).insert(7));
    for (int i = 0; i < 1'000; ++i) ann.make(tags, ann.at<RwSet>(tags).erase(i));
    ann.take(again);
    CHECK(ann.at<RwSet>(tags).elements().empty());
    ann.drop();
    CHECK(ann.at<RwSet>(tags).elements().empty());
    CHECK(ann.at<RwSet>(tags).erased().dots().size() == 1);  // the one that beats ben's
    ann.make(ann.document.root().clear(tags, alice));
    ann.drop();
    CHECK(ann.document.empty());
}

TEST_CASE("the disables of a flag go when no enable is left that they beat", "[floor]") {
    const Path flag{{"on", Type::dw_flag}};
    Person ann(alice);
    ann.make(flag, ann.at<DwFlag>(flag).enable());
    Person ben = ann;
    ben.id = bob;
    const Change again = ben.make(flag, ben.at<DwFlag>(flag).enable());
    ann.make(flag, ann.at<DwFlag>(flag).disable());
    ann.take(again);
    ann.drop();
    CHECK_FALSE(ann.at<DwFlag>(flag).on());
    CHECK(ann.at<DwFlag>(flag).disables().size() == 1);
    ann.make(ann.document.root().clear(flag, alice));
    ann.drop();
    CHECK(ann.document.empty());
}

TEST_CASE("the sums of a cancelled counter go, and it counts from zero", "[floor]") {
    const Path votes{{"votes", Type::pn_counter}};
    Person ann(alice);
    ann.make(votes, ann.at<PnCounter>(votes).add(5));
    Person ben(bob);
    ben.make(votes, ben.at<PnCounter>(votes).add(3));
    Change bens = ben.make(votes, ben.at<PnCounter>(votes).add(4));
    ann.take(bens);
    ann.make(ann.document.root().clear(votes, alice));
    const Residue all = residue(ann.document);
    CHECK(all.sums == DotSet{{alice, 1}, {bob, 2}});
    SECTION("all of it") {
        ann.document.drop(all);
        CHECK(ann.document.empty());
        ann.make(votes, ann.at<PnCounter>(votes).add(2));
        CHECK(ann.at<PnCounter>(votes).value() == 2);
    }
    SECTION("not that of a replica that went on") {
        ann.make(votes, ann.at<PnCounter>(votes).add(2));
        ann.document.drop(all);
        CHECK(ann.at<PnCounter>(votes).entries().entries().size() == 1);
        CHECK(ann.at<PnCounter>(votes).value() == 2);
    }
}

TEST_CASE("the places that elements were moved from go", "[floor]") {
    Person ann(alice);
    ann.make(items, ann.list().insert(0, numbers(3)));
    Random random(1);
    const auto some = [&] { return static_cast<std::uint32_t>(random.below(3)); };
    for (int i = 0; i < 1'000; ++i) ann.make(items, ann.list().move(some(), some()));
    const Value shown = view(Node(ann.list()));
    CHECK(ann.bytes() > 1'500);
    ann.drop();
    CHECK(view(Node(ann.list())) == shown);
    CHECK(ann.bytes() < 200);
    // Erased ones leave nothing at all.
    auto ops = ann.list().erase(items, 0, 3, alice);
    REQUIRE(ops);
    ann.make(*ops);
    ann.drop();
    CHECK(ann.document.empty());
}

TEST_CASE("an element that an edit brought back is spared", "[floor]") {
    // Ben edits inside an element that Ann has erased. Carol sees that it lives, edits it too, and
    // is slow; Ann erases it again before that comes.
    Person ann(alice);
    ann.make(items, ann.list().insert(0, numbers(1)));
    Person ben = ann;
    ben.id = bob;
    auto erased = ann.list().erase(items, 0, 1, alice);
    ann.make(*erased);
    Residue candidates = residue(ann.document);  // f is here
    CHECK(candidates.dots == DotSet{{alice, 1}});

    const Change bens = ben.make(*ben.list().replace(items, 0, "b", bob));
    for_each_op(bens, [&](const Section&, const FieldOp& op, const Event&) {
        spare(candidates, ann.document, op);
    });
    ann.take(bens);
    Person cat = ann;
    cat.id = carol;
    const Change cats = cat.make(*cat.list().replace(items, 0, "c", carol));
    ann.make(*ann.list().erase(items, 0, 1, alice));
    CHECK(candidates.empty());
    ann.document.drop(candidates);
    ann.take(cats);
    CHECK(view(Node(ann.list())) == Value(Value::Array{"c"}));
}

TEST_CASE("whoever returns from below the floor does again what it had done", "[floor]") {
    Person ann(alice);
    ann.type(0, "one two three");
    ann.make(items, ann.list().insert(0, numbers(3)));
    Person ben = ann;  // goes offline
    ben.id = bob;
    ann.erase(3, 10);
    ann.type(0, "->");
    ann.make(*ann.list().erase(items, 1, 1, alice));
    ann.drop();
    CHECK(residue(ann.document).dots == DotSet{{alice, 15}});  // element 2 hangs on it

    std::vector<Change> pending;
    Document now = ann.document;
    const auto come_back = [&] {
        Returning returning(
            bob, 1, std::uint64_t{99},
            [&](const DocumentKey&) -> const Document& { return ben.document; },
            [&](const DocumentKey&) -> Document& { return now; });
        std::vector<Change> made;
        for (const Change& change : pending) {
            if (auto again = returning.again(change, Hlc::at(1'000 + made.size())))
                made.push_back(*again);
        }
        return made;
    };
    const auto shown_text = [&] { return now.root().at<Text>(notes).str(); };

    SECTION("text goes between what is left of its neighbours") {
        pending.push_back(ben.type(8, "and "));
        pending.push_back(ben.type(0, "I: "));
        pending.push_back(ben.type(3 + 12, "half"));
        const auto made = come_back();
        REQUIRE(made.size() == 3);
        CHECK(made[1].base == Base(std::uint64_t{99}));
        CHECK(shown_text() == "I: ->oneand half");
    }
    SECTION("its own later edits follow") {
        pending.push_back(ben.type(13, " four"));
        pending.push_back(ben.erase(14, 2));
        pending.push_back(ben.type(14, "p"));
        CHECK(come_back().size() == 3);
        CHECK(shown_text() == "->one pur");
    }
    SECTION("a mark holds on to what is left, or goes") {
        pending.push_back(ben.make(notes, ben.text().mark(2, 5, "bold", true)));
        pending.push_back(ben.make(notes, ben.text().mark(4, 3, "bold", true)));
        CHECK(come_back().size() == 1);
        const auto spans = now.root().at<Text>(notes).spans();
        REQUIRE(spans.size() == 2);
        CHECK(spans[1].text == "e");
        CHECK(spans[1].properties.count("bold") == 1);
    }
    SECTION("an edit of what others erased goes, with what was to be in it") {
        auto ops = ben.list().replace(items, 1, "new", bob);
        ops->push_back({items, *ben.list().insert(3, Type::map)});
        pending.push_back(ben.make(*ops));
        const Dot map = *ben.list().id(3);
        Path inside = items;
        inside.push_back(Step(map, Type::map));
        inside.push_back(FieldKey{"k", Type::lww_register});
        pending.push_back(ben.make(inside, ben.at<LwwRegister>(inside).set(1)));
        const auto made = come_back();
        REQUIRE(made.size() == 2);
        CHECK(made[0].span() == 1);
        CHECK(view(Node(now.root().at<List>(items))) ==
              Value(Value::Array{0, 2, Value::Map{{"k", 1}}}));
    }
    SECTION("nothing is left of a change that only moved what is gone") {
        pending.push_back(ben.make(items, ben.list().move(1, 0)));
        pending.push_back(ben.make(items, ben.list().move(2, 0)));
        const auto made = come_back();
        REQUIRE(made.size() == 1);
        CHECK(made[0].first == 1);
        CHECK(view(Node(now.root().at<List>(items))) == Value(Value::Array{2, 0}));
    }
}

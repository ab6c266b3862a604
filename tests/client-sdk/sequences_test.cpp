// Lists and texts through the API that apps use, and in stores that lose power, are copied, are
// refused something and meet an older relay.

#include "store_fixture.hpp"
#include "support/temporary_directory.hpp"
#include "syncline/client/store.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <string>

using namespace syncline;
using test::Device;
using test::PowerLossVfs;
using test::TemporaryDirectory;
using test::World;

namespace {

const DocumentKey task{"tasks", "t1"};

struct App {
    TemporaryDirectory directory;
    std::string path = directory.path() + "/app.db";
    std::optional<Store> store = Store::open(path).value();
    Space space = store->space("team").value();

    void edit(const std::function<void(MapEditor&)>& work) {
        const auto done = space.transact([&](Transaction& tx) {
            auto document = tx.document(task.collection, task.id);
            work(document);
        });
        if (!done) FAIL(done.error().message);
    }
    [[nodiscard]] Value shown(const char* key) const {
        const auto value = space.get(task).value();
        const Value* field = value ? value->find(key) : nullptr;
        return field == nullptr ? Value() : *field;
    }
    /// Everything again from the file.
    void reopen() {
        space = Store::open(directory.path() + "/other.db").value().space("x").value();
        store.reset();
        store = Store::open(path).value();
        space = store->space("team").value();
    }
};

Value array(std::initializer_list<Value> values) { return Value(Value::Array(values)); }

}  // namespace

TEST_CASE("a text is typed into, cut and kept", "[api][sequences]") {
    App app;
    app.edit([](MapEditor& document) {
        auto notes = document.text("notes");
        CHECK(notes.size() == 0);
        notes.insert(0, "2 litres");
        notes.insert(8, "!");
        notes.splice(0, 1, "three");
        notes.erase(notes.size() - 1, 1);
        notes.insert(0, "");
        notes.erase(3, 0);
        CHECK(notes.str() == "three litres");
        CHECK(notes.str(6, 3) == "lit");
    });
    CHECK(app.shown("notes") == Value("three litres"));
    app.reopen();
    CHECK(app.shown("notes") == Value("three litres"));
    CHECK(app.space.status().pending == 1);
    app.edit([](MapEditor& document) { document.text("notes").erase(); });
    CHECK(app.shown("notes") == Value());
    app.edit([](MapEditor& document) { document.text("notes").create(); });
    CHECK(app.shown("notes") == Value(""));
    CHECK(app.store->verify());
}

TEST_CASE("positions in a text count what they are said to count", "[api][sequences]") {
    App app;
    app.edit([](MapEditor& document) {
        auto notes = document.text("notes");
        notes.insert(0, "a\U0001F600b");
        CHECK(notes.size() == 3);
        CHECK(notes.size(Unit::utf16) == 4);
        CHECK(notes.size(Unit::byte) == 6);
        notes.insert(3, "|", Unit::utf16);
        notes.insert(1, "|", Unit::byte);
        notes.erase(2, 2, Unit::utf16);  // the face
        CHECK(notes.str() == "a||b");
    });
    const auto inside = app.space.transact([](Transaction& tx) {
        auto notes = tx.document("tasks", "t1").text("notes");
        notes.insert(0, "\U0001F600");
        notes.insert(1, "x", Unit::utf16);
    });
    REQUIRE_FALSE(inside);
    CHECK(inside.error().code == ErrorCode::out_of_range);
    CHECK(app.shown("notes") == Value("a||b"));
}

TEST_CASE("text has properties", "[api][sequences]") {
    App app;
    app.edit([](MapEditor& document) {
        auto notes = document.text("notes");
        notes.insert(0, "plain bold plain");
        notes.mark(6, 4, "bold", true);
        notes.insert(10, "er");  // grows
        notes.unmark(6, 1, "bold", Expand::none);
        const auto spans = notes.spans();
        REQUIRE(spans.size() == 3);
        CHECK(spans[0].text == "plain b");
        CHECK(spans[1].text == "older");
        CHECK(spans[1].properties.at("bold") == Value(true));
    });
    app.reopen();
    const auto document = app.space.document(task).value();
    const Path notes{{"notes", Type::text}};
    CHECK(document.root().at<Text>(notes).spans().at(1).text == "older");
}

TEST_CASE("a list holds values and containers, in an order that is edited", "[api][sequences]") {
    App app;
    app.edit([](MapEditor& document) {
        auto steps = document.list("steps");
        steps.push("pour");
        steps.insert(0, "open");
        steps.insert_all(1, {Value("smell"), Value(2)});
        CHECK(steps.view() == array({"open", "smell", 2, "pour"}));
        steps.set(2, "taste");
        steps.move(0, 3);
        CHECK(steps.view() == array({"smell", "taste", "pour", "open"}));
        steps.erase(1);
        CHECK(steps.size() == 3);
        CHECK(steps.value(1) == Value("pour"));
        CHECK(steps.value(9) == Value());

        auto inner = steps.insert_map(0);
        inner.set("what", "heat");
        inner.counter("times").add(2);
        steps.insert_text(1).insert(0, "slowly");
        steps.insert_list(2).push("nested");
        steps.insert_counter(3).add(5);
        steps.map(0).set("done", true);
        steps.text(1).insert(6, "!");
        steps.list(2).insert_list(0).push(1);
        steps.counter(3).add(-1);
    });
    const Value heat(Value::Map{{"done", true}, {"times", 2}, {"what", "heat"}});
    const Value expected =
        array({heat, "slowly!", array({array({1}), "nested"}), 4, "smell", "pour", "open"});
    CHECK(app.shown("steps") == expected);
    app.reopen();
    CHECK(app.shown("steps") == expected);

    app.edit([](MapEditor& document) {
        document.list("steps").erase(0, 6);
        document.list("steps").set(0, Value(Value::Array{"a", "value"}));
    });
    CHECK(app.shown("steps") == array({array({"a", "value"})}));
    app.edit([](MapEditor& document) { document.list("steps").erase(); });
    CHECK(app.shown("steps") == Value());
    app.edit([](MapEditor& document) { document.list("steps").create(); });
    CHECK(app.shown("steps") == Value(Value::Array{}));
}

TEST_CASE("a list's counter that is erased starts from nothing again", "[api][sequences]") {
    App app;
    app.edit([](MapEditor& document) {
        auto list = document.list("l");
        list.insert_counter(0).add(7);
        list.set(0, "a value now");
        CHECK(list.view() == array({"a value now"}));
        list.counter(0).add(1);  // beside the value; a view shows the counter
        CHECK(list.view() == array({1}));
    });
}

TEST_CASE("an index behind the end fails the transaction", "[api][sequences]") {
    App app;
    app.edit([](MapEditor& document) {
        document.list("l").push(1);
        document.text("t").insert(0, "x");
    });
    const auto fails = [&](const std::function<void(ListEditor, TextEditor)>& work) {
        const auto done = app.space.transact([&](Transaction& tx) {
            auto document = tx.document("tasks", "t1");
            document.set("n", 1);
            work(document.list("l"), document.text("t"));
            document.set("m", 1);
        });
        return !done && done.error().code == ErrorCode::out_of_range;
    };
    CHECK(fails([](ListEditor l, TextEditor) { l.insert(2, 1); }));
    CHECK(fails([](ListEditor l, TextEditor) { l.insert_all(2, {}); }));
    CHECK(fails([](ListEditor l, TextEditor) { l.insert_map(2).set("k", 1); }));
    CHECK(fails([](ListEditor l, TextEditor) { l.set(1, 1); }));
    CHECK(fails([](ListEditor l, TextEditor) { l.erase(0, 2); }));
    CHECK(fails([](ListEditor l, TextEditor) { l.move(0, 1); }));
    CHECK(fails([](ListEditor l, TextEditor) { l.move(1, 1); }));
    CHECK(fails([](ListEditor l, TextEditor) { l.map(1).set("k", 1); }));
    CHECK(fails([](ListEditor l, TextEditor) { l.list(1).push(1); }));
    CHECK(fails([](ListEditor l, TextEditor) { l.text(1).insert(0, "x"); }));
    CHECK(fails([](ListEditor l, TextEditor) { l.counter(1).add(1); }));
    CHECK(fails([](ListEditor, TextEditor t) { t.insert(2, "x"); }));
    CHECK(fails([](ListEditor, TextEditor t) { t.insert(2, ""); }));
    CHECK(fails([](ListEditor, TextEditor t) { t.erase(0, 2); }));
    CHECK(fails([](ListEditor, TextEditor t) { t.erase(2, 0); }));
    CHECK(fails([](ListEditor, TextEditor t) { t.mark(0, 0, "b", true); }));
    CHECK(app.shown("n") == Value());
    CHECK(app.space.status().pending == 1);
    const auto bad = app.space.transact(
        [](Transaction& tx) { tx.document("tasks", "t1").text("t").insert(0, "\xFF"); });
    REQUIRE_FALSE(bad);
    CHECK(bad.error().code == ErrorCode::invalid_utf8);
}

TEST_CASE("ids and cursors stay with what they were taken at", "[api][sequences]") {
    App app;
    std::optional<ElementId> pour;
    Cursor before;
    Cursor behind;
    app.edit([&](MapEditor& document) {
        auto steps = document.list("steps");
        steps.insert_all(0, {Value("open"), Value("pour"), Value("drink")});
        pour = steps.id(1);
        CHECK_FALSE(steps.id(3));
        auto notes = document.text("notes");
        notes.insert(0, "one three");
        before = notes.cursor(4);
        behind = notes.cursor(4, Side::right);
    });
    app.edit([&](MapEditor& document) {
        auto steps = document.list("steps");
        steps.insert(0, "first");
        steps.move(2, 3);
        CHECK(steps.index(*pour) == 3u);
        CHECK_FALSE(document.list("other").index(*pour));
        auto notes = document.text("notes");
        notes.insert(4, "two ");
        CHECK(notes.position(before) == 8u);
        CHECK(notes.position(behind) == 4u);
        CHECK_FALSE(document.text("other").position(before));
    });
    CHECK(app.space.index(*pour).value() == 3u);
    CHECK(app.space.position(before).value() == 8u);
    CHECK(app.space.position(before, Unit::byte).value() == 8u);
    app.reopen();
    CHECK(app.space.index(*pour).value() == 3u);
    CHECK(app.space.position(behind).value() == 4u);
    REQUIRE(app.space.transact([&](Transaction& tx) {
        tx.text(before).insert(*tx.text(before).position(before), "[here]");
        tx.list(*pour).erase(*tx.list(*pour).index(*pour));
    }));
    CHECK(app.shown("notes") == Value("one two [here]three"));
    CHECK_FALSE(app.space.index(*pour).value());
}

TEST_CASE("a hundred thousand keystrokes in one transaction are one op", "[api][sequences]") {
    App app;
    app.edit([](MapEditor& document) {
        auto notes = document.text("notes");
        for (std::uint32_t i = 0; i < 100'000; ++i) notes.insert(i, "x");
    });
    CHECK(app.shown("notes").text()->size() == 100'000);
    app.reopen();
    CHECK(app.shown("notes").text()->size() == 100'000);
}

// ---- With a relay

namespace {

const Path notes{{"notes", Type::text}};

struct Pair {
    PowerLossVfs disk;
    World world{7};
    Device alice{world, disk, "alice"};
    Device bob{world, disk, "bob"};

    Pair() {
        REQUIRE(alice.open());
        REQUIRE(bob.open());
    }
    static void type(Device& device, std::uint32_t at, const std::string& text) {
        REQUIRE(device.transact([&](SpaceReplica::Editor& editor) -> Result<> {
            const Text& now = editor.read(task).value()->root().at<Text>(notes);
            return editor.edit(task, {notes, *now.insert(at, text)});
        }));
    }
    static const Text& text(Device& device) {
        return device.space().document(task).value()->root().at<Text>(notes);
    }
    void sync() {
        for (int round = 0; round < 2; ++round) {
            REQUIRE(world.sync(alice));
            REQUIRE(world.sync(bob));
        }
        world.run();
    }
};

}  // namespace

TEST_CASE("a cursor stays in its place while others type", "[store][sequences]") {
    Pair pair;
    Pair::type(pair.alice, 0, "shared text");
    pair.sync();
    const Anchor cursor = Pair::text(pair.alice).anchor(7, Side::left);
    Pair::type(pair.bob, 0, "our ");
    Pair::type(pair.bob, 15, "!");
    pair.sync();
    CHECK(Pair::text(pair.alice).str() == "our shared text!");
    CHECK(Pair::text(pair.alice).position(cursor) == 11u);
}

TEST_CASE("a refused change in the middle of typed text takes only itself", "[store][sequences]") {
    Pair pair;
    Pair::type(pair.alice, 0, "one three five");
    pair.sync();
    pair.alice.disconnect();
    pair.world.refused_mark = "REFUSED";
    pair.alice.push_bytes = 1;  // a change a message: the world refuses the first of one
    Pair::type(pair.alice, 4, "two ");
    Pair::type(pair.alice, 7, "REFUSED");
    Pair::type(pair.alice, 14, " and");       // behind what is refused
    Pair::type(pair.alice, 10, " (inside)");  // in the middle of it
    Pair::type(pair.alice, 0, ">");
    REQUIRE(Pair::text(pair.alice).str() == ">one twoREF (inside)USED and three five");
    Pair::type(pair.bob, 9, " [bob]");  // between the words, meanwhile
    pair.sync();
    REQUIRE(pair.alice.rejected.size() == 1);
    CHECK(pair.alice.rejected.front().code == ErrorCode::forbidden);
    CHECK(Pair::text(pair.alice).str() == ">one two (inside) and three [bob] five");
    CHECK(Pair::text(pair.bob).str() == Pair::text(pair.alice).str());
    CHECK(pair.alice.digest() == pair.bob.digest());
}

TEST_CASE("a copied store with unsent typing comes to everybody once", "[store][sequences]") {
    Pair pair;
    Pair::type(pair.alice, 0, "shared.");
    pair.sync();
    pair.alice.disconnect();
    Pair::type(pair.alice, 6, " and unsent");  // in both files
    pair.alice.close();
    Device copy(pair.world, pair.disk, "copy");
    copy.copy_file_of(pair.alice);
    REQUIRE(pair.alice.open());
    REQUIRE(copy.open());
    Pair::type(pair.alice, 17, " by alice");
    Pair::type(copy, 13, "(copy) ");  // inside what is unsent
    const Anchor cursor = Pair::text(copy).anchor(13, Side::left);
    const std::uint64_t names = copy.space().names();

    REQUIRE(pair.world.sync(pair.alice));
    REQUIRE(pair.world.sync(copy));
    CHECK(copy.identities_taken == 1);
    REQUIRE(pair.world.sync(pair.alice));
    REQUIRE(pair.world.sync(pair.bob));
    CHECK(Pair::text(copy).str() == "shared and un(copy) sent by alice.");
    CHECK(Pair::text(pair.bob).str() == Pair::text(copy).str());
    CHECK(Pair::text(pair.alice).str() == Pair::text(copy).str());
    CHECK(pair.bob.digest() == copy.digest());
    // The cursor in front of "(copy)" is at a character with another author now.
    const auto now = copy.space().name_now(cursor.element, names);
    REQUIRE(now);
    CHECK(now->replica == copy.store().replica());
    CHECK(Pair::text(copy).position({*now, cursor.side}) == 13u);
}

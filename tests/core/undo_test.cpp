#include "support/undoing.hpp"
#include "syncline/document/replica_undo.hpp"

#include <catch2/catch.hpp>

using namespace syncline;
using namespace syncline::testing;

// The table of docs/undo.md, row by row: what I did, what the neighbour did, what undo gives.

namespace {

/// Me, who can undo, and a neighbour. Whoever edits sends to nobody until they meet.
struct Pair {
    Desk me{alice};
    Copy neighbour{bob, {}, {}, {}};
    std::vector<Change> mine;
    std::vector<Change> theirs;

    template <typename Make>
    Pair& i_do(Make make) {
        return note(mine, me.transact([&](auto edit) { each(make(me.root()), edit); }));
    }
    template <typename Make>
    Pair& they_do(Make make) {
        Copy::Draft draft = neighbour.draft();
        each(make(neighbour.document.root()),
             [&](FieldOp op) { neighbour.apply(draft, std::move(op)); });
        return note(theirs, std::move(draft.change));
    }
    Pair& i_undo() { return note(mine, me.undo()); }
    Pair& i_redo() { return note(mine, me.redo()); }
    Pair& we_meet() {
        for (const Change& change : theirs) me.take(change);
        for (const Change& change : mine) neighbour.take(change);
        mine.clear();
        theirs.clear();
        REQUIRE(neighbour.document == me.copy.document);
        return *this;
    }
    /// As both see it once they have met.
    std::string shows() {
        we_meet();
        return me.root().live() ? to_json(view(me.root())) : "nothing";
    }

private:
    template <typename Use>
    static void each(const FieldOp& op, Use use) {
        use(op);
    }
    template <typename Use>
    static void each(const std::vector<FieldOp>& ops, Use use) {
        for (const FieldOp& op : ops) use(op);
    }
    Pair& note(std::vector<Change>& changes, Change change) {
        if (!change.sections.empty()) changes.push_back(std::move(change));
        return *this;
    }
};

const Path title{{"title", Type::lww_register}};
const Path marks{{"marks", Type::mv_register}};
const Path votes{{"votes", Type::pn_counter}};
const Path hits{{"hits", Type::g_counter}};
const Path done{{"done", Type::ew_flag}};
const Path shut{{"shut", Type::dw_flag}};
const Path tags{{"tags", Type::or_set}};
const Path bans{{"bans", Type::rw_set}};
const Path seen{{"seen", Type::g_set}};
const Path home{{"home", Type::map}};
const Path city{{"home", Type::map}, {"city", Type::lww_register}};
const Path zip{{"home", Type::map}, {"zip", Type::lww_register}};
const Path todo{{"todo", Type::list}};
const Path note{{"note", Type::text}};

auto set(const Path& path, const char* value) {
    return [=](const OrMap& root) {
        return path.back().type == Type::mv_register
                   ? FieldOp{path, root.at<MvRegister>(path).set(value)}
                   : FieldOp{path, root.at<LwwRegister>(path).set(value)};
    };
}
auto add(const Path& path, std::int64_t amount) {
    return [=](const OrMap&) { return FieldOp{path, PnCounter().add(amount)}; };
}
auto clear(const Path& path, const ReplicaId& author) {
    return [=](const OrMap& root) { return root.clear(path, author); };
}
auto enable(const Path& path) {
    return [=](const OrMap& root) {
        return FieldOp{path, path.back().type == Type::dw_flag ? root.at<DwFlag>(path).enable()
                                                               : root.at<EwFlag>(path).enable()};
    };
}
auto disable(const Path& path) {
    return [=](const OrMap& root) {
        return FieldOp{path, path.back().type == Type::dw_flag ? root.at<DwFlag>(path).disable()
                                                               : root.at<EwFlag>(path).disable()};
    };
}
auto insert(const Path& path, const char* element) {
    return [=](const OrMap& root) {
        switch (path.back().type) {
            case Type::rw_set: return FieldOp{path, root.at<RwSet>(path).insert(element)};
            case Type::g_set: return FieldOp{path, root.at<GSet>(path).insert(element)};
            default: return FieldOp{path, root.at<OrSet>(path).insert(element)};
        }
    };
}
auto erase(const Path& path, const char* element) {
    return [=](const OrMap& root) {
        return FieldOp{path, path.back().type == Type::rw_set
                                 ? root.at<RwSet>(path).erase(element)
                                 : root.at<OrSet>(path).erase(element)};
    };
}
auto put(std::uint32_t at, const char* value) {
    return [=](const OrMap& root) {
        return FieldOp{todo, root.at<List>(todo).insert(at, {Value(value)}).value()};
    };
}
auto drop(std::uint32_t at, const ReplicaId& author) {
    return
        [=](const OrMap& root) { return root.at<List>(todo).erase(todo, at, 1, author).value(); };
}
auto replace(std::uint32_t at, const char* value, const ReplicaId& author) {
    return [=](const OrMap& root) {
        return root.at<List>(todo).replace(todo, at, value, author).value();
    };
}
auto move(std::uint32_t from, std::uint32_t to) {
    return [=](const OrMap& root) {
        return FieldOp{todo, root.at<List>(todo).move(from, to).value()};
    };
}
auto type(std::uint32_t at, const char* text) {
    return [=](const OrMap& root) {
        return FieldOp{note, root.at<Text>(note).insert(at, text).value()};
    };
}
auto rub(std::uint32_t from, std::uint32_t count) {
    return [=](const OrMap& root) {
        return FieldOp{note, root.at<Text>(note).erase(from, count).value()};
    };
}
auto mark(std::uint32_t from, std::uint32_t count, const char* name, Value value = true) {
    return [=](const OrMap& root) {
        return FieldOp{note, root.at<Text>(note).mark(from, count, name, value).value()};
    };
}
std::string spans(const Pair& pair) {
    std::string all;
    for (const Text::Span& span : pair.me.root().at<Text>(note).spans()) {
        all += "[" + span.text;
        for (const auto& [name, value] : span.properties) all += " " + name + to_json(value);
        all += "]";
    }
    return all;
}

}  // namespace

TEST_CASE("undoing a register gives back what was there, unless somebody has set it since",
          "[undo]") {
    Pair p;
    p.i_do(set(title, "one")).we_meet();
    p.i_do(set(title, "two"));
    SECTION("alone") {
        CHECK(p.i_undo().shows() == R"({"title":"one"})");
        CHECK(p.i_redo().shows() == R"({"title":"two"})");
        p.i_undo().i_undo();
        CHECK(p.shows() == "nothing");
    }
    SECTION("the neighbour has seen it and set another") {
        p.we_meet().they_do(set(title, "theirs")).we_meet();
        CHECK(p.i_undo().shows() == R"({"title":"theirs"})");
    }
    SECTION("the neighbour set another at the same time: theirs, not what was there before") {
        p.they_do(set(title, "theirs")).we_meet();
        CHECK(p.i_undo().shows() == R"({"title":"theirs"})");
        CHECK(p.me.root().at<LwwRegister>(title).conflicts().empty());
    }
    SECTION("the neighbour emptied it at the same time: it stays empty") {
        p.they_do(clear(title, bob)).we_meet();
        CHECK(p.i_undo().shows() == "nothing");
    }
    SECTION("I emptied it, the neighbour set it at the same time") {
        p.we_meet().i_do(clear(title, alice)).they_do(set(title, "theirs")).we_meet();
        CHECK(p.i_undo().shows() == R"({"title":"theirs"})");
    }
}

TEST_CASE("undoing a multi-value register leaves the neighbour's value beside", "[undo]") {
    Pair p;
    p.i_do(set(marks, "one")).we_meet();
    p.i_do(set(marks, "mine"));
    SECTION("alone") { CHECK(p.i_undo().shows() == R"({"marks":["one"]})"); }
    SECTION("the neighbour set it, too: what was there went by both hands") {
        p.they_do(set(marks, "theirs")).we_meet();
        CHECK(p.i_undo().shows() == R"({"marks":["theirs"]})");
    }
}

TEST_CASE("undoing a counter takes my adds back and nobody else's", "[undo]") {
    Pair p;
    p.i_do(add(votes, 2)).they_do(add(votes, 3)).we_meet();
    CHECK(p.i_undo().shows() == R"({"votes":3})");
    CHECK(p.i_redo().shows() == R"({"votes":5})");
    SECTION("a counter that I made goes with my add, as long as nobody added to it") {
        Pair alone;
        CHECK(alone.i_do(add(votes, 2)).i_undo().shows() == "nothing");
    }
    SECTION("I removed it, the neighbour added to it") {
        p.i_do(clear(votes, alice)).they_do(add(votes, 10)).we_meet();
        CHECK(p.shows() == R"({"votes":10})");
        CHECK(p.i_undo().shows() == R"({"votes":15})");
    }
    SECTION("both removed it: it stays away") {
        p.i_do(clear(votes, alice)).they_do(clear(votes, bob)).we_meet();
        CHECK(p.i_undo().shows() == "nothing");
    }
}

TEST_CASE("what only grows is not undone, but comes back when its removal is", "[undo]") {
    Pair p;
    p.i_do(add(hits, 2)).i_do(insert(seen, "a"));
    CHECK(p.i_undo().i_undo().shows() == R"({"hits":2,"seen":["a"]})");
    CHECK_FALSE(p.me.manager.can_undo());
    p.i_do(clear(hits, alice)).i_do(clear(seen, alice));
    CHECK(p.shows() == "nothing");
    CHECK(p.i_undo().i_undo().shows() == R"({"hits":2,"seen":["a"]})");
    CHECK(p.i_redo().i_redo().shows() == "nothing");
}

TEST_CASE("undoing a flag or a set's element asks who else put it there or took it away",
          "[undo]") {
    Pair p;
    SECTION("I enabled it, and so did the neighbour: it stays on") {
        p.i_do(enable(done)).they_do(enable(done)).we_meet();
        CHECK(p.i_undo().shows() == R"({"done":true})");
    }
    SECTION("I disabled it") {
        p.i_do(enable(done)).i_do(disable(done));
        CHECK(p.i_undo().shows() == R"({"done":true})");
    }
    SECTION("both disabled it: it stays off") {
        p.i_do(enable(done)).we_meet().i_do(disable(done)).they_do(disable(done)).we_meet();
        CHECK(p.i_undo().shows() == "nothing");
    }
    SECTION("disable-wins: mine undone, the neighbour's is in force") {
        p.i_do(enable(shut)).we_meet().i_do(disable(shut)).we_meet();
        CHECK(p.i_undo().shows() == R"({"shut":true})");
        p.i_redo().we_meet();
        p.i_do(enable(shut)).we_meet().i_do(disable(shut)).they_do(disable(shut)).we_meet();
        CHECK(p.i_undo().shows() == "nothing");  // its enable went by both hands
    }
    SECTION("I inserted x, and so did the neighbour: it stays in") {
        p.i_do(insert(tags, "x")).they_do(insert(tags, "x")).we_meet();
        CHECK(p.i_undo().shows() == R"({"tags":["x"]})");
    }
    SECTION("I inserted x again: it was in before") {
        p.they_do(insert(tags, "x")).we_meet().i_do(insert(tags, "x")).we_meet();
        CHECK(p.i_undo().shows() == R"({"tags":["x"]})");
        CHECK_FALSE(p.me.manager.can_redo());
    }
    SECTION("I erased x") {
        p.i_do(insert(tags, "x")).we_meet().i_do(erase(tags, "x"));
        SECTION("alone") { CHECK(p.i_undo().shows() == R"({"tags":["x"]})"); }
        SECTION("and so did the neighbour: it stays out") {
            p.they_do(erase(tags, "x")).we_meet();
            CHECK(p.i_undo().shows() == "nothing");
        }
    }
    SECTION("remove-wins: I erased x while the neighbour inserted it") {
        p.i_do(insert(bans, "x")).we_meet();
        p.i_do(erase(bans, "x")).they_do(insert(bans, "x")).we_meet();
        CHECK(p.shows() == R"({"bans":[]})");
        CHECK(p.i_undo().shows() == R"({"bans":["x"]})");
    }
}

TEST_CASE("undoing the removal of a map gives back what was in it, beside what others put there",
          "[undo]") {
    Pair p;
    p.i_do(set(city, "Oslo")).we_meet();
    SECTION("alone") {
        p.i_do(clear(home, alice));
        CHECK(p.shows() == "nothing");
        CHECK(p.i_undo().shows() == R"({"home":{"city":"Oslo"}})");
    }
    SECTION("the neighbour set another field of it") {
        p.i_do(clear(home, alice)).they_do(set(zip, "0150")).we_meet();
        CHECK(p.i_undo().shows() == R"({"home":{"city":"Oslo","zip":"0150"}})");
    }
    SECTION("the document") {
        p.i_do(add(votes, 7)).i_do(type(0, "hi")).i_do(put(0, "a")).we_meet();
        const std::string all = p.shows();
        p.i_do(clear({}, alice));
        CHECK(p.shows() == "nothing");
        CHECK(p.i_undo().shows() == all);
        CHECK(p.i_redo().shows() == "nothing");
    }
    SECTION("I made an empty map, the neighbour put something into it") {
        const Path box{{"box", Type::map}};
        p.i_do([&](const OrMap& root) { return root.create(box); }).we_meet();
        CHECK(p.shows() == R"({"box":{},"home":{"city":"Oslo"}})");
        SECTION("alone it goes") { CHECK(p.i_undo().shows() == R"({"home":{"city":"Oslo"}})"); }
        SECTION("with something in it, it stays") {
            Path inside = box;
            inside.push_back({"a", Type::lww_register});
            p.they_do(set(inside, "x")).we_meet();
            CHECK(p.i_undo().shows() == R"({"box":{"a":"x"},"home":{"city":"Oslo"}})");
        }
    }
}

TEST_CASE("undoing edits of a list", "[undo]") {
    Pair p;
    p.they_do(put(0, "a")).they_do(put(1, "b")).they_do(put(2, "c")).we_meet();
    SECTION("an insertion; the neighbour's beside it stays") {
        p.i_do(put(1, "mine")).they_do(put(1, "theirs")).we_meet();
        CHECK(p.i_undo().shows() == R"({"todo":["a","theirs","b","c"]})");
    }
    SECTION("an insertion whose value the neighbour replaced: it is theirs now") {
        p.i_do(put(1, "mine")).we_meet().they_do(replace(1, "theirs", bob)).we_meet();
        CHECK(p.i_undo().shows() == R"({"todo":["a","theirs","b","c"]})");
    }
    SECTION("an erasure: the same element, in its place") {
        const auto id = p.me.root().at<List>(todo).id(1);
        p.i_do(drop(1, alice)).they_do(put(2, "theirs")).we_meet();
        CHECK(p.i_undo().shows() == R"({"todo":["a","b","theirs","c"]})");
        CHECK(p.me.root().at<List>(todo).id(1) == id);
    }
    SECTION("an erasure that both made") {
        p.i_do(drop(1, alice)).they_do(drop(1, bob)).we_meet();
        CHECK(p.i_undo().shows() == R"({"todo":["a","c"]})");
    }
    SECTION("a replacement") {
        p.i_do(replace(1, "B", alice));
        CHECK(p.i_undo().shows() == R"({"todo":["a","b","c"]})");
    }
    SECTION("a move") {
        p.i_do(move(0, 2));
        SECTION("alone") {
            CHECK(p.i_undo().shows() == R"({"todo":["a","b","c"]})");
            CHECK(p.i_redo().shows() == R"({"todo":["b","c","a"]})");
        }
        SECTION("that the neighbour has seen and moved on") {
            p.we_meet().they_do(move(2, 1)).we_meet();
            CHECK(p.i_undo().shows() == R"({"todo":["b","a","c"]})");
        }
        SECTION("of what the neighbour erased") {
            p.they_do(drop(0, bob)).we_meet();
            CHECK(p.i_undo().shows() == R"({"todo":["b","c"]})");
        }
        SECTION("of what the neighbour replaced") {
            p.they_do(replace(0, "A", bob)).we_meet();
            CHECK(p.i_undo().shows() == R"({"todo":["A","b","c"]})");
        }
    }
    SECTION("a move that won over the neighbour's: where they put it") {
        p.they_do(move(0, 1));
        p.i_do(set(title, "x")).i_do(move(0, 2)).we_meet();  // mine has the later stamp
        CHECK(p.shows() == R"({"title":"x","todo":["b","c","a"]})");
        CHECK(p.i_undo().shows() == R"({"title":"x","todo":["b","a","c"]})");
    }
    SECTION("a map in it, into which the neighbour wrote") {
        p.i_do([](const OrMap& root) {
             return FieldOp{todo, root.at<List>(todo).insert(1, Type::map).value()};
         }).we_meet();
        SECTION("alone it goes") { CHECK(p.i_undo().shows() == R"({"todo":["a","b","c"]})"); }
        SECTION("with what they wrote it stays") {
            Path inside = todo;
            inside.push_back(Step(*p.me.root().at<List>(todo).id(1), Type::map));
            inside.push_back({"k", Type::lww_register});
            p.they_do(set(inside, "v")).we_meet();
            CHECK(p.i_undo().shows() == R"({"todo":["a",{"k":"v"},"b","c"]})");
        }
    }
}

TEST_CASE("undoing edits of a text", "[undo]") {
    Pair p;
    p.they_do(type(0, "one two three")).we_meet();
    SECTION("what I typed goes, what the neighbour typed into it stays") {
        p.i_do(type(4, "and ")).we_meet().they_do(type(6, "XY")).we_meet();
        CHECK(p.i_undo().shows() == R"({"note":"one XYtwo three"})");
        CHECK(p.i_redo().shows() == R"({"note":"one anXYd two three"})");
    }
    SECTION("what I erased comes back around what the neighbour typed there") {
        p.i_do(rub(4, 4)).they_do(type(6, "XY")).we_meet();
        CHECK(p.shows() == R"({"note":"one XYthree"})");
        CHECK(p.i_undo().shows() == R"({"note":"one twXYo three"})");
    }
    SECTION("of what both erased nothing comes back") {
        p.i_do(rub(0, 8)).they_do(rub(4, 9)).we_meet();
        CHECK(p.shows() == "nothing");
        CHECK(p.i_undo().shows() == R"({"note":"one "})");
    }
    SECTION("a mark goes, and the neighbour's of another name stays") {
        p.i_do(mark(0, 7, "bold")).they_do(mark(4, 9, "em")).we_meet();
        p.i_undo().we_meet();
        CHECK(spans(p) == "[one ][two three emtrue]");
    }
    SECTION("a mark that replaced another one: that one is there again") {
        p.i_do(mark(0, 3, "size", 1)).we_meet().i_do(mark(0, 3, "size", 2)).i_undo().we_meet();
        CHECK(spans(p) == "[one size1][ two three]");
    }
    SECTION("a mark that the neighbour marked over is theirs") {
        p.i_do(mark(0, 3, "size", 1)).we_meet().they_do(mark(0, 3, "size", 2)).we_meet();
        p.i_undo().we_meet();
        CHECK(spans(p) == "[one size2][ two three]");
    }
    SECTION("erased characters come back with their marks") {
        p.i_do(mark(4, 3, "bold")).we_meet().i_do(rub(3, 6)).i_undo().we_meet();
        CHECK(spans(p) == "[one ][two boldtrue][ three]");
    }
}

TEST_CASE("an undo names nothing that only others have erased", "[undo][floor]") {
    Pair p;
    const auto text = [&]() -> const Text& { return p.me.root().at<Text>(note); };
    p.they_do(type(0, "abcd")).we_meet();
    SECTION("beside what comes back") {
        p.they_do(rub(2, 1)).we_meet().i_do(rub(1, 1));
        const Change undone = p.me.undo();
        CHECK(undone.sections.front().ops.front().op.place == Place{{bob, 4}, Side::left});
        CHECK(text().str() == "abd");
    }
    SECTION("but what I have erased, so that all comes back in its order") {
        p.i_do(rub(2, 1)).i_do(rub(1, 1)).i_undo().i_undo();
        CHECK(text().str() == "abcd");
        p.i_redo().i_redo().i_undo();
        CHECK(text().str() == "abd");
    }
    SECTION("where a mark ends that comes back") {
        p.they_do(mark(1, 3, "size", 1)).they_do(type(4, "!")).we_meet();
        p.they_do(rub(3, 2)).we_meet();
        const auto before = text().spans();
        p.i_do(mark(0, 3, "size", 2)).i_undo();
        CHECK(text().spans() == before);
        for (const auto& [dot, known] : text().marks()) {
            for (const Anchor& end : {known.mark.from, known.mark.to}) {
                const auto at = text().order().find(end.element);
                CHECK((end.element.counter == 0 || (at && at.run->visible())));
            }
        }
    }
}

TEST_CASE("groups: by time, by call, and not across an undo", "[undo]") {
    UndoManager manager(UndoManager::Options{3, 500});
    Desk desk(alice);
    desk.manager = std::move(manager);
    const auto put_title = [&](const char* value, std::uint64_t now_ms) {
        (void)desk.transact(set(title, value)(desk.root()), now_ms);
    };
    const auto shown = [&] { return to_json(view(desk.root())); };
    SECTION("what follows soon joins") {
        put_title("a", 1'000);
        put_title("b", 1'499);
        put_title("c", 1'998);  // of the one before, not of the first
        put_title("d", 2'498);
        CHECK(desk.manager.undo_depth() == 2);
        (void)desk.undo();
        CHECK(shown() == R"({"title":"c"})");
        (void)desk.undo();
        CHECK(shown() == "{}");
    }
    SECTION("a group of calls") {
        put_title("a", 1'000);
        desk.manager.begin_group();
        put_title("b", 1'001);
        desk.manager.begin_group();
        put_title("c", 90'000);
        desk.manager.end_group();
        put_title("d", 180'000);
        desk.manager.end_group();
        put_title("e", 180'001);
        CHECK(desk.manager.undo_depth() == 3);
        (void)desk.undo();
        CHECK(shown() == R"({"title":"d"})");
        (void)desk.undo();
        CHECK(shown() == R"({"title":"a"})");
    }
    SECTION("an undo ends the group, and what is done after it cannot be redone over") {
        put_title("a", 1'000);
        put_title("b", 2'000);
        (void)desk.undo();
        CHECK(desk.manager.can_redo());
        put_title("c", 2'001);
        CHECK_FALSE(desk.manager.can_redo());
        CHECK(desk.manager.undo_depth() == 2);
    }
    SECTION("the oldest is forgotten") {
        for (int i = 0; i < 5; ++i) put_title(&"abcde"[i], 10'000 * (1 + std::uint64_t(i)));
        CHECK(desk.manager.undo_depth() == 3);
        while (desk.manager.can_undo()) (void)desk.undo();
        CHECK(shown() == R"({"title":"bcde"})");
    }
}

TEST_CASE("an undo passes over what others have overtaken", "[undo]") {
    Pair p;
    p.i_do(add(votes, 1)).i_do(set(title, "mine")).we_meet();
    p.they_do(set(title, "theirs")).we_meet();
    CHECK(p.me.manager.undo_depth() == 2);
    CHECK(p.i_undo().shows() == R"({"title":"theirs"})");
    CHECK_FALSE(p.me.manager.can_undo());
    CHECK(p.i_redo().shows() == R"({"title":"theirs","votes":1})");
}

TEST_CASE("an undo that the target refuses leaves the manager as it was", "[undo]") {
    class Full : public UndoTarget {
    public:
        explicit Full(Document& document) : document_(document) {}
        [[nodiscard]] ReplicaId author() const override { return alice; }
        Result<const Document*> read(const DocumentKey&) override { return &document_; }
        Result<Event> edit(const DocumentKey&, FieldOp) override {
            return fail(ErrorCode::too_large, "no room");
        }

    private:
        Document& document_;
    };
    Desk desk(alice);
    (void)desk.transact(set(title, "one")(desk.root()));
    Full full(desk.copy.document);
    const auto refused = desk.manager.undo(full);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::too_large);
    CHECK(desk.manager.undo_depth() == 1);
    (void)desk.undo();
    CHECK_FALSE(desk.root().live());
}

TEST_CASE("a change under a new name, or none, is undone by that name, or not", "[undo]") {
    // The same edits under another id, as after a change of identity: what the manager knows by the
    // old dots it finds by the new ones.
    Desk desk(alice);
    const auto edit_all = [](Desk& at) {
        (void)at.transact(set(title, "one")(at.root()));
        (void)at.transact(set(title, "two")(at.root()));
        (void)at.transact(type(0, "hello")(at.root()));
        (void)at.transact(rub(1, 3)(at.root()));
        (void)at.transact(put(0, "a")(at.root()));
        (void)at.transact(add(votes, 3)(at.root()));
    };
    edit_all(desk);
    Desk moved(dave);
    edit_all(moved);
    SECTION("another id") {
        moved.manager = std::move(desk.manager);
        moved.manager.rename([](const Dot& dot) -> std::optional<Dot> {
            return dot.replica == alice ? Dot{dave, dot.counter} : dot;
        });
        const std::string last = to_json(view(moved.root()));
        while (moved.manager.can_undo()) (void)moved.undo();
        CHECK_FALSE(moved.root().live());
        while (moved.manager.can_redo()) (void)moved.redo();
        CHECK(to_json(view(moved.root())) == last);
    }
    SECTION("gone for ever") {
        desk.manager.rename([](const Dot&) { return std::optional<Dot>(); });
        CHECK(desk.undo().sections.empty());
        CHECK_FALSE(desk.manager.can_undo());
    }
}

TEST_CASE("two replicas undo what they did, each for itself", "[undo][replica]") {
    Replica a(alice);
    Replica b(bob);
    ReplicaUndo undo_a(a);
    ReplicaUndo undo_b(b);
    undo_a.change(1'000, [](Replica::Edit& edit) { REQUIRE(edit.insert(note, 0, "hello")); });
    REQUIRE(undo_b.take(a.changes_since(b.seen()).value()));
    undo_b.change(2'000, [](Replica::Edit& edit) { REQUIRE(edit.insert(note, 5, " world")); });
    REQUIRE(undo_a.take(b.changes_since(a.seen()).value()));
    undo_a.change(3'000, [](Replica::Edit& edit) { REQUIRE(edit.erase(note, 0, 8)); });
    undo_b.change(3'000, [](Replica::Edit& edit) { REQUIRE(edit.erase(note, 6, 5)); });
    REQUIRE(undo_b.take(a.changes_since(b.seen()).value()));
    REQUIRE(undo_a.take(b.changes_since(a.seen()).value()));
    CHECK(a.root().at<Text>(note).str().empty());

    CHECK_FALSE(undo_a.undo(4'000).sections.empty());
    CHECK(a.root().at<Text>(note).str() == "hello ");
    REQUIRE(undo_b.take(a.changes_since(b.seen()).value()));
    // What both erased stays away: neither can know that the other's erasure is undone.
    CHECK_FALSE(undo_b.undo(5'000).sections.empty());
    CHECK(b.root().at<Text>(note).str() == "hello rld");
    REQUIRE(undo_a.take(b.changes_since(a.seen()).value()));
    CHECK(a.save() == b.save());

    CHECK_FALSE(undo_a.redo(6'000).sections.empty());
    CHECK(a.root().at<Text>(note).str() == "rld");
    CHECK_FALSE(undo_a.undo(7'000).sections.empty());
    CHECK(a.root().at<Text>(note).str() == "hello rld");
    undo_a.forget();
    CHECK(undo_a.undo(8'000).sections.empty());
}

#include "syncline/document/patch.hpp"

#include "support/random_edits.hpp"
#include "syncline/document/json.hpp"

#include <catch2/catch.hpp>

using namespace syncline;
using namespace syncline::testing;

namespace {

/// Applies what `edit` makes and returns the patches; checks that they are exact.
template <typename Edit>
std::vector<Patch> told(Copy& copy, Edit edit) {
    Copy after = copy;
    Copy::Draft draft = after.draft();
    edit(after, draft);
    const Change& change = draft.change;
    const Value before = view(copy.document.root());
    PatchRecorder recorder(copy.document, DocumentKey{"tasks", "t1"}, {&change});
    copy.take(change);
    std::vector<Patch> patches = recorder.patches(copy.document);
    CHECK(copy.document == after.document);
    CHECK(to_json(patched(before, patches)) == to_json(view(copy.document.root())));
    return patches;
}
/// One op.
std::vector<Patch> told(Copy& copy, FieldOp op) {
    return told(copy, [&](Copy& after, Copy::Draft& draft) { after.apply(draft, op); });
}

Copy alices() { return {alice, {}, {}, {}}; }

template <typename T>
const T& the(const Patch& patch) {
    const T* what = std::get_if<T>(&patch.what);
    REQUIRE(what != nullptr);
    return *what;
}

const Path title = {FieldKey{"title", Type::lww_register}};
const Path items = {FieldKey{"items", Type::list}};
const Path notes = {FieldKey{"notes", Type::text}};

TextDelta delta_of(const std::vector<Patch>& patches) {
    for (const Patch& patch : patches) {
        if (const auto* changed = std::get_if<Patch::TextChanged>(&patch.what))
            return changed->delta;
    }
    return {};
}

/// All texts below a map, by path.
void collect_texts(const OrMap& map, const Path& path, const Dot& element,
                   std::vector<Path>& found) {
    for (const auto& [field, node] : map.fields()) {
        Path deeper = path;
        deeper.push_back(element.counter == 0 ? Step(field) : Step(element, field.type()));
        if (node->as<Text>() != nullptr && node->live()) found.push_back(deeper);
        if (const auto* below = node->as<OrMap>()) collect_texts(*below, deeper, {}, found);
        if (const auto* list = node->as<List>()) {
            list->for_each([&](const Dot& id, const Value*, const OrMap* contents) {
                if (contents != nullptr) collect_texts(*contents, deeper, id, found);
            });
        }
    }
}

bool is_told_whole(const std::vector<Patch>& patches, const Path& path) {
    return std::any_of(patches.begin(), patches.end(), [&](const Patch& patch) {
        const bool above = patch.path.size() <= path.size() &&
                           std::equal(patch.path.begin(), patch.path.end(), path.begin());
        if (!above) return false;
        if (std::holds_alternative<Patch::Revealed>(patch.what)) return true;
        const auto* inserted = std::get_if<Patch::ListInserted>(&patch.what);
        return inserted != nullptr && patch.path.size() < path.size() &&
               std::any_of(inserted->elements.begin(), inserted->elements.end(),
                           [&](const Patch::Element& element) {
                               return element.id == path[patch.path.size()].element;
                           });
    });
}

std::string text_of(const Path& path) {
    std::string text;
    for (const Step& step : path)
        text += "/" + (step.is_element() ? std::to_string(step.element.counter) : step.key) + ":" +
                std::string(name_of(step.type));
    return text;
}

/// The patches lead from one document to the other: view, spans of texts (shown or not).
std::string hidden_violation(const Document& before, const Document& after,
                             const std::vector<Patch>& patches);
std::string violation(const Document& before, const Document& after,
                      const std::vector<Patch>& patches) {
    const Value expected = view(after.root());
    const Value made = patched(view(before.root()), patches);
    if (!(made == expected))
        return "from " + to_json(view(before.root())) + " to " + to_json(expected) + ", told as " +
               to_json(made);
    std::vector<Path> texts;
    collect_texts(after.root(), {}, {}, texts);
    for (const Path& path : texts) {
        if (is_told_whole(patches, path)) continue;
        const Node* was = before.root().find(path);
        std::vector<Text::Span> spans;
        if (was != nullptr && was->live()) spans = was->as<Text>()->spans();
        for (const Patch& patch : patches) {
            const auto* changed = std::get_if<Patch::TextChanged>(&patch.what);
            if (changed == nullptr || !(patch.path == path)) continue;
            spans = patched(spans, changed->delta);
        }
        if (!(spans == after.root().find(path)->as<Text>()->spans()))
            return "the spans of " + text_of(path) + " are told otherwise";
    }
    return hidden_violation(before, after, patches);
}

/// All values below a map by typed path, those that a view hides too.
using Values = std::map<Path, Value>;
void collect_values(const OrMap& map, const Path& path, const Dot& element, Values& found) {
    for (const auto& [field, node] : map.fields()) {
        Path deeper = path;
        deeper.push_back(element.counter == 0 ? Step(field) : Step(element, field.type()));
        if (!node->live()) continue;
        if (const auto* below = node->as<OrMap>()) {
            collect_values(*below, deeper, {}, found);
        } else if (const auto* list = node->as<List>()) {
            list->for_each([&](const Dot& id, const Value* value, const OrMap* contents) {
                Path inside = deeper;
                inside.push_back(Step(id, Type::lww_register));
                if (value != nullptr) found.emplace(inside, *value);
                if (contents != nullptr) collect_values(*contents, deeper, id, found);
            });
        } else {
            found.emplace(deeper, view(*node));
        }
    }
}
bool starts_with(const Path& path, const Path& head) {
    return head.size() <= path.size() && std::equal(head.begin(), head.end(), path.begin());
}
/// Registers, counters, flags and sets are told under their types, shown or not.
std::string hidden_violation(const Document& before, const Document& after,
                             const std::vector<Patch>& patches) {
    Values told;
    Values expected;
    collect_values(before.root(), {}, {}, told);
    collect_values(after.root(), {}, {}, expected);
    for (const Patch& patch : patches) {
        const auto below = [&](const auto& entry) { return starts_with(entry.first, patch.path); };
        if (std::holds_alternative<Patch::Removed>(patch.what)) {
            for (auto at = told.begin(); at != told.end();)
                at = below(*at) ? told.erase(at) : std::next(at);
        }
        if (const auto* put = std::get_if<Patch::Put>(&patch.what)) {
            const auto was = told.find(patch.path);
            const std::optional<Value> known =
                was == told.end() ? std::nullopt : std::optional(was->second);
            if (known != put->before) return "another value was there at " + text_of(patch.path);
            told.insert_or_assign(patch.path, put->after);
        }
        if (std::holds_alternative<Patch::Created>(patch.what) && !patch.path.empty() &&
            patch.path.back().type != Type::map && patch.path.back().type != Type::list)
            told.insert_or_assign(patch.path, patch.path.back().type == Type::text
                                                  ? Value("")
                                                  : Value(Value::Array{}));
        const auto field = told.find(patch.path);
        if (field != told.end() && !std::holds_alternative<Patch::Put>(patch.what) &&
            !std::holds_alternative<Patch::Created>(patch.what)) {
            Patch own = patch;
            own.path = {FieldKey{"f", patch.path.back().type}};
            own.indices.clear();
            own.shown = true;
            field->second = *patched(Value::Map{{"f", field->second}}, {own}).find("f");
        }
    }
    for (const auto& [path, value] : expected) {
        if (is_told_whole(patches, path)) continue;
        const auto found = told.find(path);
        if (found == told.end()) return "not told: " + text_of(path);
        if (!(found->second == value)) return "told otherwise: " + text_of(path);
    }
    for (const auto& [path, value] : told) {
        if (expected.count(path) != 0 || is_told_whole(patches, path)) continue;
        bool is_in_erased = false;
        for (std::size_t i = 1; i < path.size() && !is_in_erased; ++i) {
            const Path list(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(i));
            is_in_erased =
                path[i].is_element() && !after.root().at<List>(list).index(path[i].element);
        }
        if (!is_in_erased) return "still told: " + text_of(path);
    }
    return {};
}

/// UTF-16 lengths as an editor would count them, against the text they are meant for.
std::string utf16_violation(const Text& before, const TextDelta& delta) {
    std::uint32_t at = 0;
    std::uint32_t at_utf16 = 0;
    for (const TextDelta::Step& step : delta.steps) {
        TextDelta::Length length;
        if (const auto* retain = std::get_if<TextDelta::Retain>(&step)) length = retain->length;
        if (const auto* erase = std::get_if<TextDelta::Erase>(&step)) length = erase->length;
        if (before.str(at, length.code_points) != before.str(at_utf16, length.utf16, Unit::utf16))
            return "a step has other lengths in UTF-16 and in code points";
        at += length.code_points;
        at_utf16 += length.utf16;
    }
    return {};
}

}  // namespace

TEST_CASE("a patch of a register tells what it showed and what it shows", "[patch]") {
    Copy copy = alices();
    const auto set = [&](const char* value) {
        return told(copy, {title, copy.document.root().at<LwwRegister>(title).set(value)});
    };
    auto patches = set("Buy milk");
    REQUIRE(patches.size() == 2);
    CHECK(patches[0].path.empty());
    the<Patch::Created>(patches[0]);  // the document
    CHECK(patches[1].path == title);
    CHECK(the<Patch::Put>(patches[1]) == Patch::Put{std::nullopt, "Buy milk", 0});

    patches = set("Buy oat milk");
    REQUIRE(patches.size() == 1);
    CHECK(the<Patch::Put>(patches[0]) == Patch::Put{Value("Buy milk"), "Buy oat milk", 0});

    SECTION("setting what it shows already changes nothing") { CHECK(set("Buy oat milk").empty()); }
    SECTION("a concurrent value that loses is told as a conflict") {
        Copy bobs{bob, {}, {}, {}};
        Copy::Draft draft = bobs.draft();
        bobs.apply(draft, {title, LwwRegister().set("Buy cheese")});
        PatchRecorder recorder(copy.document, DocumentKey{"tasks", "t1"}, {&draft.change});
        copy.take(draft.change);
        const auto conflict = recorder.patches(copy.document);
        REQUIRE(conflict.size() == 1);
        CHECK(the<Patch::Put>(conflict[0]).conflicts == 1);
        CHECK(the<Patch::Put>(conflict[0]).after == "Buy oat milk");
    }
    SECTION("a clear removes it, and the document with it") {
        patches = told(copy, copy.document.root().clear(title, alice).front());
        REQUIRE(patches.size() == 1);
        CHECK(patches[0].path.empty());
        the<Patch::Removed>(patches[0]);
    }
}

TEST_CASE("a removed container is one patch, whatever was in it", "[patch]") {
    Copy copy = alices();
    told(copy, [](Copy& after, Copy::Draft& draft) {
        after.apply(draft, after.document.root().create({}));
        for (const char* key : {"a", "b", "c"}) {
            const Path path = {FieldKey{"settings", Type::map}, FieldKey{key, Type::lww_register}};
            after.apply(draft, {path, LwwRegister().set(1)});
        }
    });
    const Path settings = {FieldKey{"settings", Type::map}};
    const auto patches = told(copy, copy.document.root().clear(settings, alice).front());
    REQUIRE(patches.size() == 1);
    CHECK(patches[0].path == settings);
    the<Patch::Removed>(patches[0]);
}

TEST_CASE("a list's patches tell indices, ids and what is nested", "[patch]") {
    Copy copy = alices();
    const auto list = [&]() -> const List& { return copy.document.root().at<List>(items); };
    auto patches = told(copy, {items, list().insert(0, {"a", "b", "c", "d"}).value()});
    REQUIRE(patches.size() == 3);  // the document, the list, its elements
    const auto& inserted = the<Patch::ListInserted>(patches[2]);
    CHECK(inserted.index == 0);
    REQUIRE(inserted.elements.size() == 4);
    CHECK(inserted.elements[1].id == list().id(1));
    CHECK(inserted.elements[1].value == "b");

    SECTION("erased in the middle") {
        patches = told(copy, list().erase(items, 1, 2, alice).value().front());
        REQUIRE(patches.size() == 1);
        CHECK(the<Patch::ListErased>(patches[0]) == Patch::ListErased{1, 2});
    }
    SECTION("moved") {
        patches = told(copy, {items, list().move(0, 2).value()});
        REQUIRE(patches.size() == 1);
        CHECK(the<Patch::ListMoved>(patches[0]).from == 0);
        CHECK(the<Patch::ListMoved>(patches[0]).to == 2);
    }
    SECTION("replaced") {
        patches = told(copy, list().replace(items, 2, "C", alice).value().front());
        REQUIRE(patches.size() == 1);
        CHECK(patches[0].path.back().element == list().id(2));
        CHECK(patches[0].indices == std::vector<std::uint32_t>{2});
        CHECK(the<Patch::Put>(patches[0]) == Patch::Put{Value("c"), "C", 0});
    }
    SECTION("moved, erased and inserted at once, the edit inside comes last") {
        told(copy, {items, list().insert(4, Type::map).value()});
        const Dot id = *list().id(4);
        patches = told(copy, [&](Copy& after, Copy::Draft& draft) {
            const auto now = [&]() -> const List& { return after.document.root().at<List>(items); };
            after.apply(draft, {items, now().move(4, 0).value()});
            after.apply(draft, now().erase(items, 1, 1, alice).value().front());
            after.apply(draft, {items, now().insert(4, {"z"}).value()});
            Path inside = items;
            inside.push_back(Step(id, Type::map));
            inside.push_back(FieldKey{"done", Type::ew_flag});
            after.apply(draft, {inside, EwFlag().enable()});
        });
        REQUIRE(patches.size() == 4);
        CHECK(the<Patch::ListErased>(patches[0]) == Patch::ListErased{0, 1});
        CHECK(the<Patch::ListMoved>(patches[1]) == Patch::ListMoved{id, 3, 0});
        CHECK(the<Patch::ListInserted>(patches[2]).index == 4);
        CHECK(patches[3].indices == std::vector<std::uint32_t>{0});
        CHECK(the<Patch::Put>(patches[3]).after == true);
    }
}

TEST_CASE("a text's patch is a delta, in code points and UTF-16", "[patch]") {
    Copy copy = alices();
    const auto text = [&]() -> const Text& { return copy.document.root().at<Text>(notes); };
    told(copy, {notes, text().insert(0, "2 \xF0\x9F\x98\x80 litres").value()});
    CHECK(
        delta_of(told(copy, {notes, text().insert(3, "big ").value()})).steps ==
        std::vector<TextDelta::Step>{TextDelta::Retain{{3, 4}, {}}, TextDelta::Insert{"big ", {}}});
    CHECK(delta_of(told(copy, {notes, text().erase(2, 5).value()})).steps ==
          std::vector<TextDelta::Step>{TextDelta::Retain{{2, 2}, {}}, TextDelta::Erase{{5, 6}}});
    CHECK(delta_of(told(copy, {notes, text().mark(0, 1, "bold", true).value()})).steps ==
          std::vector<TextDelta::Step>{TextDelta::Retain{{1, 1}, {{"bold", true}}}});
    CHECK(delta_of(told(copy, {notes, text().insert(1, "4").value()})).steps ==
          std::vector<TextDelta::Step>{TextDelta::Retain{{1, 1}, {}},
                                       TextDelta::Insert{"4", {{"bold", true}}}});
    CHECK(delta_of(told(copy, {notes, text().mark(0, 2, "bold", nullptr).value()})).steps ==
          std::vector<TextDelta::Step>{TextDelta::Retain{{2, 2}, {{"bold", nullptr}}}});
}

TEST_CASE("a field that another type hides is told as hidden, and revealed when that goes",
          "[patch]") {
    Copy copy = alices();
    const Path reg = {FieldKey{"k", Type::lww_register}};
    const Path map = {FieldKey{"k", Type::map}};
    told(copy, {reg, LwwRegister().set(1)});
    auto patches = told(copy, copy.document.root().create(map));
    REQUIRE(patches.size() == 1);
    CHECK(patches[0].shown);
    the<Patch::Created>(patches[0]);

    patches = told(copy, {reg, copy.document.root().at<LwwRegister>(reg).set(2)});
    REQUIRE(patches.size() == 1);
    CHECK_FALSE(patches[0].shown);

    patches = told(copy, copy.document.root().clear(map, alice).front());
    REQUIRE(patches.size() == 2);
    the<Patch::Removed>(patches[0]);
    CHECK(patches[1].path == reg);
    CHECK(the<Patch::Revealed>(patches[1]).value == 2);

    SECTION("also when it changes in the same moment") {
        told(copy, copy.document.root().create(map));
        patches = told(copy, [&](Copy& after, Copy::Draft& draft) {
            after.apply(draft, after.document.root().clear(map, alice).front());
            after.apply(draft, {reg, after.document.root().at<LwwRegister>(reg).set(3)});
        });
        REQUIRE(patches.size() == 3);
        the<Patch::Removed>(patches[0]);
        CHECK(the<Patch::Put>(patches[1]).after == 3);
        CHECK_FALSE(patches[1].shown);
        CHECK(the<Patch::Revealed>(patches[2]).value == 3);
    }
}

TEST_CASE("what comes and goes within a change is not told", "[patch]") {
    Copy copy = alices();
    told(copy, {title, LwwRegister().set("t")});
    const auto patches = told(copy, [](Copy& after, Copy::Draft& draft) {
        const auto text = [&]() -> const Text& { return after.document.root().at<Text>(notes); };
        after.apply(draft, {notes, text().insert(0, "abc").value()});
        after.apply(draft, {notes, text().erase(0, 3).value()});
        after.apply(draft, {title, after.document.root().at<LwwRegister>(title).set("u")});
        after.apply(draft, {title, after.document.root().at<LwwRegister>(title).set("t")});
    });
    CHECK(patches.empty());
}

TEST_CASE("patches lead exactly from one view to the next", "[patch]") {
    const auto run = [](std::uint64_t seed, EditKinds kinds) {
        Random random(seed);
        std::vector<Copy> copies;
        for (const ReplicaId& id : {alice, bob, carol}) copies.push_back({id, {}, {}, {}});
        std::vector<Change> made;
        // One that gets changes as after a relay's restore: each author's in order, else any.
        Copy restored{dave, {}, {}, {}};
        for (std::size_t step = 0; step < 40; ++step) {
            Copy& copy = copies[random.below(copies.size())];
            const Document before = copy.document;
            std::vector<const Change*> batch;
            Change own;
            if (random.one_in(2)) {
                Copy drafting = copy;
                own = some_change(drafting, random, kinds);
                if (own.sections.empty()) continue;
                batch = {&own};
                made.push_back(own);
            } else {
                VersionVector seen = copy.seen;
                for (const Change& change : made) {
                    const bool ready = change.first == seen.at(change.replica) + 1 &&
                                       seen.covers(std::get<VersionVector>(change.base));
                    if (!ready || random.one_in(3)) continue;
                    batch.push_back(&change);
                    seen.raise(change.replica, change.last());
                }
            }
            PatchRecorder recorder(copy.document, DocumentKey{"tasks", "t1"}, batch);
            for (const Change* change : batch) copy.take(*change);
            const auto patches = recorder.patches(copy.document);
            if (auto bad = violation(before, copy.document, patches); !bad.empty()) return bad;
            for (const Patch& patch : patches) {
                const auto* changed = std::get_if<Patch::TextChanged>(&patch.what);
                const Node* was = before.root().find(patch.path);
                if (changed == nullptr || was == nullptr || !was->live()) continue;
                if (auto bad = utf16_violation(*was->as<Text>(), changed->delta); !bad.empty())
                    return bad;
            }
            const auto between = patches_between(before, copy.document);
            if (auto bad = violation(before, copy.document, between); !bad.empty())
                return "without ops: " + bad + "\nbefore " + to_json(view(before.root())) +
                       "\nafter " + to_json(view(copy.document.root()));
            if (!patches_between(copy.document, copy.document).empty())
                return std::string("a document differs from itself");
        }
        std::map<ReplicaId, std::vector<const Change*>> left;
        for (const Change& change : made) left[change.replica].push_back(&change);
        std::size_t count = made.size();
        while (count > 0) {
            auto& of_one = left[replica(random.below(3))];
            if (of_one.empty()) continue;
            const Change& change = *of_one.front();
            of_one.erase(of_one.begin());
            --count;
            const Document before = restored.document;
            const VersionVector log = restored.seen;
            PatchRecorder recorder(before, DocumentKey{"tasks", "t1"}, {&change});
            restored.take(change, &log);
            if (auto bad =
                    violation(before, restored.document, recorder.patches(restored.document));
                !bad.empty())
                return "after a restore: " + bad;
        }
        return std::string();
    };
    const std::uint64_t runs = scaled(1500);
    for (std::uint64_t seed = first_seed(); seed < first_seed() + runs; ++seed) {
        EditKinds kinds;
        kinds.clashes = seed % 3 != 0;
        const std::string bad = run(seed, kinds);
        INFO("seed " << seed << ": " << bad);
        REQUIRE(bad.empty());
    }
}

TEST_CASE("an editor's delta becomes ops", "[patch][delta]") {
    Text text;
    std::uint64_t counter = 0;
    std::vector<Op> ops;
    const auto edit = [&](Op op) -> Result<const Text*> {
        const std::uint64_t taken = span(op);
        text.apply(op, {Dot{alice, counter + 1}, Hlc::at(counter + 1)});
        counter += taken;
        ops.push_back(std::move(op));
        return &text;
    };
    const auto put = [&](const char* json) {
        const auto delta = parse_delta(parse_json(json).value(), Unit::utf16);
        REQUIRE(delta);
        return edit_text(text, *delta, Unit::utf16, edit);
    };
    REQUIRE(put(R"([{"insert":"Hello "},{"insert":"world","attributes":{"bold":true}}])"));
    CHECK(to_json(to_value(to_delta(text), Unit::utf16)) ==
          R"([{"insert":"Hello "},{"attributes":{"bold":true},"insert":"world"}])");

    SECTION("what is inserted does not take on what it is not given") {
        REQUIRE(put(R"({"ops":[{"retain":11},{"insert":"!"}]})"));
        CHECK(
            to_json(to_value(to_delta(text), Unit::utf16)) ==
            R"([{"insert":"Hello "},{"attributes":{"bold":true},"insert":"world"},{"insert":"!"}])");
    }
    SECTION("retain, insert and delete, counted in UTF-16") {
        REQUIRE(
            put("[{\"retain\":6},{\"insert\":\"\xF0\x9F\x98\x80\"},{\"delete\":2},"
                "{\"retain\":1,\"attributes\":{\"bold\":null}}]"));
        CHECK(text.str() == "Hello \xF0\x9F\x98\x80rld");
        CHECK(text.spans().size() == 2);
        REQUIRE(put(R"([{"retain":8},{"insert":"_"}])"));
        CHECK(text.str() == "Hello \xF0\x9F\x98\x80_rld");
    }
    SECTION("a delta that goes too far is refused") {
        CHECK(put(R"([{"retain":12}])").error().code == ErrorCode::out_of_range);
        CHECK(put(R"([{"delete":12}])").error().code == ErrorCode::out_of_range);
    }
    SECTION("what is no delta is refused") {
        for (const char* json : {"1", R"([{"retain":"x"}])", R"([{"retain":-1}])", R"([{}])",
                                 R"([{"insert":{"image":1}}])", R"([{"delete":4294967296}])"})
            CHECK_FALSE(parse_delta(parse_json(json).value(), Unit::utf16));
    }
}

TEST_CASE("an editor's random deltas make the text that they say", "[patch][delta]") {
    const std::uint64_t runs = scaled(400);
    for (std::uint64_t seed = first_seed(); seed < first_seed() + runs; ++seed) {
        CAPTURE(seed);
        Random random(seed);
        Text text;
        std::uint64_t counter = 0;
        const auto edit = [&](Op op) -> Result<const Text*> {
            const std::uint64_t taken = span(op);
            text.apply(op, {Dot{alice, counter + 1}, Hlc::at(counter + 1)});
            counter += taken;
            return &text;
        };
        for (std::size_t step = 0; step < 12; ++step) {
            // Built from the spans, so that both units are known.
            const auto before = text.spans();
            TextDelta delta;
            std::uint32_t at = 0;
            const auto properties = [&](bool with_null) {
                TextDelta::Properties some;
                if (random.one_in(2)) some.emplace("bold", true);
                if (random.one_in(3)) some.emplace("size", static_cast<int>(random.below(3)));
                if (with_null && random.one_in(3)) some.insert_or_assign("bold", Value());
                return some;
            };
            for (std::size_t left = 1 + random.below(4); left > 0; --left) {
                if (random.one_in(3)) {
                    delta.insert(random.one_in(2) ? "xy" : "\xF0\x9F\x98\x80\xC3\xA9",
                                 properties(false));
                    continue;
                }
                const std::uint32_t room = text.size() - at;
                const auto points = static_cast<std::uint32_t>(random.below(room + 1));
                const std::string piece = text.str(at, points);
                Text measured;
                if (!piece.empty())
                    measured.apply(measured.insert(0, piece).value(), {Dot{bob, 1}, Hlc{1}});
                const TextDelta::Length length{points, measured.size(Unit::utf16)};
                at += length.code_points;
                if (random.one_in(2)) {
                    delta.erase(length);
                } else {
                    delta.retain(length, properties(true));
                }
            }
            delta.finish();
            const auto expected = patched(before, delta);
            const Unit unit = random.one_in(2) ? Unit::utf16 : Unit::code_point;
            const auto sent = parse_delta(to_value(delta, unit), unit);
            REQUIRE(sent);
            REQUIRE(edit_text(text, *sent, unit, edit));
            REQUIRE(to_json(to_value(to_delta(text), unit)) ==
                    to_json(to_value(delta_between({}, expected), unit)));
            REQUIRE(patched(before, delta_between(before, text.spans())) == text.spans());
        }
    }
}

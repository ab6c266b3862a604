// What a schema says of the elements of lists, and of texts.

#include "schema_world.hpp"
#include "syncline/document/json.hpp"

#include <catch2/catch.hpp>

using namespace syncline;
using namespace syncline::testing;

namespace {

const Path steps = {{"steps", Type::list}};
const Path words = {{"words", Type::list}};

const Schema& lists_schema() {
    static const Schema schema = schema_of(R"({"collections": {"tasks": {"fields": {
        "anything": {"type": "list"},
        "words": {"type": "list", "elements": {"type": "register", "kind": "text"}},
        "notes": {"type": "text", "default": ""},
        "rows": {"type": "list", "elements": {"type": "list", "elements":
            {"type": "register", "kind": "integer"}}},
        "steps": {"type": "list", "default": [], "elements": {"type": "map", "closed": true,
            "fields": {"what": {"type": "register", "kind": "text", "required": true},
                       "done": {"type": "register", "default": false}}}}}}}})");
    return schema;
}

FieldOp inserting(const Path& path, std::vector<Value> values) {
    return {path, List().insert(0, std::move(values)).value()};
}
FieldOp inserting(const Path& path, Type container) {
    return {path, List().insert(0, container).value()};
}
std::string write_list(const FieldOp& op) { return refusal(check_write(lists_schema(), task, op)); }

Path inside(const Path& list, const Dot& element, Type type, const std::string& key = {},
            Type of_key = Type::lww_register) {
    Path path = list;
    path.push_back(Step(element, type));
    if (!key.empty()) path.push_back(Step(key, of_key));
    return path;
}

}  // namespace

TEST_CASE("what is declared of a list's elements holds for each of them", "[schema]") {
    const Dot element{alice, 1};
    CHECK(write_list(inserting(words, {"a", "b"})) == "no refusal");
    CHECK(write_list(inserting(words, {"a", 1})) ==
          "tasks.words[]: kind_mismatch: is declared text; the value is integer");
    CHECK(write_list(inserting(words, Type::map)) ==
          "tasks.words[]: type_mismatch: is declared as register, not map");
    CHECK(write_list(inserting(steps, Type::map)) == "no refusal");
    CHECK(write_list(inserting(steps, {"a"})) ==
          "tasks.steps[]: type_mismatch: is declared as map, not register");
    CHECK(write_list(inserting({{"rows", Type::list}}, Type::list)) == "no refusal");
    for (const Type type : {Type::map, Type::list, Type::text, Type::pn_counter}) {
        CHECK(write_list(inserting({{"anything", Type::list}}, type)) == "no refusal");
    }
    CHECK(write_list(inserting({{"anything", Type::list}}, {1, "a", nullptr})) == "no refusal");
    CHECK(write_list(inserting({{"elsewhere", Type::list}}, {1, "a", nullptr})) == "no refusal");
    CHECK(write_list(inserting({{"notes", Type::list}}, {1})) ==
          "tasks.notes: type_mismatch: is declared as text, not list");
    CHECK(write_list({{{"notes", Type::text}}, Text().insert(0, "a").value()}) == "no refusal");

    // In an element.
    CHECK(write_list(op_of(inside(words, element, Type::lww_register), OpCode::set, "a")) ==
          "no refusal");
    CHECK(write_list(op_of(inside(words, element, Type::lww_register), OpCode::set, 1)) ==
          "tasks.words[]: kind_mismatch: is declared text; the value is integer");
    CHECK(write_list(op_of(inside(steps, element, Type::lww_register), OpCode::set, 1)) ==
          "tasks.steps[]: type_mismatch: is declared as map, not register");
    CHECK(write_list(op_of(inside(steps, element, Type::map, "what"), OpCode::set, "a")) ==
          "no refusal");
    CHECK(write_list(op_of(inside(steps, element, Type::map, "what"), OpCode::set, 1)) ==
          "tasks.steps[].what: kind_mismatch: is declared text; the value is integer");
    CHECK(write_list(op_of(inside(steps, element, Type::map, "who"), OpCode::set, 1)) ==
          "tasks.steps[].who: undeclared_field: is not declared, and the schema is closed here");
    const Path row = inside({{"rows", Type::list}}, element, Type::list);
    CHECK(write_list(inserting(row, {1})) == "no refusal");
    CHECK(write_list(inserting(row, {"a"})) ==
          "tasks.rows[][]: kind_mismatch: is declared integer; the value is text");
    CHECK(write_list(op_of(inside(row, element, Type::lww_register), OpCode::set, "a")) ==
          "tasks.rows[][]: kind_mismatch: is declared integer; the value is text");
    CHECK(write_list(op_of(inside({{"anything", Type::list}}, element, Type::map, "x"), OpCode::set,
                           1)) == "no refusal");

    // Moving and removing are nobody's business here.
    for (const OpCode code : {OpCode::erase, OpCode::move, OpCode::clear, OpCode::create}) {
        CHECK(write_list(op_of(words, code)) == "no refusal");
    }
}

TEST_CASE("a list's elements show their defaults and have to have what they require", "[schema]") {
    const Schema& schema = lists_schema();
    const auto list_of = [](const Editing& editing) -> const List& {
        return editing.document.root().at<List>(steps);
    };
    Editing editing;
    CHECK(to_json(editing.seen_with(schema)) == R"({"notes":"","steps":[]})");
    editing.apply({steps, list_of(editing).insert(0, Type::map).value()});
    const Dot first = *list_of(editing).id(0);
    CHECK(to_json(editing.seen_with(schema)) == R"({"notes":"","steps":[{"done":false}]})");
    CHECK(refusal(check_required(schema, task, editing.document)) ==
          "tasks.steps[].what: required_missing: document t1 is left without it");
    const auto before = lacking(schema, task, editing.document);
    CHECK(before == std::vector<Path>{inside(steps, first, Type::map, "what")});
    CHECK(check_required(schema, task, editing.document, before));

    // One that lacks it already is no licence for the next.
    editing.apply({steps, list_of(editing).insert(0, Type::map).value()});
    CHECK_FALSE(check_required(schema, task, editing.document, before));
    const Dot second = *list_of(editing).id(0);
    editing.set(inside(steps, second, Type::map, "what"), "knead");
    editing.set(inside(steps, second, Type::map, "done"), true);
    CHECK(check_required(schema, task, editing.document, before));
    CHECK(to_json(*editing.seen_with(schema).find("steps")) ==
          R"([{"done":true,"what":"knead"},{"done":false}])");
    CHECK(to_json(view_with_defaults(schema, "tasks", editing.document.root(),
                                     inside(steps, first, Type::map))) == R"({"done":false})");
    editing.clear(inside(steps, second, Type::map, "what"));
    CHECK_FALSE(check_required(schema, task, editing.document, before));
    const auto erased = list_of(editing).erase(steps, 0, 1, alice).value();
    for (const FieldOp& op : erased) editing.apply(op);
    CHECK(check_required(schema, task, editing.document, before));

    // What another app put there stays in its place.
    editing.apply({steps, list_of(editing).insert(0, {Value("plain")}).value()});
    editing.apply({steps, list_of(editing).insert(2, Type::pn_counter).value()});
    CHECK(to_json(*editing.seen_with(schema).find("steps")) == R"(["plain",{"done":false},0])");
    CHECK(lacking(schema, task, editing.document) == before);
}

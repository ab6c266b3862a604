// What a schema says to writes: types, kinds, closed maps, and what a document has to have.

#include "schema_world.hpp"
#include "syncline/document/json.hpp"

#include <catch2/catch.hpp>

using namespace syncline;
using namespace syncline::testing;

TEST_CASE("a declared field is written as its type", "[schema]") {
    CHECK(write(setting("title", "a")) == "no refusal");
    CHECK(write(op_of({{"votes", Type::pn_counter}}, OpCode::add)) == "no refusal");
    CHECK(write(op_of({{"title", Type::pn_counter}}, OpCode::add)) ==
          "tasks.title: type_mismatch: is declared as register, not pn_counter");
    CHECK(write(op_of({{"tags", Type::rw_set}}, OpCode::erase, "a")) ==
          "tasks.tags: type_mismatch: is declared as or_set, not rw_set");
    CHECK(write(op_of({{"done", Type::dw_flag}}, OpCode::disable)) ==
          "tasks.done: type_mismatch: is declared as ew_flag, not dw_flag");
    CHECK(write(op_of({{"address", Type::map}}, OpCode::create)) == "no refusal");
    CHECK(write(op_of({{"title", Type::map}}, OpCode::create)) ==
          "tasks.title: type_mismatch: is declared as register, not map");
    CHECK(write(op_of({{"title", Type::map}, {"x", Type::lww_register}}, OpCode::set, 1)) ==
          "tasks.title: type_mismatch: is declared as register, not map");
    CHECK(write(op_of({{"address", Type::map}, {"city", Type::mv_register}}, OpCode::set, "x")) ==
          "tasks.address.city: type_mismatch: is declared as register, not mv_register");
    CHECK(write(op_of({}, OpCode::create)) == "no refusal");
}

TEST_CASE("a value is of a kind that is declared", "[schema]") {
    CHECK(write(setting("title", 7)) ==
          "tasks.title: kind_mismatch: is declared text; the value is integer");
    CHECK(write(setting("title", nullptr)) ==
          "tasks.title: kind_mismatch: is declared text; the value is null");
    CHECK(write(setting("due", nullptr)) == "no refusal");
    CHECK(write(setting("due", true)) ==
          "tasks.due: kind_mismatch: is declared null or text; the value is boolean");
    CHECK(write(setting("priority", 2.0)) == "no refusal");
    CHECK(write(setting("priority", 2.5)) ==
          "tasks.priority: kind_mismatch: is declared integer; the value is real");
    CHECK(write(op_of({{"tags", Type::or_set}}, OpCode::insert, "home")) == "no refusal");
    CHECK(write(op_of({{"tags", Type::or_set}}, OpCode::insert, 1)) ==
          "tasks.tags: kind_mismatch: is declared text; the value is integer");
    CHECK(write(op_of({{"address", Type::map}, {"city", Type::lww_register}}, OpCode::set, 1)) ==
          "tasks.address.city: kind_mismatch: is declared text; the value is integer");
    for (const Value& value : {Value(), Value(true), Value(Bytes{}), Value(Value::Array{}),
                               Value(Value::Map{}), Value(0.5)}) {
        CHECK(write(setting("anything", value)) == "no refusal");
    }

    // A real takes integers: they are one value.
    const Schema schema = with_fields(R"("x":{"type":"register","kind":"real"})");
    CHECK(check_write(schema, {"c", "1"}, setting("x", 1)));
    CHECK(check_write(schema, {"c", "1"}, setting("x", 1.5)));
    CHECK(check_write(schema, {"c", "1"}, setting("x", std::nan(""))));
    CHECK_FALSE(check_write(schema, {"c", "1"}, setting("x", "1")));
}

TEST_CASE("an undeclared field is refused only where the declaration is closed", "[schema]") {
    CHECK(write(setting("colour", "red")) == "no refusal");
    CHECK(write(op_of({{"extra", Type::map}, {"x", Type::g_set}}, OpCode::insert, 1)) ==
          "no refusal");
    CHECK(write(setting("colour", "red"), "notes") ==
          "notes.colour: undeclared_field: is not declared, and the schema is closed here");
    CHECK(write(op_of({{"address", Type::map}, {"zip", Type::lww_register}}, OpCode::set, 1)) ==
          "tasks.address.zip: undeclared_field: is not declared, and the schema is closed here");
    CHECK(write(op_of({{"settings", Type::map}, {"size", Type::lww_register}}, OpCode::set, 1)) ==
          "no refusal");
    CHECK(write(setting("colour", "red"), "lists") == "no refusal");
    CHECK(refusal(check_write(Schema(), task, setting("title", 1))) == "no refusal");
}

TEST_CASE("removing is never refused", "[schema]") {
    for (const OpCode code : {OpCode::clear, OpCode::cancel}) {
        for (const Type type : {Type::map, Type::or_set, Type::pn_counter, Type::lww_register}) {
            for (const char* key : {"title", "votes", "address", "tags", "unknown"}) {
                CHECK(write(op_of({{key, type}}, code)) == "no refusal");
                CHECK(write(op_of({{key, type}}, code), "notes") == "no refusal");
            }
        }
    }
    CHECK(write(op_of({{"tags", Type::or_set}}, OpCode::erase, 1)) == "no refusal");
}

// ---- Required

TEST_CASE("a document is not made without what it requires", "[schema]") {
    const Schema& schema = tasks_schema();
    Editing editing;
    CHECK(check_required(schema, task, editing.document));  // it does not exist
    editing.set({{"priority", Type::lww_register}}, 1);
    CHECK(refusal(check_required(schema, task, editing.document)) ==
          "tasks.title: required_missing: document t1 is left without it");
    CHECK(check_required(schema, {"lists", "t1"}, editing.document));
    CHECK(check_required(Schema(), task, editing.document));
    editing.apply(op_of({{"title", Type::g_set}}, OpCode::insert, "a"));
    CHECK_FALSE(check_required(schema, task, editing.document));  // another type is another field
    editing.set({{"title", Type::lww_register}}, "a");
    CHECK(check_required(schema, task, editing.document));

    SECTION("nor a map inside it") {
        editing.set({{"address", Type::map}, {"street", Type::lww_register}}, "b");
        CHECK(refusal(check_required(schema, task, editing.document)) ==
              "tasks.address.city: required_missing: document t1 is left without it");
        editing.set({{"address", Type::map}, {"city", Type::lww_register}}, "c");
        CHECK(check_required(schema, task, editing.document));
        editing.clear({{"address", Type::map}});
        CHECK(check_required(schema, task, editing.document));
    }
    SECTION("and a transaction does not take it away, but for the whole document") {
        const auto before = lacking(schema, task, editing.document);
        CHECK(before.empty());
        editing.clear({{"title", Type::lww_register}});
        CHECK_FALSE(check_required(schema, task, editing.document, before));
        editing.clear({});
        CHECK(check_required(schema, task, editing.document, before));
    }
}

TEST_CASE("what a removal leaves behind is no field", "[schema]") {
    const Schema schema = schema_of(R"({"collections":{"tasks":{"fields":{
        "tags": {"type": "rw_set", "required": true},
        "done": {"type": "dw_flag", "default": false}}}}})");
    const Path tags = {{"tags", Type::rw_set}};
    const Path done = {{"done", Type::dw_flag}};
    Editing editing;
    editing.set({{"title", Type::lww_register}}, "a");
    editing.apply({tags, RwSet().insert("x")});
    editing.apply({done, DwFlag().enable()});
    REQUIRE(check_required(schema, task, editing.document));
    editing.apply({tags, editing.document.root().at<RwSet>(tags).erase("x")});
    editing.apply({done, editing.document.root().at<DwFlag>(done).disable()});
    REQUIRE(editing.document.root().find(tags) != nullptr);
    CHECK_FALSE(check_required(schema, task, editing.document));
    CHECK(to_json(editing.seen_with(schema)) == R"({"done":false,"title":"a"})");
}

TEST_CASE("what concurrent edits took away keeps nobody from writing", "[schema]") {
    const Schema& schema = tasks_schema();
    // Alice deletes the task while Bob, who has not seen that, marks it as done.
    Editing editing;
    editing.set({{"title", Type::lww_register}}, "a");
    editing.set({{"address", Type::map}, {"city", Type::lww_register}}, "c");
    Editing other = editing;
    std::vector<FieldOp> deletion = editing.document.root().clear({}, alice);
    other.author = bob;
    other.next = 1;
    other.apply(op_of({{"done", Type::ew_flag}}, OpCode::enable));
    other.set({{"address", Type::map}, {"street", Type::lww_register}}, "s");
    for (const FieldOp& op : deletion) {
        other.document.apply(op, {{alice, editing.next++}, editing.stamp}, nullptr);
    }
    REQUIRE(other.document.exists());

    const auto before = lacking(schema, task, other.document);
    const Path city = {{"address", Type::map}, {"city", Type::lww_register}};
    CHECK(before == std::vector<Path>{city, {{"title", Type::lww_register}}});
    other.apply(op_of({{"votes", Type::pn_counter}}, OpCode::add));
    CHECK(check_required(schema, task, other.document, before));
    // One of them is put back and taken away again: that is this transaction's doing.
    other.set({{"title", Type::lww_register}}, "b");
    const auto repaired = lacking(schema, task, other.document);
    CHECK(repaired == std::vector<Path>{city});
    other.clear({{"title", Type::lww_register}});
    CHECK(refusal(check_required(schema, task, other.document, repaired)) ==
          "tasks.title: required_missing: document t1 is left without it");
}

// What a view with defaults shows, and that a default is no op.

#include "schema_world.hpp"
#include "syncline/document/json.hpp"

#include <catch2/catch.hpp>

using namespace syncline;
using namespace syncline::testing;

TEST_CASE("a view shows defaults where nothing was written", "[schema]") {
    Editing editing;
    CHECK(
        to_json(editing.seen_with(tasks_schema())) ==
        R"({"done":false,"opinions":["none"],"priority":3,"settings":{"theme":"light"},"votes":0})");
    CHECK(to_json(editing.seen_with(Schema())) == "{}");
    editing.set({{"priority", Type::lww_register}}, 1);
    editing.set({{"settings", Type::map}, {"size", Type::lww_register}}, 12);
    editing.set({{"colour", Type::lww_register}}, "red");
    editing.apply(op_of({{"done", Type::ew_flag}}, OpCode::enable));
    editing.apply({{{"opinions", Type::mv_register}}, MvRegister().set("good")});
    FieldOp add{{{"votes", Type::pn_counter}}, PnCounter().add(2)};
    editing.apply(add);
    CHECK(to_json(editing.seen_with(tasks_schema())) ==
          R"({"colour":"red","done":true,"opinions":["good"],"priority":1,)"
          R"("settings":{"size":12,"theme":"light"},"votes":2})");
    CHECK(to_json(view_with_defaults(tasks_schema(), "tasks", editing.document.root(),
                                     {{"settings", Type::map}})) ==
          R"({"size":12,"theme":"light"})");
    CHECK(to_json(view_with_defaults(tasks_schema(), "tasks", Document().root(),
                                     {{"settings", Type::map}})) == R"({"theme":"light"})");
    CHECK(to_json(view_with_defaults(tasks_schema(), "tasks", Document().root(),
                                     {{"elsewhere", Type::map}})) == "{}");
    // What is cleared shows its default again; null is a value.
    editing.clear({{"priority", Type::lww_register}});
    CHECK(*editing.seen_with(tasks_schema()).find("priority") == Value(3));
    editing.set({{"priority", Type::lww_register}}, nullptr);
    CHECK(editing.seen_with(tasks_schema()).find("priority")->is_null());
}

TEST_CASE("a declared key shows its declared type, an undeclared one as ever", "[schema]") {
    Editing editing;
    editing.set({{"title", Type::map}, {"en", Type::lww_register}}, "a");
    editing.apply(op_of({{"priority", Type::or_set}}, OpCode::insert, 9));
    editing.apply(op_of({{"free", Type::g_set}}, OpCode::insert, 1));
    editing.set({{"free", Type::lww_register}}, 2);
    CHECK(to_json(view(editing.document.root())) ==
          R"({"free":[1],"priority":[9],"title":{"en":"a"}})");
    const Schema schema = schema_of(R"({"collections":{"tasks":{"fields":{
        "title":    {"type": "register", "kind": "text"},
        "priority": {"type": "register", "default": 3}}}}})");
    CHECK(to_json(editing.seen_with(schema)) == R"({"free":[1],"priority":3})");
    editing.set({{"title", Type::lww_register}}, "b");
    CHECK(to_json(editing.seen_with(schema)) == R"({"free":[1],"priority":3,"title":"b"})");
    CHECK(types(editing.document.root(), "title") ==
          std::vector<Type>{Type::map, Type::lww_register});
}

TEST_CASE("a declared map is shown if it is there, or a default is in it, or it has one",
          "[schema]") {
    const Schema schema = schema_of(R"({"collections":{"tasks":{"fields":{
        "a": {"type": "map", "fields": {"x": {"type": "register"}}},
        "b": {"type": "map", "default": {}},
        "c": {"type": "map", "fields": {"m": {"type": "map", "fields": {
            "x": {"type": "register", "default": null}}}}}}}}})");
    Editing editing;
    CHECK(to_json(editing.seen_with(schema)) == R"({"b":{},"c":{"m":{"x":null}}})");
    editing.apply(editing.document.root().create({{"a", Type::map}}));
    CHECK(to_json(editing.seen_with(schema)) == R"({"a":{},"b":{},"c":{"m":{"x":null}}})");
}

TEST_CASE("a default is no op: it changes no digest, and loses to every write", "[schema]") {
    const Path priority = {{"priority", Type::lww_register}};
    Editing editing;
    editing.stamp = Hlc::at(2'000'000'000'000);
    editing.set({{"title", Type::lww_register}}, "a");
    const Hash before = editing.digest();
    CHECK(*editing.seen_with(tasks_schema()).find("priority") == Value(3));
    CHECK(editing.digest() == before);
    // A default alone makes no document.
    CHECK_FALSE(Document().exists());

    // Somebody whose clock stands at 1970 wrote it before the default was ever shown.
    FieldOp late{priority, LwwRegister().set(1)};
    editing.document.apply(late, {{bob, 1}, Hlc::at(0)}, nullptr);
    CHECK(*editing.seen_with(tasks_schema()).find("priority") == Value(1));
    CHECK(editing.document.root().at<LwwRegister>(priority).conflicts().empty());
}

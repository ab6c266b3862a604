#include "syncline/document/schema.hpp"

#include "support/arbitrary.hpp"
#include "syncline/document/digest.hpp"
#include "syncline/document/json.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

using namespace syncline;
using namespace syncline::testing;

namespace {

const DocumentKey task{"tasks", "t1"};

constexpr std::string_view tasks_json = R"({"collections": {
    "tasks": {"fields": {
        "title":    {"type": "register", "kind": "text", "required": true},
        "priority": {"type": "register", "kind": "integer", "default": 3},
        "due":      {"type": "register", "kind": ["text", "null"]},
        "done":     {"type": "ew_flag", "default": false},
        "votes":    {"type": "pn_counter", "default": 0},
        "tags":     {"type": "or_set", "kind": "text"},
        "opinions": {"type": "mv_register", "default": "none"},
        "anything": {"type": "register"},
        "address":  {"type": "map", "closed": true, "fields": {
            "city":   {"type": "register", "kind": "text", "required": true},
            "street": {"type": "register", "kind": "text"}}},
        "settings": {"type": "map", "fields": {
            "theme": {"type": "register", "kind": "text", "default": "light"}}}}},
    "notes": {"closed": true, "fields": {
        "body": {"type": "register", "kind": "text"}}}
}})";

Schema schema_of(std::string_view json) {
    auto parsed = Schema::parse(json);
    INFO((parsed ? std::string() : parsed.error().message));
    REQUIRE(parsed);
    return *parsed;
}
const Schema& tasks_schema() {
    static const Schema schema = schema_of(tasks_json);
    return schema;
}

/// A schema with one collection `c` of these fields.
Schema with_fields(const std::string& fields, const std::string& more = {}) {
    return schema_of(R"({"collections":{"c":{"fields":{)" + fields + "}" + more + "}}}");
}

/// One replica of one document, which it edits without asking a schema.
struct Editing {
    ReplicaId author = alice;
    Document document;
    std::uint64_t next = 1;
    Hlc stamp = Hlc::at(1);

    void apply(const FieldOp& op) {
        document.apply(op, {{author, next}, stamp}, nullptr);
        ++next;
        stamp = stamp.next();
    }
    void set(const Path& path, Value value) {
        apply({path, document.root().at<LwwRegister>(path).set(std::move(value))});
    }
    void clear(const Path& path) {
        for (const FieldOp& op : document.root().clear(path, author)) apply(op);
    }
    [[nodiscard]] Value seen_with(const Schema& schema) const {
        return view_with_defaults(schema, "tasks", document);
    }
    [[nodiscard]] Hash digest() const {
        Digest sum;
        sum.add(task, wire::encode_document(document));
        return sum.value();
    }
};

FieldOp op_of(Path path, OpCode code, Value value = {}) {
    FieldOp op{std::move(path), {}};
    op.op.code = code;
    op.op.value = std::move(value);
    return op;
}
FieldOp setting(const std::string& key, Value value) {
    return op_of({{key, Type::lww_register}}, OpCode::set, std::move(value));
}

/// The text of the error, after its code was looked at.
std::string refusal(const Result<>& result, ErrorCode code = ErrorCode::schema_violation) {
    if (result) return "no refusal";
    CHECK(result.error().code == code);
    return result.error().message;
}
std::string write(const FieldOp& op, const std::string& collection = "tasks") {
    return refusal(check_write(tasks_schema(), {collection, "t1"}, op));
}

}  // namespace

// ---- The form

TEST_CASE("a schema has one text, which reads back as the schema", "[schema]") {
    const Schema& schema = tasks_schema();
    const std::string text = schema.to_json();
    CHECK(schema_of(text) == schema);
    CHECK(schema_of(text).to_json() == text);
    CHECK(Schema().to_json() == R"({"collections":{}})");
    CHECK(schema_of(R"({"collections":{}})") == Schema());
    CHECK(schema_of(R"({"collections":{},"version":0})") == Schema());
    CHECK(schema_of(R"({"version":7,"collections":{}})").version == 7);
    CHECK(schema_of(R"({"version":7,"collections":{}})").to_json() ==
          R"({"collections":{},"version":7})");

    const MapSchema* tasks = schema.find("tasks");
    REQUIRE(tasks != nullptr);
    CHECK_FALSE(tasks->closed);
    CHECK(schema.find("notes")->closed);
    CHECK(schema.find("task") == nullptr);
    REQUIRE(tasks->find("title") != nullptr);
    CHECK(tasks->find("title")->required);
    CHECK(tasks->find("title")->kinds == ValueKinds{ValueKind::text});
    CHECK(tasks->find("anything")->kinds.any());
    CHECK(tasks->find("votes")->type == Type::pn_counter);
    CHECK(*tasks->find("priority")->fallback == Value(3));
    CHECK_FALSE(tasks->find("due")->fallback);
    CHECK(tasks->find("address")->shape.find("street") != nullptr);
    CHECK(tasks->find("titl") == nullptr);

    // One spelling of equal kinds.
    CHECK(with_fields(R"("x":{"type":"register","kind":["integer","real"]})").to_json() ==
          R"({"collections":{"c":{"fields":{"x":{"kind":"real","type":"register"}}}}})");
    CHECK(with_fields(R"("x":{"type":"register","kind":["text","any"],"required":false})") ==
          with_fields(R"("x":{"type":"register"})"));
    // Names that JSON values would take for something else.
    const Schema odd =
        schema_of(R"({"collections":{"c":{"fields":{"$map":{"$map":{"type":"register"}}}}}})");
    CHECK(odd.find("c")->find("$map") != nullptr);
    CHECK(schema_of(odd.to_json()) == odd);
}

TEST_CASE("every type has a name in a schema", "[schema]") {
    for (std::uint64_t number = 0; number < 256; ++number) {
        const auto type = type_of(number);
        if (!type) continue;
        CAPTURE(name_of(*type));
        const Schema schema =
            with_fields(R"("x":{"type":")" + std::string(name_of(*type)) + R"("})");
        CHECK(schema.find("c")->find("x")->type == *type);
        CHECK(schema_of(schema.to_json()) == schema);
    }
}

TEST_CASE("what is no schema is refused, with its place", "[schema]") {
    struct Case {
        std::string json;
        ErrorCode code;
        std::string message;
    };
    const auto field = [](const std::string& members) {
        return R"({"collections":{"c":{"fields":{"x":{)" + members + "}}}}}";
    };
    const auto nested = [](int maps) {
        std::string json;
        for (int i = 0; i < maps; ++i) json += R"({"type":"map","fields":{"x":)";
        json += R"({"type":"register"})";
        for (int i = 0; i < maps; ++i) json += "}}";
        return json;
    };
    const auto c_of = [](const std::string& x) {
        return R"({"collections":{"c":{"fields":{"x":)" + x + "}}}}";
    };
    CHECK(Schema::parse(c_of(nested(15))));

    const std::vector<Case> cases = {
        {"{", ErrorCode::malformed, "the schema: no JSON at byte 1"},
        {"[]", ErrorCode::malformed, "the schema: is no object"},
        {"{}", ErrorCode::malformed, "the schema: has no object \"collections\""},
        {R"({"collections":1})", ErrorCode::malformed, "the schema: has no object \"collections\""},
        {R"({"collections":{},"x":1})", ErrorCode::malformed,
         "the schema: has a member \"x\", which means nothing here"},
        {R"({"collections":{},"version":-1})", ErrorCode::malformed,
         "version: is no integer from 0"},
        {R"({"collections":{},"version":"1"})", ErrorCode::malformed,
         "version: is no integer from 0"},
        {R"({"collections":{"c":[]}})", ErrorCode::malformed, "c: is no object"},
        {R"({"collections":{"a\nb":{}}})", ErrorCode::invalid_argument,
         "a\nb: a collection's name is 1 to 128 bytes without control characters"},
        {R"({"collections":{"c":{"fields":[]}}})", ErrorCode::malformed, "c.fields: is no object"},
        {R"({"collections":{"c":{"closed":1}}})", ErrorCode::malformed,
         "c.closed: is neither true nor false"},
        {R"({"collections":{"c":{"required":true}}})", ErrorCode::malformed,
         "c: has a member \"required\", which means nothing here"},
        {c_of("1"), ErrorCode::malformed, "c.x: is no object"},
        {c_of("{}"), ErrorCode::malformed, "c.x: has no \"type\""},
        {field(R"("type":1)"), ErrorCode::malformed, "c.x.type: is no text"},
        {field(R"("type":"lww_register")"), ErrorCode::malformed,
         "c.x.type: \"lww_register\" is no type"},
        {field(R"("type":"register","requierd":true)"), ErrorCode::malformed,
         "c.x: has a member \"requierd\", which means nothing here"},
        {field(R"("type":"register","required":1)"), ErrorCode::malformed,
         "c.x.required: is neither true nor false"},
        {field(R"("type":"register","kind":"txt")"), ErrorCode::malformed,
         "c.x.kind: \"txt\" is no kind of value"},
        {field(R"("type":"register","kind":[])"), ErrorCode::malformed,
         "c.x.kind: is an empty list: nothing could be written"},
        {field(R"("type":"register","kind":[1])"), ErrorCode::malformed,
         "c.x.kind: is neither a name nor a list of names"},
        {field(R"("type":"text","elements":{"type":"register"})"), ErrorCode::malformed,
         "c.x.elements: is for lists"},
        {field(R"("type":"list","kind":"text")"), ErrorCode::malformed,
         "c.x.kind: is for registers and sets"},
        {field(R"("type":"list","elements":{})"), ErrorCode::malformed, "c.x[]: has no \"type\""},
        {field(R"("type":"list","elements":1)"), ErrorCode::malformed, "c.x[]: is no object"},
        {field(R"("type":"list","elements":{"type":"or_set"})"), ErrorCode::malformed,
         "c.x[]: an element is a register, map, list, text or counter"},
        {field(R"("type":"list","elements":{"type":"register","required":true})"),
         ErrorCode::malformed, "c.x[]: has a member \"required\", which an element cannot have"},
        {field(R"("type":"list","elements":{"type":"register","default":1})"), ErrorCode::malformed,
         "c.x[]: has a member \"default\", which an element cannot have"},
        {field(R"("type":"list","elements":{"type":"map","fields":{"y":{"type":"?"}}})"),
         ErrorCode::malformed, "c.x[].y.type: \"?\" is no type"},
        {field(R"("type":"text","default":"a")"), ErrorCode::malformed,
         "c.x.default: for text it can only be \"\": a write has to win over all of it"},
        {field(R"("type":"list","default":[1])"), ErrorCode::malformed,
         "c.x.default: for list it can only be []: a write has to win over all of it"},
        {field(R"("type":"pn_counter","kind":"integer")"), ErrorCode::malformed,
         "c.x.kind: is for registers and sets"},
        {field(R"("type":"register","fields":{})"), ErrorCode::malformed,
         "c.x.fields: is for maps"},
        {field(R"("type":"or_set","closed":true)"), ErrorCode::malformed,
         "c.x.closed: is for maps"},
        {field(R"("type":"register","kind":"text","default":1)"), ErrorCode::malformed,
         "c.x.default: is integer, where the field is text"},
        {field(R"("type":"register","required":true,"default":1)"), ErrorCode::malformed,
         "c.x.default: a required field is always written and has no default"},
        {field(R"("type":"pn_counter","default":5)"), ErrorCode::malformed,
         "c.x.default: for pn_counter it can only be 0: a write has to win over all of it"},
        {field(R"("type":"ew_flag","default":true)"), ErrorCode::malformed,
         "c.x.default: for ew_flag it can only be false: a write has to win over all of it"},
        {field(R"("type":"or_set","default":["a"])"), ErrorCode::malformed,
         "c.x.default: for or_set it can only be []: a write has to win over all of it"},
        {field(R"("type":"map","fields":{"y":{"type":"nothing"}})"), ErrorCode::malformed,
         "c.x.y.type: \"nothing\" is no type"},
        {R"({"collections":{"c":{"fields":{")" + std::string(1'025, 'k') +
             R"(":{"type":"map"}}}}})",
         ErrorCode::invalid_argument,
         "c." + std::string(1'025, 'k') + ": a key has at most 1,024 bytes"},
        {std::string(Schema::bytes_max + 1, ' '), ErrorCode::too_large,
         "a schema has at most 1 MiB"},
    };
    for (const Case& wrong : cases) {
        CAPTURE(wrong.json.substr(0, 200));
        const auto parsed = Schema::parse(wrong.json);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code == wrong.code);
        CHECK(parsed.error().message == wrong.message);
    }
    const auto in_lists = [](int lists) {
        std::string json;
        for (int i = 0; i < lists; ++i) json += R"({"type":"list","elements":)";
        return json + R"({"type":"register"})" + std::string(static_cast<std::size_t>(lists), '}');
    };
    CHECK(Schema::parse(c_of(in_lists(15))));
    for (const std::string& deep : {c_of(nested(16)), c_of(in_lists(16))}) {
        const auto parsed = Schema::parse(deep);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code == ErrorCode::too_deep);
    }
    const auto bottomless = Schema::parse(std::string(1'000'000, '['));
    REQUIRE_FALSE(bottomless);
    CHECK(bottomless.error().code == ErrorCode::too_deep);
}

// ---- Writes

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

// ---- Defaults

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

// ---- Lists and texts

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

// ---- Evolution

TEST_CASE("a schema grows: each rule of evolution is named with its field", "[schema]") {
    struct Case {
        const char* from;
        const char* to;
        std::vector<SchemaFinding> findings;
    };
    const auto c_of = [](const std::string& fields) {
        return schema_of(R"({"collections":{"c":)" + fields + "}}");
    };
    using R = SchemaRule;
    const std::vector<Case> cases = {
        // Allowed.
        {R"({})", R"({"fields":{"x":{"type":"register"}}})", {}},
        {R"({"fields":{"x":{"type":"register","kind":"integer"}}})",
         R"({"fields":{"x":{"type":"register","kind":"real"}}})",
         {}},
        {R"({"fields":{"x":{"type":"or_set","kind":"text"}}})",
         R"({"fields":{"x":{"type":"or_set"}}})",
         {}},
        {R"({"fields":{"x":{"type":"register","required":true}}})",
         R"({"fields":{"x":{"type":"register","default":1}}})",
         {}},
        {R"({"closed":true,"fields":{"x":{"type":"register"}}})",
         R"({"fields":{"x":{"type":"register","default":1}}})",
         {}},
        {R"({"fields":{"x":{"type":"map"}}})",
         R"({"fields":{"x":{"type":"map","fields":{"y":{"type":"or_set"}}}}})",
         {}},
        {R"({"fields":{"l":{"type":"list","elements":{"type":"register","kind":"text"}}}})",
         R"({"fields":{"l":{"type":"list","default":[]}}})",
         {}},
        {R"({"fields":{"l":{"type":"list","elements":{"type":"map"}}}})",
         R"({"fields":{"l":{"type":"list","elements":{"type":"map","fields":{"x":{"type":"text"}}}}}})",
         {}},
        // A map that is new may require what it wants.
        {R"({})",
         R"({"fields":{"x":{"type":"map","fields":{"y":{"type":"or_set","required":true}}}}})",
         {}},
        // Refused.
        {R"({"fields":{"x":{"type":"register"}}})",
         R"({})",
         {{"c.x", R::field_removed, "is not declared any more"}}},
        {R"({"fields":{"x":{"type":"register"}}})",
         R"({"fields":{"x":{"type":"mv_register"}}})",
         {{"c.x", R::type_changed, "was register, is mv_register; take another key"}}},
        {R"({"fields":{"x":{"type":"register","kind":"real"}}})",
         R"({"fields":{"x":{"type":"register","kind":"integer"}}})",
         {{"c.x", R::kind_narrowed, "was real, is integer"}}},
        {R"({"fields":{"x":{"type":"register"}}})",
         R"({"fields":{"x":{"type":"register","kind":["text","null"]}}})",
         {{"c.x", R::kind_narrowed, "was any, is null or text"}}},
        {R"({"fields":{"x":{"type":"register","kind":"text"}}})",
         R"({"fields":{"x":{"type":"register","kind":"binary"}}})",
         {{"c.x", R::kind_narrowed, "was text, is binary"}}},
        {R"({"fields":{"x":{"type":"register"}}})",
         R"({"fields":{"x":{"type":"register","required":true}}})",
         {{"c.x", R::made_required, "was optional"}}},
        {R"({})",
         R"({"fields":{"x":{"type":"register","required":true}}})",
         {{"c.x", R::made_required, "is new where documents may be without it"}}},
        {R"({"fields":{"m":{"type":"map"}}})",
         R"({"fields":{"m":{"type":"map","fields":{"x":{"type":"register","required":true}}}}})",
         {{"c.m.x", R::made_required, "is new where documents may be without it"}}},
        {R"({"fields":{"l":{"type":"list"}}})",
         R"({"fields":{"l":{"type":"list","elements":{"type":"register"}}}})",
         {{"c.l[]", R::kind_narrowed, "were anything, are register"}}},
        {R"({"fields":{"l":{"type":"list","elements":{"type":"register"}}}})",
         R"({"fields":{"l":{"type":"list","elements":{"type":"register","kind":"text"}}}})",
         {{"c.l[]", R::kind_narrowed, "was any, is text"}}},
        {R"({"fields":{"l":{"type":"list","elements":{"type":"map"}}}})",
         R"({"fields":{"l":{"type":"list","elements":{"type":"map","fields":{"x":{"type":"text","required":true}}}}}})",
         {{"c.l[].x", R::made_required, "is new where documents may be without it"}}},
        {R"({"fields":{"l":{"type":"list","elements":{"type":"map"}}}})",
         R"({"fields":{"l":{"type":"list","elements":{"type":"text"}}}})",
         {{"c.l[]", R::type_changed, "was map, is text; take another key"}}},
        {R"({"fields":{"x":{"type":"register","default":1}}})",
         R"({"fields":{"x":{"type":"register","default":2}}})",
         {{"c.x", R::default_changed, "was 1, is 2"}}},
        {R"({"fields":{"x":{"type":"pn_counter","default":0}}})",
         R"({"fields":{"x":{"type":"pn_counter"}}})",
         {{"c.x", R::default_changed, "was 0, is none any more"}}},
        {R"({})", R"({"closed":true})", {{"c", R::made_closed, "was open"}}},
        {R"({"fields":{"m":{"type":"map"}}})",
         R"({"fields":{"m":{"type":"map","closed":true}}})",
         {{"c.m", R::made_closed, "was open"}}},
        {R"({"fields":{"m":{"type":"map","fields":{"x":{"type":"ew_flag"}}},"y":{"type":"map"}}})",
         R"({"fields":{"m":{"type":"map","fields":{"x":{"type":"dw_flag"}}}}})",
         {{"c.m.x", R::type_changed, "was ew_flag, is dw_flag; take another key"},
          {"c.y", R::field_removed, "is not declared any more"}}},
    };
    for (const Case& one : cases) {
        CAPTURE(one.from, one.to);
        const Schema from = c_of(one.from);
        const Schema to = c_of(one.to);
        CHECK(evolution_findings(from, to) == one.findings);
        const auto checked = check_evolution(from, to);
        CHECK(checked.has_value() == one.findings.empty());
        if (checked) continue;
        CHECK(checked.error().code == ErrorCode::schema_incompatible);
        for (const SchemaFinding& finding : one.findings) {
            CHECK(checked.error().message.find(finding.text()) != std::string::npos);
        }
    }
    CHECK(refusal(check_evolution(tasks_schema(), Schema()), ErrorCode::schema_incompatible) ==
          "notes: collection_removed: is not declared any more; "
          "tasks: collection_removed: is not declared any more");
    CHECK(check_evolution(Schema(), tasks_schema()));
}

namespace {

const std::vector<std::string> keys = {"a", "b", "c", "d", "e", "f"};

ValueKinds arbitrary_kinds(Random& random) {
    if (random.one_in(3)) return {};
    ValueKinds kinds = ValueKinds::none();
    do {
        kinds.add(static_cast<ValueKind>(random.below(8)));
    } while (random.one_in(2));
    return kinds;
}

bool has_values(Type type) {
    return accepts(type, OpCode::set) || (accepts(type, OpCode::insert) && type != Type::map);
}

FieldSchema arbitrary_field(Random& random, std::size_t depth);

MapSchema arbitrary_shape(Random& random, std::size_t depth) {
    MapSchema shape;
    shape.closed = random.one_in(3);
    for (const std::string& key : keys) {
        if (random.one_in(2)) continue;
        shape.fields.push_back(arbitrary_field(random, depth));
        shape.fields.back().key = key;
    }
    return shape;
}

FieldSchema arbitrary_field(Random& random, std::size_t depth) {
    FieldSchema field;
    std::optional<Type> type;
    while (!type || (*type == Type::map && depth == 0)) type = type_of(random.below(16));
    field.type = *type;
    if (has_values(field.type)) field.kinds = arbitrary_kinds(random);
    field.required = random.one_in(4);
    if (field.type == Type::map) field.shape = arbitrary_shape(random, depth - 1);
    if (field.type == Type::list && depth > 0 && !random.one_in(3)) {
        FieldSchema elements = arbitrary_field(random, depth - 1);
        elements.required = false;
        elements.fallback.reset();
        if (can_be_placed(elements.type) || elements.type == Type::lww_register) {
            field.elements = std::move(elements);
        }
    }
    const Value value = arbitrary_value(random, 1);
    if (accepts(field.type, OpCode::set) && !field.required && field.kinds.holds(value)) {
        field.fallback = value;
    }
    return field;
}

Schema arbitrary_schema(Random& random) {
    Schema schema;
    for (const char* name : {"tasks", "notes"}) {
        if (!random.one_in(4)) schema.collections.emplace(name, arbitrary_shape(random, 2));
    }
    return schema;
}

void grow(MapSchema& shape, Random& random, std::size_t depth) {
    if (random.one_in(3)) shape.closed = false;
    for (FieldSchema& field : shape.fields) {
        if (has_values(field.type) && random.one_in(3)) {
            field.kinds.add(static_cast<ValueKind>(random.below(8)));
        }
        if (random.one_in(3)) field.required = false;
        if (!field.fallback && !field.required && accepts(field.type, OpCode::set) &&
            field.kinds.any() && random.one_in(3)) {
            field.fallback = arbitrary_value(random, 1);
        }
        if (field.type == Type::map && depth > 0) grow(field.shape, random, depth - 1);
        if (field.elements && random.one_in(4)) field.elements = {};
        if (field.elements && field.elements->type == Type::map && depth > 0) {
            grow(field.elements->shape, random, depth - 1);
        }
    }
    const std::string& key = keys[random.below(keys.size())];
    if (shape.find(key) == nullptr) {
        FieldSchema field = arbitrary_field(random, depth);
        field.key = key;
        field.required = false;
        const auto at = std::find_if(shape.fields.begin(), shape.fields.end(),
                                     [&](const FieldSchema& other) { return key < other.key; });
        shape.fields.insert(at, std::move(field));
    }
}

/// As a later version of the app might declare it.
Schema grown(Schema schema, Random& random) {
    for (auto& [name, shape] : schema.collections) grow(shape, random, 2);
    if (random.one_in(3)) schema.collections.try_emplace("lists", arbitrary_shape(random, 1));
    return schema;
}

FieldOp arbitrary_write(Random& random) {
    FieldOp op;
    for (std::size_t depth = 1 + random.below(3); depth > 0; --depth) {
        std::optional<Type> type = random.one_in(2) ? Type::map : Type::list;
        if (depth == 1) {
            do type = type_of(random.below(16));
            while (!type);
        }
        const bool in_list = !op.path.empty() && op.path.back().type == Type::list;
        op.path.push_back(in_list ? Step(Dot{alice, 1}, *type)
                                  : Step(keys[random.below(keys.size())], *type));
    }
    do op.op.code = static_cast<OpCode>(1 + random.below(12));
    while (!accepts(op.path.back().type, op.op.code));
    op.op.value = arbitrary_value(random, 1);
    if (op.op.code == OpCode::place && op.path.back().type == Type::list) {
        do op.op.inner = type_of(random.below(16)).value_or(Type::or_set);
        while (!can_be_placed(op.op.inner) && op.op.inner != Type::lww_register);
        op.op.value = Value(Value::Array{op.op.value});
    }
    return op;
}

}  // namespace

TEST_CASE("schemas that grow and grow stay compatible, and what was allowed stays so", "[schema]") {
    std::size_t refused = 0;
    std::size_t allowed = 0;
    for (std::uint64_t run = 0; run < scaled(500); ++run) {
        const std::uint64_t seed = first_seed() + run;
        CAPTURE(seed);
        Random random(seed);
        const Schema first = arbitrary_schema(random);
        CAPTURE(first.to_json());
        REQUIRE(schema_of(first.to_json()) == first);
        REQUIRE(check_evolution(first, first));
        const Schema second = grown(first, random);
        const Schema third = grown(second, random);
        CAPTURE(third.to_json());
        REQUIRE(check_evolution(first, second));
        REQUIRE(check_evolution(second, third));
        REQUIRE(check_evolution(first, third));
        REQUIRE(schema_of(third.to_json()) == third);
        for (int i = 0; i < 40; ++i) {
            const FieldOp op = arbitrary_write(random);
            // A field that nobody had declared may be declared in another type meanwhile.
            const MapSchema* shape = first.find("tasks");
            const FieldSchema* field = nullptr;
            for (const Step& step : op.path) {
                if (!step.is_element()) {
                    field = shape == nullptr ? nullptr : shape->find(step.key);
                } else if (field != nullptr) {
                    field = field->elements ? &*field->elements : nullptr;
                }
                shape = field == nullptr ? nullptr : &field->shape;
            }
            const bool declared = shape != nullptr;
            if (!check_write(first, task, op)) {
                ++refused;
            } else if (declared) {
                ++allowed;
                REQUIRE(check_write(third, task, op));
            }
        }
    }
    CHECK(refused > 0);
    CHECK(allowed > 0);
}

TEST_CASE("no text crashes the reader, and what it takes has one form", "[schema]") {
    std::size_t taken = 0;
    for (std::uint64_t run = 0; run < scaled(3'000); ++run) {
        const std::uint64_t seed = first_seed() + run;
        CAPTURE(seed);
        Random random(seed);
        const Schema schema = arbitrary_schema(random);
        const std::string text = schema.to_json();
        const Bytes bytes = damaged(Bytes(as_bytes(text).begin(), as_bytes(text).end()), random);
        const auto parsed = Schema::parse(as_text(bytes));
        if (!parsed) continue;
        ++taken;
        REQUIRE(schema_of(parsed->to_json()) == *parsed);
    }
    CHECK(taken > 0);
}

// ---- Other apps

TEST_CASE("replicas with different schemas that grew from one come to equal digests", "[schema]") {
    std::size_t unknown_fields = 0;
    for (std::uint64_t run = 0; run < scaled(200); ++run) {
        const std::uint64_t seed = first_seed() + run;
        CAPTURE(seed);
        Random random(seed);
        std::vector<Schema> schemas = {arbitrary_schema(random)};
        schemas.push_back(grown(schemas[0], random));
        schemas.push_back(Schema());
        // Each writes what its own schema allows, offline.
        using Replica = Replicated<OrMap>;
        std::vector<Replica> replicas(3);
        std::vector<Replica::Update> sent;
        for (int i = 0; i < 60; ++i) {
            const std::size_t at = random.below(3);
            FieldOp op = arbitrary_write(random);
            // Those name what is there; this test makes them without looking.
            if (op.op.code == OpCode::cancel || op.op.code == OpCode::clear) continue;
            if (op.op.code >= OpCode::place || op.path.back().type == Type::list) continue;
            if (op.path.back().is_element()) continue;
            if (!check_write(schemas[at], task, op)) continue;
            sent.push_back(replicas[at].update(replica(at), Hlc::at(random.below(100)), op));
        }
        // What comes from elsewhere is taken in, whatever the own schema says of it.
        for (std::size_t at = 0; at < 3; ++at) {
            for (const auto& update : sent) {
                if (!check_write(schemas[at], task, update.op)) ++unknown_fields;
                replicas[at].apply(update);
            }
        }
        std::vector<Hash> digests;
        for (std::size_t at = 0; at < 3; ++at) {
            const Document document(*replicas[at]);
            (void)view_with_defaults(schemas[at], "tasks", document);
            (void)lacking(schemas[at], task, document);
            Digest digest;
            digest.add(task, wire::encode_document(document));
            digests.push_back(digest.value());
        }
        REQUIRE(digests[0] == digests[1]);
        REQUIRE(digests[0] == digests[2]);
    }
    CHECK(unknown_fields > 0);
}

TEST_CASE("what a newer app wrote survives an edit by an older one", "[schema]") {
    const Schema& older = tasks_schema();
    Schema newer = older;
    newer.collections["tasks"].fields.push_back({});
    FieldSchema& added = newer.collections["tasks"].fields.back();
    added.key = "zone";
    added.type = Type::map;
    REQUIRE(check_evolution(older, newer));

    Editing editing;
    editing.set({{"title", Type::lww_register}}, "a");
    const Path zone = {{"zone", Type::map}, {"name", Type::lww_register}};
    editing.set(zone, "north");
    const Path colour = {{"address", Type::map}, {"colour", Type::lww_register}};
    editing.set(colour, "red");  // its address was not closed
    // To disk and back, at the older app, which edits and shows it.
    const Bytes stored = wire::encode_document(editing.document);
    Editing old;
    old.author = bob;
    old.document = wire::decode_document(stored, wire::state_limits()).value();
    const FieldOp edit{
        {{"title", Type::lww_register}},
        old.document.root().at<LwwRegister>({{"title", Type::lww_register}}).set("b")};
    REQUIRE(check_write(older, task, edit));
    old.apply(edit);
    REQUIRE(check_required(older, task, old.document, lacking(older, task, editing.document)));
    CHECK(*old.seen_with(older).find("zone")->find("name") == Value("north"));
    CHECK(*old.seen_with(older).find("address")->find("colour") == Value("red"));
    CHECK(*old.document.root().at<LwwRegister>(zone).value() == Value("north"));
    CHECK(*old.document.root().at<LwwRegister>(colour).value() == Value("red"));
}

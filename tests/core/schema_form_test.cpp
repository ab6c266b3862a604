// A schema's text: one form, every type named, and what is no schema.

#include "arbitrary_schema.hpp"
#include "schema_world.hpp"

#include <catch2/catch.hpp>

using namespace syncline;
using namespace syncline::testing;

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

#include "schema_world.hpp"

#include <catch2/catch.hpp>

namespace syncline::testing {

namespace {

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

}  // namespace

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

Schema with_fields(const std::string& fields, const std::string& more) {
    return schema_of(R"({"collections":{"c":{"fields":{)" + fields + "}" + more + "}}}");
}

void Editing::apply(const FieldOp& op) {
    document.apply(op, {{author, next}, stamp}, nullptr);
    ++next;
    stamp = stamp.next();
}

void Editing::set(const Path& path, Value value) {
    apply({path, document.root().at<LwwRegister>(path).set(std::move(value))});
}

void Editing::clear(const Path& path) {
    for (const FieldOp& op : document.root().clear(path, author)) apply(op);
}

Value Editing::seen_with(const Schema& schema) const {
    return view_with_defaults(schema, "tasks", document);
}

Hash Editing::digest() const {
    Digest sum;
    sum.add(task, wire::encode_document(document));
    return sum.value();
}

FieldOp op_of(Path path, OpCode code, Value value) {
    FieldOp op{std::move(path), {}};
    op.op.code = code;
    op.op.value = std::move(value);
    return op;
}

FieldOp setting(const std::string& key, Value value) {
    return op_of({{key, Type::lww_register}}, OpCode::set, std::move(value));
}

std::string refusal(const Result<>& result, ErrorCode code) {
    if (result) return "no refusal";
    CHECK(result.error().code == code);
    return result.error().message;
}

std::string write(const FieldOp& op, const std::string& collection) {
    return refusal(check_write(tasks_schema(), {collection, "t1"}, op));
}

}  // namespace syncline::testing

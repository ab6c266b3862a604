#include "syncline/document/schema.hpp"

#include "syncline/document/json.hpp"

#include <algorithm>
#include <utility>

namespace syncline {

namespace {

constexpr std::string_view kind_names[] = {"null", "boolean", "integer", "real",
                                           "text", "binary",  "array",   "map"};

bool is_register(Type type) { return accepts(type, OpCode::set); }
bool is_counter(Type type) { return accepts(type, OpCode::add); }
bool is_flag(Type type) { return accepts(type, OpCode::enable); }
bool is_set(Type type) { return accepts(type, OpCode::insert); }
bool is_list(Type type) { return name_of(type) == "list"; }
bool is_text(Type type) { return name_of(type) == "text"; }

std::optional<Type> type_named(std::string_view name) {
    for (std::uint64_t number = 0; number < 256; ++number) {
        const auto type = type_of(number);
        if (type && name_of(*type) == name) return type;
    }
    return std::nullopt;
}

/// What a field of a type other than a register is before anybody wrote it.
Value zero_of(Type type) {
    if (type == Type::map) return Value::Map{};
    if (is_counter(type)) return 0;
    if (is_flag(type)) return false;
    if (is_set(type) || is_list(type)) return Value::Array{};
    if (is_text(type)) return "";
    return {};
}

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

/// "text", or "text or null".
std::string described(const ValueKinds& kinds) {
    if (kinds.any()) return "any";
    std::string text;
    for (std::size_t i = 0; i < std::size(kind_names); ++i) {
        const auto kind = static_cast<ValueKind>(i);
        if (!kinds.has(kind)) continue;
        if (kind == ValueKind::integer && kinds.has(ValueKind::real)) continue;
        if (!text.empty()) text += " or ";
        text += kind_names[i];
    }
    return text;
}

}  // namespace

// ---- Kinds

ValueKind kind_of(const Value& value) {
    if (value.boolean() != nullptr) return ValueKind::boolean;
    if (value.integer() != nullptr) return ValueKind::integer;
    if (value.real() != nullptr) return ValueKind::real;
    if (value.text() != nullptr) return ValueKind::text;
    if (value.binary() != nullptr) return ValueKind::binary;
    if (value.array() != nullptr) return ValueKind::array;
    if (value.map() != nullptr) return ValueKind::map;
    return ValueKind::null;
}

std::string_view name_of(ValueKind kind) { return kind_names[static_cast<std::size_t>(kind)]; }

ValueKinds::ValueKinds(std::initializer_list<ValueKind> kinds) : bits_(0) {
    for (const ValueKind kind : kinds) add(kind);
}

ValueKinds ValueKinds::none() {
    ValueKinds kinds;
    kinds.bits_ = 0;
    return kinds;
}

void ValueKinds::add(ValueKind kind) {
    bits_ |= bit(kind);
    if (kind == ValueKind::real) bits_ |= bit(ValueKind::integer);
}

// ---- Schema

const FieldSchema* MapSchema::find(std::string_view key) const {
    const auto at = std::lower_bound(
        fields.begin(), fields.end(), key,
        [](const FieldSchema& field, std::string_view wanted) { return field.key < wanted; });
    return at != fields.end() && at->key == key ? &*at : nullptr;
}

bool operator==(const MapSchema& a, const MapSchema& b) {
    return a.closed == b.closed && a.fields == b.fields;
}

const MapSchema* Schema::find(std::string_view collection) const {
    const auto found = collections.find(std::string(collection));
    return found == collections.end() ? nullptr : &found->second;
}

namespace {

/// Reads the JSON form. The first error ends it. Recursion is bounded by path_max.
class SchemaReader {
public:
    static Result<Schema> read(const Value& json) {
        SchemaReader reader;
        Schema schema = reader.schema(json);
        if (reader.error_) return tl::unexpected(*reader.error_);
        return schema;
    }

private:
    /// Adds a step to what errors name, for as long as it lives.
    class At {
    public:
        At(SchemaReader& reader, std::string_view step)
            : reader_(reader), size_(reader.at_.size()) {
            if (size_ > 0 && step != "[]") reader.at_ += '.';
            reader.at_ += step;
        }
        At(const At&) = delete;
        At& operator=(const At&) = delete;
        ~At() { reader_.at_.resize(size_); }

    private:
        SchemaReader& reader_;
        std::size_t size_;
    };

    void wrong(const std::string& what, ErrorCode code = ErrorCode::malformed) {
        if (!error_) error_ = Error{code, (at_.empty() ? "the schema" : at_) + ": " + what};
    }

    const Value::Map* members(const Value& json, std::initializer_list<std::string_view> known) {
        const Value::Map* map = json.map();
        if (map == nullptr) {
            wrong("is no object");
            return nullptr;
        }
        for (const Value::Member& member : *map) {
            if (std::find(known.begin(), known.end(), member.key) == known.end()) {
                wrong("has a member " + quoted(member.key) + ", which means nothing here");
            }
        }
        return map;
    }

    bool boolean(const Value& json, std::string_view name) {
        const Value* member = json.find(name);
        if (member == nullptr) return false;
        if (member->boolean() == nullptr) {
            const At at(*this, name);
            wrong("is neither true nor false");
            return false;
        }
        return *member->boolean();
    }

    Schema schema(const Value& json) {
        Schema schema;
        if (members(json, {"collections", "version"}) == nullptr) return schema;
        if (const Value* version = json.find("version")) {
            const At at(*this, "version");
            if (version->integer() == nullptr || *version->integer() < 0) {
                wrong("is no integer from 0");
            } else {
                schema.version = *version->integer();
            }
        }
        const Value* collections = json.find("collections");
        if (collections == nullptr || collections->map() == nullptr) {
            wrong("has no object \"collections\"");
            return schema;
        }
        for (const Value::Member& member : *collections->map()) {
            const At at(*this, member.key);
            if (!is_document_name(member.key)) {
                wrong("a collection's name is 1 to 128 bytes without control characters",
                      ErrorCode::invalid_argument);
            }
            if (members(member.value, {"fields", "closed"}) == nullptr) continue;
            schema.collections.emplace(member.key, shape(member.value, 1));
        }
        return schema;
    }

    MapSchema shape(const Value& json, std::size_t depth) {
        MapSchema shape;
        shape.closed = boolean(json, "closed");
        const Value* fields = json.find("fields");
        if (fields == nullptr) return shape;
        if (fields->map() == nullptr) {
            const At at(*this, "fields");
            wrong("is no object");
            return shape;
        }
        if (depth > wire::path_max) {
            wrong("fields nest at most 16 deep", ErrorCode::too_deep);
            return shape;
        }
        for (const Value::Member& member : *fields->map()) {  // ascending: a Value's map is
            const At at(*this, member.key);
            if (member.key.size() > wire::key_bytes_max) {
                wrong("a key has at most 1,024 bytes", ErrorCode::invalid_argument);
            }
            shape.fields.push_back(field(member.value, depth));
            shape.fields.back().key = member.key;
            if (error_) break;
        }
        return shape;
    }

    FieldSchema field(const Value& json, std::size_t depth) {
        FieldSchema field;
        if (members(json, {"type", "kind", "default", "required", "fields", "closed",
                           "elements"}) == nullptr) {
            return field;
        }
        field.type = type(json);
        if (error_) return field;
        only_for(json, "kind", is_register(field.type) || is_set(field.type), "registers and sets");
        only_for(json, "fields", field.type == Type::map, "maps");
        only_for(json, "closed", field.type == Type::map, "maps");
        only_for(json, "elements", is_list(field.type), "lists");
        field.kinds = kinds(json);
        field.required = boolean(json, "required");
        if (field.type == Type::map) field.shape = shape(json, depth + 1);
        if (const Value* elements = json.find("elements")) take_elements(field, *elements, depth);
        if (const Value* fallback = json.find("default")) take_default(field, *fallback);
        return field;
    }

    void only_for(const Value& json, std::string_view name, bool fits, const char* whom) {
        if (fits || json.find(name) == nullptr) return;
        const At at(*this, name);
        wrong(std::string("is for ") + whom);
    }

    Type type(const Value& json) {
        const Value* name = json.find("type");
        if (name == nullptr) {
            wrong("has no \"type\"");
            return {};
        }
        const At at(*this, "type");
        if (name->text() == nullptr) {
            wrong("is no text");
            return {};
        }
        const auto type = type_named(*name->text());
        if (!type) wrong(quoted(*name->text()) + " is no type");
        return type.value_or(Type{});
    }

    ValueKinds kinds(const Value& json) {
        const Value* written = json.find("kind");
        if (written == nullptr) return {};
        const At at(*this, "kind");
        Value::Array names;
        if (written->array() != nullptr) {
            names = *written->array();
        } else {
            names.push_back(*written);
        }
        if (names.empty()) wrong("is an empty list: nothing could be written");
        ValueKinds kinds = ValueKinds::none();
        for (const Value& name : names) {
            if (name.text() == nullptr) {
                wrong("is neither a name nor a list of names");
                return {};
            }
            if (*name.text() == "any") return {};
            const auto* const known =
                std::find(std::begin(kind_names), std::end(kind_names), *name.text());
            if (known == std::end(kind_names)) {
                wrong(quoted(*name.text()) + " is no kind of value");
                return {};
            }
            kinds.add(static_cast<ValueKind>(known - std::begin(kind_names)));
        }
        return kinds;
    }

    void take_elements(FieldSchema& field, const Value& json, std::size_t depth) {
        const At at(*this, "[]");
        if (depth >= wire::path_max) {
            return wrong("fields nest at most 16 deep", ErrorCode::too_deep);
        }
        for (const char* name : {"default", "required"}) {
            if (json.find(name) == nullptr) continue;
            return wrong("has a member " + quoted(name) + ", which an element cannot have");
        }
        field.elements.push_back(this->field(json, depth + 1));
    }

    void take_default(FieldSchema& field, const Value& fallback) {
        const At at(*this, "default");
        if (field.required) return wrong("a required field is always written and has no default");
        if (is_register(field.type)) {
            if (auto good = check(fallback); !good) {
                return wrong(good.error().message, good.error().code);
            }
            if (!field.kinds.holds(fallback)) {
                return wrong("is " + std::string(name_of(kind_of(fallback))) +
                             ", where the field is " + described(field.kinds));
            }
        } else if (!(fallback == zero_of(field.type))) {
            return wrong("for " + std::string(name_of(field.type)) + " it can only be " +
                         syncline::to_json(zero_of(field.type)) +
                         ": a write has to win over all of it");
        }
        field.fallback = fallback;
    }

    std::string at_;
    std::optional<Error> error_;
};

Value json_of(const MapSchema& shape, Value::Map members);

Value json_of(const ValueKinds& kinds) {
    Value::Array names;
    for (std::size_t i = 0; i < std::size(kind_names); ++i) {
        const auto kind = static_cast<ValueKind>(i);
        if (!kinds.has(kind)) continue;
        if (kind == ValueKind::integer && kinds.has(ValueKind::real)) continue;
        names.emplace_back(kind_names[i]);
    }
    return names.size() == 1 ? names.front() : Value(std::move(names));
}

Value json_of(const FieldSchema& field) {
    Value::Map members{{"type", Value(name_of(field.type))}};
    if (!field.kinds.any()) members.push_back({"kind", json_of(field.kinds)});
    if (field.fallback) members.push_back({"default", *field.fallback});
    if (field.required) members.push_back({"required", Value(true)});
    if (!field.elements.empty()) members.push_back({"elements", json_of(field.elements.front())});
    return json_of(field.shape, std::move(members));
}

/// `members` and the shape's, as one object.
Value json_of(const MapSchema& shape, Value::Map members) {
    if (shape.closed) members.push_back({"closed", Value(true)});
    if (!shape.fields.empty()) {
        Value::Map fields;
        for (const FieldSchema& field : shape.fields) fields.push_back({field.key, json_of(field)});
        members.push_back({"fields", Value(std::move(fields))});
    }
    return members;
}

}  // namespace

Result<Schema> Schema::parse(std::string_view json) {
    if (json.size() > bytes_max) return fail(ErrorCode::too_large, "a schema has at most 1 MiB");
    // A level of fields takes two of JSON; a default at the bottom has its own.
    auto value = parse_json(json, 2 * wire::path_max + wire::value_depth_max + 4);
    if (!value) return fail(value.error().code, "the schema: " + value.error().message);
    return SchemaReader::read(*value);
}

std::string Schema::to_json() const {
    Value::Map all;
    for (const auto& [name, shape] : collections) all.push_back({name, json_of(shape, {})});
    Value::Map members{{"collections", Value(std::move(all))}};
    if (version != 0) members.push_back({"version", Value(version)});
    return syncline::to_json(Value(std::move(members)));
}

// ---- Rules

std::string_view name_of(SchemaRule rule) {
    switch (rule) {
        case SchemaRule::type_mismatch: return "type_mismatch";
        case SchemaRule::kind_mismatch: return "kind_mismatch";
        case SchemaRule::undeclared_field: return "undeclared_field";
        case SchemaRule::required_missing: return "required_missing";
        case SchemaRule::collection_removed: return "collection_removed";
        case SchemaRule::field_removed: return "field_removed";
        case SchemaRule::type_changed: return "type_changed";
        case SchemaRule::kind_narrowed: return "kind_narrowed";
        case SchemaRule::made_required: return "made_required";
        case SchemaRule::default_changed: return "default_changed";
        case SchemaRule::made_closed: return "made_closed";
    }
    return "unknown";
}

std::string SchemaFinding::text() const {
    return field + ": " + std::string(name_of(rule)) + ": " + detail;
}

namespace {

tl::unexpected<Error> violation(std::string field, SchemaRule rule, std::string detail) {
    return fail(ErrorCode::schema_violation,
                SchemaFinding{std::move(field), rule, std::move(detail)}.text());
}

std::string below(const std::string& at, std::string_view key) {
    return at + '.' + std::string(key);
}

void compare(const MapSchema& from, const MapSchema& to, const std::string& at,
             std::vector<SchemaFinding>& findings);

void compare(const FieldSchema& from, const FieldSchema& to, const std::string& at,
             std::vector<SchemaFinding>& findings) {
    if (from.type != to.type) {
        findings.push_back({at, SchemaRule::type_changed,
                            "was " + std::string(name_of(from.type)) + ", is " +
                                std::string(name_of(to.type)) + "; take another key"});
        return;  // the rest has no common measure
    }
    if (!from.kinds.within(to.kinds)) {
        findings.push_back({at, SchemaRule::kind_narrowed,
                            "was " + described(from.kinds) + ", is " + described(to.kinds)});
    }
    if (to.required && !from.required) {
        findings.push_back({at, SchemaRule::made_required, "was optional"});
    }
    if (from.fallback && !(from.fallback == to.fallback)) {
        findings.push_back(
            {at, SchemaRule::default_changed,
             "was " + to_json(*from.fallback) + ", is " +
                 (to.fallback ? to_json(*to.fallback) : std::string("none any more"))});
    }
    compare(from.shape, to.shape, at, findings);
    if (to.elements.empty()) return;
    const FieldSchema& elements = to.elements.front();
    if (from.elements.empty()) {
        findings.push_back({at + "[]", SchemaRule::kind_narrowed,
                            "were anything, are " + std::string(name_of(elements.type))});
    } else {
        compare(from.elements.front(), elements, at + "[]", findings);
    }
}

void compare(const MapSchema& from, const MapSchema& to, const std::string& at,
             std::vector<SchemaFinding>& findings) {
    if (to.closed && !from.closed) findings.push_back({at, SchemaRule::made_closed, "was open"});
    for (const FieldSchema& field : from.fields) {
        const std::string where = below(at, field.key);
        if (const FieldSchema* kept = to.find(field.key)) {
            compare(field, *kept, where, findings);
        } else {
            findings.push_back({where, SchemaRule::field_removed, "is not declared any more"});
        }
    }
    for (const FieldSchema& field : to.fields) {
        if (!field.required || from.find(field.key) != nullptr) continue;
        findings.push_back({below(at, field.key), SchemaRule::made_required,
                            "is new where documents may be without it"});
    }
}

}  // namespace

std::vector<SchemaFinding> evolution_findings(const Schema& from, const Schema& to) {
    std::vector<SchemaFinding> findings;
    for (const auto& [name, shape] : from.collections) {
        if (const MapSchema* kept = to.find(name)) {
            compare(shape, *kept, name, findings);
        } else {
            findings.push_back({name, SchemaRule::collection_removed, "is not declared any more"});
        }
    }
    return findings;
}

Result<> check_evolution(const Schema& from, const Schema& to) {
    const std::vector<SchemaFinding> findings = evolution_findings(from, to);
    if (findings.empty()) return {};
    constexpr std::size_t told_max = 10;
    std::string text;
    for (std::size_t i = 0; i < findings.size() && i < told_max; ++i) {
        if (i > 0) text += "; ";
        text += findings[i].text();
    }
    if (findings.size() > told_max) {
        text += "; and " + std::to_string(findings.size() - told_max) + " more";
    }
    return fail(ErrorCode::schema_incompatible, std::move(text));
}

// ---- Writes

namespace {

Result<> check_type(const FieldSchema& field, Type type, const std::string& at) {
    if (field.type == type) return {};
    return violation(at, SchemaRule::type_mismatch,
                     "is declared as " + std::string(name_of(field.type)) + ", not " +
                         std::string(name_of(type)));
}

Result<> check_kind(const FieldSchema& field, const Value& value, const std::string& at) {
    if (field.kinds.holds(value)) return {};
    return violation(at, SchemaRule::kind_mismatch,
                     "is declared " + described(field.kinds) + "; the value is " +
                         std::string(name_of(kind_of(value))));
}

}  // namespace

Result<> check_write(const Schema& schema, const DocumentKey& key, const FieldOp& op) {
    // An app may take away what another one wrote.
    if (op.op.code == OpCode::clear || op.op.code == OpCode::cancel) return {};
    const MapSchema* shape = schema.find(key.collection);
    if (shape == nullptr) return {};
    std::string at = key.collection;
    const FieldSchema* field = nullptr;
    for (const auto& step : op.path) {
        // What is declared of a list's elements holds for each of them; of nothing, for none.
        if (field != nullptr && is_list(field->type)) {
            if (field->elements.empty()) return {};
            at += "[]";
            field = &field->elements.front();
        } else {
            at = below(at, step.key);
            field = shape->find(step.key);
            if (field == nullptr) {
                if (!shape->closed) return {};  // and so is all below it
                return violation(at, SchemaRule::undeclared_field,
                                 "is not declared, and the schema is closed here");
            }
        }
        if (auto good = check_type(*field, step.type, at); !good) return good;
        shape = &field->shape;
    }
    if (field == nullptr) return {};  // the document's root
    if (op.op.code == OpCode::set || op.op.code == OpCode::insert) {
        return check_kind(*field, op.op.value, at);
    }
    return {};
}

namespace {

void look_for_lacking(const MapSchema& shape, const OrMap& map, const std::string& at,
                      std::vector<std::string>& lacking) {
    for (const FieldSchema& field : shape.fields) {
        if (!field.required && field.shape.fields.empty()) continue;
        const Node* node = map.find(FieldKey{field.key, field.type});
        const bool there = node != nullptr && node->live();
        if (field.required && !there) lacking.push_back(below(at, field.key));
        if (!there) continue;
        if (const auto* inner = node->as<OrMap>()) {
            look_for_lacking(field.shape, *inner, below(at, field.key), lacking);
        }
    }
}

}  // namespace

std::vector<std::string> lacking(const Schema& schema, const DocumentKey& key,
                                 const Document& document) {
    std::vector<std::string> found;
    const MapSchema* shape = schema.find(key.collection);
    if (shape != nullptr && document.exists()) {
        look_for_lacking(*shape, document.root(), key.collection, found);
    }
    return found;
}

Result<> check_required(const Schema& schema, const DocumentKey& key, const Document& document,
                        const std::vector<std::string>& lacked_before) {
    for (const std::string& field : lacking(schema, key, document)) {
        if (std::find(lacked_before.begin(), lacked_before.end(), field) != lacked_before.end()) {
            continue;
        }
        return violation(field, SchemaRule::required_missing,
                         "document " + key.id + " is left without it");
    }
    return {};
}

// ---- Views

namespace {

Value view_of(const MapSchema& shape, const OrMap& map);

/// What is shown in the place of a declared field, if anything is.
std::optional<Value> shown(const FieldSchema& field, const Node* node) {
    const bool there = node != nullptr && node->live();
    if (field.type == Type::map) {
        static const OrMap none;
        const OrMap* map = there ? node->as<OrMap>() : nullptr;
        Value inner = view_of(field.shape, map == nullptr ? none : *map);
        if (there || field.fallback || !inner.map()->empty()) return inner;
        return std::nullopt;
    }
    if (there) return view(*node);
    if (!field.fallback) return std::nullopt;
    if (field.type == Type::mv_register) return Value(Value::Array{*field.fallback});
    return field.fallback;
}

Value view_of(const MapSchema& shape, const OrMap& map) {
    Value::Map members;
    for (const FieldSchema& field : shape.fields) {
        if (auto value = shown(field, map.find(FieldKey{field.key, field.type}))) {
            members.push_back({field.key, std::move(*value)});
        }
    }
    for (const auto& [field, node] : map.fields()) {
        if (!node->live() || shape.find(field.key) != nullptr) continue;
        // Of several types under one key the first is shown, as in view().
        if (!members.empty() && members.back().key == field.key) continue;
        members.push_back({field.key, view(*node)});
    }
    return members;
}

}  // namespace

Value view_with_defaults(const Schema& schema, std::string_view collection,
                         const Document& document) {
    return view_with_defaults(schema, collection, document.root(), {});
}

Value view_with_defaults(const Schema& schema, std::string_view collection, const OrMap& root,
                         const Path& path) {
    const MapSchema* shape = schema.find(collection);
    for (const auto& step : path) {
        const FieldSchema* field = shape == nullptr ? nullptr : shape->find(step.key);
        shape = field == nullptr || field->type != step.type ? nullptr : &field->shape;
    }
    const OrMap& map = root.at<OrMap>(path);
    return shape == nullptr ? view(map) : view_of(*shape, map);
}

}  // namespace syncline

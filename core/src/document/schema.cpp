#include "syncline/document/schema.hpp"

#include "syncline/document/json.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace syncline {

namespace {

constexpr std::string_view kind_names[] = {"null", "boolean", "integer", "real",
                                           "text", "binary",  "array",   "map"};

bool is_register(Type type) { return accepts(type, OpCode::set); }
bool is_counter(Type type) { return accepts(type, OpCode::add); }
bool is_flag(Type type) { return accepts(type, OpCode::enable); }
bool is_set(Type type) { return accepts(type, OpCode::insert); }

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
    if (type == Type::text) return "";
    if (is_counter(type)) return 0;
    if (is_flag(type)) return false;
    return Value::Array{};
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
        only_for(json, "elements", field.type == Type::list, "lists");
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
        FieldSchema elements = this->field(json, depth + 1);
        if (elements.type != Type::lww_register && !can_be_placed(elements.type)) {
            wrong("an element is a register, map, list, text or counter");
        }
        field.elements = std::move(elements);
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
    if (field.elements) members.push_back({"elements", json_of(*field.elements)});
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
std::string below(const std::string& at, const Step& step) {
    return step.is_element() ? at + "[]" : below(at, step.key);
}

/// What is declared for a step out of `shape`, or into an element of `field`.
const FieldSchema* declared(const MapSchema& shape, const FieldSchema* field, const Step& step) {
    if (!step.is_element()) return shape.find(step.key);
    return field != nullptr && field->elements ? &*field->elements : nullptr;
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
    if (!to.elements) return;
    if (from.elements) {
        compare(*from.elements, *to.elements, at + "[]", findings);
    } else {
        findings.push_back({at + "[]", SchemaRule::kind_narrowed,
                            "were anything, are " + std::string(name_of(to.elements->type))});
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

/// New elements of a list.
Result<> check_placed(const FieldSchema& elements, const Op& op, const std::string& at) {
    if (auto good = check_type(elements, op.inner, at); !good) return good;
    if (op.inner != Type::lww_register || op.value.array() == nullptr) return {};
    for (const Value& value : *op.value.array()) {
        if (auto good = check_kind(elements, value, at); !good) return good;
    }
    return {};
}

}  // namespace

Result<> check_write(const Schema& schema, const DocumentKey& key, const FieldOp& op) {
    // An app may take away what another one wrote.
    if (op.op.code == OpCode::clear || op.op.code == OpCode::cancel) return {};
    const MapSchema* shape = schema.find(key.collection);
    if (shape == nullptr) return {};
    std::string at = key.collection;
    const FieldSchema* field = nullptr;
    for (const Step& step : op.path) {
        at = below(at, step);
        field = declared(*shape, field, step);
        if (field == nullptr) {
            if (!shape->closed) return {};  // and so is all below it
            return violation(at, SchemaRule::undeclared_field,
                             "is not declared, and the schema is closed here");
        }
        if (auto good = check_type(*field, step.type, at); !good) return good;
        shape = &field->shape;
    }
    if (field == nullptr) return {};  // the document's root
    if (op.op.code == OpCode::set || op.op.code == OpCode::insert) {
        return check_kind(*field, op.op.value, at);
    }
    if (op.op.code == OpCode::place && field->elements) {
        return check_placed(*field->elements, op.op, at + "[]");
    }
    return {};
}

namespace {

bool requires_something(const FieldSchema& field) {
    return std::any_of(field.shape.fields.begin(), field.shape.fields.end(),
                       [](const FieldSchema& inner) {
                           return inner.required || requires_something(inner);
                       }) ||
           (field.elements && requires_something(*field.elements));
}

/// Walks over what is there and declared; `at_` is where.
class LackFinder {
public:
    void map(const MapSchema& shape, const OrMap& map) {
        for (const FieldSchema& declared : shape.fields) {
            at_.push_back(Step(declared.key, declared.type));
            const Node* node = map.find(at_.back().field());
            if (node != nullptr && node->live()) {
                inside(declared, *node);
            } else if (declared.required) {
                found_.push_back(at_);
            }
            at_.pop_back();
        }
    }
    [[nodiscard]] std::vector<Path> found() { return std::move(found_); }

private:
    void inside(const FieldSchema& declared, const Node& node) {
        if (!requires_something(declared)) return;
        if (const auto* inner = node.as<OrMap>()) return map(declared.shape, *inner);
        const List* list = node.as<List>();
        if (list == nullptr) return;
        const Type type = declared.elements->type;
        list->for_each([&](const Dot& id, const Value*, const OrMap* contents) {
            const Node* element = contents == nullptr ? nullptr : contents->find({"", type});
            if (element == nullptr || !element->live()) return;
            at_.push_back(Step(id, type));
            inside(*declared.elements, *element);
            at_.pop_back();
        });
    }

    Path at_;
    std::vector<Path> found_;
};

}  // namespace

std::vector<Path> lacking(const Schema& schema, const DocumentKey& key, const Document& document) {
    const MapSchema* shape = schema.find(key.collection);
    if (shape == nullptr || !document.exists()) return {};
    LackFinder finder;
    finder.map(*shape, document.root());
    return finder.found();
}

Result<> check_required(const Schema& schema, const DocumentKey& key, const Document& document,
                        const std::vector<Path>& lacked_before) {
    const std::set<Path> known(lacked_before.begin(), lacked_before.end());
    for (const Path& path : lacking(schema, key, document)) {
        if (known.count(path) != 0) continue;
        std::string field = key.collection;
        for (const Step& step : path) field = below(field, step);
        return violation(std::move(field), SchemaRule::required_missing,
                         "document " + key.id + " is left without it");
    }
    return {};
}

// ---- Views

namespace {

Value view_of(const MapSchema& shape, const OrMap& map);

/// What is shown of a live field, element or root of a declared type.
Value view_of(const FieldSchema& declared, const Node& node) {
    if (const auto* map = node.as<OrMap>()) return view_of(declared.shape, *map);
    const List* list = node.as<List>();
    if (list == nullptr || !declared.elements) return view(node);
    Value::Array items;
    items.reserve(list->size());
    list->for_each([&](const Dot&, const Value* value, const OrMap* contents) {
        if (value != nullptr) return items.push_back(*value);
        const Node* element = contents->find({"", declared.elements->type});
        // An element is never left out: positions are counted in them.
        items.push_back(element != nullptr && element->live()
                            ? view_of(*declared.elements, *element)
                            : view_element(*contents));
    });
    return items;
}

/// What is shown in the place of a declared field, if anything is.
std::optional<Value> shown(const FieldSchema& field, const Node* node) {
    if (node != nullptr && node->live()) return view_of(field, *node);
    if (field.type == Type::map) {
        Value inner = view_of(field.shape, OrMap());
        if (field.fallback || !inner.map()->empty()) return inner;
        return std::nullopt;
    }
    if (field.fallback && field.type == Type::mv_register) {
        return Value(Value::Array{*field.fallback});
    }
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
        if (!node->live() || shape.find(field.key()) != nullptr) continue;
        // Of several types under one key the first is shown, as in view().
        if (!members.empty() && members.back().key == field.key()) continue;
        members.push_back({std::string(field.key()), view(*node)});
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
    const OrMap& map = root.at<OrMap>(path);
    const MapSchema* shape = schema.find(collection);
    const FieldSchema* field = nullptr;
    for (const Step& step : path) {
        field = shape == nullptr ? nullptr : declared(*shape, field, step);
        shape = field == nullptr || field->type != step.type ? nullptr : &field->shape;
    }
    return shape == nullptr ? view(map) : view_of(*shape, map);
}

}  // namespace syncline

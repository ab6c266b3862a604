#include "json_ops.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <string>

namespace syncline::client {

namespace {

/// One op, or one question, as written: a JSON object.
class Written {
public:
    explicit Written(const Value& object, std::string what)
        : object_(object), what_(std::move(what)) {}

    [[nodiscard]] tl::unexpected<Error> wrong(const std::string& why) const {
        return syncline::fail(ErrorCode::invalid_argument, what_ + ": " + why);
    }
    [[nodiscard]] const Value* find(std::string_view member) const { return object_.find(member); }
    [[nodiscard]] const std::string& op() const { return *object_.find("op")->text(); }

    Result<DocumentKey> document() const {
        const Value* doc = find("doc");
        const Value::Array* names = doc == nullptr ? nullptr : doc->array();
        if (names == nullptr || names->size() != 2 || (*names)[0].text() == nullptr ||
            (*names)[1].text() == nullptr) {
            return wrong("\"doc\" is not [collection, id]");
        }
        return DocumentKey{*(*names)[0].text(), *(*names)[1].text()};
    }
    /// Keys, and numbers for elements of lists.
    Result<Value::Array> path() const {
        const Value* path = find("path");
        if (path == nullptr) return Value::Array();
        if (path->array() == nullptr) return wrong("\"path\" is no list");
        for (const Value& step : *path->array()) {
            if (step.text() == nullptr && !is_index(step)) {
                return wrong("a step of \"path\" is neither a key nor an index");
            }
        }
        if (!path->array()->empty() && path->array()->front().text() == nullptr)
            return wrong("\"path\" begins with a key");
        return *path->array();
    }
    Result<std::uint32_t> number(std::string_view member) const {
        const Value* value = find(member);
        if (value == nullptr || !is_index(*value))
            return wrong('"' + std::string(member) + "\" is no position");
        return static_cast<std::uint32_t>(*value->integer());
    }
    Result<std::uint32_t> number_or(std::string_view member, std::uint32_t otherwise) const {
        if (find(member) == nullptr) return otherwise;
        return number(member);
    }
    Result<std::string> text(std::string_view member) const {
        const Value* value = find(member);
        if (value == nullptr || value->text() == nullptr)
            return wrong('"' + std::string(member) + "\" is no text");
        return *value->text();
    }
    /// One of a few names, the first of which is what is meant when there is none.
    template <typename T, std::size_t N>
    Result<T> choice(std::string_view member,
                     const std::array<std::pair<std::string_view, T>, N>& names) const {
        const Value* value = find(member);
        if (value == nullptr) return names.front().second;
        for (const auto& [name, meaning] : names) {
            if (value->text() != nullptr && *value->text() == name) return meaning;
        }
        return wrong('"' + std::string(member) + "\" is none of its names");
    }
    Result<Unit> unit() const {
        using Named = std::pair<std::string_view, Unit>;
        return choice("unit", std::array{Named{"code_point", Unit::code_point},
                                         Named{"utf16", Unit::utf16}, Named{"byte", Unit::byte}});
    }
    Result<Expand> expand() const {
        using Named = std::pair<std::string_view, Expand>;
        return choice("expand",
                      std::array{Named{"after", Expand::after}, Named{"none", Expand::none},
                                 Named{"before", Expand::before}, Named{"both", Expand::both}});
    }
    Result<Side> side() const {
        using Named = std::pair<std::string_view, Side>;
        return choice("side", std::array{Named{"left", Side::left}, Named{"right", Side::right}});
    }

private:
    static bool is_index(const Value& value) {
        const std::int64_t* number = value.integer();
        return number != nullptr && *number >= 0 &&
               *number <= std::numeric_limits<std::uint32_t>::max();
    }

    const Value& object_;
    std::string what_;
};

/// What an op is applied to: `key` of a map, or the element at `index` of a list.
using OnField = std::function<Result<>(MapEditor&, const std::string& key)>;
using OnElement = std::function<Result<>(ListEditor&, std::uint32_t index)>;

std::uint32_t index_of(const Value& step) { return static_cast<std::uint32_t>(*step.integer()); }

// Editors are not assignable (they refer to their transaction), so the walks are recursions.
Result<> descend(ListEditor list, const Value::Array& path, std::size_t at, const OnField& on_field,
                 const OnElement& on_element);

Result<> descend(MapEditor map, const Value::Array& path, std::size_t at, const OnField& on_field,
                 const OnElement& on_element) {
    const std::string& key = *path[at].text();
    if (at + 1 == path.size()) return on_field(map, key);
    if (path[at + 1].text() != nullptr)
        return descend(map.map(key), path, at + 1, on_field, on_element);
    return descend(map.list(key), path, at + 1, on_field, on_element);
}

Result<> descend(ListEditor list, const Value::Array& path, std::size_t at, const OnField& on_field,
                 const OnElement& on_element) {
    const std::uint32_t index = index_of(path[at]);
    if (at + 1 == path.size()) return on_element(list, index);
    if (path[at + 1].text() != nullptr)
        return descend(list.map(index), path, at + 1, on_field, on_element);
    return descend(list.list(index), path, at + 1, on_field, on_element);
}

template <typename T>
Result<> nothing(const Result<T>& failed) {
    return tl::unexpected(failed.error());
}

Result<> apply_to_list(ListEditor list, const Written& op) {
    const Value* value = op.find("value");
    const Value* values = op.find("values");
    if (op.op() == "list_insert" || op.op() == "list_push") {
        const auto index =
            op.op() == "list_push" ? Result<std::uint32_t>(list.size()) : op.number("index");
        if (!index) return nothing(index);
        const Value* made = op.find("new");
        if ((value != nullptr) + (values != nullptr) + (made != nullptr) != 1)
            return op.wrong("needs one of \"value\", \"values\" and \"new\"");
        if (value != nullptr) {
            list.insert(*index, *value);
        } else if (values != nullptr) {
            if (values->array() == nullptr) return op.wrong("\"values\" is no list");
            list.insert_all(*index, *values->array());
        } else if (*made == Value("map")) {
            (void)list.insert_map(*index);
        } else if (*made == Value("list")) {
            (void)list.insert_list(*index);
        } else if (*made == Value("text")) {
            (void)list.insert_text(*index);
        } else if (*made == Value("counter")) {
            (void)list.insert_counter(*index);
        } else {
            return op.wrong("\"new\" is none of map, list, text and counter");
        }
        return {};
    }
    const auto index = op.number("index");
    if (!index) return nothing(index);
    if (op.op() == "list_set") {
        if (value == nullptr) return op.wrong("needs a \"value\"");
        list.set(*index, *value);
    } else if (op.op() == "list_erase") {
        const auto count = op.number_or("count", 1);
        if (!count) return nothing(count);
        list.erase(*index, *count);
    } else if (op.op() == "list_move") {
        const auto to = op.number("to");
        if (!to) return nothing(to);
        list.move(*index, *to);
    } else {
        return op.wrong('"' + op.op() + "\" is unknown");
    }
    return {};
}

Result<> apply_to_text(TextEditor text, const Written& op) {
    const auto index = op.number("index");
    const auto unit = op.unit();
    if (!index) return nothing(index);
    if (!unit) return nothing(unit);
    if (op.op() == "text_insert") {
        const auto typed = op.text("text");
        if (!typed) return nothing(typed);
        text.insert(*index, *typed, *unit);
        return {};
    }
    const auto count = op.number("count");
    if (!count) return nothing(count);
    if (op.op() == "text_erase") {
        text.erase(*index, *count, *unit);
    } else if (op.op() == "text_splice") {
        const auto typed = op.text("text");
        if (!typed) return nothing(typed);
        text.splice(*index, *count, *typed, *unit);
    } else if (op.op() == "text_mark" || op.op() == "text_unmark") {
        const auto name = op.text("name");
        const auto expand = op.expand();
        if (!name) return nothing(name);
        if (!expand) return nothing(expand);
        const Value* value = op.find("value");
        if (op.op() == "text_unmark") {
            text.unmark(*index, *count, *name, *expand, *unit);
        } else if (value == nullptr) {
            return op.wrong("needs a \"value\"");
        } else {
            text.mark(*index, *count, *name, *value, *expand, *unit);
        }
    } else {
        return op.wrong('"' + op.op() + "\" is unknown");
    }
    return {};
}

bool begins(const std::string& text, std::string_view with) {
    return std::string_view(text).substr(0, with.size()) == with;
}

Result<> apply_to_field(MapEditor& map, const std::string& key, const Written& op) {
    const std::string& name = op.op();
    const Value* value = op.find("value");
    if (begins(name, "list_")) return apply_to_list(map.list(key), op);
    if (begins(name, "text_")) return apply_to_text(map.text(key), op);
    if (name == "create") {
        map.map(key).create();
    } else if (name == "create_list") {
        map.list(key).create();
    } else if (name == "create_text") {
        map.text(key).create();
    } else if (name == "delete") {
        map.erase(key);
    } else if (name == "enable") {
        map.flag(key).enable();
    } else if (name == "disable") {
        map.flag(key).disable();
    } else if (value == nullptr) {
        return op.wrong("needs a \"value\", or is unknown");
    } else if (name == "set") {
        map.set(key, *value);
    } else if (name == "set_multi_value") {
        map.set_multi_value(key, *value);
    } else if (name == "add") {
        if (value->integer() == nullptr) return op.wrong("\"value\" is no integer");
        map.counter(key).add(*value->integer());
    } else if (name == "insert") {
        map.set_of(key).insert(*value);
    } else if (name == "erase") {
        map.set_of(key).erase(*value);
    } else if (name == "insert_remove_wins") {
        map.remove_wins_set(key).insert(*value);
    } else if (name == "erase_remove_wins") {
        map.remove_wins_set(key).erase(*value);
    } else if (name == "insert_grow_only") {
        map.grow_only_set(key).insert(*value);
    } else {
        return op.wrong('"' + name + "\" is unknown");
    }
    return {};
}

Result<> apply_to_element(ListEditor& list, std::uint32_t index, const Written& op) {
    const std::string& name = op.op();
    const Value* value = op.find("value");
    if (begins(name, "list_")) return apply_to_list(list.list(index), op);
    if (begins(name, "text_")) return apply_to_text(list.text(index), op);
    if (name == "delete") {
        list.erase(index);
    } else if (value == nullptr) {
        return op.wrong("needs a \"value\", or is nothing for an element");
    } else if (name == "set") {
        list.set(index, *value);
    } else if (name == "add") {
        if (value->integer() == nullptr) return op.wrong("\"value\" is no integer");
        list.counter(index).add(*value->integer());
    } else {
        return op.wrong('"' + name + "\" is nothing for an element");
    }
    return {};
}

Result<> apply(Transaction& tx, const Written& op) {
    const auto document = op.document();
    const auto path = op.path();
    if (!document) return nothing(document);
    if (!path) return nothing(path);
    MapEditor root = tx.document(document->collection, document->id);
    if (path->empty()) {
        if (op.op() == "create") {
            root.create();
        } else if (op.op() == "delete") {
            root.erase();
        } else {
            return op.wrong("needs a \"path\"");
        }
        return {};
    }
    return descend(
        root, *path, 0,
        [&](MapEditor& map, const std::string& key) { return apply_to_field(map, key, op); },
        [&](ListEditor& list, std::uint32_t index) { return apply_to_element(list, index, op); });
}

Result<> check_members(const Value& object, const Written& written,
                       std::initializer_list<std::string_view> members) {
    if (object.map() == nullptr) return written.wrong("is no object");
    for (const Value::Member& member : *object.map()) {
        if (std::find(members.begin(), members.end(), member.key) == members.end())
            return written.wrong("has a member \"" + member.key + "\"");
    }
    return {};
}

Written written(const Value& op, std::size_t index) {
    return Written(op, "op " + std::to_string(index));
}

// ---- Handles

Value to_value(const Dot& dot) {
    return Value::Array{Value(to_string(dot.replica)),
                        Value(static_cast<std::int64_t>(dot.counter))};
}

Value to_value(const Path& path) {
    Value::Array steps;
    for (const Step& step : path) {
        steps.emplace_back(
            Value::Array{step.is_element() ? to_value(step.element) : Value(step.key),
                         Value(static_cast<std::int64_t>(step.type))});
    }
    return steps;
}

Value handle(const DocumentKey& document, const Path& path, const Dot& element,
             std::uint64_t names) {
    return Value::Map{{"doc", Value::Array{document.collection, document.id}},
                      {"path", to_value(path)},
                      {"element", to_value(element)},
                      {"names", static_cast<std::int64_t>(names)}};
}

std::optional<Dot> dot_of(const Value* value) {
    const Value::Array* parts = value == nullptr ? nullptr : value->array();
    if (parts == nullptr || parts->size() != 2 || (*parts)[0].text() == nullptr ||
        (*parts)[1].integer() == nullptr || *(*parts)[1].integer() < 0)
        return std::nullopt;
    const auto replica = parse_replica_id(*(*parts)[0].text());
    if (!replica) return std::nullopt;
    return Dot{*replica, static_cast<std::uint64_t>(*(*parts)[1].integer())};
}

std::optional<Path> path_of(const Value* value) {
    if (value == nullptr || value->array() == nullptr || value->array()->empty())
        return std::nullopt;
    Path path;
    for (const Value& step : *value->array()) {
        const Value::Array* parts = step.array();
        if (parts == nullptr || parts->size() != 2 || (*parts)[1].integer() == nullptr)
            return std::nullopt;
        const auto type = type_of(static_cast<std::uint64_t>(*(*parts)[1].integer()));
        if (!type) return std::nullopt;
        if (const std::string* key = (*parts)[0].text()) {
            path.emplace_back(*key, *type);
        } else if (const auto element = dot_of(&(*parts)[0]); element && element->counter != 0) {
            path.emplace_back(*element, *type);
        } else {
            return std::nullopt;
        }
    }
    return path;
}

/// Calls `use` with the text and the list that the question's path may lead to.
Result<> find_sequence(Transaction& tx, const Written& asked,
                       const std::function<Result<>(const TextEditor&, const ListEditor&)>& use) {
    const auto document = asked.document();
    const auto path = asked.path();
    if (!document) return nothing(document);
    if (!path) return nothing(path);
    if (path->empty()) return asked.wrong("needs a \"path\"");
    return descend(
        tx.document(document->collection, document->id), *path, 0,
        [&](MapEditor& map, const std::string& key) { return use(map.text(key), map.list(key)); },
        [&](ListEditor& list, std::uint32_t index) {
            return use(list.text(index), list.list(index));
        });
}

}  // namespace

Result<> check_json_ops(const Value& ops) {
    if (ops.array() == nullptr)
        return syncline::fail(ErrorCode::invalid_argument, "the ops are no list");
    for (std::size_t i = 0; i < ops.array()->size(); ++i) {
        const Value& object = (*ops.array())[i];
        const Written op = written(object, i);
        if (auto good = check_members(object, op,
                                      {"op", "doc", "path", "value", "values", "new", "index",
                                       "count", "to", "text", "name", "expand", "unit"});
            !good)
            return good;
        if (object.find("op") == nullptr || object.find("op")->text() == nullptr)
            return op.wrong("\"op\" is no text");
        if (auto document = op.document(); !document) return nothing(document);
        if (auto path = op.path(); !path) return nothing(path);
    }
    return {};
}

void apply_json_ops(Transaction& tx, const Value::Array& ops) {
    for (std::size_t i = 0; i < ops.size() && !tx.failed(); ++i) {
        if (auto done = apply(tx, written(ops[i], i)); !done) tx.fail(done.error());
    }
}

Result<Value> take_handle(Transaction& tx, const Value& asked) {
    const Written question(asked, "the question");
    if (auto good = check_members(asked, question, {"doc", "path", "index", "side", "unit"}); !good)
        return tl::unexpected(good.error());
    const auto index = question.number("index");
    const auto side = question.side();
    const auto unit = question.unit();
    if (!index) return tl::unexpected(index.error());
    if (!side) return tl::unexpected(side.error());
    if (!unit) return tl::unexpected(unit.error());
    Value taken;
    const auto found = find_sequence(
        tx, question, [&](const TextEditor& text, const ListEditor& list) -> Result<> {
            // What is there decides; a list is shown before a text (see Type).
            if (list.exists() || !text.exists()) {
                const auto id = list.id(*index);
                if (!id)
                    return syncline::fail(ErrorCode::out_of_range, "the list is not that long");
                taken = handle(id->document, id->list, id->element, id->names);
                return {};
            }
            if (*index > text.size(*unit))
                return syncline::fail(ErrorCode::out_of_range, "the text is not that long");
            const Cursor cursor = text.cursor(*index, *side, *unit);
            Value::Map made =
                *handle(cursor.document, cursor.text, cursor.anchor.element, cursor.names).map();
            made.push_back({"side", *side == Side::left ? "left" : "right"});
            if (const Value* counted = asked.find("unit")) made.push_back({"unit", *counted});
            taken = Value(std::move(made));
            return {};
        });
    if (!found) return tl::unexpected(found.error());
    return taken;
}

Result<std::uint32_t> resolve_handle(const Space& space, const Value& handle) {
    const Written written(handle, "the handle");
    if (auto good =
            check_members(handle, written, {"doc", "path", "element", "names", "side", "unit"});
        !good)
        return tl::unexpected(good.error());
    const auto document = written.document();
    if (!document) return tl::unexpected(document.error());
    const auto side = written.side();
    const auto unit = written.unit();
    if (!side) return tl::unexpected(side.error());
    if (!unit) return tl::unexpected(unit.error());
    const auto path = path_of(written.find("path"));
    const auto element = dot_of(written.find("element"));
    const Value* names = written.find("names");
    if (!path || !element || names == nullptr || names->integer() == nullptr)
        return written.wrong("is not what syncline_handle() gave");
    const auto then = static_cast<std::uint64_t>(*names->integer());
    const auto at = written.find("side") == nullptr
                        ? space.index({*document, *path, *element, then})
                        : space.position({*document, *path, {*element, *side}, then}, *unit);
    if (!at) return tl::unexpected(at.error());
    if (!*at) return syncline::fail(ErrorCode::not_found, "what the handle was of is gone");
    return **at;
}

Result<Value> spans_of(Transaction& tx, const Value& asked) {
    const Written question(asked, "the question");
    if (auto good = check_members(asked, question, {"doc", "path"}); !good)
        return tl::unexpected(good.error());
    Value::Array spans;
    const auto found =
        find_sequence(tx, question, [&](const TextEditor& text, const ListEditor&) -> Result<> {
            for (Text::Span& span : text.spans()) {
                Value::Map properties;
                for (auto& [name, value] : span.properties)
                    properties.push_back({name, std::move(value)});
                spans.emplace_back(Value::Map{{"properties", Value(std::move(properties))},
                                              {"text", std::move(span.text)}});
            }
            return {};
        });
    if (!found) return tl::unexpected(found.error());
    return Value(std::move(spans));
}

}  // namespace syncline::client

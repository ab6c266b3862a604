// Commands that read and edit documents.

#include "common.hpp"

#include <iostream>

namespace syncline::tool {

namespace {

/// Runs `work` on the map that holds the last step of `field`, in one transaction.
int edit_field(const Context& context, const std::string& document, const std::string& field,
               const std::function<void(MapEditor&, const std::string&)>& work) {
    const auto key = parse_document(document);
    if (!key) return report(key.error());
    const auto steps = parse_field(field);
    if (!steps) return report(steps.error());
    auto opened = open(context);
    if (!opened) return report(opened.error());
    auto done = opened->space.transact([&](Transaction& tx) {
        MapEditor map = descend(tx.document(key->collection, key->id), *steps);
        work(map, steps->back());
    });
    return done ? exit_done : report(done.error());
}

}  // namespace

int edit(const Context& context, const std::string& document, const std::string& field,
         const std::string& json, Edit edit) {
    Value value;
    if (edit != Edit::enable && edit != Edit::disable) {
        auto parsed = parse_json(json);
        if (!parsed) {
            return report(
                {parsed.error().code, "'" + json + "' is no JSON value: " + parsed.error().message +
                                          R"(; text needs its quotes: '"like this"')"});
        }
        value = std::move(*parsed);
    }
    return edit_field(context, document, field, [&](MapEditor& map, const std::string& key) {
        switch (edit) {
            case Edit::set: return map.set(key, value);
            case Edit::insert: return map.set_of(key).insert(value);
            case Edit::erase: return map.set_of(key).erase(value);
            case Edit::enable: return map.flag(key).enable();
            case Edit::disable: return map.flag(key).disable();
        }
    });
}

int add(const Context& context, const std::string& document, const std::string& field,
        std::int64_t amount) {
    return edit_field(context, document, field, [&](MapEditor& map, const std::string& key) {
        map.counter(key).add(amount);
    });
}

int remove(const Context& context, const std::string& document, const std::string& field) {
    if (!field.empty()) {
        return edit_field(context, document, field,
                          [&](MapEditor& map, const std::string& key) { map.erase(key); });
    }
    const auto key = parse_document(document);
    if (!key) return report(key.error());
    auto opened = open(context);
    if (!opened) return report(opened.error());
    auto done = opened->space.transact(
        [&](Transaction& tx) { tx.document(key->collection, key->id).erase(); });
    return done ? exit_done : report(done.error());
}

int get(const Context& context, const std::string& document, const std::string& field) {
    const auto key = parse_document(document);
    if (!key) return report(key.error());
    auto opened = open(context);
    if (!opened) return report(opened.error());
    const auto found = opened->space.get(*key);
    if (!found) return report(found.error());
    if (!*found) return report({ErrorCode::not_found, "no document " + document});
    if (field.empty()) {
        std::cout << to_json(**found) << '\n';
        return exit_done;
    }
    const auto steps = parse_field(field);
    if (!steps) return report(steps.error());
    const Value* value = find(**found, *steps);
    if (value == nullptr) {
        return report({ErrorCode::not_found, "no field " + field + " in " + document});
    }
    std::cout << to_json(*value) << '\n';
    return exit_done;
}

int list(const Context& context, const std::string& collection) {
    auto opened = open(context);
    if (!opened) return report(opened.error());
    const auto ids = opened->space.ids(collection);
    if (!ids) return report(ids.error());
    for (const std::string& id : *ids) std::cout << id << '\n';
    return exit_done;
}

int export_all(const Context& context, const std::string& collection) {
    auto opened = open(context);
    if (!opened) return report(opened.error());
    const auto ids = opened->space.ids(collection);
    if (!ids) return report(ids.error());
    for (const std::string& id : *ids) {
        // What is there, without defaults: read in again, they would become writes.
        const auto document = opened->space.document({collection, id});
        if (!document) return report(document.error());
        if (!document->exists()) continue;
        Value::Map members = *view(document->root()).map();
        members.push_back({"$id", Value(id)});
        std::cout << to_json(Value(std::move(members))) << '\n';
    }
    std::cout.flush();
    if (!std::cout) return report({ErrorCode::storage_failed, "cannot write to standard output"});
    return exit_done;
}

int conflicts(const Context& context, const std::string& document, const std::string& field) {
    const auto key = parse_document(document);
    if (!key) return report(key.error());
    const auto steps = parse_field(field);
    if (!steps) return report(steps.error());
    auto opened = open(context);
    if (!opened) return report(opened.error());
    const auto found = opened->space.document(*key);
    if (!found) return report(found.error());

    // The register of that name, also when a view shows a field of another type for it.
    const OrMap* map = &found->root();
    if (steps->size() > 1) {
        const Node* parent = find(found->root(), {steps->begin(), steps->end() - 1});
        map = parent == nullptr ? nullptr : parent->as<OrMap>();
    }
    const Node* node = map == nullptr ? nullptr : map->find({steps->back(), Type::lww_register});
    const LwwRegister* reg = node == nullptr ? nullptr : node->as<LwwRegister>();
    if (reg == nullptr || reg->value() == nullptr) {
        return report({ErrorCode::not_found, "no register " + field + " in " + document});
    }
    const auto described = [](const DotValues::Entry& entry) {
        return Value(Value::Map{{"replica", Value(to_string(entry.dot.replica))},
                                {"stamp_ms", Value(static_cast<std::int64_t>(entry.hlc.ms()))},
                                {"value", entry.value}});
    };
    Value::Array losers;
    for (const DotValues::Entry& entry : reg->conflicts()) losers.push_back(described(entry));
    Value::Map out{{"conflicts", Value(std::move(losers))},
                   {"winner", described(*reg->values().winner())}};
    std::cout << to_json(Value(std::move(out))) << '\n';
    return exit_done;
}

int schema(const Context& context, const std::string& file) {
    // Without a space: none is made by this.
    auto store = Store::open(context.store);
    if (!store) return report(store.error());
    if (file.empty()) {
        const auto schema = store->schema();
        if (!schema) return report({ErrorCode::not_found, "the store has no schema"});
        std::cout << schema->to_json() << '\n';
        return exit_done;
    }
    const auto text = read_all(file);
    if (!text) return report(text.error());
    const auto schema = Schema::parse(*text);
    if (!schema) return report({schema.error().code, file + ": " + schema.error().message});
    auto set = store->set_schema(*schema);
    return set ? exit_done : report(set.error());
}

int forget_schema(const Context& context) {
    auto store = Store::open(context.store);
    if (!store) return report(store.error());
    auto dropped = store->drop_schema();
    return dropped ? exit_done : report(dropped.error());
}

}  // namespace syncline::tool

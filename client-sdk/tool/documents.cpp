// Commands that read and edit documents.

#include "common.hpp"

#include <iostream>

namespace syncline::tool {

namespace {

/// Runs `work` where `field` leads to, in one transaction.
int edit_field(const Context& context, const std::string& document, const std::string& field,
               const AtField& work) {
    const auto key = parse_document(document);
    if (!key) return report(key.error());
    const auto steps = parse_field(field);
    if (!steps) return report(steps.error());
    auto opened = open(context);
    if (!opened) return report(opened.error());
    auto done = opened->space.transact([&](Transaction& tx) {
        if (auto edited = follow(tx.document(key->collection, key->id), *steps, work); !edited)
            tx.fail(edited.error());
    });
    return done ? exit_done : report(done.error());
}

Result<Value> parse_argument(const std::string& json) {
    auto parsed = parse_json(json);
    if (parsed) return parsed;
    return fail(parsed.error().code, "'" + json + "' is no JSON value: " + parsed.error().message +
                                         R"(; text needs its quotes: '"like this"')");
}

}  // namespace

int edit(const Context& context, const std::string& document, const std::string& field,
         const std::string& json, Edit edit) {
    Value value;
    if (edit != Edit::enable && edit != Edit::disable) {
        auto parsed = parse_argument(json);
        if (!parsed) return report(parsed.error());
        value = std::move(*parsed);
    }
    AtField work;
    work.key = [&](MapEditor& map, const std::string& key) -> Result<> {
        switch (edit) {
            case Edit::set: map.set(key, value); break;
            case Edit::insert: map.set_of(key).insert(value); break;
            case Edit::erase: map.set_of(key).erase(value); break;
            case Edit::enable: map.flag(key).enable(); break;
            case Edit::disable: map.flag(key).disable(); break;
        }
        return {};
    };
    work.element = [&](ListEditor& list, std::uint32_t index) -> Result<> {
        if (edit != Edit::set)
            return fail(ErrorCode::invalid_argument, "an element of a list takes set and add");
        list.set(index, value);
        return {};
    };
    return edit_field(context, document, field, work);
}

int add(const Context& context, const std::string& document, const std::string& field,
        std::int64_t amount) {
    AtField work;
    work.key = [&](MapEditor& map, const std::string& key) -> Result<> {
        map.counter(key).add(amount);
        return {};
    };
    work.element = [&](ListEditor& list, std::uint32_t index) -> Result<> {
        list.counter(index).add(amount);
        return {};
    };
    return edit_field(context, document, field, work);
}

int edit_list(const Context& context, const std::string& document, const std::string& field,
              const ListEdit& edit) {
    Value value;
    if (edit.kind == ListEdit::push || edit.kind == ListEdit::insert ||
        edit.kind == ListEdit::set) {
        auto parsed = parse_argument(edit.json);
        if (!parsed) return report(parsed.error());
        value = std::move(*parsed);
    }
    const auto work = [&](ListEditor list) -> Result<> {
        switch (edit.kind) {
            case ListEdit::push: list.push(value); break;
            case ListEdit::insert: list.insert(edit.index, value); break;
            case ListEdit::set: list.set(edit.index, value); break;
            case ListEdit::erase: list.erase(edit.index, edit.count); break;
            case ListEdit::move: list.move(edit.index, edit.to); break;
        }
        return {};
    };
    return edit_field(
        context, document, field,
        {[&](MapEditor& map, const std::string& key) { return work(map.list(key)); },
         [&](ListEditor& list, std::uint32_t index) { return work(list.list(index)); }});
}

int edit_text(const Context& context, const std::string& document, const std::string& field,
              const TextEdit& edit) {
    Value value;
    if (edit.kind == TextEdit::mark) {
        auto parsed = parse_argument(edit.json);
        if (!parsed) return report(parsed.error());
        value = std::move(*parsed);
    }
    const auto work = [&](TextEditor text) -> Result<> {
        switch (edit.kind) {
            case TextEdit::insert: text.insert(edit.at, edit.text); break;
            case TextEdit::erase: text.erase(edit.at, edit.count); break;
            case TextEdit::mark: text.mark(edit.at, edit.count, edit.text, value); break;
            case TextEdit::unmark: text.unmark(edit.at, edit.count, edit.text); break;
            case TextEdit::spans:
                for (const Text::Span& span : text.spans()) {
                    Value::Map properties;
                    for (const auto& [name, of] : span.properties) properties.push_back({name, of});
                    std::cout << to_json(Value::Array{span.text, Value(std::move(properties))})
                              << '\n';
                }
                break;
        }
        return {};
    };
    return edit_field(
        context, document, field,
        {[&](MapEditor& map, const std::string& key) { return work(map.text(key)); },
         [&](ListEditor& list, std::uint32_t index) { return work(list.text(index)); }});
}

int remove(const Context& context, const std::string& document, const std::string& field) {
    if (!field.empty()) {
        AtField work;
        work.key = [](MapEditor& map, const std::string& name) -> Result<> {
            map.erase(name);
            return {};
        };
        work.element = [](ListEditor& list, std::uint32_t index) -> Result<> {
            list.erase(index);
            return {};
        };
        return edit_field(context, document, field, work);
    }
    const auto key = parse_document(document);
    if (!key) return report(key.error());
    auto opened = open(context);
    if (!opened) return report(opened.error());
    auto done = opened->space.transact(
        [&](Transaction& tx) { tx.document(key->collection, key->id).erase(); });
    return done ? exit_done : report(done.error());
}

namespace {

Result<std::optional<Value>> shown(const Space& space, const DocumentKey& key,
                                   std::optional<std::uint64_t> as_of) {
    if (!as_of) return space.get(key);
    const auto document = space.as_of(key, *as_of);
    if (!document) return tl::unexpected(document.error());
    if (!document->exists()) return std::optional<Value>();
    return std::optional<Value>(view(document->root()));
}

/// Whether an edit's field is `steps`, in it or around it; elements of lists are not told apart.
bool is_about(const Path& path, const std::vector<std::string>& steps) {
    for (std::size_t i = 0; i < std::min(path.size(), steps.size()); ++i) {
        if (!path[i].is_element() && path[i].key != steps[i]) return false;
    }
    return true;
}

}  // namespace

int history(const Context& context, const std::string& document, const std::string& field) {
    const auto key = parse_document(document);
    if (!key) return report(key.error());
    std::vector<std::string> steps;
    if (!field.empty()) {
        auto parsed = parse_field(field);
        if (!parsed) return report(parsed.error());
        steps = std::move(*parsed);
    }
    auto opened = open(context);
    if (!opened) return report(opened.error());
    auto entries = opened->space.history(*key);
    if (!entries) return report(entries.error());
    for (HistoryEntry& entry : *entries) {
        std::erase_if(entry.edits,
                      [&](const auto& edit) { return !is_about(edit.op.path, steps); });
        if (!entry.edits.empty()) std::cout << to_json(to_value(entry)) << '\n';
    }
    return exit_done;
}

int keep_history(const Context& context, std::uint32_t days) {
    auto store = Store::open(context.store);
    if (!store) return report(store.error());
    auto kept = store->keep_history(std::chrono::hours(24) * days);
    return kept ? exit_done : report(kept.error());
}

int get(const Context& context, const std::string& document, const std::string& field,
        std::optional<std::uint64_t> as_of) {
    const auto key = parse_document(document);
    if (!key) return report(key.error());
    auto opened = open(context);
    if (!opened) return report(opened.error());
    const auto found = shown(opened->space, *key, as_of);
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

    const LwwRegister* reg = find_register(found->root(), *steps);
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

#include "json_reads.hpp"

#include "syncline/document/json.hpp"

namespace syncline::client {

namespace {

Value number(std::uint64_t value) { return Value(static_cast<std::int64_t>(value)); }

std::string_view name_of(SyncStatus::Connection connection) {
    switch (connection) {
        case SyncStatus::Connection::offline: return "offline";
        case SyncStatus::Connection::connecting: return "connecting";
        case SyncStatus::Connection::connected: return "connected";
    }
    return "offline";
}

Result<std::string> json_of(Result<std::vector<std::string>> names) {
    if (!names) return tl::unexpected(names.error());
    Value::Array list;
    for (std::string& name : *names) list.emplace_back(std::move(name));
    return to_json(Value(std::move(list)));
}

}  // namespace

std::string quoted(std::string_view text) { return to_json(Value(text)); }

Result<std::string> document_json(const Space& space, const DocumentKey& key) {
    const auto value = space.get(key);
    if (!value) return tl::unexpected(value.error());
    if (!*value) return fail(ErrorCode::not_found, "there is no such document");
    return to_json(**value);
}

Result<std::string> document_as_of_json(const Space& space, const DocumentKey& key,
                                        std::uint64_t sequence) {
    const auto document = space.as_of(key, sequence);
    if (!document) return tl::unexpected(document.error());
    return to_json(view(document->root()));
}

Result<std::string> history_json(const Space& space, const DocumentKey& key) {
    const auto entries = space.history(key);
    if (!entries) return tl::unexpected(entries.error());
    Value::Array all;
    for (const HistoryEntry& entry : *entries) all.push_back(to_value(entry));
    return to_json(Value(std::move(all)));
}

Result<std::string> collection_json(const Space& space, const std::string& collection) {
    std::string text = "{";
    auto visited = space.each(collection, [&](const std::string& id, const Value& document) {
        if (text.size() > 1) text += ',';
        text += quoted(id);
        text += ':';
        text += to_json(document);
        return true;
    });
    if (!visited) return tl::unexpected(visited.error());
    text += '}';
    return text;
}

Result<std::string> ids_json(const Space& space, const std::string& collection) {
    return json_of(space.ids(collection));
}

Result<std::string> collections_json(const Space& space) { return json_of(space.collections()); }

Result<std::string> spaces_json(const Store& store) { return json_of(store.spaces()); }

Result<std::string> digest_json(const Space& space) {
    const auto digest = space.digest();
    if (!digest) return tl::unexpected(digest.error());
    return quoted(to_hex(digest->view()));
}

std::string status_json(const SyncStatus& status) {
    Value last_error;
    if (status.last_error) {
        last_error = Value(Value::Map{{"code", Value(name_of(status.last_error->code))},
                                      {"final", Value(status.last_error_is_final)},
                                      {"message", Value(status.last_error->message)}});
    }
    return to_json(Value(Value::Map{{"accepted", number(status.accepted)},
                                    {"connection", Value(name_of(status.connection))},
                                    {"cursor", number(status.cursor)},
                                    {"in_sync", Value(status.in_sync)},
                                    {"last_error", std::move(last_error)},
                                    {"pending", number(status.pending)}}));
}

std::string changes_json(const SpaceChanges& changes) {
    Value::Array documents;
    for (const DocumentChange& change : changes.documents) {
        documents.emplace_back(
            Value::Map{{"collection", Value(change.document.collection)},
                       {"id", Value(change.document.id)},
                       {"remote", Value(change.origin == DocumentChange::Origin::remote)}});
    }
    return to_json(
        Value(Value::Map{{"documents", Value(std::move(documents))}, {"space", changes.space}}));
}

std::string presence_json(const std::vector<Presence>& everybody) {
    Value::Array list;
    for (const Presence& one : everybody) {
        list.emplace_back(Value::Map{{"age_ms", number(one.age_ms)},
                                     {"own", Value(one.own)},
                                     {"replica", Value(to_string(one.replica))},
                                     {"session", Value(one.session)},
                                     {"subject", Value(one.subject)},
                                     {"value", one.value}});
    }
    return to_json(Value(std::move(list)));
}

std::string rejected_json(const std::vector<RejectedChange>& changes) {
    Value::Array list;
    for (const RejectedChange& rejected : changes) {
        Value::Array documents;
        for (const Section& section : rejected.change.sections) {
            Value::Map entry{{"collection", Value(section.document.collection)},
                             {"id", Value(section.document.id)}};
            if (auto told = history_entry(rejected.change, section.document, {})) {
                if (const Value* edits = to_value(*told).find("edits"))
                    entry.push_back({"edits", *edits});
            }
            documents.emplace_back(std::move(entry));
        }
        list.emplace_back(Value::Map{{"code", Value(name_of(rejected.code))},
                                     {"documents", Value(std::move(documents))},
                                     {"message", Value(rejected.change.message)},
                                     {"reason", Value(rejected.reason)}});
    }
    return to_json(Value(std::move(list)));
}

}  // namespace syncline::client

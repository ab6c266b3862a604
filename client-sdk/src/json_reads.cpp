#include "json_reads.hpp"

#include "lost_values.hpp"
#include "syncline/document/json.hpp"

#include <algorithm>
#include <optional>

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
    if (!*value)
        return fail(ErrorCode::not_found, "there is no document " + key.collection + "/" + key.id);
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

Result<std::string> documents_json(const Space& space, const std::string& collection,
                                   const std::string& behind, std::uint64_t limit) {
    if (limit == 0) return fail(ErrorCode::invalid_argument, "a page has at least one document");
    std::string text = "[";
    std::uint64_t count = 0;
    const auto add = [&](const std::string& id, const Value& document) {
        if (count > 0) text += ',';
        text += '[' + quoted(id) + ',' + to_json(document) + ']';
        return ++count < limit;
    };
    if (auto visited = space.each(collection, add, behind); !visited)
        return tl::unexpected(visited.error());
    return text + ']';
}

namespace {

/// Ids in the order of the list: [[replica, first, last, first, last, …], …], counters that follow
/// each other as one pair, neighbours of one replica in one list.
Value element_ids(const List& list) {
    Value::Array groups;
    Value::Array group;
    std::optional<Dot> last;
    const auto end_group = [&] {
        if (!group.empty()) groups.emplace_back(std::move(group));
        group = {};
    };
    for (std::uint32_t index = 0; index < list.size(); ++index) {
        const Dot id = *list.id(index);
        if (last && last->replica == id.replica && last->counter + 1 == id.counter) {
            group.back() = number(id.counter);
        } else {
            if (!last || last->replica != id.replica) {
                end_group();
                group.emplace_back(to_string(id.replica));
            }
            group.push_back(number(id.counter));
            group.push_back(number(id.counter));
        }
        last = id;
    }
    end_group();
    return Value(std::move(groups));
}

void add_lists(Value::Array& lists, Value::Array& path, const OrMap& map);

void add_list(Value::Array& lists, Value::Array& path, const List& list) {
    if (list.size() == 0) return;
    lists.emplace_back(Value::Array{Value(path), element_ids(list)});
    for (const auto& [id, element] : list.elements()) {
        const auto index = list.index(id);
        if (!index) continue;
        path.push_back(number(*index));
        add_lists(lists, path, element.contents());
        path.pop_back();
    }
}

/// What is in a map under its keys, or in an element of a list, whose fields have no names.
void add_lists(Value::Array& lists, Value::Array& path, const OrMap& map) {
    for (const auto& [field, node] : map.fields()) {
        if (field.type() != Type::list && field.type() != Type::map) continue;
        if (!field.key().empty()) path.emplace_back(std::string(field.key()));
        if (const List* list = node->as<List>()) add_list(lists, path, *list);
        if (const OrMap* inner = node->as<OrMap>()) add_lists(lists, path, *inner);
        if (!field.key().empty()) path.pop_back();
    }
}

/// An array that is shown may be a list.
bool shows_array(const Value& value) {
    if (value.array() != nullptr) return true;
    const Value::Map* map = value.map();
    return map != nullptr && std::any_of(map->begin(), map->end(), [](const Value::Member& member) {
               return shows_array(member.value);
           });
}

/// Empty where the document has no list with an element.
Result<Value::Array> lists_of(const Space& space, const DocumentKey& key) {
    const auto document = space.document(key);
    if (!document) return tl::unexpected(document.error());
    Value::Array lists;
    Value::Array path;
    add_lists(lists, path, document->root());
    return lists;
}

}  // namespace

Result<std::string> lists_json(const Space& space, const DocumentKey& key) {
    auto lists = lists_of(space, key);
    if (!lists) return tl::unexpected(lists.error());
    return lists->empty() ? std::string("null") : to_json(Value(std::move(*lists)));
}

Result<std::string> page_json(const Space& space, const std::string& collection,
                              const std::string& behind, std::uint64_t limit) {
    struct Row {
        std::string id;
        std::string text;
        bool may_have_lists;
    };
    std::vector<Row> rows;
    if (limit == 0) return fail(ErrorCode::invalid_argument, "a page has at least one document");
    const auto add = [&](const std::string& id, const Value& document) {
        rows.push_back({id, '[' + quoted(id) + ',' + to_json(document), shows_array(document)});
        return rows.size() < limit;
    };
    if (auto visited = space.each(collection, add, behind); !visited)
        return tl::unexpected(visited.error());
    std::string documents;
    for (const Row& row : rows) {
        if (!documents.empty()) documents += ',';
        documents += row.text;
        if (row.may_have_lists) {
            auto lists = lists_of(space, {collection, row.id});
            if (!lists) return tl::unexpected(lists.error());
            if (!lists->empty()) documents += ',' + to_json(Value(std::move(*lists)));
        }
        documents += ']';
    }
    return "{\"count\":" + std::to_string(rows.size()) +
           ",\"last\":" + quoted(rows.empty() ? std::string() : rows.back().id) +
           ",\"documents\":[" + documents + "]}";
}

namespace {

/// The register that a path of keys and indexes leads to; null if there is none.
const LwwRegister* register_at(const OrMap& root, const Value::Array& path) {
    const OrMap* inside = &root;
    FieldKey field;
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (const std::int64_t* index = path[i].integer()) {
            field.type = Type::list;
            const Node* node = inside->find(field);
            const List* list = node == nullptr ? nullptr : node->as<List>();
            const auto id =
                list == nullptr ? std::nullopt : list->id(static_cast<std::uint32_t>(*index));
            inside = id ? list->contents(*id) : nullptr;
            field.key.clear();
        } else if (const std::string* key = path[i].text()) {
            if (i > 0) {
                field.type = Type::map;
                const Node* node = inside->find(field);
                inside = node == nullptr ? nullptr : node->as<OrMap>();
            }
            field.key = *key;
        } else {
            return nullptr;
        }
        if (inside == nullptr) return nullptr;
    }
    field.type = Type::lww_register;
    const Node* found = inside->find(field);
    return found == nullptr ? nullptr : found->as<LwwRegister>();
}

}  // namespace

Result<std::string> conflicts_json(const Space& space, const Value& question) {
    const Value* doc = question.find("doc");
    const Value* path = question.find("path");
    const Value::Array* names = doc == nullptr ? nullptr : doc->array();
    if (names == nullptr || names->size() != 2 || (*names)[0].text() == nullptr ||
        (*names)[1].text() == nullptr || path == nullptr || path->array() == nullptr) {
        return fail(ErrorCode::invalid_argument, "the question is {\"doc\":[…],\"path\":[…]}");
    }
    const auto document = space.document({*(*names)[0].text(), *(*names)[1].text()});
    if (!document) return tl::unexpected(document.error());
    Value::Array lost;
    if (const LwwRegister* found = register_at(document->root(), *path->array())) {
        lost = lost_values(*found);
    }
    return to_json(Value(std::move(lost)));
}

Result<std::string> report_json(const Space& space) {
    const auto report = space.report();
    if (!report) return tl::unexpected(report.error());
    const SyncStatus status = space.status();
    Value::Map vector;
    for (const auto& [replica, counter] : report->vector) {
        vector.push_back({to_string(replica), number(counter)});
    }
    return to_json(Value(Value::Map{{"clockOffsetMs", Value(status.clock_offset_ms)},
                                    {"cursor", number(status.cursor)},
                                    {"documents", number(report->documents)},
                                    {"pending", number(status.pending)},
                                    {"versionVector", Value(std::move(vector))}}));
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

namespace {

std::string_view name_of(Access access) {
    switch (access) {
        case Access::none: return "none";
        case Access::read: return "read";
        case Access::write: return "write";
    }
    return "none";
}

Value status_value(const SyncStatus& status) {
    Value last_error;
    if (status.last_error) {
        last_error = Value(Value::Map{{"code", Value(name_of(status.last_error->code))},
                                      {"final", Value(status.last_error_is_final)},
                                      {"message", Value(status.last_error->message)}});
    }
    return Value(Value::Map{{"accepted", number(status.accepted)},
                            {"connection", Value(name_of(status.connection))},
                            {"cursor", number(status.cursor)},
                            {"in_sync", Value(status.in_sync)},
                            {"last_error", std::move(last_error)},
                            {"pending", number(status.pending)}});
}

}  // namespace

std::string status_json(const SyncStatus& status) { return to_json(status_value(status)); }

std::string full_status_json(const SyncStatus& status) {
    Value::Map members = *status_value(status).map();
    members.push_back({"access", Value(name_of(status.access))});
    members.push_back({"clock_offset_ms", Value(status.clock_offset_ms)});
    members.push_back({"connected_since_ms", number(status.connected_since_ms)});
    return to_json(Value(std::move(members)));
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

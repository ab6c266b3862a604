#include "syncline/client/c_api.h"

#include "syncline/client/store.hpp"
#include "syncline/document/json.hpp"

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

struct syncline_store {
    syncline::Store store;
};
struct syncline_subscription {
    syncline::Subscription subscription;
};
struct syncline_error {
    syncline::Error error;
    std::string name;
};

namespace syncline {

namespace {

void tell(syncline_error** into, Error error) {
    if (into == nullptr) return;
    std::string name(name_of(error.code));
    *into = new syncline_error{std::move(error), std::move(name)};
}

int done(const Result<>& result, syncline_error** error) {
    if (result) return 1;
    tell(error, result.error());
    return 0;
}

char* copy(std::string_view text) {
    char* made = static_cast<char*>(std::malloc(text.size() + 1));
    if (made == nullptr) return nullptr;
    std::memcpy(made, text.data(), text.size());
    made[text.size()] = '\0';
    return made;
}

/// Calls `use` with the space and hands its text out, or its error.
template <typename Use>
char* text_of(syncline_store* store, const char* name, syncline_error** error, Use use) {
    auto space = store->store.space(name);
    Result<std::string> text = space ? use(*space) : tl::unexpected(space.error());
    if (text) return copy(*text);
    tell(error, text.error());
    return nullptr;
}

Value number(std::uint64_t value) { return Value(static_cast<std::int64_t>(value)); }

/// One element of the list that syncline_transact takes.
struct WrittenOp {
    std::string op;
    DocumentKey document;
    std::vector<std::string> path;
    const Value* value = nullptr;
};

Result<WrittenOp> read_op(const Value& written, std::size_t index) {
    const auto wrong = [&](const std::string& what) {
        return fail(ErrorCode::invalid_argument, "op " + std::to_string(index) + ": " + what);
    };
    if (written.map() == nullptr) return wrong("is no object");
    WrittenOp read;
    for (const Value::Member& member : *written.map()) {
        if (member.key != "op" && member.key != "doc" && member.key != "path" &&
            member.key != "value") {
            return wrong("has a member \"" + member.key + "\"");
        }
    }
    const Value* op = written.find("op");
    if (op == nullptr || op->text() == nullptr) return wrong("\"op\" is no text");
    read.op = *op->text();
    const Value* doc = written.find("doc");
    const Value::Array* names = doc == nullptr ? nullptr : doc->array();
    if (names == nullptr || names->size() != 2 || (*names)[0].text() == nullptr ||
        (*names)[1].text() == nullptr) {
        return wrong("\"doc\" is not [collection, id]");
    }
    read.document = {*(*names)[0].text(), *(*names)[1].text()};
    if (const Value* path = written.find("path")) {
        if (path->array() == nullptr) return wrong("\"path\" is no list");
        for (const Value& key : *path->array()) {
            if (key.text() == nullptr) return wrong("a key of \"path\" is no text");
            read.path.push_back(*key.text());
        }
    }
    read.value = written.find("value");
    return read;
}

/// The map that the last key of `path` is in. MapEditor is not assignable, hence the recursion.
MapEditor descend(MapEditor map, const std::vector<std::string>& path, std::size_t from = 0) {
    if (from + 1 >= path.size()) return map;
    return descend(map.map(path[from]), path, from + 1);
}

Result<> apply(Transaction& tx, const WrittenOp& op, std::size_t index) {
    const auto wrong = [&](const std::string& what) {
        return fail(ErrorCode::invalid_argument, "op " + std::to_string(index) + ": " + what);
    };
    MapEditor document = tx.document(op.document.collection, op.document.id);
    if (op.op == "create") {
        std::vector<std::string> inside = op.path;
        inside.emplace_back();
        descend(document, inside).create();
        return {};
    }
    if (op.op == "delete" && op.path.empty()) {
        document.erase();
        return {};
    }
    if (op.path.empty()) return wrong("needs a \"path\"");
    MapEditor map = descend(document, op.path);
    const std::string& key = op.path.back();
    if (op.op == "delete") {
        map.erase(key);
    } else if (op.op == "enable") {
        map.flag(key).enable();
    } else if (op.op == "disable") {
        map.flag(key).disable();
    } else if (op.value == nullptr) {
        return wrong("needs a \"value\", or is unknown");
    } else if (op.op == "set") {
        map.set(key, *op.value);
    } else if (op.op == "set_multi_value") {
        map.set_multi_value(key, *op.value);
    } else if (op.op == "add") {
        if (op.value->integer() == nullptr) return wrong("\"value\" is no integer");
        map.counter(key).add(*op.value->integer());
    } else if (op.op == "insert") {
        map.set_of(key).insert(*op.value);
    } else if (op.op == "erase") {
        map.set_of(key).erase(*op.value);
    } else if (op.op == "insert_remove_wins") {
        map.remove_wins_set(key).insert(*op.value);
    } else if (op.op == "erase_remove_wins") {
        map.remove_wins_set(key).erase(*op.value);
    } else if (op.op == "insert_grow_only") {
        map.grow_only_set(key).insert(*op.value);
    } else {
        return wrong("\"" + op.op + "\" is unknown");
    }
    return {};
}

std::string_view name_of(SyncStatus::Connection connection) {
    switch (connection) {
        case SyncStatus::Connection::offline: return "offline";
        case SyncStatus::Connection::connecting: return "connecting";
        case SyncStatus::Connection::connected: return "connected";
    }
    return "offline";
}

std::string json_of(const SpaceChanges& changes) {
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

}  // namespace

}  // namespace syncline

using namespace syncline;

int syncline_error_code(const syncline_error* error) { return static_cast<int>(error->error.code); }
const char* syncline_error_name(const syncline_error* error) { return error->name.c_str(); }
const char* syncline_error_message(const syncline_error* error) {
    return error->error.message.c_str();
}
void syncline_error_free(syncline_error* error) { delete error; }
void syncline_string_free(char* text) { std::free(text); }

int syncline_open(const char* path, syncline_store** store, syncline_error** error) {
    auto opened = Store::open(path);
    if (!opened) {
        tell(error, opened.error());
        return 0;
    }
    *store = new syncline_store{std::move(*opened)};
    return 1;
}

void syncline_close(syncline_store* store) {
    if (store == nullptr) return;
    store->store.disconnect();
    delete store;
}

int syncline_set_schema(syncline_store* store, const char* schema_json, syncline_error** error) {
    if (schema_json == nullptr) return done(store->store.drop_schema(), error);
    auto schema = Schema::parse(schema_json);
    if (!schema) return done(tl::unexpected(schema.error()), error);
    return done(store->store.set_schema(*schema), error);
}

char* syncline_schema(syncline_store* store, syncline_error** error) {
    const auto schema = store->store.schema();
    if (schema) return copy(schema->to_json());
    tell(error, {ErrorCode::not_found, "the store has no schema"});
    return nullptr;
}

int syncline_transact(syncline_store* store, const char* space, const char* ops_json,
                      syncline_error** error) {
    const auto ops = parse_json(ops_json);
    if (!ops) return done(tl::unexpected(ops.error()), error);
    if (ops->array() == nullptr) {
        return done(fail(ErrorCode::invalid_argument, "the ops are no list"), error);
    }
    std::vector<WrittenOp> read;
    for (const Value& written : *ops->array()) {
        auto op = read_op(written, read.size());
        if (!op) return done(tl::unexpected(op.error()), error);
        read.push_back(std::move(*op));
    }
    auto opened = store->store.space(space);
    if (!opened) return done(tl::unexpected(opened.error()), error);
    return done(opened->transact([&](Transaction& tx) {
        for (std::size_t i = 0; i < read.size() && !tx.failed(); ++i) {
            if (auto applied = apply(tx, read[i], i); !applied) tx.fail(applied.error());
        }
    }),
                error);
}

char* syncline_get(syncline_store* store, const char* space, const char* collection, const char* id,
                   syncline_error** error) {
    return text_of(store, space, error, [&](const Space& opened) -> Result<std::string> {
        const auto value = opened.get({collection, id});
        if (!value) return tl::unexpected(value.error());
        if (!*value) return fail(ErrorCode::not_found, "there is no such document");
        return to_json(**value);
    });
}

char* syncline_ids(syncline_store* store, const char* space, const char* collection,
                   syncline_error** error) {
    return text_of(store, space, error, [&](const Space& opened) -> Result<std::string> {
        auto ids = opened.ids(collection);
        if (!ids) return tl::unexpected(ids.error());
        Value::Array list;
        for (std::string& id : *ids) list.emplace_back(std::move(id));
        return to_json(Value(std::move(list)));
    });
}

char* syncline_digest(syncline_store* store, const char* space, syncline_error** error) {
    return text_of(store, space, error, [&](const Space& opened) -> Result<std::string> {
        const auto digest = opened.digest();
        if (!digest) return tl::unexpected(digest.error());
        return to_hex(digest->view());
    });
}

syncline_subscription* syncline_observe(syncline_store* store, const char* space,
                                        const char* collection, syncline_observer observer,
                                        void* context, syncline_error** error) {
    auto opened = store->store.space(space);
    if (!opened) {
        tell(error, opened.error());
        return nullptr;
    }
    return new syncline_subscription{opened->observe(
        [observer, context](const SpaceChanges& changes) {
            observer(json_of(changes).c_str(), context);
        },
        collection == nullptr ? std::string() : std::string(collection))};
}

void syncline_subscription_free(syncline_subscription* subscription) { delete subscription; }

int syncline_connect(syncline_store* store, const char* url, const char* token,
                     syncline_error** error) {
    ConnectOptions options;
    options.url = url;
    if (token != nullptr) options.token = [text = std::string(token)] { return text; };
    return done(store->store.connect(std::move(options)), error);
}

void syncline_disconnect(syncline_store* store) { store->store.disconnect(); }

int syncline_wait_in_sync(syncline_store* store, const char* space, uint32_t timeout_ms,
                          syncline_error** error) {
    auto opened = store->store.space(space);
    if (!opened) return done(tl::unexpected(opened.error()), error);
    return done(opened->wait_in_sync(std::chrono::milliseconds(timeout_ms)), error);
}

char* syncline_status(syncline_store* store, const char* space, syncline_error** error) {
    return text_of(store, space, error, [&](const Space& opened) -> Result<std::string> {
        const SyncStatus status = opened.status();
        Value last_error;
        if (status.last_error) {
            last_error = Value(Value::Map{{"code", Value(name_of(status.last_error->code))},
                                          {"message", Value(status.last_error->message)}});
        }
        return to_json(Value(Value::Map{{"accepted", number(status.accepted)},
                                        {"connection", Value(name_of(status.connection))},
                                        {"cursor", number(status.cursor)},
                                        {"in_sync", Value(status.in_sync)},
                                        {"last_error", std::move(last_error)},
                                        {"pending", number(status.pending)}}));
    });
}

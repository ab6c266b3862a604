#include "syncline/client/c_api.h"

#include "json_ops.hpp"
#include "json_reads.hpp"
#include "syncline/client/store.hpp"
#include "syncline/document/json.hpp"

#include <algorithm>
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
struct syncline_undo {
    syncline::UndoStack stack;
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

int step_done(const Result<bool>& result, int* changed, syncline_error** error) {
    if (!result) return done(tl::unexpected(result.error()), error);
    if (changed != nullptr) *changed = *result ? 1 : 0;
    return 1;
}

int once_done(const Result<Done>& result, int* before, syncline_error** error) {
    if (!result) return done(tl::unexpected(result.error()), error);
    if (before != nullptr) *before = *result == Done::before ? 1 : 0;
    return 1;
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

/// Asks a question that only a transaction can answer, and hands the answer out as JSON.
template <typename Ask>
char* answer(syncline_store* store, const char* name, const char* question_json,
             syncline_error** error, Ask ask) {
    const auto question = parse_json(question_json);
    return text_of(store, name, error, [&](Space& space) -> Result<std::string> {
        if (!question) return tl::unexpected(question.error());
        Result<Value> found;
        auto read = space.transact([&](Transaction& tx) { found = ask(tx, *question); });
        if (!read) return tl::unexpected(read.error());
        if (!found) return tl::unexpected(found.error());
        return to_json(*found);
    });
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
    if (auto good = client::check_json_ops(*ops); !good) return done(good, error);
    auto opened = store->store.space(space);
    if (!opened) return done(tl::unexpected(opened.error()), error);
    return done(
        opened->transact([&](Transaction& tx) { client::apply_json_ops(tx, *ops->array()); }),
        error);
}

int syncline_transact_once(syncline_store* store, const char* space, const char* request,
                           const char* ops_json, int* before, syncline_error** error) {
    const auto ops = parse_json(ops_json);
    if (!ops) return done(tl::unexpected(ops.error()), error);
    if (auto good = client::check_json_ops(*ops); !good) return done(good, error);
    auto opened = store->store.space(space);
    if (!opened) return done(tl::unexpected(opened.error()), error);
    return once_done(
        opened->transact_once(request,
                              [&](Transaction& tx) { client::apply_json_ops(tx, *ops->array()); }),
        before, error);
}

syncline_undo* syncline_undo_new(syncline_store* store, const char* space, uint32_t depth_max,
                                 uint32_t merge_ms, syncline_error** error) {
    UndoOptions options;
    if (depth_max != 0) options.depth_max = depth_max;
    options.merge_ms = merge_ms;
    auto opened = store->store.space(space);
    auto stack = opened ? opened->undo(options) : tl::unexpected(opened.error());
    if (stack) return new syncline_undo{std::move(*stack)};
    tell(error, stack.error());
    return nullptr;
}

void syncline_undo_free(syncline_undo* undo) { delete undo; }

int syncline_undo_transact(syncline_undo* undo, const char* ops_json, syncline_error** error) {
    const auto ops = parse_json(ops_json);
    if (!ops) return done(tl::unexpected(ops.error()), error);
    if (auto good = client::check_json_ops(*ops); !good) return done(good, error);
    return done(
        undo->stack.transact([&](Transaction& tx) { client::apply_json_ops(tx, *ops->array()); }),
        error);
}

int syncline_undo_transact_once(syncline_undo* undo, const char* request, const char* ops_json,
                                int* before, syncline_error** error) {
    const auto ops = parse_json(ops_json);
    if (!ops) return done(tl::unexpected(ops.error()), error);
    if (auto good = client::check_json_ops(*ops); !good) return done(good, error);
    return once_done(
        undo->stack.transact_once(
            request, [&](Transaction& tx) { client::apply_json_ops(tx, *ops->array()); }),
        before, error);
}
int syncline_undo_undo_once(syncline_undo* undo, const char* request, int* changed,
                            syncline_error** error) {
    return step_done(undo->stack.undo_once(request), changed, error);
}
int syncline_undo_redo_once(syncline_undo* undo, const char* request, int* changed,
                            syncline_error** error) {
    return step_done(undo->stack.redo_once(request), changed, error);
}

int syncline_undo_undo(syncline_undo* undo, int* changed, syncline_error** error) {
    return step_done(undo->stack.undo(), changed, error);
}
int syncline_undo_redo(syncline_undo* undo, int* changed, syncline_error** error) {
    return step_done(undo->stack.redo(), changed, error);
}
int syncline_undo_can_undo(const syncline_undo* undo) { return undo->stack.can_undo() ? 1 : 0; }
int syncline_undo_can_redo(const syncline_undo* undo) { return undo->stack.can_redo() ? 1 : 0; }
void syncline_undo_begin_group(syncline_undo* undo) { undo->stack.begin_group(); }
void syncline_undo_end_group(syncline_undo* undo) { undo->stack.end_group(); }
void syncline_undo_clear(syncline_undo* undo) { undo->stack.clear(); }

char* syncline_spans(syncline_store* store, const char* space, const char* question_json,
                     syncline_error** error) {
    return answer(store, space, question_json, error, client::spans_of);
}

char* syncline_handle(syncline_store* store, const char* space, const char* question_json,
                      syncline_error** error) {
    return answer(store, space, question_json, error, client::take_handle);
}

int syncline_position(syncline_store* store, const char* space, const char* handle_json,
                      uint32_t* position, syncline_error** error) {
    const auto handle = parse_json(handle_json);
    if (!handle) return done(tl::unexpected(handle.error()), error);
    auto opened = store->store.space(space);
    if (!opened) return done(tl::unexpected(opened.error()), error);
    const auto found = client::resolve_handle(*opened, *handle);
    if (!found) return done(tl::unexpected(found.error()), error);
    *position = *found;
    return 1;
}

char* syncline_get(syncline_store* store, const char* space, const char* collection, const char* id,
                   syncline_error** error) {
    return text_of(store, space, error, [&](const Space& opened) {
        return client::document_json(opened, {collection, id});
    });
}

int syncline_keep_history(syncline_store* store, uint64_t milliseconds, syncline_error** error) {
    constexpr std::uint64_t longest = std::uint64_t{1} << 53;
    return done(store->store.keep_history(
                    std::chrono::milliseconds(std::min<std::uint64_t>(milliseconds, longest))),
                error);
}

char* syncline_history(syncline_store* store, const char* space, const char* collection,
                       const char* id, syncline_error** error) {
    return text_of(store, space, error, [&](const Space& opened) {
        return client::history_json(opened, {collection, id});
    });
}

char* syncline_get_as_of(syncline_store* store, const char* space, const char* collection,
                         const char* id, uint64_t sequence, syncline_error** error) {
    return text_of(store, space, error, [&](const Space& opened) {
        return client::document_as_of_json(opened, {collection, id}, sequence);
    });
}

char* syncline_ids(syncline_store* store, const char* space, const char* collection,
                   syncline_error** error) {
    return text_of(store, space, error,
                   [&](const Space& opened) { return client::ids_json(opened, collection); });
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
            observer(client::changes_json(changes).c_str(), context);
        },
        collection == nullptr ? std::string() : std::string(collection))};
}

void syncline_subscription_free(syncline_subscription* subscription) { delete subscription; }

int syncline_presence_set(syncline_store* store, const char* space, const char* session,
                          const char* value_json, uint32_t ttl_ms, syncline_error** error) {
    constexpr std::uint32_t usual_ms = 30'000;
    auto value = parse_json(value_json);
    if (!value) return done(tl::unexpected(value.error()), error);
    auto opened = store->store.space(space);
    if (!opened) return done(tl::unexpected(opened.error()), error);
    const std::chrono::milliseconds ttl(ttl_ms == 0 ? usual_ms : ttl_ms);
    return done(opened->set_presence(session, std::move(*value), ttl), error);
}

int syncline_presence_clear(syncline_store* store, const char* space, const char* session,
                            syncline_error** error) {
    auto opened = store->store.space(space);
    if (!opened) return done(tl::unexpected(opened.error()), error);
    opened->clear_presence(session);
    return 1;
}

char* syncline_presence_get(syncline_store* store, const char* space, syncline_error** error) {
    return text_of(store, space, error, [](const Space& opened) -> Result<std::string> {
        return client::presence_json(opened.presence());
    });
}

syncline_subscription* syncline_presence_observe(syncline_store* store, const char* space,
                                                 syncline_observer observer, void* context,
                                                 syncline_error** error) {
    auto opened = store->store.space(space);
    if (!opened) {
        tell(error, opened.error());
        return nullptr;
    }
    return new syncline_subscription{
        opened->observe_presence([observer, context](const std::vector<Presence>& everybody) {
            observer(client::presence_json(everybody).c_str(), context);
        })};
}

int syncline_connect(syncline_store* store, const char* url, const char* token,
                     syncline_error** error) {
    ConnectOptions options;
    options.url = url;
    if (token != nullptr) store->store.set_token(token);
    return done(store->store.connect(std::move(options)), error);
}

void syncline_set_token(syncline_store* store, const char* token) {
    store->store.set_token(token == nullptr ? std::string() : std::string(token));
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
        return client::status_json(opened.status());
    });
}

#include "syncline/client/c_api.h"

#include "json_ops.hpp"
#include "json_reads.hpp"
#include "syncline/client/store.hpp"
#include "syncline/document/json.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iterator>
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

/// Whether the pointers that a function cannot do without are there. A NULL that a caller did not
/// mean (a string that another language made none of, a handle that was never opened) is an error
/// like another, and no crash.
template <typename... Pointers>
bool given(syncline_error** error, Pointers... pointers) {
    if (((pointers != nullptr) && ...)) return true;
    tell(error, {ErrorCode::invalid_argument, "NULL, where something has to be given"});
    return false;
}

/// Runs a list of ops by `transact`, which is given what a transaction is.
template <typename Transact>
auto with_ops(const char* ops_json, Transact transact)
    -> decltype(transact(std::function<void(Transaction&)>())) {
    const auto ops = parse_json(ops_json);
    if (!ops) return tl::unexpected(ops.error());
    if (auto good = client::check_json_ops(*ops); !good) return tl::unexpected(good.error());
    return transact([&](Transaction& tx) { client::apply_json_ops(tx, *ops->array()); });
}

/// Calls `observe` with the space and hands its subscription out, or the error.
template <typename Observe>
syncline_subscription* subscription_of(syncline_store* store, const char* name,
                                       syncline_error** error, Observe observe) {
    auto space = store->store.space(name);
    if (space) return new syncline_subscription{observe(*space)};
    tell(error, space.error());
    return nullptr;
}

/// Milliseconds of a member that may be left out.
Result<> take_ms(const Value& options, std::string_view name, std::chrono::milliseconds& into) {
    const Value* found = options.find(name);
    if (found == nullptr) return {};
    constexpr std::int64_t longest = std::int64_t{1} << 40;
    const std::int64_t* ms = found->integer();
    if (ms == nullptr || *ms < 1 || *ms > longest)
        return fail(ErrorCode::invalid_argument,
                    std::string(name) + ": is no number of milliseconds");
    into = std::chrono::milliseconds(*ms);
    return {};
}

Result<> take_text(const Value& options, std::string_view name, std::string& into) {
    const Value* found = options.find(name);
    if (found == nullptr) return {};
    if (found->text() == nullptr)
        return fail(ErrorCode::invalid_argument, std::string(name) + ": is no text");
    into = *found->text();
    return {};
}

struct Connecting {
    ConnectOptions options;
    std::string token;
};

/// What syncline_connect_with takes. A member that is not known is refused, so that a misspelt one
/// is found.
Result<Connecting> connecting(const char* options_json) {
    const auto options = parse_json(options_json);
    if (!options) return tl::unexpected(options.error());
    if (options->map() == nullptr)
        return fail(ErrorCode::invalid_argument, "the options are no object");
    for (const Value::Member& member : *options->map()) {
        static constexpr std::string_view known[] = {"backoff_max_ms", "backoff_min_ms", "ca_file",
                                                     "keep_alive_ms",  "token",          "url"};
        if (std::find(std::begin(known), std::end(known), member.key) == std::end(known))
            return fail(ErrorCode::invalid_argument, member.key + ": is no option");
    }
    Connecting made;
    std::chrono::milliseconds keep_alive = made.options.keep_alive;
    for (const auto& taken :
         {take_text(*options, "url", made.options.url), take_text(*options, "token", made.token),
          take_text(*options, "ca_file", made.options.ca_file),
          take_ms(*options, "backoff_min_ms", made.options.backoff_min),
          take_ms(*options, "backoff_max_ms", made.options.backoff_max),
          take_ms(*options, "keep_alive_ms", keep_alive)}) {
        if (!taken) return tl::unexpected(taken.error());
    }
    made.options.keep_alive = std::chrono::ceil<std::chrono::seconds>(keep_alive);
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

int syncline_error_code(const syncline_error* error) {
    return error == nullptr ? 0 : static_cast<int>(error->error.code);
}
const char* syncline_error_name(const syncline_error* error) {
    return error == nullptr ? "" : error->name.c_str();
}
const char* syncline_error_message(const syncline_error* error) {
    return error == nullptr ? "" : error->error.message.c_str();
}
void syncline_error_free(syncline_error* error) { delete error; }
void syncline_string_free(char* text) { std::free(text); }

int syncline_open(const char* path, syncline_store** store, syncline_error** error) {
    if (!given(error, path, store)) return 0;
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

char* syncline_spaces(syncline_store* store, syncline_error** error) {
    if (!given(error, store)) return nullptr;
    const auto names = client::spaces_json(store->store);
    if (names) return copy(*names);
    tell(error, names.error());
    return nullptr;
}

char* syncline_replica(syncline_store* store) {
    return store == nullptr ? nullptr : copy(to_string(store->store.replica()));
}

int syncline_verify(syncline_store* store, syncline_error** error) {
    return given(error, store) ? done(store->store.verify(), error) : 0;
}

int syncline_checkpoint(syncline_store* store, syncline_error** error) {
    return given(error, store) ? done(store->store.checkpoint(), error) : 0;
}

int syncline_set_schema(syncline_store* store, const char* schema_json, syncline_error** error) {
    if (!given(error, store)) return 0;
    if (schema_json == nullptr) return done(store->store.drop_schema(), error);
    auto schema = Schema::parse(schema_json);
    if (!schema) return done(tl::unexpected(schema.error()), error);
    return done(store->store.set_schema(*schema), error);
}

char* syncline_schema(syncline_store* store, syncline_error** error) {
    if (!given(error, store)) return nullptr;
    const auto schema = store->store.schema();
    if (schema) return copy(schema->to_json());
    tell(error, {ErrorCode::not_found, "the store has no schema"});
    return nullptr;
}

int syncline_transact(syncline_store* store, const char* space, const char* ops_json,
                      syncline_error** error) {
    return syncline_transact_with_message(store, space, ops_json, "", error);
}

int syncline_transact_with_message(syncline_store* store, const char* space, const char* ops_json,
                                   const char* message, syncline_error** error) {
    if (!given(error, store, space, ops_json, message)) return 0;
    auto opened = store->store.space(space);
    if (!opened) return done(tl::unexpected(opened.error()), error);
    return done(
        with_ops(ops_json, [&](const auto& edit) { return opened->transact(edit, message); }),
        error);
}

int syncline_transact_once(syncline_store* store, const char* space, const char* request,
                           const char* ops_json, int* before, syncline_error** error) {
    if (!given(error, store, space, request, ops_json)) return 0;
    auto opened = store->store.space(space);
    if (!opened) return done(tl::unexpected(opened.error()), error);
    return once_done(
        with_ops(ops_json, [&](const auto& edit) { return opened->transact_once(request, edit); }),
        before, error);
}

syncline_undo* syncline_undo_new(syncline_store* store, const char* space, uint32_t depth_max,
                                 uint32_t merge_ms, syncline_error** error) {
    if (!given(error, store, space)) return nullptr;
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
    if (!given(error, undo, ops_json)) return 0;
    return done(with_ops(ops_json, [&](const auto& edit) { return undo->stack.transact(edit); }),
                error);
}

int syncline_undo_transact_once(syncline_undo* undo, const char* request, const char* ops_json,
                                int* before, syncline_error** error) {
    if (!given(error, undo, request, ops_json)) return 0;
    return once_done(
        with_ops(ops_json,
                 [&](const auto& edit) { return undo->stack.transact_once(request, edit); }),
        before, error);
}
int syncline_undo_undo_once(syncline_undo* undo, const char* request, int* changed,
                            syncline_error** error) {
    if (!given(error, undo, request)) return 0;
    return step_done(undo->stack.undo_once(request), changed, error);
}
int syncline_undo_redo_once(syncline_undo* undo, const char* request, int* changed,
                            syncline_error** error) {
    if (!given(error, undo, request)) return 0;
    return step_done(undo->stack.redo_once(request), changed, error);
}

int syncline_undo_undo(syncline_undo* undo, int* changed, syncline_error** error) {
    if (!given(error, undo)) return 0;
    return step_done(undo->stack.undo(), changed, error);
}
int syncline_undo_redo(syncline_undo* undo, int* changed, syncline_error** error) {
    if (!given(error, undo)) return 0;
    return step_done(undo->stack.redo(), changed, error);
}
int syncline_undo_can_undo(const syncline_undo* undo) {
    return undo != nullptr && undo->stack.can_undo() ? 1 : 0;
}
int syncline_undo_can_redo(const syncline_undo* undo) {
    return undo != nullptr && undo->stack.can_redo() ? 1 : 0;
}
void syncline_undo_begin_group(syncline_undo* undo) {
    if (undo != nullptr) undo->stack.begin_group();
}
void syncline_undo_end_group(syncline_undo* undo) {
    if (undo != nullptr) undo->stack.end_group();
}
void syncline_undo_clear(syncline_undo* undo) {
    if (undo != nullptr) undo->stack.clear();
}

char* syncline_spans(syncline_store* store, const char* space, const char* question_json,
                     syncline_error** error) {
    if (!given(error, store, space, question_json)) return nullptr;
    return answer(store, space, question_json, error, client::spans_of);
}

char* syncline_handle(syncline_store* store, const char* space, const char* question_json,
                      syncline_error** error) {
    if (!given(error, store, space, question_json)) return nullptr;
    return answer(store, space, question_json, error, client::take_handle);
}

int syncline_position(syncline_store* store, const char* space, const char* handle_json,
                      uint32_t* position, syncline_error** error) {
    if (!given(error, store, space, handle_json, position)) return 0;
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
    if (!given(error, store, space, collection, id)) return nullptr;
    return text_of(store, space, error, [&](const Space& opened) {
        return client::document_json(opened, {collection, id});
    });
}

int syncline_keep_history(syncline_store* store, uint64_t milliseconds, syncline_error** error) {
    if (!given(error, store)) return 0;
    constexpr std::uint64_t longest = std::uint64_t{1} << 53;
    return done(store->store.keep_history(
                    std::chrono::milliseconds(std::min<std::uint64_t>(milliseconds, longest))),
                error);
}

char* syncline_history(syncline_store* store, const char* space, const char* collection,
                       const char* id, syncline_error** error) {
    if (!given(error, store, space, collection, id)) return nullptr;
    return text_of(store, space, error, [&](const Space& opened) {
        return client::history_json(opened, {collection, id});
    });
}

char* syncline_get_as_of(syncline_store* store, const char* space, const char* collection,
                         const char* id, uint64_t sequence, syncline_error** error) {
    if (!given(error, store, space, collection, id)) return nullptr;
    return text_of(store, space, error, [&](const Space& opened) {
        return client::document_as_of_json(opened, {collection, id}, sequence);
    });
}

char* syncline_ids(syncline_store* store, const char* space, const char* collection,
                   syncline_error** error) {
    if (!given(error, store, space, collection)) return nullptr;
    return text_of(store, space, error,
                   [&](const Space& opened) { return client::ids_json(opened, collection); });
}

char* syncline_documents(syncline_store* store, const char* space, const char* collection,
                         const char* behind, uint64_t limit, syncline_error** error) {
    if (!given(error, store, space, collection)) return nullptr;
    return text_of(store, space, error, [&](const Space& opened) {
        return client::documents_json(opened, collection, behind == nullptr ? "" : behind,
                                      limit == 0 ? UINT64_MAX : limit);
    });
}

char* syncline_collections(syncline_store* store, const char* space, syncline_error** error) {
    if (!given(error, store, space)) return nullptr;
    return text_of(store, space, error,
                   [](const Space& opened) { return client::collections_json(opened); });
}

char* syncline_conflicts(syncline_store* store, const char* space, const char* question_json,
                         syncline_error** error) {
    if (!given(error, store, space, question_json)) return nullptr;
    const auto question = parse_json(question_json);
    return text_of(store, space, error, [&](const Space& opened) -> Result<std::string> {
        if (!question) return tl::unexpected(question.error());
        return client::conflicts_json(opened, *question);
    });
}

char* syncline_digest(syncline_store* store, const char* space, syncline_error** error) {
    if (!given(error, store, space)) return nullptr;
    return text_of(store, space, error, [&](const Space& opened) -> Result<std::string> {
        const auto digest = opened.digest();
        if (!digest) return tl::unexpected(digest.error());
        return to_hex(digest->view());
    });
}

syncline_subscription* syncline_observe(syncline_store* store, const char* space,
                                        const char* collection, syncline_observer observer,
                                        void* context, syncline_error** error) {
    if (!given(error, store, space, observer)) return nullptr;
    return subscription_of(store, space, error, [&](Space& opened) {
        return opened.observe(
            [observer, context](const SpaceChanges& changes) {
                observer(client::changes_json(changes).c_str(), context);
            },
            collection == nullptr ? std::string() : std::string(collection));
    });
}

syncline_subscription* syncline_observe_rejected(syncline_store* store, const char* space,
                                                 syncline_observer observer, void* context,
                                                 syncline_error** error) {
    if (!given(error, store, space, observer)) return nullptr;
    return subscription_of(store, space, error, [&](Space& opened) {
        return opened.observe_rejected(
            [observer, context](const std::vector<RejectedChange>& changes) {
                observer(client::rejected_json(changes).c_str(), context);
            });
    });
}

syncline_subscription* syncline_observe_status(syncline_store* store, const char* space,
                                               syncline_observer observer, void* context,
                                               syncline_error** error) {
    if (!given(error, store, space, observer)) return nullptr;
    return subscription_of(store, space, error, [&](Space& opened) {
        return opened.observe_status([observer, context](const SyncStatus& status) {
            observer(client::full_status_json(status).c_str(), context);
        });
    });
}

void syncline_subscription_free(syncline_subscription* subscription) { delete subscription; }

int syncline_presence_set(syncline_store* store, const char* space, const char* session,
                          const char* value_json, uint32_t ttl_ms, syncline_error** error) {
    if (!given(error, store, space, session, value_json)) return 0;
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
    if (!given(error, store, space, session)) return 0;
    auto opened = store->store.space(space);
    if (!opened) return done(tl::unexpected(opened.error()), error);
    opened->clear_presence(session);
    return 1;
}

char* syncline_presence_get(syncline_store* store, const char* space, syncline_error** error) {
    if (!given(error, store, space)) return nullptr;
    return text_of(store, space, error, [](const Space& opened) -> Result<std::string> {
        return client::presence_json(opened.presence());
    });
}

syncline_subscription* syncline_presence_observe(syncline_store* store, const char* space,
                                                 syncline_observer observer, void* context,
                                                 syncline_error** error) {
    if (!given(error, store, space, observer)) return nullptr;
    return subscription_of(store, space, error, [&](Space& opened) {
        return opened.observe_presence([observer, context](const std::vector<Presence>& everybody) {
            observer(client::presence_json(everybody).c_str(), context);
        });
    });
}

int syncline_connect(syncline_store* store, const char* url, const char* token,
                     syncline_error** error) {
    if (!given(error, store, url)) return 0;
    ConnectOptions options;
    options.url = url;
    if (token != nullptr) store->store.set_token(token);
    return done(store->store.connect(std::move(options)), error);
}

int syncline_connect_with(syncline_store* store, const char* options_json, syncline_error** error) {
    if (!given(error, store, options_json)) return 0;
    auto made = connecting(options_json);
    if (!made) return done(tl::unexpected(made.error()), error);
    if (!made->token.empty()) store->store.set_token(std::move(made->token));
    return done(store->store.connect(std::move(made->options)), error);
}

void syncline_set_token(syncline_store* store, const char* token) {
    if (store == nullptr) return;
    store->store.set_token(token == nullptr ? std::string() : std::string(token));
}

void syncline_disconnect(syncline_store* store) {
    if (store != nullptr) store->store.disconnect();
}

int syncline_wait_in_sync(syncline_store* store, const char* space, uint32_t timeout_ms,
                          syncline_error** error) {
    if (!given(error, store, space)) return 0;
    auto opened = store->store.space(space);
    if (!opened) return done(tl::unexpected(opened.error()), error);
    return done(opened->wait_in_sync(std::chrono::milliseconds(timeout_ms)), error);
}

char* syncline_status(syncline_store* store, const char* space, syncline_error** error) {
    if (!given(error, store, space)) return nullptr;
    return text_of(store, space, error, [&](const Space& opened) -> Result<std::string> {
        return client::full_status_json(opened.status());
    });
}

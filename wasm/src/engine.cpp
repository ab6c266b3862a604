#include "engine.hpp"

#include "arguments.hpp"
#include "json_ops.hpp"
#include "json_reads.hpp"
#include "syncline/codec/limits.hpp"
#include "syncline/document/json.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace syncline::wasm {

namespace {

/// Ops lie in a list, in a request.
constexpr std::size_t request_depth_max = wire::value_depth_max + 3;

using Answer = Result<std::string>;

Answer done() { return std::string("null"); }
Answer done(const Result<>& result) {
    if (!result) return tl::unexpected(result.error());
    return done();
}
Answer yes_or_no(bool value) { return std::string(value ? "true" : "false"); }
Answer yes_or_no(const Result<bool>& value) {
    if (!value) return tl::unexpected(value.error());
    return yes_or_no(*value);
}
std::chrono::milliseconds milliseconds(std::uint64_t value) {
    constexpr std::uint64_t longest = std::uint64_t{1} << 53;
    return std::chrono::milliseconds(std::min(value, longest));
}

/// A question that only a transaction can answer.
template <typename Ask>
Answer ask(Space& space, const Value& question, Ask ask) {
    Result<Value> found;
    auto read = space.transact([&](Transaction& tx) { found = ask(tx, question); });
    if (!read) return tl::unexpected(read.error());
    if (!found) return tl::unexpected(found.error());
    return to_json(*found);
}

/// Runs ops through a space or an undo stack.
template <typename Origin>
Answer transact(Origin& origin, const Arguments& in) {
    const Value& ops = in.value(2);
    std::string message = in.text_or(3, "");
    if (auto good = in.good(); !good) return done(good);
    if (auto good = client::check_json_ops(ops); !good) return done(good);
    const auto edit = [&](Transaction& tx) { client::apply_json_ops(tx, *ops.array()); };
    if (!in.has(4)) return done(origin.transact(edit, std::move(message)));
    const std::string& once = in.text(4);
    if (auto good = in.good(); !good) return done(good);
    const auto made = origin.transact_once(once, edit, std::move(message));
    if (!made) return tl::unexpected(made.error());
    return yes_or_no(*made == Done::now);
}

DocumentKey document(const Arguments& in) { return {in.text(2), in.text(3)}; }

// ---- Methods of the store. Those that change something look at their arguments first; for the
// others it is enough that call() does afterwards.

Answer set_schema(Store& store, const Arguments& in) {
    if (!in.has(1)) return done(store.drop_schema());
    auto schema = Schema::parse(to_json(in.value(1)));
    if (!schema) return tl::unexpected(schema.error());
    return done(store.set_schema(*schema));
}

Answer schema(Store& store, const Arguments&) {
    const auto schema = store.schema();
    return schema ? schema->to_json() : done();
}

Answer keep_history(Store& store, const Arguments& in) {
    const auto time = milliseconds(in.number(1));
    if (auto good = in.good(); !good) return done(good);
    return done(store.keep_history(time));
}

Answer disconnect(Store& store, const Arguments&) {
    store.disconnect();
    return done();
}

Answer spaces(Store& store, const Arguments&) { return client::spaces_json(store); }
Answer verify(Store& store, const Arguments&) { return done(store.verify()); }
Answer checkpoint(Store& store, const Arguments&) { return done(store.checkpoint()); }
Answer replica(Store& store, const Arguments&) {
    return client::quoted(to_string(store.replica()));
}

// ---- Methods of a space

Answer open_space(Space&, const Arguments&) { return done(); }
Answer get(Space& space, const Arguments& in) {
    const auto value = space.get(document(in));
    if (!value) return tl::unexpected(value.error());
    return *value ? to_json(**value) : done();
}
Answer all(Space& space, const Arguments& in) { return client::collection_json(space, in.text(2)); }
Answer page(Space& space, const Arguments& in) {
    return client::page_json(space, in.text(2), in.text_or(3, ""), in.number(4));
}
Answer lists(Space& space, const Arguments& in) { return client::lists_json(space, document(in)); }
Answer conflicts(Space& space, const Arguments& in) {
    return client::conflicts_json(space, in.value(2));
}
Answer inspect(Space& space, const Arguments&) { return client::report_json(space); }
Answer presence(Space& space, const Arguments&) { return client::presence_json(space.presence()); }
Answer set_presence(Space& space, const Arguments& in) {
    const std::string& session = in.text(2);
    if (auto good = in.good(); !good) return done(good);
    return done(space.set_presence(session, in.value(3)));
}
Answer clear_presence(Space& space, const Arguments& in) {
    space.clear_presence(in.text(2));
    return done();
}
Answer ids(Space& space, const Arguments& in) { return client::ids_json(space, in.text(2)); }
Answer collections(Space& space, const Arguments&) { return client::collections_json(space); }
Answer status(Space& space, const Arguments&) { return client::status_json(space.status()); }
Answer digest(Space& space, const Arguments&) { return client::digest_json(space); }
Answer history(Space& space, const Arguments& in) {
    return client::history_json(space, document(in));
}
Answer as_of(Space& space, const Arguments& in) {
    return client::document_as_of_json(space, document(in), in.number(4));
}
Answer spans(Space& space, const Arguments& in) {
    return ask(space, in.value(2), client::spans_of);
}
Answer handle(Space& space, const Arguments& in) {
    return ask(space, in.value(2), client::take_handle);
}
Answer position(Space& space, const Arguments& in) {
    const auto position = client::resolve_handle(space, in.value(2));
    if (position) return std::to_string(*position);
    if (position.error().code == ErrorCode::not_found) return done();
    return tl::unexpected(position.error());
}

// ---- Methods of an undo stack

Answer undo(UndoStack& stack, const Arguments& in) {
    return yes_or_no(in.has(2) ? stack.undo_once(in.text(2)) : stack.undo());
}
Answer redo(UndoStack& stack, const Arguments& in) {
    return yes_or_no(in.has(2) ? stack.redo_once(in.text(2)) : stack.redo());
}
Answer can_undo(UndoStack& stack, const Arguments&) { return yes_or_no(stack.can_undo()); }
Answer can_redo(UndoStack& stack, const Arguments&) { return yes_or_no(stack.can_redo()); }
Answer begin_group(UndoStack& stack, const Arguments&) {
    stack.begin_group();
    return done();
}
Answer end_group(UndoStack& stack, const Arguments&) {
    stack.end_group();
    return done();
}
Answer clear(UndoStack& stack, const Arguments&) {
    stack.clear();
    return done();
}

}  // namespace

// ---- Methods of the module

Answer Engine::open(const Arguments& in) {
    const std::string& path = in.text(1);
    if (auto good = in.good(); !good) return done(good);
    if (store_) return fail(ErrorCode::invalid_argument, "a store is open already");
    auto opened = Store::open(path);
    if (!opened) return tl::unexpected(opened.error());
    store_ = std::move(*opened);
    return client::quoted(to_string(store_->replica()));
}

Answer Engine::close(const Arguments&) {
    undos_.clear();
    spaces_.clear();
    if (store_) store_->disconnect();
    store_.reset();
    return done();
}

Answer Engine::connect(const Arguments& in) {
    ConnectOptions options;
    options.url = in.text(1);
    options.backoff_min = milliseconds(in.number(2));
    options.backoff_max = milliseconds(in.number(3));
    if (auto good = in.good(); !good) return done(good);
    if (!store_) return fail(ErrorCode::closed, "no store is open");
    // The host brings one before it connects, and whenever there is a newer one: set_token.
    store_->set_token({});
    return done(store_->connect(std::move(options)));
}

Answer Engine::set_token(const Arguments& in) {
    std::string token = in.text_or(1, "");
    if (auto good = in.good(); !good) return done(good);
    if (!store_) return fail(ErrorCode::closed, "no store is open");
    store_->set_token(std::move(token));
    return done();
}

Answer Engine::undo_new(const Arguments& in) {
    auto space = space_of(in);
    if (!space) return tl::unexpected(space.error());
    UndoOptions options;
    options.depth_max = static_cast<std::size_t>(
        std::min<std::uint64_t>(in.number_or(2, options.depth_max), 1'000'000));
    options.merge_ms = in.number_or(3, options.merge_ms);
    if (auto good = in.good(); !good) return done(good);
    auto stack = (*space)->undo(options);
    if (!stack) return tl::unexpected(stack.error());
    undos_.emplace(++last_undo_, std::move(*stack));
    return std::to_string(last_undo_);
}

Answer Engine::undo_free(const Arguments& in) {
    undos_.erase(static_cast<std::int64_t>(in.number(1)));
    return done();
}

// ---- What a method is of

Result<Space*> Engine::space_of(const Arguments& in) {
    const std::string& name = in.text(1);
    if (auto good = in.good(); !good) return tl::unexpected(good.error());
    const auto known = spaces_.find(name);
    if (known != spaces_.end()) return &known->second.space;
    if (!store_) return fail(ErrorCode::closed, "no store is open");
    auto space = store_->space(name);
    if (!space) return tl::unexpected(space.error());
    auto changed = space->observe([this](const SpaceChanges& changes) {
        events_.push_back(R"({"type":"changed",)" + client::changes_json(changes).substr(1));
    });
    auto rejected =
        space->observe_rejected([this, name](const std::vector<RejectedChange>& changes) {
            events_.push_back(R"({"type":"rejected","space":)" + client::quoted(name) +
                              R"(,"changes":)" + client::rejected_json(changes) + "}");
        });
    auto presence = space->observe_presence([this, name](const std::vector<Presence>&) {
        events_.push_back(R"({"type":"presence","space":)" + client::quoted(name) + "}");
    });
    OpenSpace opened{
        std::move(*space), std::move(changed), std::move(rejected), std::move(presence), {}};
    return &spaces_.emplace(name, std::move(opened)).first->second.space;
}

Result<UndoStack*> Engine::undo_of(const Arguments& in) {
    const auto stack = undos_.find(static_cast<std::int64_t>(in.number(1)));
    if (auto good = in.good(); !good) return tl::unexpected(good.error());
    if (stack == undos_.end()) return fail(ErrorCode::closed, "the undo stack is closed");
    return &stack->second;
}

template <Answer (Engine::*method)(const Arguments&)>
Answer Engine::of_module(Engine& engine, const Arguments& in) {
    return (engine.*method)(in);
}

template <Answer (*method)(Store&, const Arguments&)>
Answer Engine::of_store(Engine& engine, const Arguments& in) {
    if (!engine.store_) return fail(ErrorCode::closed, "no store is open");
    return method(*engine.store_, in);
}

template <Answer (*method)(Space&, const Arguments&)>
Answer Engine::of_space(Engine& engine, const Arguments& in) {
    auto space = engine.space_of(in);
    if (!space) return tl::unexpected(space.error());
    return method(**space, in);
}

template <Answer (*method)(UndoStack&, const Arguments&)>
Answer Engine::of_undo(Engine& engine, const Arguments& in) {
    auto stack = engine.undo_of(in);
    if (!stack) return tl::unexpected(stack.error());
    return method(**stack, in);
}

// ---- Calls

Engine::Method Engine::find(std::string_view name) {
    struct Named {
        std::string_view name;
        Method method;
    };
    // In the order of engine.ts.
    static constexpr std::array methods = {
        Named{"open", of_module<&Engine::open>},
        Named{"close", of_module<&Engine::close>},
        Named{"connect", of_module<&Engine::connect>},
        Named{"set_token", of_module<&Engine::set_token>},
        Named{"disconnect", of_store<disconnect>},
        Named{"replica", of_store<replica>},
        Named{"spaces", of_store<spaces>},
        Named{"set_schema", of_store<set_schema>},
        Named{"schema", of_store<schema>},
        Named{"keep_history", of_store<keep_history>},
        Named{"verify", of_store<verify>},
        Named{"checkpoint", of_store<checkpoint>},
        Named{"space", of_space<open_space>},
        Named{"transact", of_space<transact<Space>>},
        Named{"get", of_space<get>},
        Named{"all", of_space<all>},
        Named{"page", of_space<page>},
        Named{"lists", of_space<lists>},
        Named{"conflicts", of_space<conflicts>},
        Named{"inspect", of_space<inspect>},
        Named{"presence", of_space<presence>},
        Named{"set_presence", of_space<set_presence>},
        Named{"clear_presence", of_space<clear_presence>},
        Named{"ids", of_space<ids>},
        Named{"collections", of_space<collections>},
        Named{"status", of_space<status>},
        Named{"digest", of_space<digest>},
        Named{"history", of_space<history>},
        Named{"as_of", of_space<as_of>},
        Named{"spans", of_space<spans>},
        Named{"handle", of_space<handle>},
        Named{"position", of_space<position>},
        Named{"undo_new", of_module<&Engine::undo_new>},
        Named{"undo_free", of_module<&Engine::undo_free>},
        Named{"undo_transact", of_undo<transact<UndoStack>>},
        Named{"undo", of_undo<undo>},
        Named{"redo", of_undo<redo>},
        Named{"can_undo", of_undo<can_undo>},
        Named{"can_redo", of_undo<can_redo>},
        Named{"begin_group", of_undo<begin_group>},
        Named{"end_group", of_undo<end_group>},
        Named{"clear", of_undo<clear>},
    };
    const auto* found = std::find_if(methods.begin(), methods.end(),
                                     [&](const Named& each) { return each.name == name; });
    return found == methods.end() ? nullptr : found->method;
}

Answer Engine::call(std::string_view request) {
    auto parsed = parse_json(request, request_depth_max);
    if (!parsed) return tl::unexpected(parsed.error());
    const Value::Array* array = parsed->array();
    const std::string* name = array == nullptr || array->empty() ? nullptr : array->front().text();
    const Method method = name == nullptr ? nullptr : find(*name);
    if (method == nullptr) return fail(ErrorCode::invalid_argument, "there is no such method");
    const Arguments arguments(*array);
    auto answer = method(*this, arguments);
    if (auto good = arguments.good(); !good) return done(good);
    return answer;
}

/// Looks whether a space stands otherwise than was told last.
void Engine::note_status() {
    for (auto& [name, open] : spaces_) {
        std::string status = client::status_json(open.space.status());
        if (status == open.told_status) continue;
        events_.push_back(R"({"type":"status","space":)" + client::quoted(name) + R"(,"status":)" +
                          status + "}");
        open.told_status = std::move(status);
    }
}

bool Engine::has_events() {
    note_status();
    return !events_.empty();
}

std::string Engine::take_events() {
    note_status();
    if (events_.empty()) return {};
    std::string all = "[";
    for (const std::string& event : events_) {
        if (all.size() > 1) all += ',';
        all += event;
    }
    events_.clear();
    all += ']';
    return all;
}

}  // namespace syncline::wasm

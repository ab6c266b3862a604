#include "syncline/sync/space_replica.hpp"

#include "change_list.hpp"
#include "syncline/document/op_check.hpp"

#include <algorithm>
#include <utility>

namespace syncline {

namespace {

Result<> check_op(const DocumentKey& key, const FieldOp& op) {
    if (!is_document_name(key.collection) || !is_document_name(key.id)) {
        return fail(ErrorCode::invalid_argument,
                    "a collection or id is 1 to 128 bytes of UTF-8 without control characters");
    }
    return check(op);
}

}  // namespace

SpaceReplica::SpaceReplica(SpaceStorage& storage, Options options)
    : storage_(storage), options_(options), history_(storage), first_names_(options.names_from) {}

SpaceReplica::~SpaceReplica() = default;

Result<std::unique_ptr<SpaceReplica>> SpaceReplica::open(SpaceStorage& storage, Options options) {
    std::unique_ptr<SpaceReplica> space(new SpaceReplica(storage, options));
    if (auto loaded = space->load(); !loaded) return tl::unexpected(loaded.error());
    if (auto kept = space->bring_history_in_line(); !kept) return tl::unexpected(kept.error());
    return space;
}

// ---- Loading and rolling back

Result<> SpaceReplica::load() {
    auto state = storage_.load();
    if (!state) return tl::unexpected(state.error());
    state_ = std::move(*state);
    auto vector = storage_.vector(state_.generation);
    if (!vector) return tl::unexpected(vector.error());
    vector_ = std::move(*vector);
    staging_.reset();
    swapped_.clear();
    forget_cache();
    pending_.clear();
    pending_by_document_.clear();
    auto pending = storage_.own_changes(0, ~std::size_t{0}, true);
    if (!pending) return tl::unexpected(pending.error());
    for (const OwnChange& own : *pending) {
        auto change = wire::decode_change(own.bytes, state_.replica, wire::Limits{});
        if (!change) return fail(ErrorCode::storage_corrupt, "an own change does not decode");
        index(*change);
    }
    return {};
}

Result<> SpaceReplica::in_transaction(const std::function<Result<>()>& body) {
    if (auto begun = storage_.begin(); !begun) return begun;
    Result<> done = body();
    if (done) done = storage_.commit();
    if (done) {
        renamings_.insert(renamings_.end(), std::make_move_iterator(renaming_.begin()),
                          std::make_move_iterator(renaming_.end()));
        renaming_.clear();
        while (renamings_.size() > renamings_max) {
            renamings_.pop_front();
            ++first_names_;
        }
        tell_watcher();
        return done;
    }
    storage_.rollback();
    renaming_.clear();
    untold_.clear();
    // Memory goes back to what storage holds. Staging starts over at the next opening.
    const Error why = done.error();
    if (auto loaded = load(); !loaded) return loaded;
    return tl::unexpected(why);
}

void SpaceReplica::tell_watcher() {
    for (const auto& news : std::exchange(untold_, {})) {
        if (watcher_ == nullptr) return;
        if (const auto* change = std::get_if<Change>(&news)) watcher_->changed(*change);
        if (const auto* names = std::get_if<Renaming>(&news)) watcher_->renamed(*names);
    }
}

void SpaceReplica::index(const Change& change) {
    pending_[change.first] = change.last();
    for (const Section& section : change.sections) {
        pending_by_document_[section.document].insert(change.first);
    }
}

void SpaceReplica::unindex(const Change& change) {
    pending_.erase(change.first);
    for (const Section& section : change.sections) {
        const auto found = pending_by_document_.find(section.document);
        if (found == pending_by_document_.end()) continue;
        found->second.erase(change.first);
        if (found->second.empty()) pending_by_document_.erase(found);
    }
}

void SpaceReplica::forget_visible() {
    decoded_.clear();
    for (auto& [key, entry] : cache_) entry.visible.reset();
}

void SpaceReplica::forget_cache() {
    decoded_.clear();
    cache_.clear();
}

bool SpaceReplica::cache_is_full() const { return cache_.size() > options_.cached_documents; }

// ---- Reading

Result<SpaceReplica::Cached*> SpaceReplica::cached(const DocumentKey& key) {
    const auto found = cache_.find(key);
    if (found != cache_.end()) return &found->second;
    auto bytes = storage_.document(state_.generation, key);
    if (!bytes) return tl::unexpected(bytes.error());
    Cached entry;
    if (*bytes) {
        auto document = wire::decode_document(**bytes, wire::state_limits());
        if (!document) {
            return fail(ErrorCode::storage_corrupt,
                        "document " + key.collection + "/" + key.id +
                            " does not decode: " + document.error().message);
        }
        entry.confirmed = std::move(*document);
    }
    return &cache_.emplace(key, std::move(entry)).first->second;
}

Result<std::shared_ptr<const Change>> SpaceReplica::own_change(std::uint64_t first) {
    const auto found = decoded_.find(first);
    if (found != decoded_.end()) return found->second;
    auto own = storage_.own_change_starting(first);
    if (!own) return tl::unexpected(own.error());
    if (!*own) return fail(ErrorCode::storage_corrupt, "an own change is missing");
    auto change = wire::decode_change((*own)->bytes, state_.replica, wire::Limits{});
    if (!change) return fail(ErrorCode::storage_corrupt, "an own change does not decode");
    if (decoded_.size() >= decoded_max) decoded_.clear();
    return decoded_.emplace(first, std::make_shared<const Change>(std::move(*change)))
        .first->second;
}

void SpaceReplica::apply_sections(const Change& change, const DocumentKey& key,
                                  const VersionVector* seen, Document& document) {
    Event at{Dot{change.replica, change.first}, change.hlc};
    for (const Section& section : change.sections) {
        if (section.document == key) document.apply(section.ops, at, seen);
        at.dot.counter += section.span();
    }
}

Result<Document*> SpaceReplica::visible(const DocumentKey& key) {
    auto entry = cached(key);
    if (!entry) return tl::unexpected(entry.error());
    if ((*entry)->visible != nullptr) return (*entry)->visible.get();
    auto made = std::make_unique<Document>((*entry)->confirmed);
    const auto found = pending_by_document_.find(key);
    if (found != pending_by_document_.end()) {
        for (const std::uint64_t first : found->second) {
            auto change = own_change(first);
            if (!change) return tl::unexpected(change.error());
            apply_sections(**change, key, &vector_, *made);
        }
    }
    (*entry)->visible = std::move(made);
    return (*entry)->visible.get();
}

Result<const Document*> SpaceReplica::document(const DocumentKey& key) {
    if (cache_is_full()) forget_cache();
    if (pending_by_document_.count(key) != 0) {
        auto shown = visible(key);
        if (!shown) return tl::unexpected(shown.error());
        return *shown;
    }
    auto entry = cached(key);
    if (!entry) return tl::unexpected(entry.error());
    return &(*entry)->confirmed;
}

Result<> SpaceReplica::each(const std::string& collection, const Visit& visit,
                            const std::string& behind) {
    Result<> done;
    bool more = true;
    auto pending = pending_by_document_.upper_bound({collection, behind});
    const auto end = pending_by_document_.end();
    const auto show = [&](const std::string& id, const Document& document) {
        if (document.exists()) more = visit(id, document);
    };
    // Those with pending changes may be stored or not; all in the order of their ids.
    const auto show_pending_before = [&](const DocumentKey* key) {
        for (; more && pending != end && pending->first.collection == collection &&
               (key == nullptr || pending->first < *key);
             ++pending) {
            auto document = this->document(pending->first);
            if (!document) {
                done = tl::unexpected(document.error());
                more = false;
                return;
            }
            show(pending->first.id, **document);
        }
    };
    auto scanned = storage_.scan(
        state_.generation, collection, behind, [&](const DocumentKey& key, BytesView bytes) {
            show_pending_before(&key);
            if (!more || pending_by_document_.count(key) != 0) return more;
            auto document = wire::decode_document(bytes, wire::state_limits());
            if (document) {
                show(key.id, *document);
            } else {
                done = fail(ErrorCode::storage_corrupt, document.error().message);
                more = false;
            }
            return more;
        });
    if (!scanned) return scanned;
    show_pending_before(nullptr);
    return done;
}

Result<std::vector<std::string>> SpaceReplica::ids(const std::string& collection) {
    std::vector<std::string> found;
    auto visited = each(collection, [&](const std::string& id, const Document&) {
        found.push_back(id);
        return true;
    });
    if (!visited) return tl::unexpected(visited.error());
    return found;
}

Result<std::vector<std::string>> SpaceReplica::collections() {
    auto stored = storage_.collections(state_.generation);
    if (!stored) return stored;
    std::set<std::string> names(stored->begin(), stored->end());
    for (const auto& [key, firsts] : pending_by_document_) names.insert(key.collection);
    std::vector<std::string> alive;
    for (const std::string& name : names) {
        const auto first = [&](const std::string&, const Document&) {
            alive.push_back(name);
            return false;
        };
        if (auto looked = each(name, first); !looked) return tl::unexpected(looked.error());
    }
    return alive;
}

Result<Hash> SpaceReplica::digest() {
    Digest sum;
    auto scanned =
        storage_.scan(state_.generation, {}, {}, [&](const DocumentKey& key, BytesView bytes) {
            sum.add(key, bytes);
            return true;
        });
    if (!scanned) return tl::unexpected(scanned.error());
    return sum.value();
}

// ---- Local transactions

SpaceReplica::Editor::Editor(SpaceReplica& space, Hlc hlc, std::string message)
    : space_(space), next_(space.state_.own.counter + 1) {
    change_.replica = space.state_.replica;
    change_.first = next_;
    change_.hlc = hlc;
    change_.base = space.state_.cursor;
    change_.message = std::move(message);
}

const ReplicaId& SpaceReplica::Editor::replica() const { return change_.replica; }

Result<const Document*> SpaceReplica::Editor::read(const DocumentKey& key) {
    auto shown = space_.visible(key);
    if (!shown) return tl::unexpected(shown.error());
    return *shown;
}

Result<> SpaceReplica::Editor::edit(const DocumentKey& key, FieldOp op) {
    if (auto good = check_op(key, op); !good) return good;
    const std::uint64_t dots = span(op.op);
    const bool more = goes_on(key, op);
    if (!more && ops_ == wire::ops_max) {
        return fail(ErrorCode::too_large, "a transaction has at most 65,536 operations");
    }
    if (next_ - change_.first + dots > wire::dots_max) {
        return fail(ErrorCode::too_large,
                    "a transaction inserts at most 1,048,576 characters and elements");
    }
    if (dots > counter_max + 1 - next_) {
        return fail(ErrorCode::out_of_range, "this replica has no dots left");
    }
    auto shown = space_.visible(key);
    if (!shown) return tl::unexpected(shown.error());
    (*shown)->apply(op, Event{Dot{change_.replica, next_}, change_.hlc}, nullptr);
    next_ += dots;
    if (more) {
        append(op.op.value);
        return {};
    }
    end_run();
    ++ops_;
    if (change_.sections.empty() || !(change_.sections.back().document == key)) {
        change_.sections.push_back({key, {}});
    }
    change_.sections.back().ops.push_back(std::move(op));
    return {};
}

/// Whether `op` types on where the last op's characters or values end: then they are one op.
bool SpaceReplica::Editor::goes_on(const DocumentKey& key, const FieldOp& op) const {
    if (op.op.code != OpCode::place || change_.sections.empty()) return false;
    const Section& section = change_.sections.back();
    if (!(section.document == key)) return false;
    const FieldOp& last = section.ops.back();
    const Place behind{Dot{change_.replica, next_ - 1}, Side::right};
    const bool same_kind = (op.op.value.text() != nullptr && last.op.value.text() != nullptr) ||
                           (op.op.value.array() != nullptr && last.op.value.array() != nullptr);
    return last.op.code == OpCode::place && same_kind && op.op.place == behind &&
           last.path == op.path;
}

/// A value is no buffer to append to, so the last op's content waits beside it until it is whole.
void SpaceReplica::Editor::append(const Value& more) {
    const Value& begun = change_.sections.back().ops.back().op.value;
    if (more.text() != nullptr) {
        if (typed_.empty()) typed_ = *begun.text();
        typed_ += *more.text();
    } else {
        if (items_.empty()) items_ = *begun.array();
        items_.insert(items_.end(), more.array()->begin(), more.array()->end());
    }
}

void SpaceReplica::Editor::end_run() {
    if (typed_.empty() && items_.empty()) return;
    Value& whole = change_.sections.back().ops.back().op.value;
    whole = typed_.empty() ? Value(std::exchange(items_, {})) : Value(std::exchange(typed_, {}));
}

std::uint64_t SpaceReplica::Editor::names() const { return space_.names(); }

std::optional<Dot> SpaceReplica::Editor::name_now(const Dot& dot, std::uint64_t then) const {
    return space_.name_now(dot, then);
}

Result<SpaceReplica::Committed> SpaceReplica::transact(
    std::uint64_t now_ms, std::string message, const std::function<Result<>(Editor&)>& edit) {
    if (message.size() > wire::message_text_max || !wire::is_utf8(message)) {
        return fail(ErrorCode::invalid_argument, "a message is UTF-8 of at most 1,024 bytes");
    }
    if (cache_is_full()) forget_cache();
    HlcClock clock(state_.clock);
    Editor editor(*this, clock.tick(now_ms), std::move(message));
    // Whatever ends this call early, an exception of the app's included, takes the edits back.
    struct Undo {
        SpaceReplica& space;
        const Change& change;
        bool kept = false;
        ~Undo() {
            if (kept) return;
            for (const Section& section : change.sections) {
                const auto entry = space.cache_.find(section.document);
                if (entry != space.cache_.end()) entry->second.visible.reset();
            }
        }
    } undo{*this, editor.change_};
    if (auto edited = edit(editor); !edited) return tl::unexpected(edited.error());
    editor.end_run();
    const Change& change = editor.change_;
    if (change.sections.empty()) return Committed{};

    OwnChange own;
    own.first = change.first;
    own.last = change.last();
    own.bytes = wire::encode_change(change);
    if (own.bytes.size() > wire::authored_bytes_max) {
        return fail(ErrorCode::too_large,
                    "the transaction takes " + std::to_string(own.bytes.size()) +
                        " bytes; at most " + std::to_string(wire::authored_bytes_max) +
                        " fit into one change");
    }
    // What the relay would refuse to read must not enter the outbox.
    auto link = wire::chain(state_.own.hash, change.replica, own.bytes, wire::Limits{});
    if (auto readable = wire::decode_change(own.bytes, change.replica, wire::Limits{});
        !readable || !link) {
        return fail(ErrorCode::too_large,
                    "the transaction does not fit into one change: " +
                        (readable ? link.error().message : readable.error().message));
    }
    own.hash = *link;

    SpaceState next = state_;
    next.clock = clock.last();
    next.own = {own.last, own.hash};
    auto stored = in_transaction([&]() -> Result<> {
        if (auto put = storage_.put_own_change(own); !put) return put;
        return storage_.save(next);
    });
    if (!stored) return tl::unexpected(stored.error());
    undo.kept = true;
    state_ = std::move(next);
    index(change);
    if (watcher_ != nullptr) watcher_->changed(change);

    Committed committed{own.first, own.last, {}};
    ChangeList touched(DocumentChange::Origin::local);
    for (const Section& section : change.sections) {
        for (const FieldOp& op : section.ops) touched.touch(section.document, op.path);
    }
    committed.changes = touched.list();
    return committed;
}

}  // namespace syncline

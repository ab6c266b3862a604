#include "syncline/sync/space_replica.hpp"

#include <algorithm>
#include <utility>

namespace syncline {

namespace {

/// Gathers what observers are told: each document once, each field once.
class ChangeList {
public:
    explicit ChangeList(DocumentChange::Origin origin) : origin_(origin) {}
    void touch(const DocumentKey& key, const Path& path) { fields_[key].insert(path); }
    [[nodiscard]] std::vector<DocumentChange> list() const {
        std::vector<DocumentChange> changes;
        for (const auto& [key, paths] : fields_) {
            changes.push_back({key, std::vector<Path>(paths.begin(), paths.end()), origin_});
        }
        return changes;
    }

private:
    DocumentChange::Origin origin_;
    std::map<DocumentKey, std::set<Path>> fields_;
};

Result<> check_op(const DocumentKey& key, const FieldOp& op) {
    if (!is_document_name(key.collection) || !is_document_name(key.id)) {
        return fail(ErrorCode::invalid_argument,
                    "a collection or id is 1 to 128 bytes of UTF-8 without control characters");
    }
    if (op.path.size() > wire::path_max) {
        return fail(ErrorCode::too_deep, "fields nest at most 16 deep");
    }
    for (std::size_t i = 0; i < op.path.size(); ++i) {
        if (op.path[i].key.size() > wire::key_bytes_max || !wire::is_utf8(op.path[i].key)) {
            return fail(ErrorCode::invalid_argument, "a key is UTF-8 of at most 1,024 bytes");
        }
        if (i + 1 < op.path.size() && op.path[i].type != Type::map) {
            return fail(ErrorCode::invalid_argument, "only maps have fields inside");
        }
    }
    const Type type = op.path.empty() ? Type::map : op.path.back().type;
    if (!accepts(type, op.op.code)) {
        return fail(ErrorCode::invalid_argument,
                    "a " + std::string(name_of(type)) + " has no such operation");
    }
    if (op.op.code == OpCode::add) {
        const auto bound = static_cast<std::int64_t>(counter_max);
        const std::int64_t least = type == Type::g_counter ? 0 : -bound;
        if (op.op.amount < least || op.op.amount > bound) {
            return fail(ErrorCode::out_of_range, "an amount is at most 2^53 - 1");
        }
    }
    return check(op.op.value);
}

}  // namespace

/// What one call of feed() gathers before it writes.
struct SpaceReplica::Feeding {
    const ReplicaId& store_replica;
    std::uint64_t now_ms;
    Fed result{};
    ChangeList changes{DocumentChange::Origin::remote};
    std::set<ReplicaId> raised{};
    std::set<DocumentKey> dirty{};
};

SpaceReplica::SpaceReplica(SpaceStorage& storage, Options options)
    : storage_(storage), options_(options) {}

SpaceReplica::~SpaceReplica() = default;

Result<std::unique_ptr<SpaceReplica>> SpaceReplica::open(SpaceStorage& storage, Options options) {
    std::unique_ptr<SpaceReplica> space(new SpaceReplica(storage, options));
    if (auto loaded = space->load(); !loaded) return tl::unexpected(loaded.error());
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
    if (done) return done;
    storage_.rollback();
    // Memory goes back to what storage holds. Staging starts over at the next opening.
    const Error why = done.error();
    if (auto loaded = load(); !loaded) return loaded;
    return tl::unexpected(why);
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
            Event at{Dot{(*change)->replica, (*change)->first}, (*change)->hlc};
            for (const Section& section : (*change)->sections) {
                if (section.document == key) made->apply(section.ops, at, &vector_);
                at.dot.counter += section.ops.size();
            }
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

Result<std::vector<std::string>> SpaceReplica::ids(const std::string& collection) {
    std::set<std::string> found;
    Result<> decoded;
    auto scanned =
        storage_.scan(state_.generation, collection, [&](const DocumentKey& key, BytesView bytes) {
            if (pending_by_document_.count(key) != 0) return true;
            auto document = wire::decode_document(bytes, wire::state_limits());
            if (!document) {
                decoded = fail(ErrorCode::storage_corrupt, document.error().message);
                return false;
            }
            if (document->exists()) found.insert(key.id);
            return true;
        });
    if (!scanned) return tl::unexpected(scanned.error());
    if (!decoded) return tl::unexpected(decoded.error());
    for (auto at = pending_by_document_.lower_bound({collection, {}});
         at != pending_by_document_.end() && at->first.collection == collection; ++at) {
        auto shown = document(at->first);
        if (!shown) return tl::unexpected(shown.error());
        if ((*shown)->exists()) found.insert(at->first.id);
    }
    return std::vector<std::string>(found.begin(), found.end());
}

Result<std::vector<std::string>> SpaceReplica::collections() {
    auto stored = storage_.collections(state_.generation);
    if (!stored) return stored;
    std::set<std::string> names(stored->begin(), stored->end());
    for (const auto& [key, firsts] : pending_by_document_) names.insert(key.collection);
    std::vector<std::string> alive;
    for (const std::string& name : names) {
        auto found = ids(name);
        if (!found) return found;
        if (!found->empty()) alive.push_back(name);
    }
    return alive;
}

Result<Hash> SpaceReplica::digest() {
    Digest sum;
    auto scanned =
        storage_.scan(state_.generation, {}, [&](const DocumentKey& key, BytesView bytes) {
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
    if (next_ - change_.first >= wire::ops_max) {
        return fail(ErrorCode::too_large, "a transaction has at most 65,536 operations");
    }
    if (next_ > counter_max) return fail(ErrorCode::out_of_range, "this replica has no dots left");
    auto shown = space_.visible(key);
    if (!shown) return tl::unexpected(shown.error());
    (*shown)->apply(op, Event{Dot{change_.replica, next_}, change_.hlc}, nullptr);
    ++next_;
    if (change_.sections.empty() || !(change_.sections.back().document == key)) {
        change_.sections.push_back({key, {}});
    }
    change_.sections.back().ops.push_back(std::move(op));
    return {};
}

Result<SpaceReplica::Committed> SpaceReplica::transact(
    std::uint64_t now_ms, std::string message, const std::function<Result<>(Editor&)>& edit) {
    if (message.size() > wire::message_text_max || !wire::is_utf8(message)) {
        return fail(ErrorCode::invalid_argument, "a message is UTF-8 of at most 1,024 bytes");
    }
    if (cache_is_full()) forget_cache();
    HlcClock clock(state_.clock);
    Editor editor(*this, clock.tick(now_ms), std::move(message));
    const auto undo = [&] {
        for (const Section& section : editor.change_.sections) {
            const auto entry = cache_.find(section.document);
            if (entry != cache_.end()) entry->second.visible.reset();
        }
    };
    if (auto edited = edit(editor); !edited) {
        undo();
        return tl::unexpected(edited.error());
    }
    const Change& change = editor.change_;
    if (change.sections.empty()) return Committed{};

    OwnChange own;
    own.first = change.first;
    own.last = change.last();
    own.bytes = wire::encode_change(change);
    if (own.bytes.size() > wire::Limits{}.bytes_max) {
        undo();
        return fail(ErrorCode::too_large, "the transaction takes " +
                                              std::to_string(own.bytes.size()) +
                                              " bytes; at most 1 MiB fits into one change");
    }
    // What the relay would refuse to read must not enter the outbox.
    auto link = wire::chain(state_.own.hash, change.replica, own.bytes, wire::Limits{});
    if (auto readable = wire::decode_change(own.bytes, change.replica, wire::Limits{});
        !readable || !link) {
        undo();
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
    if (!stored) {
        undo();  // it may not even have begun
        return tl::unexpected(stored.error());
    }
    state_ = std::move(next);
    index(change);

    Committed committed{own.first, own.last, {}};
    ChangeList touched(DocumentChange::Origin::local);
    for (const Section& section : change.sections) {
        for (const FieldOp& op : section.ops) touched.touch(section.document, op.path);
    }
    committed.changes = touched.list();
    return committed;
}

// ---- Opening

wire::Open SpaceReplica::open_message() const {
    wire::Open open;
    open.space = state_.name;
    if (staging_ != nullptr) {
        open.epoch = staging_->epoch;
        open.cursor = staging_->cursor;
        open.salt = staging_->salt;
        open.vector = staging_->vector;
    } else {
        open.epoch = state_.epoch;
        open.cursor = state_.cursor;
        open.salt = state_.salt;
        open.vector = vector_;
    }
    return open;
}

Result<bool> SpaceReplica::on_chain(const ChainHead& head) {
    if (head == state_.own || head == state_.pruned) return true;
    if (head.counter == 0) return state_.pruned.counter == 0;
    if (head.counter > state_.own.counter) return false;
    auto own = storage_.own_change_ending(head.counter);
    if (!own) return tl::unexpected(own.error());
    return *own && (*own)->hash == head.hash;
}

Result<SpaceReplica::Standing> SpaceReplica::opened(const wire::Opened& message,
                                                    const ReplicaId& store_replica,
                                                    std::uint64_t now_ms) {
    const bool settled = state_.replica == store_replica;
    if (settled) {
        auto ours = on_chain(message.own);
        if (!ours) return tl::unexpected(ours.error());
        if (!*ours) return Standing::conflict;
    } else {
        // A copy made while the old identity was being settled settles under the same new one.
        if (message.own.counter != 0) return Standing::conflict;
        settle_at_ = message.head;
    }
    const std::uint64_t position = staging_ != nullptr ? staging_->cursor : state_.cursor;
    if (message.from != position && message.from != 0) {
        return fail(ErrorCode::malformed, "the feed starts neither at the cursor nor at 0");
    }
    auto done = in_transaction([&]() -> Result<> {
        if (message.from != position) {
            if (auto started = start_staging(message); !started) return started;
        } else if (staging_ != nullptr) {
            // Not the higher of the two: the relay may have gone back once more.
            staging_->target = message.head;
            staging_->epoch = message.epoch;
        } else {
            state_.epoch = message.epoch;
        }
        if (staging_ != nullptr && staging_->cursor >= staging_->target) {
            if (auto swapped = swap_staged(now_ms); !swapped) return swapped;
        }
        if (!settled && staging_ == nullptr && state_.cursor >= settle_at_) {
            if (auto done_settling = settle(store_replica); !done_settling) return done_settling;
        }
        if (auto pruned = prune(now_ms); !pruned) return pruned;
        return storage_.save(state_);
    });
    if (!done) return tl::unexpected(done.error());
    return Standing::good;
}

Result<> SpaceReplica::start_staging(const wire::Opened& message) {
    staging_ = std::make_unique<Staging>();
    staging_->generation = state_.generation + 1;
    staging_->target = message.head;
    staging_->epoch = message.epoch;
    if (auto dropped = storage_.drop_generation(staging_->generation); !dropped) return dropped;
    return storage_.clear_staged();
}

Result<> SpaceReplica::prune(std::uint64_t now_ms) {
    if (now_ms < options_.backup_horizon_ms) return {};
    auto kept = storage_.own_changes(state_.pruned.counter, 256, false);
    if (!kept) return tl::unexpected(kept.error());
    for (const OwnChange& own : *kept) {
        const bool old = own.confirmed && own.confirmed_ms < now_ms - options_.backup_horizon_ms;
        if (!old) break;
        if (auto erased = storage_.erase_own_change(own.first); !erased) return erased;
        state_.pruned = {own.last, own.hash};
    }
    return {};
}

// ---- The feed

Result<SpaceReplica::Fed> SpaceReplica::feed(const wire::Changes& message,
                                             const ReplicaId& store_replica, std::uint64_t now_ms) {
    if (cache_is_full()) forget_cache();
    Feeding feeding{store_replica, now_ms};
    bool conflict = false;
    auto done = in_transaction([&]() -> Result<> {
        for (const wire::Batch& batch : message.batches) {
            if (auto fed = feed_batch(batch, feeding); !fed) return fed;
            if (feeding.result.standing == Standing::conflict) {
                conflict = true;
                return fail(ErrorCode::fork, "another writer uses this replica id");
            }
        }
        if (auto written = write_back(feeding); !written) return written;
        const bool staging_done = staging_ != nullptr && staging_->cursor >= staging_->target;
        if (staging_done) {
            if (auto swapped = swap_staged(now_ms); !swapped) return swapped;
        }
        const bool settled = state_.replica == store_replica;
        if (!settled && staging_ == nullptr && state_.cursor >= settle_at_) {
            if (auto settling = settle(store_replica); !settling) return settling;
        }
        return storage_.save(state_);
    });
    if (conflict) {
        Fed fed;
        fed.standing = Standing::conflict;
        return fed;
    }
    if (!done) return tl::unexpected(done.error());
    feeding.result.changes = feeding.changes.list();
    for (DocumentChange& change : swapped_) feeding.result.changes.push_back(std::move(change));
    swapped_.clear();
    return std::move(feeding.result);
}

Result<> SpaceReplica::feed_batch(const wire::Batch& batch, Feeding& feeding) {
    auto entries = wire::decode_batch(batch.changes, wire::relay_frame_limits());
    if (!entries) return tl::unexpected(entries.error());
    const std::uint64_t last = batch.first + entries->size() - 1;
    const std::uint64_t position = staging_ != nullptr ? staging_->cursor : state_.cursor;
    if (last <= position) return {};  // seen before
    if (batch.first != position + 1) {
        return fail(ErrorCode::gap, "the feed continues at " + std::to_string(batch.first) +
                                        ", expected was " + std::to_string(position + 1));
    }
    for (const wire::BatchEntry& entry : *entries) {
        if (auto fed = feed_entry(entry, feeding); !fed) return fed;
        if (feeding.result.standing == Standing::conflict) return {};
    }
    (staging_ != nullptr ? staging_->cursor : state_.cursor) = last;
    (staging_ != nullptr ? staging_->salt : state_.salt) = batch.salt;
    return {};
}

Result<> SpaceReplica::feed_entry(const wire::BatchEntry& entry, Feeding& feeding) {
    auto change = wire::decode_change(entry.change, entry.replica, wire::Limits{});
    if (!change) return tl::unexpected(change.error());
    const VersionVector& seen = staging_ != nullptr ? staging_->vector : vector_;
    if (change->first != seen.at(entry.replica) + 1) {
        return fail(ErrorCode::malformed, "the log has a hole in a replica's changes");
    }

    bool own = false;
    if (entry.replica == state_.replica) {
        const bool settled = state_.replica == feeding.store_replica;
        auto kept = storage_.own_change_starting(change->first);
        if (!kept) return tl::unexpected(kept.error());
        const bool same = *kept && std::equal((*kept)->bytes.begin(), (*kept)->bytes.end(),
                                              entry.change.begin(), entry.change.end());
        const bool foreign = *kept ? !same : change->first > state_.own.counter;
        if (foreign && settled) {
            feeding.result.standing = Standing::conflict;
            return {};
        }
        if (foreign && staging_ == nullptr) {
            // The relay's chain of the old identity leaves ours here, or goes on where ours ends.
            // So nothing of ours from here on is in the log, nor ever will be; and no edit may be
            // made under an id whose dots from somebody else are in the documents.
            if (auto settling = settle(feeding.store_replica); !settling) return settling;
        }
        if (same) {
            own = true;
            OwnChange row = std::move(**kept);
            if (staging_ != nullptr) {
                row.staged = true;
            } else {
                row.confirmed = true;
                row.confirmed_ms = feeding.now_ms;
                feeding.result.confirmed.push_back(row.first);
            }
            if (auto put = storage_.put_own_change(row); !put) return put;
        }
    }
    if (staging_ != nullptr) return apply_staged(*change);
    return apply_confirmed(*change, own, feeding);
}

Result<> SpaceReplica::apply_confirmed(const Change& change, bool own, Feeding& feeding) {
    Event at{Dot{change.replica, change.first}, change.hlc};
    for (const Section& section : change.sections) {
        auto entry = cached(section.document);
        if (!entry) return tl::unexpected(entry.error());
        feeding.dirty.insert(section.document);
        (*entry)->confirmed.apply(section.ops, at, &vector_);
        if (!own) {  // the app has seen its own since it made them
            if ((*entry)->visible != nullptr) {
                (*entry)->visible->apply(section.ops, at, &vector_);
            }
            for (const FieldOp& op : section.ops) feeding.changes.touch(section.document, op.path);
        }
        at.dot.counter += section.ops.size();
    }
    if (own) {
        unindex(change);
        decoded_.erase(change.first);
        for (const Section& section : change.sections) {
            if (pending_by_document_.count(section.document) == 0) {
                cache_.at(section.document).visible.reset();
            }
        }
    }
    vector_.raise(change.replica, change.last());
    feeding.raised.insert(change.replica);
    state_.seen = std::max(state_.seen, change.hlc);
    state_.clock = std::max(state_.clock, change.hlc);
    return {};
}

Result<> SpaceReplica::apply_staged(const Change& change) {
    Event at{Dot{change.replica, change.first}, change.hlc};
    for (const Section& section : change.sections) {
        auto found = staging_->documents.find(section.document);
        if (found == staging_->documents.end()) {
            auto bytes = storage_.document(staging_->generation, section.document);
            if (!bytes) return tl::unexpected(bytes.error());
            Document document;
            if (*bytes) {
                auto decoded = wire::decode_document(**bytes, wire::state_limits());
                if (!decoded) return fail(ErrorCode::storage_corrupt, decoded.error().message);
                document = std::move(*decoded);
            }
            found = staging_->documents.emplace(section.document, std::move(document)).first;
        }
        found->second.apply(section.ops, at, &staging_->vector);
        at.dot.counter += section.ops.size();
    }
    staging_->vector.raise(change.replica, change.last());
    staging_->seen = std::max(staging_->seen, change.hlc);
    return storage_.raise(staging_->generation, change.replica, change.last());
}

Result<> SpaceReplica::write_back(Feeding& feeding) {
    for (const DocumentKey& key : feeding.dirty) {
        const Bytes state = wire::encode_document(cache_.at(key).confirmed);
        if (auto put = storage_.put_document(state_.generation, key, state); !put) return put;
    }
    for (const ReplicaId& replica : feeding.raised) {
        if (auto raised = storage_.raise(state_.generation, replica, vector_.at(replica));
            !raised) {
            return raised;
        }
    }
    if (staging_ == nullptr) return {};
    for (const auto& [key, document] : staging_->documents) {
        const Bytes state = wire::encode_document(document);
        if (auto put = storage_.put_document(staging_->generation, key, state); !put) return put;
    }
    staging_->documents.clear();
    return {};
}

/// The staged log becomes what is confirmed: one flag, and everything that hung on the old one
/// goes.
Result<> SpaceReplica::swap_staged(std::uint64_t now_ms) {
    const std::uint64_t old_generation = state_.generation;
    const std::uint64_t new_generation = staging_->generation;
    ChangeList changed(DocumentChange::Origin::remote);
    Result<> compared;
    auto scanned = storage_.scan(new_generation, {}, [&](const DocumentKey& key, BytesView bytes) {
        auto before = storage_.document(old_generation, key);
        if (!before) {
            compared = tl::unexpected(before.error());
            return false;
        }
        const bool same =
            *before && std::equal((*before)->begin(), (*before)->end(), bytes.begin(), bytes.end());
        if (!same) changed.touch(key, {});
        return true;
    });
    if (scanned && compared) {
        scanned = storage_.scan(old_generation, {}, [&](const DocumentKey& key, BytesView) {
            auto after = storage_.document(new_generation, key);
            if (!after) compared = tl::unexpected(after.error());
            if (after && !*after) changed.touch(key, {});
            return compared.has_value();
        });
    }
    if (!scanned) return scanned;
    if (!compared) return compared;

    state_.generation = new_generation;
    state_.cursor = staging_->cursor;
    state_.salt = staging_->salt;
    state_.epoch = staging_->epoch;
    state_.seen = staging_->seen;
    state_.clock = std::max(state_.clock, staging_->seen);
    vector_ = staging_->vector;
    staging_.reset();
    if (auto promoted = storage_.promote_staged(now_ms); !promoted) return promoted;
    if (auto dropped = storage_.drop_generation(old_generation); !dropped) return dropped;

    forget_cache();
    pending_.clear();
    pending_by_document_.clear();
    auto pending = own_behind(0, true);
    if (!pending) return tl::unexpected(pending.error());
    for (const Moving& moving : *pending) index(moving.change);
    swapped_ = changed.list();
    return {};
}

// ---- Pushing

Result<std::optional<SpaceReplica::Outgoing>> SpaceReplica::outgoing(const ReplicaId& store_replica,
                                                                     const ChainHead& after,
                                                                     std::size_t bytes_max) {
    if (!(state_.replica == store_replica) || after.counter >= state_.own.counter) {
        return std::optional<Outgoing>();
    }
    // What the log holds now decides how far stamps may come down; nothing leaves before it is
    // read.
    if (staging_ != nullptr) return std::optional<Outgoing>();
    auto own = storage_.own_changes(after.counter, 256, false);
    if (!own) return tl::unexpected(own.error());
    Outgoing out;
    out.head = after;
    std::size_t bytes = 0;
    for (OwnChange& change : *own) {
        if (!out.changes.empty() && bytes + change.bytes.size() > bytes_max) break;
        bytes += change.bytes.size();
        out.end = {change.last, change.hash};
        out.changes.push_back(std::move(change.bytes));
    }
    if (out.changes.empty()) return std::optional<Outgoing>();
    return std::optional<Outgoing>(std::move(out));
}

// ---- Moving pending changes

Result<std::vector<SpaceReplica::Moving>> SpaceReplica::own_behind(std::uint64_t after,
                                                                   bool pending_only) {
    auto rows = storage_.own_changes(after, ~std::size_t{0}, pending_only);
    if (!rows) return tl::unexpected(rows.error());
    std::vector<Moving> changes;
    for (OwnChange& row : *rows) {
        auto change = wire::decode_change(row.bytes, state_.replica, wire::Limits{});
        if (!change) return fail(ErrorCode::storage_corrupt, "an own change does not decode");
        row.bytes.clear();
        changes.push_back({std::move(*change), std::move(row)});
    }
    return changes;
}

/// Puts `changes`, which are the own ones from `lowest_moved` on less those that went, behind
/// `behind` on the chain of `replica`. References among them follow; references to what went are
/// dropped.
Result<> SpaceReplica::replace_own(const std::vector<Moving>& changes, std::uint64_t lowest_moved,
                                   const ReplicaId& replica, const ChainHead& behind) {
    const ReplicaId old_replica = state_.replica;
    std::map<std::uint64_t, std::pair<std::uint64_t, std::uint64_t>> moved;  // last → first, new
    std::uint64_t next = behind.counter + 1;
    for (const Moving& moving : changes) {
        moved[moving.change.last()] = {moving.change.first, next};
        next += moving.change.span();
    }
    Rewrite to;
    to.replica = replica;
    to.map = [&](const Dot& dot) -> std::optional<Dot> {
        if (!(dot.replica == old_replica) || dot.counter < lowest_moved) return dot;
        const auto found = moved.lower_bound(dot.counter);
        if (found == moved.end() || dot.counter < found->second.first) return std::nullopt;
        return Dot{replica, found->second.second + (dot.counter - found->second.first)};
    };
    Result<> loaded;
    to.own_total = [&](const DocumentKey& key, const Path& path) -> std::optional<CounterMark> {
        auto entry = cached(key);
        if (!entry) {
            loaded = tl::unexpected(entry.error());
            return std::nullopt;
        }
        const Node* node = (*entry)->confirmed.root().find(path);
        const CounterEntries* counter = nullptr;
        if (node != nullptr && node->as<PnCounter>()) counter = &node->as<PnCounter>()->entries();
        if (node != nullptr && node->as<GCounter>()) counter = &node->as<GCounter>()->entries();
        if (counter == nullptr) return std::nullopt;
        const auto total = counter->entries().find(old_replica);
        if (total == counter->entries().end() || total->second.total.counter == 0) {
            return std::nullopt;
        }
        return total->second.total;
    };

    auto rows = storage_.own_changes(lowest_moved - 1, ~std::size_t{0}, false);
    if (!rows) return tl::unexpected(rows.error());
    for (const OwnChange& row : *rows) {
        if (auto erased = storage_.erase_own_change(row.first); !erased) return erased;
    }
    // Those before stay where they are: the relay has them, the feed is still to bring them.
    pending_.erase(pending_.lower_bound(lowest_moved), pending_.end());
    for (auto at = pending_by_document_.begin(); at != pending_by_document_.end();) {
        at->second.erase(at->second.lower_bound(lowest_moved), at->second.end());
        at = at->second.empty() ? pending_by_document_.erase(at) : std::next(at);
    }
    forget_visible();
    ChainHead end = behind;
    for (const Moving& moving : changes) {
        to.first = end.counter + 1;
        to.hlc = moving.change.hlc;
        to.base = moving.change.base;
        const Change made = rewrite(moving.change, to);
        if (!loaded) return loaded;
        OwnChange row = moving.row;
        row.first = made.first;
        row.last = made.last();
        row.bytes = wire::encode_change(made);
        auto link = wire::chain(end.hash, replica, row.bytes, wire::Limits{});
        if (!link) return tl::unexpected(link.error());
        row.hash = *link;
        if (auto put = storage_.put_own_change(row); !put) return put;
        end = {row.last, row.hash};
        if (!row.confirmed) index(made);
    }
    state_.replica = replica;
    state_.own = end;
    return {};
}

/// The old identity is done: what the log does not have of it is authored again under the new one.
Result<> SpaceReplica::settle(const ReplicaId& store_replica) {
    auto changes = own_behind(0, true);
    if (!changes) return tl::unexpected(changes.error());
    const std::uint64_t lowest =
        changes->empty() ? state_.own.counter + 1 : changes->front().change.first;
    // Confirmed changes of the old identity are its keeper's to push again, not ours.
    auto kept = storage_.own_changes(0, ~std::size_t{0}, false);
    if (!kept) return tl::unexpected(kept.error());
    for (const OwnChange& row : *kept) {
        if (row.first >= lowest) break;
        if (auto erased = storage_.erase_own_change(row.first); !erased) return erased;
    }
    state_.pruned = {};
    return replace_own(*changes, lowest, store_replica, {});
}

Result<std::vector<RejectedChange>> SpaceReplica::rejected(const wire::Rejected& message) {
    auto ours = on_chain(message.head);
    if (!ours) return tl::unexpected(ours.error());
    if (!*ours) return fail(ErrorCode::fork, "the relay's head is not on this replica's chain");
    auto changes = own_behind(message.head.counter, false);
    if (!changes) return tl::unexpected(changes.error());
    std::vector<RejectedChange> refused;
    std::vector<Moving> kept;
    for (Moving& moving : *changes) {
        const auto found =
            std::find_if(message.refusals.begin(), message.refusals.end(),
                         [&](const wire::Refusal& r) { return r.counter == moving.change.first; });
        if (found == message.refusals.end()) {
            kept.push_back(std::move(moving));
        } else {
            refused.push_back({std::move(moving.change), found->code, found->reason});
        }
    }
    if (refused.empty()) return refused;
    auto done = in_transaction([&]() -> Result<> {
        if (auto replaced =
                replace_own(kept, message.head.counter + 1, state_.replica, message.head);
            !replaced) {
            return replaced;
        }
        return storage_.save(state_);
    });
    if (!done) return tl::unexpected(done.error());
    return refused;
}

Result<bool> SpaceReplica::restamp(const ChainHead& head, std::uint64_t now_ms, Restamp which) {
    const Hlc limit = std::max(Hlc::at(now_ms), state_.seen.next());
    if (state_.clock <= limit) return false;
    auto changes = own_behind(head.counter, false);
    if (!changes) return tl::unexpected(changes.error());
    Hlc last;
    ChainHead behind = head;
    auto before = storage_.own_change_ending(head.counter);
    if (!before) return tl::unexpected(before.error());
    if (*before) {
        auto change = wire::decode_change((*before)->bytes, state_.replica, wire::Limits{});
        if (!change) return fail(ErrorCode::storage_corrupt, "an own change does not decode");
        last = change->hlc;
    }
    if (which == Restamp::unseen) {
        // What the feed brought once, others have: the relay behind it has only forgotten.
        const auto unseen = std::find_if(changes->begin(), changes->end(), [](const Moving& m) {
            return !m.row.confirmed && m.row.confirmed_ms == 0;
        });
        if (unseen != changes->begin()) {
            const Moving& seen = *std::prev(unseen);
            last = seen.change.hlc;
            behind = {seen.row.last, seen.row.hash};
            changes->erase(changes->begin(), unseen);
        }
    }
    for (Moving& moving : *changes) {
        moving.change.hlc = std::max(last.next(), std::min(moving.change.hlc, limit));
        last = moving.change.hlc;
    }
    auto done = in_transaction([&]() -> Result<> {
        if (auto replaced = replace_own(*changes, behind.counter + 1, state_.replica, behind);
            !replaced) {
            return replaced;
        }
        state_.clock = std::max(state_.seen, last);
        return storage_.save(state_);
    });
    if (!done) return tl::unexpected(done.error());
    return true;
}

}  // namespace syncline

// The part of SpaceReplica that the log moves: opening, taking the feed in, staging, the swap.

#include "change_list.hpp"
#include "syncline/sync/space_replica.hpp"

#include <algorithm>
#include <utility>

namespace syncline {

/// What one call of feed() gathers before it writes.
struct SpaceReplica::Feeding {
    const ReplicaId& store_replica;
    std::uint64_t now_ms;
    Fed result{};
    ChangeList changes{DocumentChange::Origin::remote};
    std::set<ReplicaId> raised{};
    std::set<DocumentKey> dirty{};
};

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
    // It is for the relay's information; one of many thousand replicas would not fit a message.
    constexpr std::size_t told_replicas_max = 1'024;
    if (open.vector.size() > told_replicas_max) open.vector = {};
    return open;
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
    for (DocumentChange& change : take_swapped()) {
        feeding.result.changes.push_back(std::move(change));
    }
    return std::move(feeding.result);
}

std::vector<DocumentChange> SpaceReplica::take_swapped() { return std::exchange(swapped_, {}); }

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
    std::uint64_t sequence = batch.first;
    for (const wire::BatchEntry& entry : *entries) {
        if (auto fed = feed_entry(entry, sequence++, feeding); !fed) return fed;
        if (feeding.result.standing == Standing::conflict) return {};
    }
    (staging_ != nullptr ? staging_->cursor : state_.cursor) = last;
    (staging_ != nullptr ? staging_->salt : state_.salt) = batch.salt;
    return {};
}

Result<> SpaceReplica::feed_entry(const wire::BatchEntry& entry, std::uint64_t sequence,
                                  Feeding& feeding) {
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
    if (options_.history_ms > 0) {
        Bytes bytes(entry.change.begin(), entry.change.end());
        auto kept =
            storage_.put_logged({sequence, entry.replica, std::move(bytes), feeding.now_ms});
        if (!kept) return kept;
    }
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
        at.dot.counter += section.span();
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
    if (!own && watcher_ != nullptr) untold_.emplace_back(change);
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
        at.dot.counter += section.span();
    }
    // What is staged is shown soon, but for what was shown before.
    const bool is_news =
        !(change.replica == state_.replica) && change.last() > vector_.at(change.replica);
    if (is_news && watcher_ != nullptr) untold_.emplace_back(change);
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
    auto scanned =
        storage_.scan(new_generation, {}, {}, [&](const DocumentKey& key, BytesView bytes) {
            auto before = storage_.document(old_generation, key);
            if (!before) {
                compared = tl::unexpected(before.error());
                return false;
            }
            const bool same = *before && std::equal((*before)->begin(), (*before)->end(),
                                                    bytes.begin(), bytes.end());
            if (!same) changed.touch(key, {});
            return true;
        });
    if (scanned && compared) {
        scanned = storage_.scan(old_generation, {}, {}, [&](const DocumentKey& key, BytesView) {
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
    // Another log: its history begins where the swap found it.
    auto history =
        options_.history_ms > 0 ? history_.begin(state_.generation, vector_) : history_.drop();
    if (!history) return history;

    forget_cache();
    pending_.clear();
    pending_by_document_.clear();
    auto pending = own_behind(0, true);
    if (!pending) return tl::unexpected(pending.error());
    for (const Moving& moving : *pending) index(moving.change);
    swapped_ = changed.list();
    return {};
}

}  // namespace syncline

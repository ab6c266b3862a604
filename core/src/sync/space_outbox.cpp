// The part of SpaceReplica that moves own changes: what to push, and how pending changes get
// another place on the chain after a refusal, a clock correction or a change of identity.

#include "syncline/sync/space_replica.hpp"

#include <algorithm>
#include <utility>

namespace syncline {

Result<bool> SpaceReplica::on_chain(const ChainHead& head) {
    if (head == state_.own || head == state_.pruned) return true;
    if (head.counter == 0) return state_.pruned.counter == 0;
    if (head.counter > state_.own.counter) return false;
    auto own = storage_.own_change_ending(head.counter);
    if (!own) return tl::unexpected(own.error());
    return *own && (*own)->hash == head.hash;
}

Result<> SpaceReplica::prune(std::uint64_t now_ms) {
    if (options_.history_ms > 0 && now_ms > options_.history_ms) {
        if (auto trimmed = history_.trim(now_ms - options_.history_ms); !trimmed) return trimmed;
    }
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

std::optional<Dot> Renaming::operator()(const Dot& dot) const {
    if (!(dot.replica == from) || dot.counter < lowest) return dot;
    const auto run = runs.lower_bound(dot.counter);
    if (run == runs.end() || dot.counter < run->second.first) return std::nullopt;
    return Dot{to, run->second.now + (dot.counter - run->second.first)};
}

void Renaming::operator()(const DotRun& dots, DotSet& names) const {
    if (!(dots.replica == from) || dots.last < lowest) return names.insert(dots);
    if (dots.first < lowest) names.insert(DotRun{from, dots.first, lowest - 1});
    for (auto run = runs.lower_bound(std::max(dots.first, lowest));
         run != runs.end() && run->second.first <= dots.last; ++run) {
        const auto& [first, now] = run->second;
        const std::uint64_t begin = std::max(dots.first, first);
        const std::uint64_t end = std::min(dots.last, run->first);
        names.insert(DotRun{to, now + (begin - first), now + (end - first)});
    }
}

bool Renaming::idle() const {
    std::uint64_t next = lowest;
    for (const auto& [last, run] : runs) {
        if (run.first != next || run.now != run.first) return false;
        next = last + 1;
    }
    return from == to;
}

std::optional<Dot> SpaceReplica::name_now(const Dot& dot, std::uint64_t then) const {
    std::optional<Dot> name = dot;
    if (dot.counter == 0 || then < first_names_) return name;
    for (std::uint64_t i = then - first_names_; i < renamings_.size() && name; ++i) {
        name = renamings_[static_cast<std::size_t>(i)](*name);
    }
    return name;
}

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
    Renaming names{old_replica, replica, lowest_moved, {}};
    std::uint64_t next = behind.counter + 1;
    for (const Moving& moving : changes) {
        names.runs[moving.change.last()] = {moving.change.first, next};
        next += moving.change.span();
    }
    Rewrite to;
    to.replica = replica;
    to.map = [&](const Dot& dot) { return names(dot); };
    to.map_run = [&](const DotRun& dots, DotSet& into) { names(dots, into); };
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
    if (names.idle()) return {};
    if (watcher_ != nullptr) untold_.emplace_back(names);
    renaming_.push_back(std::move(names));
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
    DotSet gone;
    Rewrite without;
    without.map = [&](const Dot& dot) {
        return gone.contains(dot) ? std::nullopt : std::optional<Dot>(dot);
    };
    for (Moving& moving : *changes) {
        const Change& change = moving.change;
        const auto found =
            std::find_if(message.refusals.begin(), message.refusals.end(),
                         [&](const wire::Refusal& r) { return r.counter == change.first; });
        const bool is_refused = found != message.refusals.end();
        if (!is_refused && can_be_rewritten(change, without)) {
            kept.push_back(std::move(moving));
            continue;
        }
        gone.insert(DotRun{change.replica, change.first, change.last()});
        if (is_refused) {
            refused.push_back({std::move(moving.change), found->code, found->reason});
        } else {
            refused.push_back({std::move(moving.change), ErrorCode::unknown_reference,
                               "works inside an element whose insertion is out"});
        }
    }
    if (refused.empty()) return refused;
    if (auto closed = close_gaps(refused, kept); !closed) return tl::unexpected(closed.error());
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

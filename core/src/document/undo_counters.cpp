#include "undo_step.hpp"

#include <algorithm>
#include <set>

namespace syncline {

namespace {

std::int64_t plus(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
std::int64_t minus(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

/// What the add is now, if it was cancelled and came back.
Dot resolve_add(const UndoStep& step, Dot dot) {
    for (const UndoState* names : {&step.state, static_cast<const UndoState*>(&step.reborn)}) {
        const auto found = names->counter_aliases.find(step.field());
        if (found == names->counter_aliases.end()) continue;
        // In the order in which they came back: each leads to a later one.
        for (const CounterAlias& alias : found->second) {
            if (alias.replica == dot.replica && alias.from < dot.counter && dot.counter <= alias.to)
                dot = alias.now;
        }
    }
    return dot;
}

/// Adds `amount` in pieces that an op may carry; returns the last one's dot.
Dot add(UndoStep& step, std::int64_t amount) {
    Dot last;
    do {
        const auto most = static_cast<std::int64_t>(counter_max);
        Op op = op_of(OpCode::add);
        op.amount = std::clamp(amount, -most, most);
        amount -= op.amount;
        last = step.edit(std::move(op));
    } while (amount != 0 && !step.failed());
    return last;
}

struct Taken {
    std::int64_t sum = 0;
    std::vector<CounterAlias> adds;  ///< their new name is still to be set
};

/// Of the adds that the group cancelled, those that nobody else cancelled too.
Taken still_taken(const UndoStep& step, const CounterUndo& undo,
                  const CounterEntries::Map& entries) {
    Taken all;
    const auto seen = step.state.cancelled.find(step.field());
    for (const CounterUndo::Taken& taken : undo.removed) {
        // A change that was refused for ever has cancelled nothing.
        const auto entry = entries.find(taken.last.replica);
        if (entry == entries.end() || entry->second.cancelled.counter < taken.last.counter)
            continue;
        CounterMark theirs;
        if (seen != step.state.cancelled.end()) {
            const auto author = seen->second.authors.find(taken.last.replica);
            if (author != seen->second.authors.end() && author->second > taken.last.counter)
                continue;
            const auto mark = seen->second.marks.find(taken.last.replica);
            if (mark != seen->second.marks.end()) theirs = mark->second;
        }
        if (theirs.counter >= taken.last.counter) continue;
        const bool is_partly = theirs.counter > taken.from;
        const std::int64_t from_sum = is_partly ? theirs.sum : taken.from_sum;
        all.sum = plus(all.sum, minus(minus(taken.to_sum, from_sum), taken.added));
        const std::uint64_t from = is_partly ? theirs.counter : taken.from;
        all.adds.push_back({taken.last.replica, from, taken.last.counter, {}});
    }
    return all;
}

}  // namespace

void take_back(UndoStep& step, const CounterUndo& undo) {
    const bool is_pn = step.type() == Type::pn_counter;
    const CounterEntries counter =
        is_pn ? step.at<PnCounter>().entries() : step.at<GCounter>().entries();
    const CounterEntries::Map& entries = counter.entries();
    // The dot under which an add still counts; none if it was cancelled.
    const auto counting = [&](const Dot& dot) {
        const Dot now = resolve_add(step, dot);
        const auto entry = entries.find(now.replica);
        const bool counts = entry != entries.end() &&
                            now.counter > entry->second.cancelled.counter &&
                            now.counter <= entry->second.total.counter;
        return counts ? now : Dot{};
    };
    std::int64_t added = 0;
    std::set<ReplicaId> own;
    const bool may_fall = is_pn || step.grow_only == GrowOnly::goes;
    for (const CounterUndo::Add& one : undo.added) {
        const Dot now = counting(one.dot);
        if (now.counter == 0 || !may_fall) continue;
        added = plus(added, one.amount);
        own.insert(now.replica);
    }
    Taken taken = still_taken(step, undo, entries);
    if (!taken.adds.empty()) {
        const std::int64_t sum = minus(taken.sum, added);
        if (!is_pn && sum < 0) return;
        const Dot now = add(step, sum);
        if (now.counter == 0) return;
        for (CounterAlias& alias : taken.adds) {
            alias.now = now;
            step.reborn.counter_aliases[step.field()].push_back(alias);
        }
        return;
    }
    if (own.empty()) return;
    const bool nobody_elses = std::all_of(entries.begin(), entries.end(), [&](const auto& entry) {
        return entry.second.total.counter <= entry.second.cancelled.counter ||
               own.count(entry.first) != 0;
    });
    const bool is_new = std::none_of(undo.before.begin(), undo.before.end(),
                                     [&](const Dot& dot) { return counting(dot).counter != 0; });
    if (is_new && nobody_elses && counter.value() == added) {
        // It was not there before, and nothing but the group's adds is in it.
        step.edit(counter.cancel(step.author()));
    } else if (is_pn && added != 0) {
        add(step, minus(0, added));
    }
}

}  // namespace syncline

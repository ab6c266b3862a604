#include "undo_state.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace syncline {

void UndoState::hold(const UndoFields& group) {
    group.for_each_removed([&](const DotSet& dots) { held.insert_all(dots); });
    for (const auto& [id, field] : group.fields) {
        if (const auto* counter = std::get_if<CounterUndo>(&field)) {
            if (!counter->removed.empty()) counters_held.insert(id);
        }
        if (const auto* list = std::get_if<ListUndo>(&field)) {
            for (const auto& [element, moved] : list->moves) elements_held.insert(element);
        }
    }
}

void UndoState::release(const UndoFields& group) {
    group.for_each_removed([&](const DotSet& dots) { held.erase_all(dots); });
}

void UndoState::hold_all() {
    held.clear();
    counters_held.clear();
    elements_held.clear();
    for (const auto* groups : {&undo, &redo}) {
        for (const UndoFields& group : *groups) hold(group);
    }
}

void UndoState::observe(const DocumentKey& key, const FieldOp& op, const Event& at) {
    if (undo.empty() && redo.empty()) return;
    for (const DotRun& run : op.op.removes.runs())
        for_each_overlap(held, run, [&](const DotRun& found) { gone.insert(found); });
    if (op.op.code == OpCode::move && elements_held.count(op.op.element) != 0) {
        OtherMove& latest = other_moves[op.op.element];
        if (latest.hlc < at.hlc || (latest.hlc == at.hlc && latest.slot < at.dot))
            latest = {at.hlc, at.dot};
    }
    if (op.op.code != OpCode::cancel) return;
    const FieldId id{key, op.path};
    if (counters_held.count(id) == 0) return;
    Cancelled& known = cancelled[id];
    for (const auto& [replica, mark] : op.op.cancels) {
        CounterMark& latest = known.marks[replica];
        if (latest.counter < mark.counter) latest = mark;
    }
    std::uint64_t& own = known.authors[at.dot.replica];
    own = std::max(own, at.dot.counter);
}

void UndoState::collect() {
    const auto size = [this] {
        return held.runs().size() + gone.runs().size() + aliases.size() + ages.size() +
               cancelled.size() + other_moves.size();
    };
    if (size() < collect_at) return;
    hold_all();
    DotSet named;
    std::set<FieldId> counters;
    for (const auto* groups : {&undo, &redo}) {
        for (const UndoFields& group : *groups) {
            group.for_each_name([&](const DotSet& dots) { named.insert_all(dots); });
            for (const auto& [id, field] : group.fields) {
                if (std::holds_alternative<CounterUndo>(field)) counters.insert(id);
            }
        }
    }
    gone = overlap(gone, held);
    DotSet now_named = held;
    UndoAliases left;
    for (const DotRun& run : named.runs()) {
        DotSet still;
        aliases.trace(run, [&](const DotRun& then, const DotRun& now) {
            if (then == now) still.insert(then);
            now_named.insert(now);
        });
        aliases.trace(run, [&](const DotRun& then, const DotRun& now) {
            if (then == now) return;
            const bool is_there = still.contains(Dot{then.replica, then.first});
            left.add(then, {now.replica, now.first},
                     is_there ? UndoAliases::Old::there : UndoAliases::Old::gone);
        });
    }
    aliases = std::move(left);
    for (auto at = ages.begin(); at != ages.end();)
        at = now_named.contains(at->first) ? std::next(at) : ages.erase(at);
    const auto keep = [](auto& map, const auto& wanted) {
        for (auto at = map.begin(); at != map.end();)
            at = wanted.count(at->first) != 0 ? std::next(at) : map.erase(at);
    };
    keep(counter_aliases, counters);
    keep(cancelled, counters_held);
    keep(other_moves, elements_held);
    collect_at = 1024 + 2 * size();
}

void UndoState::rename(const DotMap& map) {
    for (auto* groups : {&undo, &redo}) {
        for (UndoFields& group : *groups) group.rename(map);
    }
    aliases = aliases.renamed(map);
    CounterAliases counters;
    for (const auto& [id, known] : counter_aliases) {
        const auto path = mapped(id.second, map);
        if (!path) continue;
        for (const CounterAlias& alias : known) {
            const auto from = alias.from == 0 ? std::nullopt : map(Dot{alias.replica, alias.from});
            const auto to = map({alias.replica, alias.to});
            const auto now = map(alias.now);
            if (!to || !now) continue;
            const bool is_one_run = from && from->replica == to->replica;
            counters[FieldId{id.first, *path}].push_back(
                {to->replica, is_one_run ? from->counter : 0, to->counter, *now});
        }
    }
    counter_aliases = std::move(counters);
    std::map<Dot, Age> written;
    for (const auto& [dot, age] : ages) {
        if (const auto name = map(dot))
            written.emplace(*name, Age{age.hlc, map(age.dot).value_or(age.dot)});
    }
    ages = std::move(written);
    gone = mapped(gone, map);
    hold_all();
    std::map<FieldId, Cancelled> others;
    for (const auto& [id, known] : cancelled) {
        const auto path = mapped(id.second, map);
        if (!path) continue;
        Cancelled& renamed = others[FieldId{id.first, *path}];
        for (const auto& [replica, mark] : known.marks) {
            const auto name = map({replica, mark.counter});
            if (name) renamed.marks[name->replica] = {name->counter, mark.sum};
        }
        for (const auto& [replica, counter] : known.authors) {
            const auto name = map({replica, counter});
            if (name) renamed.authors[name->replica] = name->counter;
        }
    }
    cancelled = std::move(others);
    std::map<Dot, OtherMove> moves;
    for (const auto& [element, move] : other_moves) {
        const auto name = map(element);
        const auto slot = map(move.slot);
        if (name && slot) moves.emplace(*name, OtherMove{move.hlc, *slot});
    }
    other_moves = std::move(moves);
}

}  // namespace syncline

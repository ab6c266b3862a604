#include "undo_step.hpp"

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

namespace syncline {

namespace {

/// The erased places that an undo may name (see UndoStep::first_own()): where elements stand, or
/// stood, that this origin moved or has taken something out of.
DotSet own_places(const UndoStep& step, const List& list) {
    DotSet elements;
    DotSet places;
    const Path& path = step.path;
    for (const auto* groups : {&step.state.undo, &step.state.redo}) {
        for (const UndoFields& group : *groups) {
            for (const auto& [id, field] : group.fields) {
                const Path& below = id.second;
                if (!(id.first == step.field().first) || below.size() < path.size() ||
                    !std::equal(path.begin(), path.end(), below.begin()))
                    continue;
                if (below.size() > path.size()) elements.insert(below[path.size()].element);
                const auto* undo = std::get_if<ListUndo>(&field);
                if (below.size() > path.size() || undo == nullptr) continue;
                for (const ListUndo::Erased& erased : undo->erased) elements.insert(erased.ids);
                for (const auto& [element, moved] : undo->moves) {
                    elements.insert(element);
                    places.insert_all(step.resolve(DotSet{moved.slot}));
                    if (moved.previous.counter != 0)
                        places.insert_all(step.resolve(DotSet{moved.previous}));
                }
            }
        }
    }
    for (const auto& [id, element] : list.elements()) {
        if (element.slot.counter != 0 && elements.contains(id)) places.insert(element.slot);
    }
    places.insert_all(elements);
    return places;
}

void take_move(UndoStep& step, const Dot& element, const ListUndo::Moved& moved, DotSet& own) {
    const List& list = step.at<List>();
    const auto known = list.elements().find(element);
    const DotSet names = step.resolve(DotSet{moved.slot});
    // Somebody has moved it since, or it is gone.
    if (known == list.elements().end() || !names.contains(known->second.slot)) return;
    Dot previous = moved.previous;
    const auto other = step.state.other_moves.find(element);
    if (other != step.state.other_moves.end()) {
        // A move that lost to the group's own is where it would stand without it.
        const bool lost_to_mine =
            moved.previous_hlc < other->second.hlc ||
            (moved.previous_hlc == other->second.hlc && previous < other->second.slot);
        if (lost_to_mine) previous = other->second.slot;
    }
    const Dot old = previous;
    if (previous.counter != 0) {
        const DotSet now = step.resolve(DotSet{previous});
        if (!now.empty()) previous = *now.begin();
    }
    const auto stood = list.order().find(previous.counter == 0 ? element : previous);
    if (!stood || !stood.run->attached()) return;
    Op op = op_of(OpCode::move);
    op.element = element;
    op.place = list.order().place_behind_erased(
        stood, [&](const DotRun& dots) { return first_in(own, dots); });
    own.insert(known->second.slot);
    const Dot now = step.edit(std::move(op));
    if (old.counter != 0) step.rename(DotSet{old}, now);
}

void take_placed_values(UndoStep& step, const DotSet& placed) {
    if (placed.empty()) return;
    const List& list = step.at<List>();
    DotSet mine;  // as they were inserted
    std::vector<std::pair<Dot, DotSet>> others;
    for (const DotRun& run : placed.runs()) {
        list.order().for_each_in(run, [&](List::Order::At at, std::uint32_t length) {
            const std::uint64_t first = at.run->first + at.offset;
            if (at.run->state == List::Order::State::plain)
                mine.insert(DotRun{run.replica, first, first + length - 1});
        });
        auto at = list.elements().lower_bound(Dot{run.replica, run.first});
        for (; at != list.elements().end() && !(Dot{run.replica, run.last} < at->first); ++at) {
            const Dot& id = at->first;
            const auto* node = at->second.contents().find(FieldKey{"", Type::lww_register});
            const auto* reg = node == nullptr ? nullptr : node->as<LwwRegister>();
            if (reg == nullptr) continue;
            const DotSet values = step.still(DotSet{id}, reg->values().dots());
            if (!values.empty()) others.emplace_back(id, values);
        }
    }
    if (!mine.empty()) step.edit(op_of(OpCode::erase, mine));
    for (auto& [id, values] : others) {
        Op op = op_of(OpCode::erase, std::move(values));
        op.element = id;
        step.edit(std::move(op));
    }
}

}  // namespace

void take_back(UndoStep& step, const ListUndo& undo) {
    const DotSet presence = step.at<List>().presence();
    step.take_presence_back(undo.presence, presence);
    if (!undo.moves.empty()) {
        DotSet own = own_places(step, step.at<List>());
        for (const auto& [element, moved] : undo.moves) take_move(step, element, moved, own);
    }
    take_placed_values(step, undo.placed);
    // An element is its place for ever, so its value comes back as one that is set in it.
    const Path list = step.path;
    for (const ListUndo::Erased& erased : undo.erased) {
        for (std::size_t i = 0; i < erased.values.size() && !step.failed(); ++i) {
            const Dot id{erased.ids.replica, erased.ids.first + i};
            if (step.state.gone.contains(id)) continue;
            step.path = list;
            step.path.push_back(Step(id, Type::lww_register));
            take_back(step, RegisterUndo{{}, {{id, erased.hlc, erased.values[i]}}, {}});
        }
    }
    step.path = list;
}

}  // namespace syncline

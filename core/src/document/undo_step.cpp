#include "undo_step.hpp"

#include <algorithm>
#include <utility>

namespace syncline {

Op op_of(OpCode code, DotSet removes) {
    Op op;
    op.code = code;
    op.removes = std::move(removes);
    return op;
}

Result<> UndoStep::run(const UndoFields& group) {
    for (const auto& [id, field] : group.fields) {
        key_ = &id.first;
        path = id.second;
        std::visit([this](const auto& undo) { take_back(*this, undo); }, field);
        if (error_) return tl::unexpected(*error_);
    }
    return {};
}

const OrMap& UndoStep::root() {
    static const OrMap none;
    if (error_) return none;
    auto document = target_.read(*key_);
    if (!document) error_ = document.error();
    return document ? (*document)->root() : none;
}

Dot UndoStep::edit(FieldOp op) {
    if (error_) return {};
    inverse_.take(*key_, root(), target_.author(), op);
    if (error_) return {};
    const FieldOp made = op;
    auto at = target_.edit(*key_, std::move(op));
    if (!at) {
        error_ = at.error();
        return {};
    }
    inverse_.give(*key_, made, *at);
    taken_.insert_all(made.op.removes);
    ++ops_;
    return at->dot;
}

void UndoStep::take_presence_back(const AddedRemoved& undo, const DotSet& now) {
    take_dots_back(
        undo, now, [] { return op_of(OpCode::create); },
        [this](const DotSet& mine) { edit(op_of(OpCode::clear, mine)); });
}

Result<std::size_t> take_back(const UndoState& state, const UndoFields& group, GrowOnly grow_only,
                              UndoTarget& target, UndoFields& inverse, UndoState& reborn) {
    UndoStep step(state, grow_only, target, inverse, reborn);
    if (auto done = step.run(group); !done) return tl::unexpected(done.error());
    return step.ops();
}

// ---- Maps, flags, sets

void take_back(UndoStep& step, const PresenceUndo& undo) {
    const DotSet now = step.at<OrMap>().presence();
    step.take_presence_back(undo.dots, now);
}

namespace {

/// Of a thing that is there while it has a dot of one kind and none of another: `make(code,
/// removes)` makes an op; `on` and `off` are the codes that add a dot.
template <typename Make>
void take_toggle_back(UndoStep& step, const ToggleUndo& undo, const DotSet& on_now,
                      const DotSet& off_now, OpCode on, OpCode off, Make make) {
    const DotSet my_on = step.still(undo.on.added, on_now);
    const DotSet my_off = step.still(undo.off.added, off_now);
    const bool has_added = !undo.on.added.empty() || !undo.off.added.empty();
    if (has_added && my_on.empty() && my_off.empty()) return;
    const auto back = [&](const AddedRemoved& dots, const DotSet& mine) {
        const bool is_overtaken = !dots.added.empty() && mine.empty();
        return is_overtaken ? DotSet() : step.wanted(dots.removed);
    };
    const DotSet on_back = back(undo.on, my_on);
    const DotSet off_back = back(undo.off, my_off);
    // What mine replaced, mine stands for; the rest of mine goes with the first op that comes.
    DotSet going;
    const auto keep = [&](const DotSet& mine, const DotSet& replaced) {
        if (mine.empty()) return false;
        if (replaced.empty()) {
            going.insert_all(mine);
            return false;
        }
        step.rename(replaced, *mine.begin());
        return true;
    };
    const bool keeps_on = keep(my_on, on_back);
    const bool keeps_off = keep(my_off, off_back);
    if (!on_back.empty() && !keeps_on)
        step.rename(on_back, step.edit(make(on, std::exchange(going, {}))));
    if (!off_back.empty() && !keeps_off)
        step.rename(off_back, step.edit(make(off, std::exchange(going, {}))));
    if (going.empty()) return;
    // Only a dot of the one kind takes one of the other away; it goes at once.
    if (!overlap(going, my_off).empty()) going = DotSet{step.edit(make(on, going))};
    step.edit(make(OpCode::clear, going));
}

}  // namespace

void take_back(UndoStep& step, const FlagUndo& undo) {
    if (step.type() == Type::ew_flag) {
        step.take_dots_back(
            undo.toggle.on, step.at<EwFlag>().enables(), [] { return op_of(OpCode::enable); },
            [&](const DotSet& mine) { step.edit(op_of(OpCode::disable, mine)); });
        return;
    }
    const DotSet on = step.at<DwFlag>().enables();
    const DotSet off = step.at<DwFlag>().disables();
    take_toggle_back(step, undo.toggle, on, off, OpCode::enable, OpCode::disable, op_of);
}

void take_back(UndoStep& step, const SetUndo& undo) {
    for (const auto& [element, toggle] : undo.elements) {
        const Value& value = element;
        const auto make = [&](OpCode code, DotSet removes) {
            Op op = op_of(code, std::move(removes));
            if (code != OpCode::clear) op.value = value;
            return op;
        };
        const auto insert = [&] { return make(OpCode::insert, {}); };
        switch (step.type()) {
            case Type::or_set:
                step.take_dots_back(
                    toggle.on, step.at<OrSet>().elements().dots_of(value), insert,
                    [&](const DotSet& mine) { step.edit(make(OpCode::erase, mine)); });
                break;
            case Type::g_set:
                step.take_dots_back(toggle.on, step.at<GSet>().elements().dots_of(value), insert,
                                    [&](const DotSet& mine) {
                                        // Only what an undo brought back may go again.
                                        if (step.grow_only == GrowOnly::goes)
                                            step.edit(make(OpCode::clear, mine));
                                    });
                break;
            default: {
                const DotSet on = step.at<RwSet>().inserted().dots_of(value);
                const DotSet off = step.at<RwSet>().erased().dots_of(value);
                take_toggle_back(step, toggle, on, off, OpCode::insert, OpCode::erase, make);
            }
        }
    }
}

// ---- Registers

void take_back(UndoStep& step, const RegisterUndo& undo) {
    const bool is_lww = step.type() == Type::lww_register;
    DotSet now;
    std::vector<DotValues::Entry> others;
    const auto entries = entries_at(step.root(), step.path);
    for (const auto& entry : entries) now.insert(entry.dot);
    const DotSet mine = step.still(undo.added, now);
    if (!undo.added.empty() && mine.empty()) return;
    for (const auto& entry : entries) {
        if (!mine.contains(entry.dot)) others.push_back(entry);
    }
    std::vector<DotValues::Entry> back;
    for (const auto& entry : undo.removed) {
        if (!step.state.gone.contains(entry.dot)) back.push_back(entry);
    }
    std::sort(back.begin(), back.end(),
              [&](const auto& a, const auto& b) { return is_lww ? a.loses_to(b) : a.dot < b.dot; });
    // A value that would not be shown beside the others' stays away: a new stamp would lift it
    // over them. Of a multi-value register all are shown; but of one that came since a clear it
    // cannot be told whether it was set instead of what was cleared.
    const DotSet beside = step.resolve(undo.beside);
    const bool comes_back =
        !back.empty() && std::all_of(others.begin(), others.end(), [&](const auto& other) {
            if (is_lww)
                return step.age(other.dot, other.hlc) < Age{back.back().hlc, back.back().dot};
            return !mine.empty() || beside.contains(other.dot);
        });
    if (!comes_back) {
        if (!mine.empty()) step.edit(op_of(OpCode::clear, mine));
        return;
    }
    DotSet removes = mine;
    for (const auto& entry : back) {
        Op op = op_of(OpCode::set, std::move(removes));
        removes = DotSet();
        op.value = entry.value;
        step.rename(Age{entry.hlc, entry.dot}, step.edit(std::move(op)));
    }
}

}  // namespace syncline

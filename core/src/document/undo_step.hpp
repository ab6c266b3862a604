#pragma once

#include "undo_state.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace syncline {

/// The undoing of one group: decides for each field, from what is there now, and makes the ops. How
/// each kind of field is taken back stands in a file of its own; this is what they share.
class UndoStep {
public:
    UndoStep(const UndoState& known, GrowOnly what_only_grows, UndoTarget& target,
             UndoFields& inverse, UndoState& names)
        : state(known),
          grow_only(what_only_grows),
          reborn(names),
          target_(target),
          inverse_(inverse) {}

    Result<> run(const UndoFields& group);
    /// How many ops it took.
    [[nodiscard]] std::size_t ops() const { return ops_; }

    // ---- The document

    /// The document now; an empty one after an error, which ends all in time.
    const OrMap& root();
    /// The field at hand, now.
    template <typename T>
    const T& at() {
        return root().at<T>(path);
    }
    [[nodiscard]] FieldId field() const { return {*key_, path}; }
    [[nodiscard]] Type type() const { return type_of(path); }
    [[nodiscard]] ReplicaId author() const { return target_.author(); }
    /// The first dot of the op; counter 0 after an error.
    Dot edit(FieldOp op);
    Dot edit(Op op) { return edit(FieldOp{path, std::move(op)}); }
    [[nodiscard]] bool failed() const { return error_.has_value(); }

    // ---- Names

    /// What dots are called now. A step may have passed over groups that gave some other names.
    [[nodiscard]] DotSet resolve(const DotSet& dots) const {
        return reborn.aliases.resolve(state.aliases.resolve(dots));
    }
    /// Those of `added` that are among `now`.
    [[nodiscard]] DotSet still(const DotSet& added, const DotSet& now) const {
        return overlap(resolve(added), now);
    }
    /// What was removed and can come back: nobody else removed it, too.
    [[nodiscard]] DotSet wanted(DotSet removed) const {
        removed.erase_all(state.gone);
        return removed;
    }
    /// Of these erased dots the first that may be named, as a parent or as the end of a mark: one
    /// that this origin took away itself and may bring back. What others erased is not named, so
    /// that it can be dropped one day (docs/adr/0005-floor.md).
    [[nodiscard]] std::optional<std::uint64_t> first_own(const DotRun& dots) const {
        const auto held = first_in(state.held, dots);
        const auto taken = first_in(taken_, dots);
        if (!held || !taken) return held ? held : taken;
        return std::min(*held, *taken);
    }
    /// The last one.
    [[nodiscard]] std::optional<std::uint64_t> last_own(const DotRun& dots) const {
        return std::max(last_in(state.held, dots), last_in(taken_, dots));
    }
    void rename(const DotSet& old, const Dot& now) {
        if (now.counter != 0) reborn.aliases.add(old, now);
    }

    /// The same for a value or a mark, which keeps its age.
    void rename(const Age& old, const Dot& now, UndoAliases::Old is = UndoAliases::Old::gone) {
        if (now.counter == 0) return;
        reborn.aliases.add(DotRun{old.dot.replica, old.dot.counter, old.dot.counter}, now, is);
        reborn.ages.insert_or_assign(now, age(old.dot, old.hlc));
    }
    [[nodiscard]] Age age(const Dot& dot, Hlc hlc) const {
        const auto found = reborn.ages.find(dot);
        if (found != reborn.ages.end()) return found->second;
        const auto known = state.ages.find(dot);
        return known == state.ages.end() ? Age{hlc, dot} : known->second;
    }

    /// For a thing that is there while it has a dot, with the dots it has `now`: `add()` makes the
    /// op that adds one, `remove(dots)` does away with some.
    template <typename Add, typename Remove>
    void take_dots_back(const AddedRemoved& undo, const DotSet& now, Add add, Remove remove) {
        const DotSet back = wanted(undo.removed);
        if (!undo.added.empty()) {
            const DotSet mine = still(undo.added, now);
            if (mine.empty()) return;
            // It was there before: mine stands for what it replaced.
            if (!back.empty()) return rename(back, *mine.begin());
            return remove(mine);
        }
        // Also when others put it there meanwhile: it is there by my hand, too, as it was.
        if (!back.empty()) rename(back, edit(add()));
    }
    /// Of a map, a list, a text.
    void take_presence_back(const AddedRemoved& undo, const DotSet& now);

    const UndoState& state;
    const GrowOnly grow_only;
    UndoState& reborn;  ///< only the new names
    Path path;          ///< of the field at hand

private:
    UndoTarget& target_;
    UndoFields& inverse_;
    const DocumentKey* key_ = nullptr;
    DotSet taken_;  ///< by this step
    std::size_t ops_ = 0;
    std::optional<Error> error_;
};

[[nodiscard]] Op op_of(OpCode code, DotSet removes = {});

void take_back(UndoStep& step, const PresenceUndo& undo);
void take_back(UndoStep& step, const RegisterUndo& undo);
void take_back(UndoStep& step, const FlagUndo& undo);
void take_back(UndoStep& step, const SetUndo& undo);
void take_back(UndoStep& step, const CounterUndo& undo);
void take_back(UndoStep& step, const TextUndo& undo);
void take_back(UndoStep& step, const ListUndo& undo);

}  // namespace syncline

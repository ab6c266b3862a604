#pragma once

#include "dot_overlap.hpp"
#include "undo_aliases.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>

namespace syncline {

/// When a value or a mark was written, and which of two written at once is the later one.
struct Age {
    Hlc hlc;
    Dot dot;
    friend bool operator<(const Age& a, const Age& b) {
        return a.hlc == b.hlc ? a.dot < b.dot : a.hlc < b.hlc;
    }
};

/// What an UndoManager knows.
struct UndoState {
    std::deque<UndoFields> undo;
    std::deque<UndoFields> redo;

    UndoAliases aliases;
    CounterAliases counter_aliases;
    /// What came back was written anew, but is as old as what it stands for.
    std::map<Dot, Age> ages;

    // What others did to what the groups hold:
    DotSet held;  ///< taken away by groups: what an undo may name, though it is erased
    DotSet gone;  ///< of those, what others took away too
    std::set<FieldId> counters_held;
    struct Cancelled {
        CounterMarks marks;  ///< as the others named them
        /// Of each of them all own adds below that counter.
        std::map<ReplicaId, std::uint64_t> authors;
    };
    std::map<FieldId, Cancelled> cancelled;
    struct OtherMove {
        Hlc hlc;
        Dot slot;
    };
    std::set<Dot> elements_held;           ///< that groups moved
    std::map<Dot, OtherMove> other_moves;  ///< the latest one of others

    std::size_t collect_at = 1024;

    /// From now on what others do to what this group holds is of interest.
    void hold(const UndoFields& group);
    /// No longer: it cannot be undone any more.
    void release(const UndoFields& group);
    /// From now on what others do to the groups that are left is of interest, and nothing else.
    void hold_all();
    /// An op that no group holds: see UndoManager::observe.
    void observe(const DocumentKey& key, const FieldOp& op, const Event& at);
    /// Forgets what no group refers to.
    void collect();
    void forget_all() { *this = UndoState(); }
    void rename(const DotMap& map);
};

/// Works out what is left to undo of one group and does it. `grow_only` tells whether what the
/// group added to a g_set or g_counter may go again: only what an undo brought back may.
/// `inverse` and `reborn` get what that did. Returns the number of ops.
enum class GrowOnly : std::uint8_t { stays, goes };
[[nodiscard]] Result<std::size_t> take_back(const UndoState& state, const UndoFields& group,
                                            GrowOnly grow_only, UndoTarget& target,
                                            UndoFields& inverse, UndoState& reborn);

}  // namespace syncline

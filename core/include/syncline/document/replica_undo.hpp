#pragma once

#include "syncline/document/replica.hpp"
#include "syncline/document/undo.hpp"

#include <cstdint>
#include <utility>

namespace syncline {

/// Undo and redo at a Replica, for one origin: a view, a window.
///
///     ReplicaUndo undo(replica);
///     undo.change(now_ms, [](Replica::Edit& edit) { ... });  // instead of replica.change()
///     undo.take(packed);                                     // instead of replica.take()
///     undo.undo(now_ms);
///
/// Semantics  As UndoManager's (docs/undo.md). What happens at the replica by other ways has to be
///            told: changes that were taken or made elsewhere, to observe(), as soon as they are
///            in; of a join() nobody can tell what others did, so forget() goes with it.
/// Several    Each origin has its own. A change is made by one of them and observed by the others:
///            replica.take(change), then observe(change) for each.
/// Threads    As a container. The replica outlives it and stays where it is.
class ReplicaUndo {
public:
    explicit ReplicaUndo(Replica& replica, UndoManager::Options options = {})
        : replica_(replica), manager_(options) {}

    /// Replica::change(), to be undone by undo().
    template <typename Use>
    Replica::Made change(std::uint64_t now_ms, Use edit) {
        UndoRecord record;
        const Replica::Made made = replica_.change(now_ms, record, std::move(edit));
        manager_.record(std::move(record), now_ms);
        return made;
    }
    /// Replica::take(), for a replica with this one origin.
    Result<> take(BytesView packed, const wire::Limits& limits = wire::state_limits());
    /// A change that is no work of this origin.
    void observe(const Change& change);
    /// Everything recorded.
    void forget() { manager_.clear(); }

    /// Takes back the last group that still has an effect, as a change of its own, which is
    /// returned: it has no sections if nothing was left. Valid until the replica's next call.
    const Change& undo(std::uint64_t now_ms);
    /// Takes back the last undo.
    const Change& redo(std::uint64_t now_ms);

    /// For groups, and to ask what there is.
    [[nodiscard]] UndoManager& manager() { return manager_; }

private:
    template <typename Run>
    const Change& step(std::uint64_t now_ms, Run run);

    Replica& replica_;
    UndoManager manager_;
};

}  // namespace syncline

#pragma once

#include "syncline/document/change.hpp"
#include "syncline/document/document.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace syncline {

struct UndoFields;  // core/src/document/undo_record.hpp
struct UndoState;   // core/src/document/undo_state.hpp

/// What undoes needs to be told of, and does: a transaction, seen from an UndoManager.
class UndoTarget {
public:
    UndoTarget() = default;
    UndoTarget(const UndoTarget&) = delete;
    UndoTarget& operator=(const UndoTarget&) = delete;
    virtual ~UndoTarget() = default;

    /// Who authors the ops.
    [[nodiscard]] virtual ReplicaId author() const = 0;
    /// The document as it is now, edits of this transaction included; an empty one if there is
    /// none. Valid until the next call.
    virtual Result<const Document*> read(const DocumentKey& key) = 0;
    /// Applies an op and tells its event. An error ends the undo; the caller then takes back the
    /// transaction.
    virtual Result<Event> edit(const DocumentKey& key, FieldOp op) = 0;
};

/// What a transaction added and took away, so that it can be undone: by field, in sum. See
/// docs/undo.md. A value; an UndoManager makes the ops.
/// Cost  As the ops: their dots, and a copy of what they take away. A clear looks at every dot
///       below it, as applying it does.
class UndoRecord {
public:
    UndoRecord();
    UndoRecord(const UndoRecord& other);
    UndoRecord(UndoRecord&&) noexcept;
    UndoRecord& operator=(const UndoRecord& other);
    UndoRecord& operator=(UndoRecord&&) noexcept;
    ~UndoRecord();

    /// Takes notice of an op that is about to be applied; `before` is the document without it.
    void add(const DocumentKey& key, const Document& before, const FieldOp& op, const Event& at);
    [[nodiscard]] bool empty() const;

private:
    friend class UndoManager;
    std::unique_ptr<UndoFields> fields_;
};

/// Undo and redo of what one origin did in a space: a view, a window, a user of this device.
///
/// Semantics  docs/undo.md has the table. An undo takes back what this origin's group of changes
///            did and nobody else's; it consists of ordinary ops, made against the present state.
///            can_undo() tells that something was recorded; others may have overtaken it, and then
///            undo() passes over it to the next group that changes anything.
///
///     UndoRecord record;                    // while a transaction edits, before each op:
///     record.add(key, document, op, event);
///     manager.record(std::move(record), now_ms);      // when it is committed
///     manager.observe(key, op, event);      // all other ops of the space, local and remote
///
///     auto step = manager.undo(target);     // in a transaction
///     manager.done(std::move(*step));       // when that is committed; else drop the step
///
/// What a record or a step holds is good only if it is told to this manager before the next op of
/// the space is observed.
/// Floor      Of erased things it names those alone that its own groups took away. A replica that
///            reports how far the floor may go counts the bases of the changes that are on its
///            stacks, or clears them (docs/adr/0005-floor.md).
/// Cost       observe: O(log n) for each run of dots that the op names. Undo: O(log n) for each
///            thing of the group; of a text with m marks O(m log m) for each group that brings
///            characters or marks back.
/// Memory     What `depth_max` groups took away.
/// Threads    As a container.
class UndoManager {
public:
    struct Options {
        std::size_t depth_max = 100;   ///< groups; the oldest is forgotten first
        std::uint64_t merge_ms = 500;  ///< what follows within this joins the group; 0: nothing
    };
    /// An undo or a redo that was applied, to be confirmed by done().
    class Step {
    public:
        /// How many ops it took; 0: nothing was left to do.
        [[nodiscard]] std::size_t ops() const { return ops_; }

    private:
        friend class UndoManager;
        enum class Kind : std::uint8_t { undo, redo };
        Kind kind_ = Kind::undo;
        std::size_t ops_ = 0;
        std::size_t groups_ = 0;  ///< taken from the stack; the last of them is undone
        UndoRecord inverse_;
        std::shared_ptr<UndoState> reborn_;  ///< only the new names
    };

    UndoManager() : UndoManager(Options()) {}
    explicit UndoManager(Options options);
    UndoManager(UndoManager&&) noexcept;
    UndoManager& operator=(UndoManager&&) noexcept;
    ~UndoManager();

    // ---- What happens

    /// A committed transaction of this origin, at `now_ms` (any clock that does not go back). What
    /// was undone can no longer be redone. An empty record does nothing.
    void record(UndoRecord record, std::uint64_t now_ms);
    /// An op that is not recorded here was applied, or is about to be: another origin's, another
    /// replica's.
    void observe(const DocumentKey& key, const FieldOp& op, const Event& at);
    /// Until end_group() everything recorded is one group, however long it takes. Groups nest; the
    /// outermost counts.
    void begin_group();
    /// Ends the group: what is recorded next is another one.
    void end_group();

    // ---- Undo and redo

    [[nodiscard]] bool can_undo() const;
    [[nodiscard]] bool can_redo() const;
    [[nodiscard]] std::size_t undo_depth() const;
    [[nodiscard]] std::size_t redo_depth() const;
    /// Applies the undo of the last group that still has an effect. Errors: the target's; the
    /// manager is as before.
    [[nodiscard]] Result<Step> undo(UndoTarget& target) const;
    [[nodiscard]] Result<Step> redo(UndoTarget& target) const;
    /// The step's transaction was committed. Nothing was recorded or observed since.
    void done(Step step);
    void clear();

    /// Own dots got other names (see Rewrite::map; none: the change is gone for ever). The map
    /// gives every other dot back as it is.
    void rename(const std::function<std::optional<Dot>(const Dot&)>& map);

private:
    [[nodiscard]] Result<Step> run(Step::Kind kind, UndoTarget& target) const;

    Options options_;
    std::unique_ptr<UndoState> state_;
    std::uint64_t last_ms_ = 0;
    std::size_t open_ = 0;   ///< groups begun and not ended
    bool joinable_ = false;  ///< what is recorded now may join the last group
};

}  // namespace syncline

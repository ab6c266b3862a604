#include "syncline/document/replica_undo.hpp"

#include <optional>

namespace syncline {

template <typename Run>
const Change& ReplicaUndo::step(std::uint64_t now_ms, Run run) {
    class Target : public UndoTarget {
    public:
        explicit Target(Replica::Edit& edit) : edit_(edit) {}
        [[nodiscard]] ReplicaId author() const override { return edit_.author(); }
        Result<const Document*> read(const DocumentKey&) override {
            return &edit_.replica_.document();
        }
        Result<Event> edit(const DocumentKey&, FieldOp op) override {
            const Event at = edit_.next();
            edit_.apply(std::move(op));
            return at;
        }

    private:
        Replica::Edit& edit_;
    };
    return replica_.change(now_ms, [&](Replica::Edit& edit) {
        Target target(edit);
        // Edits of a replica do not fail, so neither does this.
        if (auto made = run(target)) manager_.done(std::move(*made));
    });
}

const Change& ReplicaUndo::undo(std::uint64_t now_ms) {
    return step(now_ms, [this](UndoTarget& target) { return manager_.undo(target); });
}
const Change& ReplicaUndo::redo(std::uint64_t now_ms) {
    return step(now_ms, [this](UndoTarget& target) { return manager_.redo(target); });
}

void ReplicaUndo::observe(const Change& change) {
    for_each_op(change, [this](const Section& section, const FieldOp& op, const Event& at) {
        manager_.observe(section.document, op, at);
    });
}

Result<> ReplicaUndo::take(BytesView packed, const wire::Limits& limits) {
    wire::ChangeUnpacker unpacker(packed, limits);
    while (!unpacker.at_end()) {
        auto change = unpacker.next();
        if (!change) return tl::unexpected(change.error());
        if (auto taken = replica_.take(*change); !taken) return taken;
        observe(*change);
    }
    return {};
}

}  // namespace syncline

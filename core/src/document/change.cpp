#include "syncline/document/change.hpp"

namespace syncline {

std::uint64_t Change::span() const {
    std::uint64_t ops = 0;
    for (const Section& section : sections) ops += section.ops.size();
    return ops;
}

Change rewrite(const Change& change, const Rewrite& to) {
    Change moved;
    moved.replica = to.replica;
    moved.first = to.first;
    moved.hlc = to.hlc;
    moved.base = to.base;
    moved.message = change.message;
    for (const Section& section : change.sections) {
        Section& target = moved.sections.emplace_back(Section{section.document, {}});
        for (const FieldOp& op : section.ops) {
            FieldOp& rewritten = target.ops.emplace_back(op);
            rewritten.op.removes.clear();
            for (const Dot& dot : op.op.removes) {
                if (const auto named = to.map(dot)) rewritten.op.removes.insert(*named);
            }
            if (op.op.code == OpCode::cancel && !(change.replica == to.replica)) {
                rewritten.op.cancels.erase(to.replica);
                if (const auto total = to.own_total(section.document, op.path)) {
                    rewritten.op.cancels.insert_or_assign(change.replica, *total);
                }
            }
        }
    }
    return moved;
}

}  // namespace syncline

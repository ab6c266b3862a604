#include "syncline/document/long_change.hpp"

namespace syncline::wire {

LongChangePacker::LongChangePacker(const Change& change) {
    writer_.out().prefix(packed_format);
    writer_.begin(change);
    head_ = writer_.out().take();
}

void LongChangePacker::add(const DocumentKey& document, std::span<const FieldOp> ops) {
    for (const FieldOp& op : ops) writer_.add(document, op);
    ops_ += ops.size();
}

Bytes LongChangePacker::take() {
    constexpr std::size_t count_bytes_max = 10;
    writer_.end();
    const BytesView ops = writer_.out().view();
    PackedWriter all(head_.size() + count_bytes_max + ops.size());
    all.raw(head_).u64(ops_).raw(ops);
    return all.take();
}

}  // namespace syncline::wire

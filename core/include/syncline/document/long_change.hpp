#pragma once

#include "syncline/document/packed_changes.hpp"

#include <cstddef>
#include <span>

namespace syncline::wire {

/// Packs a change while it is made, for one that has too many ops to keep them all until its end:
/// an op in the making takes more than 200 bytes, a packed one ten.
///
/// Cost     O(ops).
/// Threads  As a container.
class LongChangePacker {
public:
    /// `change`: all but its sections. It will have several ops.
    explicit LongChangePacker(const Change& change);
    /// The next ops, on one document.
    void add(const DocumentKey& document, std::span<const FieldOp> ops);
    /// The pack of this one change: the very bytes of a ChangePacker that was given all of it. The
    /// packer is of no use any more.
    [[nodiscard]] Bytes take();

private:
    ChangeWriter writer_;
    Bytes head_;  ///< what stands in front of the number of ops
    std::size_t ops_ = 0;
};

}  // namespace syncline::wire

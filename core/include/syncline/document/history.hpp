#pragma once

#include "syncline/document/change.hpp"
#include "syncline/document/replica.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace syncline {

/// What one change did to a document, or to one field of it: who, when, and the ops as they were
/// meant. A value.
struct HistoryEntry {
    std::optional<std::uint64_t> sequence;  ///< in the relay's log; none: not in it, or no relay
    ReplicaId author;
    std::uint64_t first = 0;  ///< the change's first counter; with the author it names the change
    Hlc hlc;                  ///< its author's clock: milliseconds since 1970, and a counter
    std::string message;      ///< the author's, for people; mostly empty
    struct Edit {
        Dot dot;  ///< the op's first
        FieldOp op;
    };
    std::vector<Edit> edits;  ///< never empty
};

/// Whether an op changes what is at `path`, or below it. Of ops on a container around it these do:
/// clears and erasures (which may have taken what was there, or what was beside it), and those that
/// place or move the element that the path leads through.
[[nodiscard]] bool concerns(const FieldOp& op, const Dot& first, const Path& path);

/// The part of `change` that concerns what is at `path` of the document; the root is the empty
/// path. None if nothing does. O(ops).
[[nodiscard]] std::optional<HistoryEntry> history_entry(const Change& change,
                                                        const DocumentKey& document,
                                                        const Path& path);

/// The entry for people and tools:
///
///     {"author":"0f9a…","edits":[{"field":["address","city"],"op":"set","type":"register",
///      "value":"Oslo"}],"first":12,"message":"moved","sequence":41,"stamp_ms":1700000000000}
///
/// A step into a list's element is {"element":"<replica>:<counter>"}; "amount" is what an add adds,
/// "removes" how many dots an op takes away, "name" a mark's. What says nothing is left out.
[[nodiscard]] Value to_value(const HistoryEntry& entry);

/// What a replica's log tells of the field, in the order in which it was taken in.
/// O(log): every change is looked at.
[[nodiscard]] std::vector<HistoryEntry> history(const Replica& replica, const Path& path);

/// The document as it was when `seen` was all that had been seen; what seen() gave once, here or
/// elsewhere. O(log). Errors:
///   not_found         the log was forgotten, or `seen` holds what is not here
///   invalid_argument  nobody's view: a change is in it without what its author had seen
[[nodiscard]] Result<Document> as_of(const Replica& replica, const VersionVector& seen);

}  // namespace syncline

#pragma once

#include "syncline/clock/version_vector.hpp"
#include "syncline/crdt/or_map.hpp"

#include <string>
#include <vector>

namespace syncline {

/// Where a document lives in its space.
struct DocumentKey {
    std::string collection;
    std::string id;

    friend bool operator==(const DocumentKey&, const DocumentKey&) = default;
    friend bool operator<(const DocumentKey& a, const DocumentKey& b) {
        if (const int by_name = a.collection.compare(b.collection); by_name != 0)
            return by_name < 0;
        return a.id < b.id;
    }
};

/// Collections and ids: 1 to 128 bytes of UTF-8 without control characters.
[[nodiscard]] bool is_document_name(std::string_view name);
/// Spaces and tenants: 1 to 128 of A-Z a-z 0-9 . _ : -
[[nodiscard]] bool is_space_name(std::string_view name);

/// A document as a relay's log makes it: a nested map, fed with ops in the log's order. The context
/// is V(s), which the log fixes, and no part of the state; equal prefixes of one log give equal
/// states, byte for byte.
///
/// apply is total: an op whose target is not there has no effect but its dots. One case needs care.
/// After a relay was restored from an older copy, authors push what it lost in any order, so a
/// removal can come before the add that it names. Such a dot is remembered as `early` until its add
/// arrives, which then adds nothing. In a log that was never cut there are none.
/// Threads: a plain value.
class Document {
public:
    /// How many early dots a document remembers. Above it they are forgotten, on every replica
    /// alike: what they name comes back when its author does, but nobody can fill a document with
    /// dots that never were.
    static constexpr std::size_t early_max = 65'536;

    Document() = default;
    explicit Document(OrMap root, DotSet early = {})
        : root_(std::move(root)), early_(std::move(early)) {}

    /// `seen` is V of the log before the op's change; null when the caller knows that every dot the
    /// op names was seen (its own pending changes).
    void apply(const FieldOp& op, const Event& at, const VersionVector* seen);
    /// A section's ops one after the other, `first` being the first one's event: the same state as
    /// by the function above, op by op. Whoever folds changes of others uses this one: a clear
    /// looks at everything below its path, 65,536 of them in one hostile change would take an hour
    /// on a large document, and here each path is cleared once.
    void apply(const std::vector<FieldOp>& ops, const Event& first, const VersionVector* seen);

    /// An own op that takes away what it finds: see OrMap::renew(). Nothing of it is early.
    void renew(FieldOp& op, const Event& at) { root_.renew(op, at); }

    /// Least upper bound with a map; what is early stays. See OrMap::join().
    void join(const OrMap& other, const CausalContext& mine, const CausalContext& theirs) {
        root_.join(other, mine, theirs);
    }

    /// What of `residue` is residue still, and carries nothing that stays, goes. Nothing that is
    /// seen changes, now or by the edits to come, if the rules in floor.hpp are kept. A function of
    /// the two. O(document + residue · log n).
    void drop(const Residue& residue) { root_.drop(residue); }

    [[nodiscard]] const OrMap& root() const { return root_; }
    [[nodiscard]] const DotSet& early() const { return early_; }
    /// Something in it is live.
    [[nodiscard]] bool exists() const { return root_.live(); }
    /// Nothing is left to store, residue included.
    [[nodiscard]] bool empty() const { return root_.empty() && early_.empty(); }

    friend bool operator==(const Document&, const Document&) = default;

private:
    /// What the op has to do with early_. Returns those of its own dots that were removed before it
    /// came.
    DotSet note_early(const FieldOp& op, const Event& at, const VersionVector* seen);

    OrMap root_;
    DotSet early_;
};

/// What a reader sees of a field or document: registers as their value, counters as numbers, flags
/// as booleans, sets as sorted arrays, lists as arrays, texts as text, maps as maps. Where types
/// clash under one key, the first in the order of Type is shown.
[[nodiscard]] Value view(const OrMap& map);
[[nodiscard]] Value view(const Node& node);
/// Of a list's element: what is in it, the first in the order of Type.
[[nodiscard]] Value view_element(const OrMap& contents);
/// All live types under `key`, in the order of Type.
[[nodiscard]] std::vector<Type> types(const OrMap& map, std::string_view key);

namespace wire {
/// Canonical: equal states have equal bytes. Empty documents have none.
[[nodiscard]] Bytes encode_document(const Document& document);
/// Reads what encode_document() writes and what older versions wrote.
[[nodiscard]] Result<Document> decode_document(BytesView bytes, const Limits& limits);
/// Whether the bytes are as encode_document() writes them today; others are to be written anew
/// before they are compared or hashed.
[[nodiscard]] bool is_newest_form(BytesView document);
/// A map with its context: what a replica without a relay saves and sends.
[[nodiscard]] Bytes encode_state(const OrMap& map, const CausalContext& context);
[[nodiscard]] Result<std::pair<OrMap, CausalContext>> decode_state(BytesView bytes,
                                                                   const Limits& limits);
void write_vector(Writer& out, const VersionVector& vector);
[[nodiscard]] VersionVector read_vector(Reader& in);
[[nodiscard]] ReplicaId read_replica(Reader& in);
}  // namespace wire

}  // namespace syncline

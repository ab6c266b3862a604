#pragma once

#include "syncline/codec/sha256.hpp"
#include "syncline/document/document.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace syncline {

/// Successive ops of a change on one document. A document that the transaction comes back to has
/// several, so that an op's dot is known when it is made.
struct Section {
    DocumentKey document;
    std::vector<FieldOp> ops;

    /// How many counters its ops take.
    [[nodiscard]] std::uint64_t span() const;
    friend bool operator==(const Section&, const Section&) = default;
};

/// What its author had seen: the sequence number whose V(s) it had, or, without a relay, the vector
/// itself. Its own previous change is part of the causal past either way.
using Base = std::variant<std::uint64_t, VersionVector>;

/// The ops of one transaction: atomic, everywhere. The ops take counters from first on, in the
/// order of sections and ops, each as many as its span(). A value.
struct Change {
    ReplicaId replica;
    std::uint64_t first = 1;
    Hlc hlc;  ///< one stamp for all ops
    Base base = std::uint64_t{0};
    std::string message;  ///< optional, for people
    std::vector<Section>
        sections;  ///< in the order of the ops; none empty, neighbours differ in document

    /// How many counters it takes.
    [[nodiscard]] std::uint64_t span() const;
    [[nodiscard]] std::uint64_t last() const { return first + span() - 1; }
    friend bool operator==(const Change&, const Change&) = default;
};

/// Calls `use(section, op, event)` for each op with its dot and stamp.
template <typename Use>
void for_each_op(const Change& change, Use use) {
    Event at{Dot{change.replica, change.first}, change.hlc};
    for (const Section& section : change.sections) {
        for (const FieldOp& op : section.ops) {
            use(section, op, at);
            at.dot.counter += syncline::span(op.op);
        }
    }
}

/// Where an own change moves to: another author, counter or stamp, with its references mapped.
struct Rewrite {
    ReplicaId replica;
    std::uint64_t first = 1;
    Hlc hlc;
    Base base;
    /// The new name of a dot that the change refers to; none drops the reference (its op was
    /// refused and exists nowhere). What stood beside it would go to the beginning: who drops
    /// elements of a sequence gives such ops another place before (SpaceReplica::close_gaps).
    std::function<std::optional<Dot>(const Dot&)> map;
    /// The same for a run of dots, whose new names it adds to the set. Not set: dot by dot.
    std::function<void(const DotRun&, DotSet&)> map_run;
    /// What the old author had added to a counter before all that moves: the "implied own total" of
    /// a cancel, which has to be spelled out once another replica is the author.
    std::function<std::optional<CounterMark>(const DocumentKey&, const Path&)> own_total;
};
/// False when the change works on an element that `to.map` drops, so that it cannot live.
[[nodiscard]] bool can_be_rewritten(const Change& change, const Rewrite& to);
/// The change as `to` says. It can be rewritten, see above.
[[nodiscard]] Change rewrite(const Change& change, const Rewrite& to);

namespace wire {

/// The format number in a change's header; see docs/encoding.md.
inline constexpr std::uint64_t change_format = 1;

[[nodiscard]] Bytes encode_change(const Change& change);
/// `replica` comes from the envelope: it is not repeated in the bytes.
[[nodiscard]] Result<Change> decode_change(BytesView bytes, const ReplicaId& replica,
                                           const Limits& limits);

/// The link that `change` adds to its author's chain: a hash over the previous link, the author,
/// and the hashes of header and sections (so a section can be withheld and its hash sent instead).
[[nodiscard]] Result<Hash> chain(const Hash& previous, const ReplicaId& replica, BytesView change,
                                 const Limits& limits);

}  // namespace wire

}  // namespace syncline

#pragma once

// The layout of a state: what is written of it, by kind, one column behind the other
// (docs/encoding.md, "States"). What the numbers mean to a store stands in state_writer.cpp and
// state_reader.cpp, which go over a state's stores in one order and take their numbers from here.

#include "number_column.hpp"
#include "syncline/clock/replica_id.hpp"
#include "syncline/codec/limits.hpp"
#include "syncline/result.hpp"

#include <utility>
#include <vector>

namespace syncline::wire {

enum class StateKind : std::uint8_t { document = 0, with_context = 1 };

/// The first byte says it: 1 or 2 for the second form, 3 to 130 for the third, which is the one
/// that is written. What was written before states had columns begins with 0x93 or 0x94.
enum class StateForm : std::uint8_t { first, second, third };
[[nodiscard]] StateForm form_of(BytesView state);

struct StateColumns {
    StateForm form = StateForm::third;
    /// A replica, and the highest counter that anything names of it: others are told from there.
    struct Author {
        ReplicaId id;
        std::uint64_t top = 0;
    };
    std::vector<Author> authors;  ///< ascending

    bool has_presence = false;  ///< of the root
    bool has_prelude =
        false;  ///< a document's early dots; a context that is not all up to the tops

    StateNumbers shapes;  ///< of each field: 2 * (type - 1) + (1 if it is not of its type's common
                          ///< form), or that of an emptied text or list
    StateNumbers counts;  ///< how many of whatever comes next, and other small numbers
    StateNumbers
        refs;  ///< of each field of a map in a map: 0, or 1 + the number of a key known there
    StateNumbers key_heads;  ///< of each new key
    StateNumbers
        key_shared;  ///< of those that share more with the one before than its head can say

    // A dot is an author's number and how far the counter is below the author's top.
    StateNumbers stamped_who, stamped_at;       ///< of values in registers, marks, moves
    StateNumbers stamped_ms, stamped_ticks;     ///< their stamps, in the order of the dots
    StateNumbers dot_who, dot_at;               ///< other dots, and the last ones of runs
    StateNumbers mark_who, mark_at, mark_sums;  ///< of counters

    StateNumbers kinds;     ///< of values
    StateNumbers integers;  ///< their magnitudes
    StateNumbers lengths;   ///< of texts and bytes; of arrays and maps

    StateNumbers links;        ///< of stretches: 2 * link + (1 if they have content)
    StateNumbers run_lengths;  ///< less one
    StateNumbers depths;       ///< of those with an own, right or left link
    StateNumbers run_who;      ///< of those without an own link
    StateNumbers
        run_at;  ///< the same: first counter, as a step from where that author's last ended
    StateNumbers parents_who;          ///< of those with a given link: 2 * author's number + side
    StateNumbers parents_at;           ///< a step from the first counter
    StateNumbers list_ms, list_ticks;  ///< stamps of a list's plain stretches, in the order of dots
    StateNumbers emptied_who, emptied_at;  ///< of emptied texts and lists: the last dot
    StateNumbers
        emptied_first;  ///< its first, as a step from where that author's last such one ended

    Bytes keys;      ///< what new keys do not share
    Bytes values;    ///< texts, bytes and reals
    Bytes contents;  ///< of texts
};

[[nodiscard]] Bytes write_columns(StateKind kind, const StateColumns& columns);
/// Errors: malformed, truncated, trailing_bytes, not_canonical, out_of_range, too_large. Memory: 2
/// KB for a byte, at most.
[[nodiscard]] Result<StateColumns> read_columns(StateKind kind, BytesView bytes,
                                                const Limits& limits);

/// The same for readers who know the replicas already, in their order: which are named, and how far
/// their tops lie below what was seen of them. `seen` has what `columns` names.
using Seen = std::vector<std::pair<ReplicaId, std::uint64_t>>;
void write_columns_below(PackedWriter& out, const Seen& seen, const StateColumns& columns);
/// Errors: the same.
[[nodiscard]] Result<StateColumns> read_columns_below(const Seen& seen, BytesView bytes,
                                                      const Limits& limits);

// A key's head: 0 for the one before with its last byte raised by one; else 1 + shared + 8 * rest
// bytes, where shared goes to 7: then the number of shared bytes less 7 stands apart.
inline constexpr std::uint64_t shared_max = 7;

/// The shapes of texts and lists whose elements came in one piece and are erased. Those before are
/// two for each type.
inline constexpr std::uint64_t emptied_text = 24;
inline constexpr std::uint64_t emptied_list = 25;

/// The kinds of values.
enum class ValueKind : std::uint8_t {
    natural = 0,   ///< an integer from 0 on
    negative = 1,  ///< -1 - n
    text = 2,
    binary = 3,
    array = 4,
    map = 5,  ///< of pairs: the key as a text, the value
    real = 6,
    null = 7,
    no = 8,
    yes = 9,
};
inline constexpr std::uint64_t kind_max = 9;

/// The order in which the stamps of stamped dots stand: by author, then counter, equal dots as they
/// come. O(n), or O(n log n).
[[nodiscard]] std::vector<std::uint32_t> stamp_order(const StateColumns& columns);

}  // namespace syncline::wire

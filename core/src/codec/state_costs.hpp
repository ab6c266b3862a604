#pragma once

// What a state may take in memory (docs/encoding.md, "What a decoder spends").

#include "state_columns.hpp"

#include <cstdint>

namespace syncline::wire {

/// What a number in a state stands for, its column's bytes and those of what it tells, while it is
/// read and afterwards. Where the numbers do not pay for what they tell, that counts as some more
/// of them: a state takes at most Limits::values_max times this, and what its bytes hold.
inline constexpr std::uint64_t number_bytes_max = 128;
inline constexpr std::uint64_t sequence_charge = 44;  ///< for a text or a list, which may be empty
inline constexpr std::uint64_t stretch_charge = 1;    ///< for each stretch of its order
inline constexpr std::uint64_t element_charge = 4;    ///< for each element that a list keeps apart

/// How many numbers the columns have.
[[nodiscard]] inline std::uint64_t numbers_in(const StateColumns& c) {
    std::uint64_t sum = 0;
    for (const StateNumbers* column :
         {&c.shapes,      &c.counts,      &c.refs,        &c.key_heads,     &c.key_shared,
          &c.stamped_who, &c.stamped_at,  &c.stamped_ms,  &c.stamped_ticks, &c.dot_who,
          &c.dot_at,      &c.mark_who,    &c.mark_at,     &c.mark_sums,     &c.kinds,
          &c.integers,    &c.lengths,     &c.links,       &c.run_lengths,   &c.depths,
          &c.run_who,     &c.run_at,      &c.parents_who, &c.parents_at,    &c.list_ms,
          &c.list_ticks,  &c.emptied_who, &c.emptied_at,  &c.emptied_first})
        sum += column->size();
    return sum;
}

}  // namespace syncline::wire

#pragma once

#include "random.hpp"
#include "syncline/document/document.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace syncline::sim {

/// Which kinds of edits a schedule makes: a bit for each Type's number, and these.
struct EditMix {
    static constexpr std::uint32_t clears = 1U << 20;
    static constexpr std::uint32_t creates = 1U << 21;
    static constexpr std::uint32_t nesting = 1U << 22;
    std::uint32_t bits = ~0U;
    std::uint64_t keys = 2;  ///< how many field names
    [[nodiscard]] bool has(std::uint32_t bit) const { return (bits & bit) != 0; }
    [[nodiscard]] bool has(Type type) const { return has(1U << static_cast<std::uint32_t>(type)); }
};
[[nodiscard]] EditMix draw_mix(Random& random);

/// One edit of a random field, made by the types' own mutators; usually one op, none or several for
/// a clear. `token` is a text nobody else writes.
[[nodiscard]] std::vector<FieldOp> random_edit(Random& random, const OrMap& root,
                                               const ReplicaId& author, const EditMix& mix,
                                               const std::string& token);

/// Whether a reader sees what `op` did, right after it was applied by its author (who has seen all
/// that is in `root`). The empty text is yes.
[[nodiscard]] std::string read_your_write(const OrMap& root, const FieldOp& op);

/// An op in a line, for people.
[[nodiscard]] std::string to_string(const FieldOp& op);

}  // namespace syncline::sim

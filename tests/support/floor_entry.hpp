#pragma once

#include "syncline/crdt/replicated.hpp"
#include "syncline/document/floor.hpp"

#include <cstdint>
#include <type_traits>
#include <utility>

/// What a floor does to one CRDT by itself.
namespace syncline::testing {

/// An entry of a log that drops: whoever has the ops before it, and these alone, drops what it
/// names.
struct FloorEntry {
    std::uint64_t before = 0;  ///< the numbers of those ops, as bits
    Residue residue;
    /// Ops whose marks went that covered nothing. What is typed in the place of the erased might
    /// have come to stand between their ends; with a floor it does not.
    std::uint64_t marks_gone = 0;
};

template <typename Store>
Residue residue_of(const Store& store) {
    ResidueRuns runs;
    if constexpr (requires { store.collect_residue(runs); }) store.collect_residue(runs);
    Residue residue;
    for (const DotRun& run : runs.dots) residue.dots.insert(run);
    for (const DotRun& run : runs.sums) residue.sums.insert(run);
    return residue;
}

template <typename Store>
Replicated<Store> dropped(const Replicated<Store>& state, const Residue& residue) {
    Store store = *state;
    if constexpr (requires { store.drop(residue); }) store.drop(residue);
    return Replicated<Store>(std::move(store), state.context());
}

/// See spare() in floor.hpp; of a list that is a document's field.
template <typename Store, typename AnyOp>
void spare_in(Residue& candidates, const Store& before, const AnyOp& op) {
    if constexpr (std::is_same_v<Store, OrMap>) {
        spare(candidates, Document(before), op);
    } else if constexpr (std::is_same_v<Store, List>) {
        const FieldKey field{"f", Type::list};
        OrMap map;
        map.insert(field, Node(before));
        FieldOp inside = op;
        inside.path.insert(inside.path.begin(), Step(field));
        spare(candidates, Document(std::move(map)), inside);
    }
}

}  // namespace syncline::testing

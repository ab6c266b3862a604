#pragma once

#include "syncline/crdt/path.hpp"

#include <cstdint>
#include <optional>
#include <vector>

/// What every type means, written a second time and in another way: a plain function of a set of
/// ops and who had seen what. No states, no joins, no order, no dots of removed things.
namespace syncline::testing {

struct ModelOp {
    Path path;
    OpCode code = OpCode::clear;
    Value value;
    std::int64_t amount = 0;
    Event at;
    std::size_t number = 0;  ///< of this op in its history
    std::uint64_t past = 0;  ///< the numbers of the ops its author had seen, as bits

    [[nodiscard]] bool saw(const ModelOp& other) const { return (past >> other.number & 1) != 0; }
};

/// What is shown of a field with these ops (its own, and clears at or above it); none when the
/// field does not exist.
[[nodiscard]] std::optional<Value> model_field(Type type, const std::vector<ModelOp>& ops);
/// What is shown of a map, given the ops at and below it with paths relative to it.
[[nodiscard]] std::optional<Value> model_map(const std::vector<ModelOp>& ops);

}  // namespace syncline::testing

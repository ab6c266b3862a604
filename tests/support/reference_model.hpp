#pragma once

#include "syncline/crdt/path.hpp"

#include <cstdint>
#include <optional>
#include <vector>

/// What every type means, written a second time and in another way: a plain function of a set of
/// ops and who had seen what. No states, no joins, no order, no dots of removed things; but for
/// lists and texts, whose ops are about elements, and elements are known by their dots.
namespace syncline::testing {

struct ModelOp {
    Path path;
    OpCode code = OpCode::clear;
    Value value;
    std::int64_t amount = 0;
    Event at;
    Place place;
    Dot element;  ///< erase and move in a list
    Type inner = Type::lww_register;
    std::optional<Mark> mark;
    DotSet named;            ///< erase in a list or text: the elements
    std::size_t number = 0;  ///< of this op in its history
    std::uint64_t past = 0;  ///< the numbers of the ops its author had seen, as bits

    [[nodiscard]] bool saw(const ModelOp& other) const { return (past >> other.number & 1) != 0; }
};

/// What is shown of a field with these ops (its own, and clears at or above it); none when the
/// field does not exist.
[[nodiscard]] std::optional<Value> model_field(Type type, const std::vector<ModelOp>& ops);
/// What is shown of a text, cut where its marks change: [[text, {name: value}]…].
[[nodiscard]] std::optional<Value> model_spans(const std::vector<ModelOp>& ops);
/// A model of an op.
[[nodiscard]] ModelOp model_of(const Op& op, const Event& at);
[[nodiscard]] ModelOp model_of(const FieldOp& op, const Event& at);
/// What is shown of a map, given the ops at and below it with paths relative to it.
[[nodiscard]] std::optional<Value> model_map(const std::vector<ModelOp>& ops);

}  // namespace syncline::testing

#pragma once

#include "syncline/crdt/element_dots.hpp"

namespace syncline {

/// A set that only grows (G-Set).
///
/// Semantics  Every insert counts; there is no erase. Elements go only when the whole set is
///            removed with its field or document, and then those inserted concurrently stay.
/// State      The dots of each element's insertions.
/// Delivery   Ops in causal order; states in any.
/// Source     Shapiro et al., INRIA RR-7506 (2011), §3.3.1.
/// Threads    A plain value.
class GSet {
public:
    using OpType = Op;

    [[nodiscard]] bool contains(const Value& element) const { return elements_.contains(element); }
    [[nodiscard]] std::size_t size() const { return elements_.elements().size(); }

    /// Inserting again renews the element's dot, so that it survives a removal of the set that is
    /// concurrent with this insert.
    [[nodiscard]] Op insert(Value element) const {
        Op op;
        op.code = OpCode::insert;
        op.removes = elements_.dots_of(element);
        op.value = std::move(element);
        return op;
    }

    void apply(const Op& op, const Event& at) {
        take(op);
        if (op.code == OpCode::insert) elements_.insert(op.value, at.dot);
    }
    [[nodiscard]] static GSet delta(const Op& op, const Event& at, const GSet&) {
        GSet made;
        made.apply(op, at);
        return made;
    }
    /// The part of apply() that takes away: all that is left to do for an op whose own dot was
    /// removed before it came.
    void take(const Op& op) {
        if (op.code == OpCode::clear) return erase(op.removes);
        elements_.erase(op.value, op.removes);
    }
    [[nodiscard]] static const DotSet& removes(const Op& op) { return op.removes; }
    void join(const GSet& other, const CausalContext& mine, const CausalContext& theirs) {
        elements_.join(other.elements_, mine, theirs);
    }

    [[nodiscard]] bool live() const { return !elements_.empty(); }
    [[nodiscard]] bool empty() const { return elements_.empty(); }
    [[nodiscard]] DotSet live_dots() const { return elements_.dots(); }
    void erase(const DotSet& dots) { elements_.erase(dots); }

    GSet() = default;
    explicit GSet(ElementDots elements) : elements_(std::move(elements)) {}
    [[nodiscard]] const ElementDots& elements() const { return elements_; }
    friend bool operator==(const GSet&, const GSet&) = default;

private:
    ElementDots elements_;
};

}  // namespace syncline

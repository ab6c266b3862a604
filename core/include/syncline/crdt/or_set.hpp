#pragma once

#include "syncline/crdt/element_dots.hpp"

namespace syncline {

/// A set where a concurrent insert beats an erase (observed-remove set, add-wins), without
/// tombstones.
///
/// Semantics  An erase removes the insertions its author had seen, and no others.
///
///            | concurrently                    | contains(x) |
///            | insert x, erase x               | yes         |
///            | insert x; then erase x          | no          |
///            | erase x here, erase+insert there | yes         |
///
/// State      The dots of each element's live insertions; an erased element leaves nothing behind
///            (the context remembers that its dots were seen).
/// Delivery   Ops in causal order; states in any.
/// Source     Bieniusa et al., An optimized conflict-free replicated set, RR-8083 (2012); Almeida,
///            Shoker, Baquero (2018), §5.3.
/// Threads    A plain value.
class OrSet {
public:
    using OpType = Op;

    [[nodiscard]] bool contains(const Value& element) const { return elements_.contains(element); }
    [[nodiscard]] std::size_t size() const { return elements_.elements().size(); }

    /// Inserting an element that is there renews its dot: an erase concurrent with this insert
    /// loses, as the user who just inserted expects.
    [[nodiscard]] Op insert(Value element) const {
        return op_of(OpCode::insert, std::move(element));
    }
    [[nodiscard]] Op erase(Value element) const { return op_of(OpCode::erase, std::move(element)); }

    void apply(const Op& op, const Event& at) {
        if (op.code != OpCode::insert) return take(op);
        elements_.replace(op.value, op.removes, at.dot);
    }
    /// What such an op takes away.
    [[nodiscard]] DotSet renewed(const Op& op) const { return elements_.dots_of(op.value); }
    /// An insert or an erase that takes away the element's dots, which go into its `removes`.
    void renew(Op& op, const Event& at) {
        op.removes = op.code == OpCode::insert ? elements_.renew(op.value, at.dot)
                                               : elements_.take(op.value);
    }
    [[nodiscard]] static OrSet delta(const Op& op, const Event& at, const OrSet&) {
        OrSet made;
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
    void join(const OrSet& other, const CausalContext& mine, const CausalContext& theirs) {
        elements_.join(other.elements_, mine, theirs);
    }

    [[nodiscard]] bool live() const { return !elements_.empty(); }
    [[nodiscard]] bool empty() const { return elements_.empty(); }
    [[nodiscard]] DotSet live_dots() const { return elements_.dots(); }
    void erase(const DotSet& dots) { elements_.erase(dots); }

    OrSet() = default;
    explicit OrSet(ElementDots elements) : elements_(std::move(elements)) {}
    [[nodiscard]] const ElementDots& elements() const { return elements_; }
    friend bool operator==(const OrSet&, const OrSet&) = default;

private:
    [[nodiscard]] Op op_of(OpCode code, Value element) const {
        Op op;
        op.code = code;
        op.removes = elements_.dots_of(element);
        op.value = std::move(element);
        return op;
    }
    ElementDots elements_;
};

}  // namespace syncline

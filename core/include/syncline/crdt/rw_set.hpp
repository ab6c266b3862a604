#pragma once

#include "syncline/crdt/element_dots.hpp"
#include "syncline/crdt/residue.hpp"

namespace syncline {

/// A set where a concurrent erase beats an insert (remove-wins set).
///
/// Semantics  An element is in while it has an insertion and no erasure that the insertion had not
///            seen.
///
///            | concurrently              | contains(x) |
///            | insert x, erase x         | no          |
///            | erase x; then insert x    | yes         |
///
/// State      For each element the dots of insertions and of erasures that no later op has seen.
/// What stays The dot of an erasure, until an insert that saw it, also when the set is removed with
///            its field (only the insertions go then). It is residue while the element has no
///            insertion that it beats; once every later insert has seen it, none would keep it.
/// Delivery   Ops in causal order; states in any.
/// Source     Bieniusa et al., RR-8083 (2012), the dual of add-wins; Baquero et al., Pure
///            operation-based replicated data types (2017), §4.
/// Threads    A plain value.
class RwSet {
public:
    using OpType = Op;

    [[nodiscard]] bool contains(const Value& element) const {
        return inserted_.contains(element) && !erased_.contains(element);
    }
    /// The elements that are in, in order.
    [[nodiscard]] std::vector<Value> elements() const;

    [[nodiscard]] Op insert(Value element) const {
        return op_of(OpCode::insert, std::move(element));
    }
    [[nodiscard]] Op erase(Value element) const { return op_of(OpCode::erase, std::move(element)); }

    void apply(const Op& op, const Event& at) {
        take(op);
        if (op.code == OpCode::insert) inserted_.insert(op.value, at.dot);
        if (op.code == OpCode::erase) erased_.insert(op.value, at.dot);
    }
    [[nodiscard]] static RwSet delta(const Op& op, const Event& at, const RwSet&) {
        RwSet made;
        made.apply(op, at);
        return made;
    }
    /// The part of apply() that takes away: all that is left to do for an op whose own dot was
    /// removed before it came.
    void take(const Op& op) {
        if (op.code == OpCode::clear) return erase(op.removes);
        inserted_.erase(op.value, op.removes);
        erased_.erase(op.value, op.removes);
    }
    [[nodiscard]] static const DotSet& removes(const Op& op) { return op.removes; }
    void join(const RwSet& other, const CausalContext& mine, const CausalContext& theirs) {
        inserted_.join(other.inserted_, mine, theirs);
        erased_.join(other.erased_, mine, theirs);
    }

    [[nodiscard]] bool live() const { return !inserted_.empty(); }
    [[nodiscard]] bool empty() const { return inserted_.empty() && erased_.empty(); }
    [[nodiscard]] DotSet live_dots() const { return inserted_.dots(); }
    void erase(const DotSet& dots) { inserted_.erase(dots); }

    void collect_residue(ResidueRuns& into) const {
        for (const auto& [element, dots] : erased_.elements()) {
            if (!inserted_.contains(element)) into.add(dots);
        }
    }
    void drop(const Residue& residue) {
        erased_.erase(residue.dots,
                      [this](const Value& element) { return !inserted_.contains(element); });
    }

    RwSet() = default;
    RwSet(ElementDots inserted, ElementDots erased)
        : inserted_(std::move(inserted)), erased_(std::move(erased)) {}
    [[nodiscard]] const ElementDots& inserted() const { return inserted_; }
    [[nodiscard]] const ElementDots& erased() const { return erased_; }
    friend bool operator==(const RwSet&, const RwSet&) = default;

private:
    [[nodiscard]] Op op_of(OpCode code, Value element) const {
        Op op;
        op.code = code;
        op.removes = inserted_.dots_of(element);
        op.removes.insert_all(erased_.dots_of(element));
        op.value = std::move(element);
        return op;
    }
    ElementDots inserted_;
    ElementDots erased_;
};

}  // namespace syncline

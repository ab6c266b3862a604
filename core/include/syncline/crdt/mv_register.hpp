#pragma once

#include "syncline/crdt/dot_values.hpp"

namespace syncline {

/// A register whose readers see every concurrent value (multi-value register).
///
/// Semantics  A set replaces the values its author had seen; concurrent sets are all kept and all
///            shown, in dot order, until a set that has seen them.
///
///            | concurrently   | values() |
///            | set a, set b   | a and b  |
///            | set a, clear   | a        |
///
/// State      As LwwRegister. Delivery: ops in causal order; states in any.
/// Source     Shapiro et al., INRIA RR-7506 (2011), §3.2.2; as a dot store: Almeida et al. (2018).
/// Threads    A plain value.
class MvRegister {
public:
    using OpType = Op;

    [[nodiscard]] const OneOrMore<DotValues::Entry>& values() const { return values_.entries(); }

    [[nodiscard]] Op set(Value value) const {
        Op op;
        op.code = OpCode::set;
        op.value = std::move(value);
        op.removes = values_.dots();
        return op;
    }
    [[nodiscard]] Op clear() const {
        Op op;
        op.removes = values_.dots();
        return op;
    }

    void apply(const Op& op, const Event& at) {
        take(op);
        if (op.code == OpCode::set) values_.insert({at.dot, at.hlc, op.value});
    }
    [[nodiscard]] static MvRegister delta(const Op& op, const Event& at, const MvRegister&) {
        MvRegister made;
        made.apply(op, at);
        return made;
    }
    /// The part of apply() that takes away: all that is left to do for an op whose own dot was
    /// removed before it came.
    void take(const Op& op) { values_.erase(op.removes); }
    [[nodiscard]] static const DotSet& removes(const Op& op) { return op.removes; }
    void join(const MvRegister& other, const CausalContext& mine, const CausalContext& theirs) {
        values_.join(other.values_, mine, theirs);
    }

    [[nodiscard]] bool live() const { return !values_.empty(); }
    [[nodiscard]] bool empty() const { return values_.empty(); }
    [[nodiscard]] DotSet live_dots() const { return values_.dots(); }
    void erase(const DotSet& dots) { values_.erase(dots); }

    MvRegister() = default;
    explicit MvRegister(DotValues values) : values_(std::move(values)) {}
    [[nodiscard]] const DotValues& dot_values() const { return values_; }
    friend bool operator==(const MvRegister&, const MvRegister&) = default;

private:
    DotValues values_;
};

}  // namespace syncline

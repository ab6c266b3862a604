#pragma once

#include "syncline/crdt/dot_values.hpp"

namespace syncline {

/// A register whose readers see one value (last writer wins).
///
/// Semantics  A set replaces the values its author had seen. Of concurrent sets the one with the
///            highest (stamp, replica id) is shown; the others stay readable as conflicts() until
///            the next set, which has seen them. A value written after another was seen always wins
///            over it, since stamps grow along causality.
///
///            | concurrently        | value()            | conflicts() |
///            | set a, set b        | the later stamp's  | the other   |
///            | set a, clear        | a                  | none        |
///            | set a; then set b   | b                  | none        |
///
/// State      The stamped value of each live dot. Nothing stays behind a clear.
/// Delivery   Ops in causal order; states in any.
/// Source     Shapiro et al., INRIA RR-7506 (2011), §3.2; as a dot store: Almeida et al. (2018).
/// Threads    A plain value.
class LwwRegister {
public:
    using OpType = Op;

    /// The value shown; none when nothing is set.
    [[nodiscard]] const Value* value() const {
        const DotValues::Entry* winner = values_.winner();
        return winner == nullptr ? nullptr : &winner->value;
    }
    /// The entries that lost to value(), in dot order.
    [[nodiscard]] std::vector<DotValues::Entry> conflicts() const;

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
    /// What such a set takes away.
    [[nodiscard]] DotSet renewed(const Op&) const { return values_.dots(); }
    /// A set that takes away what is here, which goes into its `removes`.
    void renew(Op& op, const Event& at) {
        op.removes = values_.dots();
        values_ = DotValues({at.dot, at.hlc, op.value});
    }
    [[nodiscard]] static LwwRegister delta(const Op& op, const Event& at, const LwwRegister&) {
        LwwRegister made;
        made.apply(op, at);
        return made;
    }
    /// The part of apply() that takes away: all that is left to do for an op whose own dot was
    /// removed before it came.
    void take(const Op& op) { values_.erase(op.removes); }
    [[nodiscard]] static const DotSet& removes(const Op& op) { return op.removes; }
    void join(const LwwRegister& other, const CausalContext& mine, const CausalContext& theirs) {
        values_.join(other.values_, mine, theirs);
    }

    [[nodiscard]] bool live() const { return !values_.empty(); }
    [[nodiscard]] bool empty() const { return values_.empty(); }
    [[nodiscard]] DotSet live_dots() const { return values_.dots(); }
    void erase(const DotSet& dots) { values_.erase(dots); }

    LwwRegister() = default;
    explicit LwwRegister(DotValues values) : values_(std::move(values)) {}
    [[nodiscard]] const DotValues& values() const { return values_; }
    friend bool operator==(const LwwRegister&, const LwwRegister&) = default;

private:
    DotValues values_;
};

}  // namespace syncline

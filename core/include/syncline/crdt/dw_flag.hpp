#pragma once

#include "syncline/clock/causal_context.hpp"
#include "syncline/crdt/op.hpp"
#include "syncline/crdt/residue.hpp"

namespace syncline {

/// A boolean where a concurrent disable beats an enable (disable-wins flag). Off when new.
///
/// Semantics  | concurrently      | on()  |
///            | enable, disable   | false |
///            | disable; enable   | true  |
///            on() while there is an enable and no disable that it had not seen.
///
/// State      The dots of the enables and of the disables that no later op has seen.
/// What stays The dot of a disable, also when the flag is removed with its field (only the enables
///            go), so that an enable concurrent with it stays beaten. It is residue while there is
///            no enable; once every later enable has seen it, none would keep it.
/// Delivery   Ops in causal order; states in any.
/// Source     The dual of Almeida, Shoker, Baquero (2018), §5.3; Bieniusa et al., RR-8083 (2012).
/// Threads    A plain value.
class DwFlag {
public:
    using OpType = Op;

    [[nodiscard]] bool on() const { return !enables_.empty() && disables_.empty(); }

    [[nodiscard]] Op enable() const { return op_of(OpCode::enable); }
    [[nodiscard]] Op disable() const { return op_of(OpCode::disable); }

    void apply(const Op& op, const Event& at) {
        take(op);
        if (op.code == OpCode::enable) enables_.insert(at.dot);
        if (op.code == OpCode::disable) disables_.insert(at.dot);
    }
    [[nodiscard]] static DwFlag delta(const Op& op, const Event& at, const DwFlag&) {
        DwFlag made;
        made.apply(op, at);
        return made;
    }
    /// The part of apply() that takes away: all that is left to do for an op whose own dot was
    /// removed before it came.
    void take(const Op& op) {
        enables_.erase_all(op.removes);
        if (op.code != OpCode::clear) disables_.erase_all(op.removes);
    }
    [[nodiscard]] static const DotSet& removes(const Op& op) { return op.removes; }
    void join(const DwFlag& other, const CausalContext& mine, const CausalContext& theirs) {
        enables_.join(other.enables_, mine, theirs);
        disables_.join(other.disables_, mine, theirs);
    }

    [[nodiscard]] bool live() const { return !enables_.empty(); }
    [[nodiscard]] bool empty() const { return enables_.empty() && disables_.empty(); }
    [[nodiscard]] DotSet live_dots() const { return enables_; }
    void erase(const DotSet& dots) { enables_.erase_all(dots); }

    void collect_residue(ResidueRuns& into) const {
        if (enables_.empty()) into.add(disables_);
    }
    void drop(const Residue& residue) {
        if (enables_.empty()) disables_.erase_all(residue.dots);
    }

    DwFlag() = default;
    DwFlag(DotSet enables, DotSet disables)
        : enables_(std::move(enables)), disables_(std::move(disables)) {}
    [[nodiscard]] const DotSet& enables() const { return enables_; }
    [[nodiscard]] const DotSet& disables() const { return disables_; }
    friend bool operator==(const DwFlag&, const DwFlag&) = default;

private:
    [[nodiscard]] Op op_of(OpCode code) const {
        Op op;
        op.code = code;
        op.removes = enables_;
        op.removes.insert_all(disables_);
        return op;
    }
    DotSet enables_;
    DotSet disables_;
};

}  // namespace syncline

#pragma once

#include "syncline/clock/causal_context.hpp"
#include "syncline/crdt/op.hpp"

namespace syncline {

/// A boolean where a concurrent enable beats a disable (enable-wins flag). Off when new.
///
/// Semantics  | concurrently      | on()  |
///            | enable, disable   | true  |
///            | enable; disable   | false |
///
/// State      The dots of the enables that no disable has seen. A disable leaves nothing behind.
/// Delivery   Ops in causal order; states in any.
/// Source     Almeida, Shoker, Baquero (2018), §5.3.
/// Threads    A plain value.
class EwFlag {
public:
    using OpType = Op;

    [[nodiscard]] bool on() const { return !enables_.empty(); }

    [[nodiscard]] Op enable() const { return op_of(OpCode::enable); }
    [[nodiscard]] Op disable() const { return op_of(OpCode::disable); }

    void apply(const Op& op, const Event& at) {
        take(op);
        if (op.code == OpCode::enable) enables_.insert(at.dot);
    }
    [[nodiscard]] static EwFlag delta(const Op& op, const Event& at, const EwFlag&) {
        EwFlag made;
        made.apply(op, at);
        return made;
    }
    /// The part of apply() that takes away: all that is left to do for an op whose own dot was
    /// removed before it came.
    void take(const Op& op) { enables_.erase_all(op.removes); }
    [[nodiscard]] static const DotSet& removes(const Op& op) { return op.removes; }
    void join(const EwFlag& other, const CausalContext& mine, const CausalContext& theirs) {
        enables_.join(other.enables_, mine, theirs);
    }

    [[nodiscard]] bool live() const { return on(); }
    [[nodiscard]] bool empty() const { return enables_.empty(); }
    [[nodiscard]] DotSet live_dots() const { return enables_; }
    void erase(const DotSet& dots) { enables_.erase_all(dots); }

    EwFlag() = default;
    explicit EwFlag(DotSet enables) : enables_(std::move(enables)) {}
    [[nodiscard]] const DotSet& enables() const { return enables_; }
    friend bool operator==(const EwFlag&, const EwFlag&) = default;

private:
    [[nodiscard]] Op op_of(OpCode code) const {
        Op op;
        op.code = code;
        op.removes = enables_;
        return op;
    }
    DotSet enables_;
};

}  // namespace syncline

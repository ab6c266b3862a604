#pragma once

#include "syncline/crdt/counter_entries.hpp"

namespace syncline {

/// A counter that replicas raise and lower concurrently (PN-Counter).
///
/// Semantics  value() counts every add once, however often it is delivered. Concurrent adds all
///            count. Removing the counter (with its field or document) cancels exactly the adds the
///            remover had seen; concurrent adds survive.
///
///            | concurrently    | result        |
///            | add 2, add 3    | 5             |
///            | add 2, removal  | 2             |
///            | removal twice   | removed once  |
///
/// State      See CounterEntries: two marks a replica.
/// Delivery   Ops in causal order; states in any.
/// Bounds     An amount is at most 2^53 - 1 either way (checked by decoders and mutators); totals
///            wrap modulo 2^64 on every replica alike.
/// Source     Shapiro et al., INRIA RR-7506 (2011), §3.1.3; deltas: Almeida et al. (2018).
/// Threads    A plain value.
class PnCounter {
public:
    using OpType = Op;
    static constexpr std::int64_t amount_max = static_cast<std::int64_t>(counter_max);

    [[nodiscard]] std::int64_t value() const { return entries_.value(); }

    /// Adds `amount`, which may be negative.
    [[nodiscard]] Op add(std::int64_t amount) const {
        Op op;
        op.code = OpCode::add;
        op.amount = amount;
        return op;
    }
    /// Cancels every add `author` has seen.
    [[nodiscard]] Op cancel(const ReplicaId& author) const { return entries_.cancel(author); }

    void apply(const Op& op, const Event& at) { entries_.apply(op, at); }
    [[nodiscard]] static PnCounter delta(const Op& op, const Event& at, const PnCounter& before) {
        PnCounter made(before.entries_.basis(op, at));
        made.apply(op, at);
        return made;
    }
    void take(const Op&) {}  // no dot stands for an add, so none can be removed before it comes
    [[nodiscard]] static DotSet removes(const Op&) { return {}; }
    void join(const PnCounter& other, const CausalContext&, const CausalContext&) {
        entries_.join(other.entries_);
    }

    [[nodiscard]] bool live() const { return entries_.live(); }
    [[nodiscard]] bool empty() const { return entries_.empty(); }
    [[nodiscard]] DotSet live_dots() const { return {}; }  // a counter's adds are cancelled instead
    void erase(const DotSet&) {}

    void collect_residue(ResidueRuns& into) const { entries_.collect_residue(into); }
    void drop(const Residue& residue) { entries_.drop(residue); }

    PnCounter() = default;
    explicit PnCounter(CounterEntries entries) : entries_(std::move(entries)) {}
    [[nodiscard]] const CounterEntries& entries() const { return entries_; }
    friend bool operator==(const PnCounter&, const PnCounter&) = default;

private:
    CounterEntries entries_;
};

}  // namespace syncline

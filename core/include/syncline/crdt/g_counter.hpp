#pragma once

#include "syncline/crdt/counter_entries.hpp"

namespace syncline {

/// A counter that only grows (G-Counter).
///
/// Semantics  As PnCounter, with amounts of 0 and above. It falls only when it is removed with its
///            field or document, which cancels the adds the remover had seen.
/// State      See CounterEntries. Delivery: ops in causal order; states in any.
/// Source     Shapiro et al., INRIA RR-7506 (2011), §3.1.2; deltas: Almeida et al. (2018).
/// Threads    A plain value.
class GCounter {
public:
    using OpType = Op;
    static constexpr std::uint64_t amount_max = counter_max;

    [[nodiscard]] std::uint64_t value() const {
        return static_cast<std::uint64_t>(entries_.value());
    }

    /// `amount` is at most amount_max.
    [[nodiscard]] Op add(std::uint64_t amount) const {
        Op op;
        op.code = OpCode::add;
        op.amount = static_cast<std::int64_t>(amount);
        return op;
    }
    [[nodiscard]] Op cancel(const ReplicaId& author) const { return entries_.cancel(author); }

    void apply(const Op& op, const Event& at) { entries_.apply(op, at); }
    [[nodiscard]] static GCounter delta(const Op& op, const Event& at, const GCounter& before) {
        GCounter made(before.entries_.basis(op, at));
        made.apply(op, at);
        return made;
    }
    void take(const Op&) {}  // no dot stands for an add, so none can be removed before it comes
    [[nodiscard]] static DotSet removes(const Op&) { return {}; }
    void join(const GCounter& other, const CausalContext&, const CausalContext&) {
        entries_.join(other.entries_);
    }

    [[nodiscard]] bool live() const { return entries_.live(); }
    [[nodiscard]] bool empty() const { return entries_.empty(); }
    [[nodiscard]] DotSet live_dots() const { return {}; }
    void erase(const DotSet&) {}

    void collect_residue(ResidueRuns& into) const { entries_.collect_residue(into); }
    void drop(const Residue& residue) { entries_.drop(residue); }

    GCounter() = default;
    explicit GCounter(CounterEntries entries) : entries_(std::move(entries)) {}
    [[nodiscard]] const CounterEntries& entries() const { return entries_; }
    friend bool operator==(const GCounter&, const GCounter&) = default;

private:
    CounterEntries entries_;
};

}  // namespace syncline

#pragma once

#include "syncline/clock/causal_context.hpp"
#include "syncline/crdt/op.hpp"
#include "syncline/crdt/residue.hpp"

#include <map>

namespace syncline {

/// Per replica, the sum of all its adds and the sum up to the last cancellation; the value is the
/// difference. What both counters are made of.
/// Invariant: only a replica's own adds grow its total, in order; `cancelled` never passes `total`
///            in states made by honest replicas.
/// Laws: join takes the later mark of each pair, which is a semilattice without any context.
/// Source: Shapiro et al., INRIA RR-7506 (2011), §3.1.2–3; the cancellation is what lets a counter
///         be removed with the map it is in (compare Baquero et al., PaPoC 2016, on resets).
class CounterEntries {
public:
    struct Entry {
        CounterMark total;
        CounterMark cancelled;
        friend bool operator==(const Entry&, const Entry&) = default;
    };
    using Map = std::map<ReplicaId, Entry>;

    [[nodiscard]] const Map& entries() const { return entries_; }
    [[nodiscard]] bool empty() const { return entries_.empty(); }
    /// Some add is not cancelled (an add of 0 counts: the counter exists).
    [[nodiscard]] bool live() const;
    /// Sum of totals minus cancellations, modulo 2^64, over the replicas with an add that is not
    /// cancelled.
    [[nodiscard]] std::int64_t value() const;
    /// What `author` has to list to cancel everything it sees.
    [[nodiscard]] Op cancel(const ReplicaId& author) const;

    void apply(const Op& op, const Event& at);
    void insert(const ReplicaId& replica, Entry entry) { entries_.emplace(replica, entry); }
    /// The part of this state that `op` at `at` starts from; with the op applied, its delta.
    [[nodiscard]] CounterEntries basis(const Op& op, const Event& at) const;
    void join(const CounterEntries& other);

    /// Entries with nothing left of them: an author who sees one as it is does not list it in a
    /// cancellation, and his own next add begins a new sum, as it begins at the old one's end now.
    void collect_residue(ResidueRuns& into) const;
    void drop(const Residue& residue);

    friend bool operator==(const CounterEntries&, const CounterEntries&) = default;

private:
    Map entries_;
};

}  // namespace syncline

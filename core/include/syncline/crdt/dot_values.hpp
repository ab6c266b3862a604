#pragma once

#include "syncline/clock/causal_context.hpp"
#include "syncline/crdt/op.hpp"
#include "syncline/one_or_more.hpp"

namespace syncline {

/// A dot function: each live dot carries a stamped value. What both registers are made of.
/// Invariant: sorted by dot, no dot twice. Source: Almeida, Shoker, Baquero (2018), §5.1 (DotFun).
class DotValues {
public:
    struct Entry {
        Dot dot;
        Hlc hlc;
        Value value;
        friend bool operator==(const Entry&, const Entry&) = default;
        /// Last writer wins: stamp, then replica id, then counter. The last is for two writes in
        /// one transaction, which share a stamp.
        [[nodiscard]] bool loses_to(const Entry& other) const {
            if (!(hlc == other.hlc)) return hlc < other.hlc;
            return dot < other.dot;
        }
    };

    DotValues() = default;
    explicit DotValues(Entry only) { entries_.insert(entries_.end(), std::move(only)); }

    [[nodiscard]] bool empty() const { return entries_.empty(); }
    [[nodiscard]] const OneOrMore<Entry>& entries() const { return entries_; }
    [[nodiscard]] const Entry* winner() const;
    [[nodiscard]] DotSet dots() const;

    void insert(Entry entry);
    void erase(const DotSet& dots);
    void join(const DotValues& other, const CausalContext& mine, const CausalContext& theirs);

    friend bool operator==(const DotValues&, const DotValues&) = default;

private:
    OneOrMore<Entry> entries_;
};

}  // namespace syncline

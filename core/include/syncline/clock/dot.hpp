#pragma once

#include "syncline/clock/replica_id.hpp"

#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

namespace syncline {

/// One event: the `counter`-th of a replica in a space, counted from 1. No two events share a dot.
struct Dot {
    ReplicaId replica;
    std::uint64_t counter = 0;

    friend bool operator==(const Dot&, const Dot&) = default;
    friend bool operator<(const Dot& a, const Dot& b) {
        if (a.replica == b.replica) return a.counter < b.counter;
        return a.replica < b.replica;
    }
};

/// The largest counter: every sum of two still fits, and JavaScript holds it exactly.
inline constexpr std::uint64_t counter_max = (std::uint64_t{1} << 53) - 1;

class CausalContext;

/// A set of dots, kept sorted. Small (nearly always one dot a value), so a vector.
/// Threads: a plain value.
class DotSet {
public:
    DotSet() = default;
    DotSet(std::initializer_list<Dot> dots) {
        for (const Dot& dot : dots) insert(dot);
    }
    /// From dots in any order, repeats included. O(n log n), O(n) when they ascend already.
    explicit DotSet(std::vector<Dot> dots);

    [[nodiscard]] bool empty() const { return dots_.empty(); }
    [[nodiscard]] std::size_t size() const { return dots_.size(); }
    [[nodiscard]] auto begin() const { return dots_.begin(); }
    [[nodiscard]] auto end() const { return dots_.end(); }
    [[nodiscard]] bool contains(const Dot& dot) const;

    /// False when it was there already. O(log n) to find, amortised O(1) for ascending dots.
    bool insert(const Dot& dot);
    bool erase(const Dot& dot);
    void clear() { dots_.clear(); }
    /// O(n + m), O(m) when all of `other` lies above.
    void insert_all(const DotSet& other);
    /// Drops every dot that `other` holds. O(n log m).
    void erase_all(const DotSet& other);

    /// Join of causal dot sets: a dot stays when both have it, or when the side that lacks it has
    /// never seen it (Almeida, Shoker, Baquero 2018, §5.1).
    void join(const DotSet& other, const CausalContext& mine, const CausalContext& theirs);

    friend bool operator==(const DotSet&, const DotSet&) = default;

private:
    std::vector<Dot> dots_;
};

}  // namespace syncline

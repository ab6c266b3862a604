#pragma once

#include "syncline/clock/replica_id.hpp"
#include "syncline/few.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <span>
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

/// Consecutive dots of one replica, both ends included.
struct DotRun {
    ReplicaId replica;
    std::uint64_t first = 0;
    std::uint64_t last = 0;

    DotRun(const ReplicaId& of, std::uint64_t from, std::uint64_t to)
        : replica(of), first(from), last(to) {}

    [[nodiscard]] std::uint64_t size() const { return last - first + 1; }
    friend bool operator==(const DotRun&, const DotRun&) = default;
};

/// A set of dots, kept as sorted runs: nearly always one dot (a value's), sometimes one run of a
/// hundred thousand (a text's).
/// Invariant: runs ascend, do not overlap and do not touch. Threads: a plain value.
class DotSet {
public:
    /// Visits the dots one by one, in order.
    class Iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = Dot;
        using difference_type = std::ptrdiff_t;
        using pointer = const Dot*;
        using reference = Dot;

        Iterator(const DotRun* run, std::uint64_t offset) : run_(run), offset_(offset) {}
        Dot operator*() const { return Dot{run_->replica, run_->first + offset_}; }
        Iterator& operator++() {
            if (run_->first + offset_ == run_->last) {
                ++run_;
                offset_ = 0;
            } else {
                ++offset_;
            }
            return *this;
        }
        friend bool operator==(const Iterator&, const Iterator&) = default;

    private:
        const DotRun* run_;
        std::uint64_t offset_;
    };

    DotSet() = default;
    DotSet(std::initializer_list<Dot> dots) {
        for (const Dot& dot : dots) insert(dot);
    }
    /// From dots in any order, repeats included. O(n log n), O(n) when they ascend already.
    explicit DotSet(std::vector<Dot> dots);

    [[nodiscard]] bool empty() const { return runs_.empty(); }
    /// How many dots. O(runs).
    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] Iterator begin() const { return {runs_.data(), 0}; }
    [[nodiscard]] Iterator end() const { return {runs_.data() + runs_.size(), 0}; }
    [[nodiscard]] std::span<const DotRun> runs() const { return runs_.span(); }
    [[nodiscard]] bool contains(const Dot& dot) const;

    /// False when it was there already. O(log n) to find, amortised O(1) for ascending dots.
    bool insert(const Dot& dot);
    void insert(const DotRun& run);
    bool erase(const Dot& dot);
    void erase(const DotRun& run);
    void clear() { runs_.clear(); }
    /// O(n + m), O(m) when all of `other` lies above.
    void insert_all(const DotSet& other);
    /// Drops every dot that `other` holds. O(m log n) for a small `other`, else O(n + m).
    void erase_all(const DotSet& other);

    /// Join of causal dot sets: a dot stays when both have it, or when the side that lacks it has
    /// never seen it (Almeida, Shoker, Baquero 2018, §5.1).
    void join(const DotSet& other, const CausalContext& mine, const CausalContext& theirs);

    friend bool operator==(const DotSet&, const DotSet&) = default;

private:
    Few<DotRun> runs_;
};

}  // namespace syncline

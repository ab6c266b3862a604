#pragma once

#include "syncline/clock/dot.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace syncline {

/// Finds the run that a dot lies in. Replicas are numbered in the order they are met.
/// `Run` has `author`, `first` and `length`; runs do not overlap. Not owned.
/// Cost: O(log n) to find; an insertion moves at most a piece of bounded size.
template <typename Run>
class DotIndex {
public:
    [[nodiscard]] const std::vector<ReplicaId>& authors() const { return authors_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] std::size_t size() const { return size_; }

    /// The number of this replica, a new one if need be.
    std::uint32_t intern(const ReplicaId& replica) {
        const std::uint32_t known = number_of(replica);
        if (known < authors_.size()) return known;
        authors_.push_back(replica);
        lists_.emplace_back();
        const auto by_id = [this](std::uint32_t a, std::uint32_t b) {
            return authors_[a] < authors_[b];
        };
        by_id_.insert(std::upper_bound(by_id_.begin(), by_id_.end(), known, by_id), known);
        return known;
    }
    /// The run with this dot, or null.
    [[nodiscard]] Run* find(const Dot& dot) const {
        Run* run = find_or_next(dot);
        return run != nullptr && run->first <= dot.counter ? run : nullptr;
    }
    /// The run with this dot, else the replica's next one, else null.
    [[nodiscard]] Run* find_or_next(const Dot& dot) const {
        const std::uint32_t author = number_of(dot.replica);
        if (author >= authors_.size() || dot.counter == 0) return nullptr;
        const List& list = lists_[author];
        if (list.empty() || list.back().empty()) return nullptr;
        // Who types asks for what was typed last, or for what comes next.
        Run* const last = list.back().back().run;
        if (last->first <= dot.counter)
            return dot.counter < last->first + last->length ? last : nullptr;
        const auto chunk = chunk_of(list, dot.counter);
        auto entry = std::upper_bound(chunk->begin(), chunk->end(), dot.counter, first_above);
        if (entry != chunk->begin() &&
            std::prev(entry)->run->first + std::prev(entry)->run->length > dot.counter)
            return std::prev(entry)->run;
        return entry != chunk->end() ? entry->run : std::next(chunk)->front().run;
    }
    void insert(Run* run) {
        List& list = lists_[run->author];
        ++size_;
        const Entry made{run->first, run};
        if (list.empty()) list.emplace_back();
        auto chunk = chunk_of(list, run->first);
        auto place = std::upper_bound(chunk->begin(), chunk->end(), run->first, first_above);
        if (chunk->size() == chunk_max) {
            // Ascending counters, as they come from one author, leave full pieces behind.
            const bool at_end = place == chunk->end();
            const auto cut = at_end ? chunk->end() - 1
                                    : chunk->begin() + static_cast<std::ptrdiff_t>(chunk_max / 2);
            const auto offset = place - cut;
            Chunk tail(cut, chunk->end());
            chunk->erase(cut, chunk->end());
            const auto number = chunk - list.begin();
            list.insert(std::next(chunk), std::move(tail));
            chunk = list.begin() + number;
            if (offset > 0) {
                ++chunk;
                place = chunk->begin() + offset;
            } else {
                place = chunk->end() + offset;
            }
        }
        chunk->insert(place, made);
    }
    void erase(const Run* run) {
        List& list = lists_[run->author];
        auto chunk = chunk_of(list, run->first);
        chunk->erase(
            std::prev(std::upper_bound(chunk->begin(), chunk->end(), run->first, first_above)));
        if (chunk->empty()) list.erase(chunk);
        --size_;
    }
    /// For a copy, run by run, each replica's in ascending order.
    void push_back(Run* run) { insert(run); }
    void copy_authors(const DotIndex& other) {
        authors_ = other.authors_;
        by_id_ = other.by_id_;
        lists_.assign(authors_.size(), {});
    }

    /// By replica id, then counter.
    template <typename Use>
    void for_each(Use use) const {
        for (const std::uint32_t author : by_id_) {
            for (const Chunk& chunk : lists_[author]) {
                for (const Entry& entry : chunk) use(entry.run);
            }
        }
    }
    void swap(DotIndex& other) noexcept {
        std::swap(authors_, other.authors_);
        std::swap(by_id_, other.by_id_);
        std::swap(lists_, other.lists_);
        std::swap(size_, other.size_);
    }

private:
    struct Entry {
        std::uint64_t first;
        Run* run;
    };
    using Chunk = std::vector<Entry>;
    using List = std::vector<Chunk>;  ///< pieces, none empty but the only one
    static constexpr std::size_t chunk_max = 256;

    static bool first_above(std::uint64_t counter, const Entry& entry) {
        return counter < entry.first;
    }
    /// The last piece that starts at or below `counter`, else the first.
    template <typename Pieces>
    static auto chunk_of(Pieces& list, std::uint64_t counter) {
        auto above = std::upper_bound(list.begin(), list.end(), counter,
                                      [](std::uint64_t c, const Chunk& chunk) {
                                          return !chunk.empty() && c < chunk.front().first;
                                      });
        return above == list.begin() ? above : std::prev(above);
    }
    [[nodiscard]] std::uint32_t number_of(const ReplicaId& replica) const {
        if (!authors_.empty() && authors_.front() == replica) return 0;
        const auto found = std::lower_bound(
            by_id_.begin(), by_id_.end(), replica,
            [this](std::uint32_t author, const ReplicaId& id) { return authors_[author] < id; });
        if (found == by_id_.end() || !(authors_[*found] == replica))
            return static_cast<std::uint32_t>(authors_.size());
        return *found;
    }

    std::vector<ReplicaId> authors_;
    std::vector<std::uint32_t> by_id_;  ///< numbers in the order of ids
    std::vector<List> lists_;           ///< by number
    std::size_t size_ = 0;
};

}  // namespace syncline

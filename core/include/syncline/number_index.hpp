#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace syncline {

/// Finds the number that something was given, by its hash: a table of numbers with open addressing.
/// The things themselves are elsewhere, in the order of their numbers, which count from 1. The
/// first few have no table: the owner is asked about each of them.
/// Threads: as a container.
class NumberIndex {
public:
    /// The number with this hash for which `is(number)` holds; 0 if there is none.
    template <typename Hash, typename Is>
    [[nodiscard]] std::uint32_t find(Hash hash, Is is) const {
        if (slots_.empty()) {
            for (std::uint32_t number = 1; number <= size_; ++number) {
                if (is(number)) return number;
            }
            return 0;
        }
        const std::uint32_t wanted = hash();
        for (std::size_t at = wanted & mask();; at = (at + 1) & mask()) {
            const Slot& slot = slots_[at];
            if (slot.number == 0) return 0;
            if (slot.hash == wanted && is(slot.number)) return slot.number;
        }
    }
    /// Adds the next number. `hash_of(number)` is asked for it, and for those before it when they
    /// get their table.
    template <typename HashOf>
    void add(HashOf hash_of) {
        ++size_;
        if (slots_.empty()) {
            if (size_ <= few) return;
            slots_.resize(std::size_t{8} * few);
            for (std::uint32_t number = 1; number <= size_; ++number)
                put({hash_of(number), number});
            return;
        }
        if (std::size_t{2} * size_ > slots_.size()) grow();
        put({hash_of(size_), size_});
    }
    void clear() {
        slots_.clear();
        size_ = 0;
    }

private:
    static constexpr std::uint32_t few = 8;
    struct Slot {
        std::uint32_t hash = 0;
        std::uint32_t number = 0;  ///< 0: free
    };
    [[nodiscard]] std::size_t mask() const { return slots_.size() - 1; }
    void put(Slot slot) {
        std::size_t at = slot.hash & mask();
        while (slots_[at].number != 0) at = (at + 1) & mask();
        slots_[at] = slot;
    }
    void grow() {
        std::vector<Slot> old(slots_.size() * 2);
        old.swap(slots_);
        for (const Slot& slot : old) {
            if (slot.number != 0) put(slot);
        }
    }

    std::vector<Slot> slots_;  ///< a power of two, at most half of them taken
    std::uint32_t size_ = 0;
};

}  // namespace syncline

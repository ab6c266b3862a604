#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace syncline::sim {

/// SplitMix64: small, seedable from any number, the same on every platform (std's distributions are
/// not). A value.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        state_ += 0x9E3779B97F4A7C15ULL;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
        return z ^ (z >> 31);
    }
    /// 0..bound-1; 0 for a bound of 0.
    std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : next() % bound; }
    /// low..high, both included.
    std::uint64_t between(std::uint64_t low, std::uint64_t high) {
        return low + below(high - low + 1);
    }
    bool chance(std::uint64_t percent) { return below(100) < percent; }
    template <typename T>
    const T& pick(const std::vector<T>& of) {
        return of[static_cast<std::size_t>(below(of.size()))];
    }
    void fill(std::byte* into, std::size_t size) {
        while (size > 0) {
            const std::uint64_t word = next();
            const std::size_t part = size < sizeof word ? size : sizeof word;
            std::memcpy(into, &word, part);
            into += part;
            size -= part;
        }
    }

private:
    std::uint64_t state_;
};

/// What happened, folded into one number: equal runs have equal traces.
class Trace {
public:
    void add(std::uint64_t value) {
        hash_ ^= value;
        hash_ *= 0x100000001B3ULL;
        hash_ ^= hash_ >> 29;
    }
    void add(const std::byte* bytes, std::size_t size) {
        std::uint64_t word = size;
        for (std::size_t i = 0; i < size; i += 8) {
            std::uint64_t part = 0;
            std::memcpy(&part, bytes + i, size - i < 8 ? size - i : 8);
            word = (word ^ part) * 0x9E3779B97F4A7C15ULL;
            word ^= word >> 32;
        }
        add(word);
    }
    [[nodiscard]] std::uint64_t value() const { return hash_; }

private:
    std::uint64_t hash_ = 0xCBF29CE484222325ULL;
};

}  // namespace syncline::sim

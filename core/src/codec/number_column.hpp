#pragma once

// Columns of states (docs/encoding.md, "Columns"): many numbers, or many bytes, one behind the
// other, in the shortest of a few forms.
//
//   numbers := fewer than 8: each as LEB128
//            | 0, each as LEB128
//            | 1, each in groups of three bits          nibbles
//            | 2, [length - 1, number] in such groups   runs of at most 256
//            | 2 + width, each in so many bits
//
// The shortest one, of equals the first, is the only spelling. How many numbers there are is said
// elsewhere. One byte holds at most 256 of them, so a reader spends no more than 2 KB on it.
// No column has more than numbers_max, so that sizes fit where memory has 32 bits.

#include "syncline/codec/packed.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace syncline::wire {

using Numbers = std::vector<std::uint64_t>;
inline constexpr std::uint64_t numbers_max = std::uint64_t{1} << 26;

/// Numbers as they are collected for a state. The last run of equal ones is kept as one number:
/// many columns of a large state are such a run, and then take neither memory nor time.
class StateNumbers {
public:
    StateNumbers() = default;
    StateNumbers(Numbers numbers) : each_(std::move(numbers)) {}

    [[nodiscard]] std::size_t size() const { return each_.size() + times_; }
    [[nodiscard]] bool empty() const { return size() == 0; }
    [[nodiscard]] std::uint64_t operator[](std::size_t i) const {
        return i < each_.size() ? each_[i] : last_;
    }
    /// The numbers before the last run, which is the number `last` so many `times`.
    [[nodiscard]] const Numbers& each() const { return each_; }
    [[nodiscard]] std::uint64_t last() const { return last_; }
    [[nodiscard]] std::size_t times() const { return times_; }

    void reserve(std::size_t count) { each_.reserve(count); }
    void push_back(std::uint64_t number) {
        if (number != last_) {
            if (times_ == 1) {
                each_.push_back(last_);
            } else {
                each_.insert(each_.end(), times_, last_);
            }
            last_ = number;
            times_ = 0;
        }
        ++times_;
    }
    /// Puts `change(number)` in the place of each number; it is asked once about the last run.
    template <typename Change>
    void transform(Change change) {
        for (std::uint64_t& number : each_) number = change(number);
        if (times_ > 0) last_ = change(last_);
    }

private:
    Numbers each_;
    std::uint64_t last_ = 0;
    std::size_t times_ = 0;
};

/// Numbers of either kind, which stay where they are.
class NumbersView {
public:
    NumbersView(const Numbers& numbers) : each_(numbers) {}
    NumbersView(const StateNumbers& column)
        : each_(column.each()), last_(column.last()), times_(column.times()) {}

    [[nodiscard]] std::size_t size() const { return each_.size() + times_; }
    [[nodiscard]] std::uint64_t operator[](std::size_t i) const {
        return i < each_.size() ? each_[i] : last_;
    }
    /// Of how many `good(number)` holds.
    template <typename Good>
    [[nodiscard]] std::size_t count_if(Good good) const {
        std::size_t count = times_ > 0 && good(last_) ? times_ : 0;
        for (const std::uint64_t number : each_) count += good(number) ? 1 : 0;
        return count;
    }
    template <typename Use>
    void for_each(Use use) const {
        for (const std::uint64_t number : each_) use(number);
        for (std::size_t i = 0; i < times_; ++i) use(last_);
    }
    /// Calls use(length, number) for each run of equal numbers, cut after every `max` of them.
    template <typename Use>
    void for_each_run(std::uint64_t max, Use use) const {
        std::uint64_t run = 0;
        for (std::size_t i = 0; i < each_.size(); ++i) {
            const std::uint64_t number = each_[i];
            if (++run < max && i + 1 < size() && (*this)[i + 1] == number) continue;
            use(run, number);
            run = 0;
        }
        for (std::uint64_t left = run + times_; left > 0; left -= run) {
            run = left < max ? left : max;
            use(run, last_);
        }
    }

private:
    std::span<const std::uint64_t> each_;
    std::uint64_t last_ = 0;
    std::size_t times_ = 0;
};
[[nodiscard]] bool are_equal(NumbersView numbers);

void write_numbers(PackedWriter& out, NumbersView numbers);
/// Fails for another spelling, and for more than numbers_max. O(announced), and no more memory than
/// the bytes are worth.
[[nodiscard]] Numbers read_numbers(PackedReader& in, std::uint64_t announced);

/// The same, but that two to seven numbers begin with twice the first, and 1 more if all are equal,
/// when the others are left out: states have many small columns of that kind.
void write_state_numbers(PackedWriter& out, NumbersView numbers);
[[nodiscard]] Numbers read_state_numbers(PackedReader& in, std::uint64_t announced);

/// 0, -1, 1, -2, … as 0, 1, 2, 3, …, and back.
[[nodiscard]] constexpr std::uint64_t zigzag(std::uint64_t step) {
    return (step << 1) ^ (0 - (step >> 63));
}
[[nodiscard]] constexpr std::uint64_t unzigzag(std::uint64_t number) {
    return (number >> 1) ^ (0 - (number & 1));
}

}  // namespace syncline::wire

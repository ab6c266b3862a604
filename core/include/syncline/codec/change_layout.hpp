#pragma once

// Where the numbers and bytes of packed changes go (docs/encoding.md, "Packed changes"): one behind
// the other as they come, or each kind into a column of its own. Few are shorter in rows, many in
// columns. What they mean is the business of ChangeWriter and ChangeReader.

#include "syncline/codec/packed.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace syncline::wire {

enum class Layout : std::uint8_t { rows = 0, columns = 1 };

/// Changes that take so many dots are worth columns.
inline constexpr std::uint64_t column_dots_min = 128;

/// The columns of numbers, in the order of their bytes.
enum class NumberColumn : std::uint8_t {
    heads,        ///< of changes
    who,          ///< authors of changes, and those in bases
    gaps,         ///< where a change begins, if not where expected
    stamps,       ///< 2 · later milliseconds, or what kind of step follows
    stamp_steps,  ///< that step
    bases,        ///< how a base is told, and its counters
    sizes,        ///< how many ops, removes, items; lengths of keys, messages and texts placed
    ops,          ///< code, mode of place, form
    places,       ///< numbers of known places
    types,        ///< of new steps
    shared,       ///< what a key shares with the one before
    distances,    ///< of own dots, back from the op; with a side in places
    runs,         ///< lengths of runs of dots
    dots_who,     ///< of other dots
    dots_at,      ///< their counters
    kinds,        ///< of values
    integers,     ///< their magnitudes
    lengths,      ///< of values' texts, bytes, arrays and maps
    amounts,      ///< of counters
};
inline constexpr std::size_t number_columns = 19;

/// The columns of bytes, which follow.
enum class ByteColumn : std::uint8_t {
    ids,       ///< of replicas
    keys,      ///< and documents' names, messages, names of marks
    values,    ///< texts, bytes and reals
    contents,  ///< texts placed
};
inline constexpr std::size_t byte_columns = 4;

/// The kinds of values. A column has integers below zero as `negative`; rows have no such kind.
enum class PackedKind : std::uint8_t {
    integer,
    text,
    real,
    simple,
    binary,
    array,
    map,
    negative,
};

/// Takes what ChangeWriter writes.
class ChangeSink {
public:
    /// What is taken from now on goes here. In between of changes.
    void lay_out(Layout layout) {
        if (layout == this->layout()) return;
        flush();
        numbers_.resize(layout == Layout::columns ? number_columns : 0);
        bytes_.resize(layout == Layout::columns ? byte_columns : 0);
    }
    [[nodiscard]] Layout layout() const {
        return numbers_.empty() ? Layout::rows : Layout::columns;
    }

    ChangeSink& number(NumberColumn column, std::uint64_t value) {
        if (numbers_.empty()) {
            out_.u64(value);
        } else {
            numbers_[static_cast<std::size_t>(column)].push_back(value);
            ++held_;
        }
        return *this;
    }
    ChangeSink& signed_number(NumberColumn column, std::int64_t value) {
        const auto bits = static_cast<std::uint64_t>(value);
        return number(column, (bits << 1) ^ (value < 0 ? ~std::uint64_t{0} : 0));
    }
    ChangeSink& step(NumberColumn column, std::uint64_t from, std::uint64_t to) {
        return signed_number(column, static_cast<std::int64_t>(to - from));
    }
    ChangeSink& bytes(ByteColumn column, BytesView some) {
        if (numbers_.empty()) {
            out_.raw(some);
        } else {
            Bytes& all = bytes_[static_cast<std::size_t>(column)];
            all.insert(all.end(), some.begin(), some.end());
        }
        return *this;
    }
    /// A value's head: its kind and a number below 2^61.
    ChangeSink& value(PackedKind kind, std::uint64_t n);

    /// After each change: a block of columns that is large enough ends, so that no reader has to
    /// hold much more.
    void end_change() {
        if (held_ >= block_numbers) flush();
    }
    /// In front of everything: a format, or a head. Nothing is in columns yet.
    void prefix(std::uint64_t number) { out_.u64(number); }
    [[nodiscard]] std::size_t size() const { return out_.size() + held_; }
    [[nodiscard]] BytesView view() const { return out_.view(); }
    /// Everything since the last time.
    [[nodiscard]] Bytes take();

private:
    static constexpr std::size_t block_numbers = std::size_t{1} << 20;
    /// Most changes that stand alone are shorter.
    static constexpr std::size_t bytes_expected = 96;

    /// What is in columns becomes a block.
    void flush();

    PackedWriter out_{bytes_expected};
    std::vector<std::vector<std::uint64_t>> numbers_;  ///< none: rows
    std::vector<Bytes> bytes_;
    std::size_t held_ = 0;  ///< numbers in columns
};

/// Gives it to ChangeReader again. The first failure sticks and every later read gives 0, as in
/// PackedReader.
class ChangeSource {
public:
    ChangeSource() = default;
    /// `numbers_max`: that a block of columns may have.
    ChangeSource(BytesView bytes, std::uint64_t numbers_max)
        : in_(bytes), numbers_max_(numbers_max) {}

    /// What stands in front.
    std::uint64_t prefix() { return in_.u64(); }
    void lay_out(Layout layout) {
        numbers_.resize(layout == Layout::columns ? number_columns : 0);
        bytes_.resize(layout == Layout::columns ? byte_columns : 0);
        for (Numbers& column : numbers_) column = {};
        for (Some& column : bytes_) column = {};
    }
    [[nodiscard]] bool failed() const { return in_.failed(); }
    [[nodiscard]] bool at_end() const {
        return in_.at_end() && (numbers_.empty() || numbers_.front().at_end());
    }
    /// Before and after each change.
    void begin_change() {
        if (!numbers_.empty() && numbers_.front().at_end()) read_block();
    }
    void end_change() {
        if (!numbers_.empty() && numbers_.front().at_end()) end_block();
    }

    std::uint64_t number(NumberColumn column, std::uint64_t max = ~std::uint64_t{0}) {
        if (numbers_.empty()) return in_.u64(max);
        Numbers& all = numbers_[static_cast<std::size_t>(column)];
        if (in_.failed() || all.at_end() || all.items[all.next] > max) {
            in_.fail();
            return 0;
        }
        return all.items[all.next++];
    }
    std::int64_t signed_number(NumberColumn column) {
        const std::uint64_t bits = number(column);
        return static_cast<std::int64_t>((bits >> 1) ^ (0 - (bits & 1)));
    }
    /// The number that lies this step from `from`, in 1..max.
    std::uint64_t step(NumberColumn column, std::uint64_t from, std::uint64_t max) {
        const std::uint64_t value = from + static_cast<std::uint64_t>(signed_number(column));
        if (value == 0 || value > max) in_.fail();
        return in_.failed() ? 0 : value;
    }
    BytesView bytes(ByteColumn column, std::uint64_t size) {
        if (in_.failed() || size > left(column)) {
            in_.fail();
            return {};
        }
        const auto count = static_cast<std::size_t>(size);
        if (numbers_.empty()) return in_.raw(count);
        Some& all = bytes_[static_cast<std::size_t>(column)];
        all.next += count;
        return BytesView(all.items).subspan(all.next - count, count);
    }
    [[nodiscard]] std::size_t left(ByteColumn column) const {
        if (numbers_.empty()) return in_.left();
        const Some& all = bytes_[static_cast<std::size_t>(column)];
        return all.items.size() - all.next;
    }
    std::pair<PackedKind, std::uint64_t> value();
    void fail() { in_.fail(); }

private:
    template <typename Items>
    struct Column {
        Items items;
        std::size_t next = 0;
        [[nodiscard]] bool at_end() const { return next == items.size(); }
    };
    using Numbers = Column<std::vector<std::uint64_t>>;
    using Some = Column<Bytes>;

    void read_block();
    void end_block();

    PackedReader in_{{}};
    std::uint64_t numbers_max_ = 0;
    std::vector<Numbers> numbers_;  ///< none: rows
    std::vector<Some> bytes_;
};

}  // namespace syncline::wire

// Blocks of columns (docs/encoding.md, "Packed changes").
//
//   block   := which columns, column…                    bit n: the n-th column is there
//   column  := 2 · how many + coded, then
//              the numbers as of states; or, coded, the byte column of those below 255 as bytes,
//              255 standing for each of the others, which follow as numbers
//   bytes   := how many, the byte column

#include "syncline/codec/change_layout.hpp"

#include "byte_column.hpp"
#include "number_column.hpp"

#include <algorithm>

namespace syncline::wire {

namespace {

/// Fewer numbers are not worth a table of codes.
constexpr std::size_t coded_min = 1'024;
constexpr std::uint64_t escape = 255;

/// The numbers as bytes with codes.
Bytes coded(const std::vector<std::uint64_t>& numbers) {
    Bytes small;
    small.reserve(numbers.size());
    Numbers large;
    for (const std::uint64_t number : numbers) {
        small.push_back(static_cast<std::byte>(std::min(number, escape)));
        if (number >= escape) large.push_back(number);
    }
    PackedWriter out;
    // Where many are large, the numbers' own forms are shorter.
    if (large.size() > numbers.size() / 8) return {};
    write_bytes(out, small);
    write_numbers(out, large);
    return out.take();
}

void write_column(PackedWriter& out, const std::vector<std::uint64_t>& numbers) {
    PackedWriter plain;
    write_numbers(plain, numbers);
    if (numbers.size() >= coded_min && plain.size() > numbers.size() / 8) {
        const Bytes shorter = coded(numbers);
        if (!shorter.empty() && shorter.size() < plain.size()) {
            out.u64(std::uint64_t{numbers.size()} * 2 + 1).raw(shorter);
            return;
        }
    }
    out.u64(std::uint64_t{numbers.size()} * 2).raw(plain.view());
}

Numbers read_coded(PackedReader& in, std::uint64_t count) {
    const Bytes small = read_any_bytes(in, count);
    Numbers numbers;
    numbers.reserve(small.size());
    std::uint64_t escapes = 0;
    for (const std::byte byte : small) {
        numbers.push_back(std::to_integer<std::uint64_t>(byte));
        escapes += numbers.back() == escape ? 1 : 0;
    }
    const Numbers large = read_numbers(in, escapes);
    if (in.failed()) return {};
    auto next = large.begin();
    for (std::uint64_t& number : numbers) {
        if (number == escape) number = *next++;
    }
    return numbers;
}

}  // namespace

ChangeSink& ChangeSink::value(PackedKind kind, std::uint64_t n) {
    if (numbers_.empty()) {
        out_.u64(n << 3 | static_cast<std::uint64_t>(kind));
        return *this;
    }
    const bool is_integer = kind == PackedKind::integer;
    const PackedKind told = is_integer && n % 2 == 1 ? PackedKind::negative : kind;
    number(NumberColumn::kinds, static_cast<std::uint64_t>(told));
    if (is_integer) {
        number(NumberColumn::integers, n / 2);
    } else if (kind != PackedKind::real) {
        number(NumberColumn::lengths, n);
    }
    return *this;
}

std::pair<PackedKind, std::uint64_t> ChangeSource::value() {
    constexpr std::uint64_t n_max = (std::uint64_t{1} << 61) - 1;
    if (numbers_.empty()) {
        const std::uint64_t head = in_.u64();
        return {static_cast<PackedKind>(head & 7), head >> 3};
    }
    const auto kind = static_cast<PackedKind>(number(NumberColumn::kinds, 7));
    switch (kind) {
        case PackedKind::integer: return {kind, number(NumberColumn::integers, n_max / 2) * 2};
        case PackedKind::negative:
            return {PackedKind::integer, number(NumberColumn::integers, n_max / 2) * 2 + 1};
        case PackedKind::real: return {kind, 0};
        default: return {kind, number(NumberColumn::lengths, n_max)};
    }
}

Bytes ChangeSink::take() {
    flush();
    Bytes all = out_.take();
    out_ = PackedWriter(bytes_expected);
    return all;
}

void ChangeSink::flush() {
    if (held_ == 0) return;
    std::uint64_t present = 0;
    for (std::size_t i = 0; i < numbers_.size(); ++i)
        present |= numbers_[i].empty() ? 0 : std::uint64_t{1} << i;
    for (std::size_t i = 0; i < bytes_.size(); ++i)
        present |= bytes_[i].empty() ? 0 : std::uint64_t{1} << (number_columns + i);
    out_.u64(present);
    for (auto& numbers : numbers_) {
        if (!numbers.empty()) write_column(out_, numbers);
        numbers.clear();
    }
    for (Bytes& bytes : bytes_) {
        if (bytes.empty()) continue;
        out_.u64(bytes.size());
        write_bytes(out_, bytes);
        bytes.clear();
    }
    held_ = 0;
}

void ChangeSource::read_block() {
    constexpr std::size_t columns = number_columns + byte_columns;
    const std::uint64_t present = in_.u64((std::uint64_t{1} << columns) - 1);
    std::uint64_t left = numbers_max_;
    for (std::size_t i = 0; i < columns && !in_.failed(); ++i) {
        const bool is_there = (present >> i & 1) == 1;
        if (i >= number_columns) {
            const std::uint64_t size = is_there ? in_.u64() : 0;
            bytes_[i - number_columns] = {read_any_bytes(in_, size), 0};
            if (is_there && size == 0) in_.fail();
            continue;
        }
        const std::uint64_t head = is_there ? in_.u64() : 0;
        const std::uint64_t count = head / 2;
        if (count > left || (is_there && count == 0)) in_.fail();
        if (in_.failed()) break;
        left -= count;
        numbers_[i] = {head % 2 == 1 ? read_coded(in_, count) : read_numbers(in_, count), 0};
    }
    // Without a change there would be no end to it.
    if (numbers_.front().items.empty()) in_.fail();
}

void ChangeSource::end_block() {
    const auto is_read = [](const auto& column) { return column.at_end(); };
    if (!std::all_of(numbers_.begin(), numbers_.end(), is_read) ||
        !std::all_of(bytes_.begin(), bytes_.end(), is_read)) {
        in_.fail();
    }
}

}  // namespace syncline::wire

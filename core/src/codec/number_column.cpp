#include "number_column.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <utility>

namespace syncline::wire {

namespace {

constexpr std::uint64_t plain_max = 8;  ///< fewer numbers than this have no form of their own
constexpr std::uint64_t run_max = 256;

enum : std::uint64_t { as_bytes_form = 0, as_nibbles_form = 1, as_runs_form = 2 };

constexpr unsigned width_of(std::uint64_t number) {
    return static_cast<unsigned>(std::bit_width(number | 1));
}
constexpr unsigned nibbles_of(std::uint64_t number) { return (width_of(number) + 2) / 3; }

/// By width: bytes in the low half, nibbles in the high half, so that one sum counts both.
constexpr auto sizes_by_width = [] {
    std::array<std::uint64_t, 65> sizes{};
    for (std::size_t width = 1; width <= 64; ++width)
        sizes[width] = (width + 6) / 7 | std::uint64_t{(width + 2) / 3} << 32;
    return sizes;
}();

/// The form that takes the fewest bytes.
std::uint64_t best_form(NumbersView numbers) {
    std::uint64_t sizes = 0;
    std::uint64_t all = 1;
    std::uint64_t run_nibbles = 0;
    numbers.for_each_run(run_max, [&](std::uint64_t length, std::uint64_t number) {
        all |= number;
        const std::uint64_t size = sizes_by_width[width_of(number)];
        sizes += length * size;
        run_nibbles += nibbles_of(length - 1) + (size >> 32);
    });
    const std::uint64_t width = width_of(all);
    const std::array<std::uint64_t, 4> bytes = {sizes & 0xFFFFFFFF, ((sizes >> 32) + 1) / 2,
                                                (run_nibbles + 1) / 2,
                                                (numbers.size() * width + 7) / 8};
    const auto best =
        static_cast<std::uint64_t>(std::min_element(bytes.begin(), bytes.end()) - bytes.begin());
    return best < 3 ? best : as_runs_form + width;
}

/// Groups of three bits, lowest first, with a fourth set on all but a number's last group; two
/// groups a byte, the first in its low half.
class NibbleWriter {
public:
    explicit NibbleWriter(PackedWriter& out) : out_(out) {}

    void add(std::uint64_t number) {
        for (; number >= 8; number >>= 3) put(static_cast<unsigned>(number & 7) | 8);
        put(static_cast<unsigned>(number));
    }
    void finish() {
        if (is_half_) out_.byte(static_cast<std::byte>(half_));
    }

private:
    void put(unsigned nibble) {
        if (is_half_) {
            out_.byte(static_cast<std::byte>(half_ | nibble << 4));
        } else {
            half_ = nibble;
        }
        is_half_ = !is_half_;
    }
    PackedWriter& out_;
    unsigned half_ = 0;
    bool is_half_ = false;
};

class NibbleReader {
public:
    explicit NibbleReader(PackedReader& in) : in_(in) {}

    std::uint64_t next() {
        std::uint64_t number = 0;
        for (unsigned shift = 0; !in_.failed(); shift += 3) {
            const std::uint64_t nibble = take();
            if (shift == 63 && nibble > 1) break;
            number |= (nibble & 7) << shift;
            if (nibble < 8) {
                if (nibble == 0 && shift > 0) break;
                return number;
            }
        }
        in_.fail();
        return 0;
    }
    /// The unused half of the last byte is zero.
    void finish() {
        if (is_half_ && half_ != 0) in_.fail();
    }

private:
    std::uint64_t take() {
        is_half_ = !is_half_;
        if (!is_half_) return half_;
        const std::uint64_t byte = in_.byte();
        half_ = byte >> 4;
        return byte & 15;
    }
    PackedReader& in_;
    std::uint64_t half_ = 0;
    bool is_half_ = false;
};

void write_runs(PackedWriter& out, NumbersView numbers) {
    NibbleWriter nibbles(out);
    numbers.for_each_run(run_max, [&](std::uint64_t length, std::uint64_t number) {
        nibbles.add(length - 1);
        nibbles.add(number);
    });
    nibbles.finish();
}

void read_runs(PackedReader& in, std::size_t count, Numbers& numbers) {
    NibbleReader nibbles(in);
    std::uint64_t last_run = run_max;
    while (numbers.size() < count && !in.failed()) {
        const std::uint64_t more = nibbles.next();  // after the first; added to only if it is small
        const std::uint64_t number = nibbles.next();
        const bool goes_on = last_run < run_max && numbers.back() == number;
        if (more >= run_max || more >= count - numbers.size() || goes_on) return in.fail();
        last_run = more + 1;
        numbers.insert(numbers.end(), static_cast<std::size_t>(last_run), number);
    }
    nibbles.finish();
}

/// Bits fill bytes from the lowest up.
void write_bits(PackedWriter& out, NumbersView numbers, unsigned width) {
    std::uint64_t bits = 0;
    unsigned filled = 0;
    numbers.for_each([&](std::uint64_t number) {
        bits |= number << filled;
        const unsigned room = 64 - filled;
        if (width < room) {
            filled += width;
            return;
        }
        out.word(bits, 8);
        bits = room < 64 ? number >> room : 0;
        filled = width - room;
    });
    out.word(bits, (filled + 7) / 8);
}

std::uint64_t word_at(BytesView bytes, std::size_t at) {
    std::uint64_t word = 0;
    const std::size_t size = std::min<std::size_t>(8, bytes.size() - at);
    for (std::size_t i = 0; i < size; ++i)
        word |= std::to_integer<std::uint64_t>(bytes[at + i]) << (8 * i);
    return word;
}

void read_bits(PackedReader& in, std::size_t count, unsigned width, Numbers& numbers) {
    const std::uint64_t bits = std::uint64_t{count} * width;
    const BytesView bytes = in.raw(static_cast<std::size_t>((bits + 7) / 8));
    if (in.failed()) return;
    numbers.reserve(count);
    const std::uint64_t mask = ~std::uint64_t{0} >> (64 - width);
    std::uint64_t bit = 0;
    for (std::size_t i = 0; i < count; ++i, bit += width) {
        const auto at = static_cast<std::size_t>(bit / 8);
        const unsigned offset = bit % 8;
        std::uint64_t number = word_at(bytes, at) >> offset;
        if (offset + width > 64)
            number |= std::to_integer<std::uint64_t>(bytes[at + 8]) << (64 - offset);
        numbers.push_back(number & mask);
    }
    if (bit % 8 != 0 && std::to_integer<unsigned>(bytes.back()) >> (bit % 8) != 0) in.fail();
}

// Twice the number, plus a bit, as LEB128 of up to 65 bits.

void write_with_bit(PackedWriter& out, std::uint64_t number, bool bit) {
    const std::uint64_t low = (number & 63) << 1 | (bit ? 1 : 0);
    out.byte(static_cast<std::byte>(number < 64 ? low : low | 0x80));
    if (number >= 64) out.u64(number >> 6);
}

std::pair<std::uint64_t, bool> read_with_bit(PackedReader& in) {
    const std::uint64_t byte = in.byte();
    const std::uint64_t rest = byte >= 0x80 ? in.u64(~std::uint64_t{0} >> 6) : 0;
    if (byte >= 0x80 && rest == 0) in.fail();
    return {rest << 6 | (byte >> 1 & 63), (byte & 1) != 0};
}

bool have_common_number(std::uint64_t count) { return count >= 2 && count < plain_max; }

}  // namespace

bool are_equal(NumbersView numbers) {
    return numbers.size() == 0 || numbers.count_if([&](std::uint64_t number) {
        return number == numbers[0];
    }) == numbers.size();
}

void write_state_numbers(PackedWriter& out, NumbersView numbers) {
    if (!have_common_number(numbers.size())) return write_numbers(out, numbers);
    const bool equal = are_equal(numbers);
    write_with_bit(out, numbers[0], equal);
    for (std::size_t i = 1; i < numbers.size() && !equal; ++i) out.u64(numbers[i]);
}

Numbers read_state_numbers(PackedReader& in, std::uint64_t announced) {
    if (!have_common_number(announced)) return read_numbers(in, announced);
    const auto count = static_cast<std::size_t>(announced);
    const auto [first, equal] = read_with_bit(in);
    Numbers numbers(equal ? count : 1, first);
    while (numbers.size() < count) numbers.push_back(in.u64());
    if (!equal && are_equal(numbers)) in.fail();
    return in.failed() ? Numbers() : numbers;
}

void write_numbers(PackedWriter& out, NumbersView numbers) {
    const auto write_each = [&] {
        numbers.for_each([&](std::uint64_t number) { out.u64(number); });
    };
    if (numbers.size() < plain_max) return write_each();
    const std::uint64_t form = best_form(numbers);
    out.u64(form);
    if (form == as_bytes_form) {
        write_each();
    } else if (form == as_nibbles_form) {
        NibbleWriter nibbles(out);
        numbers.for_each([&](std::uint64_t number) { nibbles.add(number); });
        nibbles.finish();
    } else if (form == as_runs_form) {
        write_runs(out, numbers);
    } else {
        write_bits(out, numbers, static_cast<unsigned>(form - as_runs_form));
    }
}

Numbers read_numbers(PackedReader& in, std::uint64_t announced) {
    Numbers numbers;
    const std::uint64_t form = announced < plain_max ? as_bytes_form : in.u64(as_runs_form + 64);
    const auto count = static_cast<std::size_t>(std::min(announced, numbers_max));
    if (in.failed() || count < announced || count / run_max > in.left()) {
        in.fail();
        return {};
    }
    if (form == as_bytes_form) {
        for (; numbers.size() < count && !in.failed();) numbers.push_back(in.u64());
    } else if (form == as_nibbles_form) {
        NibbleReader nibbles(in);
        for (; numbers.size() < count && !in.failed();) numbers.push_back(nibbles.next());
        nibbles.finish();
    } else if (form == as_runs_form) {
        read_runs(in, count, numbers);
    } else {
        read_bits(in, count, static_cast<unsigned>(form - as_runs_form), numbers);
    }
    if (!in.failed() && count >= plain_max && best_form(numbers) != form) in.fail();
    if (in.failed()) return {};
    return numbers;
}

}  // namespace syncline::wire

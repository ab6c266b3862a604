#include "byte_column.hpp"

#include "number_column.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <vector>

namespace syncline::wire {

namespace {

constexpr std::uint64_t plain_max = 128;
constexpr unsigned length_max = 15;  ///< of a code: the reader's table has 2^15 entries

enum : std::uint64_t { as_they_are = 0, coded = 1 };

using Weights = std::array<std::uint64_t, 256>;
using Lengths = std::array<unsigned, 256>;

Weights weights_of(BytesView bytes) {
    Weights weights{};
    for (const std::byte byte : bytes) ++weights[std::to_integer<std::size_t>(byte)];
    return weights;
}

/// Huffman's lengths: the two lightest nodes become one until one is left. Among equally heavy ones
/// bytes come before what was joined, lower bytes before higher, earlier joins before later.
Lengths huffman(const Weights& weights) {
    struct Node {
        std::uint64_t weight;
        std::size_t parent;
    };
    std::vector<std::size_t> symbols;
    for (std::size_t i = 0; i < 256; ++i) {
        if (weights[i] > 0) symbols.push_back(i);
    }
    std::stable_sort(symbols.begin(), symbols.end(),
                     [&](std::size_t a, std::size_t b) { return weights[a] < weights[b]; });
    std::vector<Node> nodes;
    nodes.reserve(2 * symbols.size());
    for (const std::size_t symbol : symbols) nodes.push_back({weights[symbol], 0});

    std::size_t leaf = 0;
    std::size_t joined = symbols.size();
    const auto lightest = [&] {
        const bool has_leaf = leaf < symbols.size();
        if (has_leaf && (joined == nodes.size() || nodes[leaf].weight <= nodes[joined].weight))
            return leaf++;
        return joined++;
    };
    for (std::size_t joins = 1; joins < symbols.size(); ++joins) {
        const std::size_t a = lightest();
        const std::size_t b = lightest();
        nodes[a].parent = nodes[b].parent = nodes.size();
        nodes.push_back({nodes[a].weight + nodes[b].weight, 0});
    }
    Lengths lengths{};
    if (symbols.size() == 1) lengths[symbols.front()] = 1;
    std::vector<unsigned> depths(nodes.size(), 0);
    for (std::size_t i = nodes.size(); i-- > 0;) {
        if (i + 1 < nodes.size()) depths[i] = depths[nodes[i].parent] + 1;
        if (i < symbols.size() && symbols.size() > 1) lengths[symbols[i]] = depths[i];
    }
    return lengths;
}

/// The same with no code longer than length_max: weights are halved, rounding up, until it holds.
Lengths lengths_for(Weights weights) {
    for (;;) {
        const Lengths lengths = huffman(weights);
        if (*std::max_element(lengths.begin(), lengths.end()) <= length_max) return lengths;
        for (std::uint64_t& weight : weights) weight = (weight + 1) / 2;
    }
}

/// Codes by length, then byte, each one above the one before.
std::array<unsigned, 256> codes_of(const Lengths& lengths) {
    std::array<unsigned, 256> codes{};
    unsigned code = 0;
    for (unsigned length = 1; length <= length_max; ++length, code <<= 1) {
        for (std::size_t i = 0; i < 256; ++i) {
            if (lengths[i] == length) codes[i] = code++;
        }
    }
    return codes;
}

/// The bytes in coded form; nothing if that is not shorter.
Bytes coded_if_shorter(BytesView bytes, const Weights& weights, const Lengths& lengths) {
    PackedWriter out(bytes.size());
    write_numbers(out, Numbers(lengths.begin(), lengths.end()));
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < 256; ++i) bits += weights[i] * lengths[i];
    if (out.size() + (bits + 7) / 8 >= bytes.size()) return {};

    const auto codes = codes_of(lengths);
    std::uint64_t window = 0;
    unsigned filled = 0;
    for (const std::byte byte : bytes) {
        const auto symbol = std::to_integer<std::size_t>(byte);
        window = window << lengths[symbol] | codes[symbol];
        for (filled += lengths[symbol]; filled >= 8; filled -= 8)
            out.byte(static_cast<std::byte>(window >> (filled - 8)));
    }
    if (filled > 0) out.byte(static_cast<std::byte>(window << (8 - filled)));
    return out.take();
}

/// The codes fill the space of codes, so that any bits can be read: but one alone has half of it.
bool is_complete(const Lengths& lengths) {
    std::uint64_t used = 0;
    std::size_t symbols = 0;
    for (const unsigned length : lengths) {
        if (length == 0) continue;
        used += std::uint64_t{1} << (length_max - length);
        ++symbols;
    }
    return used == std::uint64_t{1} << (symbols == 1 ? length_max - 1 : length_max);
}

struct Entry {
    std::uint8_t symbol = 0;
    std::uint8_t length = 0;
};
/// What the next `longest` bits begin with.
std::vector<Entry> table_of(const Lengths& lengths, unsigned longest) {
    std::vector<Entry> table(std::size_t{1} << longest);
    const auto codes = codes_of(lengths);
    for (std::size_t i = 0; i < 256; ++i) {
        if (lengths[i] == 0) continue;
        const unsigned rest = longest - lengths[i];
        const Entry entry{static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(lengths[i])};
        std::fill_n(table.begin() + static_cast<std::ptrdiff_t>(std::size_t{codes[i]} << rest),
                    std::size_t{1} << rest, entry);
    }
    return table;
}

Bytes read_coded(PackedReader& in, std::size_t count) {
    const Numbers numbers = read_numbers(in, 256);
    Lengths lengths{};
    for (std::size_t i = 0; i < numbers.size() && !in.failed(); ++i) {
        if (numbers[i] > length_max) in.fail();
        lengths[i] = static_cast<unsigned>(numbers[i]);
    }
    if (in.failed() || !is_complete(lengths) || count / 8 > in.left()) {
        in.fail();
        return {};
    }
    const unsigned longest = *std::max_element(lengths.begin(), lengths.end());
    assert(longest > 0);
    const std::vector<Entry> table = table_of(lengths, longest);
    const BytesView bits = in.rest();
    Bytes bytes(count);
    std::uint64_t window = 0;  // the bits not used yet are its highest
    unsigned filled = 0;
    std::size_t next = 0;
    const auto fill = [&] {
        for (; filled <= 56 && next < bits.size(); filled += 8)
            window |= std::to_integer<std::uint64_t>(bits[next++]) << (56 - filled);
    };
    for (std::byte& byte : bytes) {
        if (filled < longest) fill();
        const Entry& entry = table[static_cast<std::size_t>(window >> (64 - longest))];
        if (entry.length == 0 || entry.length > filled) {
            in.fail();
            return {};
        }
        window <<= entry.length;
        filled -= entry.length;
        byte = static_cast<std::byte>(entry.symbol);
    }
    // The bytes that were only looked at go back, and what is left of the last one is zero.
    next -= filled / 8;
    filled %= 8;
    if (filled > 0 && (std::to_integer<unsigned>(bits[next - 1]) & ((1U << filled) - 1)) != 0)
        in.fail();
    (void)in.raw(next);
    return bytes;
}

}  // namespace

void write_bytes(PackedWriter& out, BytesView bytes) {
    if (bytes.size() < plain_max) {
        out.raw(bytes);
        return;
    }
    const Weights weights = weights_of(bytes);
    const Bytes shorter = coded_if_shorter(bytes, weights, lengths_for(weights));
    out.u64(shorter.empty() ? as_they_are : coded);
    out.raw(shorter.empty() ? bytes : BytesView(shorter));
}

Bytes read_any_bytes(PackedReader& in, std::uint64_t announced) {
    if (announced > bytes_max) {
        in.fail();
        return {};
    }
    const auto count = static_cast<std::size_t>(announced);
    const std::uint64_t form = count < plain_max ? as_they_are : in.u64(coded);
    if (form == coded) return read_coded(in, count);
    const BytesView view = in.raw(count);
    return Bytes(view.begin(), view.end());
}

Bytes read_bytes(PackedReader& in, std::uint64_t announced) {
    const std::size_t before = in.left();
    Bytes bytes = read_any_bytes(in, announced);
    if (in.failed() || bytes.size() < plain_max) return bytes;
    const BytesView spelling = in.behind(before - in.left());
    PackedWriter only;
    write_bytes(only, bytes);
    const BytesView expected = only.view();
    if (!std::equal(expected.begin(), expected.end(), spelling.begin(), spelling.end())) in.fail();
    return bytes;
}

}  // namespace syncline::wire

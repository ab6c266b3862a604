// The inputs of the core benchmark: one seeded generator, so that every engine, in every language,
// is given the same keys, values and edits in the same order. bench/peers/workloads.mjs is its
// twin, line by line; checksum.cpp and bench/peers/checksum.mjs print equal lines, or one is wrong.
//
// All arithmetic is on 32 bits without sign, which JavaScript can follow. What differs between
// workloads is the seed and the order of the draws, so both are part of the definitions below. The
// order in which expressions draw is spelled out in statements: C++ leaves it open inside a call.
#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace syncline::bench {

/// A counter run through the finalizer of MurmurHash3 (Appleby, public domain), as in SplitMix
/// (Steele, Lea, Flood 2014) on 32 bits. Not for anything but making test data.
class Random {
public:
    /// `below` is exact in a double, and so in JavaScript, up to this bound.
    static constexpr std::uint32_t bound_max = std::uint32_t{1} << 21;

    explicit Random(std::uint32_t seed) : state_(seed) {}

    [[nodiscard]] std::uint32_t next() {
        state_ += 0x9e3779b9U;
        std::uint32_t mixed = state_;
        mixed = (mixed ^ (mixed >> 16)) * 0x85ebca6bU;
        mixed = (mixed ^ (mixed >> 13)) * 0xc2b2ae35U;
        return mixed ^ (mixed >> 16);
    }
    /// In [0, bound): the high half of next() * bound.
    [[nodiscard]] std::uint32_t below(std::uint32_t bound) {
        assert(bound > 0 && bound <= bound_max);
        return static_cast<std::uint32_t>((std::uint64_t{next()} * bound) >> 32);
    }
    /// A letter from a to z.
    [[nodiscard]] char letter() { return static_cast<char>('a' + below(26)); }
    [[nodiscard]] std::string letters(std::size_t count) {
        std::string text(count, ' ');
        for (char& c : text) c = letter();
        return text;
    }
    /// Three to nine letters; the length is drawn first.
    [[nodiscard]] std::string word() { return letters(3 + below(7)); }
    /// 0 … count-1 in a drawn order (Fisher-Yates, from the end).
    [[nodiscard]] std::vector<std::uint32_t> shuffled(std::uint32_t count) {
        std::vector<std::uint32_t> order(count);
        std::iota(order.begin(), order.end(), 0U);
        for (std::uint32_t i = count; i-- > 1;) std::swap(order[i], order[below(i + 1)]);
        return order;
    }

private:
    std::uint32_t state_;
};

inline constexpr std::uint32_t replica_count = 8;
inline constexpr std::uint32_t value_bound = 1'000'000;

// ---- W1: a counter ----
//
// Seed 1001. n increments by 1, each a change of its own, in the order given; each is made at the
// replica drawn, below(8). Nothing is exchanged until all are made. Then every replica takes the
// delta of each of the seven others. The total is n everywhere.

[[nodiscard]] inline std::vector<std::uint32_t> w1_replicas(std::uint32_t n) {
    Random random(1001);
    std::vector<std::uint32_t> replicas(n);
    for (auto& replica : replicas) replica = random.below(replica_count);
    return replicas;
}

// ---- W2: a map of last-writer-wins registers ----
//
// One replica sets n registers of one map; the key is "k" and the decimal number, the value an
// integer below 1,000,000. Whether that is one change or n belongs to the row, not to the input.
// Spread: seed 1002, n keys, each set once: first the order of the keys, shuffled(n), is drawn and
// then one value a key. Hot: seed 1003, n sets over 1,000 keys; per set first the key, then the
// value.

struct MapSet {
    std::uint32_t key = 0;
    std::uint32_t value = 0;
};
[[nodiscard]] inline std::string map_key(std::uint32_t key) { return "k" + std::to_string(key); }

[[nodiscard]] inline std::vector<MapSet> w2_spread(std::uint32_t n) {
    Random random(1002);
    const std::vector<std::uint32_t> order = random.shuffled(n);
    std::vector<MapSet> sets(n);
    for (std::uint32_t i = 0; i < n; ++i) sets[i] = {order[i], random.below(value_bound)};
    return sets;
}
[[nodiscard]] inline std::vector<MapSet> w2_hot(std::uint32_t n, std::uint32_t keys = 1000) {
    Random random(1003);
    std::vector<MapSet> sets(n);
    for (auto& set : sets) {
        set.key = random.below(keys);
        set.value = random.below(value_bound);
    }
    return sets;
}

// ---- W3: a set with add and remove ----
//
// Seed 1004. n operations, each a change of its own, in the order given, on eight replicas that
// exchange nothing meanwhile. Per operation are drawn: the replica, below(8); the kind, an add when
// below(10) < 7; then the element. An add takes element below(n), which the replica may have
// already. A remove takes one the replica has: entry below(count) of the list of its elements, kept
// in the order of adding, and filled from the end when one is taken out. Without elements it is
// an add. The element's text is "e" and the decimal number. Afterwards every replica takes the
// deltas of the seven others: 56 in all, and all replicas must end equal.
//
// Left: seed 1005. At one replica elements 0 … n-1 are added in one drawn order, then removed in
// another, each a change. The set is empty; counted are the bytes of the saved document.

enum class SetKind : std::uint8_t { add, remove };
struct SetOperation {
    std::uint32_t replica = 0;
    SetKind kind = SetKind::add;
    std::uint32_t element = 0;
};
[[nodiscard]] inline std::string set_element(std::uint32_t element) {
    return "e" + std::to_string(element);
}

[[nodiscard]] inline std::vector<SetOperation> w3_operations(std::uint32_t n) {
    Random random(1004);
    std::array<std::vector<std::uint32_t>, replica_count> elements;
    std::array<std::vector<bool>, replica_count> has;
    has.fill(std::vector<bool>(n));
    std::vector<SetOperation> operations(n);
    for (auto& operation : operations) {
        operation.replica = random.below(replica_count);
        operation.kind = random.below(10) < 7 ? SetKind::add : SetKind::remove;
        auto& own = elements[operation.replica];
        auto& own_has = has[operation.replica];
        if (own.empty()) operation.kind = SetKind::add;
        if (operation.kind == SetKind::add) {
            operation.element = random.below(n);
            if (!own_has[operation.element]) own.push_back(operation.element);
            own_has[operation.element] = true;
        } else {
            const std::uint32_t entry = random.below(static_cast<std::uint32_t>(own.size()));
            operation.element = own[entry];
            own[entry] = own.back();
            own.pop_back();
            own_has[operation.element] = false;
        }
    }
    return operations;
}

struct AddedAndRemoved {
    std::vector<std::uint32_t> added;
    std::vector<std::uint32_t> removed;
};
[[nodiscard]] inline AddedAndRemoved w3_left(std::uint32_t n) {
    Random random(1005);
    AddedAndRemoved left;
    left.added = random.shuffled(n);
    left.removed = random.shuffled(n);
    return left;
}

// ---- W5: two replicas that differ a little ----
//
// Both begin with the map of W2 spread over `keys` keys, set in one change at the left one and
// taken by the other as a delta. Seed 1006: keys are drawn with shuffled(keys); the first d/2 are
// set at the left replica, the next d/2 at the right one, each a change, to values that no key had
// before: 1,000,000 + below(1,000,000), drawn in the same order. Timed and weighed is what follows
// until both are equal.

struct TwoReplicas {
    std::vector<MapSet> base;
    std::vector<MapSet> left;
    std::vector<MapSet> right;
};
[[nodiscard]] inline TwoReplicas w5(std::uint32_t keys, std::uint32_t d) {
    assert(d <= keys && d % 2 == 0);
    TwoReplicas replicas;
    replicas.base = w2_spread(keys);
    Random random(1006);
    const std::vector<std::uint32_t> order = random.shuffled(keys);
    for (std::uint32_t i = 0; i < d; ++i) {
        auto& side = i < d / 2 ? replicas.left : replicas.right;
        side.push_back({order[i], value_bound + random.below(value_bound)});
    }
    return replicas;
}

// ---- B1: one user ----
//
// After the kinds of crdt-benchmarks, drawn by our own generator. Seed 1100 + kind. Every edit is a
// change with an encoded update; a second replica then takes the updates one by one.
//
//   text  1  n letters, appended one by one       5  n words, each at position below(length + 1)
//         2  n letters, inserted at once          6  n letters inserted at once, then erased at
//         once 3  n letters, each put in front         7  n edits: a word at below(length + 1) when
//         4  n letters, each at below(length+1)      below(2) is 0 or the text is empty, else
//                                                    1 + below(9) letters erased, or up to the
//                                                    end, at below(length)
//   list  8  n numbers appended                  10  n numbers, each put in front
//         9  n numbers inserted at once          11  n numbers, each at index below(length + 1)
//
// Numbers are below(1,000,000). A position is drawn before what is inserted there or how much is
// erased, the coin of kind 7 before both.

struct TextEdit {
    std::uint32_t position = 0;
    std::uint32_t erased = 0;
    std::string inserted;
};
struct ListInsert {
    std::uint32_t index = 0;
    std::vector<std::uint32_t> values;
};

/// Edits that insert letters or words at drawn positions of a text of `length` letters.
enum class Chunk : std::uint8_t { letter, word };
[[nodiscard]] inline std::vector<TextEdit> scattered(Random& random, std::uint32_t n,
                                                     std::uint32_t length, Chunk chunk) {
    std::vector<TextEdit> edits;
    for (std::uint32_t i = 0; i < n; ++i) {
        const std::uint32_t position = random.below(length + 1);
        edits.push_back({position, 0, chunk == Chunk::letter ? random.letters(1) : random.word()});
        length += static_cast<std::uint32_t>(edits.back().inserted.size());
    }
    return edits;
}
/// Kind 7: insertions and erasures of a text of `length` letters.
[[nodiscard]] inline std::vector<TextEdit> mixed(Random& random, std::uint32_t n,
                                                 std::uint32_t length) {
    std::vector<TextEdit> edits;
    for (std::uint32_t i = 0; i < n; ++i) {
        const bool inserts = random.below(2) == 0;
        if (inserts || length == 0) {
            const std::uint32_t position = random.below(length + 1);
            edits.push_back({position, 0, random.word()});
        } else {
            const std::uint32_t position = random.below(length);
            const std::uint32_t erased = std::min(1 + random.below(9), length - position);
            edits.push_back({position, erased, {}});
        }
        length =
            length - edits.back().erased + static_cast<std::uint32_t>(edits.back().inserted.size());
    }
    return edits;
}

/// `kind` is 1 to 7.
[[nodiscard]] inline std::vector<TextEdit> b1_text(std::uint32_t kind, std::uint32_t n) {
    assert(kind >= 1 && kind <= 7);
    Random random(1100 + kind);
    std::vector<TextEdit> edits;
    if (kind == 1) {
        for (std::uint32_t i = 0; i < n; ++i) edits.push_back({i, 0, random.letters(1)});
    } else if (kind == 2) {
        edits.push_back({0, 0, random.letters(n)});
    } else if (kind == 3) {
        for (std::uint32_t i = 0; i < n; ++i) edits.push_back({0, 0, random.letters(1)});
    } else if (kind == 4) {
        edits = scattered(random, n, 0, Chunk::letter);
    } else if (kind == 5) {
        edits = scattered(random, n, 0, Chunk::word);
    } else if (kind == 6) {
        edits.push_back({0, 0, random.letters(n)});
        edits.push_back({0, n, {}});
    } else {
        edits = mixed(random, n, 0);
    }
    return edits;
}
/// `kind` is 8 to 11.
[[nodiscard]] inline std::vector<ListInsert> b1_list(std::uint32_t kind, std::uint32_t n) {
    assert(kind >= 8 && kind <= 11);
    Random random(1100 + kind);
    std::vector<ListInsert> inserts;
    if (kind == 9) inserts.push_back({0, {}});
    for (std::uint32_t i = 0; i < n; ++i) {
        const std::uint32_t index = kind == 8 ? i : kind == 11 ? random.below(i + 1) : 0;
        const std::uint32_t value = random.below(value_bound);
        if (kind == 9) {
            inserts.front().values.push_back(value);
        } else {
            inserts.push_back({index, {value}});
        }
    }
    return inserts;
}

// ---- B2: two users ----
//
// Seed 1200 + kind. A text of 100 letters, drawn first, is known to both. Then each user makes its
// edits without the other's, user 0's drawn before user 1's, each a change with an encoded update:
//   1  n letters inserted at once, in front       3  n words at drawn positions
//   2  n letters at drawn positions               4  n edits as in B1 kind 7
// Then each takes the other's updates one by one, and both must end equal.

struct TwoUsers {
    std::string initial;
    std::array<std::vector<TextEdit>, 2> users;
};
[[nodiscard]] inline TwoUsers b2(std::uint32_t kind, std::uint32_t n) {
    assert(kind >= 1 && kind <= 4);
    constexpr std::uint32_t initial_length = 100;
    Random random(1200 + kind);
    TwoUsers both;
    both.initial = random.letters(initial_length);
    for (auto& edits : both.users) {
        if (kind == 1) {
            edits.push_back({0, 0, random.letters(n)});
        } else if (kind == 4) {
            edits = mixed(random, n, initial_length);
        } else {
            edits = scattered(random, n, initial_length, kind == 2 ? Chunk::letter : Chunk::word);
        }
    }
    return both;
}

// ---- B3: many users ----
//
// Seed 1300 + kind. 20 times the root of n (rounded down: 1,540 for n = 6,000) clients, each with a
// replica of its own that has seen nothing, make one change at once:
//   1  set key "v" of the map to a number, below(1,000,000)
//   2  set key "v" to an object {"name": word, "address": word}, name drawn first
//   3  set key "v" to a string of as many letters as the root of n
//   4  put a word in front of the list
// One more replica takes the updates one by one, in the order of the clients.

[[nodiscard]] inline std::uint32_t b3_root(std::uint32_t n) {
    std::uint32_t root = 0;
    while (std::uint64_t{root + 1} * (root + 1) <= n) ++root;
    return root;
}
/// What one client writes: a number for kind 1, one text for 3 and 4, two for 2.
struct ClientWrite {
    std::uint32_t number = 0;
    std::vector<std::string> texts;
};
[[nodiscard]] inline std::vector<ClientWrite> b3(std::uint32_t kind, std::uint32_t n) {
    assert(kind >= 1 && kind <= 4);
    Random random(1300 + kind);
    const std::uint32_t root = b3_root(n);
    std::vector<ClientWrite> writes(std::size_t{20} * root);
    for (auto& write : writes) {
        if (kind == 1) write.number = random.below(value_bound);
        if (kind == 3) write.texts.push_back(random.letters(root));
        if (kind == 2 || kind == 4) write.texts.push_back(random.word());
        if (kind == 2) write.texts.push_back(random.word());
    }
    return writes;
}

}  // namespace syncline::bench

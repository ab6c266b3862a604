// Prints a checksum of each generated input, one a line: "name n checksum".
// `node bench/peers/checksum.mjs` must print the same.

#include "workloads.hpp"

#include <cinttypes>
#include <cstdio>
#include <string>
#include <vector>

namespace {

using namespace syncline::bench;

/// FNV-1a on 32 bits. A number counts as four bytes, low first; a text as its length and its bytes.
class Checksum {
public:
    void add(std::uint32_t number) {
        for (int shift = 0; shift < 32; shift += 8) add_byte((number >> shift) & 0xffU);
    }
    void add(const std::string& text) {
        add(static_cast<std::uint32_t>(text.size()));
        for (const char c : text) add_byte(static_cast<unsigned char>(c));
    }
    void add(const MapSet& set) {
        add(map_key(set.key));
        add(set.value);
    }
    void add(const SetOperation& operation) {
        add(operation.replica);
        add(operation.kind == SetKind::add ? 1U : 0U);
        add(set_element(operation.element));
    }
    void add(const TextEdit& edit) {
        add(edit.position);
        add(edit.erased);
        add(edit.inserted);
    }
    void add(const ListInsert& insert) {
        add(insert.index);
        add(insert.values);
    }
    void add(const ClientWrite& write) {
        add(write.number);
        add(write.texts);
    }
    template <typename T>
    void add(const std::vector<T>& all) {
        add(static_cast<std::uint32_t>(all.size()));
        for (const T& one : all) add(one);
    }
    [[nodiscard]] std::uint32_t value() const { return value_; }

private:
    void add_byte(std::uint32_t byte) { value_ = (value_ ^ byte) * 16777619U; }

    std::uint32_t value_ = 2166136261U;
};

template <typename... Parts>
void print(const std::string& name, std::uint32_t n, const Parts&... parts) {
    Checksum checksum;
    (checksum.add(parts), ...);
    std::printf("%s %" PRIu32 " %08" PRIx32 "\n", name.c_str(), n, checksum.value());
}

}  // namespace

int main() {
    for (const std::uint32_t n : {1'000U, 100'000U}) {
        print("w1", n, w1_replicas(n));
        print("w2.spread", n, w2_spread(n));
        print("w2.hot", n, w2_hot(n));
    }
    for (const std::uint32_t n : {10'000U, 100'000U}) print("w3", n, w3_operations(n));
    const AddedAndRemoved left = w3_left(10'000);
    print("w3.left", 10'000, left.added, left.removed);
    for (const std::uint32_t d : {10U, 1'000U, 10'000U}) {
        const TwoReplicas replicas = w5(100'000, d);
        print("w5", d, replicas.base, replicas.left, replicas.right);
    }
    constexpr std::uint32_t n = 6'000;
    for (std::uint32_t kind = 1; kind <= 7; ++kind) {
        print("b1." + std::to_string(kind), n, b1_text(kind, n));
    }
    for (std::uint32_t kind = 8; kind <= 11; ++kind) {
        print("b1." + std::to_string(kind), n, b1_list(kind, n));
    }
    for (std::uint32_t kind = 1; kind <= 4; ++kind) {
        const TwoUsers both = b2(kind, n);
        print("b2." + std::to_string(kind), n, both.initial, both.users[0], both.users[1]);
    }
    for (std::uint32_t kind = 1; kind <= 4; ++kind) {
        print("b3." + std::to_string(kind), n, b3(kind, n));
    }
}

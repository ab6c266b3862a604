#include "syncline/document/digest.hpp"

#include "syncline/codec/writer.hpp"

namespace syncline {

namespace {

std::array<std::uint64_t, 2> words_of(const DocumentKey& key, BytesView state) {
    wire::Writer out;
    out.array(3).text(key.collection).text(key.id).binary(state);
    const Hash hash = hash_of(out.view());
    std::array<std::uint64_t, 2> words{};
    for (std::size_t i = 0; i < 16; ++i) {
        words[i / 8] |= std::to_integer<std::uint64_t>(hash.bytes[i]) << (8 * (i % 8));
    }
    return words;
}

void add_words(std::array<std::uint64_t, 2>& sum, const std::array<std::uint64_t, 2>& words) {
    sum[0] += words[0];
    sum[1] += words[1] + (sum[0] < words[0] ? 1 : 0);
}

}  // namespace

void Digest::add(const DocumentKey& key, BytesView state) {
    if (!state.empty()) add_words(sum_, words_of(key, state));
}

void Digest::remove(const DocumentKey& key, BytesView state) {
    if (state.empty()) return;
    std::array<std::uint64_t, 2> words = words_of(key, state);
    words = {~words[0] + 1, ~words[1] + (words[0] == 0 ? 1 : 0)};  // two's complement
    add_words(sum_, words);
}

void Digest::add(const Digest& other) { add_words(sum_, other.sum_); }

Hash Digest::value() const {
    Hash hash;
    for (std::size_t i = 0; i < 16; ++i) {
        hash.bytes[i] = static_cast<std::byte>((sum_[i / 8] >> (8 * (i % 8))) & 0xFF);
    }
    return hash;
}

}  // namespace syncline

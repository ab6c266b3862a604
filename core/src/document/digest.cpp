#include "syncline/document/digest.hpp"

#include "syncline/codec/writer.hpp"

namespace syncline {

namespace {

Digest of(const DocumentKey& document, BytesView state) {
    if (state.empty()) return {};
    wire::Writer out;
    out.array(3).text(document.collection).text(document.id).binary(state);
    return Digest::from(hash_of(out.view()));
}

}  // namespace

void Digest::add(const DocumentKey& document, BytesView state) { add(of(document, state)); }

void Digest::remove(const DocumentKey& document, BytesView state) {
    const Digest gone = of(document, state);
    high_ -= gone.high_ + (low_ < gone.low_ ? 1 : 0);
    low_ -= gone.low_;
}

void Digest::add(const Digest& other) {
    low_ += other.low_;
    high_ += other.high_ + (low_ < other.low_ ? 1 : 0);
}

Hash Digest::value() const {
    Hash value;
    for (std::size_t i = 0; i < 16; ++i) {
        const std::uint64_t word = i < 8 ? low_ : high_;
        value.bytes[i] = static_cast<std::byte>((word >> (8 * (i % 8))) & 0xFF);
    }
    return value;
}

Digest Digest::from(const Hash& value) {
    Digest digest;
    for (std::size_t i = 0; i < 16; ++i) {
        std::uint64_t& word = i < 8 ? digest.low_ : digest.high_;
        word |= std::to_integer<std::uint64_t>(value.bytes[i]) << (8 * (i % 8));
    }
    return digest;
}

}  // namespace syncline

#include "syncline/codec/writer.hpp"

#include <msgpack/pack.hpp>

#include <cstring>

namespace syncline::wire {

namespace {

/// What msgpack-c's packer writes to.
struct Sink {
    Bytes& bytes;
    void write(const char* data, std::size_t size) {
        const auto* begin = reinterpret_cast<const std::byte*>(data);
        bytes.insert(bytes.end(), begin, begin + size);
    }
};

template <typename Use>
void with_packer(Bytes& bytes, Use use) {
    Sink sink{bytes};
    msgpack::packer<Sink> packer(sink);
    use(packer);
}

std::uint32_t size32(std::size_t size) { return static_cast<std::uint32_t>(size); }

}  // namespace

Writer& Writer::array(std::size_t count) {
    with_packer(bytes_, [&](auto& p) { p.pack_array(size32(count)); });
    return *this;
}
Writer& Writer::map(std::size_t count) {
    with_packer(bytes_, [&](auto& p) { p.pack_map(size32(count)); });
    return *this;
}
Writer& Writer::nil() {
    with_packer(bytes_, [](auto& p) { p.pack_nil(); });
    return *this;
}
Writer& Writer::boolean(bool value) {
    with_packer(bytes_, [&](auto& p) { value ? p.pack_true() : p.pack_false(); });
    return *this;
}
Writer& Writer::u64(std::uint64_t value) {
    with_packer(bytes_, [&](auto& p) { p.pack_uint64(value); });
    return *this;
}
Writer& Writer::i64(std::int64_t value) {
    with_packer(bytes_, [&](auto& p) { p.pack_int64(value); });
    return *this;
}
Writer& Writer::real(double value) {
    // Not pack_double: it turns every integral real into an integer, 2^60 too, which is another
    // value.
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    bytes_.push_back(std::byte{0xCB});
    for (int shift = 56; shift >= 0; shift -= 8) {
        bytes_.push_back(static_cast<std::byte>((bits >> shift) & 0xFF));
    }
    return *this;
}
Writer& Writer::text(std::string_view value) {
    with_packer(bytes_, [&](auto& p) {
        p.pack_str(size32(value.size()));
        p.pack_str_body(value.data(), size32(value.size()));
    });
    return *this;
}
Writer& Writer::binary(BytesView value) {
    with_packer(bytes_, [&](auto& p) {
        p.pack_bin(size32(value.size()));
        p.pack_bin_body(as_text(value).data(), size32(value.size()));
    });
    return *this;
}
Writer& Writer::raw(BytesView value) {
    bytes_.insert(bytes_.end(), value.begin(), value.end());
    return *this;
}

}  // namespace syncline::wire

#include "glance.hpp"

namespace syncline::load {

namespace {

/// Reads MessagePack of which it knows the shape; zeros behind the end.
class Cursor {
public:
    explicit Cursor(std::string_view bytes) : bytes_(bytes) {}
    unsigned byte() {
        if (at_ >= bytes_.size()) return 0;
        return static_cast<unsigned char>(bytes_[at_++]);
    }
    std::uint64_t big_endian(int width) {
        std::uint64_t value = 0;
        for (int i = 0; i < width; ++i) value = value << 8 | byte();
        return value;
    }
    std::uint64_t u64() {
        const unsigned head = byte();
        return head < 0x80                    ? head
               : head >= 0xcc && head <= 0xcf ? big_endian(1 << (head - 0xcc))
                                              : 0;
    }
    std::uint64_t array() {
        const unsigned head = byte();
        return (head & 0xf0U) == 0x90 ? (head & 0x0fU)
               : head == 0xdc         ? big_endian(2)
                                      : big_endian(4);
    }
    void text() {
        const unsigned head = byte();
        at_ += (head & 0xe0U) == 0xa0 ? (head & 0x1fU) : byte();
    }
    void binary_head() {
        const unsigned head = byte();
        at_ += head == 0xc4 ? 1 : head == 0xc5 ? 2 : 4;
    }

private:
    std::string_view bytes_;
    std::size_t at_ = 0;
};

}  // namespace

Glance glance_at(std::string_view payload) {
    Cursor in(payload);
    in.byte();  // map
    in.byte();  // 0: the kind
    Glance glance;
    glance.kind = in.byte();
    if (glance.kind == changes) {
        in.byte();
        in.text();
        in.byte();
        in.array();
        in.byte();
        glance.number = in.u64();
        in.u64();
        in.binary_head();
        glance.count = (in.array() - 1) / 2;
    } else if (glance.kind == accepted) {
        in.byte();
        in.text();
        in.byte();
        in.byte();
        glance.number = in.u64();
    }
    return glance;
}

}  // namespace syncline::load

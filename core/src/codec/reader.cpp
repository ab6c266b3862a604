#include "syncline/codec/reader.hpp"

#include <msgpack/null_visitor.hpp>
#include <msgpack/unpack.hpp>

namespace syncline::wire {

namespace {

std::size_t header_size(std::size_t count) { return count < 16 ? 1 : (count < 65'536 ? 3 : 5); }
std::size_t text_header_size(std::size_t size) {
    return size < 32 ? 1 : (size < 256 ? 2 : (size < 65'536 ? 3 : 5));
}
std::size_t binary_header_size(std::size_t size) {
    return size < 256 ? 2 : (size < 65'536 ? 3 : 5);
}
std::size_t unsigned_size(std::uint64_t v) {
    return v < 128 ? 1 : (v < 256 ? 2 : (v < 65'536 ? 3 : (v < (std::uint64_t{1} << 32) ? 5 : 9)));
}
std::size_t negative_size(std::int64_t v) {
    return v >= -32 ? 1 : (v >= -128 ? 2 : (v >= -32'768 ? 3 : (v >= -2'147'483'648LL ? 5 : 9)));
}

}  // namespace

/// Takes msgpack-c's events down as flat items. Returning false stops the parser.
struct Reader::Visitor : msgpack::null_visitor {
    Visitor(Reader& reader, const Limits& limits) : reader_(reader), limits_(limits) {}

    bool visit_nil() { return add(Kind::nil, 1); }
    bool visit_boolean(bool v) { return add(Kind::boolean, 1, v ? 1 : 0); }
    bool visit_positive_integer(std::uint64_t v) {
        return add(Kind::unsigned_int, unsigned_size(v), v);
    }
    bool visit_negative_integer(std::int64_t v) {
        if (v >= 0) return stop(ErrorCode::not_canonical);
        return add(Kind::negative_int, negative_size(v), static_cast<std::uint64_t>(v));
    }
    bool visit_float32(float) { return stop(ErrorCode::not_canonical); }
    bool visit_float64(double v) {
        if (!add(Kind::real, 9)) return false;
        reader_.values_.back().real = v;
        return true;
    }
    bool visit_str(const char* v, std::uint32_t size) {
        return add_bytes(Kind::text, text_header_size(size) + size, v, size);
    }
    bool visit_bin(const char* v, std::uint32_t size) {
        return add_bytes(Kind::binary, binary_header_size(size) + size, v, size);
    }
    bool visit_ext(const char*, std::uint32_t) { return stop(ErrorCode::malformed); }
    bool start_array(std::uint32_t count) { return open(Kind::array, count); }
    bool end_array() { return close(); }
    bool start_map(std::uint32_t count) { return open(Kind::map, count); }
    bool end_map() { return close(); }
    void parse_error(std::size_t, std::size_t) { stop(ErrorCode::malformed); }
    void insufficient_bytes(std::size_t, std::size_t) { stop(ErrorCode::truncated); }

    bool stop(ErrorCode code) {
        reader_.fail_with(code);
        return false;
    }
    bool add(Kind kind, std::size_t canonical, std::uint64_t number = 0, std::uint32_t size = 0) {
        if (reader_.values_.size() >= limits_.values_max) return stop(ErrorCode::too_large);
        Item& item = reader_.values_.emplace_back();
        item.kind = kind;
        item.size = size;
        item.number = number;
        canonical_bytes += canonical;
        return true;
    }
    bool add_bytes(Kind kind, std::size_t canonical, const char* data, std::uint32_t size) {
        if (!add(kind, canonical, 0, size)) return false;
        reader_.values_.back().data = data;
        return true;
    }
    bool open(Kind kind, std::uint32_t count) {
        if (++depth_ > limits_.depth_max) return stop(ErrorCode::too_deep);
        return add(kind, header_size(count), 0, count);
    }
    bool close() {
        --depth_;
        return true;
    }

    std::size_t canonical_bytes = 0;

private:
    Reader& reader_;
    const Limits& limits_;
    std::uint32_t depth_ = 0;
};

Reader::Reader(BytesView input, const Limits& limits) { parse(input, limits); }

void Reader::parse(BytesView input, const Limits& limits) {
    if (input.size() > limits.bytes_max) return fail_with(ErrorCode::too_large);
    if (input.empty()) return fail_with(ErrorCode::truncated);
    Visitor visitor(*this, limits);
    std::size_t offset = 0;
    bool complete = false;
    try {
        complete = msgpack::parse(reinterpret_cast<const char*>(input.data()), input.size(), offset,
                                  visitor);
    } catch (const std::exception&) {  // msgpack-c throws on sizes that overflow
        return fail_with(ErrorCode::malformed);
    }
    if (failed_) return;
    if (!complete) return fail_with(ErrorCode::truncated);
    if (offset != input.size()) return fail_with(ErrorCode::trailing_bytes);
    if (visitor.canonical_bytes != input.size()) fail_with(ErrorCode::not_canonical);
}

Reader::Kind Reader::peek() const {
    return failed_ || next_ == values_.size() ? Kind::none : values_[next_].kind;
}

const Reader::Item* Reader::take(Kind kind) {
    if (failed_) return nullptr;
    if (next_ == values_.size() || values_[next_].kind != kind) {
        fail_with(ErrorCode::malformed);
        return nullptr;
    }
    return &values_[next_++];
}

std::size_t Reader::array() {
    const Item* item = take(Kind::array);
    return item == nullptr ? 0 : item->size;
}

void Reader::array_of(std::size_t count) {
    const Item* item = take(Kind::array);
    if (item != nullptr && item->size != count) fail_with(ErrorCode::malformed);
}

std::size_t Reader::map() {
    const Item* item = take(Kind::map);
    return item == nullptr ? 0 : item->size;
}

void Reader::nil() { take(Kind::nil); }

bool Reader::boolean() {
    const Item* item = take(Kind::boolean);
    return item != nullptr && item->number != 0;
}

std::uint64_t Reader::u64(std::uint64_t max) {
    const Item* item = take(Kind::unsigned_int);
    if (item == nullptr) return 0;
    if (item->number > max) {
        fail_with(ErrorCode::out_of_range);
        return 0;
    }
    return item->number;
}

std::int64_t Reader::i64() {
    const Kind kind = peek();
    const Item* item = take(kind == Kind::negative_int ? Kind::negative_int : Kind::unsigned_int);
    if (item == nullptr) return 0;
    if (kind == Kind::unsigned_int && item->number > 0x7FFF'FFFF'FFFF'FFFFULL) {
        fail_with(ErrorCode::out_of_range);
        return 0;
    }
    return static_cast<std::int64_t>(item->number);
}

double Reader::real() {
    const Item* item = take(Kind::real);
    return item == nullptr ? 0 : item->real;
}

std::string_view Reader::text(std::size_t max_bytes) {
    const Item* item = take(Kind::text);
    if (item == nullptr) return {};
    const std::string_view value(item->data, item->size);
    if (value.size() > max_bytes) {
        fail_with(ErrorCode::too_large);
        return {};
    }
    if (!is_utf8(value)) {
        fail_with(ErrorCode::invalid_utf8);
        return {};
    }
    return value;
}

BytesView Reader::binary(std::size_t max_bytes) {
    const Item* item = take(Kind::binary);
    if (item == nullptr) return {};
    if (item->size > max_bytes) {
        fail_with(ErrorCode::too_large);
        return {};
    }
    return as_bytes(std::string_view(item->data, item->size));
}

BytesView Reader::binary_of(std::size_t size) {
    const BytesView value = binary(size);
    if (!failed_ && value.size() != size) fail_with(ErrorCode::malformed);
    return failed_ ? BytesView{} : value;
}

void Reader::skip() {
    for (std::size_t left = 1; left > 0 && !failed_; --left) {
        if (next_ == values_.size()) return fail_with(ErrorCode::malformed);
        const Item& item = values_[next_++];
        if (item.kind == Kind::array) left += item.size;
        if (item.kind == Kind::map) left += std::size_t{2} * item.size;
    }
}

void Reader::fail_with(ErrorCode code) {
    if (failed_) return;
    failed_ = true;
    code_ = code;
}

bool is_utf8(std::string_view text) {
    const auto* p = reinterpret_cast<const unsigned char*>(text.data());
    const auto* end = p + text.size();
    const auto continues = [&](std::ptrdiff_t i) { return (p[i] & 0xC0) == 0x80; };
    while (p != end) {
        const unsigned char lead = *p;
        const std::ptrdiff_t left = end - p;
        if (lead < 0x80) {
            ++p;
        } else if (lead >= 0xC2 && lead <= 0xDF) {
            if (left < 2 || !continues(1)) return false;
            p += 2;
        } else if (lead >= 0xE0 && lead <= 0xEF) {
            if (left < 3 || !continues(1) || !continues(2)) return false;
            if (lead == 0xE0 && p[1] < 0xA0) return false;  // a longer form than needed
            if (lead == 0xED && p[1] > 0x9F) return false;  // a surrogate
            p += 3;
        } else if (lead >= 0xF0 && lead <= 0xF4) {
            if (left < 4 || !continues(1) || !continues(2) || !continues(3)) return false;
            if (lead == 0xF0 && p[1] < 0x90) return false;
            if (lead == 0xF4 && p[1] > 0x8F) return false;  // above U+10FFFF
            p += 4;
        } else {
            return false;
        }
    }
    return true;
}

}  // namespace syncline::wire

#pragma once

#include "syncline/bytes.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace syncline::wire {

/// A column of numbers inside a binary field: seven bits a byte, lowest first, the eighth bit set
/// on all but a number's last byte (LEB128). What MessagePack spells out for each number is too
/// much where there are many small ones.
class PackedWriter {
public:
    PackedWriter() = default;
    /// Makes room at once for what is expected to be written.
    explicit PackedWriter(std::size_t bytes) { bytes_.reserve(bytes); }

    PackedWriter& u64(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<std::byte>(value | 0x80));
        bytes_.push_back(static_cast<std::byte>(value));
        return *this;
    }
    /// Small magnitudes of either sign: 0, -1, 1, -2, … as 0, 1, 2, 3, …
    PackedWriter& i64(std::int64_t value) {
        const auto bits = static_cast<std::uint64_t>(value);
        return u64((bits << 1) ^ (value < 0 ? ~std::uint64_t{0} : 0));
    }
    /// The signed difference of two numbers, modulo 2^64.
    PackedWriter& step(std::uint64_t from, std::uint64_t to) {
        return i64(static_cast<std::int64_t>(to - from));
    }
    PackedWriter& raw(BytesView bytes) {
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
        return *this;
    }

    PackedWriter& byte(std::byte value) {
        bytes_.push_back(value);
        return *this;
    }
    /// The lowest `size` bytes, lowest first.
    PackedWriter& word(std::uint64_t value, std::size_t size) {
        std::array<std::byte, 8> bytes;
        for (std::byte& byte : bytes) {
            byte = static_cast<std::byte>(value);
            value >>= 8;
        }
        return raw(BytesView(bytes).first(size));
    }

    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    [[nodiscard]] BytesView view() const { return bytes_; }
    [[nodiscard]] Bytes take() { return std::move(bytes_); }

private:
    Bytes bytes_;
};

/// Reads such a column. The first failure sticks and every later read gives 0: a number that is cut
/// off, has more bits than 64 or a last byte of zero (a longer spelling than needed), or is out of
/// its range.
class PackedReader {
public:
    explicit PackedReader(BytesView bytes) : bytes_(bytes) {}

    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] bool at_end() const { return next_ == bytes_.size(); }
    [[nodiscard]] std::size_t left() const { return bytes_.size() - next_; }

    std::uint64_t u64(std::uint64_t max = ~std::uint64_t{0}) {
        std::uint64_t value = 0;
        for (unsigned shift = 0; next_ < bytes_.size() && !failed_; shift += 7) {
            const auto byte = static_cast<std::uint64_t>(bytes_[next_++]);
            if (shift == 63 && byte > 1) break;
            value |= (byte & 0x7F) << shift;
            if (byte < 0x80) {
                if ((byte == 0 && shift > 0) || value > max) break;
                return value;
            }
        }
        fail();
        return 0;
    }
    std::int64_t i64() {
        const std::uint64_t bits = u64();
        return static_cast<std::int64_t>((bits >> 1) ^ (0 - (bits & 1)));
    }
    /// The number that lies this step from `from`, in 1..max.
    std::uint64_t step(std::uint64_t from, std::uint64_t max) {
        const std::uint64_t value = from + static_cast<std::uint64_t>(i64());
        if (value == 0 || value > max) fail();
        return failed_ ? 0 : value;
    }
    BytesView raw(std::size_t size) {
        if (failed_ || size > left()) {
            fail();
            return {};
        }
        const BytesView some = bytes_.subspan(next_, size);
        next_ += size;
        return some;
    }
    std::uint64_t byte() {
        if (failed_ || at_end()) {
            fail();
            return 0;
        }
        return static_cast<std::uint64_t>(bytes_[next_++]);
    }
    /// What is not read yet, and the last `size` bytes that were.
    [[nodiscard]] BytesView rest() const { return bytes_.subspan(next_); }
    [[nodiscard]] BytesView behind(std::size_t size) const {
        return bytes_.subspan(next_ - size, size);
    }
    void fail() { failed_ = true; }

private:
    BytesView bytes_;
    std::size_t next_ = 0;
    bool failed_ = false;
};

}  // namespace syncline::wire

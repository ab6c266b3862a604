#pragma once

#include "syncline/bytes.hpp"
#include "syncline/codec/limits.hpp"
#include "syncline/result.hpp"

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace syncline::wire {

/// Reads canonical MessagePack the way its schema reads: ask for the shape, get the value. The
/// first failure sticks, every later read gives zero or nothing, `finish` reports it.
///
/// Canonical means the shortest form of every header and integer. msgpack-c's visitor does not show
/// which form it met, but the shortest forms are also the only ones whose sizes sum to the input's,
/// so the sum is what is checked (and an integer written as signed though it is not negative).
///
/// Memory   16 bytes a value, bounded by `Limits::values_max`; text and binary are views into the
///          input, which must outlive the reader.
/// Cost     One pass of msgpack-c, then O(1) a call.
class Reader {
public:
    enum class Kind : std::uint8_t {
        nil,
        boolean,
        unsigned_int,
        negative_int,
        real,
        text,
        binary,
        array,
        map,
        none
    };

    Reader(BytesView input, const Limits& limits);

    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] ErrorCode code() const { return code_; }
    /// The kind of the next value; `none` at the end and after a failure.
    [[nodiscard]] Kind peek() const;

    std::size_t array();
    void array_of(std::size_t count);
    std::size_t map();
    void nil();
    bool boolean();
    /// An integer of 0..max.
    std::uint64_t u64(std::uint64_t max = ~std::uint64_t{0});
    std::int64_t i64();
    double real();
    /// Well-formed UTF-8 of at most `max_bytes`.
    std::string_view text(std::size_t max_bytes);
    BytesView binary(std::size_t max_bytes);
    /// Binary of exactly `size` bytes.
    BytesView binary_of(std::size_t size);
    /// Passes over one value, whatever is in it.
    void skip();

    /// Fails with `code` unless `condition` holds.
    void require(bool condition, ErrorCode code) {
        if (!condition) fail_with(code);
    }
    void fail_with(ErrorCode code);

    /// `value`, if all went well and nothing is left over.
    template <typename T>
    [[nodiscard]] Result<T> finish(T value) {
        if (!failed_ && next_ != values_.size()) fail_with(ErrorCode::trailing_bytes);
        if (failed_)
            return fail(code_,
                        std::string(name_of(code_)) + " (value " + std::to_string(next_) + ")");
        return value;
    }

private:
    struct Visitor;
    struct Item {
        Kind kind = Kind::none;
        std::uint32_t size = 0;  // of text, binary, array, map
        union {
            std::uint64_t number;
            double real;
            const char* data;
        };
        Item() : number(0) {}
    };
    void parse(BytesView input, const Limits& limits);
    const Item* take(Kind kind);

    std::vector<Item> values_;
    std::size_t next_ = 0;
    bool failed_ = false;
    ErrorCode code_ = ErrorCode::malformed;
};

[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace syncline::wire

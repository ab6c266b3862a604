#pragma once

#include "syncline/bytes.hpp"

#include <cstdint>
#include <string_view>

namespace syncline::wire {

/// Appends canonical MessagePack: always the shortest form. The caller keeps the counts it
/// announces. Cost: amortised O(bytes).
class Writer {
public:
    Writer& array(std::size_t count);
    Writer& map(std::size_t count);
    Writer& nil();
    Writer& boolean(bool value);
    Writer& u64(std::uint64_t value);
    Writer& i64(std::int64_t value);
    Writer& real(double value);
    Writer& text(std::string_view value);
    Writer& binary(BytesView value);
    /// Bytes that are canonical MessagePack already.
    Writer& raw(BytesView value);

    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    [[nodiscard]] BytesView view() const { return bytes_; }
    [[nodiscard]] Bytes take() { return std::move(bytes_); }

private:
    Bytes bytes_;
};

}  // namespace syncline::wire

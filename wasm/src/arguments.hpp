#pragma once

#include "syncline/document/value.hpp"
#include "syncline/result.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace syncline::wasm {

/// A call's arguments, from 1. The first that is not what was asked for sticks; later ones read as
/// empty.
class Arguments {
public:
    explicit Arguments(const Value::Array& request) : request_(request) {}

    [[nodiscard]] bool has(std::size_t index) const {
        return index < request_.size() && !request_[index].is_null();
    }
    [[nodiscard]] const Value& value(std::size_t index) const {
        static const Value none;
        return index < request_.size() ? request_[index] : none;
    }
    [[nodiscard]] const std::string& text(std::size_t index) const {
        static const std::string none;
        const std::string* text = value(index).text();
        if (text == nullptr) wrong(index, "a text");
        return text == nullptr ? none : *text;
    }
    [[nodiscard]] std::string text_or(std::size_t index, const char* otherwise) const {
        return has(index) ? text(index) : std::string(otherwise);
    }
    /// Up to 2^53.
    [[nodiscard]] std::uint64_t number(std::size_t index) const {
        const std::int64_t* number = value(index).integer();
        if (number != nullptr && *number >= 0) return static_cast<std::uint64_t>(*number);
        wrong(index, "a number of 0 or more");
        return 0;
    }
    [[nodiscard]] std::uint64_t number_or(std::size_t index, std::uint64_t otherwise) const {
        return has(index) ? number(index) : otherwise;
    }
    [[nodiscard]] Result<> good() const {
        if (error_) return tl::unexpected(*error_);
        return {};
    }

private:
    void wrong(std::size_t index, const char* wanted) const {
        if (error_) return;
        error_ = Error{ErrorCode::invalid_argument,
                       "argument " + std::to_string(index) + " is not " + wanted};
    }

    const Value::Array& request_;
    mutable std::optional<Error> error_;
};

}  // namespace syncline::wasm

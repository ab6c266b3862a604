#pragma once

#include "syncline/document/value.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace syncline {

/// Reads the words of a JSON text (RFC 8259) one after the other: strings, numbers, literals and
/// punctuation. Allocates for the strings it gives back, and for nothing else.
///
/// State  Where it is in the text. A step that fails leaves it at the byte that was wrong.
/// Cost   Linear in what it reads. No step recurses.
class JsonText {
public:
    explicit JsonText(std::string_view text);

    /// Counted from 0: how much of the text is read.
    [[nodiscard]] std::size_t position() const { return at_; }
    [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
    void skip_space();
    /// Reads `token` if it comes next.
    bool take(char token);
    /// A string with its quotes; `out` is what it stands for.
    [[nodiscard]] bool read_string(std::string& out);
    /// A string, a number, `true`, `false` or `null`: `malformed` if none of them comes next,
    /// `out_of_range` for a number that neither an int64 nor a real holds.
    [[nodiscard]] Result<Value> read_scalar();

private:
    bool take_word(std::string_view word);
    [[nodiscard]] bool read_escape(std::string& out);
    [[nodiscard]] bool read_code_unit(std::uint32_t& unit);
    [[nodiscard]] bool skip_digits();
    [[nodiscard]] Result<Value> read_number();
    [[nodiscard]] char next() const { return at_end() ? '\0' : text_[at_]; }

    std::string_view text_;
    std::size_t at_ = 0;
};

/// Appends `text` as a JSON string. What is not UTF-8 in it becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);
/// Appends a finite `number`: the shortest text that reads back the same, with a fraction or an
/// exponent.
void append_json_number(std::string& out, double number);

}  // namespace syncline

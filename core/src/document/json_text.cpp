#include "json_text.hpp"

#include "syncline/codec/reader.hpp"

#include <nlohmann/detail/conversions/to_chars.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <clocale>
#include <cmath>
#include <cstdint>
#include <cstdlib>

namespace syncline {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view escaped = "\"\\/bfnrt";        // and what each of them stands for
constexpr std::string_view meant = "\"\\/\b\f\n\r\t";

/// Stands for itself in a string, as one byte or as one of several.
bool is_plain(char c) { return c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_high_surrogate(std::uint32_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool is_low_surrogate(std::uint32_t unit) { return unit >= 0xDC00 && unit < 0xE000; }

void append_utf8(std::string& out, std::uint32_t point) {
    const auto tail = [&](int shift) { out += static_cast<char>(0x80 | (point >> shift & 0x3F)); };
    if (point < 0x80) {
        out += static_cast<char>(point);
    } else if (point < 0x800) {
        out += static_cast<char>(0xC0 | point >> 6);
        tail(0);
    } else if (point < 0x10000) {
        out += static_cast<char>(0xE0 | point >> 12);
        tail(6);
        tail(0);
    } else {
        out += static_cast<char>(0xF0 | point >> 18);
        tail(12);
        tail(6);
        tail(0);
    }
}

/// `text` with U+FFFD for each byte that no UTF-8 is made of.
std::string repaired(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        std::size_t size = std::min<std::size_t>(4, text.size());
        while (size > 0 && !wire::is_utf8(text.substr(0, size))) --size;
        out += size == 0 ? replacement : text.substr(0, size);
        text.remove_prefix(std::max<std::size_t>(1, size));
    }
    return out;
}

/// The real that a JSON number stands for; infinite if that is too large.
double real_of(std::string_view number) {
    std::string text(number);  // strtod wants an end, and the point of the program's locale
    if (const std::size_t point = text.find('.'); point != std::string::npos) {
        text.replace(point, 1, std::localeconv()->decimal_point);
    }
    return std::strtod(text.c_str(), nullptr);
}

}  // namespace

JsonText::JsonText(std::string_view text) : text_(text) {
    if (text.substr(0, byte_order_mark.size()) == byte_order_mark) at_ = byte_order_mark.size();
}

void JsonText::skip_space() {
    while (!at_end() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) {
        ++at_;
    }
}

bool JsonText::take(char token) {
    if (at_end() || text_[at_] != token) return false;
    ++at_;
    return true;
}

bool JsonText::take_word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
}

bool JsonText::read_string(std::string& out) {
    const std::size_t begin = at_;
    if (!take('"')) return false;
    for (;;) {
        const std::size_t plain = at_;
        while (!at_end() && is_plain(text_[at_])) ++at_;
        out += text_.substr(plain, at_ - plain);
        if (take('"')) break;
        if (!take('\\') || !read_escape(out)) return false;
    }
    if (wire::is_utf8(out)) return true;
    at_ = begin;
    return false;
}

bool JsonText::read_escape(std::string& out) {
    if (const std::size_t which = escaped.find(next()); which != std::string_view::npos) {
        ++at_;
        out += meant[which];
        return true;
    }
    std::uint32_t point = 0;
    if (!read_code_unit(point) || is_low_surrogate(point)) return false;
    if (is_high_surrogate(point)) {
        std::uint32_t low = 0;
        if (!take('\\') || !read_code_unit(low) || !is_low_surrogate(low)) return false;
        point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    }
    append_utf8(out, point);
    return true;
}

bool JsonText::read_code_unit(std::uint32_t& unit) {
    if (!take('u')) return false;
    constexpr std::size_t digits = 4;
    const std::string_view hex = text_.substr(at_, digits);
    const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), unit, 16);
    if (error != std::errc() || end != hex.data() + digits) return false;
    at_ += digits;
    return true;
}

bool JsonText::skip_digits() {
    const std::size_t begin = at_;
    while (is_digit(next())) ++at_;
    return at_ != begin;
}

Result<Value> JsonText::read_scalar() {
    const char first = next();
    if (first == '"') {
        std::string text;
        if (!read_string(text)) return fail(ErrorCode::malformed, "no JSON");
        return Value(std::move(text));
    }
    if (first == '-' || is_digit(first)) return read_number();
    if (take_word("null")) return Value();
    if (take_word("true")) return Value(true);
    if (take_word("false")) return Value(false);
    return fail(ErrorCode::malformed, "no JSON");
}

Result<Value> JsonText::read_number() {
    const std::size_t begin = at_;
    take('-');
    bool good = take('0') || skip_digits();
    const std::size_t whole_end = at_;
    if (good && take('.')) good = skip_digits();
    if (good && (take('e') || take('E'))) {
        if (!take('+')) take('-');
        good = skip_digits();
    }
    if (!good) return fail(ErrorCode::malformed, "no JSON");
    const std::string_view number = text_.substr(begin, at_ - begin);
    if (at_ == whole_end) {
        std::int64_t integer = 0;
        if (std::from_chars(number.data(), number.data() + number.size(), integer).ec !=
            std::errc()) {
            return fail(ErrorCode::out_of_range, "an integer that 64 bits do not hold");
        }
        return Value(integer);
    }
    const double real = real_of(number);
    if (!std::isfinite(real)) return fail(ErrorCode::out_of_range, "a number too large");
    return Value(real);
}

void append_json_string(std::string& out, std::string_view text) {
    if (!wire::is_utf8(text)) return append_json_string(out, repaired(text));
    constexpr std::string_view digits = "0123456789abcdef";
    out += '"';
    while (!text.empty()) {
        std::size_t plain = 0;
        while (plain < text.size() && is_plain(text[plain])) ++plain;
        out += text.substr(0, plain);
        text.remove_prefix(plain);
        if (text.empty()) break;
        const char c = text.front();
        text.remove_prefix(1);
        out += '\\';
        if (const std::size_t which = meant.find(c); which != std::string_view::npos) {
            out += escaped[which];
        } else {
            out += "u00";
            out += digits[static_cast<unsigned char>(c) >> 4];
            out += digits[c & 0xF];
        }
    }
    out += '"';
}

void append_json_number(std::string& out, double number) {
    std::array<char, 64> text;
    char* const end = nlohmann::detail::to_chars(text.data(), text.data() + text.size(), number);
    out.append(text.data(), end);
}

}  // namespace syncline

#include "syncline/document/json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <optional>

namespace syncline {

namespace {

constexpr std::string_view bytes_key = "$bytes";
constexpr std::string_view number_key = "$number";
constexpr std::string_view map_key = "$map";

bool is_special(std::string_view key) {
    return key == bytes_key || key == number_key || key == map_key;
}

constexpr char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string to_base64(BytesView bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 3; ++j) {
            group = group << 8 | (j < count ? std::to_integer<std::uint32_t>(bytes[i + j]) : 0);
        }
        for (std::size_t j = 0; j < 4; ++j) {
            text.push_back(j <= count ? base64_digits[(group >> (18 - 6 * j)) & 63] : '=');
        }
    }
    return text;
}

/// Strict: padded, no other characters, the unused bits zero.
std::optional<Bytes> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    static const std::string_view digits = base64_digits;
    Bytes bytes;
    bytes.reserve(text.size() / 4 * 3);
    for (std::size_t i = 0; i < text.size(); i += 4) {
        const bool last = i + 4 == text.size();
        std::size_t count = 4;
        while (last && count > 2 && text[i + count - 1] == '=') --count;
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 4; ++j) {
            const std::size_t digit = j < count ? digits.find(text[i + j]) : 0;
            if (digit == std::string_view::npos) return std::nullopt;
            group = group << 6 | static_cast<std::uint32_t>(digit);
        }
        const std::size_t whole = count - 1;
        for (std::size_t j = 0; j < whole; ++j) {
            bytes.push_back(static_cast<std::byte>((group >> (16 - 8 * j)) & 0xFF));
        }
        if ((group & ((std::uint32_t{1} << (24 - 8 * whole)) - 1)) != 0) return std::nullopt;
    }
    return bytes;
}

void write_text(std::string& out, std::string_view text) {
    out += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void write_number(std::string& out, double number) {
    if (std::isnan(number)) {
        out += R"({"$number":"nan"})";
    } else if (std::isinf(number)) {
        out += number > 0 ? R"({"$number":"inf"})" : R"({"$number":"-inf"})";
    } else {
        out += nlohmann::json(number).dump();  // the shortest text that reads back the same
    }
}

// Recursion is as deep as the value, which whoever made it has bounded.
void write(std::string& out, const Value& value) {
    if (const auto* boolean = value.boolean()) {
        out += *boolean ? "true" : "false";
    } else if (const auto* integer = value.integer()) {
        out += std::to_string(*integer);
    } else if (const auto* real = value.real()) {
        write_number(out, *real);
    } else if (const auto* text = value.text()) {
        write_text(out, *text);
    } else if (const auto* binary = value.binary()) {
        out += R"({"$bytes":")" + to_base64(*binary) + "\"}";
    } else if (const auto* array = value.array()) {
        out += '[';
        for (const Value& item : *array) {
            if (&item != array->data()) out += ',';
            write(out, item);
        }
        out += ']';
    } else if (const auto* map = value.map()) {
        const bool wrapped = !map->empty() && (map->front().key == map_key ||
                                               (map->size() == 1 && is_special(map->front().key)));
        if (wrapped) out += R"({"$map":)";
        out += '{';
        for (const Value::Member& member : *map) {
            if (&member != map->data()) out += ',';
            write_text(out, member.key);
            out += ':';
            write(out, member.value);
        }
        out += wrapped ? "}}" : "}";
    } else {
        out += "null";
    }
}

/// Walks over the text and notes how far the parser has read.
class Cursor {
public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    Cursor(const char* at, const char** reached) : at_(at), reached_(reached) {}
    reference operator*() const { return *at_; }
    Cursor& operator++() {
        *reached_ = ++at_;
        return *this;
    }
    Cursor operator++(int) {
        Cursor before = *this;
        ++*this;
        return before;
    }
    friend bool operator==(const Cursor& a, const Cursor& b) { return a.at_ == b.at_; }
    friend bool operator!=(const Cursor& a, const Cursor& b) { return !(a == b); }

private:
    const char* at_;
    const char** reached_;
};

/// Builds the value from the parser's events, on a stack of its own: no recursion.
class Builder {
public:
    Builder(std::string_view text, const char*& reached, std::size_t depth_max)
        : begin_(text.data()), reached_(reached), depth_max_(depth_max) {}

    bool null() { return add(Value(), 0); }
    bool boolean(bool value) { return add(value, 0); }
    bool number_integer(std::int64_t value) { return add(value, 0); }
    bool number_unsigned(std::uint64_t value) {
        if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
            return stop(ErrorCode::out_of_range, "an integer that 64 bits do not hold");
        }
        return add(static_cast<std::int64_t>(value), 0);
    }
    bool number_float(double value, const std::string& text) {
        if (text.find_first_of(".eE") == std::string::npos) {
            return stop(ErrorCode::out_of_range, "an integer that 64 bits do not hold");
        }
        if (!std::isfinite(value)) return stop(ErrorCode::out_of_range, "a number too large");
        return add(value, 0);
    }
    bool string(std::string& value) { return add(std::move(value), 0); }
    bool binary(nlohmann::json::binary_t&) { return false; }  // JSON has none
    bool start_array(std::size_t) { return open(Frame::Shape::array); }
    bool end_array() {
        Frame frame = pop();
        return add(Value(std::move(frame.items)), frame.height);
    }
    bool start_object(std::size_t) {
        const bool literal = !frames_.empty() && is_wrapper(frames_.back());
        if (!open(Frame::Shape::map)) return false;
        frames_.back().literal = literal;
        return true;
    }
    bool key(std::string& value) {
        Frame& frame = frames_.back();
        if (is_wrapper(frame)) return stop(ErrorCode::malformed, "a $map that is not alone");
        frame.members.push_back({std::move(value), Value()});
        return true;
    }
    bool end_object() {
        Frame frame = pop();
        Value::Map& members = frame.members;
        if (!frame.literal && members.size() == 1 && is_special(members.front().key)) {
            return special_form(frame);
        }
        const std::size_t count = members.size();
        Value map(std::move(members));
        if (map.map()->size() != count) {
            return stop(ErrorCode::malformed, "two members of one name");
        }
        return add(std::move(map), frame.height);
    }
    template <typename Exception>
    bool parse_error(std::size_t position, const std::string&, const Exception& error) {
        // 406 is nlohmann's number for a real that overflows.
        if (error.id == 406) return stop(ErrorCode::out_of_range, "a number too large");
        // It counts the bytes read, the offending one included.
        position_ = position == 0 ? 0 : position - 1;
        return stop(ErrorCode::malformed, "no JSON");
    }

    [[nodiscard]] Result<Value> finish() {
        if (error_) return tl::unexpected(*error_);
        return std::move(result_);
    }
    bool stop(ErrorCode code, const std::string& what) {
        const auto read = static_cast<std::size_t>(reached_ - begin_);
        if (!error_) {
            error_ = Error{code, what + " at byte " + std::to_string(position_.value_or(read))};
        }
        return false;
    }

private:
    struct Frame {
        enum class Shape { array, map };
        Shape shape = Shape::array;
        Value::Array items;
        Value::Map members;
        std::size_t height = 0;  // how deep its values reach
        bool literal = false;    // its members are meant as they are
    };

    /// An object that begins with `$map` stands for the object that is that member's value.
    static bool is_wrapper(const Frame& frame) {
        return frame.shape == Frame::Shape::map && !frame.literal && frame.members.size() == 1 &&
               frame.members.front().key == map_key;
    }

    bool open(Frame::Shape shape) {
        // A `$map` takes two levels of text for one of the value.
        if (frames_.size() >= 2 * depth_max_ + 2) return too_deep();
        frames_.push_back({shape, {}, {}, 0, false});
        return true;
    }
    Frame pop() {
        Frame frame = std::move(frames_.back());
        frames_.pop_back();
        return frame;
    }
    bool special_form(Frame& frame) {
        Value::Member& member = frame.members.front();
        if (member.key == map_key) {
            if (member.value.map() == nullptr) return stop(ErrorCode::malformed, "a bad $map");
            return add(std::move(member.value), frame.height - 1);
        }
        const std::string* text = member.value.text();
        if (member.key == bytes_key) {
            auto bytes = text == nullptr ? std::nullopt : from_base64(*text);
            if (!bytes) return stop(ErrorCode::malformed, "a bad $bytes");
            return add(std::move(*bytes), 0);
        }
        constexpr double inf = std::numeric_limits<double>::infinity();
        if (text != nullptr && *text == "nan") {
            return add(std::numeric_limits<double>::quiet_NaN(), 0);
        }
        if (text != nullptr && *text == "inf") return add(inf, 0);
        if (text != nullptr && *text == "-inf") return add(-inf, 0);
        return stop(ErrorCode::malformed, "a bad $number");
    }
    bool add(Value value, std::size_t height) {
        if (height > depth_max_) return too_deep();
        if (frames_.empty()) {
            result_ = std::move(value);
            return true;
        }
        Frame& frame = frames_.back();
        frame.height = std::max(frame.height, height + 1);
        if (frame.shape == Frame::Shape::array) {
            frame.items.push_back(std::move(value));
        } else {
            frame.members.back().value = std::move(value);
        }
        return true;
    }
    bool too_deep() { return stop(ErrorCode::too_deep, "nested too deep"); }

    const char* begin_;
    const char*& reached_;
    std::size_t depth_max_;
    std::vector<Frame> frames_;
    Value result_;
    std::optional<Error> error_;
    std::optional<std::size_t> position_;
};

}  // namespace

std::string to_json(const Value& value) {
    std::string out;
    write(out, value);
    return out;
}

Result<Value> parse_json(std::string_view text, std::size_t depth_max) {
    // The parser would take a byte of zero for the end, and nothing behind it would be read.
    if (const std::size_t zero = text.find('\0'); zero != std::string_view::npos) {
        return fail(ErrorCode::malformed, "no JSON at byte " + std::to_string(zero));
    }
    const char* reached = text.data();
    Builder builder(text, reached, depth_max);
    if (!nlohmann::json::sax_parse(Cursor(text.data(), &reached),
                                   Cursor(text.data() + text.size(), &reached), &builder)) {
        builder.stop(ErrorCode::malformed, "no JSON");
    }
    return builder.finish();
}

}  // namespace syncline

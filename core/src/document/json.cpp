#include "syncline/document/json.hpp"

#include "json_text.hpp"

#include <algorithm>
#include <cmath>
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

void write_number(std::string& out, double number) {
    if (std::isnan(number)) {
        out += R"({"$number":"nan"})";
    } else if (std::isinf(number)) {
        out += number > 0 ? R"({"$number":"inf"})" : R"({"$number":"-inf"})";
    } else {
        append_json_number(out, number);
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
        append_json_string(out, *text);
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
            append_json_string(out, member.key);
            out += ':';
            write(out, member.value);
        }
        out += wrapped ? "}}" : "}";
    } else {
        out += "null";
    }
}

/// Builds the value that a text tells, on a stack of its own: no recursion.
class Parser {
public:
    Parser(std::string_view text, std::size_t depth_max) : text_(text), depth_max_(depth_max) {}

    [[nodiscard]] Result<Value> parse() {
        if (!read()) return tl::unexpected(*error_);
        return std::move(result_);
    }

private:
    // Each step is false when it has stopped, with error_ set.

    bool read() {
        bool due = true;  // a value comes next, not what follows one
        while (due || !frames_.empty()) {
            text_.skip_space();
            if (due ? !read_value(due) : !read_separator(due)) return false;
        }
        text_.skip_space();
        return text_.at_end() || no_json();
    }
    /// A scalar, or what opens an array or an object. `due`: its first value follows.
    bool read_value(bool& due) {
        if (text_.take('[')) {
            if (!open(Frame::Shape::array)) return false;
            text_.skip_space();
            due = !text_.take(']');
            return due || end_array();
        }
        if (text_.take('{')) {
            const bool literal = !frames_.empty() && is_wrapper(frames_.back());
            if (!open(Frame::Shape::map)) return false;
            frames_.back().literal = literal;
            text_.skip_space();
            due = !text_.take('}');
            return due ? read_key() : end_object();
        }
        due = false;
        Result<Value> scalar = text_.read_scalar();
        if (!scalar) return stop(scalar.error().code, scalar.error().message);
        return add(std::move(*scalar), 0);
    }
    /// What follows a value in an array or an object. `due`: another one.
    bool read_separator(bool& due) {
        const bool in_map = frames_.back().shape == Frame::Shape::map;
        due = text_.take(',');
        if (due) return !in_map || read_key();
        if (!text_.take(in_map ? '}' : ']')) return no_json();
        return in_map ? end_object() : end_array();
    }
    bool read_key() {
        text_.skip_space();
        std::string key;
        if (!text_.read_string(key)) return no_json();
        Frame& frame = frames_.back();
        if (is_wrapper(frame)) return stop(ErrorCode::malformed, "a $map that is not alone");
        frame.members.push_back({std::move(key), Value()});
        text_.skip_space();
        return text_.take(':') || no_json();
    }
    bool end_array() {
        Frame frame = pop();
        return add(Value(std::move(frame.items)), frame.height);
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
    bool stop(ErrorCode code, const std::string& what) {
        error_ = Error{code, what + " at byte " + std::to_string(text_.position())};
        return false;
    }
    bool no_json() { return stop(ErrorCode::malformed, "no JSON"); }

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

    JsonText text_;
    std::size_t depth_max_;
    std::vector<Frame> frames_;
    Value result_;
    std::optional<Error> error_;
};

}  // namespace

std::string to_json(const Value& value) {
    std::string out;
    write(out, value);
    return out;
}

Result<Value> parse_json(std::string_view text, std::size_t depth_max) {
    return Parser(text, depth_max).parse();
}

}  // namespace syncline

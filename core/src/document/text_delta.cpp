#include "syncline/document/text_delta.hpp"

#include "text_properties.hpp"

#include <algorithm>

namespace syncline {

namespace {

using Properties = TextDelta::Properties;
using Length = TextDelta::Length;

bool begins_code_point(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }
bool begins_quad(char byte) { return static_cast<unsigned char>(byte) >= 0xF0; }

Length length_of(std::string_view utf8) {
    const std::uint32_t points = code_points(utf8);
    return {points, points + static_cast<std::uint32_t>(
                                 std::count_if(utf8.begin(), utf8.end(), begins_quad))};
}
Length sum(const Length& a, const Length& b) {
    return {a.code_points + b.code_points, a.utf16 + b.utf16};
}
bool is_nothing(const Length& length) { return length == Length{}; }

std::uint32_t in(const Length& length, Unit unit) {
    return unit == Unit::utf16 ? length.utf16 : length.code_points;
}

/// A walk along spans.
class Walk {
public:
    explicit Walk(const std::vector<Text::Span>& spans) : spans_(spans) {}

    [[nodiscard]] bool at_end() const { return span_ == spans_.size(); }
    /// Calls `use(text, properties)` for the next `count` code points, piece by piece.
    template <typename Use>
    void take(std::uint32_t count, Use use) {
        while (count > 0 && !at_end()) {
            const std::string& text = spans_[span_].text;
            std::size_t end = byte_;
            for (; count > 0 && end < text.size(); --count) {
                do ++end;
                while (end < text.size() && !begins_code_point(text[end]));
            }
            if (end > byte_)
                use(std::string_view(text).substr(byte_, end - byte_), spans_[span_].properties);
            byte_ = end;
            if (byte_ == text.size()) {
                ++span_;
                byte_ = 0;
            }
        }
    }

private:
    const std::vector<Text::Span>& spans_;
    std::size_t span_ = 0;
    std::size_t byte_ = 0;
};

void append(std::vector<Text::Span>& spans, std::string_view text, const Properties& properties) {
    if (text.empty()) return;
    if (spans.empty() || !(spans.back().properties == properties)) {
        spans.push_back({std::string(text), properties});
    } else {
        spans.back().text += text;
    }
}

void change(Properties& properties, const Properties& changes) {
    for (const auto& [name, value] : changes) {
        if (value.is_null()) {
            properties.erase(name);
        } else {
            properties.insert_or_assign(name, value);
        }
    }
}

}  // namespace

void TextDelta::retain(Length length, Properties properties) {
    if (is_nothing(length)) return;
    if (!steps.empty()) {
        auto* last = std::get_if<Retain>(&steps.back());
        if (last != nullptr && last->properties == properties) {
            last->length = sum(last->length, length);
            return;
        }
    }
    steps.emplace_back(Retain{length, std::move(properties)});
}

void TextDelta::insert(std::string_view text, Properties properties) {
    if (text.empty()) return;
    // What is inserted stands in front of what is erased there.
    auto place = steps.end();
    if (place != steps.begin() && std::holds_alternative<Erase>(*std::prev(place))) --place;
    if (place != steps.begin()) {
        auto* last = std::get_if<Insert>(&*std::prev(place));
        if (last != nullptr && last->properties == properties) {
            last->text += text;
            return;
        }
    }
    steps.insert(place, Insert{std::string(text), std::move(properties)});
}

void TextDelta::erase(Length length) {
    if (is_nothing(length)) return;
    if (!steps.empty()) {
        if (auto* last = std::get_if<Erase>(&steps.back())) {
            last->length = sum(last->length, length);
            return;
        }
    }
    steps.emplace_back(Erase{length});
}

void TextDelta::finish() {
    while (!steps.empty()) {
        const auto* last = std::get_if<Retain>(&steps.back());
        if (last == nullptr || !last->properties.empty()) return;
        steps.pop_back();
    }
}

TextDelta to_delta(const Text& text) {
    TextDelta delta;
    for (Text::Span& span : text.spans()) delta.insert(span.text, std::move(span.properties));
    return delta;
}

namespace {

/// A code point with its properties, in spans read from either end.
struct Char {
    std::string_view text;
    const Properties* properties;
    friend bool operator==(const Char& a, const Char& b) {
        return a.text == b.text && *a.properties == *b.properties;
    }
};
std::vector<Char> chars_of(const std::vector<Text::Span>& spans) {
    std::vector<Char> chars;
    for (const Text::Span& span : spans) {
        const std::string_view text = span.text;
        for (std::size_t from = 0; from < text.size();) {
            std::size_t to = from + 1;
            while (to < text.size() && !begins_code_point(text[to])) ++to;
            chars.push_back({text.substr(from, to - from), &span.properties});
            from = to;
        }
    }
    return chars;
}

}  // namespace

TextDelta delta_between(const std::vector<Text::Span>& before,
                        const std::vector<Text::Span>& after) {
    const std::vector<Char> was = chars_of(before);
    const std::vector<Char> is = chars_of(after);
    std::size_t front = 0;
    while (front < was.size() && front < is.size() && was[front] == is[front]) ++front;
    std::size_t back = 0;
    while (back < was.size() - front && back < is.size() - front &&
           was[was.size() - 1 - back] == is[is.size() - 1 - back])
        ++back;
    TextDelta delta;
    for (std::size_t i = 0; i < front; ++i) delta.retain(length_of(was[i].text));
    for (std::size_t i = front; i < is.size() - back; ++i)
        delta.insert(is[i].text, *is[i].properties);
    for (std::size_t i = front; i < was.size() - back; ++i) delta.erase(length_of(was[i].text));
    delta.finish();
    return delta;
}

std::vector<Text::Span> patched(const std::vector<Text::Span>& spans, const TextDelta& delta) {
    std::vector<Text::Span> made;
    Walk walk(spans);
    for (const TextDelta::Step& step : delta.steps) {
        if (const auto* retain = std::get_if<TextDelta::Retain>(&step)) {
            walk.take(retain->length.code_points,
                      [&](std::string_view text, Properties properties) {
                          change(properties, retain->properties);
                          append(made, text, properties);
                      });
        } else if (const auto* insert = std::get_if<TextDelta::Insert>(&step)) {
            Properties properties;
            change(properties, insert->properties);
            append(made, insert->text, properties);
        } else if (const auto* erase = std::get_if<TextDelta::Erase>(&step)) {
            walk.take(erase->length.code_points, [](std::string_view, const Properties&) {});
        }
    }
    while (!walk.at_end()) {
        walk.take(~std::uint32_t{0}, [&](std::string_view text, const Properties& properties) {
            append(made, text, properties);
        });
    }
    return made;
}

namespace {

/// One walk of an editor's delta over a text.
class TextEditor {
public:
    TextEditor(const Text& text, Unit unit, const std::function<Result<const Text*>(Op)>& edit,
               const ExpandOf& expand)
        : text_(&text), unit_(unit), edit_(edit), expand_(expand) {}

    Result<> operator()(const TextDelta::Retain& step) {
        const std::uint32_t count = in(step.length, unit_);
        if (auto good = check(count); !good) return good;
        if (count > 0) {
            if (auto marked = mark(count, step.properties); !marked) return marked;
        }
        at_ += count;
        return {};
    }
    Result<> operator()(const TextDelta::Insert& step) {
        auto op = text_->insert(at_, step.text, unit_);
        if (!op) return tl::unexpected(op.error());
        if (auto applied = apply(std::move(*op)); !applied) return applied;
        const Length length = length_of(step.text);
        const std::uint32_t count = in(length, unit_);
        if (auto marked = mark(count, differing(step.properties, length.code_points)); !marked)
            return marked;
        at_ += count;
        return {};
    }
    Result<> operator()(const TextDelta::Erase& step) {
        const std::uint32_t count = in(step.length, unit_);
        if (auto good = check(count); !good) return good;
        if (count == 0) return {};
        auto op = text_->erase(at_, count, unit_);
        if (!op) return tl::unexpected(op.error());
        return apply(std::move(*op));
    }

private:
    [[nodiscard]] Result<> check(std::uint32_t count) const {
        const std::uint32_t size = text_->size(unit_);
        if (count <= size - at_) return {};
        return fail(ErrorCode::out_of_range,
                    "a delta goes beyond a text of " + std::to_string(size));
    }
    Result<> apply(Op op) {
        auto text = edit_(std::move(op));
        if (!text) return tl::unexpected(text.error());
        text_ = *text;
        return {};
    }
    Result<> mark(std::uint32_t count, const Properties& properties) {
        for (const auto& [name, value] : properties) {
            const Expand expand = expand_ ? expand_(name) : Expand::after;
            auto op = text_->mark(at_, count, name, value, expand, unit_);
            if (!op) return tl::unexpected(op.error());
            if (auto applied = apply(std::move(*op)); !applied) return applied;
        }
        return {};
    }
    /// What has to change of the properties of `count` code points here, that were put in at once
    /// and so have the same ones.
    [[nodiscard]] Properties differing(const Properties& wanted, std::uint32_t count) const {
        Properties differing;
        change(differing, wanted);
        if (text_->marks().empty()) return differing;
        const auto first = text_->order().find(text_->anchor(at_, Side::left, unit_).element);
        if (!first) return differing;
        const std::uint32_t slot = text_->order().before(*first.run).slots + first.offset;
        TextProperties marks(text_->order());
        marks.add_all(text_->marks(), MarkSet::both);
        marks.for_each_piece({{slot, slot + count}}, [&](const SlotRange&, const auto& here) {
            for (auto& [name, value] : here.all(MarkSet::both)) {
                const auto found = differing.find(name);
                if (found == differing.end()) {
                    const auto asked = wanted.find(name);
                    if (asked == wanted.end() || asked->second.is_null())
                        differing.emplace(name, Value());
                } else if (found->second == value) {
                    differing.erase(found);
                }
            }
        });
        return differing;
    }

    const Text* text_;
    Unit unit_;
    const std::function<Result<const Text*>(Op)>& edit_;
    const ExpandOf& expand_;
    std::uint32_t at_ = 0;
};

}  // namespace

Result<> edit_text(const Text& text, const TextDelta& delta, Unit unit,
                   const std::function<Result<const Text*>(Op)>& edit, const ExpandOf& expand) {
    if (unit == Unit::byte)
        return fail(ErrorCode::invalid_argument, "a delta counts code points or UTF-16");
    TextEditor editor(text, unit, edit, expand);
    for (const TextDelta::Step& step : delta.steps) {
        if (auto done = std::visit(editor, step); !done) return done;
    }
    return {};
}

namespace {

Value::Map with(const char* name, Value value, const Properties& properties) {
    Value::Map members;
    members.push_back({name, std::move(value)});
    if (!properties.empty()) {
        Value::Map attributes;
        for (const auto& [key, property] : properties) attributes.push_back({key, property});
        members.push_back({"attributes", Value(std::move(attributes))});
    }
    return members;
}

Result<Length> parse_length(const Value& value, Unit unit) {
    const std::int64_t* number = value.integer();
    if (number == nullptr)
        return fail(ErrorCode::malformed, "a delta's retain and delete are numbers");
    if (*number < 0 || *number > std::int64_t{0xFFFFFFFF})
        return fail(ErrorCode::out_of_range, "a delta's step is out of range");
    const auto count = static_cast<std::uint32_t>(*number);
    return unit == Unit::utf16 ? Length{0, count} : Length{count, 0};
}

Result<> parse_step(const Value& value, Unit unit, TextDelta& delta) {
    Properties properties;
    if (const Value* attributes = value.find("attributes")) {
        const Value::Map* members = attributes->map();
        if (members == nullptr && !attributes->is_null())
            return fail(ErrorCode::malformed, "a delta's attributes are a map");
        if (members != nullptr) {
            for (const Value::Member& member : *members)
                properties.emplace(member.key, member.value);
        }
    }
    if (const Value* text = value.find("insert")) {
        if (text->text() == nullptr)
            return fail(ErrorCode::malformed, "a delta inserts text, nothing else");
        delta.insert(*text->text(), std::move(properties));
        return {};
    }
    const Value* retain = value.find("retain");
    const Value* erase = value.find("delete");
    if (retain == nullptr && erase == nullptr)
        return fail(ErrorCode::malformed, "a delta's steps are insert, retain and delete");
    auto length = parse_length(retain != nullptr ? *retain : *erase, unit);
    if (!length) return tl::unexpected(length.error());
    if (retain != nullptr) {
        delta.retain(*length, std::move(properties));
    } else {
        delta.erase(*length);
    }
    return {};
}

}  // namespace

Value to_value(const TextDelta& delta, Unit unit) {
    Value::Array steps;
    const auto number = [&](const Length& length) { return std::int64_t{in(length, unit)}; };
    for (const TextDelta::Step& step : delta.steps) {
        if (const auto* retain = std::get_if<TextDelta::Retain>(&step)) {
            steps.emplace_back(with("retain", number(retain->length), retain->properties));
        } else if (const auto* insert = std::get_if<TextDelta::Insert>(&step)) {
            steps.emplace_back(with("insert", insert->text, insert->properties));
        } else if (const auto* erase = std::get_if<TextDelta::Erase>(&step)) {
            steps.emplace_back(with("delete", number(erase->length), {}));
        }
    }
    return steps;
}

Result<TextDelta> parse_delta(const Value& value, Unit unit) {
    const Value* ops = value.find("ops");
    const Value::Array* steps = (ops == nullptr ? value : *ops).array();
    if (steps == nullptr) return fail(ErrorCode::malformed, "a delta is an array of steps");
    TextDelta delta;
    for (const Value& step : *steps) {
        if (auto parsed = parse_step(step, unit, delta); !parsed)
            return tl::unexpected(parsed.error());
    }
    return delta;
}

}  // namespace syncline

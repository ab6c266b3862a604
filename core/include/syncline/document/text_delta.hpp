#pragma once

#include "syncline/crdt/text.hpp"
#include "syncline/result.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace syncline {

/// A change of a text in the words of editors: a walk along the text that keeps, puts in and takes
/// out. What is behind the last step stays. The form is the one that Quill's Delta has, without
/// embedded objects.
///
/// Units    An element of a text is a code point; editors in browsers count UTF-16 code units. What
///          Syncline makes tells both. What comes from an editor tells one, and is read with that.
/// Form     Neighbours differ in kind or properties; of an insertion and a removal in one place the
///          insertion comes first; no step is empty and a last retain changes something.
/// Threads  A plain value.
struct TextDelta {
    /// Of a retain: what changes, null takes a property off. Of an insertion: all that it has.
    using Properties = std::map<std::string, Value>;
    struct Length {
        std::uint32_t code_points = 0;
        std::uint32_t utf16 = 0;
        friend bool operator==(const Length&, const Length&) = default;
    };
    struct Retain {
        Length length;
        Properties properties;
        friend bool operator==(const Retain&, const Retain&) = default;
    };
    struct Insert {
        std::string text;
        Properties properties;
        friend bool operator==(const Insert&, const Insert&) = default;
    };
    struct Erase {
        Length length;
        friend bool operator==(const Erase&, const Erase&) = default;
    };
    using Step = std::variant<Retain, Insert, Erase>;

    std::vector<Step> steps;

    [[nodiscard]] bool empty() const { return steps.empty(); }
    friend bool operator==(const TextDelta&, const TextDelta&) = default;

    // For whoever makes one, step by step; they keep the form.
    void retain(Length length, Properties properties = {});
    void insert(std::string_view text, Properties properties = {});
    void erase(Length length);
    /// Drops retains at the end that change nothing.
    void finish();
};

/// The whole text as insertions. O(as Text::spans).
[[nodiscard]] TextDelta to_delta(const Text& text);
/// What leads from one to the other: what they have in common at both ends is kept. O(n).
[[nodiscard]] TextDelta delta_between(const std::vector<Text::Span>& before,
                                      const std::vector<Text::Span>& after);
/// The spans with the delta applied (by code points); steps behind the end do nothing. O(n).
[[nodiscard]] std::vector<Text::Span> patched(const std::vector<Text::Span>& spans,
                                              const TextDelta& delta);

/// How a property that an editor sets behaves at the ends of its range; not set: Expand::after.
using ExpandOf = std::function<Expand(std::string_view name)>;
/// Turns an editor's delta into ops: calls `edit` with each, which applies it and returns the text
/// as it is then. What is inserted gets exactly the properties of its step: those that it would
/// take on from its surroundings are taken off.
/// Errors   out_of_range for a step behind the end or inside a code point, those of Text's
///          mutators, and edit's; the ops before stay applied.
/// Cost     O(log n) a step, and O(marks · log n) for one that inserts.
[[nodiscard]] Result<> edit_text(const Text& text, const TextDelta& delta, Unit unit,
                                 const std::function<Result<const Text*>(Op)>& edit,
                                 const ExpandOf& expand = {});

/// As an array of {"retain": n, "attributes": {…}}, {"insert": "…", …} and {"delete": n}, with
/// lengths in `unit` (bytes are not told: code points then).
[[nodiscard]] Value to_value(const TextDelta& delta, Unit unit);
/// The reverse; the lengths in `unit` are set, the others are 0. Errors: malformed, out_of_range.
[[nodiscard]] Result<TextDelta> parse_delta(const Value& value, Unit unit);

}  // namespace syncline

#pragma once

#include "syncline/clock/causal_context.hpp"
#include "syncline/crdt/residue.hpp"
#include "syncline/crdt/sequence.hpp"
#include "syncline/result.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace syncline {

/// What positions in a text count. An element is a code point, whatever they count.
enum class Unit : std::uint8_t { code_point, utf16, byte };

/// Whether a mark grows with what is typed at its ends (Litt et al., Peritext, §3.2): bold text
/// grows at its end (`after`), a link does not (`none`).
enum class Expand : std::uint8_t { none, before, after, both };

/// The content of a run of a text.
class TextPayload {
public:
    TextPayload() = default;
    explicit TextPayload(std::string utf8);

    [[nodiscard]] const std::string& utf8() const { return utf8_; }
    [[nodiscard]] Measure measure() const;
    [[nodiscard]] bool can_append(const TextPayload&) const { return true; }
    void append(TextPayload&& other);
    /// Takes the code points from `at` on away and returns them; there are `length`.
    TextPayload cut(std::uint32_t at, std::uint32_t length);
    /// `length` code points from `from` on.
    [[nodiscard]] TextPayload part(std::uint32_t from, std::uint32_t length) const;
    /// Where the code point `at` starts. O(1) for ASCII.
    [[nodiscard]] std::size_t offset(std::uint32_t at) const;

private:
    std::string utf8_;
    std::uint32_t continuations_ = 0;  ///< bytes that begin no code point; 0: ASCII
    std::uint32_t quads_ = 0;          ///< code points of four bytes: two units of UTF-16
};

/// Unicode text that several people type into.
///
/// Semantics  Each code point is an element of a Sequence. An erase removes the ones its author
///            had seen. Marks are properties of ranges whose ends stay with the characters they
///            were set at; of two marks with one name on one character the later one (stamp,
///            then dot) is in force, and marks of different names overlap freely. Marks that
///            should coexist, as comments do, have names of their own ("comment/7").
///
///            | concurrently                          | result                                |
///            | insert "ab", insert "xy" in one place | abxy or xyab, never mixed             |
///            | erase "word", insert inside it        | the inserted                          |
///            | erase "word", erase "word"            | erased once                           |
///            | bold 0-5, bold 3-8                    | bold 0-8                              |
///            | bold 0-5, bold off 3-8                | by stamp on 3-5, both outside it      |
///            | bold "word", insert inside "word"     | bold                                  |
///
/// State      The sequence; a live dot is one whose character is there. Marks by dot. Presence
///            dots, for a text that exists while empty.
/// What stays The places of erased characters, as id-only runs, and marks that nobody sees, until
///            the floor. Of the places that living characters hang on a few stay, and those where
///            a mark ends that is seen.
/// Delivery   Ops in causal order; states in any.
/// Source     As Sequence; marks: Litt, Lim, Kleppmann, van Hardenberg, Peritext (CSCW 2022).
/// Threads    A plain value.
class Text {
public:
    using OpType = Op;
    using Order = Sequence<TextPayload>;
    struct StampedMark {
        Mark mark;
        Hlc hlc;
        friend bool operator==(const StampedMark&, const StampedMark&) = default;
    };
    using Marks = std::map<Dot, StampedMark>;

    // ---- Reading

    [[nodiscard]] std::uint32_t size(Unit unit = Unit::code_point) const;
    /// All of it. O(n).
    [[nodiscard]] std::string str() const;
    /// `count` units from `from`; shorter at the end. Ends inside a code point move to its start.
    [[nodiscard]] std::string str(std::uint32_t from, std::uint32_t count,
                                  Unit unit = Unit::code_point) const;

    /// Text with one set of properties.
    struct Span {
        std::string text;
        std::map<std::string, Value> properties;
        friend bool operator==(const Span&, const Span&) = default;
    };
    /// The text cut where its properties change. O(runs + marks · log).
    [[nodiscard]] std::vector<Span> spans() const;
    [[nodiscard]] const Marks& marks() const { return marks_; }

    /// A point that follows the text: with Side::left it stays with the character behind `at`, with
    /// Side::right with the one in front of it.
    [[nodiscard]] Anchor anchor(std::uint32_t at, Side side, Unit unit = Unit::code_point) const;
    /// Where the point is now; where it was, if its character is gone. None for a character that
    /// never was.
    [[nodiscard]] std::optional<std::uint32_t> position(const Anchor& anchor,
                                                        Unit unit = Unit::code_point) const;

    // ---- Mutators; errors: out_of_range for a position behind the end, invalid_utf8

    [[nodiscard]] Result<Op> insert(std::uint32_t at, std::string_view utf8,
                                    Unit unit = Unit::code_point) const;
    [[nodiscard]] Result<Op> erase(std::uint32_t from, std::uint32_t count,
                                   Unit unit = Unit::code_point) const;
    /// Sets the property on the range; null takes it off. Replaces marks of this name inside it.
    [[nodiscard]] Result<Op> mark(std::uint32_t from, std::uint32_t count, std::string name,
                                  Value value, Expand expand = Expand::after,
                                  Unit unit = Unit::code_point) const;
    /// Makes the text exist while it is empty.
    [[nodiscard]] Op create() const;

    // ---- Replication; see Replicated

    /// `seen`, if some of the op's own dots were seen before: those whose elements are not here
    /// were removed before they came.
    void apply(const Op& op, const Event& at, const CausalContext* seen = nullptr);
    [[nodiscard]] static Text delta(const Op& op, const Event& at, const Text& before);
    void take(const Op& op) { erase(op.removes); }
    [[nodiscard]] static const DotSet& removes(const Op& op) { return op.removes; }
    void join(const Text& other, const CausalContext& mine, const CausalContext& theirs);

    [[nodiscard]] bool live() const { return !presence_.empty() || order_.measure().visible > 0; }
    [[nodiscard]] bool empty() const {
        return presence_.empty() && order_.empty() && marks_.empty();
    }
    [[nodiscard]] DotSet live_dots() const;
    void erase(const DotSet& dots);

    /// Places of erased characters, and marks that nobody sees: those that cover no character,
    /// those all of whose range a later mark of the same name covers, and those that take off a
    /// property where no earlier mark puts it on. O((n + m) log n) for m marks.
    void collect_residue(ResidueRuns& into) const;
    void drop(const Residue& residue);

    [[nodiscard]] const Order& order() const { return order_; }
    [[nodiscard]] const DotSet& presence() const { return presence_; }

    /// For decoders.
    Text() = default;
    Text(DotSet presence, Order order, Marks marks)
        : presence_(std::move(presence)), order_(std::move(order)), marks_(std::move(marks)) {}

    friend bool operator==(const Text& a, const Text& b);

private:
    void place(const Op& op, const Event& at, const CausalContext* seen);
    void kill(const DotRun& dots);
    /// A shown code point, in some unit.
    struct Char {
        Order::At at;
        std::uint32_t start = 0;
        std::uint32_t width = 0;
    };
    /// The one that the `n`-th unit belongs to; none at the end.
    [[nodiscard]] Char char_at(std::uint32_t n, Unit unit) const;
    /// The shown code point in front of the position; none at the beginning.
    [[nodiscard]] Result<Order::At> behind(std::uint32_t at, Unit unit) const;
    [[nodiscard]] std::optional<std::uint32_t> slot(const Anchor& anchor) const;
    [[nodiscard]] std::vector<Dot> unseen_marks() const;

    DotSet presence_;
    Order order_;
    Marks marks_;
};

}  // namespace syncline

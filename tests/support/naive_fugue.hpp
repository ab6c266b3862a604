#pragma once

#include "syncline/crdt/op.hpp"

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

/// Sequences a second time and in the plainest way, to compare the real ones with: one node an
/// element, no runs, no indices, everything walked from the beginning each time.
namespace syncline::testing {

/// The tree of Fugue (Weidner, Kleppmann, The Art of the Fugue, §4): the sequence is its in-order
/// walk, children of one side in the order of their replicas, of each the later
/// the nearer to the parent.
class NaiveFugue {
public:
    /// Puts elements with the dots first, first + 1, … there, each the right child of the one
    /// before. A dot that is there already stays where it is.
    void add(const Dot& first, std::uint64_t length, const Place& place);
    /// The elements from which parents lead up to the beginning, in order.
    [[nodiscard]] std::vector<Dot> order() const;
    /// Where somebody puts an element who sees these two as neighbours (counter 0: an end): the
    /// paper's insertion, §4, where nothing erased stands between, and never under an erased one.
    [[nodiscard]] Place place_between(const Dot& front, const Dot& behind) const;
    [[nodiscard]] bool contains(const Dot& dot) const { return places_.count(dot) != 0; }
    [[nodiscard]] const std::map<Dot, Place>& places() const { return places_; }

private:
    /// By parent: the children on the left and on the right, by dot.
    std::map<Dot, std::array<std::vector<Dot>, 2>> children_;
    std::map<Dot, Place> places_;
};

/// Text and lists of plain values on it: what is erased stays in the tree, moves are places of
/// their own, and the latest of an element counts.
class NaiveSequence {
public:
    struct Element {
        Value value;  ///< of a text: one code point
        bool erased = false;
        Dot slot;  ///< of the latest move
        Hlc moved;
    };
    struct NaiveMark {
        Mark mark;
        Hlc hlc;
    };

    /// place, erase (by removes), move and mark; others do nothing. In any order: it is a set of
    /// ops that is shown.
    void apply(const Op& op, const Event& at);
    /// The ids of what is shown, in order.
    [[nodiscard]] std::vector<Dot> shown() const;
    /// The places where they stand.
    [[nodiscard]] std::vector<Dot> shown_places() const;
    [[nodiscard]] std::vector<Value> values() const;
    [[nodiscard]] std::string text() const;
    /// For each shown code point its properties: of each name the latest mark over it.
    [[nodiscard]] std::vector<std::map<std::string, Value>> properties() const;
    /// How many shown code points stand in front of the point; none for one of an unknown element.
    [[nodiscard]] std::optional<std::uint32_t> position(const Anchor& anchor) const {
        return position(anchor, tree_.order());
    }
    /// The same, for who has the tree's order already.
    [[nodiscard]] std::optional<std::uint32_t> position(const Anchor& anchor,
                                                        const std::vector<Dot>& order) const;
    [[nodiscard]] const NaiveFugue& tree() const { return tree_; }

    NaiveFugue& tree() { return tree_; }
    std::map<Dot, Element>& elements() { return elements_; }
    std::map<Dot, NaiveMark>& marks() { return marks_; }

private:
    [[nodiscard]] std::vector<std::pair<Dot, Dot>> places_and_ids() const;
    [[nodiscard]] std::optional<std::size_t> slot_of(const std::vector<Dot>& order,
                                                     const Anchor& anchor) const;

    NaiveFugue tree_;
    std::map<Dot, Element> elements_;
    std::map<Dot, NaiveMark> marks_;
    std::set<Dot> removed_;
};

/// Of well-formed UTF-8, one string for each code point.
[[nodiscard]] std::vector<std::string> split_code_points(const std::string& utf8);

}  // namespace syncline::testing

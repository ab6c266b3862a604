#pragma once

#include "syncline/document/document.hpp"
#include "syncline/document/patch.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

/// How patches are made: what the ops name is watched (ask), looked at before (look), and compared
/// with what is there afterwards (tell). See docs/patches.md.
namespace syncline::patching {

struct Watch;

/// What one place shows: a key of a map, an element of a list. Fields of several types may be in
/// it.
struct Slot {
    std::map<Type, std::unique_ptr<Watch>> fields;  ///< those that are looked at
    DotSet cleared;                                 ///< of an element: what erases name
    // Before:
    std::optional<Type> shown;
    std::optional<std::uint32_t> index;  ///< of an element
};

/// What of one field is looked at, and how it was.
struct Watch {
    explicit Watch(Type of) : type(of) {}

    Type type;
    // What the ops name:
    DotSet cleared;            ///< by clears of the field: reaches all below
    DotSet erased;             ///< text: characters and marks; list: elements by id
    DotSet placed;             ///< text, list: new elements
    DotSet marked;             ///< text: new marks
    std::set<Value> elements;  ///< set
    std::set<Dot> moved;       ///< list
    bool whole = false;        ///< compare everything

    std::map<std::string, Slot> keys;  ///< map
    std::map<Dot, Slot> slots;         ///< list

    // Before:
    bool live = false;
    bool doomed = false;           ///< everything in it is cleared: only what is there then counts
    Value value;                   ///< register, counter, flag
    std::vector<Value> conflicts;  ///< register
    std::set<Value> in;            ///< set: which of `elements` were in
    struct Elements {
        std::uint32_t index;
        DotRun ids;
    };
    std::vector<Elements> going;  ///< list: plain ones that are erased or cleared
    std::vector<Dot> order;       ///< list, whole: all ids
    struct Characters {
        std::uint32_t from;
        std::uint32_t from_utf16;
        TextDelta::Length length;
    };
    std::vector<Characters> gone;  ///< text
    std::vector<std::pair<Dot, Text::StampedMark>> unmarked;
    std::vector<Text::Span> spans;  ///< text, whole

    Watch& field(Slot& slot, Type of) const {
        auto& watch = slot.fields[of];
        if (watch == nullptr) watch = std::make_unique<Watch>(of);
        return *watch;
    }
};

/// Whether a field of this type has contents of its own, rather than one value.
[[nodiscard]] bool is_container(Type type);
/// The type that a view shows under the key.
[[nodiscard]] std::optional<Type> first_type(const OrMap& map, const std::string& key);
/// Of a set of any kind, or of none.
[[nodiscard]] bool contains(const Node* set, const Value& element);
/// Of a register: the values that lost.
[[nodiscard]] std::vector<Value> conflicts_of(const Node& node);
[[nodiscard]] std::uint32_t utf16_of(std::string_view utf8);
[[nodiscard]] std::string_view part_of(const TextPayload& payload, std::uint32_t from,
                                       std::uint32_t length);

}  // namespace syncline::patching

#pragma once

#include "syncline/clock/dot.hpp"
#include "syncline/clock/hlc.hpp"
#include "syncline/crdt/type.hpp"
#include "syncline/document/value.hpp"
#include "syncline/flat_map.hpp"
#include "syncline/owned.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace syncline {

/// What an op does to its target. Which of them a type takes stands in that type's file.
enum class OpCode : std::uint8_t {
    set = 1,      ///< register: this value, instead of the removed dots
    add = 2,      ///< counter: this amount
    insert = 3,   ///< set: this element
    erase = 4,    ///< set: this element
    enable = 5,   ///< flag
    disable = 6,  ///< flag
    create = 7,   ///< map: exist, even while empty
    clear = 8,    ///< any type: drop the removed dots, in the target and below it
    cancel = 9,   ///< counter: cancel the adds seen
    place = 10,   ///< list, text: new elements, a run of them, at a place
    move = 11,    ///< list: this element to a place
    mark = 12,    ///< text: this property on a range
};

/// The side of its parent on which an element of a sequence stands.
enum class Side : std::uint8_t { left = 0, right = 1 };

/// Where a new element of a sequence goes: a child of `parent` in the tree whose in-order walk is
/// the sequence. No parent (counter 0) is the beginning; its side is right.
struct Place {
    Dot parent;
    Side side = Side::right;
    friend bool operator==(const Place&, const Place&) = default;
};

/// A point between two elements that stays with one of them, erased or not. No element (counter
/// 0): the beginning (right) or the end (left) of the sequence.
struct Anchor {
    Dot element;
    Side side = Side::left;
    friend bool operator==(const Anchor&, const Anchor&) = default;
};

/// What `mark` puts on a range of text: a property with a value; null takes it off.
struct Mark {
    std::string name;
    Value value;
    Anchor from;
    Anchor to;
    friend bool operator==(const Mark&, const Mark&) = default;
};

/// How far a replica's adds to a counter are meant: the sum of all up to the add with this counter.
struct CounterMark {
    std::uint64_t counter = 0;  ///< of the last add's dot; 0 is none
    std::int64_t sum = 0;       ///< modulo 2^64, so that hostile amounts cannot diverge
    friend bool operator==(const CounterMark&, const CounterMark&) = default;
};
using CounterMarks = FlatMap<ReplicaId, CounterMark>;

/// One operation on one CRDT, as its author meant it: it names the dots it replaces or removes, one
/// by one, never "everything I had seen". The dot it adds is not part of it (see Event). A value.
struct Op {
    OpCode code = OpCode::clear;
    Value value;              ///< set, insert, erase; place: the text, or an array of values
    std::int64_t amount = 0;  ///< add
    DotSet removes;           ///< dots the author saw and takes away
    CounterMarks cancels;     ///< cancel: what was seen of each *other* replica; the author's own
                              ///< total is implied by order
    Place place;              ///< place, move
    Dot element;              ///< erase in a list: of which element, if not by removes; move
    Type inner = Type::lww_register;  ///< place in a list: values, or one container of this type
    Owned<Mark> mark;                 ///< mark
    friend bool operator==(const Op&, const Op&) = default;
};

/// How many dots it takes: one, or one for each element that it places.
[[nodiscard]] std::uint64_t span(const Op& op);
/// Of well-formed UTF-8.
[[nodiscard]] std::uint32_t code_points(std::string_view utf8);

/// Who did an op, and when. Dots are unique; stamps grow along causality.
struct Event {
    Dot dot;  ///< the first, if the op takes several
    Hlc hlc;
    friend bool operator==(const Event&, const Event&) = default;
};

}  // namespace syncline

#pragma once

#include "syncline/clock/dot.hpp"
#include "syncline/clock/hlc.hpp"
#include "syncline/document/value.hpp"

#include <cstdint>
#include <map>

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
};

/// How far a replica's adds to a counter are meant: the sum of all up to the add with this counter.
struct CounterMark {
    std::uint64_t counter = 0;  ///< of the last add's dot; 0 is none
    std::int64_t sum = 0;       ///< modulo 2^64, so that hostile amounts cannot diverge
    friend bool operator==(const CounterMark&, const CounterMark&) = default;
};
using CounterMarks = std::map<ReplicaId, CounterMark>;

/// One operation on one CRDT, as its author meant it: it names the dots it replaces or removes, one
/// by one, never "everything I had seen". The dot it adds is not part of it (see Event). A value.
struct Op {
    OpCode code = OpCode::clear;
    Value value;              ///< set, insert, erase
    std::int64_t amount = 0;  ///< add
    DotSet removes;           ///< dots the author saw and takes away
    CounterMarks cancels;     ///< cancel: what was seen of each *other* replica; the author's own
                              ///< total is implied by order
    friend bool operator==(const Op&, const Op&) = default;
};

/// Who did an op, and when. Dots are unique; stamps grow along causality.
struct Event {
    Dot dot;
    Hlc hlc;
    friend bool operator==(const Event&, const Event&) = default;
};

}  // namespace syncline

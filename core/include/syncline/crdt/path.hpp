#pragma once

#include "syncline/crdt/op.hpp"

#include <string>
#include <vector>

namespace syncline {

/// Whether a list's element can be made as one of these: what exists while nothing is in it.
[[nodiscard]] bool can_be_placed(Type type);
/// Whether ops with this code make sense on this type.
[[nodiscard]] bool accepts(Type type, OpCode code);

/// A field's identity: two devices that create `settings` as a map while offline mean one map; a
/// register of that name is another field, and both live.
struct FieldKey {
    std::string key;
    Type type = Type::lww_register;

    friend bool operator==(const FieldKey&, const FieldKey&) = default;
    friend bool operator<(const FieldKey& a, const FieldKey& b) {
        if (const int by_key = a.key.compare(b.key); by_key != 0) return by_key < 0;
        return a.type < b.type;
    }
};

/// One step down into a document: a field of a map, or an element of a list (by the dot that
/// inserted it) and the type of what is meant in it. A value.
struct Step {
    std::string key;  ///< of a field
    Dot element;      ///< of a list's element; counter 0 for a field
    Type type = Type::lww_register;

    Step() = default;
    Step(std::string field_key, Type field_type) : key(std::move(field_key)), type(field_type) {}
    Step(FieldKey field) : key(std::move(field.key)), type(field.type) {}
    Step(const Dot& list_element, Type inner) : element(list_element), type(inner) {}

    [[nodiscard]] bool is_element() const { return element.counter != 0; }
    /// As the container that this step leaves knows it: an element's contents have the empty key.
    [[nodiscard]] FieldKey field() const { return {key, type}; }

    friend bool operator==(const Step&, const Step&) = default;
    friend bool operator<(const Step& a, const Step& b) {
        if (const int by_key = a.key.compare(b.key); by_key != 0) return by_key < 0;
        if (!(a.element == b.element)) return a.element < b.element;
        return a.type < b.type;
    }
};

/// From a document's root down to what is meant; every step but the last is a map or a list. Empty
/// is the root.
using Path = std::vector<Step>;

/// An op and the field it is meant for.
struct FieldOp {
    Path path;
    Op op;
    friend bool operator==(const FieldOp&, const FieldOp&) = default;
};

/// Calls `use(dots)` with every dot that the op names, as a DotRun: what has to be in its author's
/// past. (A cancel's mark counts as its last add.)
template <typename Use>
void for_each_reference(const FieldOp& op, Use use) {
    const auto one = [&](const Dot& dot) {
        if (dot.counter != 0) use(DotRun{dot.replica, dot.counter, dot.counter});
    };
    for (const Step& step : op.path) one(step.element);
    for (const DotRun& run : op.op.removes.runs()) use(run);
    for (const auto& [replica, mark] : op.op.cancels) one({replica, mark.counter});
    one(op.op.place.parent);
    one(op.op.element);
    if (op.op.mark) {
        one(op.op.mark->from.element);
        one(op.op.mark->to.element);
    }
}

}  // namespace syncline

#pragma once

#include "syncline/crdt/op.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace syncline {

/// What a field is. The numbers are on the wire and on disk; their order is also the one in which a
/// view that has one place for a key chooses among fields of several types.
enum class Type : std::uint8_t {
    map = 1,
    // 2 list and 3 text are reserved.
    or_set = 4,
    rw_set = 5,
    g_set = 6,
    pn_counter = 7,
    g_counter = 8,
    ew_flag = 9,
    dw_flag = 10,
    lww_register = 11,
    mv_register = 12,
};

/// "or_set" and so on.
[[nodiscard]] std::string_view name_of(Type type);
/// The type with this number, or none.
[[nodiscard]] std::optional<Type> type_of(std::uint64_t number);
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

/// From a document's root down to a field; every step but the last is a map. Empty is the root.
using Path = std::vector<FieldKey>;

/// An op and the field it is meant for.
struct FieldOp {
    Path path;
    Op op;
    friend bool operator==(const FieldOp&, const FieldOp&) = default;
};

}  // namespace syncline

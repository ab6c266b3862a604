#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace syncline {

/// What a field is. The numbers are on the wire and on disk; their order is also the one in which a
/// view that has one place for a key chooses among fields of several types.
enum class Type : std::uint8_t {
    map = 1,
    list = 2,
    text = 3,
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

}  // namespace syncline

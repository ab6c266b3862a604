#pragma once

#include "syncline/codec/limits.hpp"
#include "syncline/document/value.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace syncline {

/// `value` as compact JSON text: one text a value, no white space, members sorted by key, text as
/// UTF-8 with only `"`, `\` and control characters escaped.
///
///     binary          {"$bytes":"<base64, padded>"}
///     NaN, inf, -inf  {"$number":"nan"}, {"$number":"inf"}, {"$number":"-inf"}
///     a map that would be taken for one of these
///                     {"$map":{…}}: its only member is $bytes or $number, or its first is $map
///
/// A real number is written with a fraction or an exponent, so that it does not come back as an
/// integer. Text that is not UTF-8 (no document holds any, see check()) gets U+FFFD in its place.
[[nodiscard]] std::string to_json(const Value& value);

/// The value of a JSON text (RFC 8259); parse_json(to_json(v)) == v.
///
/// An integer literal outside int64 is refused with out_of_range, since neither an integer nor a
/// real holds it exactly; so is a number too large for a real. Numbers with a fraction or an
/// exponent are reals, in Value's one form (1.0 is 1). Two members of one name are refused
/// (malformed), as is a `$bytes`, `$number` or `$map` in another form than above. A value deeper
/// than `depth_max` is too_deep. The error's text tells the byte position, counted from 0.
/// Memory  About 20 times the text at worst ([1,1,1…]); the caller bounds the text.
[[nodiscard]] Result<Value> parse_json(std::string_view text,
                                       std::size_t depth_max = wire::value_depth_max);

}  // namespace syncline

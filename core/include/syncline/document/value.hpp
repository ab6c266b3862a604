#pragma once

#include "syncline/bytes.hpp"
#include "syncline/codec/reader.hpp"
#include "syncline/codec/writer.hpp"

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace syncline {

/// What a register holds and a set contains: JSON's values and binary, immutable as a whole.
///
/// Every value has exactly one form, so that equal values have equal bytes: a real number that is
/// integral and at most 2^53 in magnitude is an integer (1.0 is 1, -0.0 is 0), there is one NaN,
/// and a map's members are sorted by key. Order: by kind, then by content; total, and the same on
/// every platform. Threads: a plain value.
class Value {
public:
    struct Member;
    using Array = std::vector<Value>;
    using Map = std::vector<Member>;

    Value();  ///< null
    Value(std::nullptr_t);
    Value(bool value);
    /// Any integer. One above 2^63 - 1 is a real, as a reader of JSON has it.
    template <std::integral T>
    Value(T value);
    Value(double value);
    Value(std::string value);
    Value(std::string_view value);
    Value(const char* value);
    /// Another pointer is no value; as a bool it would be one.
    template <typename T>
    requires(!std::same_as<std::remove_const_t<T>, char>) Value(T*)
    = delete;
    Value(Bytes value);
    Value(Array value);
    /// Sorts the members; of two with one key the later stays.
    Value(Map value);

    [[nodiscard]] bool is_null() const { return data_.index() == 0; }
    [[nodiscard]] const bool* boolean() const { return std::get_if<bool>(&data_); }
    [[nodiscard]] const std::int64_t* integer() const { return std::get_if<std::int64_t>(&data_); }
    [[nodiscard]] const double* real() const { return std::get_if<double>(&data_); }
    [[nodiscard]] const std::string* text() const { return std::get_if<std::string>(&data_); }
    [[nodiscard]] const Bytes* binary() const { return std::get_if<Bytes>(&data_); }
    [[nodiscard]] const Array* array() const { return std::get_if<Array>(&data_); }
    [[nodiscard]] const Map* map() const { return std::get_if<Map>(&data_); }
    /// The member of a map with this key, or none.
    [[nodiscard]] const Value* find(std::string_view key) const;

    friend bool operator==(const Value& a, const Value& b);
    friend bool operator<(const Value& a, const Value& b) {
        const std::string* left = a.text();  // nearly always
        const std::string* right = b.text();
        return left != nullptr && right != nullptr ? *left < *right : compare(a, b) < 0;
    }
    static int compare(const Value& a, const Value& b);

private:
    std::variant<std::monostate, bool, std::int64_t, double, std::string, Bytes, Array, Map> data_;
};

struct Value::Member {
    std::string key;
    Value value;
    friend bool operator==(const Member&, const Member&) = default;
};

// Here, where Member is complete: clang instantiates the variant's destructor for each of them.
inline Value::Value() = default;
inline Value::Value(std::nullptr_t) {}
inline Value::Value(bool value) : data_(value) {}
template <std::integral T>
Value::Value(T value) {
    if (std::in_range<std::int64_t>(value)) {
        data_ = static_cast<std::int64_t>(value);
    } else {
        *this = Value(static_cast<double>(value));
    }
}
inline Value::Value(std::string value) : data_(std::move(value)) {}
inline Value::Value(std::string_view value) : data_(std::string(value)) {}
inline Value::Value(const char* value) : data_(std::string(value)) {}
inline Value::Value(Bytes value) : data_(std::move(value)) {}
inline Value::Value(Array value) : data_(std::move(value)) {}

/// Whether a value may enter a document: well-formed UTF-8, nesting and size within the limits.
[[nodiscard]] Result<> check(const Value& value);

namespace wire {
void write_value(Writer& out, const Value& value);
/// Refuses a second spelling of a value (see Value).
[[nodiscard]] Value read_value(Reader& in);
}  // namespace wire

}  // namespace syncline

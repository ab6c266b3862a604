#include "syncline/document/value.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace syncline {

namespace {

constexpr double integral_max = 9007199254740992.0;  // 2^53

bool is_integral(double value) {
    return std::fabs(value) <= integral_max && std::trunc(value) == value;
}

template <typename T>
int order(const T& a, const T& b) {
    return a < b ? -1 : (b < a ? 1 : 0);
}

int order_reals(double a, double b) {
    // NaN comes after everything; there is one.
    if (std::isnan(a) || std::isnan(b)) return order(std::isnan(a), std::isnan(b));
    return order(a, b);
}

bool member_before(const Value::Member& a, const Value::Member& b) { return a.key < b.key; }

}  // namespace

Value::Value(double value) {
    if (is_integral(value)) {
        data_ = static_cast<std::int64_t>(value);
    } else {
        data_ = std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value;
    }
}

Value::Value(Map value) {
    const auto not_ascending = [](const Member& a, const Member& b) { return !(a.key < b.key); };
    if (std::adjacent_find(value.begin(), value.end(), not_ascending) == value.end()) {
        data_ = std::move(value);  // what a decoder hands over
        return;
    }
    std::stable_sort(value.begin(), value.end(), member_before);
    Map unique;
    unique.reserve(value.size());
    for (Member& member : value) {
        if (!unique.empty() && unique.back().key == member.key) {
            unique.back() = std::move(member);
        } else {
            unique.push_back(std::move(member));
        }
    }
    data_ = std::move(unique);
}

const Value* Value::find(std::string_view key) const {
    const Map* members = map();
    if (members == nullptr) return nullptr;
    const auto found =
        std::lower_bound(members->begin(), members->end(), key,
                         [](const Member& member, std::string_view k) { return member.key < k; });
    return found != members->end() && found->key == key ? &found->value : nullptr;
}

bool operator==(const Value& a, const Value& b) { return Value::compare(a, b) == 0; }

int Value::compare(const Value& a, const Value& b) {
    if (a.data_.index() != b.data_.index()) return order(a.data_.index(), b.data_.index());
    if (const bool* left = a.boolean()) return order(*left, *b.boolean());
    if (const std::int64_t* left = a.integer()) return order(*left, *b.integer());
    if (const double* left = a.real()) return order_reals(*left, *b.real());
    if (const std::string* left = a.text()) return left->compare(*b.text());
    if (const Bytes* left = a.binary()) return order(*left, *b.binary());
    if (const Array* left = a.array()) {
        const Array& right = *b.array();
        for (std::size_t i = 0; i < left->size() && i < right.size(); ++i) {
            if (const int by_item = compare((*left)[i], right[i]); by_item != 0) return by_item;
        }
        return order(left->size(), right.size());
    }
    if (const Map* left = a.map()) {
        const Map& right = *b.map();
        for (std::size_t i = 0; i < left->size() && i < right.size(); ++i) {
            if (const int by_key = (*left)[i].key.compare(right[i].key); by_key != 0) return by_key;
            if (const int by_value = compare((*left)[i].value, right[i].value); by_value != 0) {
                return by_value;
            }
        }
        return order(left->size(), right.size());
    }
    return 0;
}

namespace {

Result<> check_at(const Value& value, std::size_t depth, std::size_t& bytes) {
    if (depth > wire::value_depth_max) {
        return fail(ErrorCode::too_deep, "a value nests deeper than " +
                                             std::to_string(wire::value_depth_max) + " levels");
    }
    const auto text_is_good = [&](const std::string& text) -> Result<> {
        bytes += text.size() + 5;
        if (!wire::is_utf8(text)) return fail(ErrorCode::invalid_utf8, "text is not UTF-8");
        return {};
    };
    bytes += 9;
    if (const auto* text = value.text()) return text_is_good(*text);
    if (const auto* binary = value.binary()) bytes += binary->size();
    if (const auto* array = value.array()) {
        for (const Value& item : *array) {
            if (auto good = check_at(item, depth + 1, bytes); !good) return good;
        }
    }
    if (const auto* map = value.map()) {
        for (const Value::Member& member : *map) {
            if (auto good = text_is_good(member.key); !good) return good;
            if (auto good = check_at(member.value, depth + 1, bytes); !good) return good;
        }
    }
    return {};
}

}  // namespace

Result<> check(const Value& value) {
    std::size_t bytes = 0;
    if (auto good = check_at(value, 0, bytes); !good) return good;
    if (bytes > wire::Limits{}.bytes_max) {
        return fail(ErrorCode::too_large, "a value of about " + std::to_string(bytes) +
                                              " bytes does not fit into a change of 1 MiB");
    }
    return {};
}

namespace wire {

void write_value(Writer& out, const Value& value) {
    if (const auto* boolean = value.boolean()) {
        out.boolean(*boolean);
    } else if (const auto* integer = value.integer()) {
        out.i64(*integer);
    } else if (const auto* real = value.real()) {
        out.real(*real);
    } else if (const auto* text = value.text()) {
        out.text(*text);
    } else if (const auto* binary = value.binary()) {
        out.binary(*binary);
    } else if (const auto* array = value.array()) {
        out.array(array->size());
        for (const Value& item : *array) write_value(out, item);
    } else if (const auto* map = value.map()) {
        out.map(map->size());
        for (const Value::Member& member : *map) {
            out.text(member.key);
            write_value(out, member.value);
        }
    } else {
        out.nil();
    }
}

namespace {

// std::bit_cast, which Emscripten's library may lack.
std::uint64_t bits_of(double value) {
    std::uint64_t bits = 0;
    static_assert(sizeof bits == sizeof value);
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

bool is_the_nan(double value) {
    return bits_of(value) == bits_of(std::numeric_limits<double>::quiet_NaN());
}

// Recursion is bounded by value_depth_max.
Value read_value_at(Reader& in, std::size_t depth) {
    in.require(depth <= value_depth_max, ErrorCode::too_deep);
    const std::size_t bytes_max = relay_frame_limits().bytes_max;
    switch (in.peek()) {
        case Reader::Kind::nil: in.nil(); return {};
        case Reader::Kind::boolean: return in.boolean();
        case Reader::Kind::unsigned_int:
        case Reader::Kind::negative_int: return in.i64();
        case Reader::Kind::real: {
            const double real = in.real();
            in.require(!is_integral(real) && (!std::isnan(real) || is_the_nan(real)),
                       ErrorCode::not_canonical);
            return real;
        }
        case Reader::Kind::text: return in.text(bytes_max);
        case Reader::Kind::binary: {
            const BytesView bytes = in.binary(bytes_max);
            return Bytes(bytes.begin(), bytes.end());
        }
        case Reader::Kind::array: {
            Value::Array items;
            for (std::size_t left = in.array(); left > 0 && !in.failed(); --left) {
                items.push_back(read_value_at(in, depth + 1));
            }
            return items;
        }
        case Reader::Kind::map: {
            Value::Map members;
            for (std::size_t left = in.map(); left > 0 && !in.failed(); --left) {
                std::string key(in.text(bytes_max));
                in.require(members.empty() || members.back().key < key, ErrorCode::not_canonical);
                members.push_back({std::move(key), read_value_at(in, depth + 1)});
            }
            return members;
        }
        case Reader::Kind::none: break;
    }
    in.fail_with(ErrorCode::malformed);
    return {};
}

}  // namespace

Value read_value(Reader& in) { return read_value_at(in, 0); }

}  // namespace wire

}  // namespace syncline

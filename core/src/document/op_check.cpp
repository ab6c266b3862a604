#include "syncline/document/op_check.hpp"

#include "syncline/codec/limits.hpp"
#include "syncline/codec/reader.hpp"

namespace syncline {

namespace {

Result<> check_path(const Path& path) {
    if (path.size() > wire::path_max) {
        return fail(ErrorCode::too_deep, "fields nest at most 16 deep");
    }
    Type inside = Type::map;
    for (const Step& step : path) {
        if (step.key.size() > wire::key_bytes_max || !wire::is_utf8(step.key)) {
            return fail(ErrorCode::invalid_argument, "a key is UTF-8 of at most 1,024 bytes");
        }
        if (inside != (step.is_element() ? Type::list : Type::map)) {
            return fail(ErrorCode::invalid_argument,
                        "only maps have fields inside, and only lists have elements");
        }
        inside = step.type;
    }
    return {};
}

/// What `place` puts into a text or a list.
bool can_be_inserted(Type type, const Op& op) {
    if (type == Type::text) {
        return op.inner == Type::text && op.value.text() != nullptr && !op.value.text()->empty();
    }
    if (op.inner != Type::lww_register) return can_be_placed(op.inner) && op.value.is_null();
    return op.value.array() != nullptr && !op.value.array()->empty();
}

}  // namespace

Result<> check(const FieldOp& op) {
    if (auto good = check_path(op.path); !good) return good;
    const Type type = op.path.empty() ? Type::map : op.path.back().type;
    if (!accepts(type, op.op.code)) {
        return fail(ErrorCode::invalid_argument,
                    "a " + std::string(name_of(type)) + " has no such operation");
    }
    switch (op.op.code) {
        case OpCode::add: {
            const auto bound = static_cast<std::int64_t>(counter_max);
            const std::int64_t least = type == Type::g_counter ? 0 : -bound;
            if (op.op.amount < least || op.op.amount > bound) {
                return fail(ErrorCode::out_of_range, "an amount is at most 2^53 - 1");
            }
            break;
        }
        case OpCode::place:
            if (!can_be_inserted(type, op.op)) {
                return fail(ErrorCode::invalid_argument, "that cannot be inserted there");
            }
            break;
        case OpCode::move:
            if (op.op.element.counter == 0) {
                return fail(ErrorCode::invalid_argument, "a move is of an element");
            }
            break;
        case OpCode::mark:
            if (!op.op.mark || op.op.mark->name.size() > wire::key_bytes_max ||
                !wire::is_utf8(op.op.mark->name)) {
                return fail(ErrorCode::invalid_argument,
                            "a mark's name is UTF-8 of at most 1,024 bytes");
            }
            if (auto good = check(op.op.mark->value); !good) return good;
            break;
        default: break;
    }
    return check(op.op.value);
}

}  // namespace syncline

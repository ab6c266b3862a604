#include "support/reference_model.hpp"

#include <algorithm>
#include <map>

namespace syncline::testing {

namespace {

using Ops = std::vector<ModelOp>;

template <typename Which>
bool seen_by(const ModelOp& op, const Ops& ops, Which which) {
    return std::any_of(ops.begin(), ops.end(),
                       [&](const ModelOp& other) { return which(other) && other.saw(op); });
}
auto code_is(OpCode code) {
    return [code](const ModelOp& op) { return op.code == code; };
}

/// Add-wins: some `give` that no `take` and no clear has seen.
bool add_wins(const Ops& ops, OpCode give, OpCode take) {
    return std::any_of(ops.begin(), ops.end(), [&](const ModelOp& op) {
        return op.code == give && !seen_by(op, ops, code_is(take)) &&
               !seen_by(op, ops, code_is(OpCode::clear));
    });
}
/// Remove-wins: the same, and every `take` has been seen by a `give`.
bool remove_wins(const Ops& ops, OpCode give, OpCode take) {
    return add_wins(ops, give, take) && std::all_of(ops.begin(), ops.end(), [&](const ModelOp& op) {
               return op.code != take || seen_by(op, ops, code_is(give));
           });
}

/// The ops on each element, clears with all of them.
std::map<Value, Ops> by_element(const Ops& ops) {
    std::map<Value, Ops> elements;
    for (const ModelOp& op : ops) {
        if (op.code != OpCode::clear) elements[op.value];
    }
    for (auto& [element, of_element] : elements) {
        for (const ModelOp& op : ops) {
            if (op.code == OpCode::clear || op.value == element) of_element.push_back(op);
        }
    }
    return elements;
}

/// The sets that nobody overwrote knowingly, in dot order.
Ops surviving_sets(const Ops& ops) {
    Ops sets;
    for (const ModelOp& op : ops) {
        const auto overwrites = [](const ModelOp& other) {
            return other.code == OpCode::set || other.code == OpCode::clear;
        };
        if (op.code == OpCode::set && !seen_by(op, ops, overwrites)) sets.push_back(op);
    }
    std::sort(sets.begin(), sets.end(),
              [](const ModelOp& a, const ModelOp& b) { return a.at.dot < b.at.dot; });
    return sets;
}

}  // namespace

std::optional<Value> model_field(Type type, const Ops& ops) {
    switch (type) {
        case Type::or_set:
        case Type::g_set:
        case Type::rw_set: {
            Value::Array in;
            bool exists = false;
            for (const auto& [element, of_element] : by_element(ops)) {
                const bool given = add_wins(of_element, OpCode::insert, OpCode::erase);
                exists = exists || given;
                const bool beaten =
                    type == Type::rw_set && !remove_wins(of_element, OpCode::insert, OpCode::erase);
                if (given && !beaten) in.push_back(element);
            }
            if (!exists) return std::nullopt;
            return in;
        }
        case Type::pn_counter:
        case Type::g_counter: {
            std::int64_t sum = 0;
            bool exists = false;
            for (const ModelOp& op : ops) {
                if (op.code != OpCode::add || seen_by(op, ops, code_is(OpCode::cancel))) continue;
                sum += op.amount;
                exists = true;
            }
            if (!exists) return std::nullopt;
            return sum;
        }
        case Type::ew_flag:
        case Type::dw_flag: {
            if (!add_wins(ops, OpCode::enable, OpCode::disable)) return std::nullopt;
            return type == Type::ew_flag || remove_wins(ops, OpCode::enable, OpCode::disable);
        }
        case Type::lww_register: {
            const Ops sets = surviving_sets(ops);
            if (sets.empty()) return std::nullopt;
            return std::max_element(sets.begin(), sets.end(),
                                    [](const ModelOp& a, const ModelOp& b) {
                                        if (a.at.hlc == b.at.hlc) return a.at.dot < b.at.dot;
                                        return a.at.hlc < b.at.hlc;
                                    })
                ->value;
        }
        case Type::mv_register: {
            Value::Array values;
            for (const ModelOp& op : surviving_sets(ops)) values.push_back(op.value);
            if (values.empty()) return std::nullopt;
            return values;
        }
        case Type::map: return model_map(ops);
        case Type::list:
        case Type::text: return std::nullopt;
    }
    return std::nullopt;
}

std::optional<Value> model_map(const Ops& ops) {
    std::map<FieldKey, Ops> fields;
    Ops here;
    for (const ModelOp& op : ops) {
        if (op.path.empty()) {
            here.push_back(op);
        } else {
            fields[op.path.front().field()];
        }
    }
    bool exists = add_wins(here, OpCode::create, OpCode::clear);
    Value::Map members;
    for (auto& [field, of_field] : fields) {
        for (const ModelOp& op : ops) {
            if (op.path.empty() && op.code == OpCode::clear) {
                of_field.push_back(op);  // what clears the map clears its fields
            } else if (!op.path.empty() && op.path.front().field() == field) {
                of_field.push_back(op);
                of_field.back().path.erase(of_field.back().path.begin());
            }
        }
        const auto shown = model_field(field.type, of_field);
        if (!shown) continue;
        exists = true;
        // Fields come in the order of key and type, and a view shows the first of a key.
        if (members.empty() || members.back().key != field.key) {
            members.push_back({field.key, *shown});
        }
    }
    if (!exists) return std::nullopt;
    return members;
}

}  // namespace syncline::testing

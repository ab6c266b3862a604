#include "support/reference_model.hpp"

#include "support/naive_fugue.hpp"

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

std::uint64_t elements_of(const ModelOp& op) {
    if (const auto* text = op.value.text()) return split_code_points(*text).size();
    return op.inner == Type::lww_register ? op.value.array()->size() : 1;
}

std::optional<Value> model_text(const Ops& ops);
std::optional<Value> model_list(const Ops& ops);

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

bool is_cleared(const ModelOp& op, const Ops& ops) {
    return seen_by(op, ops, [](const ModelOp& other) {
        return other.path.empty() && other.code == OpCode::clear;
    });
}

NaiveFugue tree_of(const Ops& ops) {
    NaiveFugue tree;
    for (const ModelOp& op : ops) {
        if (!op.path.empty()) continue;
        if (op.code == OpCode::place) tree.add(op.at.dot, elements_of(op), op.place);
        if (op.code == OpCode::move) tree.add(op.at.dot, 1, op.place);
    }
    return tree;
}

/// The code points that are shown, in order, with their dots.
std::vector<std::pair<Dot, std::string>> characters(const Ops& ops) {
    std::map<Dot, std::string> alive;
    for (const ModelOp& op : ops) {
        if (op.code != OpCode::place || is_cleared(op, ops)) continue;
        Dot dot = op.at.dot;
        for (const std::string& point : split_code_points(*op.value.text())) {
            const bool erased = std::any_of(ops.begin(), ops.end(), [&](const ModelOp& other) {
                return other.code == OpCode::erase && other.named.contains(dot);
            });
            if (!erased) alive.emplace(dot, point);
            ++dot.counter;
        }
    }
    std::vector<std::pair<Dot, std::string>> shown;
    for (const Dot& dot : tree_of(ops).order()) {
        if (const auto found = alive.find(dot); found != alive.end()) shown.push_back(*found);
    }
    return shown;
}

bool is_created(const Ops& ops) {
    return std::any_of(ops.begin(), ops.end(), [&](const ModelOp& op) {
        return op.path.empty() && op.code == OpCode::create && !is_cleared(op, ops);
    });
}

std::optional<Value> model_text(const Ops& ops) {
    const auto shown = characters(ops);
    if (shown.empty() && !is_created(ops)) return std::nullopt;
    std::string text;
    for (const auto& [dot, point] : shown) text += point;
    return text;
}

/// The ops on what is in one element: its insertion is the first, to erase it is to clear it.
Ops ops_inside(const Dot& id, const ModelOp& inserted, const Ops& ops) {
    Ops inside;
    ModelOp& first = inside.emplace_back(inserted);
    first.at.dot = id;
    if (inserted.inner != Type::lww_register) {
        const bool counts = inserted.inner == Type::pn_counter || inserted.inner == Type::g_counter;
        first.code = counts ? OpCode::add : OpCode::create;
    } else {
        first.code = OpCode::set;
        first.value =
            (*inserted.value
                  .array())[static_cast<std::size_t>(id.counter - inserted.at.dot.counter)];
    }
    first.path = {FieldKey{"", inserted.inner}};
    for (const ModelOp& op : ops) {
        const bool erases = op.path.empty() && op.code == OpCode::erase &&
                            (op.element == id || op.named.contains(id));
        if (erases || (op.path.empty() && op.code == OpCode::clear)) {
            inside.push_back(op);
            inside.back().code = OpCode::clear;
        } else if (!op.path.empty() && op.path.front().element == id) {
            inside.push_back(op);
            inside.back().path.front() = FieldKey{"", op.path.front().type};
        }
    }
    return inside;
}

std::optional<Value> model_list(const Ops& ops) {
    struct Shown {
        Value value;
        const ModelOp* move = nullptr;
    };
    std::map<Dot, Shown> shown;
    for (const ModelOp& op : ops) {
        if (op.code != OpCode::place || !op.path.empty()) continue;
        for (std::uint64_t i = 0; i < elements_of(op); ++i) {
            const Dot id{op.at.dot.replica, op.at.dot.counter + i};
            const auto contents = model_map(ops_inside(id, op, ops));
            if (contents) shown[id].value = contents->map()->front().value;
        }
    }
    for (const ModelOp& op : ops) {
        if (op.code != OpCode::move || !op.path.empty()) continue;
        const auto found = shown.find(op.element);
        if (found == shown.end()) continue;
        const ModelOp*& last = found->second.move;
        if (last == nullptr ||
            std::pair(last->at.hlc.packed, last->at.dot) < std::pair(op.at.hlc.packed, op.at.dot))
            last = &op;
    }
    std::map<Dot, const Value*> by_place;
    for (const auto& [id, element] : shown)
        by_place[element.move == nullptr ? id : element.move->at.dot] = &element.value;
    Value::Array items;
    for (const Dot& place : tree_of(ops).order()) {
        if (const auto found = by_place.find(place); found != by_place.end())
            items.push_back(*found->second);
    }
    if (items.empty() && !is_created(ops)) return std::nullopt;
    return items;
}

}  // namespace

ModelOp model_of(const Op& op, const Event& at) {
    ModelOp model;
    model.code = op.code;
    model.value = op.value;
    model.amount = op.amount;
    model.at = at;
    model.place = op.place;
    model.element = op.element;
    model.inner = op.inner;
    if (op.mark) model.mark = *op.mark;
    if (op.code == OpCode::erase) model.named = op.removes;
    return model;
}

ModelOp model_of(const FieldOp& op, const Event& at) {
    ModelOp model = model_of(op.op, at);
    model.path = op.path;
    return model;
}

std::optional<Value> model_spans(const Ops& ops) {
    if (!model_text(ops)) return std::nullopt;
    NaiveSequence marked;
    marked.tree() = tree_of(ops);
    const auto shown = characters(ops);
    for (const auto& [dot, point] : shown) marked.elements()[dot].value = point;
    // That a mark takes the ones inside it away is to change nothing.
    for (const ModelOp& op : ops) {
        if (op.code == OpCode::mark && !is_cleared(op, ops))
            marked.marks()[op.at.dot] = {*op.mark, op.at.hlc};
    }
    const auto properties = marked.properties();
    Value::Array spans;
    for (std::size_t i = 0; i < shown.size();) {
        std::size_t end = i;
        std::string text;
        for (; end < shown.size() && properties[end] == properties[i]; ++end)
            text += shown[end].second;
        Value::Map members;
        for (const auto& [name, value] : properties[i]) members.push_back({name, value});
        spans.push_back(Value::Array{text, members});
        i = end;
    }
    return spans;
}

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
        case Type::list: return model_list(ops);
        case Type::text: return model_text(ops);
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

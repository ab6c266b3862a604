#include "reference.hpp"

#include <algorithm>

namespace syncline::sim {

void Reference::add(const Change& change) {
    for_each_op(change, [&](const Section& section, const FieldOp& op, const Event& at) {
        for (const Dot& dot : op.op.removes) removed_.insert(dot);
        ops_[section.document].push_back({op, at});
    });
}

std::vector<DocumentKey> Reference::documents() const {
    std::vector<DocumentKey> keys;
    for (const auto& [key, ops] : ops_) keys.push_back(key);
    return keys;
}

/// An order of elements, as the tree that the ops describe, walked in order.
struct Reference::Tree {
    /// By replica, and of each the later the nearer to the parent: on the right the first.
    struct OnTheRight {
        bool operator()(const Dot& a, const Dot& b) const {
            return a.replica == b.replica ? b.counter < a.counter : a.replica < b.replica;
        }
    };
    struct Children {
        std::set<Dot> left;
        std::set<Dot, OnTheRight> right;
    };
    std::map<Dot, Children> children;  ///< of the beginning: dot of counter 0

    void add(const Dot& dot, const Place& place) {
        Children& siblings = children[place.parent.counter == 0 ? Dot{} : place.parent];
        if (place.parent.counter != 0 && place.side == Side::left) {
            siblings.left.insert(dot);
        } else {
            siblings.right.insert(dot);
        }
    }
    /// All that hang together with the beginning.
    [[nodiscard]] std::vector<Dot> in_order() const {
        std::vector<Dot> all;
        // What is still to do, the next one last: a subtree, or an element itself.
        std::vector<std::pair<Dot, bool>> todo{{Dot{}, true}};
        while (!todo.empty()) {
            const auto [dot, with_children] = todo.back();
            todo.pop_back();
            const auto found = children.find(dot);
            if (!with_children || found == children.end()) {
                if (dot.counter != 0) all.push_back(dot);
                continue;
            }
            const auto& [left, right] = found->second;
            for (auto at = right.rbegin(); at != right.rend(); ++at) todo.emplace_back(*at, true);
            todo.emplace_back(dot, false);
            for (auto at = left.rbegin(); at != left.rend(); ++at) todo.emplace_back(*at, true);
        }
        return all;
    }
};

struct Reference::Field {
    // By the ops that are still in force.
    std::set<Value> inserted, erased;
    std::size_t enables = 0, disables = 0, presence = 0;
    struct Written {
        Hlc hlc;
        Dot dot;
        Value value;
    };
    std::vector<Written> values;
    // Counters: by author, every add and how far it was cancelled.
    std::map<ReplicaId, std::map<std::uint64_t, std::int64_t>> adds;
    std::map<ReplicaId, std::uint64_t> cancelled;
    std::map<FieldKey, Field> below;
    // Sequences: what stands where. An element of a list holds fields by type.
    Tree order;
    std::map<Dot, std::string> characters;
    std::map<Dot, std::map<Type, Field>> elements;
    struct Moved {
        Hlc hlc;
        Dot slot;
    };
    std::map<Dot, Moved> moved;  ///< the latest move of an element
    struct Marked {
        Mark mark;
        Hlc hlc;
    };
    std::map<Dot, Marked> marks;

    [[nodiscard]] std::int64_t total(bool* live) const {
        std::uint64_t sum = 0;
        for (const auto& [author, amounts] : adds) {
            const auto cut = cancelled.find(author);
            for (const auto& [counter, amount] : amounts) {
                if (cut != cancelled.end() && counter <= cut->second) continue;
                sum += static_cast<std::uint64_t>(amount);
                *live = true;
            }
        }
        return static_cast<std::int64_t>(sum);
    }

    /// The text cut where its properties change: [[text, {property: value}], ...].
    [[nodiscard]] Value spans(bool* live) const {
        const std::vector<Dot> all = order.in_order();
        std::map<Dot, std::size_t> index;
        for (std::size_t i = 0; i < all.size(); ++i) index[all[i]] = i;
        const auto position = [&](const Anchor& anchor, std::size_t* at) {
            if (anchor.element.counter == 0) {
                *at = anchor.side == Side::right ? 0 : all.size();
                return true;
            }
            const auto found = index.find(anchor.element);
            if (found == index.end()) return false;
            *at = found->second + (anchor.side == Side::right ? 1 : 0);
            return true;
        };
        Value::Array cut;
        std::string text;
        Value::Map current;
        const auto finish = [&] {
            if (!text.empty()) cut.emplace_back(Value::Array{Value(text), Value(current)});
            text.clear();
        };
        for (std::size_t i = 0; i < all.size(); ++i) {
            const auto character = characters.find(all[i]);
            if (character == characters.end()) continue;
            *live = true;
            std::map<std::string, std::pair<std::pair<Hlc, Dot>, const Value*>> in_force;
            for (const auto& [dot, marked] : marks) {
                std::size_t from = 0;
                std::size_t to = 0;
                if (!position(marked.mark.from, &from) || !position(marked.mark.to, &to)) continue;
                if (i < from || i >= to) continue;
                auto& best = in_force[marked.mark.name];
                const bool later = best.second == nullptr || best.first.first < marked.hlc ||
                                   (best.first.first == marked.hlc && best.first.second < dot);
                if (later) best = {{marked.hlc, dot}, &marked.mark.value};
            }
            Value::Map properties;
            for (const auto& [name, mark] : in_force) {
                if (!mark.second->is_null()) properties.push_back({name, *mark.second});
            }
            if (!(properties == current)) finish();
            current = std::move(properties);
            text += character->second;
        }
        finish();
        return cut;
    }

    [[nodiscard]] bool show(Type type, Value& into) const {
        bool live = false;
        switch (type) {
            case Type::map: {
                Value::Map members;
                live = presence > 0;
                for (const auto& [field, node] : below) {
                    Value value;
                    if (!node.show(field.type, value)) continue;
                    live = true;
                    if (!members.empty() && members.back().key == field.key) continue;
                    members.push_back({field.key, std::move(value)});
                }
                into = Value(std::move(members));
                return live;
            }
            case Type::or_set:
            case Type::g_set:
            case Type::rw_set: {
                Value::Array in;
                for (const Value& value : inserted) {
                    if (erased.count(value) == 0) in.push_back(value);
                }
                into = Value(std::move(in));
                return !inserted.empty();
            }
            case Type::pn_counter:
            case Type::g_counter: into = total(&live); return live;
            case Type::ew_flag: into = enables > 0; return enables > 0;
            case Type::dw_flag: into = enables > 0 && disables == 0; return enables > 0;
            case Type::lww_register: {
                const auto best = std::max_element(
                    values.begin(), values.end(), [](const Written& a, const Written& b) {
                        return a.hlc == b.hlc ? a.dot < b.dot : a.hlc < b.hlc;
                    });
                if (best != values.end()) into = best->value;
                return best != values.end();
            }
            case Type::mv_register: {
                std::vector<Written> sorted = values;
                std::sort(sorted.begin(), sorted.end(),
                          [](const Written& a, const Written& b) { return a.dot < b.dot; });
                Value::Array all;
                for (const Written& written : sorted) all.push_back(written.value);
                into = Value(std::move(all));
                return !values.empty();
            }
            case Type::list: {
                std::map<Dot, Dot> arrived;
                for (const auto& [element, move] : moved) arrived[move.slot] = element;
                Value::Array shown;
                for (const Dot& slot : order.in_order()) {
                    const auto here = arrived.find(slot);
                    if (here == arrived.end() && moved.count(slot) != 0) continue;
                    const auto element = elements.find(here == arrived.end() ? slot : here->second);
                    if (element == elements.end()) continue;
                    for (const auto& [inner, field] : element->second) {
                        Value value;
                        if (!field.show(inner, value)) continue;
                        shown.push_back(std::move(value));
                        break;
                    }
                }
                live = presence > 0 || !shown.empty();
                into = Value(std::move(shown));
                return live;
            }
            case Type::text: {
                into = spans(&live);
                live = live || presence > 0;
                return live;
            }
        }
        return false;
    }
};

/// A run of elements: their places stay, whatever becomes of what is in them.
void Reference::place(Field& field, const Op& op, const Event& at) const {
    std::vector<std::string> characters;
    if (const std::string* text = op.value.text()) {
        for (const char byte : *text) {
            if ((static_cast<unsigned char>(byte) & 0xC0) != 0x80) characters.emplace_back();
            characters.back() += byte;
        }
    }
    const Value::Array* values = op.value.array();
    const std::size_t count = values != nullptr    ? values->size()
                              : characters.empty() ? 1
                                                   : characters.size();
    for (std::size_t i = 0; i < count; ++i) {
        const Dot dot{at.dot.replica, at.dot.counter + i};
        const Dot before{dot.replica, dot.counter - 1};
        field.order.add(dot, i == 0 ? op.place : Place{before, Side::right});
        const bool removed = removed_.count(dot) != 0;
        if (!characters.empty()) {
            if (!removed) field.characters[dot] = characters[i];
        } else if (values != nullptr) {
            if (!removed) {
                field.elements[dot][Type::lww_register].values.push_back(
                    {at.hlc, dot, (*values)[i]});
            }
        } else if (op.inner == Type::pn_counter || op.inner == Type::g_counter) {
            field.elements[dot][op.inner].adds[dot.replica][dot.counter] = 0;
        } else if (!removed) {
            ++field.elements[dot][op.inner].presence;
        }
    }
}

Value Reference::view(const DocumentKey& key) const {
    const auto found = ops_.find(key);
    if (found == ops_.end()) return {};
    Field root;
    for (const Added& added : found->second) {
        Field* field = &root;
        for (const Step& step : added.op.path) {
            field = step.is_element() ? &field->elements[step.element][step.type]
                                      : &field->below[step.field()];
        }
        const Op& op = added.op.op;
        const Dot& dot = added.at.dot;
        if (op.code == OpCode::place) {
            place(*field, op, added.at);
            continue;
        }
        if (op.code == OpCode::move) {
            field->order.add(dot, op.place);
            Field::Moved& last = field->moved[op.element];
            if (last.slot.counter == 0 || last.hlc < added.at.hlc ||
                (last.hlc == added.at.hlc && last.slot < dot)) {
                last = {added.at.hlc, dot};
            }
            continue;
        }
        // Counters know no dots: what is cancelled is said by author and counter.
        if (op.code == OpCode::add) field->adds[dot.replica][dot.counter] = op.amount;
        if (op.code == OpCode::cancel) {
            for (const auto& [replica, mark] : op.cancels) {
                std::uint64_t& cut = field->cancelled[replica];
                cut = std::max(cut, mark.counter);
            }
            std::uint64_t& own = field->cancelled[dot.replica];
            own = std::max(own, dot.counter);
        }
        if (removed_.count(dot) != 0) continue;
        switch (op.code) {
            case OpCode::set: field->values.push_back({added.at.hlc, dot, op.value}); break;
            case OpCode::insert: field->inserted.insert(op.value); break;
            case OpCode::erase:
                // Only where erasures win do they stay.
                if (added.op.path.back().type == Type::rw_set) field->erased.insert(op.value);
                break;
            case OpCode::enable: ++field->enables; break;
            case OpCode::disable: ++field->disables; break;
            case OpCode::create: ++field->presence; break;
            case OpCode::mark: field->marks[dot] = {*op.mark, added.at.hlc}; break;
            default: break;
        }
    }
    Value shown;
    return root.show(Type::map, shown) ? shown : Value();
}

namespace {

Value shown(const Node& node);

Value shown_fields(const OrMap& map) {
    Value::Map members;
    for (const auto& [field, node] : map.fields()) {
        if (!node->live()) continue;
        if (!members.empty() && members.back().key == field.key()) continue;
        members.push_back({std::string(field.key()), shown(*node)});
    }
    return members;
}

Value shown(const Node& node) {
    if (const auto* map = node.as<OrMap>()) return shown_fields(*map);
    if (const auto* text = node.as<Text>()) {
        Value::Array spans;
        for (const Text::Span& span : text->spans()) {
            Value::Map properties;
            for (const auto& [name, value] : span.properties) properties.push_back({name, value});
            spans.emplace_back(Value::Array{Value(span.text), Value(std::move(properties))});
        }
        return spans;
    }
    const auto* list = node.as<List>();
    if (list == nullptr) return view(node);
    Value::Array items;
    list->for_each([&](const Dot&, const Value* value, const OrMap* contents) {
        if (value != nullptr) return items.push_back(*value);
        for (const auto& [field, inner] : contents->fields()) {
            if (inner->live()) return items.push_back(shown(*inner));
        }
    });
    return items;
}

}  // namespace

Value shown(const OrMap& root) { return root.live() ? shown_fields(root) : Value(); }

}  // namespace syncline::sim

#include "edits.hpp"

#include "syncline/document/json.hpp"

#include <algorithm>

namespace syncline::sim {

namespace {

const std::vector<Type>& leaf_types() {
    static const std::vector<Type> types = {Type::list,         Type::text,       Type::or_set,
                                            Type::rw_set,       Type::g_set,      Type::pn_counter,
                                            Type::g_counter,    Type::ew_flag,    Type::dw_flag,
                                            Type::lww_register, Type::mv_register};
    return types;
}

std::string key_of(std::uint64_t number) { return std::string(1, static_cast<char>('a' + number)); }

/// An element that is there, or one of a small set that others use too, or a new one.
Value element_for(Random& random, const ElementDots& there, const std::string& token) {
    const std::uint64_t choice = random.below(10);
    if (choice < 4 && !there.empty()) {
        auto at = there.elements().begin();
        std::advance(at, static_cast<std::ptrdiff_t>(random.below(there.elements().size())));
        return at->first;
    }
    if (choice < 8) return static_cast<std::int64_t>(random.below(4));
    return token;
}

/// A position in, or at the end of, something of this size; where others are likely to be too.
std::uint32_t position_in(Random& random, std::uint32_t size) {
    const std::uint64_t choice = random.below(10);
    if (choice < 3) return size;
    if (choice < 5) return 0;
    return static_cast<std::uint32_t>(random.below(std::uint64_t{size} + 1));
}
/// A range that is not empty; size is at least 1.
std::pair<std::uint32_t, std::uint32_t> range_in(Random& random, std::uint32_t size) {
    const auto from = static_cast<std::uint32_t>(random.below(size));
    const auto most = std::min<std::uint64_t>(size - from, random.chance(15) ? size : 4);
    return {from, static_cast<std::uint32_t>(random.between(1, most))};
}

FieldOp text_edit(Random& random, const Text& text, Path path, const std::string& token) {
    const std::uint32_t size = text.size();
    const std::uint64_t choice = random.below(100);
    if (size > 0 && choice < 25) {
        const auto [from, count] = range_in(random, size);
        return {std::move(path), *text.erase(from, count)};
    }
    if (size > 0 && choice < 40) {
        const auto [from, count] = range_in(random, size);
        const std::string name = random.chance(70) ? "bold" : "link";
        const Value value = random.chance(25) ? Value()
                            : name == "bold"  ? Value(true)
                                              : Value(token);
        const auto expand = static_cast<Expand>(random.below(4));
        return {std::move(path), *text.mark(from, count, name, value, expand)};
    }
    if (choice < 44) return {std::move(path), text.create()};
    // One to a few code points of one to four bytes; the token tells whose.
    static const char* const written[] = {"", "\u00e9", "\u4e16", "\U0001f600", "~"};
    const std::string typed =
        random.chance(40) ? token.substr(0, 1) : token + written[random.below(5)];
    return {std::move(path), *text.insert(position_in(random, size), typed)};
}

std::vector<FieldOp> list_edit(Random& random, const List& list, const Path& path,
                               const ReplicaId& author, const std::string& token) {
    const std::uint32_t size = list.size();
    const std::uint64_t choice = random.below(100);
    if (size > 0 && choice < 20) {
        const auto [from, count] = range_in(random, size);
        return *list.erase(path, from, count, author);
    }
    if (size > 0 && choice < 38) {
        const auto from = static_cast<std::uint32_t>(random.below(size));
        const auto to = static_cast<std::uint32_t>(random.below(size));
        return {{path, *list.move(from, to)}};
    }
    if (size > 0 && choice < 50) {
        const auto index = static_cast<std::uint32_t>(random.below(size));
        return *list.replace(path, index, token, author);
    }
    if (choice < 54) return {{path, list.create()}};
    const std::uint32_t at = position_in(random, size);
    if (choice < 70) {
        static const std::vector<Type> containers = {Type::map, Type::list, Type::text,
                                                     Type::pn_counter, Type::g_counter};
        return {{path, *list.insert(at, random.pick(containers))}};
    }
    std::vector<Value> values{token};
    while (random.chance(40)) values.emplace_back(static_cast<std::int64_t>(random.below(4)));
    return {{path, *list.insert(at, std::move(values))}};
}

FieldOp leaf_edit(Random& random, const OrMap& root, Path path, const std::string& token) {
    const bool remove = random.chance(35);
    const Type type = path.back().type;
    switch (type) {
        case Type::text: return text_edit(random, root.at<Text>(path), path, token);
        case Type::or_set: {
            const auto& set = root.at<OrSet>(path);
            const Value element = element_for(random, set.elements(), token);
            return {path, remove ? set.erase(element) : set.insert(element)};
        }
        case Type::rw_set: {
            const auto& set = root.at<RwSet>(path);
            const Value element = element_for(random, set.inserted(), token);
            return {path, remove ? set.erase(element) : set.insert(element)};
        }
        case Type::g_set: {
            const auto& set = root.at<GSet>(path);
            return {path, set.insert(element_for(random, set.elements(), token))};
        }
        case Type::pn_counter:
            return {path, root.at<PnCounter>(path).add(
                              static_cast<std::int64_t>(random.between(0, 20)) - 7)};
        case Type::g_counter: return {path, root.at<GCounter>(path).add(random.below(9))};
        case Type::ew_flag: {
            const auto& flag = root.at<EwFlag>(path);
            return {path, remove ? flag.disable() : flag.enable()};
        }
        case Type::dw_flag: {
            const auto& flag = root.at<DwFlag>(path);
            return {path, remove ? flag.disable() : flag.enable()};
        }
        case Type::lww_register: {
            const auto& reg = root.at<LwwRegister>(path);
            return {path, remove && random.chance(40) ? reg.clear() : reg.set(token)};
        }
        default: {
            const auto& reg = root.at<MvRegister>(path);
            return {path, remove && random.chance(40) ? reg.clear() : reg.set(token)};
        }
    }
}

/// Instead of the field of a map, what is of that type in an element of a list of that name.
void descend(Random& random, const OrMap& root, Path& path, Type type) {
    if (path.size() + 2 > wire::path_max) return;
    Path list = path;
    list.back().type = Type::list;
    const List& elements = root.at<List>(list);
    if (elements.size() == 0) return;
    const auto index = static_cast<std::uint32_t>(random.below(elements.size()));
    path = std::move(list);
    path.emplace_back(*elements.id(index), type);
}

}  // namespace

EditMix draw_mix(Random& random) {
    EditMix mix;
    mix.keys = random.between(1, 3);
    if (random.chance(40)) return mix;
    mix.bits = 0;
    for (const Type type : leaf_types()) {
        if (random.chance(35)) mix.bits |= 1U << static_cast<std::uint32_t>(type);
    }
    if (mix.bits == 0) {
        mix.bits |= 1U << static_cast<std::uint32_t>(random.pick(leaf_types()));
    }
    if (random.chance(60)) mix.bits |= EditMix::clears;
    if (random.chance(40)) mix.bits |= EditMix::creates;
    if (random.chance(50)) mix.bits |= EditMix::nesting;
    return mix;
}

std::vector<FieldOp> random_edit(Random& random, const OrMap& root, const ReplicaId& author,
                                 const EditMix& mix, const std::string& token) {
    Path path;
    const std::uint64_t depth = mix.has(EditMix::nesting) ? random.below(3) : 0;
    for (std::uint64_t i = 0; i < depth; ++i) {
        path.emplace_back(key_of(random.below(mix.keys)), Type::map);
        if (mix.has(Type::list) && random.chance(40)) descend(random, root, path, Type::map);
    }
    if (mix.has(EditMix::clears) && random.chance(12)) {
        // The document, a map in it, or a field of a map.
        if (random.chance(60)) {
            path.emplace_back(key_of(random.below(mix.keys)), random.pick(leaf_types()));
        }
        return root.clear(path, author);
    }
    if (mix.has(EditMix::creates) && random.chance(8)) return {root.create(path)};
    std::vector<Type> types;
    for (const Type type : leaf_types()) {
        if (mix.has(type)) types.push_back(type);
    }
    const Type type = random.pick(types);
    path.emplace_back(key_of(random.below(mix.keys)), type);
    if (mix.has(Type::list) && random.chance(30)) descend(random, root, path, type);
    if (type == Type::list) {
        return list_edit(random, root.at<List>(path), path, author, token);
    }
    return {leaf_edit(random, root, std::move(path), token)};
}

std::string read_your_write(const OrMap& root, const FieldOp& op) {
    const auto wrong = [&] { return "does not show its own write: " + to_string(op); };
    const Node* node = op.path.empty() ? nullptr : root.find(op.path);
    const Type type = op.path.empty() ? Type::map : op.path.back().type;
    switch (op.op.code) {
        case OpCode::set: {
            if (node == nullptr) return wrong();
            if (type == Type::lww_register) {
                const Value* value = node->as<LwwRegister>()->value();
                return value != nullptr && *value == op.op.value ? "" : wrong();
            }
            const auto& values = node->as<MvRegister>()->values();
            return values.size() == 1 && values.front().value == op.op.value ? "" : wrong();
        }
        case OpCode::erase:
            if (type == Type::text || type == Type::list) {
                const DotSet left = node == nullptr ? DotSet() : node->live_dots();
                for (const Dot& dot : op.op.removes) {
                    if (left.contains(dot)) return wrong();
                }
                return "";
            }
            [[fallthrough]];
        case OpCode::insert: {
            bool has = false;
            if (type == Type::or_set) has = root.at<OrSet>(op.path).contains(op.op.value);
            if (type == Type::rw_set) has = root.at<RwSet>(op.path).contains(op.op.value);
            if (type == Type::g_set) has = root.at<GSet>(op.path).contains(op.op.value);
            return has == (op.op.code == OpCode::insert) ? "" : wrong();
        }
        case OpCode::enable:
        case OpCode::disable: {
            const bool on = type == Type::ew_flag ? root.at<EwFlag>(op.path).on()
                                                  : root.at<DwFlag>(op.path).on();
            return on == (op.op.code == OpCode::enable) ? "" : wrong();
        }
        case OpCode::create:
            if (op.path.empty()) return root.live() ? "" : wrong();
            return node != nullptr && node->live() ? "" : wrong();
        case OpCode::add: return node != nullptr && node->live() ? "" : wrong();
        case OpCode::cancel: return node == nullptr || !node->live() ? "" : wrong();
        case OpCode::clear:
            // Counters below are cancelled by ops of their own, after this one.
            if (type == Type::map || type == Type::list) return "";
            return node == nullptr || !node->live() ? "" : wrong();
        case OpCode::place:
            if (node == nullptr || !node->live()) return wrong();
            if (type == Type::text) {
                const std::string shown = node->as<Text>()->str();
                return shown.find(*op.op.value.text()) != std::string::npos ? "" : wrong();
            }
            if (const Value::Array* values = op.op.value.array()) {
                const Value shown = view(*node);
                const auto& all = *shown.array();
                return std::search(all.begin(), all.end(), values->begin(), values->end()) !=
                               all.end()
                           ? ""
                           : wrong();
            }
            return "";
        case OpCode::move: return node->as<List>()->index(op.op.element) ? "" : wrong();
        case OpCode::mark: {
            if (op.op.mark->value.is_null()) return "";
            for (const Text::Span& span : node->as<Text>()->spans()) {
                const auto set = span.properties.find(op.op.mark->name);
                if (set != span.properties.end() && set->second == op.op.mark->value) return "";
            }
            return wrong();
        }
    }
    return "";
}

std::string to_string(const FieldOp& op) {
    static const char* const names[] = {"?",      "set",     "add",    "insert", "erase",
                                        "enable", "disable", "create", "clear",  "cancel",
                                        "place",  "move",    "mark"};
    std::string text;
    const auto told = [](const Dot& dot) {
        return syncline::to_string(dot.replica).substr(0, 4) + ':' + std::to_string(dot.counter);
    };
    for (const Step& step : op.path) {
        text += '/' + (step.is_element() ? told(step.element) : step.key) + ':' +
                std::string(name_of(step.type));
    }
    if (op.path.empty()) text = "/";
    text += ' ';
    text += names[static_cast<std::size_t>(op.op.code)];
    if (op.op.code == OpCode::add) text += ' ' + std::to_string(op.op.amount);
    if (!op.op.value.is_null()) text += ' ' + to_json(op.op.value);
    if (!op.op.removes.empty()) {
        text += " removes";
        for (const Dot& dot : op.op.removes) text += ' ' + told(dot);
    }
    for (const auto& [replica, mark] : op.op.cancels) {
        text += " cancels " + told({replica, mark.counter}) + '=' + std::to_string(mark.sum);
    }
    if (op.op.element.counter != 0) text += " element " + told(op.op.element);
    if (op.op.code == OpCode::place || op.op.code == OpCode::move) {
        text += op.op.place.side == Side::left ? " left of " : " right of ";
        text += told(op.op.place.parent);
        if (op.op.inner != Type::lww_register) text += ' ' + std::string(name_of(op.op.inner));
    }
    if (op.op.mark) {
        text += ' ' + op.op.mark->name + '=' + to_json(op.op.mark->value);
        for (const Anchor& end : {op.op.mark->from, op.op.mark->to}) {
            text += (end.side == Side::left ? " <" : " >") + told(end.element);
        }
    }
    return text;
}

}  // namespace syncline::sim

#include "edits.hpp"

#include "syncline/document/json.hpp"

namespace syncline::sim {

namespace {

const std::vector<Type>& leaf_types() {
    static const std::vector<Type> types = {
        Type::or_set,  Type::rw_set,  Type::g_set,        Type::pn_counter, Type::g_counter,
        Type::ew_flag, Type::dw_flag, Type::lww_register, Type::mv_register};
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

FieldOp leaf_edit(Random& random, const OrMap& root, Path path, const std::string& token) {
    const bool remove = random.chance(35);
    const Type type = path.back().type;
    switch (type) {
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
    path.emplace_back(key_of(random.below(mix.keys)), random.pick(types));
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
        case OpCode::insert:
        case OpCode::erase: {
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
            if (type == Type::map) return "";
            return node == nullptr || !node->live() ? "" : wrong();
        case OpCode::place:
        case OpCode::move:
        case OpCode::mark: return "";
    }
    return "";
}

std::string to_string(const FieldOp& op) {
    static const char* const names[] = {"?",      "set",     "add",    "insert", "erase",
                                        "enable", "disable", "create", "clear",  "cancel",
                                        "place",  "move",    "mark"};
    std::string text;
    for (const Step& step : op.path) {
        text += '/' + step.key + ':' + std::string(name_of(step.type));
    }
    if (op.path.empty()) text = "/";
    text += ' ';
    text += names[static_cast<std::size_t>(op.op.code)];
    if (op.op.code == OpCode::add) text += ' ' + std::to_string(op.op.amount);
    if (!op.op.value.is_null()) text += ' ' + to_json(op.op.value);
    if (!op.op.removes.empty()) {
        text += " removes";
        for (const Dot& dot : op.op.removes) {
            text += ' ' + syncline::to_string(dot.replica).substr(0, 4) + ':' +
                    std::to_string(dot.counter);
        }
    }
    for (const auto& [replica, mark] : op.op.cancels) {
        text += " cancels " + syncline::to_string(replica).substr(0, 4) + ':' +
                std::to_string(mark.counter) + '=' + std::to_string(mark.sum);
    }
    return text;
}

}  // namespace syncline::sim

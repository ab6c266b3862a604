#include "syncline/crdt/or_map.hpp"

#include "clock/set_of_runs.hpp"

#include <algorithm>
#include <array>

namespace syncline {

namespace {

/// In the order of Node::Store's alternatives.
constexpr std::array<Type, 12> types_in_order = {
    Type::map,     Type::list,    Type::text,         Type::or_set,
    Type::rw_set,  Type::g_set,   Type::pn_counter,   Type::g_counter,
    Type::ew_flag, Type::dw_flag, Type::lww_register, Type::mv_register};

Node node_for(Type type) {
    switch (type) {
        case Type::map: return Node(OrMap());
        case Type::list: return Node(List());
        case Type::text: return Node(Text());
        case Type::or_set: return Node(OrSet());
        case Type::rw_set: return Node(RwSet());
        case Type::g_set: return Node(GSet());
        case Type::pn_counter: return Node(PnCounter());
        case Type::g_counter: return Node(GCounter());
        case Type::ew_flag: return Node(EwFlag());
        case Type::dw_flag: return Node(DwFlag());
        case Type::lww_register: return Node(LwwRegister());
        case Type::mv_register: return Node(MvRegister());
    }
    return Node(LwwRegister());
}

}  // namespace

std::string_view name_of(Type type) {
    switch (type) {
        case Type::map: return "map";
        case Type::list: return "list";
        case Type::text: return "text";
        case Type::or_set: return "or_set";
        case Type::rw_set: return "rw_set";
        case Type::g_set: return "g_set";
        case Type::pn_counter: return "pn_counter";
        case Type::g_counter: return "g_counter";
        case Type::ew_flag: return "ew_flag";
        case Type::dw_flag: return "dw_flag";
        case Type::lww_register: return "register";
        case Type::mv_register: return "mv_register";
    }
    return "unknown";
}

std::optional<Type> type_of(std::uint64_t number) {
    const auto found = std::find_if(types_in_order.begin(), types_in_order.end(), [&](Type type) {
        return static_cast<std::uint64_t>(type) == number;
    });
    if (found == types_in_order.end()) return std::nullopt;
    return *found;
}

bool can_be_placed(Type type) {
    switch (type) {
        case Type::map:
        case Type::list:
        case Type::text:
        case Type::pn_counter:
        case Type::g_counter:
        case Type::lww_register: return true;
        default: return false;
    }
}

std::uint32_t code_points(std::string_view utf8) {
    // All bytes but those that continue a code point, 10xxxxxx; eight at a time.
    constexpr std::uint64_t ones = 0x0101'0101'0101'0101;
    std::size_t count = utf8.size();
    for (; utf8.size() >= 8; utf8.remove_prefix(8)) {
        const std::uint64_t word = ordered_word(utf8.data());
        const std::uint64_t continuing = (word >> 7) & (~word >> 6) & ones;
        count -= static_cast<std::size_t>(continuing * ones >> 56);  // their sum
    }
    for (const char byte : utf8) count -= (static_cast<unsigned char>(byte) & 0xC0) == 0x80 ? 1 : 0;
    return static_cast<std::uint32_t>(count);
}

std::uint64_t span(const Op& op) {
    if (op.code != OpCode::place) return 1;
    if (const std::string* text = op.value.text()) return code_points(*text);
    if (const Value::Array* values = op.value.array()) return values->size();
    return 1;
}

bool accepts(Type type, OpCode code) {
    const bool counter = type == Type::pn_counter || type == Type::g_counter;
    const bool sequence = type == Type::list || type == Type::text;
    const bool set = type == Type::or_set || type == Type::rw_set || type == Type::g_set;
    switch (code) {
        case OpCode::set: return type == Type::lww_register || type == Type::mv_register;
        case OpCode::add: return counter;
        case OpCode::cancel: return counter;
        case OpCode::insert: return set;
        case OpCode::erase: return (set && type != Type::g_set) || sequence;
        case OpCode::enable:
        case OpCode::disable: return type == Type::ew_flag || type == Type::dw_flag;
        case OpCode::create: return type == Type::map || sequence;
        case OpCode::clear: return !counter;
        case OpCode::place: return sequence;
        case OpCode::move: return type == Type::list;
        case OpCode::mark: return type == Type::text;
    }
    return false;
}

OrMap::OrMap() = default;
OrMap::OrMap(OrMap&&) noexcept = default;
OrMap& OrMap::operator=(OrMap&&) noexcept = default;
OrMap::~OrMap() = default;

OrMap::OrMap(const OrMap& other) : presence_(other.presence_) {
    for (const auto& [field, node] : other.fields_) {
        fields_.emplace(field, std::make_unique<Node>(*node));
    }
}

OrMap& OrMap::operator=(const OrMap& other) {
    if (this != &other) *this = OrMap(other);
    return *this;
}

const Node* OrMap::find(const FieldKey& field) const {
    const auto found = fields_.find(FieldName::Like(field));
    return found == fields_.end() ? nullptr : found->second.get();
}

const Node* OrMap::find_step(const Step& step) const {
    const auto found = fields_.find(FieldName::Like(step));
    return found == fields_.end() ? nullptr : found->second.get();
}

const Node* OrMap::find(const Path& path) const {
    const OrMap* map = this;
    const Node* node = nullptr;
    for (const Step& step : path) {
        if (step.is_element()) {
            const List* list = node == nullptr ? nullptr : node->as<List>();
            map = list == nullptr ? nullptr : list->contents(step.element);
        } else if (node != nullptr) {
            map = node->as<OrMap>();
        }
        node = map == nullptr ? nullptr : map->find_step(step);
        if (node == nullptr) return nullptr;
    }
    return node;
}

FieldOp OrMap::create(const Path& path) const {
    FieldOp made{path, {}};
    made.op.code = OpCode::create;
    made.op.removes = at<OrMap>(path).presence_;
    return made;
}

namespace {

void cancel_counters(const Node& node, const Path& path, const ReplicaId& author,
                     std::vector<FieldOp>& ops);

void cancel_counters(const OrMap& map, const Path& path, const Dot& element,
                     const ReplicaId& author, std::vector<FieldOp>& ops) {
    for (const auto& [field, below] : map.fields()) {
        Path deeper = path;
        deeper.push_back(element.counter == 0 ? Step(field) : Step(element, field.type()));
        cancel_counters(*below, deeper, author, ops);
    }
}

void cancel_counters(const Node& node, const Path& path, const ReplicaId& author,
                     std::vector<FieldOp>& ops) {
    if (const auto* map = node.as<OrMap>()) cancel_counters(*map, path, {}, author, ops);
    if (const auto* list = node.as<List>()) {
        for (const auto& [id, element] : list->elements())
            cancel_counters(element.contents(), path, id, author, ops);
    }
    if (const auto* counter = node.as<PnCounter>(); counter != nullptr && counter->live())
        ops.push_back({path, counter->cancel(author)});
    if (const auto* counter = node.as<GCounter>(); counter != nullptr && counter->live())
        ops.push_back({path, counter->cancel(author)});
}

}  // namespace

std::vector<FieldOp> OrMap::cancels(const ReplicaId& author) const {
    std::vector<FieldOp> ops;
    cancel_counters(*this, {}, {}, author, ops);
    return ops;
}

std::vector<FieldOp> OrMap::clear(const Path& path, const ReplicaId& author) const {
    std::vector<FieldOp> ops;
    FieldOp all{path, {}};
    if (path.empty()) {
        all.op.removes = live_dots();
        ops = cancels(author);
    } else if (const Node* node = find(path)) {
        all.op.removes = node->live_dots();
        cancel_counters(*node, path, author, ops);
    }
    if (!all.op.removes.empty()) ops.insert(ops.begin(), std::move(all));
    return ops;
}

void OrMap::apply_at(const FieldOp& op, std::size_t depth, const Event& at,
                     const CausalContext* seen) {
    if (depth == op.path.size()) return apply_here(op.op, at);

    // Ops that only take away must not create what they do not find.
    const Step& step = op.path[depth];
    if (op.op.code == OpCode::clear) return take_at(op, depth);
    const auto found = made(step);
    Node& node = *found->second;
    if (auto* map = node.as<OrMap>()) {
        map->apply_at(op, depth + 1, at, seen);
    } else if (auto* list = node.as<List>()) {
        list->apply_at(op, depth + 1, at, seen);
    } else if (auto* text = node.as<Text>(); text != nullptr && depth + 1 == op.path.size()) {
        text->apply(op.op, at, seen);
    } else if (depth + 1 == op.path.size()) {
        node.visit([&](auto& store) {
            if constexpr (std::is_same_v<typename std::decay_t<decltype(store)>::OpType, Op>)
                store.apply(op.op, at);
        });
    }
    if (node.empty()) fields_.erase(found);
}

void OrMap::renew_at(FieldOp& op, std::size_t depth, const Event& at) {
    const auto found = made(op.path[depth]);
    Node& node = *found->second;
    if (depth + 1 == op.path.size()) {
        node.visit([&](auto& store) {
            if constexpr (requires { store.renew(op.op, at); }) store.renew(op.op, at);
        });
    } else if (auto* map = node.as<OrMap>()) {
        map->renew_at(op, depth + 1, at);
    }
    if (node.empty()) fields_.erase(found);
}

OrMap::Fields::iterator OrMap::made(const Step& step) {
    const auto make = [&] {
        return std::pair(FieldName(step.key, step.type), std::make_unique<Node>(step.type));
    };
    return fields_.find_or_make(FieldName::Like(step), make).first;
}

void OrMap::take_at(const FieldOp& op, std::size_t depth) {
    if (depth == op.path.size()) return take_here(op.op);
    const auto found = fields_.find(FieldName::Like(op.path[depth]));
    if (found == fields_.end()) return;
    Node& node = *found->second;
    if (auto* map = node.as<OrMap>()) {
        map->take_at(op, depth + 1);
    } else if (auto* list = node.as<List>()) {
        list->take_at(op, depth + 1);
    } else if (depth + 1 == op.path.size()) {
        node.visit([&](auto& store) {
            if constexpr (std::is_same_v<typename std::decay_t<decltype(store)>::OpType, Op>)
                store.take(op.op);
        });
    }
    if (node.empty()) fields_.erase(found);
}

void OrMap::take_here(const Op& op) {
    if (op.code == OpCode::clear) return erase(op.removes);
    presence_.erase_all(op.removes);
}

void OrMap::apply_here(const Op& op, const Event& at) {
    take_here(op);
    if (op.code == OpCode::create) presence_.insert(at.dot);
}

OrMap OrMap::delta(const FieldOp& op, const Event& at, const OrMap& before) {
    OrMap made;
    if (op.path.empty()) {
        made.apply(op, at);
        return made;
    }
    // A type's own delta, wrapped in the maps around it.
    const FieldKey field = op.path.front().field();
    const Node* node = before.find(field);
    const Node none(field.type);
    FieldOp below = op;
    below.path.erase(below.path.begin());
    Node delta = (node == nullptr ? none : *node).visit([&](const auto& store) {
        using Store = std::decay_t<decltype(store)>;
        if constexpr (std::is_same_v<typename Store::OpType, Op>) {
            return Node(below.path.empty() ? Store::delta(below.op, at, store) : Store());
        } else {
            return Node(Store::delta(below, at, store));
        }
    });
    if (!delta.empty()) made.insert(field, std::move(delta));
    return made;
}

void OrMap::join(const OrMap& other, const CausalContext& mine, const CausalContext& theirs) {
    presence_.join(other.presence_, mine, theirs);
    // Both are walked in step: what only the other has is inserted afterwards.
    std::vector<Fields::const_iterator> news;
    auto their = other.fields_.begin();
    for (auto at = fields_.begin(); at != fields_.end();) {
        for (; their != other.fields_.end() && their->first < at->first; ++their)
            news.push_back(their);
        if (their != other.fields_.end() && their->first == at->first) {
            at->second->join(*their->second, mine, theirs);
            ++their;
        } else {
            at->second->join(Node(at->first.type()), mine, theirs);
        }
        at = at->second->empty() ? fields_.erase(at) : std::next(at);
    }
    for (; their != other.fields_.end(); ++their) news.push_back(their);
    for (const auto& entry : news) {
        Node node(entry->first.type());
        node.join(*entry->second, mine, theirs);
        if (!node.empty()) insert(entry->first, std::move(node));
    }
}

bool OrMap::live() const {
    return !presence_.empty() || std::any_of(fields_.begin(), fields_.end(), [](const auto& field) {
        return field.second->live();
    });
}

DotSet OrMap::live_dots() const {
    std::vector<DotRun> runs;
    collect_live(runs);
    return set_of(std::move(runs));
}

void OrMap::collect_live(std::vector<DotRun>& dots) const {
    dots.insert(dots.end(), presence_.runs().begin(), presence_.runs().end());
    for (const auto& [field, node] : fields_) {
        if (const auto* map = node->as<OrMap>()) {
            map->collect_live(dots);
        } else {
            const DotSet below = node->live_dots();
            dots.insert(dots.end(), below.runs().begin(), below.runs().end());
        }
    }
}

void OrMap::erase(const DotSet& dots) {
    if (dots.empty()) return;
    presence_.erase_all(dots);
    for (auto at = fields_.begin(); at != fields_.end();) {
        at->second->erase(dots);
        at = at->second->empty() ? fields_.erase(at) : std::next(at);
    }
}

void OrMap::collect_residue(ResidueRuns& into) const {
    for (const auto& [field, node] : fields_) node->collect_residue(into);
}

void OrMap::drop(const Residue& residue) {
    for (auto at = fields_.begin(); at != fields_.end();) {
        at->second->drop(residue);
        at = at->second->empty() ? fields_.erase(at) : std::next(at);
    }
}

void OrMap::insert(FieldName field, Node node) {
    fields_.insert_or_assign(std::move(field), std::make_unique<Node>(std::move(node)));
}

bool operator==(const OrMap& a, const OrMap& b) {
    return a.presence_ == b.presence_ &&
           std::equal(a.fields_.begin(), a.fields_.end(), b.fields_.begin(), b.fields_.end(),
                      [](const auto& left, const auto& right) {
                          return left.first == right.first && *left.second == *right.second;
                      });
}

Node::Node(Type type) : Node(node_for(type)) {}

Type Node::type() const { return types_in_order[store_.index()]; }

bool Node::live() const {
    return visit([](const auto& store) { return store.live(); });
}
bool Node::empty() const {
    return visit([](const auto& store) { return store.empty(); });
}
DotSet Node::live_dots() const {
    return visit([](const auto& store) { return store.live_dots(); });
}
void Node::erase(const DotSet& dots) {
    visit([&](auto& store) { store.erase(dots); });
}
void Node::collect_residue(ResidueRuns& into) const {
    visit([&](const auto& store) {
        if constexpr (requires { store.collect_residue(into); }) store.collect_residue(into);
    });
}
void Node::drop(const Residue& residue) {
    visit([&](auto& store) {
        if constexpr (requires { store.drop(residue); }) store.drop(residue);
    });
}
void Node::join(const Node& other, const CausalContext& mine, const CausalContext& theirs) {
    visit([&](auto& store) {
        using T = std::decay_t<decltype(store)>;
        if (const T* same = other.as<T>()) store.join(*same, mine, theirs);
    });
}

}  // namespace syncline

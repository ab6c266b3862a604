#include "laws/floor_twin.hpp"

#include "syncline/document/json.hpp"

#include <functional>
#include <optional>
#include <utility>

namespace syncline::testing {

namespace {

class Shower {
public:
    explicit Shower(std::string& out) : out_(out) {}

    void operator()(const OrMap& map) {
        out_ += map.presence().empty() ? "{" : "!{";
        for (const auto& [field, node] : map.fields()) {
            if (!node->live()) continue;
            out_ += field.key();
            show(*node);
        }
        out_ += '}';
    }
    void operator()(const List& list) {
        out_ += list.presence().empty() ? "[" : "![";
        list.for_each([&](const Dot& id, const Value* value, const OrMap* contents) {
            out_ += std::to_string(std::to_integer<int>(id.replica.bytes.back())) + "." +
                    std::to_string(id.counter) + " ";
            if (value != nullptr) {
                out_ += "{:register=" + to_json(*value) + ";}";  // as what has been more
            } else {
                (*this)(*contents);
            }
            out_ += ',';
        });
        out_ += ']';
    }
    void operator()(const Text& text) {
        out_ += text.presence().empty() ? "\"" : "!\"";
        for (const Text::Span& span : text.spans()) {
            out_ += span.text;
            for (const auto& [name, value] : span.properties)
                out_ += '<' + name + '=' + to_json(value) + '>';
            out_ += '|';
        }
    }
    void operator()(const LwwRegister& reg) {
        out_ += to_json(view(Node(reg)));
        for (const auto& loser : reg.conflicts()) out_ += '~' + to_json(loser.value);
    }
    template <typename Store>
    void operator()(const Store& store) {
        out_ += to_json(view(Node(store)));
    }

private:
    void show(const Node& node) {
        out_ += ':' + std::string(name_of(node.type())) + '=';
        node.visit([this](const auto& store) { (*this)(store); });
        out_ += ';';
    }
    std::string& out_;
};

using UseText = std::function<void(const Path&, const Text&)>;

void for_each_text(const OrMap& map, const Path& path, const Dot& element, const UseText& use) {
    for (const auto& [field, node] : map.fields()) {
        Path deeper = path;
        deeper.push_back(element.counter == 0 ? Step(field) : Step(element, field.type()));
        if (const auto* below = node->as<OrMap>()) for_each_text(*below, deeper, {}, use);
        if (const auto* text = node->as<Text>()) use(deeper, *text);
        if (const auto* list = node->as<List>()) {
            for (const auto& [id, inside] : list->elements())
                for_each_text(inside.contents(), deeper, id, use);
        }
    }
}

/// What an op may name of what a document has kept of removed things.
void collect_kept(const OrMap& map, DotSet& into) {
    for (const auto& [field, node] : map.fields()) {
        if (const auto* below = node->as<OrMap>()) collect_kept(*below, into);
        if (const auto* set = node->as<RwSet>()) into.insert_all(set->erased().dots());
        if (const auto* flag = node->as<DwFlag>()) into.insert_all(flag->disables());
        if (const auto* text = node->as<Text>()) {
            for (const auto& [dot, mark] : text->marks()) into.insert(dot);
        }
        if (const auto* list = node->as<List>()) {
            for (const auto& [id, inside] : list->elements()) collect_kept(inside.contents(), into);
        }
    }
}

const CounterEntries* counter_at(const Document& document, const Path& path) {
    const Node* node = document.root().find(path);
    if (node == nullptr) return nullptr;
    if (const auto* counter = node->as<PnCounter>()) return &counter->entries();
    if (const auto* counter = node->as<GCounter>()) return &counter->entries();
    return nullptr;
}

/// A point of a mark; see Text::mark().
std::optional<std::pair<std::uint32_t, bool>> point(const Text& text, const Anchor& anchor) {
    const bool is_left = anchor.side == Side::left;
    if (anchor.element.counter == 0)
        return std::pair(is_left ? text.order().measure().slots : 0, is_left);
    const auto at = text.order().find(anchor.element);
    if (!at || !at.run->attached()) return std::nullopt;
    return std::pair(text.order().before(*at.run).slots + at.offset + (is_left ? 0 : 1), is_left);
}

bool names_what_it_saw(const FieldOp& op) {
    switch (op.op.code) {
        case OpCode::insert:
        case OpCode::enable:
        case OpCode::disable:
        case OpCode::clear: return true;
        case OpCode::erase:
            return op.op.element.counter != 0 || op.path.back().type == Type::rw_set;
        default: return false;
    }
}

}  // namespace

std::string everything_shown(const OrMap& map) {
    std::string out;
    Shower{out}(map);
    return out;
}

void Twin::take_marks_inside(const Path& path, const Mark& mark, DotSet& into) const {
    const Node* node = document_.root().find(path);
    const Text* text = node == nullptr ? nullptr : node->as<Text>();
    if (text == nullptr) return;
    const auto from = point(*text, mark.from);
    const auto to = point(*text, mark.to);
    for (const auto& [dot, known] : text->marks()) {
        if (known.mark.name != mark.name || !marks_.contains(dot)) continue;
        if (from <= point(*text, known.mark.from) && point(*text, known.mark.to) <= to)
            into.insert(dot);
    }
}

FieldOp Twin::told(FieldOp op) {
    if (names_what_it_saw(op)) op.op.removes.insert_all(dropped_);
    if (op.op.mark) take_marks_inside(op.path, *op.op.mark, op.op.removes);
    for (auto& [replica, mark] : op.op.cancels) {
        const auto sum = sums_.find({op.path, replica, mark.counter});
        if (sum == sums_.end()) {
            violation_ = "a cancel names an add that was not there";
        } else {
            mark.sum = sum->second;
        }
    }
    return op;
}

void Twin::note_sum(const Path& path, const Dot& add) {
    const CounterEntries* counter = counter_at(document_, path);
    if (counter == nullptr) return;
    sums_[{path, add.replica, add.counter}] = counter->entries().at(add.replica).total.sum;
}

void Twin::apply(const FieldOp& op, const Event& at) {
    document_.apply(told(op), at, nullptr);
    if (op.op.code == OpCode::add) note_sum(op.path, at.dot);
    if (op.op.code == OpCode::place) {
        Path inside = op.path;
        inside.push_back(Step(at.dot, op.op.inner));
        note_sum(inside, at.dot);
    }
}

void Twin::drop(const Residue& named, const Document& floored) {
    DotSet kept;
    collect_kept(floored.root(), kept);
    DotSet gone_now = named.dots;
    gone_now.erase_all(kept);
    dropped_.insert_all(gone_now);
    std::vector<FieldOp> gone;
    for_each_text(document_.root(), {}, {}, [&](const Path& path, const Text& text) {
        FieldOp clear{path, {}};
        for (const auto& [dot, known] : text.marks()) {
            if (!gone_now.contains(dot)) continue;
            if (text.position(known.mark.from) >= text.position(known.mark.to)) {
                clear.op.removes.insert(dot);
            } else {
                marks_.insert(dot);
            }
        }
        if (!clear.op.removes.empty()) gone.push_back(std::move(clear));
    });
    for (const FieldOp& clear : gone) document_.apply(clear, {}, nullptr);
}

}  // namespace syncline::testing

#include "syncline/document/document.hpp"

#include "clock/set_of_runs.hpp"

#include <algorithm>
#include <map>

namespace syncline {

bool is_document_name(std::string_view name) {
    return !name.empty() && name.size() <= wire::name_bytes_max && wire::is_utf8(name) &&
           std::none_of(name.begin(), name.end(), [](char c) {
               return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7F;
           });
}

bool is_space_name(std::string_view name) {
    return !name.empty() && name.size() <= wire::name_bytes_max &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '.' || c == '_' || c == ':' || c == '-';
           });
}

DotSet Document::note_early(const FieldOp& op, const Event& at, const VersionVector* seen) {
    if (seen != nullptr) {
        DotSet unseen;
        for (const DotRun& run : op.op.removes.runs()) {
            const std::uint64_t first = std::max(run.first, seen->at(run.replica) + 1);
            if (!(run.replica == at.dot.replica) && first <= run.last)
                unseen.insert(DotRun{run.replica, first, run.last});
        }
        // The same everywhere, since all follow one log; see early_max.
        if (!unseen.empty() && early_.size() + unseen.size() <= early_max)
            early_.insert_all(unseen);
    }
    DotSet removed;
    if (early_.empty()) return removed;
    const bool counts = op.op.code == OpCode::add || op.op.code == OpCode::cancel;
    const DotRun own{at.dot.replica, at.dot.counter, at.dot.counter + span(op.op) - 1};
    if (!counts) {
        for (std::uint64_t counter = own.first; counter <= own.last; ++counter) {
            if (early_.contains({own.replica, counter})) removed.insert(Dot{own.replica, counter});
        }
    }
    early_.erase(own);
    return removed;
}

void Document::apply(const FieldOp& op, const Event& at, const VersionVector* seen) {
    const DotSet removed = note_early(op, at, seen);
    if (removed.empty()) return root_.apply(op, at);
    if (op.op.code != OpCode::place) return root_.take(op);
    // The elements' places stay, whatever became of them.
    root_.apply(op, at);
    FieldOp gone{op.path, {}};
    gone.op.removes = removed;
    root_.take(gone);
}

void Document::apply(const std::vector<FieldOp>& ops, const Event& first,
                     const VersionVector* seen) {
    // A clear names its dots, and no later op of the change adds one of them, so it may come last.
    std::map<Path, std::vector<DotRun>> cleared;
    Event at = first;
    for (const FieldOp& op : ops) {
        if (op.op.code == OpCode::clear) {
            (void)note_early(op, at, seen);
            std::vector<DotRun>& runs = cleared[op.path];
            runs.insert(runs.end(), op.op.removes.runs().begin(), op.op.removes.runs().end());
        } else {
            apply(op, at, seen);
        }
        at.dot.counter += span(op.op);
    }
    for (auto& [path, runs] : cleared) {
        FieldOp clear{path, {}};
        clear.op.removes = set_of(std::move(runs));
        root_.take(clear);
    }
}

Value view(const OrMap& map) {
    Value::Map members;
    for (const auto& [field, node] : map.fields()) {
        // Fields are sorted by key and then type, so the first live one of a key is the one shown.
        if (!node->live()) continue;
        if (!members.empty() && members.back().key == field.key()) continue;
        members.push_back({std::string(field.key()), view(*node)});
    }
    return members;
}

namespace {

Value array_of(const ElementDots& elements) {
    Value::Array items;
    for (const auto& [element, dots] : elements.elements()) items.push_back(element);
    return items;
}

struct Viewer {
    Value operator()(const OrMap& map) const { return view(map); }
    Value operator()(const List& list) const {
        Value::Array items;
        items.reserve(list.size());
        list.for_each([&](const Dot&, const Value* value, const OrMap* contents) {
            items.push_back(value != nullptr ? *value : view_element(*contents));
        });
        return items;
    }
    Value operator()(const Text& text) const { return text.str(); }
    Value operator()(const OrSet& set) const { return array_of(set.elements()); }
    Value operator()(const GSet& set) const { return array_of(set.elements()); }
    Value operator()(const RwSet& set) const { return set.elements(); }
    Value operator()(const PnCounter& counter) const { return counter.value(); }
    Value operator()(const GCounter& counter) const {
        return static_cast<std::int64_t>(counter.value());
    }
    Value operator()(const EwFlag& flag) const { return flag.on(); }
    Value operator()(const DwFlag& flag) const { return flag.on(); }
    Value operator()(const LwwRegister& reg) const {
        return reg.value() == nullptr ? Value() : *reg.value();
    }
    Value operator()(const MvRegister& reg) const {
        Value::Array items;
        for (const DotValues::Entry& entry : reg.values()) items.push_back(entry.value);
        return items;
    }
};

}  // namespace

Value view_element(const OrMap& contents) {
    for (const auto& [field, node] : contents.fields()) {
        if (node->live()) return view(*node);
    }
    return {};
}

Value view(const Node& node) { return node.visit(Viewer{}); }

std::vector<Type> types(const OrMap& map, std::string_view key) {
    std::vector<Type> found;
    for (auto at = map.fields().lower_bound(FieldName(key, Type::map));
         at != map.fields().end() && at->first.key() == key; ++at) {
        if (at->second->live()) found.push_back(at->first.type());
    }
    return found;
}

}  // namespace syncline

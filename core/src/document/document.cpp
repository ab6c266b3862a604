#include "syncline/document/document.hpp"

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

bool Document::note_early(const FieldOp& op, const Event& at, const VersionVector* seen) {
    if (seen != nullptr) {
        std::vector<Dot> unseen;
        for (const Dot& dot : op.op.removes) {
            if (!(dot.replica == at.dot.replica) && !seen->covers(dot)) unseen.push_back(dot);
        }
        // The same everywhere, since all follow one log; see early_max.
        if (early_.size() + unseen.size() <= early_max)
            early_.insert_all(DotSet(std::move(unseen)));
    }
    const bool removed_early = !early_.empty() && early_.erase(at.dot);
    const bool counts = op.op.code == OpCode::add || op.op.code == OpCode::cancel;
    return removed_early && !counts;
}

void Document::apply(const FieldOp& op, const Event& at, const VersionVector* seen) {
    if (note_early(op, at, seen)) {
        root_.take(op);
    } else {
        root_.apply(op, at);
    }
}

void Document::apply(const std::vector<FieldOp>& ops, const Event& first,
                     const VersionVector* seen) {
    // A clear names its dots, and no later op of the change adds one of them, so it may come last.
    std::map<Path, std::vector<Dot>> cleared;
    Event at = first;
    for (const FieldOp& op : ops) {
        if (op.op.code == OpCode::clear) {
            (void)note_early(op, at, seen);
            std::vector<Dot>& dots = cleared[op.path];
            dots.insert(dots.end(), op.op.removes.begin(), op.op.removes.end());
        } else {
            apply(op, at, seen);
        }
        ++at.dot.counter;
    }
    for (auto& [path, dots] : cleared) {
        FieldOp clear{path, {}};
        clear.op.removes = DotSet(std::move(dots));
        root_.take(clear);
    }
}

Value view(const OrMap& map) {
    Value::Map members;
    for (const auto& [field, node] : map.fields()) {
        // Fields are sorted by key and then type, so the first live one of a key is the one shown.
        if (!node->live()) continue;
        if (!members.empty() && members.back().key == field.key) continue;
        members.push_back({field.key, view(*node)});
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

Value view(const Node& node) { return std::visit(Viewer{}, node.store()); }

std::vector<Type> types(const OrMap& map, std::string_view key) {
    std::vector<Type> found;
    for (auto at = map.fields().lower_bound(FieldKey{std::string(key), Type::map});
         at != map.fields().end() && at->first.key == key; ++at) {
        if (at->second->live()) found.push_back(at->first.type);
    }
    return found;
}

}  // namespace syncline

#include "undo_record.hpp"

#include "dot_overlap.hpp"
#include "undo_pieces.hpp"

#include <algorithm>

namespace syncline {

namespace {

Path below(const Path& path, Step step) {
    Path deeper = path;
    deeper.push_back(std::move(step));
    return deeper;
}

std::vector<DotValues::Entry> entries_of(const Node& node) {
    const auto copied = [](const auto& entries) {
        return std::vector<DotValues::Entry>(entries.begin(), entries.end());
    };
    if (const auto* reg = node.as<LwwRegister>()) return copied(reg->values().entries());
    if (const auto* reg = node.as<MvRegister>()) return copied(reg->values());
    return {};
}

/// An element's value as it was inserted.
std::optional<DotValues::Entry> inserted_value(const List& list, const Dot& id) {
    const Value* value = list.value(id);
    if (value == nullptr) return std::nullopt;
    return DotValues::Entry{id, list.order().find(id).run->payload.hlc(), *value};
}

const CounterEntries* counter_of(const Node* node) {
    if (node == nullptr) return nullptr;
    if (const auto* counter = node->as<PnCounter>()) return &counter->entries();
    if (const auto* counter = node->as<GCounter>()) return &counter->entries();
    return nullptr;
}

/// The insertions and erasures of a set's element.
std::pair<DotSet, DotSet> dots_of(const Node* node, const Value& element) {
    if (node == nullptr) return {};
    if (const auto* set = node->as<OrSet>()) return {set->elements().dots_of(element), {}};
    if (const auto* set = node->as<GSet>()) return {set->elements().dots_of(element), {}};
    if (const auto* set = node->as<RwSet>())
        return {set->inserted().dots_of(element), set->erased().dots_of(element)};
    return {};
}
std::pair<DotSet, DotSet> dots_of(const Node* node) {
    if (node == nullptr) return {};
    if (const auto* flag = node->as<EwFlag>()) return {flag->enables(), {}};
    if (const auto* flag = node->as<DwFlag>()) return {flag->enables(), flag->disables()};
    return {};
}
const ElementDots* insertions_of(const Node& node) {
    if (const auto* set = node.as<OrSet>()) return &set->elements();
    if (const auto* set = node.as<GSet>()) return &set->elements();
    if (const auto* set = node.as<RwSet>()) return &set->inserted();
    return nullptr;
}

bool is_set(Type type) {
    return type == Type::or_set || type == Type::rw_set || type == Type::g_set;
}
bool is_flag(Type type) { return type == Type::ew_flag || type == Type::dw_flag; }
bool is_counter(Type type) { return type == Type::pn_counter || type == Type::g_counter; }

}  // namespace

std::vector<DotValues::Entry> entries_at(const OrMap& root, const Path& path) {
    if (const Node* node = root.find(path)) return entries_of(*node);
    if (path.empty() || !path.back().is_element() || path.back().type != Type::lww_register)
        return {};
    const Node* node = root.find(Path(path.begin(), std::prev(path.end())));
    const List* list = node == nullptr ? nullptr : node->as<List>();
    if (list == nullptr) return {};
    auto entry = inserted_value(*list, path.back().element);
    return entry ? std::vector<DotValues::Entry>{std::move(*entry)}
                 : std::vector<DotValues::Entry>{};
}

// ---- What a record takes notice of

template <typename T>
T& UndoFields::field(const DocumentKey& key, const Path& path) {
    const auto found = fields.try_emplace(FieldId{key, path}, T{}).first;
    // A path tells its type, and a type has one form here.
    if (!std::holds_alternative<T>(found->second)) found->second = T{};
    return std::get<T>(found->second);
}

void UndoFields::take_dots(AddedRemoved& dots, const DotSet& gone) const {
    const DotSet own = overlap(gone, added);
    DotSet others = gone;
    others.erase_all(own);
    dots.added.erase_all(own);
    dots.removed.insert_all(others);
}

void UndoFields::take_presence(const DocumentKey& key, const Path& path, const DotSet& presence,
                               const DotSet& removes) {
    const DotSet gone = overlap(presence, removes);
    if (gone.empty()) return;
    switch (type_of(path)) {
        case Type::list: return take_dots(field<ListUndo>(key, path).presence, gone);
        case Type::text: return take_dots(field<TextUndo>(key, path).presence, gone);
        default: return take_dots(field<PresenceUndo>(key, path).dots, gone);
    }
}

void UndoFields::take_register(const DocumentKey& key, const Path& path,
                               const std::vector<DotValues::Entry>& entries,
                               const DotSet& removes) {
    DotSet beside;
    bool is_hit = false;
    for (const DotValues::Entry& entry : entries) {
        if (!removes.contains(entry.dot)) {
            beside.insert(entry.dot);
            continue;
        }
        is_hit = true;
        auto& reg = field<RegisterUndo>(key, path);
        if (added.contains(entry.dot)) {
            reg.added.erase(entry.dot);
        } else {
            reg.removed.push_back(entry);
        }
    }
    if (is_hit && !beside.empty()) field<RegisterUndo>(key, path).beside.insert_all(beside);
}

void UndoFields::take_text(const DocumentKey& key, const Path& path, const Text& text,
                           const DotSet& removes, bool is_mark) {
    take_presence(key, path, text.presence(), removes);
    const Text::Order& order = text.order();
    for (const DotRun& run : removes.runs()) {
        order.for_each_in(run, [&](Text::Order::At at, std::uint32_t length) {
            if (!at.run->visible()) return;
            const std::uint64_t first = at.run->first + at.offset;
            const std::string_view piece = slice(at.run->payload.utf8(), at.offset, length);
            std::vector<TextUndo::Erased> pieces = {
                {{run.replica, first, first + length - 1}, std::string(piece)}};
            auto& undo = field<TextUndo>(key, path);
            DotSet own;
            split(
                pieces, added, [](const auto& p) { return p.dots; }, cut_text, own);
            undo.placed.erase_all(own);
            undo.erased.insert(undo.erased.end(), pieces.begin(), pieces.end());
        });
    }
    TextUndo::Marked marked;
    for (const DotRun& run : removes.runs()) {
        auto mark = text.marks().lower_bound(Dot{run.replica, run.first});
        for (; mark != text.marks().end() && !(Dot{run.replica, run.last} < mark->first); ++mark)
            marked.removed.emplace_back(*mark);
    }
    if (!is_mark && marked.removed.empty()) return;
    auto& undo = field<TextUndo>(key, path);
    // What a mark of this record had replaced passes on to whoever replaces that one.
    std::vector<std::pair<Dot, Text::StampedMark>> removed;
    for (auto& gone : marked.removed) {
        if (!added.contains(gone.first)) {
            removed.push_back(std::move(gone));
            continue;
        }
        const auto own = std::find_if(undo.marks.begin(), undo.marks.end(),
                                      [&](const auto& m) { return m.added == gone.first; });
        if (own == undo.marks.end()) continue;
        removed.insert(removed.end(), own->removed.begin(), own->removed.end());
        undo.marks.erase(own);
    }
    marked.removed = std::move(removed);
    if (is_mark || !marked.removed.empty()) undo.marks.push_back(std::move(marked));
}

void UndoFields::take_values(const DocumentKey& key, const Path& path, const List& list,
                             const DotSet& removes) {
    const List::Order& order = list.order();
    for (const DotRun& run : removes.runs()) {
        order.for_each_in(run, [&](List::Order::At at, std::uint32_t length) {
            if (at.run->state != List::Order::State::plain) return;
            const std::uint64_t first = at.run->first + at.offset;
            const auto from =
                at.run->payload.values().begin() + static_cast<std::ptrdiff_t>(at.offset);
            std::vector<ListUndo::Erased> pieces = {
                {{run.replica, first, first + length - 1},
                 at.run->payload.hlc(),
                 {from, from + static_cast<std::ptrdiff_t>(length)}}};
            auto& undo = field<ListUndo>(key, path);
            DotSet own;
            split(
                pieces, added, [](const auto& p) { return p.ids; }, cut_values, own);
            undo.placed.erase_all(own);
            undo.erased.insert(undo.erased.end(), pieces.begin(), pieces.end());
        });
    }
}

void UndoFields::take_element(const DocumentKey& key, const Path& path, const List& list,
                              const Dot& id, const DotSet& removes) {
    if (const OrMap* contents = list.contents(id))
        return take_below(key, path, *contents, id, removes);
    if (removes.contains(id)) take_values(key, path, list, DotSet{id});
}

void UndoFields::take_list(const DocumentKey& key, const Path& path, const List& list,
                           const FieldOp& op) {
    const DotSet& removes = op.op.removes;
    switch (op.op.code) {
        case OpCode::create: return take_presence(key, path, list.presence(), removes);
        case OpCode::move: {
            auto& moves = field<ListUndo>(key, path).moves;
            if (moves.count(op.op.element) != 0) return;
            ListUndo::Moved moved;
            const auto element = list.elements().find(op.op.element);
            if (element != list.elements().end()) {
                moved.previous = element->second.slot;
                moved.previous_hlc = element->second.moved;
            }
            moves.emplace(op.op.element, moved);
            return;
        }
        case OpCode::erase: {
            if (op.op.element.counter != 0)
                return take_element(key, path, list, op.op.element, removes);
            take_values(key, path, list, removes);
            for (const DotRun& run : removes.runs()) {
                auto at = list.elements().lower_bound(Dot{run.replica, run.first});
                for (; at != list.elements().end() && !(Dot{run.replica, run.last} < at->first);
                     ++at)
                    take_below(key, path, at->second.contents(), at->first, removes);
            }
            return;
        }
        default: return;
    }
}

void UndoFields::take_below(const DocumentKey& key, const Path& path, const OrMap& map,
                            const Dot& element, const DotSet& removes) {
    for (const auto& [name, node] : map.fields()) {
        take_clear(key, below(path, element.counter == 0 ? Step(name) : Step(element, name.type())),
                   *node, removes);
    }
}

void UndoFields::take_clear(const DocumentKey& key, const Path& path, const Node& node,
                            const DotSet& removes) {
    if (const auto* map = node.as<OrMap>()) {
        take_presence(key, path, map->presence(), removes);
        return take_below(key, path, *map, {}, removes);
    }
    if (const auto* list = node.as<List>()) {
        take_presence(key, path, list->presence(), removes);
        // The list's own dots among all that are cleared.
        DotSet own;
        list->order().for_each_by_dot([&](const List::Order::Run& run) {
            if (run.state != List::Order::State::plain) return;
            const DotRun dots{list->order().authors()[run.author], run.first, run.last()};
            for_each_overlap(removes, dots, [&](const DotRun& found) { own.insert(found); });
        });
        take_values(key, path, *list, own);
        for (const auto& [id, element] : list->elements())
            take_below(key, path, element.contents(), id, removes);
        return;
    }
    if (const auto* text = node.as<Text>()) {
        DotSet own = overlap(text->presence(), removes);
        text->order().for_each_by_dot([&](const Text::Order::Run& run) {
            if (!run.visible()) return;
            const DotRun dots{text->order().authors()[run.author], run.first, run.last()};
            for_each_overlap(removes, dots, [&](const DotRun& found) { own.insert(found); });
        });
        for (const auto& [dot, mark] : text->marks()) {
            if (removes.contains(dot)) own.insert(dot);
        }
        return take_text(key, path, *text, own, false);
    }
    if (const ElementDots* elements = insertions_of(node)) {
        for (const auto& [element, dots] : elements->elements()) {
            const DotSet gone = overlap(dots, removes);
            if (!gone.empty()) take_dots(field<SetUndo>(key, path).elements[element].on, gone);
        }
        return;
    }
    if (is_flag(node.type())) {
        const DotSet gone = overlap(dots_of(&node).first, removes);
        if (!gone.empty()) take_dots(field<FlagUndo>(key, path).toggle.on, gone);
        return;
    }
    take_register(key, path, entries_of(node), removes);
}

void UndoFields::take_counter(const DocumentKey& key, const Path& path,
                              const CounterEntries& entries, const ReplicaId& author,
                              const Op& op) {
    const bool is_new = fields.count(FieldId{key, path}) == 0;
    auto& undo = field<CounterUndo>(key, path);
    const auto own = entries.entries().find(author);
    if (is_new) {
        for (const auto& [replica, entry] : entries.entries()) {
            if (entry.total.counter <= entry.cancelled.counter) continue;
            undo.before.push_back({replica, entry.total.counter});
            undo.own_before = undo.own_before || replica == author;
        }
    }
    if (op.code != OpCode::cancel) return;
    const auto cancel = [&](const ReplicaId& replica, const CounterMark& to) {
        const auto entry = entries.entries().find(replica);
        if (entry == entries.entries().end()) return;
        const CounterMark& from = entry->second.cancelled;
        if (to.counter <= from.counter) return;
        CounterUndo::Taken taken{{replica, to.counter}, from.counter, from.sum, to.sum, 0,
                                 replica == author};
        for (auto add = undo.added.begin(); add != undo.added.end();) {
            const bool is_in = add->dot.replica == replica && add->dot.counter > from.counter &&
                               add->dot.counter <= to.counter;
            if (is_in) taken.added = wrapping_add(taken.added, add->amount);
            add = is_in ? undo.added.erase(add) : std::next(add);
        }
        if (!taken.is_own || (undo.own_before && !undo.cancelled)) undo.removed.push_back(taken);
    };
    for (const auto& [replica, mark] : op.cancels) cancel(replica, mark);
    if (own != entries.entries().end()) cancel(author, own->second.total);
    undo.cancelled = true;
}

void UndoFields::take(const DocumentKey& key, const OrMap& before, const ReplicaId& author,
                      const FieldOp& made) {
    const Path& path = made.path;
    const Op& op = made.op;
    const Type type = type_of(path);
    const Node* node = path.empty() ? nullptr : before.find(path);
    if (op.code == OpCode::clear) {
        if (path.empty()) {
            take_presence(key, path, before.presence(), op.removes);
            return take_below(key, path, before, {}, op.removes);
        }
        if (node != nullptr) return take_clear(key, path, *node, op.removes);
        return take_register(key, path, entries_at(before, path), op.removes);
    }
    if (type == Type::map) {
        const auto* map = node == nullptr ? (path.empty() ? &before : nullptr) : node->as<OrMap>();
        if (map != nullptr) take_presence(key, path, map->presence(), op.removes);
        return;
    }
    if (type == Type::list) {
        static const List none;
        return take_list(key, path, node == nullptr ? none : *node->as<List>(), made);
    }
    if (type == Type::text) {
        static const Text none;
        return take_text(key, path, node == nullptr ? none : *node->as<Text>(), op.removes,
                         op.code == OpCode::mark);
    }
    if (is_counter(type)) {
        static const CounterEntries none;
        const CounterEntries* entries = counter_of(node);
        return take_counter(key, path, entries == nullptr ? none : *entries, author, op);
    }
    if (is_set(type) || is_flag(type)) {
        const auto [on, off] = is_set(type) ? dots_of(node, op.value) : dots_of(node);
        ToggleUndo& undo = is_set(type) ? field<SetUndo>(key, path).elements[op.value]
                                        : field<FlagUndo>(key, path).toggle;
        take_dots(undo.on, overlap(on, op.removes));
        take_dots(undo.off, overlap(off, op.removes));
        return;
    }
    take_register(key, path, entries_at(before, path), op.removes);
}

void UndoFields::give(const DocumentKey& key, const FieldOp& made, const Event& at) {
    const Path& path = made.path;
    const Op& op = made.op;
    const Type type = type_of(path);
    const DotRun dots{at.dot.replica, at.dot.counter, at.dot.counter + span(op) - 1};
    added.insert(dots);
    switch (op.code) {
        case OpCode::set: field<RegisterUndo>(key, path).added.insert(at.dot); return;
        case OpCode::add:
            field<CounterUndo>(key, path).added.push_back({at.dot, op.amount});
            return;
        case OpCode::insert:
            field<SetUndo>(key, path).elements[op.value].on.added.insert(at.dot);
            return;
        case OpCode::erase:
            if (type == Type::rw_set)
                field<SetUndo>(key, path).elements[op.value].off.added.insert(at.dot);
            return;
        case OpCode::enable: field<FlagUndo>(key, path).toggle.on.added.insert(at.dot); return;
        case OpCode::disable:
            if (type == Type::dw_flag) field<FlagUndo>(key, path).toggle.off.added.insert(at.dot);
            return;
        case OpCode::create:
            if (type == Type::list) {
                field<ListUndo>(key, path).presence.added.insert(at.dot);
            } else if (type == Type::text) {
                field<TextUndo>(key, path).presence.added.insert(at.dot);
            } else {
                field<PresenceUndo>(key, path).dots.added.insert(at.dot);
            }
            return;
        case OpCode::place:
            if (type == Type::text) {
                field<TextUndo>(key, path).placed.insert(dots);
            } else if (op.inner == Type::lww_register) {
                field<ListUndo>(key, path).placed.insert(dots);
            } else {
                // A container is in the element as if by a first op on it.
                FieldOp first{below(path, Step(at.dot, op.inner)), {}};
                first.op.code = is_counter(op.inner) ? OpCode::add : OpCode::create;
                give(key, first, at);
            }
            return;
        case OpCode::move: field<ListUndo>(key, path).moves[op.element].slot = at.dot; return;
        case OpCode::mark: {
            auto& marks = field<TextUndo>(key, path).marks;
            if (marks.empty() || marks.back().added.counter != 0) marks.emplace_back();
            marks.back().added = at.dot;
            return;
        }
        case OpCode::clear:
        case OpCode::cancel: return;
    }
}

// ---- UndoRecord

UndoRecord::UndoRecord() : fields_(std::make_unique<UndoFields>()) {}
UndoRecord::UndoRecord(const UndoRecord& other)
    : fields_(other.fields_ == nullptr ? nullptr : std::make_unique<UndoFields>(*other.fields_)) {}
UndoRecord::UndoRecord(UndoRecord&&) noexcept = default;
UndoRecord& UndoRecord::operator=(const UndoRecord& other) {
    if (this != &other) *this = UndoRecord(other);
    return *this;
}
UndoRecord& UndoRecord::operator=(UndoRecord&&) noexcept = default;
UndoRecord::~UndoRecord() = default;

void UndoRecord::add(const DocumentKey& key, const Document& before, const FieldOp& op,
                     const Event& at) {
    if (fields_ == nullptr) fields_ = std::make_unique<UndoFields>();
    fields_->take(key, before.root(), at.dot.replica, op);
    fields_->give(key, op, at);
}

bool UndoRecord::empty() const { return fields_ == nullptr || fields_->empty(); }

}  // namespace syncline

#include "syncline/document/patch.hpp"

#include "dot_overlap.hpp"
#include "text_properties.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace syncline {

/// What one place shows: a key of a map, an element of a list. Fields of several types may be in
/// it.
struct PatchRecorder::Slot {
    std::map<Type, std::unique_ptr<Watch>> fields;  ///< those that are looked at
    DotSet cleared;                                 ///< of an element: what erases name
    // Before:
    std::optional<Type> shown;
    std::optional<std::uint32_t> index;  ///< of an element
};

/// What of one field is looked at, and how it was.
struct PatchRecorder::Watch {
    explicit Watch(Type of) : type(of) {}

    Type type;
    // What the ops name:
    DotSet cleared;            ///< by clears of the field: reaches all below
    DotSet erased;             ///< text: characters and marks; list: elements by id
    DotSet placed;             ///< text, list: new elements
    DotSet marked;             ///< text: new marks
    std::set<Value> elements;  ///< set
    std::set<Dot> moved;       ///< list
    bool whole = false;        ///< compare everything

    std::map<std::string, Slot> keys;  ///< map
    std::map<Dot, Slot> slots;         ///< list

    // Before:
    bool live = false;
    bool doomed = false;           ///< everything in it is cleared: only what is there then counts
    Value value;                   ///< register, counter, flag
    std::vector<Value> conflicts;  ///< register
    std::set<Value> in;            ///< set: which of `elements` were in
    struct Elements {
        std::uint32_t index;
        DotRun ids;
    };
    std::vector<Elements> going;  ///< list: plain ones that are erased or cleared
    std::vector<Dot> order;       ///< list, whole: all ids
    struct Characters {
        std::uint32_t from;
        std::uint32_t from_utf16;
        TextDelta::Length length;
    };
    std::vector<Characters> gone;  ///< text
    std::vector<std::pair<Dot, Text::StampedMark>> unmarked;
    std::vector<Text::Span> spans;  ///< text, whole

    Watch& field(Slot& slot, Type of) const {
        auto& watch = slot.fields[of];
        if (watch == nullptr) watch = std::make_unique<Watch>(of);
        return *watch;
    }
};

PatchRecorder::PatchRecorder() : root_(std::make_unique<Watch>(Type::map)) {}
PatchRecorder::PatchRecorder(PatchRecorder&&) noexcept = default;
PatchRecorder& PatchRecorder::operator=(PatchRecorder&&) noexcept = default;
PatchRecorder::~PatchRecorder() = default;

namespace {

bool is_container(Type type) {
    switch (type) {
        case Type::map:
        case Type::list:
        case Type::text:
        case Type::or_set:
        case Type::rw_set:
        case Type::g_set: return true;
        default: return false;
    }
}

/// The clears that reach a place: its own and those of what it is in.
struct Clears {
    const DotSet* dots;
    const Clears* outer;
};
/// Those of the run's dots that are cleared.
DotSet cleared_of(const DotRun& run, const Clears* clears) {
    DotSet hit;
    for (; clears != nullptr; clears = clears->outer)
        for_each_overlap(*clears->dots, run, [&](const DotRun& found) { hit.insert(found); });
    return hit;
}

/// What clears do to a field: whether they hit anything in it, and whether they leave anything.
/// Counters do not count: they are cancelled by ops of their own.
struct Fate {
    bool hit = false;
    bool left = false;
    [[nodiscard]] bool known() const { return hit && left; }
    void add(const DotRun& run, const Clears* clears) {
        const std::size_t size = cleared_of(run, clears).size();
        hit = hit || size > 0;
        left = left || size < run.size();
    }
    void add(const DotSet& dots, const Clears* clears) {
        for (const DotRun& run : dots.runs()) {
            if (known()) return;
            add(run, clears);
        }
    }
};

void add_fate(Fate& fate, const Node& node, const Clears* clears);

void add_fate(Fate& fate, const OrMap& map, const Clears* clears) {
    fate.add(map.presence(), clears);
    for (const auto& [field, node] : map.fields()) {
        if (fate.known()) return;
        add_fate(fate, *node, clears);
    }
}

template <typename Order>
void add_fate_of_runs(Fate& fate, const Order& order, const Clears* clears) {
    for (const auto* run = order.front(); run != nullptr && !fate.known();
         run = Order::next(*run)) {
        if (run->state == Order::State::plain)
            fate.add(DotRun{order.authors()[run->author], run->first, run->last()}, clears);
    }
}

void add_fate(Fate& fate, const Node& node, const Clears* clears) {
    if (const auto* map = node.as<OrMap>()) return add_fate(fate, *map, clears);
    if (const auto* list = node.as<List>()) {
        fate.add(list->presence(), clears);
        add_fate_of_runs(fate, list->order(), clears);
        for (const auto& [id, element] : list->elements()) {
            if (fate.known()) return;
            add_fate(fate, element.contents(), clears);
        }
        return;
    }
    if (const auto* text = node.as<Text>()) {
        fate.add(text->presence(), clears);
        add_fate_of_runs(fate, text->order(), clears);
        for (const auto& [dot, mark] : text->marks()) {
            if (fate.hit) return;
            const DotRun run{dot.replica, dot.counter, dot.counter};
            fate.hit = !cleared_of(run, clears).empty();  // no mark makes a text exist
        }
        return;
    }
    fate.add(node.live_dots(), clears);
}

/// Whether clears take anything from it.
bool is_hit(const Node& node, const Clears* clears) {
    if (clears == nullptr) return false;
    Fate fate;
    add_fate(fate, node, clears);
    return fate.hit;
}

std::optional<Type> first_type(const OrMap& map, const std::string& key) {
    const std::vector<Type> all = types(map, key);
    return all.empty() ? std::nullopt : std::optional(all.front());
}

bool contains(const Node* node, const Value& element) {
    if (node == nullptr) return false;
    if (const auto* set = node->as<OrSet>()) return set->contains(element);
    if (const auto* set = node->as<GSet>()) return set->contains(element);
    if (const auto* set = node->as<RwSet>()) return set->contains(element);
    return false;
}

std::vector<Value> conflicts_of(const Node& node) {
    std::vector<Value> values;
    if (const auto* reg = node.as<LwwRegister>()) {
        for (const auto& entry : reg->conflicts()) values.push_back(entry.value);
    }
    return values;
}

std::uint32_t utf16_of(std::string_view utf8) {
    return code_points(utf8) +
           static_cast<std::uint32_t>(std::count_if(utf8.begin(), utf8.end(), [](char byte) {
               return static_cast<unsigned char>(byte) >= 0xF0;
           }));
}
std::string_view part_of(const TextPayload& payload, std::uint32_t from, std::uint32_t length) {
    const std::size_t begin = payload.offset(from);
    return std::string_view(payload.utf8()).substr(begin, payload.offset(from + length) - begin);
}

}  // namespace

/// Both looks at a document.
struct PatchRecorder::Recording {
    // ---- What the ops name

    static void ask(Watch& root, const FieldOp& op, const Event& at) {
        Watch* watch = &root;
        for (const Step& step : op.path) {
            if (watch->type == Type::map) {
                watch = &watch->field(watch->keys[step.key], step.type);
            } else if (watch->type == Type::list) {
                watch = &watch->field(watch->slots[step.element], step.type);
            } else {
                return;
            }
        }
        ask_here(*watch, op.op, at);
    }
    static void ask_here(Watch& watch, const Op& op, const Event& at) {
        const DotRun dots{at.dot.replica, at.dot.counter, at.dot.counter + span(op) - 1};
        switch (watch.type) {
            case Type::text:
                watch.erased.insert_all(op.removes);
                if (op.code == OpCode::place) watch.placed.insert(dots);
                if (op.code == OpCode::mark) watch.marked.insert(at.dot);
                return;
            case Type::list:
                if (op.code == OpCode::erase && op.element.counter == 0) {
                    watch.erased.insert_all(op.removes);
                } else if (op.code == OpCode::erase) {
                    watch.slots[op.element].cleared.insert_all(op.removes);
                } else if (op.code != OpCode::create) {
                    watch.cleared.insert_all(op.removes);
                }
                if (op.code == OpCode::place) watch.placed.insert(dots);
                if (op.code == OpCode::move) {
                    watch.slots[op.element];
                    watch.moved.insert(op.element);
                }
                return;
            default:
                if (op.code == OpCode::clear) {
                    watch.cleared.insert_all(op.removes);
                } else if (is_container(watch.type) && watch.type != Type::map) {
                    watch.elements.insert(op.value);
                }
        }
    }

    // ---- Before

    static void look(Watch& watch, const Node* node, const Clears* outer) {
        if (node == nullptr) return;
        watch.live = node->live();
        const Clears own{&watch.cleared, outer};
        const Clears* clears = watch.cleared.empty() ? outer : &own;
        if (const auto* map = node->as<OrMap>()) return look_at_map(watch, *map, clears);
        if (watch.live && is_container(watch.type) && is_doomed(*node, clears)) {
            watch.doomed = true;
            return;
        }
        if (const auto* list = node->as<List>()) return look_at_list(watch, *list, clears);
        if (const auto* text = node->as<Text>()) return look_at_text(watch, *text, clears);
        if (is_container(watch.type)) return look_at_set(watch, *node, clears);
        if (watch.live) watch.value = view(*node);
        watch.conflicts = conflicts_of(*node);
    }
    static bool is_doomed(const Node& node, const Clears* clears) {
        if (clears == nullptr) return false;
        Fate fate;
        add_fate(fate, node, clears);
        return fate.hit && !fate.left;
    }
    static void look_at_map(Watch& watch, const OrMap& map, const Clears* clears) {
        watch.live = map.live();
        if (clears != nullptr) {
            Fate fate;
            add_fate(fate, map, clears);
            watch.doomed = watch.live && fate.hit && !fate.left;
            if (watch.doomed) return;
            for (const auto& [field, node] : map.fields()) {
                if (is_hit(*node, clears)) watch.field(watch.keys[field.key], field.type);
            }
        }
        for (auto& [key, slot] : watch.keys) {
            slot.shown = first_type(map, key);
            for (auto& [type, field] : slot.fields)
                look(*field, map.find(FieldKey{key, type}), clears);
        }
    }
    static void look_at_set(Watch& watch, const Node& set, const Clears* clears) {
        const auto add_cleared = [&](const ElementDots& elements) {
            for (const auto& [element, dots] : elements.elements()) {
                Fate fate;
                fate.add(dots, clears);
                if (fate.hit) watch.elements.insert(element);
            }
        };
        if (clears != nullptr) {
            if (const auto* s = set.as<OrSet>()) add_cleared(s->elements());
            if (const auto* s = set.as<GSet>()) add_cleared(s->elements());
            if (const auto* s = set.as<RwSet>()) add_cleared(s->inserted());
        }
        for (const Value& element : watch.elements) {
            if (contains(&set, element)) watch.in.insert(element);
        }
    }
    /// What is erased by name or cleared.
    template <typename Order>
    static DotSet going_of(const Watch& watch, const Order& order, const Clears* clears) {
        DotSet going = watch.erased;
        if (clears == nullptr) return going;
        order.for_each_by_dot([&](const typename Order::Run& run) {
            if (run.state == Order::State::plain)
                going.insert_all(
                    cleared_of({order.authors()[run.author], run.first, run.last()}, clears));
        });
        return going;
    }
    static void look_at_text(Watch& watch, const Text& text, const Clears* clears) {
        const Text::Order& order = text.order();
        // Marks wait for their ends only after a relay was restored.
        const bool unresolved =
            !watch.placed.empty() &&
            std::any_of(text.marks().begin(), text.marks().end(), [&](const auto& mark) {
                return !slot_of(order, mark.second.mark.from) ||
                       !slot_of(order, mark.second.mark.to);
            });
        if (watch.whole || order.waiting() > 0 || unresolved) {
            watch.whole = true;
            watch.spans = text.spans();
            return;
        }
        const DotSet going = going_of(watch, order, clears);
        for (const DotRun& run : going.runs()) {
            order.for_each_in(run, [&](Text::Order::At at, std::uint32_t length) {
                if (!at.run->visible()) return;
                const Measure before = order.before(*at.run);
                const std::uint32_t front = utf16_of(part_of(at.run->payload, 0, at.offset));
                const std::uint32_t own = utf16_of(part_of(at.run->payload, at.offset, length));
                watch.gone.push_back(
                    {before.visible + at.offset, before.utf16 + front, {length, own}});
            });
        }
        for (const auto& [dot, mark] : text.marks()) {
            const DotRun run{dot.replica, dot.counter, dot.counter};
            if (watch.erased.contains(dot) || !cleared_of(run, clears).empty())
                watch.unmarked.emplace_back(dot, mark);
        }
    }
    static void look_at_list(Watch& watch, const List& list, const Clears* clears) {
        const List::Order& order = list.order();
        if (watch.whole || order.waiting() > 0) {
            watch.whole = true;
            list.for_each(
                [&](const Dot& id, const Value*, const OrMap*) { watch.order.push_back(id); });
        }
        // Elements that are more than a value: those that are erased, and those that something
        // reached before their place came.
        const auto look_into = [&](const DotSet& ids, const std::vector<Type>& fields) {
            for (const DotRun& run : ids.runs()) {
                auto at = list.elements().lower_bound(Dot{run.replica, run.first});
                for (; at != list.elements().end() && !(Dot{run.replica, run.last} < at->first);
                     ++at) {
                    Slot& slot = watch.slots[at->first];
                    for (const Type type : fields) watch.field(slot, type);
                }
            }
        };
        look_into(watch.erased, {});
        look_into(watch.placed, {Type::map, Type::list, Type::text, Type::pn_counter,
                                 Type::g_counter, Type::lww_register});
        if (clears != nullptr) {
            for (const auto& [id, element] : list.elements()) {
                Fate fate;
                add_fate(fate, element.contents(), clears);
                if (fate.hit) watch.slots[id];
            }
        }
        const Clears erased{&watch.erased, clears};
        for (auto& [id, slot] : watch.slots)
            look_at_element(watch, slot, list, id, watch.erased.contains(id) ? &erased : clears);

        const DotSet going = going_of(watch, order, clears);
        for (const DotRun& run : going.runs()) {
            order.for_each_in(run, [&](List::Order::At at, std::uint32_t length) {
                if (at.run->state != List::Order::State::plain || !at.run->attached()) return;
                const std::uint32_t index = order.before(*at.run).visible + at.offset;
                const std::uint64_t first = at.run->first + at.offset;
                watch.going.push_back({index, {run.replica, first, first + length - 1}});
            });
        }
    }
    static void look_at_element(Watch& watch, Slot& slot, const List& list, const Dot& id,
                                const Clears* outer) {
        slot.index = list.index(id);
        const Clears own{&slot.cleared, outer};
        const Clears* clears = slot.cleared.empty() ? outer : &own;
        if (const OrMap* contents = list.contents(id)) {
            for (const auto& [field, node] : contents->fields()) {
                if (is_hit(*node, clears)) watch.field(slot, field.type);
            }
            slot.shown = first_type(*contents, {});
            for (auto& [type, field] : slot.fields)
                look(*field, contents->find(FieldKey{{}, type}), clears);
        } else if (const Value* value = list.value(id)) {
            slot.shown = Type::lww_register;
            if (!cleared_of({id.replica, id.counter, id.counter}, clears).empty())
                watch.field(slot, Type::lww_register);
            const auto found = slot.fields.find(Type::lww_register);
            if (found == slot.fields.end()) return;
            found->second->live = true;
            found->second->value = *value;
        }
    }

    // ---- Everything, of two states

    /// Null: not there.
    static void ask_all(Watch& watch, const Node* before, const Node* after) {
        watch.whole = true;
        if (before != nullptr && !before->live()) before = nullptr;
        if (after == nullptr || !after->live()) return;
        static const OrMap none;
        if (const auto* map = after->as<OrMap>())
            return ask_all(watch, before == nullptr ? none : *before->as<OrMap>(), *map);
        if (const auto* list = after->as<List>()) {
            if (before != nullptr) ask_all(watch, *before->as<List>(), *list);
            return;
        }
        for (const Node* node : {before, after}) {
            if (node == nullptr) continue;
            if (const auto* set = node->as<OrSet>()) ask_elements(watch, set->elements());
            if (const auto* set = node->as<GSet>()) ask_elements(watch, set->elements());
            if (const auto* set = node->as<RwSet>()) ask_elements(watch, set->inserted());
        }
    }
    static void ask_elements(Watch& watch, const ElementDots& elements) {
        for (const auto& [element, dots] : elements.elements()) watch.elements.insert(element);
    }
    static void ask_all(Watch& watch, const OrMap& before, const OrMap& after) {
        for (const OrMap* map : {&before, &after}) {
            for (const auto& [field, node] : map->fields()) {
                Slot& slot = watch.keys[field.key];
                if (slot.fields.count(field.type) != 0) continue;
                ask_all(watch.field(slot, field.type), before.find(field), after.find(field));
            }
        }
    }
    static void ask_all(Watch& watch, const List& before, const List& after) {
        before.for_each([&](const Dot& id, const Value* value, const OrMap* contents) {
            if (!after.index(id)) return;
            const Value* value_after = after.value(id);
            if (value != nullptr && value_after != nullptr && *value == *value_after) return;
            Slot& slot = watch.slots[id];
            const OrMap* contents_after = after.contents(id);
            watch.field(slot, Type::lww_register);
            for (const OrMap* side : {contents, contents_after}) {
                if (side == nullptr) continue;
                for (const auto& [field, node] : side->fields()) watch.field(slot, field.type);
            }
            for (auto& [type, field] : slot.fields) {
                const FieldKey key{{}, type};
                ask_all(*field, contents == nullptr ? nullptr : contents->find(key),
                        contents_after == nullptr ? nullptr : contents_after->find(key));
            }
        });
    }

    // ---- Afterwards

    std::vector<Patch> made;
    Path path;
    std::vector<std::uint32_t> indices;

    void tell(bool shown, Patch::What what) {
        made.push_back({path, indices, shown, std::move(what)});
    }
    void tell_document(Watch& watch, const OrMap& root) {
        const bool live = root.live();
        if (watch.live && !live) return tell(true, Patch::Removed{});
        if (!live) return;
        if (!watch.live) tell(true, Patch::Created{});
        if (watch.doomed) return tell(true, Patch::Revealed{view(root)});
        tell_keys(watch, root, true);
    }

    /// A field as it is now: a node, or a list's plain value.
    struct Now {
        const Node* node = nullptr;
        const Value* plain = nullptr;
        [[nodiscard]] bool live() const {
            return plain != nullptr || (node != nullptr && node->live());
        }
        [[nodiscard]] Value shown() const { return plain != nullptr ? *plain : view(*node); }
    };
    /// One place that showed something and still does, or is a key. `step` is set to each of its
    /// fields in turn.
    template <typename Find>
    void tell_slot(Slot& slot, Step step, std::optional<Type> now_shown, bool shown, Find find) {
        path.push_back(std::move(step));
        for (auto& [type, watch] : slot.fields) {
            if (!watch->live || find(type).live()) continue;
            path.back().type = type;
            Patch::Removed removed;
            if (!is_container(type)) removed.before = std::move(watch->value);
            tell(shown && slot.shown == type, std::move(removed));
        }
        bool told = false;
        for (auto& [type, watch] : slot.fields) {
            const Now now = find(type);
            if (!now.live()) continue;
            path.back().type = type;
            const bool is_shown = shown && now_shown == type;
            if (!watch->live && !is_container(type)) {
                tell(is_shown, put(*watch, now));
                told = told || now_shown == type;
            } else if (watch->doomed) {
                tell(is_shown, Patch::Revealed{now.shown()});
                told = told || now_shown == type;
            } else {
                const bool is_new = !watch->live;
                if (is_new) tell(is_shown, Patch::Created{});
                told = told || (is_new && now_shown == type);
                tell_inside(*watch, now, is_shown && (is_new || slot.shown == type));
            }
        }
        if (shown && now_shown && slot.shown != now_shown && !told) {
            path.back().type = *now_shown;
            tell(true, Patch::Revealed{find(*now_shown).shown()});
        }
        path.pop_back();
    }
    static Patch::Put put(Watch& watch, const Now& now) {
        Patch::Put put;
        if (watch.live) put.before = std::move(watch.value);
        put.after = now.shown();
        if (now.node != nullptr)
            put.conflicts = static_cast<std::uint32_t>(conflicts_of(*now.node).size());
        return put;
    }
    void tell_inside(Watch& watch, const Now& now, bool shown) {
        if (now.node != nullptr) {
            if (const auto* map = now.node->as<OrMap>()) return tell_keys(watch, *map, shown);
            if (const auto* list = now.node->as<List>()) return tell_list(watch, *list, shown);
            if (const auto* text = now.node->as<Text>()) return tell_text(watch, *text, shown);
            if (is_container(watch.type)) return tell_set(watch, *now.node, shown);
        }
        Patch::Put changed = put(watch, now);
        const bool same_conflicts =
            watch.conflicts ==
            (now.node == nullptr ? std::vector<Value>{} : conflicts_of(*now.node));
        if (changed.before != changed.after || !same_conflicts) tell(shown, std::move(changed));
    }
    void tell_keys(Watch& watch, const OrMap& map, bool shown) {
        for (auto& [key, slot] : watch.keys) {
            const std::string& name = key;
            tell_slot(slot, Step(name, Type::map), first_type(map, name), shown, [&](Type type) {
                return Now{map.find(FieldKey{name, type}), nullptr};
            });
        }
    }
    void tell_set(Watch& watch, const Node& set, bool shown) {
        for (const Value& element : watch.elements) {
            const bool was_in = watch.in.count(element) != 0;
            const bool is_in = contains(&set, element);
            if (was_in && !is_in) tell(shown, Patch::SetErased{element});
            if (!was_in && is_in) tell(shown, Patch::SetInserted{element});
        }
    }

    // ---- Lists

    struct Range {
        std::uint32_t index;
        std::uint32_t count;
    };
    struct Moved {
        Dot id;
        std::uint32_t before;
        std::uint32_t after;
    };
    struct Coming {
        std::uint32_t index;
        Patch::Element element;
    };
    struct Restructured {
        std::vector<Range> gone;  ///< in the list as it was
        std::vector<Moved> moved;
        std::vector<Coming> come;  ///< in the list as it is
    };
    static Patch::Element element_of(const List& list, const Dot& id) {
        if (const Value* value = list.value(id)) return {id, Type::lww_register, *value};
        const OrMap* contents = list.contents(id);
        if (contents == nullptr) return {id, Type::lww_register, {}};
        return {id, first_type(*contents, {}).value_or(Type::lww_register),
                view_element(*contents)};
    }
    void tell_list(Watch& watch, const List& list, bool shown) {
        Restructured all = watch.whole ? compared(watch, list) : named(watch, list);
        std::sort(all.gone.begin(), all.gone.end(),
                  [](const Range& a, const Range& b) { return a.index < b.index; });
        std::vector<Range> gone;
        for (const Range& range : all.gone) {
            if (!gone.empty() && gone.back().index + gone.back().count == range.index) {
                gone.back().count += range.count;
            } else {
                gone.push_back(range);
            }
        }
        std::sort(all.come.begin(), all.come.end(),
                  [](const Coming& a, const Coming& b) { return a.index < b.index; });
        for (auto range = gone.rbegin(); range != gone.rend(); ++range)
            tell(shown, Patch::ListErased{range->index, range->count});
        tell_moves(gone, all.moved, all.come, shown);
        for (std::size_t i = 0; i < all.come.size();) {
            Patch::ListInserted inserted{all.come[i].index, {}};
            std::uint32_t next = inserted.index;
            for (; i < all.come.size() && all.come[i].index == next; ++i, ++next)
                inserted.elements.push_back(std::move(all.come[i].element));
            tell(shown, std::move(inserted));
        }
        for (auto& [id, slot] : watch.slots) {
            const auto index = list.index(id);
            if (!slot.index || !index) continue;
            const OrMap* contents = list.contents(id);
            const Value* value = list.value(id);
            const auto now_shown = contents != nullptr ? first_type(*contents, {})
                                   : value != nullptr  ? std::optional(Type::lww_register)
                                                       : std::nullopt;
            indices.push_back(*index);
            tell_slot(slot, Step(id, Type::lww_register), now_shown, shown, [&](Type type) {
                if (contents != nullptr) return Now{contents->find(FieldKey{{}, type}), nullptr};
                return Now{nullptr, type == Type::lww_register ? value : nullptr};
            });
            indices.pop_back();
        }
    }
    /// From what the ops named.
    static Restructured named(const Watch& watch, const List& list) {
        Restructured all;
        for (const Watch::Elements& piece : watch.going) {
            std::uint32_t index = piece.index;
            std::uint64_t first = piece.ids.first;
            const auto add_up_to = [&](std::uint64_t end) {
                if (first < end)
                    all.gone.push_back({index, static_cast<std::uint32_t>(end - first)});
                index += static_cast<std::uint32_t>(end - first) + 1;
                first = end + 1;
            };
            // Those with a slot of their own are told below.
            auto slot = watch.slots.lower_bound(Dot{piece.ids.replica, first});
            for (; slot != watch.slots.end() && slot->first.replica == piece.ids.replica &&
                   slot->first.counter <= piece.ids.last;
                 ++slot)
                add_up_to(slot->first.counter);
            if (first <= piece.ids.last) add_up_to(piece.ids.last + 1);
        }
        for (const DotRun& run : watch.placed.runs()) {
            list.order().for_each_in(run, [&](List::Order::At at, std::uint32_t length) {
                if (!at.run->attached() || at.run->state == List::Order::State::dead) return;
                for (std::uint32_t i = 0; i < length; ++i) {
                    const Dot id{run.replica, at.run->first + at.offset + i};
                    if (watch.slots.count(id) != 0) continue;
                    if (const auto index = list.index(id))
                        all.come.push_back({*index, element_of(list, id)});
                }
            });
        }
        for (const auto& [id, slot] : watch.slots) {
            const auto index = list.index(id);
            if (slot.index && !index) all.gone.push_back({*slot.index, 1});
            if (!slot.index && index) all.come.push_back({*index, element_of(list, id)});
            if (slot.index && index && watch.moved.count(id) != 0)
                all.moved.push_back({id, *slot.index, *index});
        }
        return all;
    }
    /// From the whole list; what stays in order is as much as can.
    static Restructured compared(const Watch& watch, const List& list) {
        Restructured all;
        std::map<Dot, std::uint32_t> was_at;
        for (const Dot& id : watch.order)
            was_at.emplace(id, static_cast<std::uint32_t>(was_at.size()));
        std::vector<Moved> common;
        std::uint32_t at = 0;
        list.for_each([&](const Dot& id, const Value*, const OrMap*) {
            const auto found = was_at.find(id);
            if (found == was_at.end()) {
                all.come.push_back({at, element_of(list, id)});
            } else {
                common.push_back({id, found->second, at});
                was_at.erase(found);
            }
            ++at;
        });
        for (const auto& [id, index] : was_at) all.gone.push_back({index, 1});
        // The longest ascending subsequence stays.
        std::vector<std::size_t> ends;  // of the best one of each length
        std::vector<std::size_t> previous(common.size(), common.size());
        for (std::size_t i = 0; i < common.size(); ++i) {
            const auto place = std::lower_bound(
                ends.begin(), ends.end(), common[i].before,
                [&](std::size_t end, std::uint32_t before) { return common[end].before < before; });
            if (place != ends.begin()) previous[i] = *std::prev(place);
            if (place == ends.end()) {
                ends.push_back(i);
            } else {
                *place = i;
            }
        }
        std::vector<bool> stays(common.size(), false);
        for (std::size_t i = ends.empty() ? common.size() : ends.back(); i < common.size();
             i = previous[i])
            stays[i] = true;
        for (std::size_t i = 0; i < common.size(); ++i) {
            if (!stays[i]) all.moved.push_back(common[i]);
        }
        return all;
    }

    /// How many of some ascending numbers are below `n`.
    template <typename Numbers>
    static std::uint32_t below(const Numbers& numbers, std::uint32_t n) {
        return static_cast<std::uint32_t>(std::lower_bound(numbers.begin(), numbers.end(), n) -
                                          numbers.begin());
    }
    /// One move after the other, in the order in which they stand afterwards. Elements that stay
    /// are counted apart: `gap` of them stand in front of a moved one, and of the moved ones in one
    /// gap those that have been put there come first.
    void tell_moves(const std::vector<Range>& gone, std::vector<Moved>& moved,
                    const std::vector<Coming>& come, bool shown) {
        if (moved.empty()) return;
        std::vector<std::uint32_t> gone_up_to{0};
        for (const Range& range : gone) gone_up_to.push_back(gone_up_to.back() + range.count);
        const auto gone_below = [&](std::uint32_t n) {
            const auto range =
                std::lower_bound(gone.begin(), gone.end(), n,
                                 [](const Range& r, std::uint32_t i) { return r.index < i; });
            return gone_up_to[static_cast<std::size_t>(range - gone.begin())];
        };
        std::vector<std::uint32_t> come_at;
        come_at.reserve(come.size());
        for (const Coming& coming : come) come_at.push_back(coming.index);
        std::sort(moved.begin(), moved.end(),
                  [](const Moved& a, const Moved& b) { return a.after < b.after; });
        std::vector<std::uint32_t> old_places;
        old_places.reserve(moved.size());
        for (const Moved& move : moved) old_places.push_back(move.before);
        std::sort(old_places.begin(), old_places.end());

        std::vector<std::uint32_t> old_gaps;  // by old place
        for (std::size_t i = 0; i < old_places.size(); ++i)
            old_gaps.push_back(old_places[i] - gone_below(old_places[i]) -
                               static_cast<std::uint32_t>(i));
        std::vector<std::uint32_t> new_gaps;  // by new place
        for (std::size_t i = 0; i < moved.size(); ++i)
            new_gaps.push_back(moved[i].after - below(come_at, moved[i].after) -
                               static_cast<std::uint32_t>(i));

        // A Fenwick tree of those not moved yet, by old place.
        std::vector<std::uint32_t> tree(moved.size() + 1, 0);
        const auto add = [&](std::size_t at, std::uint32_t n) {
            for (++at; at < tree.size(); at += at & (~at + 1)) tree[at] += n;
        };
        const auto waiting_before = [&](std::size_t at) {
            std::uint32_t sum = 0;
            for (; at > 0; at &= at - 1) sum += tree[at];
            return sum;
        };
        for (std::size_t i = 0; i < moved.size(); ++i) add(i, 1);
        for (std::size_t i = 0; i < moved.size(); ++i) {
            const std::size_t rank = below(old_places, moved[i].before);
            const std::uint32_t old_gap = old_gaps[rank];
            const std::uint32_t done = static_cast<std::uint32_t>(
                std::upper_bound(new_gaps.begin(),
                                 new_gaps.begin() + static_cast<std::ptrdiff_t>(i), old_gap) -
                new_gaps.begin());
            const std::uint32_t from = old_gap + waiting_before(rank) + done;
            add(rank, ~std::uint32_t{0});  // minus one
            const std::uint32_t to = new_gaps[i] + static_cast<std::uint32_t>(i) +
                                     waiting_before(below(old_gaps, new_gaps[i]));
            if (from != to) tell(shown, Patch::ListMoved{moved[i].id, from, to});
        }
    }

    // ---- Texts

    struct Inserted {
        std::uint32_t at;
        std::uint32_t at_utf16;
        std::string text;
        TextDelta::Properties properties;
    };
    struct Changed {  ///< a range with other properties
        TextDelta::Length from;
        TextDelta::Length to;
        TextDelta::Properties properties;
    };
    /// How much is shown in front of a slot.
    static TextDelta::Length shown_before(const Text::Order& order, std::uint32_t slot) {
        const auto found = order.locate(&Measure::slots, slot);
        if (found.run == nullptr) return {order.measure().visible, order.measure().utf16};
        if (!found.run->visible()) return {found.before.visible, found.before.utf16};
        const std::uint32_t offset = slot - found.before.slots;
        return {found.before.visible + offset,
                found.before.utf16 + utf16_of(part_of(found.run->payload, 0, offset))};
    }
    void tell_text(Watch& watch, const Text& text, bool shown) {
        TextDelta delta;
        if (watch.whole) {
            delta = delta_between(watch.spans, text.spans());
        } else {
            delta = named(watch, text);
        }
        if (!delta.empty()) tell(shown, Patch::TextChanged{std::move(delta)});
    }
    static TextDelta named(Watch& watch, const Text& text) {
        const Text::Order& order = text.order();
        TextProperties properties(order);
        std::vector<SlotRange> changed_slots;
        std::set<std::string> changed_names;
        const auto note_changed = [&](const Mark& mark) {
            const auto from = slot_of(order, mark.from);
            const auto to = slot_of(order, mark.to);
            if (!from || !to) return;
            changed_slots.push_back({*from, *to});
            changed_names.insert(mark.name);
        };
        const bool has_new = !watch.placed.empty() || !watch.marked.empty();
        if (has_new || !watch.unmarked.empty()) {
            for (const auto& [dot, mark] : text.marks()) {
                const bool is_new = watch.marked.contains(dot);
                properties.add(dot, mark, is_new ? MarkSet::new_marks : MarkSet::both);
                if (is_new) note_changed(mark.mark);
            }
            for (const auto& [dot, mark] : watch.unmarked) {
                if (text.marks().count(dot) != 0) continue;
                properties.add(dot, mark, MarkSet::old_marks);
                note_changed(mark.mark);
            }
        }

        std::vector<Inserted> inserted;
        std::vector<SlotRange> inserted_slots;
        for (const DotRun& run : watch.placed.runs()) {
            order.for_each_in(run, [&](Text::Order::At at, std::uint32_t length) {
                if (!at.run->attached() || !at.run->visible()) return;
                const std::uint32_t slot = order.before(*at.run).slots + at.offset;
                inserted_slots.push_back({slot, slot + length});
            });
        }
        properties.for_each_piece(united(std::move(inserted_slots)), [&](const SlotRange& range,
                                                                         const auto& here) {
            const auto of_all = here.all(MarkSet::new_marks);
            for (std::uint32_t slot = range.from; slot < range.to;) {
                const auto found = order.locate(&Measure::slots, slot);
                const std::uint32_t offset = slot - found.before.slots;
                const std::uint32_t length = std::min(range.to - slot, found.run->length - offset);
                const std::string_view piece = part_of(found.run->payload, offset, length);
                const TextDelta::Length at = shown_before(order, slot);
                inserted.push_back({at.code_points, at.utf16, std::string(piece), of_all});
                slot += length;
            }
        });

        std::vector<Changed> changed;
        properties.for_each_piece(
            united(std::move(changed_slots)), [&](const SlotRange& range, const auto& here) {
                TextDelta::Properties differing;
                for (const std::string& name : changed_names) {
                    const Value* was = here.value(name, MarkSet::old_marks);
                    const Value* is = here.value(name, MarkSet::new_marks);
                    const bool same = was == nullptr || is == nullptr ? was == is : *was == *is;
                    if (!same) differing.emplace(name, is == nullptr ? Value() : *is);
                }
                if (differing.empty()) return;
                changed.push_back({shown_before(order, range.from), shown_before(order, range.to),
                                   std::move(differing)});
            });

        std::sort(watch.gone.begin(), watch.gone.end(),
                  [](const auto& a, const auto& b) { return a.from < b.from; });
        return merged(watch.gone, inserted, changed);
    }
    /// What is erased counts in the text as it was, the others in the text as it is.
    static TextDelta merged(const std::vector<Watch::Characters>& gone,
                            std::vector<Inserted>& inserted, const std::vector<Changed>& changed) {
        TextDelta delta;
        TextDelta::Length was;
        TextDelta::Length is;
        auto erase = gone.begin();
        auto insert = inserted.begin();
        auto change = changed.begin();
        for (;;) {
            while (change != changed.end() && change->to.code_points <= is.code_points) ++change;
            const bool in_change =
                change != changed.end() && change->from.code_points <= is.code_points;
            std::optional<TextDelta::Length> step;
            const auto offer = [&](std::uint32_t points, std::uint32_t utf16) {
                if (!step || points < step->code_points) step = TextDelta::Length{points, utf16};
            };
            if (insert != inserted.end())
                offer(insert->at - is.code_points, insert->at_utf16 - is.utf16);
            if (erase != gone.end())
                offer(erase->from - was.code_points, erase->from_utf16 - was.utf16);
            if (change != changed.end()) {
                const TextDelta::Length& end = in_change ? change->to : change->from;
                offer(end.code_points - is.code_points, end.utf16 - is.utf16);
            }
            if (!step) break;
            delta.retain(*step, in_change ? change->properties : TextDelta::Properties{});
            for (TextDelta::Length* at : {&was, &is}) {
                at->code_points += step->code_points;
                at->utf16 += step->utf16;
            }
            if (insert != inserted.end() && insert->at == is.code_points) {
                is.code_points += code_points(insert->text);
                is.utf16 += utf16_of(insert->text);
                delta.insert(insert->text, std::move(insert->properties));
                ++insert;
            } else if (erase != gone.end() && erase->from == was.code_points) {
                was.code_points += erase->length.code_points;
                was.utf16 += erase->length.utf16;
                delta.erase(erase->length);
                ++erase;
            }
        }
        delta.finish();
        return delta;
    }
};

PatchRecorder::PatchRecorder(const Document& before, const std::vector<Part>& parts)
    : PatchRecorder() {
    for (const Part& part : parts) {
        Event at = part.first;
        for (const FieldOp& op : *part.ops) {
            Recording::ask(*root_, op, at);
            at.dot.counter += span(op.op);
        }
    }
    const Clears own{&root_->cleared, nullptr};
    Recording::look_at_map(*root_, before.root(), root_->cleared.empty() ? nullptr : &own);
}

namespace {

std::vector<PatchRecorder::Part> parts_of(const DocumentKey& key,
                                          const std::vector<const Change*>& changes) {
    std::vector<PatchRecorder::Part> parts;
    for (const Change* change : changes) {
        Event at{Dot{change->replica, change->first}, change->hlc};
        for (const Section& section : change->sections) {
            if (section.document == key) parts.push_back({&section.ops, at});
            at.dot.counter += section.span();
        }
    }
    return parts;
}

}  // namespace

PatchRecorder::PatchRecorder(const Document& before, const DocumentKey& key,
                             const std::vector<const Change*>& changes)
    : PatchRecorder(before, parts_of(key, changes)) {}

std::vector<Patch> PatchRecorder::patches(const Document& after) {
    Recording recording;
    recording.tell_document(*root_, after.root());
    return std::move(recording.made);
}

std::vector<Patch> apply_and_tell(Document& document, const std::vector<FieldOp>& ops,
                                  const Event& first, const VersionVector* seen) {
    PatchRecorder recorder(document, {{&ops, first}});
    document.apply(ops, first, seen);
    return recorder.patches(document);
}

std::vector<Patch> patches_between(const Document& before, const Document& after) {
    PatchRecorder recorder;
    PatchRecorder::Recording::ask_all(*recorder.root_, before.root(), after.root());
    PatchRecorder::Recording::look_at_map(*recorder.root_, before.root(), nullptr);
    return recorder.patches(after);
}

// ---- Views as values

namespace {

Value empty_of(Type type) {
    if (type == Type::map) return Value::Map{};
    if (type == Type::text) return "";
    return Value::Array{};
}

/// What a patch does to the value of its own field.
struct Inside {
    Value view;

    Value operator()(const Patch::Put& put) { return put.after; }
    Value operator()(const Patch::Revealed& revealed) { return revealed.value; }
    Value operator()(const Patch::SetInserted& inserted) {
        Value::Array items = array();
        items.insert(std::lower_bound(items.begin(), items.end(), inserted.element),
                     inserted.element);
        return items;
    }
    Value operator()(const Patch::SetErased& erased) {
        Value::Array items = array();
        items.erase(std::remove(items.begin(), items.end(), erased.element), items.end());
        return items;
    }
    Value operator()(const Patch::ListInserted& inserted) {
        Value::Array items = array();
        Value::Array values;
        for (const Patch::Element& element : inserted.elements) values.push_back(element.value);
        const std::size_t index = std::min<std::size_t>(inserted.index, items.size());
        items.insert(items.begin() + static_cast<std::ptrdiff_t>(index), values.begin(),
                     values.end());
        return items;
    }
    Value operator()(const Patch::ListErased& erased) {
        Value::Array items = array();
        const std::size_t from = std::min<std::size_t>(erased.index, items.size());
        const std::size_t to = std::min<std::size_t>(from + erased.count, items.size());
        items.erase(items.begin() + static_cast<std::ptrdiff_t>(from),
                    items.begin() + static_cast<std::ptrdiff_t>(to));
        return items;
    }
    Value operator()(const Patch::ListMoved& moved) {
        Value::Array items = array();
        if (moved.from >= items.size() || moved.to >= items.size()) return items;
        const Value item = items[moved.from];
        items.erase(items.begin() + static_cast<std::ptrdiff_t>(moved.from));
        items.insert(items.begin() + static_cast<std::ptrdiff_t>(moved.to), item);
        return items;
    }
    Value operator()(const Patch::TextChanged& changed) {
        const std::string* text = view.text();
        std::string all;
        for (const Text::Span& span :
             patched({{text == nullptr ? std::string() : *text, {}}}, changed.delta))
            all += span.text;
        return all;
    }
    Value operator()(const Patch::Created&) { return view; }  // where the path leads from
    Value operator()(const Patch::Removed&) { return view; }

    [[nodiscard]] Value::Array array() const {
        return view.array() == nullptr ? Value::Array{} : *view.array();
    }
};

Value patched_at(Value view, const Patch& patch, std::size_t depth, std::size_t element) {
    if (depth == patch.path.size()) return std::visit(Inside{std::move(view)}, patch.what);
    const Step& step = patch.path[depth];
    const bool is_last = depth + 1 == patch.path.size();
    const bool creates = is_last && std::holds_alternative<Patch::Created>(patch.what);
    const bool removes = is_last && std::holds_alternative<Patch::Removed>(patch.what);
    if (step.is_element()) {
        Value::Array items = view.array() == nullptr ? Value::Array{} : *view.array();
        const std::size_t index = element < patch.indices.size() ? patch.indices[element] : 0;
        if (index >= items.size() || removes) return items;
        items[index] =
            creates ? empty_of(step.type) : patched_at(items[index], patch, depth + 1, element + 1);
        return items;
    }
    Value::Map members = view.map() == nullptr ? Value::Map{} : *view.map();
    const auto found = std::find_if(members.begin(), members.end(),
                                    [&](const auto& member) { return member.key == step.key; });
    Value inside = found == members.end() ? Value() : found->value;
    if (found != members.end()) members.erase(found);
    if (removes) return members;
    members.push_back({step.key, creates
                                     ? empty_of(step.type)
                                     : patched_at(std::move(inside), patch, depth + 1, element)});
    return members;
}

}  // namespace

Value patched(Value view, const std::vector<Patch>& patches) {
    for (const Patch& patch : patches) {
        if (!patch.shown) continue;
        const bool is_document = patch.path.empty();
        if (is_document && (std::holds_alternative<Patch::Created>(patch.what) ||
                            std::holds_alternative<Patch::Removed>(patch.what))) {
            view = Value::Map{};
        } else {
            view = patched_at(std::move(view), patch, 0, 0);
        }
    }
    return view;
}

}  // namespace syncline

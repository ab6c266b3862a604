#include "look_at_sequences.hpp"

#include "document/text_properties.hpp"

#include <algorithm>

namespace syncline::patching {

namespace {

/// What is erased by name or cleared.
template <typename Order>
DotSet going_of(const Watch& watch, const Order& order, const Clears* clears) {
    DotSet going = watch.erased;
    if (clears == nullptr) return going;
    order.for_each_by_dot([&](const typename Order::Run& run) {
        if (run.state == Order::State::plain)
            going.insert_all(
                cleared_of({order.authors()[run.author], run.first, run.last()}, clears));
    });
    return going;
}

void look_at_element(Watch& watch, Slot& slot, const List& list, const Dot& id,
                     const Clears* outer) {
    slot.index = list.index(id);
    const Clears own{&slot.cleared, outer};
    const Clears* clears = slot.cleared.empty() ? outer : &own;
    if (const OrMap* contents = list.contents(id)) {
        for (const auto& [field, node] : contents->fields()) {
            if (fate_of(*node, clears).hit) watch.field(slot, field.type());
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

}  // namespace

void look_at_text(Watch& watch, const Text& text, const Clears* clears) {
    const Text::Order& order = text.order();
    // Marks wait for their ends only after a relay was restored.
    const bool unresolved =
        !watch.placed.empty() &&
        std::any_of(text.marks().begin(), text.marks().end(), [&](const auto& mark) {
            return !slot_of(order, mark.second.mark.from) || !slot_of(order, mark.second.mark.to);
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
            watch.gone.push_back({before.visible + at.offset, before.utf16 + front, {length, own}});
        });
    }
    for (const auto& [dot, mark] : text.marks()) {
        const DotRun run{dot.replica, dot.counter, dot.counter};
        if (watch.erased.contains(dot) || !cleared_of(run, clears).empty())
            watch.unmarked.emplace_back(dot, mark);
    }
}

void look_at_list(Watch& watch, const List& list, const Clears* clears) {
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
            for (; at != list.elements().end() && !(Dot{run.replica, run.last} < at->first); ++at) {
                Slot& slot = watch.slots[at->first];
                for (const Type type : fields) watch.field(slot, type);
            }
        }
    };
    look_into(watch.erased, {});
    look_into(watch.placed, {Type::map, Type::list, Type::text, Type::pn_counter, Type::g_counter,
                             Type::lww_register});
    if (clears != nullptr) {
        for (const auto& [id, element] : list.elements()) {
            if (fate_of(element.contents(), clears).hit) watch.slots[id];
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

}  // namespace syncline::patching

#include "look.hpp"

#include "look_at_sequences.hpp"

namespace syncline::patching {

namespace {

void look_at_map(Watch& watch, const OrMap& map, const Clears* clears);

void look_at_set(Watch& watch, const Node& set, const Clears* clears) {
    const auto add_cleared = [&](const ElementDots& elements) {
        for (const auto& [element, dots] : elements.elements()) {
            if (fate_of(dots, clears).hit) watch.elements.insert(element);
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

void look_at_map(Watch& watch, const OrMap& map, const Clears* clears) {
    watch.live = map.live();
    if (clears != nullptr) {
        watch.doomed = watch.live && fate_of(map, clears).doomed();
        if (watch.doomed) return;
        for (const auto& [field, node] : map.fields()) {
            if (fate_of(*node, clears).hit)
                watch.field(watch.keys[std::string(field.key())], field.type());
        }
    }
    for (auto& [key, slot] : watch.keys) {
        slot.shown = first_type(map, key);
        for (auto& [type, field] : slot.fields) look(*field, map.find(FieldKey{key, type}), clears);
    }
}

}  // namespace

void look(Watch& watch, const Node* node, const Clears* outer) {
    if (node == nullptr) return;
    watch.live = node->live();
    const Clears own{&watch.cleared, outer};
    const Clears* clears = watch.cleared.empty() ? outer : &own;
    if (const auto* map = node->as<OrMap>()) return look_at_map(watch, *map, clears);
    if (watch.live && is_container(watch.type) && fate_of(*node, clears).doomed()) {
        watch.doomed = true;
        return;
    }
    if (const auto* list = node->as<List>()) return look_at_list(watch, *list, clears);
    if (const auto* text = node->as<Text>()) return look_at_text(watch, *text, clears);
    if (is_container(watch.type)) return look_at_set(watch, *node, clears);
    if (watch.live) watch.value = view(*node);
    watch.conflicts = conflicts_of(*node);
}

void look(Watch& root, const OrMap& before) {
    const Clears own{&root.cleared, nullptr};
    look_at_map(root, before, root.cleared.empty() ? nullptr : &own);
}

}  // namespace syncline::patching

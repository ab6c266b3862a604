#include "ask.hpp"

namespace syncline::patching {

namespace {

void ask_here(Watch& watch, const Op& op, const Event& at) {
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

}  // namespace

void ask(Watch& root, const FieldOp& op, const Event& at) {
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

// ---- Everything, of two states

namespace {

void ask_elements(Watch& watch, const ElementDots& elements) {
    for (const auto& [element, dots] : elements.elements()) watch.elements.insert(element);
}
void ask_all(Watch& watch, const List& before, const List& after);

/// Null: not there.
void ask_all(Watch& watch, const Node* before, const Node* after) {
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

void ask_all(Watch& watch, const List& before, const List& after) {
    before.for_each([&](const Dot& id, const Value* value, const OrMap* contents) {
        if (!after.index(id)) return;
        const Value* value_after = after.value(id);
        if (value != nullptr && value_after != nullptr && *value == *value_after) return;
        Slot& slot = watch.slots[id];
        const OrMap* contents_after = after.contents(id);
        watch.field(slot, Type::lww_register);
        for (const OrMap* side : {contents, contents_after}) {
            if (side == nullptr) continue;
            for (const auto& [field, node] : side->fields()) watch.field(slot, field.type());
        }
        for (auto& [type, field] : slot.fields) {
            const FieldKey key{{}, type};
            ask_all(*field, contents == nullptr ? nullptr : contents->find(key),
                    contents_after == nullptr ? nullptr : contents_after->find(key));
        }
    });
}

}  // namespace

void ask_all(Watch& watch, const OrMap& before, const OrMap& after) {
    for (const OrMap* map : {&before, &after}) {
        for (const auto& [field, node] : map->fields()) {
            Slot& slot = watch.keys[std::string(field.key())];
            if (slot.fields.count(field.type()) != 0) continue;
            ask_all(watch.field(slot, field.type()), before.find(field), after.find(field));
        }
    }
}

}  // namespace syncline::patching

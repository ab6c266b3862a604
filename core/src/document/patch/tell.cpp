#include "tell.hpp"

#include "tell_sequences.hpp"

namespace syncline::patching {

namespace {

/// A field as it is now: a node, or a list's plain value.
struct Now {
    const Node* node = nullptr;
    const Value* plain = nullptr;
    [[nodiscard]] bool live() const {
        return plain != nullptr || (node != nullptr && node->live());
    }
    [[nodiscard]] Value shown() const { return plain != nullptr ? *plain : view(*node); }
};

Patch::Put put(Watch& watch, const Now& now) {
    Patch::Put put;
    if (watch.live) put.before = std::move(watch.value);
    put.after = now.shown();
    if (now.node != nullptr)
        put.conflicts = static_cast<std::uint32_t>(conflicts_of(*now.node).size());
    return put;
}

/// Of a list's element.
std::optional<Type> shown_in(const OrMap* contents, const Value* plain) {
    if (contents != nullptr) return first_type(*contents, {});
    std::optional<Type> shown;
    if (plain != nullptr) shown = Type::lww_register;
    return shown;
}

class Teller {
public:
    void tell_document(Watch& watch, const OrMap& root) {
        const bool live = root.live();
        if (watch.live && !live) return tell(true, Patch::Removed{});
        if (!live) return;
        if (!watch.live) tell(true, Patch::Created{});
        if (watch.doomed) return tell(true, Patch::Revealed{view(root)});
        tell_keys(watch, root, true);
    }
    std::vector<Patch> take() { return std::move(made_); }

private:
    void tell(bool shown, Patch::What what) {
        made_.push_back({path_, indices_, shown, std::move(what)});
    }
    /// One place that showed something and still does, or is a key. `step` is set to each of its
    /// fields in turn.
    template <typename Find>
    void tell_slot(Slot& slot, Step step, std::optional<Type> now_shown, bool shown, Find find) {
        path_.push_back(std::move(step));
        for (auto& [type, watch] : slot.fields) {
            if (!watch->live || find(type).live()) continue;
            path_.back().type = type;
            Patch::Removed removed;
            if (!is_container(type)) removed.before = std::move(watch->value);
            tell(shown && slot.shown == type, std::move(removed));
        }
        bool told = false;
        for (auto& [type, watch] : slot.fields) {
            const Now now = find(type);
            if (!now.live()) continue;
            path_.back().type = type;
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
            path_.back().type = *now_shown;
            tell(true, Patch::Revealed{find(*now_shown).shown()});
        }
        path_.pop_back();
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
    void tell_list(Watch& watch, const List& list, bool shown) {
        for (Patch::What& what : list_changes(watch, list)) tell(shown, std::move(what));
        for (auto& [id, slot] : watch.slots) {
            const auto index = list.index(id);
            if (!slot.index || !index) continue;
            const OrMap* contents = list.contents(id);
            const Value* value = list.value(id);
            indices_.push_back(*index);
            tell_slot(slot, Step(id, Type::lww_register), shown_in(contents, value), shown,
                      [&](Type type) {
                          if (contents != nullptr)
                              return Now{contents->find(FieldKey{{}, type}), nullptr};
                          return Now{nullptr, type == Type::lww_register ? value : nullptr};
                      });
            indices_.pop_back();
        }
    }
    void tell_text(Watch& watch, const Text& text, bool shown) {
        TextDelta delta = text_changes(watch, text);
        if (!delta.empty()) tell(shown, Patch::TextChanged{std::move(delta)});
    }

    std::vector<Patch> made_;
    Path path_;
    std::vector<std::uint32_t> indices_;
};

}  // namespace

std::vector<Patch> tell(Watch& root, const OrMap& after) {
    Teller teller;
    teller.tell_document(root, after);
    return teller.take();
}

}  // namespace syncline::patching

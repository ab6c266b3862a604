#pragma once

#include "syncline/document/undo.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace syncline {

/// Of one thing that is there while it has a dot: what was added, and what was taken away that had
/// not been added by the same record. (The same in all of the below.)
struct AddedRemoved {
    DotSet added;
    DotSet removed;
};

/// A map's presence, and that of a list or text.
struct PresenceUndo {
    AddedRemoved dots;
};

struct RegisterUndo {
    DotSet added;
    std::vector<DotValues::Entry> removed;
    DotSet beside;  ///< values that the record left in place
};

/// An element of a set, or a flag: insertions (enables), and where an erasure leaves a dot, those
/// (disables).
struct ToggleUndo {
    AddedRemoved on;
    AddedRemoved off;
};
struct FlagUndo {
    ToggleUndo toggle;
};
struct SetUndo {
    std::map<Value, ToggleUndo> elements;
};

struct CounterUndo {
    struct Add {
        Dot dot;
        std::int64_t amount = 0;
    };
    /// Adds of one replica that were cancelled: those above `from` up to `last`.
    struct Taken {
        Dot last;
        std::uint64_t from = 0;
        std::int64_t from_sum = 0;
        std::int64_t to_sum = 0;
        std::int64_t added = 0;  ///< what of it the record itself had added
        bool is_own = false;
    };
    std::vector<Add> added;
    std::vector<Taken> removed;
    std::vector<Dot> before;  ///< the last add of each replica of which some counted before
    bool own_before = false;  ///< the author is one of them
    bool cancelled = false;   ///< by the record
};

struct TextUndo {
    struct Erased {
        DotRun dots;
        std::string text;
    };
    struct Marked {
        Dot added;  ///< counter 0: marks went, and none came
        std::vector<std::pair<Dot, Text::StampedMark>> removed;
    };
    AddedRemoved presence;
    DotSet placed;
    std::vector<Erased> erased;
    std::vector<Marked> marks;
};

struct ListUndo {
    /// Plain values: an element's dot is its value's.
    struct Erased {
        DotRun ids;
        Hlc hlc;
        std::vector<Value> values;
    };
    struct Moved {
        Dot slot;      ///< where the record put it
        Dot previous;  ///< where it stood; counter 0: where it was inserted
        Hlc previous_hlc;
    };
    AddedRemoved presence;
    DotSet placed;
    std::vector<Erased> erased;
    std::map<Dot, Moved> moves;
};

using FieldUndo =
    std::variant<PresenceUndo, RegisterUndo, FlagUndo, SetUndo, CounterUndo, TextUndo, ListUndo>;
using FieldId = std::pair<DocumentKey, Path>;
using DotMap = std::function<std::optional<Dot>(const Dot&)>;

/// The values of the register at `path`; of a list's element as it was inserted, too.
[[nodiscard]] std::vector<DotValues::Entry> entries_at(const OrMap& root, const Path& path);
[[nodiscard]] inline Type type_of(const Path& path) {
    return path.empty() ? Type::map : path.back().type;
}
/// `count` code points from `from` on.
[[nodiscard]] std::string_view slice(std::string_view utf8, std::uint64_t from,
                                     std::uint64_t count);
[[nodiscard]] DotSet mapped(const DotSet& dots, const DotMap& map);
[[nodiscard]] std::optional<Path> mapped(Path path, const DotMap& map);

struct UndoFields {
    std::map<FieldId, FieldUndo> fields;
    DotSet added;  ///< by all ops of the record

    /// The two halves of UndoRecord::add(): before an op is applied, and when its dot is known.
    void take(const DocumentKey& key, const OrMap& before, const ReplicaId& author,
              const FieldOp& op);
    void give(const DocumentKey& key, const FieldOp& op, const Event& at);

    /// What `later` did after this.
    void append(UndoFields&& later);
    void rename(const DotMap& map);

    /// Calls `use(dots)` with all that was taken away and can come back.
    template <typename Use>
    void for_each_removed(Use use) const;
    /// Likewise with all that an undo looks up by what it is called then.
    template <typename Use>
    void for_each_name(Use use) const;
    [[nodiscard]] bool empty() const { return fields.empty(); }

private:
    template <typename T>
    T& field(const DocumentKey& key, const Path& path);
    void take_dots(AddedRemoved& dots, const DotSet& gone) const;
    void take_clear(const DocumentKey& key, const Path& path, const Node& node,
                    const DotSet& removes);
    void take_below(const DocumentKey& key, const Path& path, const OrMap& map, const Dot& element,
                    const DotSet& removes);
    void take_presence(const DocumentKey& key, const Path& path, const DotSet& presence,
                       const DotSet& removes);
    void take_register(const DocumentKey& key, const Path& path,
                       const std::vector<DotValues::Entry>& entries, const DotSet& removes);
    void take_text(const DocumentKey& key, const Path& path, const Text& text,
                   const DotSet& removes, bool is_mark);
    void take_values(const DocumentKey& key, const Path& path, const List& list,
                     const DotSet& removes);
    void take_list(const DocumentKey& key, const Path& path, const List& list, const FieldOp& op);
    void take_element(const DocumentKey& key, const Path& path, const List& list, const Dot& id,
                      const DotSet& removes);
    void take_counter(const DocumentKey& key, const Path& path, const CounterEntries& entries,
                      const ReplicaId& author, const Op& op);
};

template <typename Use>
void UndoFields::for_each_removed(Use use) const {
    for (const auto& [id, field] : fields) {
        if (const auto* map = std::get_if<PresenceUndo>(&field)) use(map->dots.removed);
        if (const auto* reg = std::get_if<RegisterUndo>(&field)) {
            for (const auto& entry : reg->removed) use(DotSet{entry.dot});
        }
        if (const auto* flag = std::get_if<FlagUndo>(&field)) {
            use(flag->toggle.on.removed);
            use(flag->toggle.off.removed);
        }
        if (const auto* set = std::get_if<SetUndo>(&field)) {
            for (const auto& [element, toggle] : set->elements) {
                use(toggle.on.removed);
                use(toggle.off.removed);
            }
        }
        if (const auto* text = std::get_if<TextUndo>(&field)) {
            use(text->presence.removed);
            DotSet dots;
            for (const auto& erased : text->erased) dots.insert(erased.dots);
            for (const auto& marked : text->marks) {
                for (const auto& [dot, mark] : marked.removed) dots.insert(dot);
            }
            use(dots);
        }
        if (const auto* list = std::get_if<ListUndo>(&field)) {
            use(list->presence.removed);
            DotSet dots;
            for (const auto& erased : list->erased) dots.insert(erased.ids);
            use(dots);
        }
    }
}

template <typename Use>
void UndoFields::for_each_name(Use use) const {
    for (const auto& [id, field] : fields) {
        if (const auto* map = std::get_if<PresenceUndo>(&field)) use(map->dots.added);
        if (const auto* reg = std::get_if<RegisterUndo>(&field)) {
            use(reg->added);
            use(reg->beside);
        }
        if (const auto* flag = std::get_if<FlagUndo>(&field)) {
            use(flag->toggle.on.added);
            use(flag->toggle.off.added);
        }
        if (const auto* set = std::get_if<SetUndo>(&field)) {
            for (const auto& [element, toggle] : set->elements) {
                use(toggle.on.added);
                use(toggle.off.added);
            }
        }
        if (const auto* text = std::get_if<TextUndo>(&field)) {
            use(text->presence.added);
            use(text->placed);
            DotSet dots;
            for (const auto& marked : text->marks) {
                if (marked.added.counter != 0) dots.insert(marked.added);
                for (const auto& [dot, gone] : marked.removed) {
                    for (const Anchor& end : {gone.mark.from, gone.mark.to})
                        if (end.element.counter != 0) dots.insert(end.element);
                }
            }
            use(dots);
        }
        if (const auto* list = std::get_if<ListUndo>(&field)) {
            use(list->presence.added);
            use(list->placed);
            DotSet dots;
            for (const auto& [id_of, moved] : list->moves) {
                dots.insert(moved.slot);
                if (moved.previous.counter != 0) dots.insert(moved.previous);
            }
            use(dots);
        }
    }
}

}  // namespace syncline

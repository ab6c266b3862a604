#include "undo_pieces.hpp"
#include "undo_record.hpp"

#include <algorithm>
#include <iterator>

namespace syncline {

std::string_view slice(std::string_view utf8, std::uint64_t from, std::uint64_t count) {
    const auto skip = [&](std::size_t at, std::uint64_t points) {
        for (; points > 0 && at < utf8.size(); --points) {
            do ++at;
            while (at < utf8.size() && (static_cast<unsigned char>(utf8[at]) & 0xC0) == 0x80);
        }
        return at;
    };
    const std::size_t begin = skip(0, from);
    return utf8.substr(begin, skip(begin, count) - begin);
}

// ---- One after the other

namespace {

/// What happened to a field later, put behind what had happened to it; `mine` is all that the
/// earlier record added.
struct Appending {
    const DotSet& mine;

    void join(AddedRemoved& into, AddedRemoved&& later) const {
        const DotSet own = overlap(later.removed, mine);
        later.removed.erase_all(own);
        into.added.erase_all(own);
        into.added.insert_all(later.added);
        into.removed.insert_all(later.removed);
    }
    void join(PresenceUndo& into, PresenceUndo&& later) const {
        join(into.dots, std::move(later.dots));
    }
    void join(RegisterUndo& into, RegisterUndo&& later) const {
        for (DotValues::Entry& entry : later.removed) {
            if (mine.contains(entry.dot)) {
                into.added.erase(entry.dot);
            } else {
                into.removed.push_back(std::move(entry));
            }
        }
        into.added.insert_all(later.added);
        into.beside.insert_all(later.beside);
    }
    void join(ToggleUndo& into, ToggleUndo&& later) const {
        join(into.on, std::move(later.on));
        join(into.off, std::move(later.off));
    }
    void join(FlagUndo& into, FlagUndo&& later) const {
        join(into.toggle, std::move(later.toggle));
    }
    void join(SetUndo& into, SetUndo&& later) const {
        for (auto& [element, toggle] : later.elements)
            join(into.elements[element], std::move(toggle));
    }
    void join(CounterUndo& into, CounterUndo&& later) const {
        for (CounterUndo::Taken& taken : later.removed) {
            for (auto add = into.added.begin(); add != into.added.end();) {
                const bool is_in = add->dot.replica == taken.last.replica &&
                                   add->dot.counter > taken.from &&
                                   add->dot.counter <= taken.last.counter;
                if (is_in) taken.added = wrapping_add(taken.added, add->amount);
                add = is_in ? into.added.erase(add) : std::next(add);
            }
            if (!taken.is_own || (into.own_before && !into.cancelled))
                into.removed.push_back(taken);
        }
        // Own adds that were all of the record's are not among those.
        if (later.cancelled) into.added.clear();
        into.cancelled = into.cancelled || later.cancelled;
        into.added.insert(into.added.end(), later.added.begin(), later.added.end());
    }
    void join(TextUndo& into, TextUndo&& later) const {
        join(into.presence, std::move(later.presence));
        DotSet own;
        split(
            later.erased, mine, [](const auto& p) { return p.dots; }, cut_text, own);
        into.placed.erase_all(own);
        into.placed.insert_all(later.placed);
        into.erased.insert(into.erased.end(), std::make_move_iterator(later.erased.begin()),
                           std::make_move_iterator(later.erased.end()));
        for (TextUndo::Marked& marked : later.marks) {
            TextUndo::Marked all{marked.added, {}};
            for (auto& gone : marked.removed) {
                if (!mine.contains(gone.first)) {
                    all.removed.push_back(std::move(gone));
                    continue;
                }
                const auto found =
                    std::find_if(into.marks.begin(), into.marks.end(),
                                 [&](const auto& m) { return m.added == gone.first; });
                if (found == into.marks.end()) continue;
                all.removed.insert(all.removed.end(), found->removed.begin(), found->removed.end());
                into.marks.erase(found);
            }
            if (all.added.counter != 0 || !all.removed.empty())
                into.marks.push_back(std::move(all));
        }
    }
    void join(ListUndo& into, ListUndo&& later) const {
        join(into.presence, std::move(later.presence));
        DotSet own;
        split(
            later.erased, mine, [](const auto& p) { return p.ids; }, cut_values, own);
        into.placed.erase_all(own);
        into.placed.insert_all(later.placed);
        into.erased.insert(into.erased.end(), std::make_move_iterator(later.erased.begin()),
                           std::make_move_iterator(later.erased.end()));
        for (auto& [id, moved] : later.moves) {
            const auto [known, is_new] = into.moves.try_emplace(id, moved);
            if (!is_new) known->second.slot = moved.slot;
        }
    }
};

}  // namespace

void UndoFields::append(UndoFields&& later) {
    const Appending appending{added};
    for (auto& [id, field] : later.fields) {
        auto found = fields.find(id);
        if (found == fields.end()) {
            // What it took away may still have been added by this record, under another field.
            FieldUndo none = std::visit(
                [](const auto& undo) {
                    std::decay_t<decltype(undo)> made;
                    if constexpr (std::is_same_v<decltype(made), CounterUndo>) {
                        made.before = undo.before;
                        made.own_before = undo.own_before;
                    }
                    return FieldUndo(std::move(made));
                },
                field);
            found = fields.emplace(id, std::move(none)).first;
        }
        std::visit(
            [&](auto& undo) {
                using T = std::decay_t<decltype(undo)>;
                if (auto* into = std::get_if<T>(&found->second))
                    appending.join(*into, std::move(undo));
            },
            field);
    }
    added.insert_all(later.added);
}

// ---- Other names

DotSet mapped(const DotSet& dots, const DotMap& map) {
    std::vector<Dot> names;
    for (const Dot& dot : dots) {
        if (const auto name = map(dot)) names.push_back(*name);
    }
    return DotSet(std::move(names));
}

std::optional<Path> mapped(Path path, const DotMap& map) {
    for (Step& step : path) {
        if (!step.is_element()) continue;
        const auto name = map(step.element);
        if (!name) return std::nullopt;
        step.element = *name;
    }
    return path;
}

namespace {

struct Mapping {
    const DotMap& map;

    /// False: the dot is gone.
    bool rename(Dot& dot) const {
        if (dot.counter == 0) return true;
        const auto name = map(dot);
        if (name) dot = *name;
        return name.has_value();
    }
    void rename(Anchor& anchor) const {
        if (!rename(anchor.element)) anchor.element = {};
    }
    void rename(AddedRemoved& dots) const {
        dots.added = mapped(dots.added, map);
        dots.removed = mapped(dots.removed, map);
    }
    void operator()(PresenceUndo& undo) const { rename(undo.dots); }
    void operator()(RegisterUndo& undo) const {
        undo.added = mapped(undo.added, map);
        undo.beside = mapped(undo.beside, map);
        drop(undo.removed, [&](DotValues::Entry& entry) { return rename(entry.dot); });
    }
    void rename(ToggleUndo& toggle) const {
        rename(toggle.on);
        rename(toggle.off);
    }
    void operator()(FlagUndo& undo) const { rename(undo.toggle); }
    void operator()(SetUndo& undo) const {
        for (auto& [element, toggle] : undo.elements) rename(toggle);
    }
    void operator()(CounterUndo& undo) const {
        drop(undo.added, [&](CounterUndo::Add& add) { return rename(add.dot); });
        drop(undo.before, [&](Dot& dot) { return rename(dot); });
        drop(undo.removed, [&](CounterUndo::Taken& taken) {
            const ReplicaId was = taken.last.replica;
            Dot from{was, taken.from};
            const bool from_is_there = rename(from);
            if (!rename(taken.last)) return false;
            taken.from = from_is_there && from.replica == taken.last.replica ? from.counter : 0;
            return true;
        });
    }
    void operator()(TextUndo& undo) const {
        rename(undo.presence);
        undo.placed = mapped(undo.placed, map);
        std::vector<TextUndo::Erased> erased;
        for (const TextUndo::Erased& piece : undo.erased) {
            std::uint64_t at = 0;
            std::string_view rest = piece.text;
            for (std::uint64_t counter = piece.dots.first; counter <= piece.dots.last; ++counter) {
                const std::string_view one = slice(rest, 0, 1);
                rest.remove_prefix(one.size());
                ++at;
                const auto name = map({piece.dots.replica, counter});
                if (!name) continue;
                const bool goes_on = at > 1 && !erased.empty() &&
                                     erased.back().dots.replica == name->replica &&
                                     erased.back().dots.last + 1 == name->counter;
                if (goes_on) {
                    erased.back().dots.last = name->counter;
                    erased.back().text += one;
                } else {
                    erased.push_back(
                        {{name->replica, name->counter, name->counter}, std::string(one)});
                }
            }
        }
        undo.erased = std::move(erased);
        drop(undo.marks, [&](TextUndo::Marked& marked) {
            const bool is_there = rename(marked.added);
            drop(marked.removed, [&](auto& gone) {
                rename(gone.second.mark.from);
                rename(gone.second.mark.to);
                return rename(gone.first);
            });
            return is_there;
        });
    }
    void operator()(ListUndo& undo) const {
        rename(undo.presence);
        undo.placed = mapped(undo.placed, map);
        std::vector<ListUndo::Erased> erased;
        for (ListUndo::Erased& piece : undo.erased) {
            for (std::size_t i = 0; i < piece.values.size(); ++i) {
                const auto name = map({piece.ids.replica, piece.ids.first + i});
                if (!name) continue;
                const bool goes_on = i > 0 && !erased.empty() &&
                                     erased.back().ids.replica == name->replica &&
                                     erased.back().ids.last + 1 == name->counter;
                if (goes_on) {
                    erased.back().ids.last = name->counter;
                    erased.back().values.push_back(std::move(piece.values[i]));
                } else {
                    erased.push_back({{name->replica, name->counter, name->counter},
                                      piece.hlc,
                                      {std::move(piece.values[i])}});
                }
            }
        }
        undo.erased = std::move(erased);
        std::map<Dot, ListUndo::Moved> moves;
        for (const auto& [id, known] : undo.moves) {
            Dot element = id;
            ListUndo::Moved moved = known;
            if (!rename(element) || !rename(moved.slot)) continue;
            if (!rename(moved.previous)) moved.previous = {};
            moves.emplace(element, moved);
        }
        undo.moves = std::move(moves);
    }

private:
    template <typename T, typename Keep>
    static void drop(std::vector<T>& items, Keep keep) {
        items.erase(
            std::remove_if(items.begin(), items.end(), [&](T& item) { return !keep(item); }),
            items.end());
    }
};

}  // namespace

void UndoFields::rename(const DotMap& map) {
    std::map<FieldId, FieldUndo> renamed;
    for (auto& [id, field] : fields) {
        auto path = mapped(id.second, map);
        if (!path) continue;
        std::visit(Mapping{map}, field);
        renamed.emplace(FieldId{id.first, std::move(*path)}, std::move(field));
    }
    fields = std::move(renamed);
    added = mapped(added, map);
}

}  // namespace syncline

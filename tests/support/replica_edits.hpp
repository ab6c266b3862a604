#pragma once

#include "syncline/document/replica.hpp"

#include <algorithm>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

/// Random edits of a replica's document, with a field of most types.
namespace syncline::testing {

inline ReplicaId id_of(unsigned n) {
    ReplicaId id;
    id.bytes[0] = static_cast<std::byte>(n);
    return id;
}
inline const Path title{{"title", Type::lww_register}};
inline const Path votes{{"votes", Type::pn_counter}};
inline const Path tags{{"tags", Type::or_set}};
inline const Path notes{{"notes", Type::text}};
inline const Path todo{{"todo", Type::list}};

using Random = std::mt19937_64;
inline std::uint32_t below(Random& random, std::uint32_t bound) {
    return static_cast<std::uint32_t>(random() % bound);
}

inline void apply_all(Replica::Edit& edit, std::vector<FieldOp> ops) {
    for (FieldOp& op : ops) edit.apply(std::move(op));
}

inline void edit_list(Random& random, Replica::Edit& edit) {
    const List& list = edit.root().at<List>(todo);
    const std::uint32_t size = list.size();
    switch (below(random, 8)) {
        case 0:
        case 1: {
            Value::Array values;
            for (std::uint32_t i = below(random, 3) + 1; i > 0; --i)
                values.emplace_back(static_cast<std::int64_t>(below(random, 100)));
            edit.apply({todo, *list.insert(below(random, size + 1), std::move(values))});
            break;
        }
        case 2: {
            const Type type = below(random, 2) == 0 ? Type::map : Type::pn_counter;
            edit.apply({todo, *list.insert(below(random, size + 1), type)});
            break;
        }
        case 3:
            if (size > 0) apply_all(edit, *list.erase(todo, below(random, size), 1, edit.author()));
            break;
        case 4:
            if (size > 0) edit.apply({todo, *list.move(below(random, size), below(random, size))});
            break;
        case 5:
        case 6: {
            if (size == 0) break;
            const Dot id = *list.id(below(random, size));
            if (below(random, 2) == 0) {
                edit.add({todo[0], {id, Type::pn_counter}}, below(random, 9));
            } else {
                edit.set({todo[0], {id, Type::map}, {"in it", Type::lww_register}}, "inside");
            }
            break;
        }
        default:
            if (size > 0)
                apply_all(edit, *list.replace(todo, below(random, size), "new", edit.author()));
    }
}

inline void edit_text(Random& random, Replica::Edit& edit) {
    const Text& text = edit.root().at<Text>(notes);
    const std::uint32_t size = text.size();
    const std::uint32_t at = below(random, size + 1);
    const std::uint32_t count = size == at ? 0 : below(random, std::min(size - at, 5u)) + 1;
    switch (below(random, 4)) {
        case 0:
        case 1:
            (void)edit.insert(notes, at, below(random, 4) == 0 ? "\xf0\x9f\x98\x80" : "ab");
            break;
        case 2: (void)edit.erase(notes, at, count); break;
        default:
            if (count > 0) edit.apply({notes, *text.mark(at, count, "bold", true)});
    }
}

inline void edit_something(Random& random, Replica::Edit& edit) {
    switch (below(random, 8)) {
        case 0: edit.set(title, static_cast<std::int64_t>(below(random, 5))); break;
        case 1: edit.add(votes, static_cast<std::int64_t>(below(random, 9)) - 4); break;
        case 2: edit.insert(tags, static_cast<std::int64_t>(below(random, 4))); break;
        case 3: edit.erase(tags, static_cast<std::int64_t>(below(random, 4))); break;
        case 4: {
            const Path all[] = {title, votes, tags, notes, todo, {}};
            apply_all(edit, edit.root().clear(all[below(random, 6)], edit.author()));
            break;
        }
        case 5: edit_list(random, edit); break;
        default: edit_text(random, edit);
    }
}

}  // namespace syncline::testing

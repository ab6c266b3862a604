#include "tell_sequences.hpp"

#include <algorithm>

namespace syncline::patching {

namespace {

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

Patch::Element element_of(const List& list, const Dot& id) {
    if (const Value* value = list.value(id)) return {id, Type::lww_register, *value};
    const OrMap* contents = list.contents(id);
    if (contents == nullptr) return {id, Type::lww_register, {}};
    return {id, first_type(*contents, {}).value_or(Type::lww_register), view_element(*contents)};
}

/// From what the ops named.
Restructured named(const Watch& watch, const List& list) {
    Restructured all;
    for (const Watch::Elements& piece : watch.going) {
        std::uint32_t index = piece.index;
        std::uint64_t first = piece.ids.first;
        const auto add_up_to = [&](std::uint64_t end) {
            if (first < end) all.gone.push_back({index, static_cast<std::uint32_t>(end - first)});
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
Restructured compared(const Watch& watch, const List& list) {
    Restructured all;
    std::map<Dot, std::uint32_t> was_at;
    for (const Dot& id : watch.order) was_at.emplace(id, static_cast<std::uint32_t>(was_at.size()));
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
std::uint32_t below(const Numbers& numbers, std::uint32_t n) {
    return static_cast<std::uint32_t>(std::lower_bound(numbers.begin(), numbers.end(), n) -
                                      numbers.begin());
}
/// One move after the other, in the order in which they stand afterwards. Elements that stay
/// are counted apart: `gap` of them stand in front of a moved one, and of the moved ones in one
/// gap those that have been put there come first.
std::vector<Patch::What> moves_of(const std::vector<Range>& gone, std::vector<Moved> moved,
                                  const std::vector<Coming>& come) {
    std::vector<Patch::What> told;
    if (moved.empty()) return told;
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
            std::upper_bound(new_gaps.begin(), new_gaps.begin() + static_cast<std::ptrdiff_t>(i),
                             old_gap) -
            new_gaps.begin());
        const std::uint32_t from = old_gap + waiting_before(rank) + done;
        add(rank, ~std::uint32_t{0});  // minus one
        const std::uint32_t to = new_gaps[i] + static_cast<std::uint32_t>(i) +
                                 waiting_before(below(old_gaps, new_gaps[i]));
        if (from != to) told.emplace_back(Patch::ListMoved{moved[i].id, from, to});
    }
    return told;
}

}  // namespace

std::vector<Patch::What> list_changes(const Watch& watch, const List& list) {
    std::vector<Patch::What> told;
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
        told.emplace_back(Patch::ListErased{range->index, range->count});
    for (Patch::What& move : moves_of(gone, std::move(all.moved), all.come))
        told.push_back(std::move(move));
    for (std::size_t i = 0; i < all.come.size();) {
        Patch::ListInserted inserted{all.come[i].index, {}};
        std::uint32_t next = inserted.index;
        for (; i < all.come.size() && all.come[i].index == next; ++i, ++next)
            inserted.elements.push_back(std::move(all.come[i].element));
        told.emplace_back(std::move(inserted));
    }
    return told;
}

}  // namespace syncline::patching

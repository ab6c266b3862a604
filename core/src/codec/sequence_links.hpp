#pragma once

// How the stretches of a sequence hang together (docs/encoding.md, "Sequences").
//
// A sequence is the in-order walk of a tree, so nearly every stretch's parent is the end of a
// stretch in front of it or the beginning of one behind it, and when the walk has come back to one,
// what lies between is finished. Going over the stretches from the left with a stack of ends, and
// from the right with a stack of beginnings, a parent is a small depth in a stack instead of a dot.

#include "syncline/crdt/sequence.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace syncline::wire {

/// Consecutive elements of one author that stand together, each the right child of the one before,
/// and all with content or all without.
struct Stretch {
    Dot first;
    std::uint32_t length = 0;
    bool plain = false;
    Place place;  ///< of the first; no parent is the beginning
    Hlc stamp;    ///< of a list's values

    [[nodiscard]] Dot last() const { return {first.replica, first.counter + length - 1}; }
};

/// Where a stretch's parent is.
enum class Link : std::uint8_t {
    own = 0,    ///< the end of one in front, whose author goes on here: depth in the stack of ends
    right = 1,  ///< as right child of such an end, with a dot of its own
    left = 2,   ///< as left child of a beginning: depth in the stack of beginnings
    given = 3,  ///< named by its dot
    root = 4,   ///< nowhere
};
inline constexpr std::uint64_t link_max = 4;

/// What a link comes to: the index of the stretch with the parent, if it is not given.
struct LinkTo {
    Link link = Link::root;
    std::uint64_t depth = 0;
    std::size_t parent = 0;
};

/// The ends, or the beginnings, that something may still hang on, each the index of its stretch.
class OpenStretches {
public:
    /// The one at this depth, which what comes next hangs on: all above it are finished, and it too
    /// if `closes`. `none` if there is none.
    std::size_t take(std::uint64_t depth, bool closes) {
        if (depth >= open_.size()) return none;
        open_.resize(open_.size() - static_cast<std::size_t>(depth));
        const std::size_t index = open_.back();
        if (closes) open_.pop_back();
        return index;
    }
    /// How deep `index` lies; `none` if it is finished. `less`: the order of pushing. O(log n).
    template <typename Less>
    [[nodiscard]] std::size_t depth_of(std::size_t index, Less less) const {
        const auto found = std::lower_bound(open_.begin(), open_.end(), index, less);
        if (found == open_.end() || *found != index) return none;
        return static_cast<std::size_t>(open_.end() - found) - 1;
    }
    void push(std::size_t index) { open_.push_back(index); }

    static constexpr std::size_t none = ~std::size_t{0};

private:
    std::vector<std::size_t> open_;
};

/// The stretches of a sequence, in its order; those that wait for a parent are last, by dot.
template <typename Order>
std::vector<Stretch> stretches_of(const Order& order) {
    std::vector<Stretch> all;
    order.for_each_stretch([&](const auto& runs) {
        const auto& head = *runs.front();
        Stretch made;
        made.first = {order.authors()[head.author], head.first};
        made.length = static_cast<std::uint32_t>(runs.back()->last() - head.first + 1);
        made.plain = head.state == Order::State::plain;
        made.place = {order.parent(head), head.side};
        if constexpr (requires { head.payload.hlc(); }) made.stamp = head.payload.hlc();
        all.push_back(made);
    });
    return all;
}
/// How many of these stretches are in the order.
template <typename Order>
std::size_t attached_of(const Order& order, const std::vector<Stretch>& stretches) {
    if (order.waiting() == 0) return stretches.size();
    const auto waits = [&](const Stretch& stretch) {
        const auto at = order.find(stretch.first);
        return !at || !at.run->attached();
    };
    return static_cast<std::size_t>(std::find_if(stretches.begin(), stretches.end(), waits) -
                                    stretches.begin());
}

/// The one way to tell where the parents of the first `attached` stretches are. O(n log n).
[[nodiscard]] std::vector<LinkTo> links_of(const std::vector<Stretch>& stretches,
                                           std::size_t attached);

/// The order in which to insert the first `attached` stretches so that parents come first, and of
/// one parent's children those that are farther away; shorter if some hang on nothing. O(n log n).
[[nodiscard]] std::vector<std::size_t> parents_first(const std::vector<Stretch>& stretches,
                                                     std::size_t attached);

/// How many elements have content.
[[nodiscard]] std::uint64_t plain_elements(const std::vector<Stretch>& stretches);

/// Builds the order and checks that these are its very stretches. `contents` are the plain
/// stretches' payloads, by stretch. False for anything else. O(n log n).
template <typename Order, typename Payload>
bool build_order(Order& order, const std::vector<Stretch>& stretches, std::size_t attached,
                 std::vector<Payload> contents) {
    const auto add = [&](std::size_t i) {
        const Stretch& stretch = stretches[i];
        bool is_known = false;
        const DotRun dots{stretch.first.replica, stretch.first.counter, stretch.last().counter};
        order.for_each_in(dots, [&](auto, auto) { is_known = true; });
        return !is_known && order.insert(stretch.first, stretch.length, stretch.place,
                                         stretch.plain ? Order::State::plain : Order::State::dead,
                                         std::move(contents[i]));
    };
    const std::vector<std::size_t> in_order = parents_first(stretches, attached);
    if (in_order.size() != attached) return false;
    for (const std::size_t i : in_order) {
        if (!add(i)) return false;
    }
    if (order.waiting() > 0) return false;
    for (std::size_t i = attached; i < stretches.size(); ++i) {
        if (!add(i)) return false;
    }
    const std::vector<Stretch> made = stretches_of(order);
    const auto same = [](const Stretch& a, const Stretch& b) {
        return a.first == b.first && a.length == b.length && a.plain == b.plain &&
               a.place == b.place;
    };
    return std::equal(made.begin(), made.end(), stretches.begin(), stretches.end(), same) &&
           attached_of(order, made) == attached;
}

}  // namespace syncline::wire

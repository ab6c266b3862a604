#pragma once

// The canonical bytes of a sequence's order, for lists and texts alike (docs/encoding.md,
// "States").
//
//   order   := column of stretches, in the sequence's order
//   waiting := column of stretches that wait for a parent, by dot
//   stretch := head, [replica], first, [place], [stamp]
//     head    := (length - 1) * 8 + place kind * 2 + (1 if it has content)
//     replica := only if the sequence has several: index in the document's replicas
//     first   := the first dot's counter, as a step from the end of the stretch before
//     place   := kind explicit: replica index * 2 + side, parent's counter as a step from first
//     stamp   := lists, with content: as a step from the one before

#include "syncline/codec/packed.hpp"
#include "syncline/codec/reader.hpp"
#include "syncline/crdt/text.hpp"

#include <functional>

namespace syncline::wire {

enum class PlaceKind : std::uint8_t {
    behind = 0,  ///< right child of the element in front
    before = 1,  ///< left child of the element that begins the next stretch
    given = 2,   ///< any other parent
    root = 3,    ///< no parent
};

inline constexpr std::uint64_t slots_max = Sequence<TextPayload>::slots_max;

struct Stretch {
    Dot first;
    std::uint32_t length = 0;
    bool plain = false;
    PlaceKind kind = PlaceKind::root;
    Place place;  ///< of kind given
    Hlc stamp;
};

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
        if (head.parent == 0) {
            made.kind = PlaceKind::root;
        } else if (!head.attached()) {
            made.kind = PlaceKind::given;
        } else {
            const auto* left = Order::previous(head);
            const auto* right = Order::next(*runs.back());
            const auto is_parent = [&](const auto* run, std::uint64_t counter) {
                return run != nullptr && run->author == head.parent_author &&
                       counter == head.parent;
            };
            if (head.side == Side::right && is_parent(left, left == nullptr ? 0 : left->last())) {
                made.kind = PlaceKind::behind;
            } else if (head.side == Side::left &&
                       is_parent(right, right == nullptr ? 0 : right->first)) {
                made.kind = PlaceKind::before;
            } else {
                made.kind = PlaceKind::given;
            }
        }
        all.push_back(made);
    });
    return all;
}

/// `index` gives a replica's number in the document's table; `several`: it has more than one.
template <typename Index>
void write_stretches(PackedWriter& out, const std::vector<Stretch>& stretches, std::size_t from,
                     std::size_t to, bool several, bool stamped, Index index) {
    std::uint64_t end = 0;
    std::uint64_t stamp = 0;
    for (std::size_t i = from; i < to; ++i) {
        const Stretch& stretch = stretches[i];
        out.u64((std::uint64_t{stretch.length} - 1) * 8 +
                static_cast<std::uint64_t>(stretch.kind) * 2 + (stretch.plain ? 1 : 0));
        if (several) out.u64(index(stretch.first.replica));
        out.step(end, stretch.first.counter);
        end = stretch.first.counter + stretch.length;
        if (stretch.kind == PlaceKind::given) {
            out.u64(index(stretch.place.parent.replica) * 2 +
                    static_cast<std::uint64_t>(stretch.place.side));
            out.step(stretch.first.counter, stretch.place.parent.counter);
        }
        if (stamped && stretch.plain) {
            out.step(stamp, stretch.stamp.packed);
            stamp = stretch.stamp.packed;
        }
    }
}

/// `replica` gives the replica with a number, and notes that it is used.
inline std::vector<Stretch> read_stretches(PackedReader& in, bool several, bool stamped,
                                           std::uint64_t& slots,
                                           const std::function<ReplicaId(std::uint64_t)>& replica) {
    std::vector<Stretch> all;
    std::uint64_t end = 0;
    std::uint64_t stamp = 0;
    while (!in.at_end() && !in.failed()) {
        Stretch made;
        const std::uint64_t head = in.u64(slots_max * 8);
        made.length = static_cast<std::uint32_t>(head / 8 + 1);
        made.plain = head % 2 != 0;
        made.kind = static_cast<PlaceKind>(head / 2 % 4);
        made.first.replica = replica(several ? in.u64() : 0);
        made.first.counter = in.step(end, counter_max);
        end = made.first.counter + made.length;
        slots += made.length;
        if (slots > slots_max || end - 1 > counter_max) in.fail();
        if (made.kind == PlaceKind::given) {
            const std::uint64_t parent = in.u64();
            made.place.parent.replica = replica(parent / 2);
            made.place.side = static_cast<Side>(parent % 2);
            made.place.parent.counter = in.step(made.first.counter, counter_max);
        }
        if (stamped && made.plain) {
            stamp += static_cast<std::uint64_t>(in.i64());
            made.stamp = Hlc{stamp};
        }
        all.push_back(made);
    }
    return all;
}

/// How many elements have content.
inline std::uint64_t plain_elements(const std::vector<Stretch>& stretches) {
    std::uint64_t count = 0;
    for (const Stretch& stretch : stretches) count += stretch.plain ? stretch.length : 0;
    return count;
}

/// Builds the order and checks that these are its very stretches. `content(stretch)` gives a plain
/// stretch's payload, in the order of the stretches. False for anything else.
template <typename Order, typename Content>
bool build_order(Order& order, std::vector<Stretch> attached, std::vector<Stretch> waiting,
                 Content content) {
    using Payload = std::decay_t<decltype(content(attached.front()))>;
    const auto known = [&](const Stretch& stretch) {
        bool found = false;
        const DotRun dots{stretch.first.replica, stretch.first.counter,
                          stretch.first.counter + stretch.length - 1};
        order.for_each_in(dots, [&](auto, auto) { found = true; });
        return found;
    };
    bool good = true;
    const auto add = [&](const Stretch& stretch, Payload payload) {
        good = good && !known(stretch) &&
               order.insert(stretch.first, stretch.length, stretch.place,
                            stretch.plain ? Order::State::plain : Order::State::dead,
                            std::move(payload));
    };
    // What is before the next stretch waits for it here, so that parents come first.
    std::vector<std::pair<Stretch, Payload>> held;
    for (std::size_t i = 0; i < attached.size() && good; ++i) {
        Stretch& stretch = attached[i];
        Payload payload = stretch.plain ? content(stretch) : Payload();
        if (stretch.kind == PlaceKind::behind) {
            if (i == 0) return false;
            const Stretch& left = attached[i - 1];
            stretch.place = {{left.first.replica, left.first.counter + left.length - 1},
                             Side::right};
        } else if (stretch.kind == PlaceKind::before) {
            if (i + 1 == attached.size()) return false;
            stretch.place = {attached[i + 1].first, Side::left};
            held.emplace_back(stretch, std::move(payload));
            continue;
        }
        add(stretch, std::move(payload));
        for (; !held.empty(); held.pop_back())
            add(held.back().first, std::move(held.back().second));
    }
    if (order.waiting() > 0) return false;
    for (const Stretch& stretch : waiting) {
        if (stretch.kind != PlaceKind::given) return false;
        add(stretch, stretch.plain ? content(stretch) : Payload());
    }
    if (!good) return false;

    const std::vector<Stretch> made = stretches_of(order);
    const auto same = [](const Stretch& a, const Stretch& b) {
        return a.first == b.first && a.length == b.length && a.plain == b.plain &&
               a.kind == b.kind && (a.kind == PlaceKind::root || a.place == b.place);
    };
    attached.insert(attached.end(), waiting.begin(), waiting.end());
    return std::equal(made.begin(), made.end(), attached.begin(), attached.end(), same);
}

}  // namespace syncline::wire

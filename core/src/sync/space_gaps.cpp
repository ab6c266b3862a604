// The part of SpaceReplica that closes gaps in sequences: when a refused change takes characters
// or elements out, what its author had put beside them has to stay where it is seen.

#include "syncline/sync/space_replica.hpp"

#include <algorithm>

namespace syncline {

namespace {

/// An order as it is shown, `before`, and as it becomes without what is gone, `after`; both with
/// the old names. By induction what is visible in `after` is what is visible in `before` less some
/// elements, in the same order: each insertion goes right behind the nearest visible element in
/// front of it. Erased ones are not named: see Sequence::place_behind().
template <typename Order>
class Gap {
public:
    Gap(const Order* before, const Order* after) : before_(before), after_(after) {}

    /// Where the element with this dot, in `before` and not in `after` yet, goes in `after`.
    [[nodiscard]] Place place_of(const Dot& dot) const {
        if (before_ == nullptr || after_ == nullptr) return {};
        const auto at = before_->find(dot);
        if (!at || !at.run->attached()) return {};
        return after_->place_behind(after_->find(nearest_in_front(at, at.offset)));
    }
    /// The anchor's point, at an element that is there.
    [[nodiscard]] Anchor anchor_of(const Anchor& anchor) const {
        if (anchor.element.counter == 0 || before_ == nullptr) return anchor;
        const auto at = before_->find(anchor.element);
        if (!at || !at.run->attached()) return anchor;
        return {
            anchor.side == Side::left ? nearest_behind(at) : nearest_in_front(at, at.offset + 1),
            anchor.side};
    }

private:
    using At = typename Order::At;
    using Run = typename Order::Run;

    /// The last element of `after` among those of `at`'s run in front of `end` and all before; a
    /// dot of counter 0 if there is none.
    [[nodiscard]] Dot nearest_in_front(const At& at, std::uint32_t end) const {
        for (const Run* run = at.run; run != nullptr;) {
            Dot last;
            for_each_left(*run, 0, end, [&](const Dot& first, std::uint32_t length) {
                last = {first.replica, first.counter + length - 1};
            });
            if (last.counter != 0) return last;
            run = Order::previous(*run);
            if (run != nullptr) end = run->length;
        }
        return {};
    }
    [[nodiscard]] Dot nearest_behind(const At& at) const {
        std::uint32_t begin = at.offset;
        for (const Run* run = at.run; run != nullptr; run = Order::next(*run), begin = 0) {
            Dot nearest;
            for_each_left(*run, begin, run->length, [&](const Dot& first, std::uint32_t) {
                if (nearest.counter == 0) nearest = first;
            });
            if (nearest.counter != 0) return nearest;
        }
        return {};
    }
    /// The pieces of a run of `before` that `after` shows, in order.
    template <typename Use>
    void for_each_left(const Run& run, std::uint32_t begin, std::uint32_t end, Use use) const {
        if (begin >= end || after_ == nullptr) return;
        const ReplicaId& replica = before_->authors()[run.author];
        after_->for_each_in(DotRun{replica, run.first + begin, run.first + end - 1},
                            [&](At piece, std::uint32_t n) {
                                if (piece.run->attached() && piece.run->visible())
                                    use(after_->dot(piece), n);
                            });
    }

    const Order* before_;
    const Order* after_;
};

template <typename T>
const typename T::Order* order_at(const Document& document, const Path& path) {
    const Node* node = document.root().find(path);
    const T* store = node == nullptr ? nullptr : node->as<T>();
    return store == nullptr ? nullptr : &store->order();
}

template <typename T>
void put_right(const Document& before, const Document& after, const Dot& dot, FieldOp& op) {
    const Gap<typename T::Order> gap(order_at<T>(before, op.path), order_at<T>(after, op.path));
    if (op.op.code == OpCode::mark) {
        op.op.mark->from = gap.anchor_of(op.op.mark->from);
        op.op.mark->to = gap.anchor_of(op.op.mark->to);
    } else {
        op.op.place = gap.place_of(dot);
    }
}

bool places(const FieldOp& op) { return op.op.code == OpCode::place || op.op.code == OpCode::move; }

}  // namespace

Result<> SpaceReplica::close_gaps(const std::vector<RejectedChange>& gone,
                                  std::vector<Moving>& kept) {
    std::map<DocumentKey, std::set<Path>> torn;
    for (const RejectedChange& refused : gone) {
        for (const Section& section : refused.change.sections) {
            for (const FieldOp& op : section.ops) {
                if (places(op)) torn[section.document].insert(op.path);
            }
        }
    }
    for (const auto& [key, paths] : torn) {
        auto before = visible(key);
        if (!before) return tl::unexpected(before.error());
        Document after = cache_.at(key).confirmed;
        // What the relay has and the feed is still to bring stays where it is.
        const std::uint64_t first_gone = gone.front().change.first;
        const std::uint64_t moved =
            kept.empty() ? first_gone : std::min(first_gone, kept.front().change.first);
        const auto pending = pending_by_document_.find(key);
        if (pending == pending_by_document_.end()) continue;
        for (const std::uint64_t first : pending->second) {
            if (first >= moved) break;
            auto change = own_change(first);
            if (!change) return tl::unexpected(change.error());
            apply_sections(**change, key, nullptr, after);
        }
        for (Moving& moving : kept) {
            if (moving.row.confirmed) continue;
            Event at{Dot{moving.change.replica, moving.change.first}, moving.change.hlc};
            for (Section& section : moving.change.sections) {
                if (!(section.document == key)) {
                    at.dot.counter += section.span();
                    continue;
                }
                for (FieldOp& op : section.ops) {
                    const bool affected = moving.change.first > first_gone &&
                                          (places(op) || op.op.code == OpCode::mark) &&
                                          paths.count(op.path) != 0;
                    if (affected && op.path.back().type == Type::text) {
                        put_right<Text>(**before, after, at.dot, op);
                    } else if (affected) {
                        put_right<List>(**before, after, at.dot, op);
                    }
                    after.apply(op, at, nullptr);
                    at.dot.counter += span(op.op);
                }
            }
        }
    }
    return {};
}

}  // namespace syncline

#include "sequence_links.hpp"

#include <algorithm>
#include <functional>
#include <map>

namespace syncline::wire {

namespace {

/// Finds stretches by a dot in them. Replicas are compared as numbers: those that were met.
class StretchIndex {
public:
    StretchIndex(const std::vector<Stretch>& stretches, std::size_t count) {
        entries_.reserve(count);
        for (std::size_t i = 0; i < count; ++i) {
            const Dot& first = stretches[i].first;
            if (last_ == nullptr || !(last_->first == first.replica))
                last_ = &*numbers_.emplace(first.replica, numbers_.size()).first;
            entries_.push_back({last_->second, first.counter, stretches[i].length, i});
        }
        std::sort(entries_.begin(), entries_.end(), less);
    }
    /// The index of the stretch with the dot; none if there is none.
    [[nodiscard]] std::size_t find(const Dot& dot) {
        const Entry wanted{number_of(dot.replica), dot.counter, 0, 0};
        auto above = std::upper_bound(entries_.begin(), entries_.end(), wanted, less);
        if (above == entries_.begin()) return OpenStretches::none;
        --above;
        const bool is_in =
            above->author == wanted.author && dot.counter - above->first < above->length;
        return is_in ? above->index : OpenStretches::none;
    }

private:
    struct Entry {
        std::size_t author;
        std::uint64_t first;
        std::uint64_t length;
        std::size_t index;
    };
    static bool less(const Entry& a, const Entry& b) {
        return a.author != b.author ? a.author < b.author : a.first < b.first;
    }
    /// One above all for a replica without stretches.
    std::size_t number_of(const ReplicaId& replica) {
        if (last_ != nullptr && last_->first == replica) return last_->second;
        const auto found = numbers_.find(replica);
        if (found == numbers_.end()) return numbers_.size();
        last_ = &*found;
        return last_->second;
    }

    std::vector<Entry> entries_;
    std::map<ReplicaId, std::size_t> numbers_;
    const std::pair<const ReplicaId, std::size_t>* last_ = nullptr;
};

bool is_own(const Stretch& stretch) {
    return stretch.place.side == Side::right &&
           stretch.place.parent.replica == stretch.first.replica &&
           stretch.place.parent.counter + 1 == stretch.first.counter;
}

}  // namespace

std::vector<LinkTo> links_of(const std::vector<Stretch>& stretches, std::size_t attached) {
    StretchIndex index(stretches, attached);
    std::vector<LinkTo> links(stretches.size());
    OpenStretches beginnings;
    for (std::size_t i = attached; i-- > 0;) {
        const Place& place = stretches[i].place;
        if (place.parent.counter != 0 && place.side == Side::left) {
            const std::size_t parent = index.find(place.parent);
            links[i].link = Link::given;
            if (parent != OpenStretches::none && stretches[parent].first == place.parent) {
                const std::size_t depth = beginnings.depth_of(parent, std::greater<>());
                if (depth != OpenStretches::none)
                    links[i] = {Link::left, depth, beginnings.take(depth, false)};
            }
        }
        beginnings.push(i);
    }
    OpenStretches ends;
    for (std::size_t i = 0; i < attached; ++i) {
        const Place& place = stretches[i].place;
        if (place.parent.counter != 0 && place.side == Side::right) {
            const std::size_t parent = index.find(place.parent);
            links[i].link = Link::given;
            if (parent != OpenStretches::none && stretches[parent].last() == place.parent) {
                const std::size_t depth = ends.depth_of(parent, std::less<>());
                const bool own = is_own(stretches[i]);
                if (depth != OpenStretches::none)
                    links[i] = {own ? Link::own : Link::right, depth, ends.take(depth, own)};
            }
        }
        ends.push(i);
    }
    for (std::size_t i = attached; i < stretches.size(); ++i) links[i].link = Link::given;
    return links;
}

std::vector<std::size_t> parents_first(const std::vector<Stretch>& stretches,
                                       std::size_t attached) {
    StretchIndex index(stretches, attached);
    // Each stretch's children as a list: the first, and from each the next. Those on one side from
    // the nearest on.
    constexpr std::size_t none = OpenStretches::none;
    std::vector<std::size_t> child(attached, none);
    std::vector<std::size_t> sibling(attached, none);
    std::vector<std::size_t> todo;
    bool hangs_together = true;
    const auto add = [&](std::size_t i) {
        const std::size_t parent = index.find(stretches[i].place.parent);
        if (parent == none) {
            hangs_together = false;
            return;
        }
        sibling[i] = child[parent];
        child[parent] = i;
    };
    for (std::size_t i = 0; i < attached; ++i) {
        const Place& place = stretches[i].place;
        if (place.parent.counter == 0) {
            todo.push_back(i);
        } else if (place.side == Side::left) {
            add(i);
        }
    }
    for (std::size_t i = attached; i-- > 0;) {
        const Place& place = stretches[i].place;
        if (place.parent.counter != 0 && place.side == Side::right) add(i);
    }
    if (!hangs_together) return {};
    // What is put on the stack last comes first: the farthest.
    std::vector<std::size_t> all;
    all.reserve(attached);
    while (!todo.empty()) {
        const std::size_t i = todo.back();
        todo.pop_back();
        all.push_back(i);
        for (std::size_t c = child[i]; c != none; c = sibling[c]) todo.push_back(c);
    }
    return all;
}

std::uint64_t plain_elements(const std::vector<Stretch>& stretches) {
    std::uint64_t count = 0;
    for (const Stretch& stretch : stretches) count += stretch.plain ? stretch.length : 0;
    return count;
}

}  // namespace syncline::wire

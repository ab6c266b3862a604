#pragma once

#include "syncline/crdt/text.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace syncline {

/// Some of a text's slots (elements, erased ones too); the end is not included.
struct SlotRange {
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    friend bool operator<(const SlotRange& a, const SlotRange& b) { return a.from < b.from; }
};

/// Where the anchor is; none while its element is not in the order.
inline std::optional<std::uint32_t> slot_of(const Text::Order& order, const Anchor& anchor) {
    if (anchor.element.counter == 0) return anchor.side == Side::right ? 0 : order.measure().slots;
    const auto at = order.find(anchor.element);
    if (!at || !at.run->attached()) return std::nullopt;
    return order.before(*at.run).slots + at.offset + (anchor.side == Side::right ? 1 : 0);
}

/// Sorted, and without overlaps.
inline std::vector<SlotRange> united(std::vector<SlotRange> ranges) {
    std::sort(ranges.begin(), ranges.end());
    std::vector<SlotRange> made;
    for (const SlotRange& range : ranges) {
        if (range.from >= range.to) continue;
        if (!made.empty() && range.from <= made.back().to) {
            made.back().to = std::max(made.back().to, range.to);
        } else {
            made.push_back(range);
        }
    }
    return made;
}

/// Which of two sets of marks a mark belongs to.
enum class MarkSet : std::uint8_t { old_marks = 1, new_marks = 2, both = 3 };

/// The properties that marks come to on parts of a text. What is looked at is the order alone, so
/// erased elements have properties too: those they would have if they were back.
/// The marks and the order outlive it.
class TextProperties {
public:
    explicit TextProperties(const Text::Order& order) : order_(order) {}

    /// O(log n).
    void add(const Dot& dot, const Text::StampedMark& mark, MarkSet in) {
        const auto from = slot_of(order_, mark.mark.from);
        const auto to = slot_of(order_, mark.mark.to);
        if (!from || !to || *from >= *to) return;
        edges_.push_back({*from, true, in, dot, &mark});
        edges_.push_back({*to, false, in, dot, &mark});
    }
    void add_all(const Text::Marks& marks, MarkSet in) {
        for (const auto& [dot, mark] : marks) add(dot, mark, in);
    }

    /// What is in force somewhere.
    class Here {
    public:
        /// The property's value; null when it has none.
        [[nodiscard]] const Value* value(const std::string& name, MarkSet in) const {
            const auto found = open_.find(name);
            return found == open_.end() ? nullptr : latest(found->second, in);
        }
        [[nodiscard]] std::map<std::string, Value> all(MarkSet in) const {
            std::map<std::string, Value> properties;
            for (const auto& [name, marks] : open_) {
                if (const Value* value = latest(marks, in)) properties.emplace(name, *value);
            }
            return properties;
        }
        /// Calls `use(dot, mark)` with all marks, those that a later one hides too: by name, then
        /// in the order in which they hide each other.
        template <typename Use>
        void for_each_mark(Use use) const {
            for (const auto& [name, marks] : open_) {
                for (const auto& [key, open] : marks) use(key.second, *open.mark);
            }
        }

    private:
        friend class TextProperties;
        struct Open {
            const Text::StampedMark* mark;
            MarkSet in;
        };
        using Latest = std::map<std::pair<std::uint64_t, Dot>, Open>;
        static const Value* latest(const Latest& marks, MarkSet in) {
            for (auto at = marks.rbegin(); at != marks.rend(); ++at) {
                if ((static_cast<unsigned>(at->second.in) & static_cast<unsigned>(in)) != 0)
                    return at->second.mark->mark.value.is_null() ? nullptr
                                                                 : &at->second.mark->mark.value;
            }
            return nullptr;
        }
        std::map<std::string, Latest> open_;
    };

    /// Calls `use(range, here)` for each piece of `ranges` (sorted, without overlaps) on which no
    /// mark begins or ends. O(m log m + pieces).
    template <typename Use>
    void for_each_piece(const std::vector<SlotRange>& ranges, Use use) {
        std::sort(edges_.begin(), edges_.end(),
                  [](const Edge& a, const Edge& b) { return a.slot < b.slot; });
        Here here;
        auto edge = edges_.begin();
        for (const SlotRange& range : ranges) {
            for (std::uint32_t from = range.from; from < range.to;) {
                for (; edge != edges_.end() && edge->slot <= from; ++edge) cross(here, *edge);
                const std::uint32_t to =
                    edge == edges_.end() ? range.to : std::min(range.to, edge->slot);
                use(SlotRange{from, to}, std::as_const(here));
                from = to;
            }
        }
    }

private:
    struct Edge {
        std::uint32_t slot;
        bool begins;
        MarkSet in;
        Dot dot;
        const Text::StampedMark* mark;
    };
    static void cross(Here& here, const Edge& edge) {
        const std::pair key(edge.mark->hlc.packed, edge.dot);
        const std::string& name = edge.mark->mark.name;
        if (edge.begins) {
            here.open_[name].insert_or_assign(key, Here::Open{edge.mark, edge.in});
            return;
        }
        const auto found = here.open_.find(name);
        if (found == here.open_.end()) return;
        found->second.erase(key);
        if (found->second.empty()) here.open_.erase(found);
    }

    const Text::Order& order_;
    std::vector<Edge> edges_;
};

}  // namespace syncline

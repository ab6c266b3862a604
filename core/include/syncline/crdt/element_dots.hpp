#pragma once

#include "syncline/clock/causal_context.hpp"
#include "syncline/crdt/op.hpp"
#include "syncline/sorted_map.hpp"

#include <iterator>
#include <utility>

namespace syncline {

/// A dot map from elements to the dots of their insertions: an element is in while it has a dot.
/// Invariant: no element without a dot. Source: Almeida, Shoker, Baquero (2018), §5.1 (DotMap).
class ElementDots {
public:
    /// Ordered: it reaches bytes. Small leaves, since a value is slow to move.
    using Map = SortedMap<Value, DotSet, 16>;

    [[nodiscard]] bool empty() const { return elements_.empty(); }
    [[nodiscard]] const Map& elements() const { return elements_; }
    [[nodiscard]] bool contains(const Value& element) const {
        return elements_.count(element) != 0;
    }
    /// The dots of one element.
    [[nodiscard]] DotSet dots_of(const Value& element) const;
    /// The dots of all.
    [[nodiscard]] DotSet dots() const;

    void insert(const Value& element, const Dot& dot) { replace(element, {}, dot); }
    /// The dot takes the place of those that its author had seen.
    void replace(const Value& element, const DotSet& seen, const Dot& dot) {
        const auto made = [&] { return std::pair(element, DotSet()); };
        DotSet& dots = elements_.find_or_make(element, made).first->second;
        dots.erase_all(seen);
        dots.insert(dot);
    }
    /// The dot takes the place of all that the element has; those are returned.
    DotSet renew(const Value& element, const Dot& dot) {
        const auto made = [&] { return std::pair(element, DotSet()); };
        return std::exchange(elements_.find_or_make(element, made).first->second, DotSet{dot});
    }
    /// Takes the element out, with all its dots, which are returned.
    DotSet take(const Value& element);
    void insert(Value element, DotSet dots) {
        elements_.emplace(std::move(element), std::move(dots));
    }
    void erase(const Value& element, const DotSet& dots);
    void erase(const DotSet& dots);
    /// Of those elements for which `which(element)` says so.
    template <typename Which>
    void erase(const DotSet& dots, Which which) {
        for (auto at = elements_.begin(); at != elements_.end();) {
            if (which(at->first)) at->second.erase_all(dots);
            at = at->second.empty() ? elements_.erase(at) : std::next(at);
        }
    }
    void join(const ElementDots& other, const CausalContext& mine, const CausalContext& theirs);

    friend bool operator==(const ElementDots&, const ElementDots&) = default;

private:
    Map elements_;
};

}  // namespace syncline

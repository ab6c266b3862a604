#include "clears.hpp"

#include "document/dot_overlap.hpp"

namespace syncline::patching {

DotSet cleared_of(const DotRun& run, const Clears* clears) {
    DotSet hit;
    for (; clears != nullptr; clears = clears->outer)
        for_each_overlap(*clears->dots, run, [&](const DotRun& found) { hit.insert(found); });
    return hit;
}

void Fate::add(const DotRun& run, const Clears* clears) {
    const std::size_t size = cleared_of(run, clears).size();
    hit = hit || size > 0;
    left = left || size < run.size();
}
void Fate::add(const DotSet& dots, const Clears* clears) {
    for (const DotRun& run : dots.runs()) {
        if (known()) return;
        add(run, clears);
    }
}

namespace {

void add_fate(Fate& fate, const Node& node, const Clears* clears);

void add_fate(Fate& fate, const OrMap& map, const Clears* clears) {
    fate.add(map.presence(), clears);
    for (const auto& [field, node] : map.fields()) {
        if (fate.known()) return;
        add_fate(fate, *node, clears);
    }
}

template <typename Order>
void add_fate_of_runs(Fate& fate, const Order& order, const Clears* clears) {
    for (const auto* run = order.front(); run != nullptr && !fate.known();
         run = Order::next(*run)) {
        if (run->state == Order::State::plain)
            fate.add(DotRun{order.authors()[run->author], run->first, run->last()}, clears);
    }
}

void add_fate(Fate& fate, const Node& node, const Clears* clears) {
    if (const auto* map = node.as<OrMap>()) return add_fate(fate, *map, clears);
    if (const auto* list = node.as<List>()) {
        fate.add(list->presence(), clears);
        add_fate_of_runs(fate, list->order(), clears);
        for (const auto& [id, element] : list->elements()) {
            if (fate.known()) return;
            add_fate(fate, element.contents(), clears);
        }
        return;
    }
    if (const auto* text = node.as<Text>()) {
        fate.add(text->presence(), clears);
        add_fate_of_runs(fate, text->order(), clears);
        for (const auto& [dot, mark] : text->marks()) {
            if (fate.hit) return;
            const DotRun run{dot.replica, dot.counter, dot.counter};
            fate.hit = !cleared_of(run, clears).empty();  // no mark makes a text exist
        }
        return;
    }
    fate.add(node.live_dots(), clears);
}

}  // namespace

Fate fate_of(const DotSet& dots, const Clears* clears) {
    Fate fate;
    if (clears != nullptr) fate.add(dots, clears);
    return fate;
}
Fate fate_of(const OrMap& map, const Clears* clears) {
    Fate fate;
    if (clears != nullptr) add_fate(fate, map, clears);
    return fate;
}
Fate fate_of(const Node& node, const Clears* clears) {
    Fate fate;
    if (clears != nullptr) add_fate(fate, node, clears);
    return fate;
}

}  // namespace syncline::patching

#include "support/naive_fugue.hpp"

#include <algorithm>

namespace syncline::testing {

void NaiveFugue::add(const Dot& first, std::uint64_t length, const Place& place) {
    Place at = place;
    if (at.parent.counter == 0) at = {};
    for (std::uint64_t i = 0; i < length; ++i) {
        const Dot dot{first.replica, first.counter + i};
        if (places_.emplace(dot, at).second) {
            auto& siblings = children_[at.parent][static_cast<std::size_t>(at.side)];
            const auto stands_before = [&](const Dot& a, const Dot& b) {
                if (a.replica != b.replica) return a.replica < b.replica;
                return at.side == Side::right ? b.counter < a.counter : a.counter < b.counter;
            };
            siblings.insert(std::upper_bound(siblings.begin(), siblings.end(), dot, stands_before),
                            dot);
        }
        at = {dot, Side::right};
    }
}

std::vector<Dot> NaiveFugue::order() const {
    // Left children, the element itself, right children; with a stack of our own, for chains of
    // elements are as long as the text.
    struct Task {
        Dot dot;
        bool is_visit;
    };
    std::vector<Dot> walked;
    std::vector<Task> tasks;
    const auto push_children = [&](const Dot& parent, Side side) {
        const auto of_parent = children_.find(parent);
        if (of_parent == children_.end()) return;
        const auto& siblings = of_parent->second[static_cast<std::size_t>(side)];
        for (auto child = siblings.rbegin(); child != siblings.rend(); ++child)
            tasks.push_back({*child, false});
    };
    push_children({}, Side::right);
    while (!tasks.empty()) {
        const Task task = tasks.back();
        tasks.pop_back();
        if (task.is_visit) {
            walked.push_back(task.dot);
            continue;
        }
        push_children(task.dot, Side::right);
        tasks.push_back({task.dot, true});
        push_children(task.dot, Side::left);
    }
    return walked;
}

Place NaiveFugue::place_between(const Dot& front, const Dot& behind) const {
    if (front.counter == 0) return behind.counter == 0 ? Place{} : Place{behind, Side::left};
    // Whether the one behind hangs somewhere on the right of the one in front.
    for (Dot at = behind; at.counter != 0;) {
        const Place& place = places_.at(at);
        if (place == Place{front, Side::right}) return {behind, Side::left};
        at = place.parent;
    }
    return {front, Side::right};
}

std::vector<std::string> split_code_points(const std::string& utf8) {
    std::vector<std::string> points;
    for (const char byte : utf8) {
        if ((static_cast<unsigned char>(byte) & 0xC0) != 0x80) points.emplace_back();
        points.back() += byte;
    }
    return points;
}

void NaiveSequence::apply(const Op& op, const Event& at) {
    for (const Dot& dot : op.removes) {
        if (const auto found = elements_.find(dot); found != elements_.end())
            found->second.erased = true;
        marks_.erase(dot);
        removed_.insert(dot);
    }
    if (op.code == OpCode::place) {
        tree_.add(at.dot, span(op), op.place);
        Dot dot = at.dot;
        const auto add = [&](const Value& value) {
            Element& element = elements_[dot];
            element.value = value;
            element.erased = removed_.count(dot) != 0;
            ++dot.counter;
        };
        if (const std::string* text = op.value.text()) {
            for (const std::string& point : split_code_points(*text)) add(point);
        } else if (const Value::Array* values = op.value.array()) {
            for (const Value& value : *values) add(value);
        }
    }
    if (op.code == OpCode::move) {
        tree_.add(at.dot, 1, op.place);
        Element& element = elements_[op.element];
        if (std::pair(element.moved.packed, element.slot) < std::pair(at.hlc.packed, at.dot)) {
            element.moved = at.hlc;
            element.slot = at.dot;
        }
    }
    if (op.code == OpCode::mark && op.mark && removed_.count(at.dot) == 0)
        marks_[at.dot] = {*op.mark, at.hlc};
}

std::vector<std::pair<Dot, Dot>> NaiveSequence::places_and_ids() const {
    std::map<Dot, Dot> whose;
    for (const auto& [id, element] : elements_) {
        if (!element.erased && tree_.contains(id))
            whose[element.slot.counter == 0 ? id : element.slot] = id;
    }
    std::vector<std::pair<Dot, Dot>> all;
    for (const Dot& place : tree_.order()) {
        if (const auto found = whose.find(place); found != whose.end()) all.push_back(*found);
    }
    return all;
}

std::vector<Dot> NaiveSequence::shown() const {
    std::vector<Dot> ids;
    for (const auto& [place, id] : places_and_ids()) ids.push_back(id);
    return ids;
}

std::vector<Dot> NaiveSequence::shown_places() const {
    std::vector<Dot> places;
    for (const auto& [place, id] : places_and_ids()) places.push_back(place);
    return places;
}

std::vector<Value> NaiveSequence::values() const {
    std::vector<Value> shown_values;
    for (const Dot& id : shown()) shown_values.push_back(elements_.at(id).value);
    return shown_values;
}

std::string NaiveSequence::text() const {
    std::string all;
    for (const Dot& id : shown()) all += *elements_.at(id).value.text();
    return all;
}

std::optional<std::size_t> NaiveSequence::slot_of(const std::vector<Dot>& order,
                                                  const Anchor& anchor) const {
    if (anchor.element.counter == 0) return anchor.side == Side::right ? 0 : order.size();
    const auto found = std::find(order.begin(), order.end(), anchor.element);
    if (found == order.end()) return std::nullopt;
    return static_cast<std::size_t>(found - order.begin()) + (anchor.side == Side::right ? 1 : 0);
}

std::vector<std::map<std::string, Value>> NaiveSequence::properties() const {
    const std::vector<Dot> order = tree_.order();
    struct Winner {
        std::pair<std::uint64_t, Dot> key;
        const Value* value = nullptr;
    };
    std::vector<std::map<std::string, Winner>> winners(order.size());
    for (const auto& [dot, mark] : marks_) {
        const auto from = slot_of(order, mark.mark.from);
        const auto to = slot_of(order, mark.mark.to);
        if (!from || !to) continue;
        for (std::size_t i = *from; i < *to; ++i) {
            Winner& winner = winners[i][mark.mark.name];
            const std::pair key(mark.hlc.packed, dot);
            if (winner.value == nullptr || winner.key < key) winner = {key, &mark.mark.value};
        }
    }
    std::vector<std::map<std::string, Value>> all;
    for (std::size_t i = 0; i < order.size(); ++i) {
        const auto element = elements_.find(order[i]);
        if (element == elements_.end() || element->second.erased) continue;
        auto& of_char = all.emplace_back();
        for (const auto& [name, winner] : winners[i]) {
            if (!winner.value->is_null()) of_char.emplace(name, *winner.value);
        }
    }
    return all;
}

std::optional<std::uint32_t> NaiveSequence::position(const Anchor& anchor,
                                                     const std::vector<Dot>& order) const {
    const auto slot = slot_of(order, anchor);
    if (!slot) return std::nullopt;
    std::uint32_t count = 0;
    for (std::size_t i = 0; i < *slot; ++i) {
        const auto element = elements_.find(order[i]);
        if (element != elements_.end() && !element->second.erased) ++count;
    }
    return count;
}

}  // namespace syncline::testing

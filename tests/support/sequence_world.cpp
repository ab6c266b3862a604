#include "support/sequence_world.hpp"

#include "support/floor_entry.hpp"
#include "syncline/document/json.hpp"

#include <algorithm>

namespace syncline::testing {

namespace {

const std::vector<std::string>& letters() {
    static const std::vector<std::string> some = {
        "a", "b", " ", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    return some;
}

std::uint32_t utf16_size(const std::string& utf8) {
    std::uint32_t units = 0;
    for (const std::string& point : split_code_points(utf8)) units += point.size() == 4 ? 2 : 1;
    return units;
}

template <typename Order>
std::vector<Dot> dots_in_order(const Order& order) {
    std::vector<Dot> dots;
    for (const auto* run = order.front(); run != nullptr; run = Order::next(*run)) {
        for (std::uint32_t i = 0; i < run->length; ++i)
            dots.push_back({order.authors()[run->author], run->first + i});
    }
    return dots;
}

/// The other way round, and from each run's own place in the tree.
template <typename Order>
std::string walk_violation(const Order& order) {
    const typename Order::Run* last = nullptr;
    Measure before;
    for (const auto* run = order.front(); run != nullptr; run = Order::next(*run)) {
        if (Order::previous(*run) != last) return "previous is not the reverse of next";
        if (!(order.before(*run) == before)) return "a run does not know what stands before it";
        before += run->measure();
        last = run;
        const auto found = order.find(order.dot({const_cast<typename Order::Run*>(run), 0}));
        if (found.run != run || found.offset != 0) return "a run is not found by its dot";
    }
    if (order.back() != last) return "the last run is not the last";
    if (!(order.measure() == before)) return "the parts do not sum to the whole";
    return {};
}

std::string content_violation(const Text& text, const NaiveSequence& naive,
                              const std::function<std::size_t(std::size_t)>& choose) {
    const std::string expected = naive.text();
    if (text.str() != expected) return "text \"" + text.str() + "\", not \"" + expected + "\"";
    const auto points = split_code_points(expected);
    if (text.size() != points.size() || text.size(Unit::byte) != expected.size() ||
        text.size(Unit::utf16) != utf16_size(expected))
        return "a size is wrong";

    const auto properties = naive.properties();
    std::size_t at = 0;
    for (const Text::Span& span : text.spans()) {
        for (const std::string& point : split_code_points(span.text)) {
            if (at == points.size() || point != points[at]) return "spans are not the text";
            if (properties[at++] != span.properties) return "a character has other properties";
        }
    }
    if (at != points.size()) return "spans are not all of the text";

    const std::vector<Dot> order = naive.tree().order();
    for (int i = 0; i < 4; ++i) {
        const auto from = static_cast<std::uint32_t>(choose(points.size() + 1));
        const auto count =
            static_cast<std::uint32_t>(choose(std::min<std::size_t>(points.size() - from + 1, 50)));
        std::string before;
        std::string part;
        for (std::uint32_t p = 0; p < from; ++p) before += points[p];
        for (std::uint32_t p = from; p < from + count; ++p) part += points[p];
        const bool same = text.str(from, count) == part &&
                          text.str(static_cast<std::uint32_t>(before.size()),
                                   static_cast<std::uint32_t>(part.size()), Unit::byte) == part &&
                          text.str(utf16_size(before), utf16_size(part), Unit::utf16) == part;
        if (!same) return "a part of the text is wrong";
        for (const Side side : {Side::left, Side::right}) {
            const Anchor anchor = text.anchor(from, side);
            const bool by_units =
                anchor == text.anchor(utf16_size(before), side, Unit::utf16) &&
                anchor == text.anchor(static_cast<std::uint32_t>(before.size()), side, Unit::byte);
            if (!by_units) return "an anchor depends on the unit";
            if (text.position(anchor) != naive.position(anchor, order) ||
                text.position(anchor) != from)
                return "an anchor is not where it was set";
            if (text.position(anchor, Unit::byte) != before.size() ||
                text.position(anchor, Unit::utf16) != utf16_size(before))
                return "an anchor's position depends on the unit";
        }
    }
    // Anchors at elements erased or not.
    const auto& places = naive.tree().places();
    for (int i = 0; i < 2 && !places.empty(); ++i) {
        auto some =
            places.lower_bound({replica(choose(4)), choose(places.rbegin()->first.counter + 1)});
        if (some == places.end()) some = places.begin();
        for (const Side side : {Side::left, Side::right}) {
            const Anchor anchor{some->first, side};
            if (!text.order().contains(some->first)) continue;  // the floor dropped it
            if (text.position(anchor) != naive.position(anchor, order))
                return "an anchor of an old element is elsewhere";
        }
    }
    return {};
}

std::string content_violation(const List& list, const NaiveSequence& naive,
                              const std::function<std::size_t(std::size_t)>& choose) {
    const std::vector<Dot> ids = naive.shown();
    const std::vector<Value> values = naive.values();
    const Value shown = view(Node(list));
    if (*shown.array() != values) return "list " + to_json(shown) + ", not " + to_json(values);
    if (list.size() != ids.size()) return "a size is wrong";
    if (list.id(list.size())) return "there is something behind the end";
    for (int i = 0; i < 10 && !ids.empty(); ++i) {
        const auto index = static_cast<std::uint32_t>(choose(ids.size()));
        if (list.id(index) != ids[index]) return "another element is there";
        if (list.index(ids[index]) != index) return "an element is elsewhere";
    }
    return {};
}

}  // namespace

namespace {

/// Whether that is where an element goes which is to stand at `index`. (Of a long sequence nobody
/// asks: it would take most of the time.)
bool is_right_place(const Place& place, const NaiveSequence& naive, std::size_t index) {
    if (naive.tree().places().size() > 300) return true;
    const std::vector<Dot> shown = naive.shown_places();
    return place == naive.tree().place_between(index == 0 ? Dot{} : shown[index - 1],
                                               index == shown.size() ? Dot{} : shown[index]);
}

}  // namespace

template <typename Store>
const Op& SequenceWorld<Store>::op_of(const Update& update) {
    if constexpr (std::is_same_v<typename Store::OpType, Op>) {
        return update.op;
    } else {
        return update.op.op;
    }
}

template <typename Store>
std::string SequenceWorld<Store>::step() {
    const std::size_t who = choose_(people_.size());
    if (choose_(50) == 0) return drop();
    const std::size_t what = choose_(10);
    if (what < 6) return edit(who);
    if (what == 6) {
        by_state(who, choose_(people_.size()));
        return {};
    }
    const auto lacking = missing(who, 12);
    if (lacking.empty()) return edit(who);
    if (what == 7) {
        by_delta(who, lacking[choose_(lacking.size())]);
        return {};
    }
    // Some edits in a row, as they can be taken in.
    for (std::size_t left = 1 + choose_(12); left > 0; --left) {
        for (const std::size_t number : missing(who, 12)) {
            if (!ready(who, number)) continue;
            by_op(who, number);
            break;
        }
    }
    return {};
}

template <>
std::string SequenceWorld<Text>::edit(std::size_t who) {
    Person& me = people_[who];
    const Text& text = *me.state;
    const std::uint32_t size = text.size();
    const std::size_t what = choose_(10);
    // Where they typed last, or elsewhere.
    if (me.cursor > size || choose_(3) == 0)
        me.cursor = static_cast<std::uint32_t>(choose_(size + 1));
    if (size == 0 || what < 6) {
        std::size_t length = 1 + choose_(settings_.run_max);
        if (settings_.with_huge_runs && choose_(20) == 0) length *= 500;
        const bool ascii = choose_(2) == 0;
        std::string typed;
        for (std::size_t i = 0; i < length; ++i)
            typed += ascii ? std::string(1, static_cast<char>('a' + i % 26))
                           : letters()[(i + length) % letters().size()];
        const auto op = text.insert(me.cursor, typed);
        if (!op) return "an insertion was refused: " + op.error().message;
        if (!is_right_place(op->place, me.naive, me.cursor)) return "text goes to another place";
        // Forwards, or backwards.
        if (choose_(4) != 0) me.cursor += static_cast<std::uint32_t>(length);
        return make(who, *op);
    }
    const auto from = std::min(me.cursor, size - 1);
    const auto count = static_cast<std::uint32_t>(
        1 + choose_(std::min<std::size_t>(size - from, 1 + choose_(what == 6 ? 400 : 8))));
    if (what < 8 || !settings_.with_marks) {
        const auto op = text.erase(from, count);
        if (!op) return "an erasure was refused: " + op.error().message;
        me.cursor = from;
        return make(who, *op);
    }
    static const std::vector<Value> values = {true, nullptr, "x"};
    const auto op = text.mark(from, count, choose_(2) == 0 ? "bold" : "link", values[choose_(3)],
                              static_cast<Expand>(choose_(4)));
    if (!op) return "a mark was refused: " + op.error().message;
    return make(who, *op);
}

template <>
std::string SequenceWorld<List>::edit(std::size_t who) {
    Person& me = people_[who];
    const List& list = *me.state;
    const std::uint32_t size = list.size();
    const std::size_t what = choose_(10);
    if (me.cursor > size || choose_(3) == 0)
        me.cursor = static_cast<std::uint32_t>(choose_(size + 1));
    if (size == 0 || what < 5) {
        std::size_t length = 1 + choose_(settings_.run_max);
        if (settings_.with_huge_runs && choose_(20) == 0) length *= 500;
        std::vector<Value> values;
        for (std::size_t i = 0; i < length; ++i)
            values.emplace_back(static_cast<std::int64_t>(log_.size() * 1'000 + i));
        const auto op = list.insert(me.cursor, std::move(values));
        if (!op) return "an insertion was refused: " + op.error().message;
        if (!is_right_place(op->place, me.naive, me.cursor)) return "elements go elsewhere";
        if (choose_(4) != 0) me.cursor += static_cast<std::uint32_t>(length);
        return make(who, {{}, *op});
    }
    const auto from = std::min(me.cursor, size - 1);
    if (what < 8) {
        const auto count = static_cast<std::uint32_t>(
            1 + choose_(std::min<std::size_t>(size - from, 1 + choose_(what == 5 ? 400 : 8))));
        auto ops = list.erase({}, from, count, replica(who));
        if (!ops) return "an erasure was refused: " + ops.error().message;
        for (FieldOp& op : *ops) {
            if (auto bad = make(who, std::move(op)); !bad.empty()) return bad;
        }
        return {};
    }
    const auto to = static_cast<std::uint32_t>(choose_(size));
    const Dot id = *list.id(from);
    const auto op = list.move(from, to);
    if (!op) return "a move was refused: " + op.error().message;
    if (!is_right_place(op->place, me.naive, to > from ? to + 1 : to))
        return "a move goes elsewhere";
    if (auto bad = make(who, {{}, *op}); !bad.empty()) return bad;
    if (me.state->index(id) != to) return "a move did not bring the element there";
    return {};
}

template <typename Store>
std::string SequenceWorld<Store>::make(std::size_t who, typename Store::OpType op) {
    Person& me = people_[who];
    Made made;
    made.author = who;
    made.past = me.counts;
    made.update = me.state.update(replica(who), me.clock.tick(0), std::move(op));
    log_.push_back(std::move(made));
    by_author_[who].push_back(log_.size() - 1);
    note(who, log_.size() - 1);
    return {};
}

template <typename Store>
void SequenceWorld<Store>::note(std::size_t to, std::size_t number) {
    Person& me = people_[to];
    me.known.resize(log_.size(), false);
    if (me.known[number]) return;
    me.known[number] = true;
    const Made& made = log_[number];
    me.naive.apply(op_of(made.update), made.update.at);
    me.clock.observe(made.update.at.hlc);
    const auto& theirs = by_author_[made.author];
    std::size_t& count = me.counts[made.author];
    while (count < theirs.size() && theirs[count] < me.known.size() && me.known[theirs[count]])
        ++count;
}

template <typename Store>
bool SequenceWorld<Store>::ready(std::size_t to, std::size_t number) const {
    const std::vector<std::size_t>& mine = people_[to].counts;
    const std::vector<std::size_t>& past = log_[number].past;
    for (std::size_t i = 0; i < past.size(); ++i) {
        if (mine[i] < past[i]) return false;
    }
    return true;
}

template <typename Store>
std::vector<std::size_t> SequenceWorld<Store>::missing(std::size_t to, std::size_t most) const {
    const Person& me = people_[to];
    std::vector<std::size_t> numbers;
    for (std::size_t author = 0; author < people_.size(); ++author) {
        const auto& theirs = by_author_[author];
        std::size_t found = 0;
        for (std::size_t i = me.counts[author]; i < theirs.size() && found < most; ++i) {
            if (theirs[i] < me.known.size() && me.known[theirs[i]]) continue;
            numbers.push_back(theirs[i]);
            ++found;
        }
    }
    std::sort(numbers.begin(), numbers.end());
    if (numbers.size() > most) numbers.resize(most);
    return numbers;
}

template <typename Store>
void SequenceWorld<Store>::by_op(std::size_t to, std::size_t number) {
    people_[to].state.apply(log_[number].update);
    note(to, number);
}

template <typename Store>
void SequenceWorld<Store>::by_delta(std::size_t to, std::size_t number) {
    // What these stores' deltas hold does not depend on the state before.
    people_[to].state.join(R::delta(log_[number].update, R()));
    note(to, number);
}

template <typename Store>
void SequenceWorld<Store>::by_state(std::size_t to, std::size_t from) {
    if (to == from) return;
    people_[to].state.join(people_[from].state);
    for (std::size_t i = 0; i < people_[from].known.size(); ++i) {
        if (people_[from].known[i]) note(to, i);
    }
}

template <typename Store>
std::string SequenceWorld<Store>::compare(std::size_t who) {
    const Person& me = people_[who];
    const auto& order = me.state->order();
    if (auto bad = walk_violation(order); !bad.empty()) return bad;
    // The naive one keeps every place that ever was; the order of those that are left is the same.
    std::vector<Dot> expected = me.naive.tree().order();
    if (floors_ > 0) {
        expected.erase(std::remove_if(expected.begin(), expected.end(),
                                      [&](const Dot& dot) { return !order.contains(dot); }),
                       expected.end());
    }
    if (dots_in_order(order) != expected) return "another order";
    if (auto bad = content_violation(*me.state, me.naive, choose_); !bad.empty()) return bad;
    const R copy = me.state;
    if (!(copy == me.state)) return "a copy differs";
    if (auto bad = walk_violation(copy->order()); !bad.empty()) return "in a copy: " + bad;

    OrMap map;
    const FieldKey field{"f", std::is_same_v<Store, Text> ? Type::text : Type::list};
    if (!me.state->empty()) map.insert(field, Node(*me.state));
    const Bytes bytes = wire::encode_state(map, me.state.context());
    const auto back = wire::decode_state(bytes, wire::state_limits());
    if (!back) return "a state does not decode: " + back.error().message;
    if (!(back->first == map)) return "a state changes in its encoding";
    if (wire::encode_state(back->first, back->second) != bytes) return "bytes change";
    return {};
}

template <typename Store>
std::string SequenceWorld<Store>::compare() {
    for (std::size_t who = 0; who < people_.size(); ++who) {
        if (auto bad = compare(who); !bad.empty()) return bad;
    }
    return {};
}

template <typename Store>
void SequenceWorld<Store>::hear_all(std::size_t who) {
    while (true) {
        const auto lacking = missing(who, 12);
        if (lacking.empty()) break;
        const std::size_t number = lacking[choose_(lacking.size())];
        if (ready(who, number) && choose_(4) != 0) {
            by_op(who, number);
        } else {
            by_delta(who, number);
        }
    }
}

template <typename Store>
std::string SequenceWorld<Store>::drop() {
    for (std::size_t who = 0; who < people_.size(); ++who) hear_all(who);
    const Residue residue = residue_of(*people_.front().state);
    for (Person& person : people_) {
        const R before = person.state;
        person.state = dropped(before, residue);
        if constexpr (std::is_same_v<Store, Text>) {
            for (const auto& [dot, mark] : before->marks()) {
                if (person.state->marks().count(dot) == 0) person.naive.marks().erase(dot);
            }
        }
        if (!(person.state == people_.front().state)) return "not all have dropped the same";
    }
    ++floors_;
    return compare(choose_(people_.size()));
}

template <typename Store>
std::string SequenceWorld<Store>::finish() {
    for (std::size_t who = 0; who < people_.size(); ++who) hear_all(who);
    if (auto bad = compare(); !bad.empty()) return bad;
    for (std::size_t who = 1; who < people_.size(); ++who) {
        if (!(people_[who].state == people_[0].state)) return "not all have come to one state";
    }
    return {};
}

template class SequenceWorld<Text>;
template class SequenceWorld<List>;

}  // namespace syncline::testing

#include "syncline/crdt/list.hpp"

#include "syncline/crdt/or_map.hpp"

#include <algorithm>

namespace syncline {

// ListPayload

void ListPayload::append(ListPayload&& other) {
    values_.insert(values_.end(), std::make_move_iterator(other.values_.begin()),
                   std::make_move_iterator(other.values_.end()));
}

namespace {
constexpr std::size_t spare_max = 1'024;  ///< values: what a run has at most
}  // namespace

ListPayload ListPayload::cut(std::uint32_t at, std::uint32_t) {
    const auto from = values_.begin() + static_cast<std::ptrdiff_t>(at);
    ListPayload tail(hlc_, {std::make_move_iterator(from), std::make_move_iterator(values_.end())});
    values_.erase(from, values_.end());
    // Who cuts a long list into runs leaves room behind for all of it, again and again.
    if (values_.capacity() > spare_max) values_.shrink_to_fit();
    return tail;
}

ListPayload ListPayload::part(std::uint32_t from, std::uint32_t length) const {
    const auto begin = values_.begin() + static_cast<std::ptrdiff_t>(from);
    return {hlc_, {begin, begin + static_cast<std::ptrdiff_t>(length)}};
}

// ListElement

ListElement::ListElement() : contents_(std::make_unique<OrMap>()) {}
ListElement::ListElement(const ListElement& other)
    : slot(other.slot), moved(other.moved), contents_(std::make_unique<OrMap>(*other.contents_)) {}
ListElement::ListElement(ListElement&&) noexcept = default;
ListElement& ListElement::operator=(const ListElement& other) {
    if (this != &other) *this = ListElement(other);
    return *this;
}
ListElement& ListElement::operator=(ListElement&&) noexcept = default;
ListElement::~ListElement() = default;

bool operator==(const ListElement& a, const ListElement& b) {
    return a.slot == b.slot && a.moved == b.moved && a.contents() == b.contents();
}

namespace {

/// The field of an element that holds its value.
const FieldKey value_field{"", Type::lww_register};

/// An element's contents when they are one value as it was inserted.
const DotValues::Entry* as_inserted(const Dot& id, const OrMap& contents) {
    if (!contents.presence().empty() || contents.fields().size() != 1) return nullptr;
    const Node* node = contents.find(value_field);
    const auto* reg = node == nullptr ? nullptr : node->as<LwwRegister>();
    if (reg == nullptr || reg->values().entries().size() != 1) return nullptr;
    const DotValues::Entry& entry = reg->values().entries().front();
    return entry.dot == id ? &entry : nullptr;
}

OrMap holding(const Dot& id, Hlc hlc, const Value& value) {
    DotValues values;
    values.insert({id, hlc, value});
    OrMap map;
    map.insert(value_field, Node(LwwRegister(std::move(values))));
    return map;
}

}  // namespace

// List

List::List() = default;
List::List(const List&) = default;
List::List(List&&) noexcept = default;
List& List::operator=(const List&) = default;
List& List::operator=(List&&) noexcept = default;
List::~List() = default;

List::List(DotSet presence, Order order, Elements elements)
    : presence_(std::move(presence)), order_(std::move(order)), elements_(std::move(elements)) {
    std::vector<Dot> ids;
    for (const auto& [id, element] : elements_) {
        ids.push_back(id);
        if (element.slot.counter != 0) arrivals_.emplace(element.slot, id);
    }
    for (const Dot& id : ids) refresh(id);
}

std::optional<Dot> List::id(std::uint32_t index) const {
    const auto found = order_.locate(&Measure::visible, index);
    if (found.run == nullptr) return std::nullopt;
    const Dot slot = order_.dot({found.run, index - found.before.visible});
    if (found.run->state == Order::State::plain) return slot;
    const auto arrival = arrivals_.find(slot);
    return arrival == arrivals_.end() ? slot : arrival->second;
}

std::optional<std::uint32_t> List::index(const Dot& id) const {
    const auto element = elements_.find(id);
    const bool moved = element != elements_.end() && element->second.slot.counter != 0;
    const auto at = order_.find(moved ? element->second.slot : id);
    if (!at || !at.run->attached() || !at.run->visible()) return std::nullopt;
    return order_.before(*at.run).visible + at.offset;
}

const OrMap* List::contents(const Dot& id) const {
    const auto found = elements_.find(id);
    return found == elements_.end() ? nullptr : &found->second.contents();
}

const Value* List::value(const Dot& id) const {
    const auto at = order_.find(id);
    if (!at || at.run->state != Order::State::plain) return nullptr;
    return &at.run->payload.values()[at.offset];
}

// Mutators

List::Order::At List::left_of(std::uint32_t index) const {
    if (index == 0) return {};
    const auto found = order_.locate(&Measure::visible, index - 1);
    return {found.run, index - 1 - found.before.visible};
}

namespace {
Error behind_the_end(std::uint32_t index, std::uint32_t size) {
    return Error{ErrorCode::out_of_range,
                 "index " + std::to_string(index) + " in a list of " + std::to_string(size)};
}
}  // namespace

Result<Op> List::insert(std::uint32_t index, std::vector<Value> values) const {
    if (index > size()) return tl::unexpected(behind_the_end(index, size()));
    if (values.empty()) return fail(ErrorCode::out_of_range, "an insertion inserts something");
    Op op;
    op.code = OpCode::place;
    op.place = order_.place_behind(left_of(index));
    op.value = Value(std::move(values));
    return op;
}

Result<Op> List::insert(std::uint32_t index, Type container) const {
    if (index > size()) return tl::unexpected(behind_the_end(index, size()));
    if (!can_be_placed(container))
        return fail(ErrorCode::out_of_range, "an element is a value, map, list, text or counter");
    Op op;
    op.code = OpCode::place;
    op.place = order_.place_behind(left_of(index));
    op.inner = container;
    return op;
}

Result<std::vector<FieldOp>> List::erase(const Path& path, std::uint32_t index, std::uint32_t count,
                                         const ReplicaId& author) const {
    if (index > size() || count > size() - index)
        return tl::unexpected(behind_the_end(index > size() ? index : index + count, size()));
    std::vector<FieldOp> ops;
    FieldOp plain{path, {}};
    plain.op.code = OpCode::erase;
    for (std::uint32_t i = 0; i < count; ++i) {
        const Dot element = *id(index + i);
        const OrMap* contents = this->contents(element);
        if (contents == nullptr) {
            plain.op.removes.insert(element);
            continue;
        }
        FieldOp erased{path, {}};
        erased.op.code = OpCode::erase;
        erased.op.element = element;
        erased.op.removes = contents->live_dots();
        if (!erased.op.removes.empty()) ops.push_back(std::move(erased));
        for (FieldOp& cancel : contents->cancels(author)) {
            Path below = path;
            for (Step& step : cancel.path) {
                // The contents' own fields are the element's types; below them paths go on.
                below.push_back(&step == &cancel.path.front() ? Step(element, step.type)
                                                              : std::move(step));
            }
            ops.push_back({std::move(below), std::move(cancel.op)});
        }
    }
    if (!plain.op.removes.empty()) ops.insert(ops.begin(), std::move(plain));
    return ops;
}

Result<Op> List::move(std::uint32_t from, std::uint32_t to) const {
    if (from >= size()) return tl::unexpected(behind_the_end(from, size()));
    if (to >= size()) return tl::unexpected(behind_the_end(to, size()));
    Op op;
    op.code = OpCode::move;
    op.element = *id(from);
    // Behind what will be its left neighbour: itself does not count.
    op.place = order_.place_behind(left_of(to > from ? to + 1 : to));
    return op;
}

Result<std::vector<FieldOp>> List::replace(const Path& path, std::uint32_t index, Value value,
                                           const ReplicaId& author) const {
    const auto element = id(index);
    if (!element) return tl::unexpected(behind_the_end(index, size()));
    auto ops = erase(path, index, 1, author);
    if (!ops) return ops;
    FieldOp set{path, {}};
    set.path.push_back(Step(*element, Type::lww_register));
    set.op.code = OpCode::set;
    set.op.value = std::move(value);
    // A value that takes a value's place is one op; what else was in the element goes first.
    const OrMap* contents = this->contents(*element);
    const bool is_value =
        contents == nullptr || (contents->presence().empty() && contents->fields().size() == 1 &&
                                contents->find(value_field) != nullptr);
    if (is_value) {
        set.op.removes = std::move(ops->front().op.removes);
        ops->clear();
    }
    ops->push_back(std::move(set));
    return ops;
}

Op List::create() const {
    Op op;
    op.code = OpCode::create;
    op.removes = presence_;
    return op;
}

// Replication

void List::apply_at(const FieldOp& op, std::size_t depth, const Event& at,
                    const CausalContext* seen) {
    if (depth < op.path.size()) {
        const Dot& id = op.path[depth].element;
        open(id).contents().apply_at(op, depth, at, seen);
        return refresh(id);
    }
    take_at(op, depth);
    switch (op.op.code) {
        case OpCode::create: presence_.insert(at.dot); break;
        case OpCode::place: place(op.op, at, seen); break;
        case OpCode::move: move(op.op, at); break;
        default: break;
    }
}

void List::take_at(const FieldOp& op, std::size_t depth) {
    if (depth < op.path.size()) {
        const Dot& id = op.path[depth].element;
        if (elements_.count(id) == 0 && value(id) == nullptr) return;
        open(id).contents().take_at(op, depth);
        return refresh(id);
    }
    if (op.op.code == OpCode::create) return presence_.erase_all(op.op.removes);
    if (op.op.code != OpCode::erase) return erase(op.op.removes);
    if (op.op.element.counter == 0) return erase_elements(op.op.removes);
    const Dot& id = op.op.element;
    if (elements_.count(id) == 0 && value(id) == nullptr) return;
    open(id).contents().erase(op.op.removes);
    refresh(id);
}

void List::place_container(const Op& op, const Event& at, const CausalContext* seen) {
    // Made as a field of that type is, by the first op on it.
    if (order_.contains(at.dot) || !order_.insert(at.dot, 1, op.place, Order::State::dead, {}))
        return;
    const bool counts = op.inner == Type::pn_counter || op.inner == Type::g_counter;
    FieldOp made{{FieldKey{"", op.inner}}, {}};
    made.op.code = counts ? OpCode::add : OpCode::create;
    ListElement& element = open(at.dot);
    if (counts || seen == nullptr || !seen->contains(at.dot)) element.contents().apply(made, at);
    refresh(at.dot);
}

void List::place(const Op& op, const Event& at, const CausalContext* seen) {
    if (op.inner != Type::lww_register) return place_container(op, at, seen);
    if (op.value.array() == nullptr || op.value.array()->empty()) return;
    const std::vector<Value>& values = *op.value.array();
    const DotRun own{at.dot.replica, at.dot.counter, at.dot.counter + values.size() - 1};
    if (Order::is_inside(own, op.place)) return;
    const DotSet news = order_.unknown(own);
    for (const DotRun& run : news.runs()) {
        const auto offset = static_cast<std::uint32_t>(run.first - own.first);
        const auto from = values.begin() + static_cast<std::ptrdiff_t>(offset);
        order_.insert({own.replica, run.first}, static_cast<std::uint32_t>(run.size()),
                      Order::place_in(at.dot, offset, op.place), Order::State::plain,
                      ListPayload(at.hlc, {from, from + static_cast<std::ptrdiff_t>(run.size())}));
    }
    // What reached an element before it came joins it.
    std::vector<Dot> early;
    for (auto known = elements_.lower_bound(at.dot);
         known != elements_.end() && known->first.replica == own.replica &&
         known->first.counter <= own.last;
         ++known) {
        if (news.contains(known->first)) early.push_back(known->first);
    }
    for (const Dot& id : early) {
        const auto offset = static_cast<std::size_t>(id.counter - at.dot.counter);
        DotValues values_of;
        if (const Node* node = elements_.at(id).contents().find(value_field)) {
            if (const auto* reg = node->as<LwwRegister>()) values_of = reg->values();
        }
        values_of.insert({id, at.hlc, (*op.value.array())[offset]});
        elements_.at(id).contents().insert(value_field, Node(LwwRegister(std::move(values_of))));
        refresh(id);
    }
    if (seen == nullptr) return;
    DotSet removed;
    for (const Dot& dot : news) {
        if (seen->contains(dot)) removed.insert(dot);
    }
    erase_elements(removed);
}

void List::move(const Op& op, const Event& at) {
    if (!order_.insert(at.dot, 1, op.place, Order::State::dead, {})) return;
    settle(op.element, at.dot, at.hlc);
}

/// Takes notice of a move; the latest one wins.
void List::settle(const Dot& id, const Dot& slot, Hlc moved) {
    ListElement& element = open(id);
    const bool wins = element.slot.counter == 0 || element.moved < moved ||
                      (element.moved == moved && element.slot < slot);
    if (wins && slot.counter != 0) {
        const Dot left = element.slot;
        element.slot = slot;
        element.moved = moved;
        arrivals_.emplace(slot, id);
        if (left.counter != 0 && !(left == slot)) {
            arrivals_.erase(left);
            elements_.count(left) == 0 ? show(left) : refresh(left);
        }
    }
    refresh(id);
}

ListElement& List::open(const Dot& id) {
    const auto [found, is_new] = elements_.try_emplace(id);
    if (is_new) {
        if (const auto at = order_.find(id); at && at.run->state == Order::State::plain) {
            found->second.contents() =
                holding(id, at.run->payload.hlc(), at.run->payload.values()[at.offset]);
        }
    }
    return found->second;
}

void List::refresh(const Dot& id) {
    const auto found = elements_.find(id);
    const ListElement& element = found->second;
    if (element.slot.counter != 0) {
        show(element.slot);
        return show(id);
    }
    const auto* plain = as_inserted(id, element.contents());
    const auto at = order_.find(id);
    if (plain != nullptr && at && arrivals_.count(id) == 0) {
        order_.revive(at, 1, ListPayload(plain->hlc, {plain->value}));
        elements_.erase(found);
        return;
    }
    if (element.contents().empty()) elements_.erase(found);
    show(id);
}

void List::show(const Dot& place) {
    const auto at = order_.find(place);
    if (!at) return;
    Order::State state = Order::State::dead;
    if (const auto arrival = arrivals_.find(place); arrival != arrivals_.end()) {
        if (elements_.at(arrival->second).contents().live()) state = Order::State::special;
    } else if (const auto own = elements_.find(place); own != elements_.end()) {
        const bool moved = own->second.slot.counter != 0;
        if (own->second.contents().live())
            state = moved ? Order::State::hidden : Order::State::special;
    }
    order_.set_state(at, 1, state, [](const Order::Run&) {});
}

void List::erase_values(const DotSet& dots) {
    for (const DotRun& run : dots.runs()) {
        order_.for_each_in(run, [&](Order::At at, std::uint32_t length) {
            if (at.run->state == Order::State::plain) order_.kill(at, length);
        });
    }
}

void List::erase_elements(const DotSet& inserted) {
    erase_values(inserted);
    std::vector<Dot> ids;
    for (const DotRun& run : inserted.runs()) {
        const auto end = elements_.upper_bound(Dot{run.replica, run.last});
        for (auto at = elements_.lower_bound(Dot{run.replica, run.first}); at != end; ++at)
            ids.push_back(at->first);
    }
    for (const Dot& id : ids) {
        elements_.at(id).contents().erase(inserted);
        refresh(id);
    }
}

void List::erase(const DotSet& dots) {
    if (dots.empty()) return;
    presence_.erase_all(dots);
    erase_values(dots);
    std::vector<Dot> ids;
    for (auto& [id, element] : elements_) {
        element.contents().erase(dots);
        ids.push_back(id);
    }
    for (const Dot& id : ids) refresh(id);
}

void List::collect_residue(ResidueRuns& into) const {
    order_.collect_dead(into.dots);
    for (const auto& [id, element] : elements_) element.contents().collect_residue(into);
}

void List::drop(const Residue& residue) {
    std::vector<Dot> ids;
    for (auto& [id, element] : elements_) {
        element.contents().drop(residue);
        ids.push_back(id);
    }
    std::vector<Dot> kept;
    for (const Dot& id : ids) {
        refresh(id);
        const auto found = elements_.find(id);
        if (found == elements_.end()) continue;
        // Erased for good: where the last move had put it says nothing any more.
        if (found->second.contents().empty() && residue.dots.contains(id)) {
            const Dot slot = found->second.slot;
            arrivals_.erase(slot);
            elements_.erase(found);
            if (elements_.count(slot) != 0) refresh(slot);
            continue;
        }
        kept.push_back(id);
        if (found->second.slot.counter != 0) kept.push_back(found->second.slot);
    }
    order_.prune(residue.dots, DotSet(std::move(kept)));
}

List List::delta(const FieldOp& op, const Event& at, const List& before) {
    List made;
    if (!op.path.empty()) {
        const Dot& id = op.path.front().element;
        FieldOp below = op;
        below.path.front() = Step(FieldKey{"", op.path.front().type});
        const OrMap* contents = before.contents(id);
        OrMap delta = OrMap::delta(below, at, contents == nullptr ? OrMap() : *contents);
        if (delta.empty()) return made;
        made.elements_[id].contents() = std::move(delta);
        return made;
    }
    made.apply(op, at);
    return made;
}

void List::join(const List& other, const CausalContext& mine, const CausalContext& theirs) {
    presence_.join(other.presence_, mine, theirs);

    // Elements that are more than a plain value on one side; the others are the order's.
    std::vector<Dot> ids;
    for (const auto& [id, element] : elements_) ids.push_back(id);
    for (const auto& [id, element] : other.elements_) {
        if (elements_.count(id) == 0) ids.push_back(id);
    }
    order_.join(other.order_, mine, theirs, DotSet(ids));
    for (const Dot& id : ids) {
        OrMap theirs_of;
        Dot slot;
        Hlc moved;
        if (const auto found = other.elements_.find(id); found != other.elements_.end()) {
            theirs_of = found->second.contents();
            slot = found->second.slot;
            moved = found->second.moved;
        } else if (const auto at = other.order_.find(id);
                   at && at.run->state == Order::State::plain) {
            theirs_of = holding(id, at.run->payload.hlc(), at.run->payload.values()[at.offset]);
        }
        open(id).contents().join(theirs_of, mine, theirs);
        settle(id, slot, moved);
    }
}

DotSet List::live_dots() const {
    std::vector<DotRun> runs;
    collect_live(runs);
    DotSet dots;
    for (const DotRun& run : runs) dots.insert(run);
    return dots;
}

void List::collect_live(std::vector<DotRun>& dots) const {
    dots.insert(dots.end(), presence_.runs().begin(), presence_.runs().end());
    order_.for_each_by_dot([&](const Order::Run& run) {
        if (run.state == Order::State::plain)
            dots.push_back({order_.authors()[run.author], run.first, run.last()});
    });
    for (const auto& [id, element] : elements_) {
        const DotSet below = element.contents().live_dots();
        dots.insert(dots.end(), below.runs().begin(), below.runs().end());
    }
}

bool operator==(const List& a, const List& b) {
    if (!(a.presence_ == b.presence_ && a.elements_ == b.elements_)) return false;
    if (!(a.order_.measure() == b.order_.measure())) return false;
    const auto stretches = [](const List& list) {
        std::vector<
            std::tuple<Dot, Dot, Side, bool, std::uint64_t, std::uint64_t, std::vector<Value>>>
            all;
        list.order_.for_each_stretch([&](const auto& runs) {
            std::vector<Value> values;
            for (const auto* run : runs)
                values.insert(values.end(), run->payload.values().begin(),
                              run->payload.values().end());
            const auto& head = *runs.front();
            all.emplace_back(Dot{list.order_.authors()[head.author], head.first},
                             list.order_.parent(head), head.side,
                             head.state == List::Order::State::plain, runs.back()->last(),
                             head.payload.hlc().packed, std::move(values));
        });
        return all;
    };
    return stretches(a) == stretches(b);
}

}  // namespace syncline

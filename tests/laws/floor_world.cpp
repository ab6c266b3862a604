#include "laws/floor_world.hpp"

#include <algorithm>
#include <utility>

namespace syncline::testing {

namespace {
const DocumentKey the_document{"tasks", "t1"};
}

FloorWorld::Figures& FloorWorld::Figures::operator+=(const Figures& other) {
    changes += other.changes;
    floors += other.floors;
    dropped_bytes += other.dropped_bytes;
    late_returns += other.late_returns;
    made_again += other.made_again;
    lost_ops += other.lost_ops;
    undos += other.undos;
    return *this;
}

FloorWorld::FloorWorld(Random& random, const Settings& settings)
    : random_(random), settings_(settings), devices_(settings.devices) {
    for (std::size_t i = 0; i < devices_.size(); ++i) devices_[i].id = replica(i);
}

VersionVector FloorWorld::vector_at(std::uint64_t cursor) const {
    return cursor == 0 ? VersionVector() : log_[cursor - 1].vector;
}

Document FloorWorld::visible(const Device& device) {
    Document document = device.confirmed;
    for (const Change& change : device.pending) {
        for_each_op(change, [&](const Section&, const FieldOp& op, const Event& at) {
            document.apply(op, at, nullptr);
        });
    }
    return document;
}

std::uint64_t FloorWorld::report(const Device& device) const {
    std::uint64_t lowest = device.cursor;
    const bool may_undo = device.undo.can_undo() || device.undo.can_redo();
    if (may_undo && settings_.rules.waits_for_undo) lowest = std::min(lowest, device.undo_base);
    for (const auto& [first, base] : device.undoes) {
        const bool is_pending = !device.pending.empty() && device.pending.front().first <= first;
        if (is_pending && settings_.rules.waits_for_undo) lowest = std::min(lowest, base);
    }
    for (const Change& change : device.pending)
        lowest = std::min(lowest, std::get<std::uint64_t>(change.base));
    return lowest;
}

// What devices do

namespace {

/// Somebody who puts new elements next to erased ones.
template <typename Store>
void name_a_dead_parent(const Document& document, FieldOp& op, Random& random) {
    const auto& order = document.root().at<Store>(op.path).order();
    std::vector<DotRun> dead;
    order.collect_dead(dead);
    if (dead.empty()) return;
    const DotRun& run = dead[random.below(dead.size())];
    op.op.place = {{run.replica, run.first + random.below(run.size())}, Side::left};
}

/// Whether the op names as a parent what is visible, or nothing.
bool names_seen(const Document& document, const FieldOp& op) {
    const Dot& parent = op.op.place.parent;
    if (parent.counter == 0) return true;
    const auto shows = [&](const auto& order) {
        const auto at = order.find(parent);
        return at && at.run->visible();
    };
    return op.path.back().type == Type::text ? shows(document.root().at<Text>(op.path).order())
                                             : shows(document.root().at<List>(op.path).order());
}

/// Whether the places that the op names are there.
bool names_known(const Document& document, const FieldOp& op) {
    const auto knows = [&](const auto& store) {
        const auto& order = store.order();
        bool known = op.op.place.parent.counter == 0 || order.contains(op.op.place.parent);
        if (!op.op.mark) return known;
        for (const Anchor& end : {op.op.mark->from, op.op.mark->to})
            known = known && (end.element.counter == 0 || order.contains(end.element));
        return known;
    };
    if (op.path.empty()) return true;
    if (op.path.back().type == Type::text) return knows(document.root().at<Text>(op.path));
    if (op.path.back().type == Type::list) return knows(document.root().at<List>(op.path));
    return true;
}

/// Whether ops on texts name places of erased characters, or ends of marks there, that were residue
/// in the document already: in the state that their author reports as what he has passed. (A list's
/// may have been brought back since, which spares them.)
bool names_residue(const std::vector<FieldOp>& ops, const Document& passed) {
    const Residue known = residue(passed);
    const auto names = [&](const Dot& dot) { return known.dots.contains(dot); };
    return std::any_of(ops.begin(), ops.end(), [&](const FieldOp& op) {
        if (op.path.empty() || op.path.back().type != Type::text) return false;
        if (op.op.mark && (names(op.op.mark->from.element) || names(op.op.mark->to.element)))
            return true;
        return names(op.op.place.parent);
    });
}

bool puts_elements(const FieldOp& op) {
    return op.op.code == OpCode::place || op.op.code == OpCode::move;
}

}  // namespace

std::vector<FieldOp> FloorWorld::some_edit(const Document& document, const ReplicaId& author) {
    std::vector<FieldOp> ops;
    for (int tries = 0; tries < 12; ++tries) {
        ops = RandomEdit(document.root(), author, random_)();
        const bool is_fit = !ops.empty() && !ops.front().path.empty() &&
                            (!settings_.focus || ops.front().path.front().type == settings_.focus);
        if (is_fit) break;
    }
    return ops;
}

std::string FloorWorld::edit(Device& device) {
    std::vector<FieldOp> ops;
    Document now = visible(device);
    std::uint64_t next = device.next;
    const Hlc hlc = device.clock.tick(random_.below(2'000));
    UndoRecord record;
    for (std::size_t left = 1 + random_.below(2); left > 0; --left) {
        for (FieldOp& op : some_edit(now, device.id)) {
            if (puts_elements(op)) {
                if (!names_seen(now, op)) return "a mutator names an erased parent";
                if (!settings_.rules.names_seen && op.path.back().type == Type::text)
                    name_a_dead_parent<Text>(now, op, random_);
                if (!settings_.rules.names_seen && op.path.back().type == Type::list)
                    name_a_dead_parent<List>(now, op, random_);
            }
            const Event at{{device.id, next}, hlc};
            if (settings_.with_undo) record.add(the_document, now, op, at);
            now.apply(op, at, nullptr);
            next += span(op.op);
            ops.push_back(std::move(op));
        }
    }
    if (!record.empty()) {
        if (!device.undo.can_undo() && !device.undo.can_redo()) device.undo_base = device.cursor;
        device.undo.record(std::move(record), 0);
    }
    return commit(device, std::move(ops), hlc);
}

namespace {

/// The document as it is shown, and what an undo does to it.
class UndoOnTop : public UndoTarget {
public:
    UndoOnTop(const ReplicaId& author, Document shown, Event next)
        : author_(author), now_(std::move(shown)), next_(next) {}
    [[nodiscard]] ReplicaId author() const override { return author_; }
    Result<const Document*> read(const DocumentKey&) override { return &now_; }
    Result<Event> edit(const DocumentKey&, FieldOp op) override {
        const Event at = next_;
        now_.apply(op, at, nullptr);
        next_.dot.counter += span(op.op);
        ops_.push_back(std::move(op));
        return at;
    }
    [[nodiscard]] std::vector<FieldOp> ops() { return std::move(ops_); }

private:
    ReplicaId author_;
    Document now_;
    Event next_;
    std::vector<FieldOp> ops_;
};

}  // namespace

Document FloorWorld::state_at(std::uint64_t cursor) const {
    if (cursor == 0 || log_[cursor - 1].bytes.empty()) return {};
    return wire::decode_document(log_[cursor - 1].bytes, wire::state_limits()).value();
}

std::string FloorWorld::undo_or_redo(Device& device) {
    const Hlc hlc = device.clock.tick(random_.below(2'000));
    UndoOnTop target(device.id, visible(device), {{device.id, device.next}, hlc});
    const bool redoes = device.undo.can_redo() && random_.one_in(2);
    auto step = redoes ? device.undo.redo(target) : device.undo.undo(target);
    if (!step) return "an undo fails";
    if (step->ops() > 0) {
        ++figures_.undos;
        device.undoes.emplace_back(device.next, device.undo_base);
    }
    device.undo.done(std::move(*step));
    std::vector<FieldOp> ops = target.ops();
    if (names_residue(ops, state_at(report(device))))
        return "an undo names what may be dropped already";
    return commit(device, std::move(ops), hlc);
}

void FloorWorld::observe(Device& device, const Change& change) {
    if (change.replica == device.id) return;
    for_each_op(change, [&](const Section& section, const FieldOp& op, const Event& at) {
        device.undo.observe(section.document, op, at);
    });
}

std::string FloorWorld::commit(Device& device, std::vector<FieldOp> ops, Hlc hlc) {
    if (ops.empty()) return {};
    Change change;
    change.replica = device.id;
    change.first = device.next;
    change.hlc = hlc;
    change.base = device.cursor;
    change.sections.push_back({the_document, std::move(ops)});
    device.next += change.span();
    device.pending.push_back(std::move(change));
    return {};
}

std::string FloorWorld::push(Device& device, std::size_t most) {
    for (; most > 0 && device.sent < device.pending.size(); --most) {
        if (auto bad = append(device.pending[device.sent++]); !bad.empty()) return bad;
    }
    return {};
}

std::string FloorWorld::append(Change change) {
    VersionVector vector = vector_at(head());
    if (change.first != vector.at(change.replica) + 1) return "a counter is left out";
    bool names_gone = false;
    for_each_op(change, [&](const Section&, const FieldOp& op, const Event& at) {
        names_gone = names_gone || !names_known(relay_, op);
        if (candidate_ && settings_.rules.spares) spare(candidate_->residue, relay_, op);
        relay_.apply(op, at, nullptr);
        twin_.apply(op, at);
    });
    if (names_gone) return "an op names what was dropped";
    vector.raise(change.replica, change.last());
    latest_ = std::max(latest_, change.hlc);
    log_.push_back({std::move(change), {}, wire::encode_document(relay_), std::move(vector)});
    ++figures_.changes;
    return compare("after a change");
}

std::string FloorWorld::follow(Device& device, const Entry& entry) {
    ++device.cursor;
    if (!entry.change) {
        device.confirmed.drop(entry.drop);
        return {};
    }
    const Change& change = *entry.change;
    for (const Section& section : change.sections)
        device.confirmed.apply(section.ops, {{change.replica, change.first}, change.hlc}, nullptr);
    device.clock.observe(change.hlc);
    observe(device, change);
    if (!(change.replica == device.id)) return {};
    if (device.sent == 0 || !(device.pending.front() == change))
        return "an own change comes back otherwise";
    device.pending.erase(device.pending.begin());
    --device.sent;
    return {};
}

std::string FloorWorld::pull(Device& device, std::uint64_t most) {
    const std::uint64_t to = std::min(head(), device.cursor + most);
    while (device.cursor < to) {
        if (auto bad = follow(device, log_[device.cursor]); !bad.empty()) return bad;
    }
    if (to == 0 || wire::encode_document(device.confirmed) == log_[to - 1].bytes) return {};
    return "other bytes at the same sequence number";
}

std::string FloorWorld::take_state(Device& device) {
    if (head() == 0) return {};
    auto state = wire::decode_document(log_.back().bytes, wire::state_limits());
    if (!log_.back().bytes.empty() && !state) return "a state does not decode";
    Document document = state ? std::move(*state) : Document();
    if (!(document == relay_)) return "a state changes in its encoding";
    device.confirmed = std::move(document);
    for (; device.cursor < head(); ++device.cursor) {
        if (log_[device.cursor].change) observe(device, *log_[device.cursor].change);
    }
    device.clock.observe(latest_);
    device.pending.erase(device.pending.begin(),
                         device.pending.begin() + static_cast<std::ptrdiff_t>(device.sent));
    device.sent = 0;
    return {};
}

std::string FloorWorld::join_with_relay(const Device& device) const {
    if (device.cursor < floored_at_) return {};  // one of the two would have to drop first
    const CausalContext old(vector_at(device.cursor));
    const CausalContext all(vector_at(head()));
    OrMap joined = device.confirmed.root();
    joined.join(relay_.root(), old, all);
    if (!(joined == relay_.root())) return "an old state joined with the new is not the new";
    joined = relay_.root();
    joined.join(device.confirmed.root(), all, old);
    if (!(joined == relay_.root())) return "the new state joined with an old is not the new";
    return {};
}

// The floor

std::string FloorWorld::begin_or_finish_floor() {
    if (!candidate_) {
        candidate_ = Candidate{head(), residue(relay_)};
        if (candidate_->residue.empty()) candidate_.reset();
        return {};
    }
    const bool all_passed =
        std::all_of(devices_.begin(), devices_.end(), [&](const Device& device) {
            return !device.is_registered || report(device) >= candidate_->at;
        });
    if (!all_passed && settings_.rules.waits) return {};
    return drop_candidate();
}

std::string FloorWorld::drop_candidate() {
    const std::string before = everything_shown(relay_.root());
    const std::size_t size = wire::encode_document(relay_).size();
    relay_.drop(candidate_->residue);
    twin_.drop(candidate_->residue, relay_);
    if (everything_shown(relay_.root()) != before) return "what is seen changed by the drop";
    Bytes bytes = wire::encode_document(relay_);
    figures_.dropped_bytes += size - bytes.size();
    ++figures_.floors;
    floor_ = candidate_->at;
    log_.push_back({{}, std::move(candidate_->residue), std::move(bytes), vector_at(head())});
    floored_at_ = head();
    candidate_.reset();
    return compare("after a drop");
}

std::string FloorWorld::come_or_go(Device& device) {
    if (device.is_registered) {
        device.is_registered = false;
        return {};
    }
    device.is_registered = true;
    return report(device) < floor_ ? come_back_late(device) : std::string();
}

std::string FloorWorld::come_back_late(Device& device) {
    ++figures_.late_returns;
    device.undo.clear();  // it would name what is below the floor
    device.undoes.clear();
    const Document seen = visible(device);
    if (auto bad = take_state(device); !bad.empty()) return bad;
    std::vector<Change> pending;
    std::swap(pending, device.pending);
    if (!settings_.rules.makes_again) {
        for (Change& change : pending) change.base = head();
        device.pending = std::move(pending);
        return {};
    }
    device.next = vector_at(head()).at(device.id) + 1;
    Document now = device.confirmed;
    Returning returning(
        device.id, device.next, head(), [&](const DocumentKey&) -> const Document& { return seen; },
        [&](const DocumentKey&) -> Document& { return now; });
    for (const Change& change : pending) {
        figures_.lost_ops += change.sections.front().ops.size();
        auto made = returning.again(change, device.clock.tick(0));
        if (!made) continue;
        figures_.lost_ops -= made->sections.front().ops.size();
        ++figures_.made_again;
        device.next += made->span();
        device.pending.push_back(std::move(*made));
    }
    if (!(visible(device) == now)) return "changes made again do something else";
    return {};
}

// Comparing

std::string FloorWorld::compare(const std::string& when) const {
    if (!twin_.violation().empty()) return twin_.violation();
    const std::string shown = everything_shown(relay_.root());
    const std::string expected = everything_shown(twin_.document().root());
    if (shown == expected) return {};
    return when + " one sees\n  " + shown + "\nand without a floor\n  " + expected;
}

std::string FloorWorld::step() {
    Device& device = devices_[random_.below(devices_.size())];
    const std::size_t what = random_.below(24);
    if (what < 9 && settings_.with_undo && random_.one_in(3)) {
        if (!random_.one_in(4)) return undo_or_redo(device);
        device.undo.clear();  // so that the floor can pass it
    }
    if (what < 9) return edit(device);
    if (what == 23) return begin_or_finish_floor();
    if (what == 22) return random_.one_in(2) ? come_or_go(device) : begin_or_finish_floor();
    if (!device.is_registered) return {};
    if (what < 14) return push(device, 1 + random_.below(3));
    if (what == 14) return take_state(device);
    if (what == 15) return join_with_relay(device);
    return pull(device, 1 + random_.below(8));
}

/// Everybody is there and knows everything.
std::string FloorWorld::meet() {
    for (Device& device : devices_) {
        if (!device.is_registered) {
            if (auto bad = come_or_go(device); !bad.empty()) return bad;
        }
        if (auto bad = push(device, device.pending.size()); !bad.empty()) return bad;
        device.undo.clear();
    }
    for (Device& device : devices_) {
        if (auto bad = pull(device, head()); !bad.empty()) return bad;
        if (!device.pending.empty()) return "a change did not come back";
    }
    return {};
}

namespace {

template <typename Order>
std::string size_violation(const Order& order, std::size_t held) {
    std::size_t dead = 0;
    std::size_t others = held;
    order.for_each_by_dot([&](const auto& run) {
        if (run.state == Order::State::dead) ++dead;
        if (run.state != Order::State::dead) others += run.length;
    });
    if (dead <= 3 * others) return {};
    return std::to_string(dead) + " runs of erased elements with " + std::to_string(others) +
           " others";
}

/// Of erased places there are few, compared with what is there.
std::string size_violation(const OrMap& map) {
    for (const auto& [field, node] : map.fields()) {
        std::string bad;
        if (const auto* below = node->as<OrMap>()) bad = size_violation(*below);
        if (const auto* text = node->as<Text>())
            bad = size_violation(text->order(), 2 * text->marks().size());
        if (const auto* list = node->as<List>()) {
            bad = size_violation(list->order(), 2 * list->elements().size());
            for (const auto& [id, element] : list->elements()) {
                if (bad.empty()) bad = size_violation(element.contents());
            }
        }
        if (!bad.empty()) return bad;
    }
    return {};
}

}  // namespace

/// Floors until nothing goes any more. (What was held by a mark, or in an element, goes a round
/// later.)
std::string FloorWorld::settle() {
    for (int round = 0; round < 20; ++round) {
        if (auto bad = meet(); !bad.empty()) return bad;
        if (!candidate_) {
            if (auto bad = begin_or_finish_floor(); !bad.empty() || !candidate_) return bad;
        }
        const Document before = relay_;
        const bool is_new = candidate_->at == head();
        if (auto bad = begin_or_finish_floor(); !bad.empty()) return bad;
        if (is_new && before == relay_) return {};
    }
    return "there is no end of dropping";
}

std::string FloorWorld::end() {
    if (auto bad = settle(); !bad.empty()) return bad;
    if (auto bad = size_violation(relay_.root()); !bad.empty()) return bad;
    Device& last = devices_.front();
    if (auto bad = commit(last, relay_.root().clear({}, last.id), last.clock.tick(0)); !bad.empty())
        return bad;
    if (auto bad = settle(); !bad.empty()) return bad;
    return relay_.empty() ? std::string() : "something is left of nothing";
}

std::string FloorWorld::run() {
    for (std::size_t i = 0; i < settings_.steps; ++i) {
        if (auto bad = step(); !bad.empty()) return bad;
    }
    return end();
}

}  // namespace syncline::testing

// Replicas without a relay: changes with version vectors in any order, through a causal buffer;
// deltas and whole states in any order, as they are.

#include "reference.hpp"
#include "schedule.hpp"
#include "syncline/clock/hlc.hpp"
#include "syncline/crdt/replicated.hpp"
#include "syncline/document/json.hpp"
#include "syncline/sync/causal_buffer.hpp"

#include <memory>
#include <string>
#include <vector>

namespace syncline::sim {

namespace {

constexpr std::uint64_t start_of_time_ms = 1'750'000'000'000;
const DocumentKey document{"mesh", "d"};

class Mesh {
public:
    Mesh(const Settings& settings, bool diary)
        : settings_(settings), random_(settings.seed), keeps_diary_(diary) {
        for (std::size_t i = 0; i < settings_.devices; ++i) {
            nodes_.push_back(std::make_unique<Node>());
            random_.fill(nodes_.back()->id.bytes.data(), nodes_.back()->id.bytes.size());
        }
    }

    void act(const Action& action) {
        Random random(action.seed);
        const auto who = static_cast<std::size_t>(action.who % nodes_.size());
        Node& node = *nodes_[who];
        switch (action.kind) {
            case ActionKind::run: now_ += action.value % 3; break;
            case ActionKind::device_clock:
                node.clock_offset += static_cast<std::int64_t>(action.value) - 500'000;
                break;
            case ActionKind::edit: edit(who, random); break;
            case ActionKind::deliver: {
                for (std::uint64_t n = 1 + action.value % 8; n > 0 && !node.inbox.empty(); --n) {
                    const auto at = static_cast<std::size_t>(random.below(node.inbox.size()));
                    const auto message = node.inbox[at];
                    // Some come again, some for the first time in the end.
                    if (!random.chance(15)) {
                        node.inbox.erase(node.inbox.begin() + static_cast<std::ptrdiff_t>(at));
                    }
                    if (!random.chance(settings_.repeat_percent)) take(who, *message);
                }
                break;
            }
            case ActionKind::join_state:
                join(who, static_cast<std::size_t>(action.value % nodes_.size()));
                break;
            case ActionKind::reload: reload(who); break;
            case ActionKind::settle: settle(); break;
            default: break;
        }
    }

    /// Everything reaches everybody; then all have to be equal, and what the reference says.
    void settle() {
        for (std::size_t who = 0; who < nodes_.size() && !failed(); ++who) {
            nodes_[who]->inbox.clear();
            std::vector<const Message*> left;
            for (const auto& message : changes_) left.push_back(message.get());
            while (!left.empty() && !failed()) {
                const auto at = static_cast<std::size_t>(random_.below(left.size()));
                take(who, *left[at]);
                left[at] = left.back();
                left.pop_back();
            }
            if (nodes_[who]->buffer.size() > 0) fail("a change waits for ever");
        }
        if (failed()) return;
        Reference reference;
        for (const auto& message : changes_) {
            auto change = wire::decode_change(message->bytes, message->author, wire::Limits{});
            if (!change) return fail("a change does not decode");
            reference.add(*change);
        }
        Bytes first;
        for (std::size_t who = 0; who < nodes_.size(); ++who) {
            const Node& node = *nodes_[who];
            Bytes state = wire::encode_state(*node.state, node.state.context());
            trace_.add(state.data(), state.size());
            if (who == 0) {
                first = std::move(state);
            } else if (state != first || node.by_arrival != nodes_[0]->by_arrival) {
                return fail("replicas 0 and " + std::to_string(who) +
                            " differ: " + to_json(view(*nodes_[0]->state)) + " and " +
                            to_json(view(*node.state)) + told(*nodes_[0]) + told(node));
            }
        }
        const Value seen = shown(*nodes_[0]->state);
        const Value expected = reference.view(document);
        if (!(seen == expected)) {
            fail("replicas show " + to_json(seen) + ", the reference says " + to_json(expected));
        }
    }

    [[nodiscard]] bool failed() const { return !outcome_.failure.empty(); }
    [[nodiscard]] Outcome outcome() {
        outcome_.trace = trace_.value();
        return outcome_;
    }

private:
    struct Node;
    struct Message {
        bool is_delta = false;
        ReplicaId author;
        Bytes bytes;
        Hlc hlc;
    };
    struct Node {
        ReplicaId id;
        Replicated<OrMap> state;
        VersionVector seen;  ///< taken in as changes and whole states
        HlcClock clock;
        std::int64_t clock_offset = 0;
        CausalBuffer buffer;
        std::vector<std::shared_ptr<const Message>> inbox;
        std::uint64_t edits = 0;
        std::map<std::string, std::pair<std::uint64_t, Value>> by_arrival;  ///< a control's
    };

    void fail(const std::string& text) {
        if (!failed()) outcome_.failure = text;
    }
    static std::string told(const Node& node) {
        std::string text = "; seen";
        for (const auto& [replica, counter] : node.state.context().vector()) {
            text += ' ' + syncline::to_string(replica).substr(0, 4) + ':' + std::to_string(counter);
        }
        for (const auto& [replica, runs] : node.state.context().exceptions()) {
            for (const auto& run : runs) {
                text += " +" + syncline::to_string(replica).substr(0, 4) + ':' +
                        std::to_string(run.first) + ".." + std::to_string(run.last);
            }
        }
        for (const Dot& dot : node.state->live_dots()) {
            text += " live " + syncline::to_string(dot.replica).substr(0, 4) + ':' +
                    std::to_string(dot.counter);
        }
        return text;
    }
    void note(const std::string& text) {
        if (keeps_diary_) outcome_.diary.push_back(text);
    }

    void edit(std::size_t who, Random& random) {
        Node& node = *nodes_[who];
        Change change;
        change.replica = node.id;
        change.first = node.state.context().next(node.id);
        change.base = node.seen;
        const auto wall = static_cast<std::int64_t>(start_of_time_ms + now_) + node.clock_offset;
        change.hlc = node.clock.tick(static_cast<std::uint64_t>(wall));
        const std::string token =
            std::string(1, static_cast<char>('A' + who)) + std::to_string(node.edits++);
        change.message = token;
        Section section{document, {}};
        const std::uint64_t edits = 1 + (random.chance(30) ? random.below(4) : 0);
        std::vector<std::shared_ptr<const Message>> deltas;
        for (std::uint64_t i = 0; i < edits; ++i) {
            for (FieldOp& op : random_edit(random, *node.state, node.id, settings_.mix,
                                           i == 0 ? token : token + "." + std::to_string(i))) {
                note(token + " " + to_string(op));
                const Replicated<OrMap> before = node.state;
                const auto update = node.state.update(node.id, change.hlc, op);
                const std::string wrong = read_your_write(*node.state, op);
                if (!wrong.empty()) return fail(wrong);
                arrive(node, update.op, change.hlc);
                const auto delta = Replicated<OrMap>::delta(update, before);
                auto message = std::make_shared<Message>();
                message->is_delta = true;
                message->author = node.id;
                message->hlc = change.hlc;
                message->bytes = wire::encode_state(*delta, delta.context());
                deltas.push_back(std::move(message));
                section.ops.push_back(std::move(op));
            }
        }
        if (section.ops.empty()) return;
        change.sections.push_back(std::move(section));
        node.seen.raise(node.id, change.last());
        ++outcome_.edits;
        auto message = std::make_shared<Message>();
        message->author = node.id;
        message->hlc = change.hlc;
        message->bytes = wire::encode_change(change);
        trace_.add(message->bytes.data(), message->bytes.size());
        changes_.push_back(message);
        for (std::size_t other = 0; other < nodes_.size(); ++other) {
            if (other == who) continue;
            auto& inbox = nodes_[other]->inbox;
            inbox.push_back(message);
            if (settings_.commit_max_ms == 0) continue;
            for (const auto& delta : deltas) {
                if (random.chance(30)) inbox.push_back(delta);
            }
        }
    }

    void take(std::size_t who, const Message& message) {
        Node& node = *nodes_[who];
        node.clock.observe(message.hlc);
        if (message.is_delta) {
            auto delta = wire::decode_state(message.bytes, wire::state_limits());
            if (!delta) return fail("a delta does not decode");
            node.state.join(Replicated<OrMap>(std::move(delta->first), std::move(delta->second)));
            return flush(node);
        }
        auto change = wire::decode_change(message.bytes, message.author, wire::Limits{});
        if (!change) return fail("a change does not decode");
        if (settings_.control == Control::no_causal_buffer) return apply(node, *change);
        node.buffer.add(std::move(*change), node.seen);
        flush(node);
    }

    void flush(Node& node) {
        while (auto change = node.buffer.next(node.seen)) apply(node, *change);
    }

    void apply(Node& node, const Change& change) {
        for_each_op(change, [&](const Section&, const FieldOp& op, const Event& at) {
            FieldOp taken = op;
            if (settings_.control == Control::last_wins && op.op.code == OpCode::erase &&
                op.path.back().type == Type::or_set) {
                taken.op.removes.insert_all(
                    node.state->at<OrSet>(op.path).elements().dots_of(op.op.value));
            }
            if (node.state.apply({at, taken})) arrive(node, op, change.hlc);
        });
        node.seen.raise(change.replica, change.last());
    }

    void arrive(Node& node, const FieldOp& op, Hlc hlc) {
        if (settings_.control != Control::ties_by_arrival || op.op.code != OpCode::set) return;
        if (op.path.back().type != Type::lww_register) return;
        std::string path;
        for (const Step& step : op.path) path += '/' + step.key;
        auto& last = node.by_arrival[path];
        if (hlc.packed >= last.first) last = {hlc.packed, op.op.value};
    }

    void join(std::size_t who, std::size_t from) {
        if (who == from) return;
        Node& node = *nodes_[who];
        const Node& other = *nodes_[from];
        auto state = wire::decode_state(wire::encode_state(*other.state, other.state.context()),
                                        wire::state_limits());
        if (!state) return fail("a state does not decode");
        note("replica " + std::to_string(who) + " joins the state of " + std::to_string(from));
        node.clock.observe(other.clock.last());
        node.state.join(Replicated<OrMap>(std::move(state->first), std::move(state->second)));
        node.seen.join(other.seen);
        flush(node);
    }

    /// A restart: all that is kept is bytes.
    void reload(std::size_t who) {
        Node& node = *nodes_[who];
        const Bytes bytes = wire::encode_state(*node.state, node.state.context());
        auto state = wire::decode_state(bytes, wire::state_limits());
        if (!state) return fail("a saved state does not decode");
        Replicated<OrMap> again(std::move(state->first), std::move(state->second));
        if (!(again == node.state)) return fail("a saved state is not what was saved");
        node.state = std::move(again);
    }

    Settings settings_;
    Random random_;
    bool keeps_diary_;
    Outcome outcome_;
    Trace trace_;
    std::uint64_t now_ = 0;
    std::vector<std::unique_ptr<Node>> nodes_;
    std::vector<std::shared_ptr<const Message>> changes_;
};

}  // namespace

Settings draw_mesh_settings(std::uint64_t seed) {
    Settings s;
    s.seed = seed;
    Random random(seed ^ 0x3E54ULL);
    s.devices = random.between(2, 5);
    s.mix = draw_mix(random);
    s.actions = random.between(5, 60);
    s.repeat_percent = random.chance(30) ? 25 : 0;  // lost for now
    s.commit_max_ms = random.chance(40) ? 1 : 0;    // deltas too
    const auto weigh = [&](ActionKind kind, std::uint64_t weight) {
        s.weights[static_cast<std::size_t>(kind)] = weight;
    };
    weigh(ActionKind::edit, random.between(10, 40));
    weigh(ActionKind::deliver, random.between(5, 40));
    weigh(ActionKind::run, random.below(10));
    if (random.chance(40)) weigh(ActionKind::join_state, random.between(1, 6));
    if (random.chance(30)) weigh(ActionKind::reload, 2);
    if (random.chance(30)) weigh(ActionKind::device_clock, 3);
    if (random.chance(20)) weigh(ActionKind::settle, 1);
    return s;
}

Outcome run_mesh(const Settings& settings, const std::vector<Action>& actions, bool diary) {
    Mesh mesh(settings, diary);
    for (const Action& action : actions) {
        if (mesh.failed()) break;
        mesh.act(action);
    }
    if (!mesh.failed()) mesh.settle();
    return mesh.outcome();
}

}  // namespace syncline::sim

#pragma once

#include "syncline/crdt/or_map.hpp"
#include "syncline/crdt/replicated.hpp"
#include "syncline/document/change.hpp"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

/// Arbitrary values, ops, histories and changes. All of it is a function of a seed, the same with
/// every compiler: std::mt19937_64 is specified, and distributions (which are not) are not used.
namespace syncline::testing {

class Random {
public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}
    std::uint64_t operator()() { return engine_(); }
    /// 0..below-1.
    std::size_t below(std::size_t below) { return static_cast<std::size_t>(engine_() % below); }
    bool one_in(std::size_t n) { return below(n) == 0; }

private:
    std::mt19937_64 engine_;
};

/// SYNCLINE_TEST_SCALE (1 when unset) times `runs`, at least 1.
[[nodiscard]] std::uint64_t scaled(std::uint64_t runs);
[[nodiscard]] double test_scale();
/// SYNCLINE_TEST_SEED (1 when unset): where the seeds of a run start.
[[nodiscard]] std::uint64_t first_seed();

/// alice, bob, carol … for 0, 1, 2 …; in this order also as ids.
[[nodiscard]] ReplicaId replica(std::size_t index);
inline const ReplicaId alice = replica(0);
inline const ReplicaId bob = replica(1);
inline const ReplicaId carol = replica(2);
inline const ReplicaId dave = replica(3);

/// An op that has nothing but a code.
[[nodiscard]] inline Op op_of(OpCode code) {
    Op op;
    op.code = code;
    return op;
}

/// Any value a document may hold, `depth` containers deep at most.
[[nodiscard]] Value arbitrary_value(Random& random, std::size_t depth = 3);
[[nodiscard]] std::string arbitrary_text(Random& random, std::size_t bytes_max);
/// Any change that a decoder takes, sensible or not.
[[nodiscard]] Change arbitrary_change(Random& random);
/// Flips, drops, repeats or inserts a few bytes.
[[nodiscard]] Bytes damaged(Bytes bytes, Random& random);

/// One line: who does what to which dots.
[[nodiscard]] std::string describe(const FieldOp& op, const Event& at);

/// What a test can do with a type: `choices` numbered mutator calls on a state. The ops of one call
/// are one after the other.
template <typename Store>
struct Mutators;

template <typename Store, std::size_t Count, Type OfType>
struct SingleOp {
    static constexpr std::size_t choices = Count;
    static constexpr Type type = OfType;
};
template <>
struct Mutators<OrSet> : SingleOp<OrSet, 5, Type::or_set> {
    static std::vector<Op> make(const OrSet& set, const ReplicaId&, std::size_t choice);
};
template <>
struct Mutators<RwSet> : SingleOp<RwSet, 5, Type::rw_set> {
    static std::vector<Op> make(const RwSet& set, const ReplicaId&, std::size_t choice);
};
template <>
struct Mutators<GSet> : SingleOp<GSet, 3, Type::g_set> {
    static std::vector<Op> make(const GSet& set, const ReplicaId&, std::size_t choice);
};
template <>
struct Mutators<PnCounter> : SingleOp<PnCounter, 4, Type::pn_counter> {
    static std::vector<Op> make(const PnCounter& counter, const ReplicaId& author,
                                std::size_t choice);
};
template <>
struct Mutators<GCounter> : SingleOp<GCounter, 3, Type::g_counter> {
    static std::vector<Op> make(const GCounter& counter, const ReplicaId& author,
                                std::size_t choice);
};
template <>
struct Mutators<EwFlag> : SingleOp<EwFlag, 3, Type::ew_flag> {
    static std::vector<Op> make(const EwFlag& flag, const ReplicaId&, std::size_t choice);
};
template <>
struct Mutators<DwFlag> : SingleOp<DwFlag, 3, Type::dw_flag> {
    static std::vector<Op> make(const DwFlag& flag, const ReplicaId&, std::size_t choice);
};
template <>
struct Mutators<LwwRegister> : SingleOp<LwwRegister, 3, Type::lww_register> {
    static std::vector<Op> make(const LwwRegister& reg, const ReplicaId&, std::size_t choice);
};
template <>
struct Mutators<MvRegister> : SingleOp<MvRegister, 3, Type::mv_register> {
    static std::vector<Op> make(const MvRegister& reg, const ReplicaId&, std::size_t choice);
};
template <>
struct Mutators<Text> : SingleOp<Text, 16 * 16 * 16, Type::text> {
    static std::vector<Op> make(const Text& text, const ReplicaId&, std::size_t choice);
};
template <>
struct Mutators<List> {
    static constexpr std::size_t choices = 16 * 16 * 16;
    static constexpr Type type = Type::list;
    static std::vector<FieldOp> make(const List& list, const ReplicaId& author, std::size_t choice);
};
template <>
struct Mutators<OrMap> {
    static constexpr std::size_t choices = 6 * 24 * 4096;
    static constexpr Type type = Type::map;
    static std::vector<FieldOp> make(const OrMap& map, const ReplicaId& author, std::size_t choice);
};

/// A set of ops of one history, by number.
using OpMask = std::uint64_t;

/// Ops made on three replicas, each knowing some of the others' ops, and what each had seen.
template <typename Store>
struct History {
    using R = Replicated<Store>;
    struct Made {
        typename R::Update update;
        OpMask past = 0;  ///< what its author had seen
        R delta;          ///< made by its author
    };
    std::vector<Made> made;
    std::vector<R> replicas;   ///< as the history left them
    std::vector<OpMask> seen;  ///< by each replica

    explicit History(std::size_t count = 3) : replicas(count), seen(count, 0), clocks_(count) {}

    [[nodiscard]] OpMask all() const {
        return made.size() == 64 ? ~OpMask{0} : (OpMask{1} << made.size()) - 1;
    }
    [[nodiscard]] bool ready(std::size_t op, OpMask known) const {
        return (made[op].past & ~known) == 0;
    }
    void make(std::size_t author, std::size_t choice) {
        make_ops(author, Mutators<Store>::make(*replicas[author], replica(author), choice));
    }
    template <typename Ops>
    void make_ops(std::size_t author, const Ops& ops) {
        for (const auto& op : ops) {
            if (!is_full()) make(author, op);
        }
    }
    [[nodiscard]] bool is_full() const { return made.size() == 64; }
    /// One op, made from the author's state, unless the history is full.
    const Made& make(std::size_t author, typename Store::OpType op) {
        const R before = replicas[author];
        Made next;
        next.past = seen[author];
        next.update =
            replicas[author].update(replica(author), clocks_[author].tick(0), std::move(op));
        next.delta = R::delta(next.update, before);
        seen[author] |= OpMask{1} << made.size();
        made.push_back(std::move(next));
        return made.back();
    }
    void deliver(std::size_t op, std::size_t to) {
        replicas[to].apply(made[op].update);
        clocks_[to].observe(made[op].update.at.hlc);
        seen[to] |= OpMask{1} << op;
    }
    /// For people, when a law is broken.
    [[nodiscard]] std::string describe() const {
        std::string text;
        for (std::size_t i = 0; i < made.size(); ++i) {
            std::string past;
            for (std::size_t j = 0; j < i; ++j) {
                if ((made[i].past >> j & 1) != 0) past += " " + std::to_string(j);
            }
            const auto& op = made[i].update.op;
            FieldOp field;
            if constexpr (std::is_same_v<typename Store::OpType, Op>) {
                field.op = op;
            } else {
                field = op;
            }
            text += "\n" + std::to_string(i) + ": " + testing::describe(field, made[i].update.at) +
                    "  saw" + past;
        }
        return text;
    }
    /// Some op that `to` lacks and may take in, or made.size().
    [[nodiscard]] std::size_t some_ready(OpMask known, Random& random) const {
        std::vector<std::size_t> ready_ops;
        for (std::size_t op = 0; op < made.size(); ++op) {
            if ((known >> op & 1) == 0 && ready(op, known)) ready_ops.push_back(op);
        }
        return ready_ops.empty() ? made.size() : ready_ops[random.below(ready_ops.size())];
    }
    static History arbitrary(Random& random, std::size_t ops_max = 14) {
        History history;
        const std::size_t steps = 2 + random.below(2 * ops_max);
        const std::size_t chatter = 2 + random.below(4);  // how much they hear of each other
        for (std::size_t i = 0; i < steps && history.made.size() < ops_max; ++i) {
            const std::size_t at = random.below(3);
            if (random.one_in(chatter)) {
                history.make(at, random.below(Mutators<Store>::choices));
            } else if (const auto op = history.some_ready(history.seen[at], random);
                       op < history.made.size()) {
                history.deliver(op, at);
            } else {
                history.make(at, random.below(Mutators<Store>::choices));
            }
        }
        return history;
    }
    /// The state of a replica that took in the ops of `known` (closed under the past), in a random
    /// causal order.
    [[nodiscard]] R fed(OpMask known, Random& random) const {
        R state;
        OpMask taken = 0;
        while (taken != known) {
            const std::size_t op = some_ready(taken | ~known, random);
            state.apply(made[op].update);
            taken |= OpMask{1} << op;
        }
        return state;
    }

private:
    std::vector<HlcClock> clocks_;
};

}  // namespace syncline::testing

#pragma once

#include "support/floor_entry.hpp"
#include "syncline/crdt/or_map.hpp"
#include "syncline/crdt/replicated.hpp"
#include "syncline/document/change.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
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

enum class Floors : std::uint8_t { none, some };

/// Ops made on three replicas, each knowing some of the others' ops, and what each had seen; and
/// the entries of a floor, as a log would have them by the rules of floor.hpp: all residue of some
/// replica's state is dropped behind all ops whose authors had not seen all of that.
template <typename Store>
struct History {
    using R = Replicated<Store>;
    struct Made {
        typename R::Update update;
        OpMask past = 0;         ///< what its author had seen
        R delta;                 ///< made by its author
        std::size_t passed = 0;  ///< how many floor entries its author had passed
        OpMask base = 0;         ///< of the past, what counts for a floor: see floor.hpp, rule 1
        std::size_t change = 0;  ///< the number of the first op that was made as one with it
    };
    std::vector<Made> made;
    std::vector<R> replicas;   ///< as the history left them
    std::vector<OpMask> seen;  ///< by each replica
    std::vector<FloorEntry> floors;
    std::vector<std::size_t> passed;  ///< how many of them, by each replica

    explicit History(std::size_t count = 3)
        : replicas(count), seen(count, 0), passed(count, 0), clocks_(count) {}

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
        begin_change();
        for (const auto& op : ops) {
            if (!is_full()) make(author, op);
        }
        end_change();
    }
    /// What is made from here on is one change: a log has all of it, or nothing.
    void begin_change() { open_change_ = made.size(); }
    void end_change() { open_change_.reset(); }
    [[nodiscard]] bool is_full() const { return made.size() == 64; }
    /// One op, made from the author's state, unless the history is full.
    const Made& make(std::size_t author, typename Store::OpType op) {
        const R before = replicas[author];
        Made next;
        next.past = seen[author];
        next.base = next.past;
        next.change = open_change_.value_or(made.size());
        next.passed = passed[author];
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
        for (const FloorEntry& entry : floors) {
            text += "\nbehind";
            for (std::size_t i = 0; i < made.size(); ++i) {
                if ((entry.before >> i & 1) != 0) text += " " + std::to_string(i);
            }
            FieldOp named;
            named.op.removes = entry.residue.dots;
            text += " a drop: " + testing::describe(named, {});
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
    /// Some op that `to` may hear of next, or made.size(): what stands behind a floor entry that
    /// it has not passed has to wait.
    [[nodiscard]] std::size_t some_audible(std::size_t to, Random& random) const {
        const bool waits = passed[to] < floors.size();
        return some_ready(seen[to] | (waits ? ~floors[passed[to]].before : 0), random);
    }
    static History arbitrary(Random& random, std::size_t ops_max = 14,
                             Floors has_floors = Floors::none) {
        History history;
        const bool drops = has_floors == Floors::some;
        const std::size_t steps = 2 + random.below(2 * ops_max) + (drops ? ops_max : 0);
        const std::size_t chatter = 2 + random.below(4);  // how much they hear of each other
        for (std::size_t i = 0; i < steps && history.made.size() < ops_max; ++i) {
            const std::size_t at = random.below(3);
            if (drops && random.one_in(4)) {
                history.floor_step(at, random);
            } else if (random.one_in(chatter)) {
                history.make(at, random.below(Mutators<Store>::choices));
            } else if (const auto op = history.some_audible(at, random); op < history.made.size()) {
                history.deliver(op, at);
            } else {
                history.make(at, random.below(Mutators<Store>::choices));
            }
        }
        return history;
    }
    /// A floor begins, or is entered, or somebody passes it.
    void floor_step(std::size_t at, Random& random) {
        if (passed[at] < floors.size()) {
            pass(at, random);
        } else if (!candidate_) {
            begin_floor(at);
        } else if (!random.one_in(4)) {
            enter_floor(random);
        }
    }
    /// What is residue at this replica, which has passed all entries, is to go.
    void begin_floor(std::size_t at) {
        if (whole_changes(seen[at]) != seen[at]) return;
        Residue residue = residue_of(*replicas[at]);
        if (!residue.empty()) candidate_ = Candidate{seen[at], std::move(residue)};
    }
    /// What everybody has to see before the entry is made; nothing, if none is on its way.
    [[nodiscard]] OpMask awaited() const { return candidate_ ? candidate_->seen : 0; }
    /// Everybody hears of all that the floor is about; then comes the entry.
    void enter_floor(Random& random) {
        for (std::size_t at = 0; at < replicas.size(); ++at) {
            while (passed[at] < floors.size()) pass(at, random);
            hear(at, candidate_->seen, random);
        }
        FloorEntry entry;
        entry.before = candidate_->seen;
        for (std::size_t i = 0; i < made.size(); ++i) {
            bool is_before = (candidate_->seen & ~made[i].base) != 0 || random.one_in(3);
            // In a log nobody hears of what stands behind an entry that he has not passed.
            for (std::size_t at = 0; at < replicas.size(); ++at) {
                const bool is_own = made[i].update.at.dot.replica == replica(at);
                is_before = is_before || (!is_own && (seen[at] >> i & 1) != 0);
            }
            if (is_before) entry.before |= made[i].past | OpMask{1} << i;
        }
        entry.before = whole_changes(entry.before);
        // The log between: what is worked in meanwhile stays.
        R state = fed(candidate_->seen, floors.size(), random);
        entry.residue = std::move(candidate_->residue);
        for (OpMask taken = candidate_->seen; taken != entry.before;) {
            const std::size_t op = some_ready(taken | ~entry.before, random);
            spare_in(entry.residue, *state, made[op].update.op);
            state.apply(made[op].update);
            taken |= OpMask{1} << op;
        }
        candidate_.reset();
        note_marks_gone(*state, *dropped(state, entry.residue), entry);
        floors.push_back(std::move(entry));
    }
    /// The next entry that it has not passed: what it has of the ops behind comes on top.
    void pass(std::size_t at, Random& random) {
        hear(at, floors[passed[at]].before, random);
        ++passed[at];
        replicas[at] = fed(seen[at], passed[at], random);
    }
    /// The state of a replica that took in the ops of `known` (closed under the past), in a random
    /// causal order but for the floor entries that it has passed.
    [[nodiscard]] R fed(OpMask known, std::size_t entries, Random& random) const {
        R state;
        OpMask taken = 0;
        for (std::size_t i = 0; i <= entries; ++i) {
            const OpMask next = i < entries ? floors[i].before : known;
            while ((next & ~taken) != 0) {
                const std::size_t op = some_ready(taken | ~next, random);
                state.apply(made[op].update);
                taken |= OpMask{1} << op;
            }
            if (i < entries) state = dropped(state, floors[i].residue);
        }
        return state;
    }
    /// The same behind all entries.
    [[nodiscard]] R fed(OpMask known, Random& random) const {
        return fed(known, floors.size(), random);
    }
    /// Of which marks nothing is left behind that many entries.
    [[nodiscard]] OpMask marks_gone(std::size_t entries) const {
        OpMask gone = 0;
        for (std::size_t i = 0; i < entries; ++i) gone |= floors[i].marks_gone;
        return gone;
    }

private:
    struct Candidate {
        OpMask seen = 0;
        Residue residue;
    };
    void hear(std::size_t at, OpMask ops, Random& random) {
        while ((ops & ~seen[at]) != 0) deliver(some_ready(seen[at] | ~ops, random), at);
    }
    /// With the other ops of the same changes. (They have seen what these have, and one another.)
    [[nodiscard]] OpMask whole_changes(OpMask ops) const {
        OpMask begun = 0;
        for (std::size_t i = 0; i < made.size(); ++i) {
            if ((ops >> i & 1) != 0) begun |= OpMask{1} << made[i].change;
        }
        for (std::size_t i = 0; i < made.size(); ++i) {
            if ((begun >> made[i].change & 1) != 0) ops |= OpMask{1} << i;
        }
        return ops;
    }
    void note_marks_gone(const Store& before, const Store& after, FloorEntry& entry) const {
        if constexpr (std::is_same_v<Store, Text>) {
            // Those that one of them had replaced are not to come to light either.
            for (std::size_t i = 0; i < made.size(); ++i) {
                const auto& update = made[i].update;
                const bool is_gone = (entry.before >> i & 1) != 0 && update.op.mark &&
                                     after.marks().count(update.at.dot) == 0;
                if (!is_gone) continue;
                const auto from = before.position(update.op.mark->from);
                const auto to = before.position(update.op.mark->to);
                if (!from || !to || *from >= *to) entry.marks_gone |= OpMask{1} << i;
            }
        }
    }

    std::optional<std::size_t> open_change_;
    std::optional<Candidate> candidate_;
    std::vector<HlcClock> clocks_;
};

}  // namespace syncline::testing

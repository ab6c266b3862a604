// Ops that no mutator makes, but that a hostile author can: they name dots of their past that are
// something else, elements that are none, places in another sequence, ranges that end before they
// begin. They may do little or nothing, but the same everywhere, and the laws hold all the same.

#include "laws/checks.hpp"

#include <catch2/catch.hpp>

using namespace syncline;
using namespace syncline::testing;

namespace {

class Nonsense {
public:
    Nonsense(const History<OrMap>& history, std::size_t author, Random& random)
        : random_(random), author_(replica(author)) {
        for (std::size_t i = 0; i < history.made.size(); ++i) {
            if ((history.seen[author] >> i & 1) == 0) continue;
            const auto& update = history.made[i].update;
            const std::uint64_t dots = span(update.op.op);
            const Dot first = update.at.dot;
            past_.push_back({first.replica, first.counter + random.below(dots)});
            if (dots > 1) past_.push_back({first.replica, first.counter + dots - 1});
        }
    }

    std::vector<FieldOp> operator()() {
        FieldOp made{path(), {}};
        const Type type = made.path.empty() ? Type::map : made.path.back().type;
        Op& op = made.op;
        do op.code = static_cast<OpCode>(1 + random_.below(12));
        while (!accepts(type, op.code));
        fill(op, type);
        return {made};
    }

private:
    Path path() {
        Path path;
        Type inside = Type::map;
        for (std::size_t left = random_.below(4); left > 0 || path.empty();) {
            const Type type = some_type();
            if (inside == Type::map) path.emplace_back(random_.one_in(2) ? "a" : "b", type);
            if (inside == Type::list) path.emplace_back(dot(), type);
            inside = type;
            if ((type != Type::map && type != Type::list) || left-- == 0) break;
        }
        return path;
    }
    Type some_type() {
        static constexpr Type common[] = {Type::list, Type::text, Type::map};
        if (random_.one_in(2)) return common[random_.below(3)];
        return static_cast<Type>(1 + random_.below(12));
    }
    /// Some dot of the author's past; none (counter 0) while there is none.
    Dot dot() {
        if (past_.empty()) return {replica(0), 1};
        return past_[random_.below(past_.size())];
    }
    Place place() {
        if (past_.empty() || random_.one_in(4)) return {};
        return {dot(), random_.one_in(2) ? Side::left : Side::right};
    }
    Anchor anchor() {
        if (past_.empty() || random_.one_in(4)) return {{}, Side::left};
        return {dot(), random_.one_in(2) ? Side::left : Side::right};
    }
    void fill(Op& op, Type type) {
        const bool removes = op.code != OpCode::add && op.code != OpCode::cancel &&
                             op.code != OpCode::place && op.code != OpCode::move &&
                             op.code != OpCode::mark;
        if (removes) {
            for (std::size_t left = random_.below(4); left > 0 && !past_.empty(); --left)
                op.removes.insert(dot());
        }
        switch (op.code) {
            case OpCode::set:
            case OpCode::insert: op.value = Value(static_cast<int>(random_.below(3))); break;
            case OpCode::erase:
                if (type == Type::list) {
                    if (random_.one_in(2) && !past_.empty()) op.element = dot();
                } else if (type != Type::text) {
                    op.value = Value(static_cast<int>(random_.below(3)));
                }
                break;
            case OpCode::add: op.amount = type == Type::g_counter ? 3 : -2; break;
            case OpCode::cancel:
                for (std::size_t other = 0; other < 3; ++other) {
                    if (!(replica(other) == author_) && random_.one_in(2) && !past_.empty()) {
                        const Dot seen = dot();
                        if (!(seen.replica == author_))
                            op.cancels[seen.replica] = {seen.counter, 5};
                    }
                }
                break;
            case OpCode::place:
                op.place = place();
                if (type == Type::text) {
                    op.inner = Type::text;
                    op.value = Value("xy");
                } else if (random_.one_in(3)) {
                    do op.inner = static_cast<Type>(1 + random_.below(12));
                    while (!can_be_placed(op.inner) || op.inner == Type::lww_register);
                } else {
                    op.value = Value(Value::Array{Value(1), Value(2)});
                }
                break;
            case OpCode::move:
                op.place = place();
                op.element = dot();
                break;
            case OpCode::mark: {
                Mark mark;
                mark.name = random_.one_in(2) ? "bold" : "link";
                mark.value = random_.one_in(3) ? Value() : Value(true);
                mark.from = anchor();
                mark.to = anchor();
                op.mark = std::move(mark);
                break;
            }
            default: break;
        }
    }

    Random& random_;
    ReplicaId author_;
    std::vector<Dot> past_;
};

/// Sensible edits and others among them.
History<OrMap> some_history(Random& random) {
    History<OrMap> history;
    const std::size_t steps = 4 + random.below(30);
    for (std::size_t i = 0; i < steps && history.made.size() < 20; ++i) {
        const std::size_t at = random.below(3);
        const auto op = history.some_ready(history.seen[at], random);
        if (op < history.made.size() && random.one_in(2)) {
            history.deliver(op, at);
        } else if (random.one_in(2)) {
            history.make(at, random.below(Mutators<OrMap>::choices));
        } else {
            history.make_ops(at, Nonsense(history, at, random)());
        }
    }
    return history;
}

/// By ops in any causal order, and by joins of whole states. (A delta says of a dot that it was
/// removed, an op where: of ops that remove what is not there these differ.)
std::string violation_by(const History<OrMap>& history, Random& random) {
    using R = Replicated<OrMap>;
    const R whole = history.fed(history.all(), random);
    if (!(history.fed(history.all(), random) == whole)) return "two causal orders, two states";
    std::vector<R> states = history.replicas;
    states.push_back(whole);
    for (std::size_t i = 0; i < history.replicas.size(); ++i) {
        if (!(history.fed(history.seen[i], random) == states[i]))
            return "two causal orders, two states";
        if (!(joined(whole, states[i]) == whole)) return "the whole is not above a part";
    }
    R repeated = whole;
    for (const auto& made : history.made) {
        if (repeated.apply(made.update)) return "a repeat was taken for news";
    }
    if (!(repeated == whole)) return "a repeat changed the state";
    const auto& a = states[random.below(3)];
    const auto& b = states[random.below(3)];
    if (auto bad = semilattice_violation(a, b, states[random.below(3)]); !bad.empty()) return bad;
    if (auto bad = encoding_violation(states); !bad.empty()) return bad;
    (void)view(*whole);
    return {};
}

}  // namespace

TEST_CASE("ops without sense have one effect everywhere", "[laws][nonsense]") {
    const std::uint64_t first = first_seed();
    const std::uint64_t runs = scaled(20'000);
    for (std::uint64_t seed = first; seed < first + runs; ++seed) {
        Random random(seed);
        const auto history = some_history(random);
        const std::string violation = violation_by(history, random);
        if (!violation.empty()) FAIL("seed " << seed << ": " << violation << history.describe());
    }
    SUCCEED(runs << " histories");
}

// Types that are wrong in ways that were shipped by others. The laws must catch each.
#include "laws/checks.hpp"
#include "laws/small_scope.hpp"

#include <catch2/catch.hpp>

namespace syncline::testing {
namespace {

/// An erase takes every dot it meets instead of those its author saw.
class EraseAll : public OrSet {
public:
    using OrSet::OrSet;
    void apply(const Op& op, const Event& at) {
        Op all = op;
        if (op.code == OpCode::erase) all.removes = elements().dots_of(op.value);
        OrSet::apply(all, at);
    }
    static EraseAll delta(const Op& op, const Event& at, const EraseAll&) {
        EraseAll made;
        made.apply(op, at);
        return made;
    }
};

/// The later op wins instead of the insert.
class LastWinsSet {
public:
    using OpType = Op;
    void apply(const Op& op, const Event& at) {
        if (op.code != OpCode::insert && op.code != OpCode::erase) return;
        Last& last = elements_[op.value];
        const Last next{at.hlc, at.dot, op.code == OpCode::insert};
        if (last < next) last = next;
    }
    void take(const Op&) {}
    static LastWinsSet delta(const Op& op, const Event& at, const LastWinsSet&) {
        LastWinsSet made;
        made.apply(op, at);
        return made;
    }
    static DotSet removes(const Op&) { return {}; }
    void join(const LastWinsSet& other, const CausalContext&, const CausalContext&) {
        for (const auto& [element, theirs] : other.elements_) {
            Last& last = elements_[element];
            if (last < theirs) last = theirs;
        }
    }
    bool live() const {
        for (const auto& [element, last] : elements_) {
            if (last.in) return true;
        }
        return false;
    }
    Value::Array in() const {
        Value::Array in;
        for (const auto& [element, last] : elements_) {
            if (last.in) in.push_back(element);
        }
        return in;
    }
    friend bool operator==(const LastWinsSet&, const LastWinsSet&) = default;

private:
    struct Last {
        Hlc hlc;
        Dot dot;
        bool in = false;
        bool operator<(const Last& other) const {
            return hlc == other.hlc ? dot < other.dot : hlc < other.hlc;
        }
        bool operator==(const Last&) const = default;
    };
    std::map<Value, Last> elements_;
};

/// A register whose ties go to whoever comes last, without the replica id.
class TieByArrival {
public:
    using OpType = Op;
    void apply(const Op& op, const Event& at) {
        if (op.code == OpCode::set) take_in({at.hlc, op.value});
    }
    void take(const Op&) {}
    static TieByArrival delta(const Op& op, const Event& at, const TieByArrival&) {
        TieByArrival made;
        made.apply(op, at);
        return made;
    }
    static DotSet removes(const Op&) { return {}; }
    void join(const TieByArrival& other, const CausalContext&, const CausalContext&) {
        if (other.last_) take_in(*other.last_);
    }
    bool live() const { return last_.has_value(); }
    Value value() const { return last_->value; }
    friend bool operator==(const TieByArrival&, const TieByArrival&) = default;

private:
    struct Last {
        Hlc hlc;
        Value value;
        bool operator==(const Last&) const = default;
    };
    void take_in(const Last& next) {
        if (!last_ || last_->hlc <= next.hlc) last_ = next;
    }
    std::optional<Last> last_;
};

/// A removed counter starts from nothing, whatever its remover had not seen.
class ResetCounter : public PnCounter {
public:
    using PnCounter::PnCounter;
    void apply(const Op& op, const Event& at) {
        PnCounter::apply(op, at);
        if (op.code == OpCode::cancel) *this = ResetCounter();
    }
    static ResetCounter delta(const Op& op, const Event& at, const ResetCounter&) {
        ResetCounter made;
        made.apply(op, at);
        return made;
    }
};

/// The "dominates" shortcut: the side that has seen more is taken as it is, element by element.
class Dominates : public OrSet {
public:
    using OrSet::OrSet;
    static Dominates delta(const Op& op, const Event& at, const Dominates&) {
        Dominates made;
        made.apply(op, at);
        return made;
    }
    void join(const Dominates& other, const CausalContext& mine, const CausalContext& theirs) {
        if (!mine.contains(theirs)) *this = other;
    }
};

/// A flag whose disable also forgets the disables that it has seen, and itself.
class ForgetfulDwFlag : public DwFlag {
public:
    using DwFlag::DwFlag;
    void apply(const Op& op, const Event& at) {
        if (op.code == OpCode::disable) {
            DwFlag::take(op);
        } else {
            DwFlag::apply(op, at);
        }
    }
    static ForgetfulDwFlag delta(const Op& op, const Event& at, const ForgetfulDwFlag&) {
        ForgetfulDwFlag made;
        made.apply(op, at);
        return made;
    }
};

std::optional<Value> shown(const LastWinsSet& set) {
    if (!set.live()) return std::nullopt;
    return set.in();
}
std::optional<Value> shown(const TieByArrival& reg) {
    if (!reg.live()) return std::nullopt;
    return reg.value();
}
template <typename Base, typename Mutant>
std::optional<Value> shown_as(const Mutant& mutant) {
    return testing::shown(static_cast<const Base&>(mutant));
}
std::optional<Value> shown(const EraseAll& set) { return shown_as<OrSet>(set); }
std::optional<Value> shown(const Dominates& set) { return shown_as<OrSet>(set); }
std::optional<Value> shown(const ResetCounter& counter) { return shown_as<PnCounter>(counter); }
std::optional<Value> shown(const ForgetfulDwFlag& flag) { return shown_as<DwFlag>(flag); }

}  // namespace

template <>
struct Mutators<EraseAll> : Mutators<OrSet> {};
template <>
struct Mutators<Dominates> : Mutators<OrSet> {};
template <>
struct Mutators<ResetCounter> : Mutators<PnCounter> {};
template <>
struct Mutators<ForgetfulDwFlag> : Mutators<DwFlag> {};
template <>
struct Mutators<LastWinsSet> : SingleOp<LastWinsSet, 4, Type::or_set> {
    static std::vector<Op> make(const LastWinsSet&, const ReplicaId&, std::size_t choice) {
        Op op;
        op.code = choice < 2 ? OpCode::insert : OpCode::erase;
        op.value = choice % 2 == 0 ? Value("x") : Value(7);
        return {op};
    }
};
template <>
struct Mutators<TieByArrival> : SingleOp<TieByArrival, 2, Type::lww_register> {
    static std::vector<Op> make(const TieByArrival&, const ReplicaId&, std::size_t choice) {
        Op op;
        op.code = OpCode::set;
        op.value = static_cast<int>(choice);
        return {op};
    }
};

namespace {

template <typename Store>
std::string first_violation(std::uint64_t runs) {
    for (std::uint64_t seed = 1; seed <= runs; ++seed) {
        Random random(seed);
        const auto history = History<Store>::arbitrary(random);
        if (auto bad = history_violation(history, random); !bad.empty()) return bad;
    }
    return {};
}

}  // namespace
}  // namespace syncline::testing

using namespace syncline;
using namespace syncline::testing;

TEMPLATE_TEST_CASE("a broken type is caught by random histories", "[laws][control]", EraseAll,
                   LastWinsSet, TieByArrival, ResetCounter, Dominates, ForgetfulDwFlag) {
    const std::string violation = first_violation<TestType>(200);
    CAPTURE(violation);
    CHECK_FALSE(violation.empty());
}

TEMPLATE_TEST_CASE("a broken type is caught in the small scope", "[laws][control]", EraseAll,
                   LastWinsSet, TieByArrival, ResetCounter, Dominates, ForgetfulDwFlag) {
    SmallScope<TestType> scope;
    CHECK_FALSE(scope.run(3).empty());
}

TEST_CASE("an add-wins set is caught when it is taken for a remove-wins one, and the reverse",
          "[laws][control]") {
    std::uint64_t differs = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        Random random(seed);
        const auto history = History<OrSet>::arbitrary(random);
        const auto ops = model_ops(history, history.all());
        const auto state = history.fed(history.all(), random);
        if (testing::shown(*state) != model_field(Type::rw_set, ops)) ++differs;
    }
    CHECK(differs > 10);
}

#pragma once

#include "laws/checks.hpp"

namespace syncline::testing {

/// What the small scope tries with a type: all its mutators, of sequences the few that meet.
template <typename Store>
struct FewMutators : Mutators<Store> {};

template <>
struct FewMutators<Text> {
    static constexpr std::size_t choices = 4;
    static std::vector<Op> make(const Text& text, const ReplicaId&, std::size_t choice) {
        const std::uint32_t size = text.size();
        if (choice == 0) return {text.insert(0, "ab").value()};
        if (choice == 1) return {text.insert(size, "c").value()};
        if (size == 0) return {};
        if (choice == 2) return {text.erase(0, 1).value()};
        return {text.mark(0, 1, "bold", true, Expand::after).value()};
    }
};

template <>
struct FewMutators<List> {
    static constexpr std::size_t choices = 5;
    static std::vector<FieldOp> make(const List& list, const ReplicaId& author,
                                     std::size_t choice) {
        const std::uint32_t size = list.size();
        if (choice == 0)
            return {{{}, list.insert(0, std::vector<Value>{Value(1), Value(2)}).value()}};
        if (size == 0) return {};
        if (choice == 1) return {{{}, list.move(0, size - 1).value()}};
        if (choice == 2) return list.erase({}, 0, 1, author).value();
        if (choice == 3) return list.replace({}, size - 1, Value(3), author).value();
        return {{{}, list.insert(1, Type::pn_counter).value()}};
    }
};

/// Every history of `ops_max` ops or fewer on three replicas: each op by each replica after each
/// set of earlier ops that it can have seen. Calls `check` with each; stops at a violation.
template <typename Store>
class SmallScope {
public:
    std::uint64_t histories = 0;

    std::string run(std::size_t ops_max) { return extend({}, ops_max); }

private:
    using R = Replicated<Store>;
    struct Step {
        typename History<Store>::Made made;
        std::size_t author = 0;
    };
    using Steps = std::vector<Step>;

    static R state_of(const Steps& steps, OpMask known) {
        R state;
        for (std::size_t i = 0; i < steps.size(); ++i) {
            if ((known >> i & 1) != 0) state.apply(steps[i].made.update);
        }
        return state;
    }
    static bool closed(const Steps& steps, OpMask known) {
        for (std::size_t i = 0; i < steps.size(); ++i) {
            if ((known >> i & 1) != 0 && (steps[i].made.past & ~known) != 0) return false;
        }
        return true;
    }
    std::string extend(const Steps& steps, std::size_t left) {
        if (!steps.empty()) {
            ++histories;
            if (auto bad = check(steps); !bad.empty()) return bad;
        }
        if (left == 0) return {};
        // Replicas are alike but for their order, which is the order of their first ops or not.
        for (std::size_t author = 0; author < 3; ++author) {
            OpMask own = 0;
            for (std::size_t i = 0; i < steps.size(); ++i) {
                if (steps[i].author == author) own |= OpMask{1} << i;
            }
            for (OpMask past = 0; past < OpMask{1} << steps.size(); ++past) {
                if ((own & ~past) != 0 || !closed(steps, past)) continue;
                const R before = state_of(steps, past);
                Hlc hlc;
                for (std::size_t i = 0; i < steps.size(); ++i) {
                    const Hlc seen = steps[i].made.update.at.hlc;
                    if ((past >> i & 1) != 0 && hlc < seen) hlc = seen;
                }
                for (std::size_t choice = 0; choice < FewMutators<Store>::choices; ++choice) {
                    const auto ops = FewMutators<Store>::make(*before, replica(author), choice);
                    if (ops.empty()) continue;
                    Steps longer = steps;
                    R state = before;
                    Step& step = longer.emplace_back();
                    step.author = author;
                    step.made.past = past;
                    step.made.update = state.update(replica(author), hlc.next(), ops.front());
                    step.made.delta = R::delta(step.made.update, before);
                    if (auto bad = extend(longer, left - 1); !bad.empty()) return bad;
                }
            }
        }
        return {};
    }
    static std::string check(const Steps& steps) {
        History<Store> history;
        for (const Step& step : steps) history.made.push_back(step.made);
        const OpMask all = history.all();
        std::vector<std::optional<R>> states(all + 1);
        for (OpMask known = 0; known <= all; ++known) {
            if (!closed(steps, known)) continue;
            states[known] = state_of(steps, known);
            // Whatever came last.
            for (std::size_t i = 0; i < steps.size(); ++i) {
                const OpMask others = known & ~(OpMask{1} << i);
                if (others == known || !closed(steps, others)) continue;
                R state = *states[others];
                const R by_delta = joined(state, steps[i].made.delta);
                state.apply(steps[i].made.update);
                if (!(state == *states[known])) return "two causal orders, two states";
                if (!(by_delta == *states[known])) return "apply differs from joining the delta";
            }
            if (auto bad = model_violation(history, *states[known], known); !bad.empty()) {
                return bad;
            }
        }
        for (OpMask a = 0; a <= all; ++a) {
            for (OpMask b = 0; b <= all; ++b) {
                if (!states[a] || !states[b]) continue;
                if (!(joined(*states[a], *states[b]) == *states[a | b])) {
                    return "a join is not the state of both sides' ops";
                }
            }
        }
        return {};
    }
};

}  // namespace syncline::testing

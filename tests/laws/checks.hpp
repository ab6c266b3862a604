#pragma once

#include "support/arbitrary.hpp"
#include "support/reference_model.hpp"
#include "syncline/document/json.hpp"

#include <optional>
#include <string>
#include <vector>

/// The laws as functions from a history to the first violation found (empty: none), so that the
/// controls can ask whether a broken type is caught.
namespace syncline::testing {

template <typename Store>
std::optional<Value> shown(const Store& store) {
    if (!store.live()) return std::nullopt;
    if constexpr (std::is_same_v<Store, OrMap>) {
        return view(store);
    } else if constexpr (std::is_same_v<Store, Text>) {
        Value::Array spans;
        for (const Text::Span& span : store.spans()) {
            Value::Map members;
            for (const auto& [name, value] : span.properties) members.push_back({name, value});
            spans.push_back(Value::Array{span.text, members});
        }
        return spans;
    } else {
        return view(Node(store));
    }
}

/// `entries` is how many floor entries were passed.
template <typename Store>
std::vector<ModelOp> model_ops(const History<Store>& history, OpMask known,
                               std::size_t entries = 0) {
    std::vector<ModelOp> ops;
    for (std::size_t i = 0; i < history.made.size(); ++i) {
        if (((known & ~history.marks_gone(entries)) >> i & 1) == 0) continue;
        const auto& update = history.made[i].update;
        ModelOp& model = ops.emplace_back(model_of(update.op, update.at));
        model.number = i;
        model.past = history.made[i].past;
    }
    return ops;
}

inline std::string text_of(const std::optional<Value>& value) {
    return value ? to_json(*value) : "nothing";
}

/// The state shows what the reference model says about the ops it knows.
template <typename Store>
std::string model_violation(const History<Store>& history, const Replicated<Store>& state,
                            OpMask known, std::size_t entries = 0) {
    constexpr Type type = Mutators<Store>::type;
    const std::vector<ModelOp> ops = model_ops(history, known, entries);
    const auto expected = type == Type::text ? model_spans(ops) : model_field(type, ops);
    const auto actual = shown(*state);
    if (actual == expected) return {};
    return "shows " + text_of(actual) + ", the model says " + text_of(expected);
}

template <typename Store>
Replicated<Store> joined(Replicated<Store> a, const Replicated<Store>& b) {
    a.join(b);
    return a;
}

template <typename Store>
std::string semilattice_violation(const Replicated<Store>& a, const Replicated<Store>& b,
                                  const Replicated<Store>& c) {
    const auto ab = joined(a, b);
    if (!(ab == joined(b, a))) return "join is not commutative";
    if (!(joined(ab, c) == joined(a, joined(b, c)))) return "join is not associative";
    if (!(joined(a, a) == a)) return "join is not idempotent";
    if (!(joined(ab, a) == ab) || !(joined(ab, b) == ab)) return "a join is not above its sides";
    if (!ab.context().contains(a.context()) || !ab.context().contains(b.context())) {
        return "a join forgets what was seen";
    }
    return {};
}

template <typename Store>
Bytes bytes_of(const Replicated<Store>& state) {
    if constexpr (std::is_same_v<Store, OrMap>) {
        return wire::encode_state(*state, state.context());
    } else {
        OrMap map;
        if (!state->empty()) map.insert({"f", Mutators<Store>::type}, Node(*state));
        return wire::encode_state(map, state.context());
    }
}

/// decode(encode(x)) == x, and equal states, and only they, have equal bytes.
template <typename Store>
std::string encoding_violation(const std::vector<Replicated<Store>>& states) {
    std::vector<Bytes> encoded;
    for (const auto& state : states) {
        encoded.push_back(bytes_of(state));
        const auto decoded = wire::decode_state(encoded.back(), wire::state_limits());
        if (!decoded) return "a state does not decode: " + decoded.error().message;
        if (!(decoded->second == state.context())) return "a context changes in its encoding";
        if (wire::encode_state(decoded->first, decoded->second) != encoded.back()) {
            return "a decoded state encodes otherwise";
        }
        if constexpr (std::is_same_v<Store, OrMap>) {
            if (!(decoded->first == *state)) return "a state changes in its encoding";
        } else {
            const Node* node = decoded->first.find(FieldKey{"f", Mutators<Store>::type});
            const Store* back = node == nullptr ? nullptr : node->template as<Store>();
            const bool same = back == nullptr ? state->empty() : *back == *state;
            if (!same) return "a state changes in its encoding";
        }
    }
    for (std::size_t i = 0; i < states.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if ((states[i] == states[j]) != (encoded[i] == encoded[j])) {
                return "equal states are those with equal bytes, but not here";
            }
        }
    }
    return {};
}

/// Whether it is there in memory or was saved and loaded, a state drops the same.
template <typename Store>
std::string saved_drop_violation(const Replicated<Store>& before, const Residue& residue) {
    const auto loaded = wire::decode_state(bytes_of(before), wire::state_limits());
    if (!loaded) return "a state does not decode: " + loaded.error().message;
    OrMap map = loaded->first;
    map.drop(residue);
    if (wire::encode_state(map, loaded->second) == bytes_of(dropped(before, residue))) return {};
    return "a loaded state drops something else";
}

/// A replica that gets a random mixture of ops (once their past is there), deltas and whole states
/// in any order, with repeats, until it has everything: everything in front of the next floor
/// entry, if there is one, and of states and deltas those made between the same entries.
template <typename Store>
Replicated<Store> fed_mixture(const History<Store>& history, Random& random) {
    Replicated<Store> state;
    OpMask known = 0;
    for (std::size_t entries = 0; entries <= history.floors.size(); ++entries) {
        const bool is_last = entries == history.floors.size();
        const OpMask end = is_last ? history.all() : history.floors[entries].before;
        const OpMask begin = known;
        const auto take_op = [&](std::size_t op) {
            state.apply(history.made[op].update);
            known |= OpMask{1} << op;
        };
        while (known != end) {
            const std::size_t op = random.below(history.made.size());
            const bool is_near = ((end & ~begin) >> op & 1) != 0;
            switch (random.below(8)) {
                case 0: {
                    const std::size_t from = random.below(history.replicas.size());
                    if (history.passed[from] != entries || (history.seen[from] & ~end) != 0) break;
                    state.join(history.replicas[from]);
                    known |= history.seen[from];
                    break;
                }
                case 1:
                case 2:
                    if (!is_near || history.made[op].passed != entries) break;
                    state.join(history.made[op].delta);
                    known |= OpMask{1} << op;
                    break;
                case 3:
                    if (is_near && history.ready(op, known)) take_op(op);  // perhaps a second time
                    break;
                default: {
                    const std::size_t next = history.some_ready(known | ~end, random);
                    if (next < history.made.size()) take_op(next);
                }
            }
        }
        if (!is_last) state = dropped(state, history.floors[entries].residue);
    }
    return state;
}

/// A drop changes nothing that is seen, and takes nothing that is not named. (A second one may take
/// more: what only something dropped had kept.)
template <typename Store>
std::string drop_violation(const Replicated<Store>& before, const Residue& residue,
                           const Replicated<Store>& after) {
    if (shown(*before) != shown(*after)) return "what is seen changed by a drop";
    if (residue.empty() && !(after == before)) return "a drop of nothing drops something";
    if (!(dropped(before, {}) == before)) return "a drop of nothing drops something";
    return {};
}

/// The model reads an op as its mutator means it: an erase takes all that its author sees. An undo
/// takes back less.
enum class Meaning : std::uint8_t { as_in_model, other };

template <typename Store>
std::string history_violation(const History<Store>& history, Random& random,
                              Meaning meaning = Meaning::as_in_model) {
    using R = Replicated<Store>;
    const auto shows_wrong = [&](const R& state, OpMask known, std::size_t entries) {
        return meaning == Meaning::other ? std::string()
                                         : model_violation(history, state, known, entries);
    };
    // One state for one set of ops, by whatever causal order.
    const std::size_t floors = history.floors.size();
    const R whole = history.fed(history.all(), random);
    if (!(history.fed(history.all(), random) == whole)) return "two causal orders, two states";
    if (auto bad = shows_wrong(whole, history.all(), floors); !bad.empty()) return bad;
    for (std::size_t i = 0; i < history.replicas.size(); ++i) {
        const R& state = history.replicas[i];
        const std::size_t passed = history.passed[i];
        if (auto bad = shows_wrong(state, history.seen[i], passed); !bad.empty()) return bad;
        if (!(history.fed(history.seen[i], passed, random) == state))
            return "two causal orders, two states";
        // Across a floor nobody joins: who is behind it drops first.
        if (passed == floors && !(joined(whole, state) == whole))
            return "the whole is not above a part";
    }

    // Repeats change nothing. (What stands in front of a floor does not come again.)
    const OpMask below = floors == 0 ? 0 : history.floors.back().before;
    R repeated = whole;
    for (std::size_t i = 0; i < history.made.size(); ++i) {
        const auto& made = history.made[i];
        if ((below >> i & 1) != 0) continue;
        if (repeated.apply(made.update)) return "a repeat was taken for news";
        if (made.passed == floors) repeated.join(made.delta);
    }
    if (!(repeated == whole)) return "a repeat changed the state";

    // apply(u) == join(delta(u, state)), with the delta made there or by the author.
    R applied;
    OpMask known = 0;
    for (std::size_t entries = 0; entries <= floors; ++entries) {
        const OpMask end = entries < floors ? history.floors[entries].before : history.all();
        while (known != end) {
            const std::size_t op = history.some_ready(known | ~end, random);
            const auto& made = history.made[op];
            const R by_delta = joined(applied, R::delta(made.update, applied));
            const R by_authors_delta = joined(applied, made.delta);
            applied.apply(made.update);
            if (!(by_delta == applied)) return "apply differs from joining the delta";
            if (made.passed == entries && !(by_authors_delta == applied))
                return "apply differs from joining the author's delta";
            known |= OpMask{1} << op;
        }
        if (entries == floors) break;
        const R before = applied;
        const Residue& residue = history.floors[entries].residue;
        applied = dropped(before, residue);
        if (auto bad = drop_violation(before, residue, applied); !bad.empty()) return bad;
    }
    if (!(applied == whole)) return "op by op it is another state";

    if (!(fed_mixture(history, random) == whole)) return "a mixture of ops and states differs";

    // The lattice, over states and deltas from behind the last floor.
    std::vector<R> states = {whole, R()};
    for (std::size_t i = 0; i < history.replicas.size(); ++i) {
        if (history.passed[i] == floors) states.push_back(history.replicas[i]);
    }
    for (std::size_t i = 0; i < 4 && !history.made.empty(); ++i) {
        const auto& made = history.made[random.below(history.made.size())];
        if (made.passed == floors) states.push_back(made.delta);
    }
    states.push_back(joined(states[random.below(states.size())], states.back()));
    for (std::size_t i = 0; i < 4; ++i) {
        const auto& a = states[random.below(states.size())];
        const auto& b = states[random.below(states.size())];
        const auto& c = states[random.below(states.size())];
        if (auto bad = semilattice_violation(a, b, c); !bad.empty()) return bad;
    }
    if (floors > 0) return {};
    R sum;
    for (const auto& made : history.made) sum.join(made.delta);
    if (!(sum == whole)) return "all deltas together are not the whole";
    return {};
}

}  // namespace syncline::testing

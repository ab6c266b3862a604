#pragma once

#include "syncline/clock/causal_context.hpp"
#include "syncline/crdt/op.hpp"

#include <cstdint>
#include <type_traits>
#include <utility>

namespace syncline {

/// One CRDT with a causal context of its own: what somebody uses who wants only a CRDT library. In
/// a document the same types share the document's context instead.
///
/// Both ways of replication are here, and may be mixed:
///   ops     `update` applies locally and returns what to send; `apply` takes it in. Needs causal
///           order (an op after everything its author had seen) and drops repeats by itself.
///   states  `join` takes a whole state or a `delta`, in any order, any number of times.
///
/// Laws     join is commutative, associative, idempotent; apply(u) == join(delta(u, state)).
/// Source   Almeida, Shoker, Baquero, Delta State Replicated Data Types (2018).
/// Threads  A plain value: const calls may run in parallel, others need the only access.
///
///     Replicated<OrSet> tags;
///     auto sent = tags.update(alice, clock.tick(now), tags->insert("home"));
///     other.apply(sent);
template <typename Store>
class Replicated {
public:
    using OpType = typename Store::OpType;
    struct Update {
        Event at;
        OpType op;
        friend bool operator==(const Update&, const Update&) = default;
    };

    Replicated() = default;
    Replicated(Store state, CausalContext context)
        : state_(std::move(state)), context_(std::move(context)) {}

    /// Applies `op` (made by one of the type's mutators from this very state) as `replica`'s next
    /// event and returns what the other replicas need.
    Update update(const ReplicaId& replica, Hlc hlc, OpType op) {
        Update made{Event{Dot{replica, context_.next(replica)}, hlc}, std::move(op)};
        apply(made);
        return made;
    }

    /// Takes an update in. False when its dots were seen before: nothing happens then, but that a
    /// dot seen only as removed by a delta still takes away what its op takes away; and elements of
    /// a sequence that were removed before they came still leave their places.
    bool apply(const Update& update) {
        const DotRun own = dots_of(update);
        std::uint64_t seen = 0;
        for (std::uint64_t counter = own.first; counter <= own.last; ++counter)
            seen += context_.contains({own.replica, counter}) ? 1 : 0;
        if (seen == 0) {
            state_.apply(update.op, update.at);
        } else if constexpr (requires { state_.apply(update.op, update.at, &context_); }) {
            if (op_of(update).code == OpCode::place) {
                state_.apply(update.op, update.at, &context_);
            } else {
                state_.take(update.op);
            }
        } else {
            state_.take(update.op);
        }
        context_.insert(own.replica, {own.first, own.last});
        context_.insert(Store::removes(update.op));
        return seen < own.size();
    }

    /// The update as a small state: joined into `before` it has the update's effect.
    [[nodiscard]] static Replicated delta(const Update& update, const Replicated& before) {
        CausalContext context;
        const DotRun own = dots_of(update);
        context.insert(own.replica, {own.first, own.last});
        context.insert(Store::removes(update.op));
        return Replicated(Store::delta(update.op, update.at, before.state_), std::move(context));
    }

    /// Least upper bound. O(n + m).
    void join(const Replicated& other) {
        state_.join(other.state_, context_, other.context_);
        context_.join(other.context_);
    }

    [[nodiscard]] const Store& operator*() const { return state_; }
    [[nodiscard]] const Store* operator->() const { return &state_; }
    [[nodiscard]] const CausalContext& context() const { return context_; }

    friend bool operator==(const Replicated&, const Replicated&) = default;

private:
    static const Op& op_of(const Update& update) {
        if constexpr (std::is_same_v<OpType, Op>) {
            return update.op;
        } else {
            return update.op.op;
        }
    }
    static DotRun dots_of(const Update& update) {
        const Dot& first = update.at.dot;
        return {first.replica, first.counter, first.counter + span(op_of(update)) - 1};
    }

    Store state_;
    CausalContext context_;
};

}  // namespace syncline

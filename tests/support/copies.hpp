#pragma once

#include "support/arbitrary.hpp"

#include <catch2/catch.hpp>

#include <utility>
#include <vector>

/// People who edit copies of one CRDT and meet: what the tables in the types' files are told with.
namespace syncline::testing {

/// One person's copy. Whoever edits sends to nobody until `meet`.
template <typename Store>
struct Copy {
    using Update = typename Replicated<Store>::Update;
    ReplicaId who;
    Replicated<Store> state;
    HlcClock clock;
    std::vector<Update> log;

    explicit Copy(const ReplicaId& id) : who(id) {}
    const Store* operator->() const { return &*state; }
    const Store& operator*() const { return *state; }

    Copy& does(typename Store::OpType op, std::uint64_t now = 0) {
        log.push_back(state.update(who, clock.tick(now), std::move(op)));
        return *this;
    }
    Copy& does(const std::vector<FieldOp>& ops) {
        for (const FieldOp& op : ops) does(op);
        return *this;
    }
    void hears(const Copy& other) {
        for (const Update& update : other.log) {
            clock.observe(update.at.hlc);
            if (state.apply(update)) log.push_back(update);
        }
    }
};

template <typename Store>
void meet(Copy<Store>& a, Copy<Store>& b) {
    const Copy<Store> before = a;
    const auto by_states = [](Replicated<Store> x, const Replicated<Store>& y) {
        x.join(y);
        return x;
    }(a.state, b.state);
    a.hears(b);
    b.hears(before);
    REQUIRE(a.state == b.state);
    REQUIRE(a.state == by_states);
}

}  // namespace syncline::testing

// W5: two replicas of a large map, with d keys that differ, become equal.
#include "replicas.hpp"
#include "row.hpp"
#include "syncline/document/exchange.hpp"
#include "workloads/workloads.hpp"

namespace syncline::bench {
namespace {

constexpr std::uint32_t keys = 100'000;
/// Some hundred rounds of the code without the large map.
constexpr std::uint32_t warm_up_keys = 2'000;
constexpr std::uint32_t warm_up_n = 1'000;

void set(Replica::Edit& edit, const MapSet& set) {
    edit.set(register_path(map_key(set.key)), std::int64_t{set.value});
}

/// What goes over the wire to tell what one has seen.
Bytes version(const Replica& replica) {
    wire::Writer out;
    wire::write_vector(out, replica.seen());
    return out.take();
}
VersionVector seen_by_sender(BytesView version) {
    wire::Reader in(version, wire::state_limits());
    auto seen = in.finish(wire::read_vector(in));
    check(seen.has_value(), "the version");
    return std::move(*seen);
}

// Each returns the bytes that went over the wire, both ways.

std::size_t sync(Replica& left, Replica& right) {
    const Bytes left_version = version(left);
    const Bytes right_version = version(right);
    const Bytes from_left = changes_since(left, seen_by_sender(right_version));
    const Bytes from_right = changes_since(right, seen_by_sender(left_version));
    take(left, from_right);
    take(right, from_left);
    return total_size({left_version, right_version, from_left, from_right});
}

std::size_t exchange(Replica& left, Replica& right) {
    ExchangeAsker asker;
    ExchangeAnswerer answerer;
    const Bytes question = asker.ask(left);
    const auto answer = answerer.answer(right, question);
    check(answer.has_value(), "an answer");
    const auto closing = asker.take(left, *answer);
    check(closing.has_value(), "an answer is taken");
    check(answerer.take(right, *closing).has_value(), "a closing is taken");
    return total_size({question, *answer, *closing});
}

void differing(const Run& run) {
    const auto sets = w5(run.warm ? warm_up_keys : keys, run.n);
    Replica left(replica_id(1));
    change(left, [&](Replica::Edit& edit) {
        for (const MapSet& one : sets.base) set(edit, one);
    });
    Replica right(replica_id(2));
    take(right, changes_since(left, right.seen()));
    const auto set_each = [](Replica& replica, const std::vector<MapSet>& sets_of_one) {
        for (const MapSet& one : sets_of_one)
            change(replica, [&](Replica::Edit& edit) { set(edit, one); });
    };
    set_each(left, sets.left);
    set_each(right, sets.right);

    Replica left_by_deltas = left;
    Replica right_by_deltas = right;
    std::size_t sent = 0;
    run.report("sync", "ms", time_ms([&] { sent = sync(left, right); }));
    run.report("changes sent", "B", static_cast<double>(sent));
    run.report("sync by deltas", "ms",
               time_ms([&] { sent = exchange(left_by_deltas, right_by_deltas); }));
    run.report("sent", "B", static_cast<double>(sent));
    for (const auto* changed : {&sets.left, &sets.right}) {
        for (const MapSet& one : *changed) {
            const Value value = std::int64_t{one.value};
            check(value_of(left, map_key(one.key)) == value, "a value on the left");
            check(value_of(right, map_key(one.key)) == value, "a value on the right");
        }
    }
    check(left.save() == right.save(), "the replicas are equal");
    check(left.save() == left_by_deltas.save(), "deltas bring what changes bring");
    check(left.save() == right_by_deltas.save(), "to both sides");
}

}  // namespace

std::vector<Row> w5_rows() {
    return {
        {"w5.10", 10, differing, warm_up_n},
        {"w5.1000", 1'000, differing, warm_up_n},
        {"w5.10000", 10'000, differing, warm_up_n},
    };
}

}  // namespace syncline::bench

// W1: increments on eight replicas, then everybody takes the deltas of all others.
#include "replicas.hpp"
#include "row.hpp"
#include "workloads/workloads.hpp"

namespace syncline::bench {
namespace {

void run(const Run& run) {
    const auto order = w1_replicas(run.n);
    auto all = replicas(replica_count);
    const double ms = time_ms([&] {
        for (const std::uint32_t i : order)
            change(all[i], [](Replica::Edit& edit) { edit.add(counter_path, 1); });
    });
    run.report("increments", "1/s", per_second(run.n, ms));

    // The replicas share nothing yet, so that the state of one is the delta that the others lack.
    auto by_changes = all;
    std::vector<Bytes> states;
    for (const Replica& one : all) states.push_back(one.save());
    run.report("deltas", "B", static_cast<double>(total_size(states)));
    run.report("exchange", "ms", time_ms([&] { exchange(all, states, join); }));

    std::vector<Bytes> changes;
    for (const Replica& one : by_changes) changes.push_back(changes_since(one, {}));
    run.report("changes", "B", static_cast<double>(total_size(changes)));
    run.report("take changes", "ms", time_ms([&] { exchange(by_changes, changes, take); }));

    for (std::size_t i = 0; i < all.size(); ++i) {
        const PnCounter& counter = all[i].root().at<PnCounter>(counter_path);
        check(counter.value() == std::int64_t{run.n}, "the total");
        check(all[i].save() == by_changes[i].save(), "states and changes bring the same");
    }
}

}  // namespace

std::vector<Row> w1_rows() { return {{"w1", 100'000, run}}; }

}  // namespace syncline::bench

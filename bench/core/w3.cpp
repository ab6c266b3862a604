// W3: adds and removes on eight replicas at once; what is left after everything was removed.
#include "replicas.hpp"
#include "row.hpp"
#include "workloads/workloads.hpp"

namespace syncline::bench {
namespace {

void add(Replica& replica, const std::string& element) {
    change(replica, [&](Replica::Edit& edit) { edit.insert(set_path, element); });
}
void remove(Replica& replica, const std::string& element) {
    change(replica, [&](Replica::Edit& edit) { edit.erase(set_path, element); });
}

void concurrently(const Run& run) {
    const auto operations = w3_operations(run.n);
    std::vector<std::string> names;
    for (const SetOperation& operation : operations)
        names.push_back(set_element(operation.element));
    auto all = replicas(replica_count);
    const double ms = time_ms([&] {
        for (std::size_t i = 0; i < operations.size(); ++i) {
            Replica& replica = all[operations[i].replica];
            if (operations[i].kind == SetKind::add)
                add(replica, names[i]);
            else
                remove(replica, names[i]);
        }
    });
    run.report("operations", "1/s", per_second(run.n, ms));

    auto by_states = all;
    std::vector<Bytes> deltas;
    for (const Replica& one : all) deltas.push_back(changes_since(one, {}));
    run.report("deltas", "B", static_cast<double>(total_size(deltas)));
    run.report("merge", "ms", time_ms([&] { exchange(all, deltas, take); }));

    std::vector<Bytes> states;
    for (const Replica& one : by_states) states.push_back(one.save());
    run.report("states", "B", static_cast<double>(total_size(states)));
    run.report("join states", "ms", time_ms([&] { exchange(by_states, states, join); }));

    const Bytes first = all[0].save();
    for (const Replica& one : all) check(one.save() == first, "all replicas are equal");
    for (const Replica& one : by_states)
        check(one.save() == first, "states and changes bring the same");
}

void left(const Run& run) {
    const auto [added, removed] = w3_left(run.n);
    Replica replica(replica_id(1));
    for (const std::uint32_t element : added) add(replica, set_element(element));
    for (const std::uint32_t element : removed) remove(replica, set_element(element));
    check(replica.root().at<OrSet>(set_path).size() == 0, "the set is empty");
    run.report("left", "B", static_cast<double>(replica.save().size()));
}

}  // namespace

std::vector<Row> w3_rows() {
    return {
        {"w3", 10'000, concurrently},
        {"w3.large", 100'000, concurrently},
        {"w3.left", 10'000, left},
    };
}

}  // namespace syncline::bench

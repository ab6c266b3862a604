// W2: a map of last-writer-wins registers.
#include "replicas.hpp"
#include "row.hpp"
#include "workloads/workloads.hpp"

namespace syncline::bench {
namespace {

struct NamedSet {
    std::string key;
    std::int64_t value = 0;
};
std::vector<NamedSet> named(const std::vector<MapSet>& sets) {
    std::vector<NamedSet> all;
    for (const MapSet& set : sets) all.push_back({map_key(set.key), std::int64_t{set.value}});
    return all;
}
void set_one(Replica::Edit& edit, const NamedSet& set) {
    edit.set(register_path(set.key), set.value);
}
void set_all(Replica& replica, const std::vector<NamedSet>& sets) {
    change(replica, [&](Replica::Edit& edit) {
        for (const NamedSet& set : sets) set_one(edit, set);
    });
}
Replica filled(std::uint32_t n) {
    Replica replica(replica_id(1));
    set_all(replica, named(w2_spread(n)));
    return replica;
}
std::size_t keys(const Replica& replica) { return replica.root().fields().size(); }

void set_in_one_change(const Run& run) {
    const auto sets = named(w2_spread(run.n));
    Replica replica(replica_id(1));
    run.report("sets", "1/s", per_second(run.n, time_ms([&] { set_all(replica, sets); })));
    check(keys(replica) == run.n, "the number of keys");
}

void update(const Run& run) {
    const auto sets = named(w2_spread(run.n));
    Replica from(replica_id(1));
    wire::ChangeStreamWriter out;
    std::vector<Bytes> updates;
    const double made = time_ms([&] {
        for (const NamedSet& set : sets)
            updates.push_back(
                out.write(change(from, [&](Replica::Edit& edit) { set_one(edit, set); })));
    });
    run.report("made", "1/s", per_second(run.n, made));
    run.report("update", "B", static_cast<double>(total_size(updates)) / run.n);
    // Many in one frame name replica and document once.
    const Bytes frame = changes_since(from, {});
    run.report("update in a frame", "B", static_cast<double>(frame.size()) / run.n);

    Replica to(replica_id(2));
    wire::ChangeStreamReader in;
    const double taken = time_ms([&] {
        for (const Bytes& update : updates) take_next(to, in, update);
    });
    run.report("taken", "1/s", per_second(run.n, taken));
    check(keys(to) == run.n, "the number of keys");
    check(to.save() == from.save(), "the replicas are equal");
}

/// Each can be read without any other.
void update_alone(const Run& run) {
    const auto sets = named(w2_spread(run.n));
    Replica from(replica_id(1));
    std::vector<Bytes> updates;
    const double made = time_ms([&] {
        for (const NamedSet& set : sets)
            updates.push_back(
                encoded(change(from, [&](Replica::Edit& edit) { set_one(edit, set); })));
    });
    run.report("made alone", "1/s", per_second(run.n, made));
    run.report("update alone", "B", static_cast<double>(total_size(updates)) / run.n);
    Replica to(replica_id(2));
    const double taken = time_ms([&] {
        for (const Bytes& update : updates) take(to, update);
    });
    run.report("taken alone", "1/s", per_second(run.n, taken));
    check(to.save() == from.save(), "the replicas are equal");
}

void merged(const Run& run) {
    const Replica from = filled(run.n);
    const Bytes delta = changes_since(from, {});
    run.report("delta", "B", static_cast<double>(delta.size()));
    Replica to(replica_id(2));
    run.report("taken", "ms", time_ms([&] { take(to, delta); }));
    check(keys(to) == run.n, "the number of keys");
}

void save(const Run& run) {
    const Replica replica = filled(run.n);
    const std::string first_key = map_key(0);
    Bytes bytes;
    run.report("save", "ms", time_ms([&] { bytes = replica.save(); }));
    run.report("saved", "B", static_cast<double>(bytes.size()));
    Value read;
    Replica loaded(replica_id(2));
    run.report("load", "ms", time_ms([&] {
                   join(loaded, bytes);
                   read = value_of(loaded, first_key);
               }));
    check(read == value_of(replica, first_key), "the value read");
    check(loaded.save() == bytes, "what was loaded is what was saved");
}

void held(const Run& run) {
    report_held(
        run,
        [](BytesView saved) {
            Replica replica(replica_id(2));
            join(replica, saved);
            return replica;
        },
        [&](const Replica& replica) { return keys(replica) == run.n; });
}

void hot(const Run& run) {
    const auto sets = named(w2_hot(run.n));
    Replica replica(replica_id(1));
    run.report("sets", "1/s", per_second(run.n, time_ms([&] { set_all(replica, sets); })));
    run.report("saved", "B", static_cast<double>(replica.save().size()));
}

}  // namespace

std::vector<Row> w2_rows() {
    constexpr std::uint32_t n = 100'000;
    return {
        {"w2.set", n, set_in_one_change},
        {"w2.update", n, update},
        {"w2.alone", n, update_alone},
        {"w2.merged", n, merged},
        {"w2.save", n, save},
        {"w2.memory", n, held, 0, [](const Run& run) { return filled(run.n).save(); }},
        {"w2.hot", n, hot},
    };
}

}  // namespace syncline::bench

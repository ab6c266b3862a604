// W4: the trace of one author, and two traces of several who write at once.
#include "row.hpp"
#include "traces.hpp"

namespace syncline::bench {
namespace {

/// Of the streams that a replica reads, one from each author.
using Readers = std::vector<wire::ChangeStreamReader>;

Replica typed(const std::vector<TextEdit>& edits) {
    Replica replica(replica_id(1));
    change(replica, [&](Replica::Edit& edit) {
        for (const TextEdit& one : edits) replay(edit, one);
    });
    return replica;
}

void paper(const Run& run) {
    const auto [edits, end] = sequential_trace(run.traces, run.n);
    Replica replica(replica_id(0));
    run.report("edit", "ms", time_ms([&, &edits = edits] { replica = typed(edits); }));
    Bytes bytes;
    run.report("save", "ms", time_ms([&] { bytes = replica.save(); }));
    run.report("saved", "B", static_cast<double>(bytes.size()));
    std::string text;
    Replica loaded(replica_id(2));
    run.report("load", "ms", time_ms([&] {
                   join(loaded, bytes);
                   text = text_of(loaded);
               }));
    check(text == end, "the text");
}

void update(const Run& run) {
    const auto [edits, end] = sequential_trace(run.traces, run.n);
    Replica from(replica_id(1));
    wire::ChangeStreamWriter out;
    std::vector<Bytes> updates;
    const double edited = time_ms([&, &edits = edits] {
        for (const TextEdit& one : edits)
            updates.push_back(
                out.write(change(from, [&](Replica::Edit& edit) { replay(edit, one); })));
    });
    run.report("edit", "ms", edited);
    run.report("update", "B", static_cast<double>(total_size(updates)) / run.n);
    const Bytes frame = changes_since(from, {});
    run.report("update in a frame", "B", static_cast<double>(frame.size()) / run.n);
    Replica to(replica_id(2));
    wire::ChangeStreamReader in;
    run.report("take", "ms", time_ms([&] {
                   for (const Bytes& update : updates) take_next(to, in, update);
               }));
    check(text_of(to) == end, "the text");
}

/// Each can be read without any other.
void update_alone(const Run& run) {
    const auto [edits, end] = sequential_trace(run.traces, run.n);
    Replica from(replica_id(1));
    std::vector<Bytes> updates;
    const double edited = time_ms([&, &edits = edits] {
        for (const TextEdit& one : edits)
            updates.push_back(
                encoded(change(from, [&](Replica::Edit& edit) { replay(edit, one); })));
    });
    run.report("edit alone", "ms", edited);
    run.report("update alone", "B", static_cast<double>(total_size(updates)) / run.n);
    Replica to(replica_id(2));
    run.report("take alone", "ms", time_ms([&] {
                   for (const Bytes& update : updates) take(to, update);
               }));
    check(text_of(to) == end, "the text");
}

void held(const Run& run) {
    report_held(
        run,
        [](BytesView saved) {
            Replica replica(replica_id(2));
            join(replica, saved);
            return replica;
        },
        [](const Replica& replica) { return !text_of(replica).empty(); });
}
Bytes typed_elsewhere(const Run& run) {
    return typed(sequential_trace(run.traces, run.n).edits).save();
}

/// Each author writes one stream, which everybody else reads.
void at_once(const Run& run, const std::string& name) {
    const ConcurrentTrace trace = concurrent_trace(run.traces, name, run.n);
    auto all = replicas(trace.agents);
    std::vector<wire::ChangeStreamWriter> out(trace.agents);
    std::vector<Readers> in(trace.agents, Readers(trace.agents));
    std::vector<Bytes> updates;
    const auto take_from = [&](Replica& replica, Readers& readers, std::size_t update) {
        take_next(replica, readers[trace.steps[update].agent], updates[update]);
    };
    const double edited = time_ms([&] {
        for (const auto& step : trace.steps) {
            Replica& replica = all[step.agent];
            for (const std::size_t earlier : step.takes)
                take_from(replica, in[step.agent], earlier);
            updates.push_back(out[step.agent].write(change(replica, [&](Replica::Edit& edit) {
                for (const TextEdit& one : step.edits) replay(edit, one);
            })));
        }
    });
    run.report("edit", "ms", edited);
    run.report("updates", "B", static_cast<double>(total_size(updates)));

    Replica reader(replica_id(trace.agents));
    Readers readers(trace.agents);
    run.report("take", "ms", time_ms([&] {
                   for (std::size_t i = 0; i < updates.size(); ++i) take_from(reader, readers, i);
               }));
    run.report("saved", "B", static_cast<double>(reader.save().size()));
    Replica& last = all[trace.steps.back().agent];
    check(last.take(*reader.changes_since(last.seen())).has_value(), "the last one takes the rest");
    check(last.save() == reader.save(), "the replicas are equal");
    if (trace.end) run.report("as recorded", "bool", text_of(reader) == *trace.end ? 1 : 0);
}

}  // namespace

std::vector<Row> w4_rows() {
    constexpr std::uint32_t edits = 259'778;
    return {
        {"w4.paper", edits, paper},
        {"w4.update", edits, update},
        {"w4.alone", edits, update_alone},
        {"w4.memory", edits, held, 0, typed_elsewhere},
        {"w4.clownschool", 23'136, [](const Run& run) { at_once(run, "clownschool"); }},
        {"w4.friendsforever", 26'078, [](const Run& run) { at_once(run, "friendsforever"); }},
    };
}

}  // namespace syncline::bench

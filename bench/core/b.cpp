// B1 to B3: one user, two at once, and 1,540 at once, after the kinds of crdt-benchmarks.
#include "row.hpp"
#include "traces.hpp"

namespace syncline::bench {
namespace {

constexpr std::uint32_t n = 6'000;

void apply(Replica::Edit& edit, const TextEdit& step) { replay(edit, step); }

void insert(Replica::Edit& edit, std::uint32_t index, std::vector<Value> values) {
    auto op = edit.root().at<List>(list_path).insert(index, std::move(values));
    check(op.has_value(), "an insert");
    edit.apply({list_path, std::move(*op)});
}
void apply(Replica::Edit& edit, const ListInsert& step) {
    std::vector<Value> values;
    for (const std::uint32_t value : step.values) values.emplace_back(std::int64_t{value});
    insert(edit, step.index, std::move(values));
}

/// Every edit as an update of a stream, at one replica; another takes them.
template <typename Step>
void one_user(const Run& run, const std::vector<Step>& steps) {
    Replica from(replica_id(1));
    wire::ChangeStreamWriter out;
    std::vector<Bytes> updates;
    const double edited = time_ms([&] {
        for (const Step& step : steps)
            updates.push_back(
                out.write(change(from, [&](Replica::Edit& edit) { apply(edit, step); })));
    });
    run.report("edit", "ms", edited);
    run.report("updates", "B", static_cast<double>(total_size(updates)));
    Replica to(replica_id(2));
    wire::ChangeStreamReader in;
    run.report("take", "ms", time_ms([&] {
                   for (const Bytes& update : updates) take_next(to, in, update);
               }));
    run.report("saved", "B", static_cast<double>(to.save().size()));
    check(to.save() == from.save(), "the replicas are equal");
}

void two_users(const Run& run, std::uint32_t kind) {
    const auto [initial, users] = b2(kind, run.n);
    auto both = replicas(2);
    take(both[1], encoded(change(both[0], [&, &text = initial](Replica::Edit& edit) {
             replay(edit, {0, 0, text});
         })));
    std::vector<wire::ChangeStreamWriter> out(2);
    std::vector<wire::ChangeStreamReader> in(2);
    std::vector<std::vector<Bytes>> updates(2);
    const double edited = time_ms([&, &edits = users] {
        for (std::size_t user = 0; user < 2; ++user) {
            for (const TextEdit& one : edits[user])
                updates[user].push_back(out[user].write(
                    change(both[user], [&](Replica::Edit& edit) { replay(edit, one); })));
        }
    });
    run.report("edit", "ms", edited);
    run.report("updates", "B",
               static_cast<double>(total_size(updates[0]) + total_size(updates[1])));
    run.report("take", "ms", time_ms([&] {
                   for (std::size_t user = 0; user < 2; ++user)
                       for (const Bytes& update : updates[1 - user])
                           take_next(both[user], in[user], update);
               }));
    run.report("saved", "B", static_cast<double>(both[0].save().size()));
    check(both[0].save() == both[1].save(), "the replicas are equal");
}

void write_as(std::uint32_t kind, Replica::Edit& edit, const ClientWrite& write) {
    switch (kind) {
        case 1: edit.set(register_path("v"), std::int64_t{write.number}); break;
        case 2:
            edit.set(register_path("v"),
                     Value::Map{{"name", write.texts[0]}, {"address", write.texts[1]}});
            break;
        case 3: edit.set(register_path("v"), write.texts[0]); break;
        default: insert(edit, 0, {write.texts[0]});
    }
}
void many_users(const Run& run, std::uint32_t kind) {
    const auto writes = b3(kind, run.n);
    std::vector<Bytes> updates;
    for (const ClientWrite& write : writes) {
        Replica client(replica_id(1 + static_cast<std::uint32_t>(updates.size())));
        updates.push_back(
            encoded(change(client, [&](Replica::Edit& edit) { write_as(kind, edit, write); })));
    }
    run.report("updates", "B", static_cast<double>(total_size(updates)));
    Replica reader(replica_id(0));
    const double ms = time_ms([&] {
        for (const Bytes& update : updates) take(reader, update);
    });
    run.report("taken", "1/s", per_second(updates.size(), ms));
    run.report("saved", "B", static_cast<double>(reader.save().size()));
    if (kind == 4)
        check(reader.root().at<List>(list_path).size() == writes.size(), "the length of the list");
    else
        check(!value_of(reader, "v").is_null(), "the value");
}

}  // namespace

std::vector<Row> b_rows() {
    std::vector<Row> rows;
    const auto add = [&](std::string name, std::function<void(const Run&)> run) {
        rows.push_back({std::move(name), n, std::move(run)});
    };
    for (std::uint32_t kind = 1; kind <= 7; ++kind)
        add("b1." + std::to_string(kind),
            [=](const Run& run) { one_user(run, b1_text(kind, run.n)); });
    for (std::uint32_t kind = 8; kind <= 11; ++kind)
        add("b1." + std::to_string(kind),
            [=](const Run& run) { one_user(run, b1_list(kind, run.n)); });
    for (std::uint32_t kind = 1; kind <= 4; ++kind)
        add("b2." + std::to_string(kind), [=](const Run& run) { two_users(run, kind); });
    for (std::uint32_t kind = 1; kind <= 4; ++kind)
        add("b3." + std::to_string(kind), [=](const Run& run) { many_users(run, kind); });
    return rows;
}

}  // namespace syncline::bench

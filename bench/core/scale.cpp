// Scale: documents of 10,000 to 1,000,000 entries of each kind. What one edit costs, and the
// longest pause among ten thousand of them, must not grow with the document (but by a logarithm).
#include "replicas.hpp"
#include "row.hpp"
#include "workloads/workloads.hpp"

#include <algorithm>

namespace syncline::bench {
namespace {

constexpr std::uint32_t edits = 10'000;
constexpr std::uint32_t entries_a_change = 1'000;
/// Entries come in pieces, at random places: what many sessions leave, not what one import does.
constexpr std::uint32_t entries_a_piece = 10;

/// How a document of a kind is filled with `n` entries, and edited at a random place of them.
struct Kind {
    std::string name;
    void (*fill)(Replica::Edit& edit, Random& random, std::uint32_t from, std::uint32_t to);
    void (*edit)(Replica::Edit& edit, Random& random, std::uint32_t number, std::uint32_t n);
    std::size_t (*size)(const Replica& replica);
};

void set(Replica::Edit& edit, std::uint32_t key, std::int64_t value) {
    edit.set(register_path(map_key(key)), value);
}
void fill_map(Replica::Edit& edit, Random&, std::uint32_t from, std::uint32_t to) {
    for (std::uint32_t i = from; i < to; ++i) set(edit, i, i);
}
void edit_map(Replica::Edit& edit, Random& random, std::uint32_t number, std::uint32_t n) {
    set(edit, random.below(2 * n), number);
}

void fill_set(Replica::Edit& edit, Random&, std::uint32_t from, std::uint32_t to) {
    for (std::uint32_t i = from; i < to; ++i) edit.insert(set_path, set_element(i));
}
void edit_set(Replica::Edit& edit, Random& random, std::uint32_t number, std::uint32_t n) {
    const std::string element = set_element(random.below(2 * n));
    if (number % 2 == 0)
        edit.insert(set_path, element);
    else
        edit.erase(set_path, element);
}

void insert(Replica::Edit& edit, std::uint32_t index, std::vector<Value> values) {
    auto op = edit.root().at<List>(list_path).insert(index, std::move(values));
    check(op.has_value(), "an insert");
    edit.apply({list_path, std::move(*op)});
}
void fill_list(Replica::Edit& edit, Random& random, std::uint32_t from, std::uint32_t to) {
    for (std::uint32_t i = from; i < to; i += entries_a_piece)
        insert(edit, random.below(i + 1), std::vector<Value>(entries_a_piece, std::int64_t{i}));
}
void edit_list(Replica::Edit& edit, Random& random, std::uint32_t number, std::uint32_t) {
    const std::uint32_t place = random.below(edit.root().at<List>(list_path).size());
    if (number % 2 == 0) return insert(edit, place, {std::int64_t{number}});
    auto ops = edit.root().at<List>(list_path).erase(list_path, place, 1, edit.author());
    check(ops.has_value(), "an erase");
    for (FieldOp& op : *ops) edit.apply(std::move(op));
}

void fill_text(Replica::Edit& edit, Random& random, std::uint32_t from, std::uint32_t to) {
    for (std::uint32_t i = from; i < to; i += entries_a_piece)
        check(edit.insert(text_path, random.below(i + 1), "ten bytes.").has_value(), "an insert");
}
void edit_text(Replica::Edit& edit, Random& random, std::uint32_t number, std::uint32_t) {
    const std::uint32_t place = random.below(edit.root().at<Text>(text_path).size());
    if (number % 2 == 0)
        check(edit.insert(text_path, place, "x").has_value(), "an insert");
    else
        check(edit.erase(text_path, place, 1).has_value(), "an erase");
}

const std::vector<Kind> kinds{
    {"map", fill_map, edit_map, [](const Replica& r) { return r.root().fields().size(); }},
    {"set", fill_set, edit_set,
     [](const Replica& r) { return r.root().at<OrSet>(set_path).size(); }},
    {"list", fill_list, edit_list,
     [](const Replica& r) -> std::size_t { return r.root().at<List>(list_path).size(); }},
    {"text", fill_text, edit_text,
     [](const Replica& r) -> std::size_t { return r.root().at<Text>(text_path).size(); }},
};

Bytes filled(const Kind& kind, std::uint32_t n) {
    Random random(1007);
    Replica replica(replica_id(1));
    for (std::uint32_t i = 0; i < n; i += entries_a_change) {
        change(replica,
               [&](Replica::Edit& edit) { kind.fill(edit, random, i, i + entries_a_change); });
        replica.forget_log();
    }
    return replica.save();
}

void grown(const Kind& kind, const Run& run) {
    const Bytes saved = read_file(run.saved_path);
    Replica replica(replica_id(2));
    run.report("load", "ms", time_ms([&] { join(replica, saved); }));
    check(kind.size(replica) == run.n, "the number of entries");

    Random random(1008);
    std::vector<double> pauses;
    for (std::uint32_t i = 0; i < edits; ++i) {
        const double begin = clock_ms();
        change(replica, [&](Replica::Edit& edit) { kind.edit(edit, random, i, run.n); });
        pauses.push_back(1'000 * (clock_ms() - begin));
    }
    std::sort(pauses.begin(), pauses.end());
    run.report("edit", "us", pauses[edits / 2]);
    run.report("longest edit", "us", pauses.back());

    Bytes again;
    run.report("save", "ms", time_ms([&] { again = replica.save(); }));
    run.report("saved", "B", static_cast<double>(again.size()));
}

}  // namespace

std::vector<Row> scale_rows() {
    std::vector<Row> rows;
    for (const Kind& kind : kinds) {
        for (const std::uint32_t n : {10'000u, 100'000u, 1'000'000u})
            rows.push_back({"scale." + kind.name + "." + std::to_string(n), n,
                            [&kind](const Run& run) { grown(kind, run); }, 0,
                            [&kind](const Run& run) { return filled(kind, run.n); }});
    }
    return rows;
}

}  // namespace syncline::bench

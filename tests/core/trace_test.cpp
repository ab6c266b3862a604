// Real editing sessions, replayed (see the README beside the files for who recorded them). They are
// not part of the project: SYNCLINE_TRACES names the folder that holds them.
#include "support/arbitrary.hpp"
#include "support/naive_fugue.hpp"
#include "support/process.hpp"
#include "support/temporary_directory.hpp"
#include "syncline/document/json.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>

using namespace syncline;
using namespace syncline::testing;

namespace {

struct Patch {
    std::uint32_t at = 0;
    std::uint32_t erased = 0;
    std::string inserted;
};
struct Transaction {
    std::size_t agent = 0;
    std::vector<std::size_t> parents;
    std::vector<Patch> patches;
};
struct Trace {
    std::string start;
    std::string end;
    std::size_t agents = 1;
    std::vector<Transaction> transactions;
};

std::size_t number(const Value& value) { return static_cast<std::size_t>(*value.integer()); }

/// None, after a word about why, when the file is not there.
std::optional<Trace> load(const std::string& name) {
    const char* folder = std::getenv("SYNCLINE_TRACES");
    if (folder == nullptr) {
        WARN("skipped: SYNCLINE_TRACES does not name the folder with the editing traces");
        return std::nullopt;
    }
    const std::string path = std::string(folder) + "/" + name + ".json.gz";
    if (!std::filesystem::exists(path)) {
        WARN("skipped: there is no " << path);
        return std::nullopt;
    }
    const test::TemporaryDirectory directory;
    const auto unpacked = test::run({"/bin/gzip", "-dc", path}, directory.path());
    REQUIRE(unpacked.code == 0);
    const auto json = parse_json(unpacked.out);
    REQUIRE(json);
    Trace trace;
    if (const Value* start = json->find("startContent")) trace.start = *start->text();
    trace.end = *json->find("endContent")->text();
    if (const Value* agents = json->find("numAgents")) trace.agents = number(*agents);
    for (const Value& item : *json->find("txns")->array()) {
        Transaction& made = trace.transactions.emplace_back();
        if (const Value* agent = item.find("agent")) made.agent = number(*agent);
        if (const Value* parents = item.find("parents")) {
            for (const Value& parent : *parents->array()) made.parents.push_back(number(parent));
        }
        for (const Value& patch : *item.find("patches")->array()) {
            const Value::Array& parts = *patch.array();
            made.patches.push_back({static_cast<std::uint32_t>(number(parts[0])),
                                    static_cast<std::uint32_t>(number(parts[1])),
                                    *parts[2].text()});
        }
    }
    return trace;
}

/// One person's copy of the text, who makes their transactions and hears of the others'.
struct Writer {
    using Update = Replicated<Text>::Update;
    ReplicaId who;
    Replicated<Text> text;
    HlcClock clock;

    std::vector<Update> make(const Transaction& transaction) {
        std::vector<Update> made;
        const auto does = [&](Result<Op> op) {
            REQUIRE(op);
            made.push_back(text.update(who, clock.tick(0), *std::move(op)));
        };
        for (const Patch& patch : transaction.patches) {
            if (patch.erased > 0) does(text->erase(patch.at, patch.erased));
            if (!patch.inserted.empty()) does(text->insert(patch.at, patch.inserted));
        }
        return made;
    }
    void hear(const std::vector<Update>& made) {
        for (const Update& update : made) {
            clock.observe(update.at.hlc);
            REQUIRE(text.apply(update));
        }
    }
};

/// Its state as bytes, and back.
void check_storage(const Replicated<Text>& text) {
    OrMap map;
    map.insert({"text", Type::text}, Node(*text));
    const Bytes bytes = wire::encode_state(map, text.context());
    const auto back = wire::decode_state(bytes, wire::state_limits());
    REQUIRE(back);
    CHECK(back->first == map);
    CHECK(wire::encode_state(back->first, back->second) == bytes);
}

/// What a naive tree makes of the same places.
void check_order(const Replicated<Text>& text) {
    NaiveFugue tree;
    std::vector<Dot> order;
    const auto& runs = text->order();
    runs.for_each_by_dot([&](const Text::Order::Run& run) {
        tree.add({runs.authors()[run.author], run.first}, run.length, {runs.parent(run), run.side});
    });
    for (const auto* run = runs.front(); run != nullptr; run = Text::Order::next(*run)) {
        for (std::uint32_t i = 0; i < run->length; ++i)
            order.push_back({runs.authors()[run->author], run->first + i});
    }
    CHECK(order == tree.order());
}

/// How many elements share parent and side with another: only there the replica ids decide.
std::size_t siblings(const Replicated<Text>& text) {
    std::map<std::pair<Dot, Side>, std::size_t> children;
    const auto& runs = text->order();
    runs.for_each_by_dot([&](const Text::Order::Run& run) {
        ++children[{runs.parent(run), run.side}];
        for (std::uint32_t i = 0; i + 1 < run.length; ++i)
            ++children[{Dot{runs.authors()[run.author], run.first + i}, Side::right}];
    });
    std::size_t count = 0;
    for (const auto& [place, several] : children) count += several > 1 ? several : 0;
    return count;
}

/// Everybody makes their transactions, each after hearing of exactly what its author had seen.
std::vector<Writer> replay(const Trace& trace, bool ids_descend) {
    std::vector<Writer> writers(trace.agents);
    for (std::size_t i = 0; i < writers.size(); ++i)
        writers[i].who = replica(ids_descend ? writers.size() - i : i);
    if (!trace.start.empty()) {
        Transaction start;
        start.patches.push_back({0, 0, trace.start});
        const auto made = writers[0].make(start);
        for (std::size_t i = 1; i < writers.size(); ++i) writers[i].hear(made);
    }
    std::vector<std::vector<Writer::Update>> made;
    std::vector<std::vector<bool>> heard(writers.size(),
                                         std::vector<bool>(trace.transactions.size(), false));
    const auto hear_until = [&](std::size_t who, const std::vector<std::size_t>& parents) {
        std::vector<std::size_t> missing;
        std::vector<std::size_t> todo = parents;
        while (!todo.empty()) {
            const std::size_t next = todo.back();
            todo.pop_back();
            if (heard[who][next]) continue;
            heard[who][next] = true;
            missing.push_back(next);
            const auto& above = trace.transactions[next].parents;
            todo.insert(todo.end(), above.begin(), above.end());
        }
        std::sort(missing.begin(), missing.end());
        for (const std::size_t next : missing) writers[who].hear(made[next]);
    };
    for (std::size_t i = 0; i < trace.transactions.size(); ++i) {
        const Transaction& transaction = trace.transactions[i];
        hear_until(transaction.agent, transaction.parents);
        made.push_back(writers[transaction.agent].make(transaction));
        heard[transaction.agent][i] = true;
    }
    std::vector<std::size_t> all(trace.transactions.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
    for (std::size_t who = 0; who < writers.size(); ++who) hear_until(who, all);
    return writers;
}

}  // namespace

TEST_CASE("the writing of a paper, keystroke by keystroke, ends in its text", "[trace]") {
    const auto trace = load("automerge-paper");
    if (!trace) return;
    Writer writer{alice, {}, {}};
    for (const Transaction& transaction : trace->transactions) (void)writer.make(transaction);
    CHECK(writer.text->str() == trace->end);
    check_order(writer.text);
    check_storage(writer.text);
    std::cout << "automerge-paper: " << writer.text->order().runs() << " runs, "
              << writer.text->order().measure().slots << " elements\n";
}

TEST_CASE("people who write at once end in one text", "[trace]") {
    const std::string name = GENERATE("friendsforever", "clownschool");
    const bool ids_descend = GENERATE(false, true);
    CAPTURE(name, ids_descend);
    const auto trace = load(name);
    if (!trace) return;
    const auto writers = replay(*trace, ids_descend);
    for (const Writer& writer : writers) {
        CHECK(writer.text == writers.front().text);
        check_order(writer.text);
    }
    check_storage(writers.front().text);
    CHECK(writers.front().text->str() == trace->end);
    std::cout << name << ": " << writers.front().text->order().runs() << " runs, "
              << siblings(writers.front().text) << " siblings\n";
}

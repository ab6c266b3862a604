#include "syncline/document/history.hpp"

#include "syncline/document/json.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace syncline;

namespace {

ReplicaId id_of(unsigned n) {
    ReplicaId id;
    id.bytes[0] = static_cast<std::byte>(n);
    return id;
}
const Path title{{"title", Type::lww_register}};
const Path votes{{"votes", Type::pn_counter}};
const Path notes{{"notes", Type::text}};
const Path steps{{"steps", Type::list}};
const Path city{{"address", Type::map}, {"city", Type::lww_register}};

void edit_something(std::mt19937_64& random, Replica::Edit& edit) {
    const auto below = [&](std::uint32_t bound) {
        return static_cast<std::uint32_t>(random() % bound);
    };
    const auto all = [&](std::vector<FieldOp> ops) {
        for (FieldOp& op : ops) edit.apply(std::move(op));
    };
    const List& list = edit.root().at<List>(steps);
    const std::uint32_t length = edit.root().at<Text>(notes).size();
    switch (below(8)) {
        case 0: edit.set(title, static_cast<std::int64_t>(below(9))); break;
        case 1: edit.set(city, static_cast<std::int64_t>(below(9))); break;
        case 2: edit.add(votes, 1); break;
        case 3: all(edit.root().clear({city.front()}, edit.author())); break;
        case 4:
            edit.apply({steps, *list.insert(below(list.size() + 1), Value::Array{Value("x")})});
            break;
        case 5:
            if (list.size() > 0) all(*list.erase(steps, below(list.size()), 1, edit.author()));
            break;
        case 6:
            if (length > 0) (void)edit.erase(notes, below(length), 1);
            break;
        default: (void)edit.insert(notes, below(length + 1), "ab");
    }
}

std::vector<std::string> told(const std::vector<HistoryEntry>& entries) {
    std::vector<std::string> lines;
    for (const HistoryEntry& entry : entries) {
        std::string line = std::to_string(entry.hlc.ms()) + " " + entry.message;
        const Value value = to_value(entry);
        for (const Value& edit : *value.find("edits")->array())
            line += " " + *edit.find("op")->text();
        lines.push_back(line);
    }
    return lines;
}

}  // namespace

TEST_CASE("a document can be had as it was at every version that somebody saw", "[core][history]") {
    const auto seed = GENERATE(range(0u, 100u));
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    std::vector<Replica> replicas;
    for (unsigned i = 1; i <= 3; ++i) replicas.emplace_back(id_of(i));
    std::vector<std::pair<VersionVector, OrMap>> versions;
    for (unsigned step = 0; step < 40; ++step) {
        Replica& me = replicas[random() % 3];
        if (random() % 3 != 0) {
            me.change(1'000 + step, [&](Replica::Edit& edit) {
                for (std::size_t n = random() % 3 + 1; n > 0; --n) edit_something(random, edit);
            });
        } else {
            REQUIRE(me.take(*replicas[random() % 3].changes_since(me.seen())));
        }
        versions.emplace_back(me.seen(), me.root());
    }
    for (Replica& me : replicas) {
        for (const Replica& other : replicas) REQUIRE(me.take(*other.changes_since(me.seen())));
    }
    for (const auto& [seen, root] : versions) {
        const auto was = as_of(replicas.front(), seen);
        REQUIRE(was);
        REQUIRE(was->root() == root);
    }
}

TEST_CASE("a version that is not here, or that nobody saw, is refused", "[core][history]") {
    Replica alice(id_of(1));
    Replica bob(id_of(2));
    alice.change(1, [](auto& edit) { edit.set(title, "one"); });
    REQUIRE(bob.take(*alice.changes_since({})));
    bob.change(2, [](auto& edit) { edit.set(title, "two"); });
    VersionVector later = alice.seen();
    later.raise(id_of(1), 2);
    CHECK(as_of(alice, later).error().code == ErrorCode::not_found);
    VersionVector only_bob;
    only_bob.raise(id_of(2), 1);
    CHECK(as_of(bob, only_bob).error().code == ErrorCode::invalid_argument);
    CHECK(as_of(bob, {})->root().empty());
    bob.forget_log();
    CHECK(as_of(bob, bob.seen()).error().code == ErrorCode::not_found);
}

TEST_CASE("a field's history has what was done to it, in it and around it", "[core][history]") {
    Replica alice(id_of(1));
    alice.change(1, [](auto& edit) {
        edit.set(title, "one");
        edit.set(city, "Oslo");
    });
    alice.change(2, [](auto& edit) { edit.add(votes, 1); });
    alice.change(3, [](auto& edit) {
        for (FieldOp& op : edit.root().clear({city.front()}, edit.author()))
            edit.apply(std::move(op));
    });
    alice.change(4, [](auto& edit) { edit.set(title, "two"); });
    CHECK(told(history(alice, title)) == std::vector<std::string>{"1  set", "4  set"});
    CHECK(told(history(alice, city)) == std::vector<std::string>{"1  set", "3  clear"});
    CHECK(told(history(alice, {city.front()})) == std::vector<std::string>{"1  set", "3  clear"});
    CHECK(told(history(alice, votes)) == std::vector<std::string>{"2  add"});
    CHECK(history(alice, {}).size() == 4);
    CHECK(history(alice, notes).empty());
}

TEST_CASE("an element's history has its insertion, its moves and its end, and no neighbour's",
          "[core][history]") {
    Replica alice(id_of(1));
    alice.change(1, [](auto& edit) {
        edit.apply({steps, *edit.root().template at<List>(steps).insert(
                               0, Value::Array{Value("a"), Value("b"), Value("c")})});
    });
    const Dot b = *alice.root().at<List>(steps).id(1);
    alice.change(2, [](auto& edit) {
        edit.apply({steps, *edit.root().template at<List>(steps).move(0, 2)});  // a
    });
    alice.change(3, [](auto& edit) {
        edit.apply({steps, *edit.root().template at<List>(steps).move(0, 2)});  // b
    });
    Path of_b = steps;
    of_b.emplace_back(b, Type::lww_register);
    CHECK(told(history(alice, of_b)) == std::vector<std::string>{"1  place", "3  move"});
}

TEST_CASE("an entry reads as JSON", "[core][history]") {
    Replica alice(id_of(1));
    alice.change(1'700'000'000'000, [](auto& edit) {
        edit.set(city, "Oslo");
        edit.add(votes, -2);
    });
    const auto entries = history(alice, {});
    REQUIRE(entries.size() == 1);
    CHECK(to_json(to_value(entries.front())) ==
          R"({"author":"01000000-0000-0000-0000-000000000000","edits":[)"
          R"({"field":["address","city"],"op":"set","type":"register","value":"Oslo"},)"
          R"({"amount":-2,"field":["votes"],"op":"add","type":"pn_counter"}],)"
          R"("first":1,"stamp_ms":1700000000000})");
}

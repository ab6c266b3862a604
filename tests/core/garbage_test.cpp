// What is gone leaves nothing behind: neither in memory (an empty map is empty) nor in bytes.

#include "syncline/crdt/replicated.hpp"
#include "syncline/document/replica.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace syncline;

namespace {

ReplicaId id_of(unsigned n) {
    ReplicaId id;
    id.bytes[0] = static_cast<std::byte>(n);
    return id;
}
const Path tags{{"tags", Type::or_set}};

void apply_all(Replica::Edit& edit, std::vector<FieldOp> ops) {
    for (FieldOp& op : ops) edit.apply(std::move(op));
}
Path key(std::uint32_t n) { return {{"k" + std::to_string(n), Type::lww_register}}; }

constexpr std::uint32_t many = 100'000;
constexpr std::size_t little = 1'024;

}  // namespace

TEST_CASE("a set of 100,000 elements, added and removed, is as good as none", "[core][garbage]") {
    Replica alice(id_of(1));
    for (std::uint32_t n = 0; n < many; ++n)
        alice.change(n, [&](auto& edit) { edit.insert(tags, static_cast<std::int64_t>(n)); });
    CHECK(alice.save().size() > little);
    for (std::uint32_t n = 0; n < many; ++n)
        alice.change(many + n, [&](auto& edit) { edit.erase(tags, static_cast<std::int64_t>(n)); });
    CHECK(alice.root().empty());
    CHECK(alice.save().size() < little);
}

TEST_CASE("a map of 100,000 fields, set and removed, is as good as none", "[core][garbage]") {
    Replica alice(id_of(1));
    alice.change(1, [](auto& edit) {
        for (std::uint32_t n = 0; n < many; ++n) edit.set(key(n), static_cast<std::int64_t>(n));
    });
    CHECK(alice.save().size() > little);
    SECTION("one by one") {
        alice.change(2, [](auto& edit) {
            for (std::uint32_t n = 0; n < many; ++n)
                apply_all(edit, edit.root().clear(key(n), edit.author()));
        });
    }
    SECTION("all at once") {
        alice.change(2, [](auto& edit) { apply_all(edit, edit.root().clear({}, edit.author())); });
    }
    CHECK(alice.root().empty());
    CHECK(alice.save().size() < little);
}

TEST_CASE("one element added and removed a million times is one element", "[core][garbage]") {
    const std::uint32_t rounds = 1'000'000;
    Replicated<OrSet> set;
    HlcClock clock;
    std::size_t before = 0;
    for (std::uint32_t round = 0; round < rounds; ++round) {
        (void)set.update(id_of(1), clock.tick(round), set->insert("x"));
        if (round == 1'000) before = wire::encode_state(OrMap(), set.context()).size();
        (void)set.update(id_of(1), clock.tick(round), set->erase("x"));
    }
    CHECK(set->empty());
    CHECK(set.context().exceptions().empty());
    // A counter of six digits takes a byte or two more than one of four.
    CHECK(wire::encode_state(OrMap(), set.context()).size() <= before + 4);
}

TEST_CASE("a field set and removed a million times leaves nothing", "[core][garbage]") {
    const std::uint32_t rounds = 1'000'000;
    OrMap map;
    Event at{{id_of(1), 1}, Hlc{1}};
    for (std::uint32_t round = 0; round < rounds; ++round) {
        map.apply({key(0), map.at<LwwRegister>(key(0)).set(true)}, at);
        ++at.dot.counter;
        for (const FieldOp& op : map.clear(key(0), id_of(1))) {
            map.apply(op, at);
            ++at.dot.counter;
        }
    }
    CHECK(map == OrMap());
}

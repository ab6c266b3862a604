#pragma once

#include "syncline/sync/relay_storage.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <memory>
#include <string>

namespace syncline::test {

/// What every RelayStorage promises. `storage` is empty; `reopen` closes it and opens it again.
inline void check_relay_storage_contract(RelayStorage& fresh,
                                         const std::function<RelayStorage&()>& reopen) {
    RelayStorage* storage = &fresh;
    ReplicaId alice, bob;
    alice.bytes.fill(std::byte{0xA1});
    bob.bytes.fill(std::byte{0xB0});
    const std::uint64_t high = ~std::uint64_t{0};
    EpochId epoch;
    epoch.bytes.fill(std::byte{0xE1});
    const auto row = [](std::uint64_t first, std::uint64_t count, std::uint64_t salt,
                        std::size_t size) {
        return LogRow{first, count, salt, Bytes(size, static_cast<std::byte>(first))};
    };
    const auto same = [](const LogRow& a, const LogRow& b) {
        return a.first == b.first && a.count == b.count && a.salt == b.salt &&
               a.changes == b.changes;
    };

    // Nothing is there yet.
    REQUIRE(storage->registration("t", alice).value() == std::nullopt);
    REQUIRE(!storage->find_space("t", "team").value());

    // A transaction that is rolled back leaves nothing.
    REQUIRE(storage->begin());
    REQUIRE(storage->put_registration("t", alice, {7, "sub"}));
    const auto discarded = storage->create_space("t", "team", epoch);
    REQUIRE(discarded);
    REQUIRE(storage->append(discarded->id, row(1, 2, 9, 10)));
    CHECK(storage->read(discarded->id, 0, 1000).value().size() == 1);  // its own view
    storage->rollback();
    CHECK(storage->registration("t", alice).value() == std::nullopt);
    CHECK(!storage->find_space("t", "team").value());
    CHECK(storage->read(discarded->id, 0, 1000).value().empty());
    storage->rollback();  // harmless without a transaction

    REQUIRE(storage->begin());
    REQUIRE(storage->put_registration("t", alice, {high, "sub"}));
    REQUIRE(storage->put_registration("t", bob, {1, ""}));
    const auto team = storage->create_space("t", "team", epoch).value();
    const auto other = storage->create_space("", "team", epoch).value();
    CHECK(team.id != other.id);
    CHECK(team.epoch == epoch);
    REQUIRE(storage->append(team.id, row(1, 2, high, 10)));
    REQUIRE(storage->append(other.id, row(1, 1, 5, 0)));
    REQUIRE(storage->append(team.id, row(3, 1, 0, 70'000)));
    REQUIRE(storage->append(team.id, row(4, 6, 77, 20)));
    Hash hash;
    hash.bytes.fill(std::byte{0x55});
    REQUIRE(storage->put_heads(team.id, {{alice, {8, hash}, Hlc{high}}, {bob, {1, {}}, Hlc{1}}}));
    SpaceRecord record = team;
    record.fork = 3;
    record.regressed = true;
    record.heads_at = 9;
    record.highest = Hlc{high};
    REQUIRE(storage->put_space(record));
    REQUIRE(storage->commit());

    for (const bool again : {false, true}) {
        CAPTURE(again);
        if (again) storage = &reopen();
        const auto known = storage->registration("t", alice).value();
        REQUIRE(known);
        CHECK((known->nonce == high && known->subject == "sub"));
        CHECK(storage->registration("", alice).value() == std::nullopt);
        const auto found = storage->find_space("t", "team").value();
        REQUIRE(found);
        CHECK((found->id == team.id && found->epoch == epoch && found->fork == 3 &&
               found->regressed && found->heads_at == 9 && found->highest == Hlc{high}));
        CHECK(storage->find_space("", "team").value()->id == other.id);
        CHECK(!storage->find_space("t", "Team").value());
        const auto heads = storage->heads(team.id).value();
        REQUIRE(heads.size() == 2);
        CHECK((heads[0].replica == alice && heads[0].head == ChainHead{8, hash} &&
               heads[0].stamp == Hlc{high}));
        CHECK(storage->heads(other.id).value().empty());

        const auto all = storage->read(team.id, 0, 1'000'000).value();
        REQUIRE(all.size() == 3);
        CHECK(same(all[0], row(1, 2, high, 10)));
        CHECK(same(all[1], row(3, 1, 0, 70'000)));
        CHECK(same(all[2], row(4, 6, 77, 20)));
        CHECK(storage->read(team.id, 2, 1'000'000).value().size() == 2);
        CHECK(storage->read(team.id, 9, 1'000'000).value().empty());
        CHECK(storage->read(team.id, 0, 1).value().size() == 1);       // at least one
        CHECK(storage->read(team.id, 0, 50'000).value().size() == 2);  // until it is passed
        CHECK(storage->read(other.id, 0, 1).value().size() == 1);

        CHECK(storage->salt_at(team.id, 2).value() == high);
        CHECK(storage->salt_at(team.id, 3).value() == 0);
        CHECK(storage->salt_at(team.id, 9).value() == 77);
        CHECK(storage->salt_at(team.id, 1).value() == std::nullopt);  // inside a row
        CHECK(storage->salt_at(team.id, 5).value() == std::nullopt);
        CHECK(storage->salt_at(team.id, 10).value() == std::nullopt);
    }

    // Later values replace earlier ones, and a rollback brings those back.
    REQUIRE(storage->begin());
    REQUIRE(storage->put_registration("t", bob, {2, "new"}));
    REQUIRE(storage->append(team.id, row(10, 1, 1, 1)));
    storage->rollback();
    CHECK(storage->registration("t", bob).value()->nonce == 1);
    CHECK(storage->read(team.id, 9, 1).value().empty());
    REQUIRE(storage->begin());
    REQUIRE(storage->put_registration("t", bob, {2, "new"}));
    REQUIRE(storage->put_heads(team.id, {{bob, {4, hash}, Hlc{9}}}));
    REQUIRE(storage->append(team.id, row(10, 1, 1, 1)));
    REQUIRE(storage->commit());
    storage = &reopen();
    CHECK(storage->registration("t", bob).value()->nonce == 2);
    CHECK(storage->heads(team.id).value().at(1).head.counter == 4);
    CHECK(storage->read(team.id, 9, 1).value().size() == 1);
}

}  // namespace syncline::test

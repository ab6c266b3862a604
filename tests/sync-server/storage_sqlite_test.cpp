#include "storage/sqlite_relay_storage.hpp"
#include "support/power_loss_vfs.hpp"
#include "support/relay_storage_contract.hpp"
#include "support/temporary_directory.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <map>
#include <random>
#include <unistd.h>

using namespace syncline;
using relay::SqliteRelayStorage;
using test::PowerLossVfs;
using test::TemporaryDirectory;

namespace {

using Handle = std::unique_ptr<SqliteRelayStorage>;

SqliteRelayStorage::Options on(const PowerLossVfs& vfs) {
    SqliteRelayStorage::Options options;
    options.path = "/relay.db";
    options.vfs = vfs.name();
    return options;
}

LogRow some_row(std::uint64_t first, std::uint64_t count, std::size_t size) {
    std::mt19937_64 random(first * 31 + size);
    LogRow row{first, count, random(), Bytes(size)};
    for (std::byte& byte : row.changes) byte = static_cast<std::byte>(random());
    return row;
}

bool same(const LogRow& a, const LogRow& b) {
    return a.first == b.first && a.count == b.count && a.salt == b.salt && a.changes == b.changes;
}

}  // namespace

TEST_CASE("the relay's storage on SQLite keeps the contract", "[relay][storage]") {
    PowerLossVfs vfs;
    auto options = on(vfs);
    options.tail_rows_max = GENERATE(65'536U, 2U, 1U, 0U);  // with runs and without
    CAPTURE(options.tail_rows_max);
    Handle storage = SqliteRelayStorage::open(options).value();
    test::check_relay_storage_contract(*storage, [&]() -> RelayStorage& {
        storage.reset();
        storage = SqliteRelayStorage::open(options).value();
        return *storage;
    });
}

TEST_CASE("the log reads the same from tails and from runs, whatever the mix", "[relay][storage]") {
    const auto seed = GENERATE(range(1U, 40U));
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    PowerLossVfs vfs;
    auto options = on(vfs);
    options.tail_rows_max = random() % 30;
    options.tail_bytes_max = random() % 2 == 0 ? 2'000 : 1'000'000;
    Handle storage = SqliteRelayStorage::open(options).value();
    std::map<std::uint64_t, std::vector<LogRow>> model;
    const std::uint64_t spaces = 1 + random() % 5;
    for (int commit = 0; commit < 60; ++commit) {
        const auto before = model;
        REQUIRE(storage->begin());
        for (std::uint64_t rows = random() % 6; rows > 0; --rows) {
            const std::uint64_t space = 1 + random() % spaces;
            auto& log = model[space];
            const std::uint64_t first = log.empty() ? 1 : log.back().last() + 1;
            log.push_back(some_row(first, 1 + random() % 4, random() % 300));
            REQUIRE(storage->append(space, log.back()));
        }
        if (random() % 8 == 0) {
            storage->rollback();
            model = before;
        } else {
            REQUIRE(storage->commit());
        }
        if (random() % 16 == 0) {
            storage.reset();
            storage = SqliteRelayStorage::open(options).value();
        }
        for (const auto& [space, log] : model) {
            if (log.empty()) continue;
            const std::size_t from = random() % (log.size() + 1);
            const std::uint64_t after = from == 0 ? 0 : log[from - 1].last();
            std::vector<LogRow> got;
            for (std::uint64_t at = after;;) {
                const auto rows = storage->read(space, at, random() % 600);
                REQUIRE(rows);
                if (rows->empty()) break;
                got.insert(got.end(), rows->begin(), rows->end());
                at = got.back().last();
            }
            REQUIRE(got.size() == log.size() - from);
            for (std::size_t i = 0; i < got.size(); ++i) REQUIRE(same(got[i], log[from + i]));
            const LogRow& asked = log[random() % log.size()];
            REQUIRE(storage->salt_at(space, asked.last()).value() == asked.salt);
            if (asked.count > 1)
                REQUIRE(storage->salt_at(space, asked.last() - 1).value() == std::nullopt);
        }
    }
}

TEST_CASE("a second opener is told that the file is taken", "[relay][storage]") {
    const TemporaryDirectory directory;
    SqliteRelayStorage::Options options;
    options.path = directory.path() + "/relay.db";
    const Handle first = SqliteRelayStorage::open(options).value();
    const auto second = SqliteRelayStorage::open(options);
    REQUIRE(!second);
    CHECK(second.error().code == ErrorCode::storage_locked);
    CHECK(second.error().message.find("another relay") != std::string::npos);
}

TEST_CASE("what is no relay's file is refused and left alone", "[relay][storage]") {
    const TemporaryDirectory directory;
    SqliteRelayStorage::Options options;
    options.path = directory.path() + "/relay.db";
    SECTION("text") {
        std::ofstream(options.path) << std::string(5000, 'x');
        const auto opened = SqliteRelayStorage::open(options);
        REQUIRE(!opened);
        CHECK(opened.error().code == ErrorCode::storage_not_ours);
    }
    SECTION("another program's database") {
        sqlite::Options other;
        other.path = options.path;
        {
            auto database = sqlite::Database::open(other).value();
            REQUIRE(database.exec("CREATE TABLE t(x)"));
        }
        const auto opened = SqliteRelayStorage::open(options);
        REQUIRE(!opened);
        CHECK(opened.error().code == ErrorCode::storage_not_ours);
        CHECK(opened.error().message.find(options.path) != std::string::npos);
        auto database = sqlite::Database::open(other).value();
        CHECK(database.exec("INSERT INTO t VALUES(1)"));
    }
    SECTION("a newer relay's") {
        SqliteRelayStorage::open(options).value().reset();
        {
            sqlite::Options newer;
            newer.path = options.path;
            auto database = sqlite::Database::open(newer).value();
            REQUIRE(database.set_user_version(SqliteRelayStorage::format + 1));
        }
        const auto opened = SqliteRelayStorage::open(options);
        REQUIRE(!opened);
        CHECK(opened.error().code == ErrorCode::storage_newer);
    }
    SECTION("a directory that is not there") {
        options.path = directory.path() + "/missing/relay.db";
        CHECK(!SqliteRelayStorage::open(options));
    }
}

TEST_CASE("a row whose bits were flipped is never handed out", "[relay][storage]") {
    // Rows of 2,000 bytes of noise make up nearly all of the file, so most flips hit one of them;
    // others hit keys, checksums, SQLite's own structures. Every outcome but a wrong row is fine.
    const char* wanted = std::getenv("SYNCLINE_TEST_SCALE");
    const double scale = wanted == nullptr ? 1 : std::strtod(wanted, nullptr);
    const int flips = std::max(50, static_cast<int>(2'000 * scale));
    std::vector<LogRow> rows;
    ReplicaId alice;
    alice.bytes.fill(std::byte{0xA1});
    Hash hash;
    hash.bytes.fill(std::byte{0x55});
    Bytes sound;
    {
        PowerLossVfs vfs;
        auto options = on(vfs);
        options.tail_rows_max = 20;
        const Handle storage = SqliteRelayStorage::open(options).value();
        std::uint64_t next = 1;
        for (int commit = 0; commit < 40; ++commit) {
            REQUIRE(storage->begin());
            if (commit == 0) {
                REQUIRE(storage->create_space("t", "team", EpochId{}).value().id == 1);
                REQUIRE(storage->put_registration("t", alice, {5, "sub"}));
                REQUIRE(storage->put_heads(1, {{alice, {8, hash}, Hlc{3}}}));
            }
            rows.push_back(some_row(next, 2, 2'000));
            next += 2;
            REQUIRE(storage->append(1, rows.back()));
            REQUIRE(storage->commit());
        }
        const_cast<Handle&>(storage).reset();
        sound = vfs.contents("/relay.db");
    }
    REQUIRE(sound.size() > 80'000);
    std::mt19937_64 random(7);
    int detected = 0;
    int harmless = 0;
    for (int flip = 0; flip < flips; ++flip) {
        PowerLossVfs vfs;
        vfs.put("/relay.db", sound);
        const std::uint64_t bit = random() % (sound.size() * 8);
        CAPTURE(flip, bit);
        vfs.flip_bit("/relay.db", bit);
        const auto opened = SqliteRelayStorage::open(on(vfs));
        if (!opened) {
            ++detected;
            continue;
        }
        SqliteRelayStorage& storage = **opened;
        bool failed = false;
        const auto space = storage.find_space("t", "team");
        failed = failed || !space || !*space;  // a lost name is no wrong answer about its rows
        if (space && *space) CHECK((*space)->heads_at == 0);
        const auto known = storage.registration("t", alice);
        failed = failed || !known || !*known;
        if (known && *known) CHECK(((*known)->nonce == 5 && (*known)->subject == "sub"));
        const auto heads = storage.heads(1);
        failed = failed || !heads || heads->empty();
        if (heads && !heads->empty()) CHECK((*heads)[0].head == ChainHead{8, hash});
        std::uint64_t at = 0;
        std::size_t index = 0;
        while (true) {
            const auto got = storage.read(1, at, 5'000);
            if (!got) {
                CHECK(got.error().code != ErrorCode::storage_full);
                failed = true;
                break;
            }
            if (got->empty()) break;
            for (const LogRow& row : *got) {
                REQUIRE(index < rows.size());
                REQUIRE(same(row, rows[index++]));
            }
            at = got->back().last();
        }
        failed || index < rows.size() ? ++detected : ++harmless;
    }
    INFO("detected " << detected << ", harmless " << harmless);
    CHECK(detected > flips / 2);
}

TEST_CASE("a full disk ends the transaction, and writing goes on once there is room",
          "[relay][storage]") {
    PowerLossVfs vfs;
    const Handle storage = SqliteRelayStorage::open(on(vfs)).value();
    REQUIRE(storage->begin());
    REQUIRE(storage->append(1, some_row(1, 1, 100)));
    REQUIRE(storage->commit());
    vfs.set_capacity(vfs.used() + 20'000);
    bool full = false;
    std::uint64_t next = 2;
    for (int i = 0; i < 20 && !full; ++i) {
        auto done = storage->begin();
        if (done) done = storage->append(1, some_row(next, 1, 9'000));
        if (done) done = storage->commit();
        if (done) {
            ++next;
        } else {
            REQUIRE(done.error().code == ErrorCode::storage_full);
            full = true;
        }
    }
    REQUIRE(full);
    CHECK(storage->read(1, 0, 1'000'000).value().size() == next - 1);
    vfs.set_capacity(0);
    REQUIRE(storage->begin());
    REQUIRE(storage->append(1, some_row(next, 1, 9'000)));
    REQUIRE(storage->commit());
    CHECK(storage->read(1, 0, 1'000'000).value().size() == next);
}

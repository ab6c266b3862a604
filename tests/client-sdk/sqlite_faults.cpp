// Disks that fail without dying: every failure is a typed error, no acknowledgement is false.

#include "support/arbitrary.hpp"
#include "support/power_loss_vfs.hpp"
#include "syncline/sqlite/database.hpp"

#include <catch2/catch.hpp>

#include <iostream>
#include <random>
#include <set>

using namespace syncline;
using sqlite::Database;
using test::Fault;
using test::PowerLossVfs;
using test::Repeat;

namespace {

sqlite::Options on(const PowerLossVfs& vfs) {
    sqlite::Options options;
    options.path = "/a.db";
    options.vfs = vfs.name();
    options.application_id = 77;
    options.checkpoint_pages = 8;
    return options;
}

Result<> insert(Database& db, std::int64_t id) {
    auto transaction = db.begin();
    if (!transaction) return tl::unexpected(transaction.error());
    {
        auto statement = db.prepare("INSERT INTO t(id, body) VALUES(?1, zeroblob(3000))");
        if (!statement) return tl::unexpected(statement.error());
        if (auto done = statement->bind(1, id).run(); !done) return done;
    }
    return transaction->commit();
}

std::int64_t rows(Database& db) {
    auto count = db.prepare("SELECT count(*) FROM t");
    REQUIRE(count.has_value());
    REQUIRE(count->step().value());
    return count->column_int64(0);
}

Database made(const PowerLossVfs& vfs) {
    auto db = Database::open(on(vfs));
    REQUIRE(db.has_value());
    REQUIRE(
        db->exec("CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, body BLOB)").has_value());
    return std::move(*db);
}

struct Run {
    bool made = false;
    std::int64_t acked = 0;
    std::int64_t failed = 0;
};

/// Creates, fills, checkpoints and closes a file, going on after every error as a careless caller
/// would.
Run careless_run(const PowerLossVfs& vfs) {
    Run run;
    auto db = Database::open(on(vfs));
    if (!db) {
        ++run.failed;
        CHECK(db.error().code != ErrorCode::invalid_argument);
        return run;
    }
    run.made =
        db->exec("CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, body BLOB)").has_value();
    if (!run.made) ++run.failed;
    for (std::int64_t id = 1; id <= 12 && run.made; ++id) {
        if (insert(*db, id))
            ++run.acked;
        else
            ++run.failed;
    }
    if (!db->checkpoint(sqlite::Checkpoint::truncate)) ++run.failed;
    return run;
}

}  // namespace

TEST_CASE("whichever I/O fails, no commit that returned is lost and the file stays sound",
          "[sqlite][faults]") {
    const auto fault = GENERATE(Fault::any, Fault::read, Fault::write, Fault::fsync, Fault::full);
    const auto repeat = GENERATE(Repeat::once, Repeat::for_ever);
    const std::uint64_t step = testing::test_scale() < 0.2 ? 7 : 1;
    std::uint64_t nth = 1;
    std::uint64_t failed = 0;
    for (;; nth += step, ++failed) {
        CAPTURE(static_cast<int>(fault), static_cast<int>(repeat), nth);
        REQUIRE(nth < 2000);
        PowerLossVfs vfs;
        vfs.fail_at(nth, fault, repeat);
        const Run run = careless_run(vfs);
        const bool struck = vfs.faults() > 0;
        vfs.cut(nth);
        vfs.reboot();
        auto db = Database::open(on(vfs));
        INFO((db ? "" : db.error().message));
        REQUIRE(db.has_value());
        REQUIRE(db->quick_check().has_value());
        REQUIRE(db->exec("CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, body BLOB)")
                    .has_value());
        CHECK(rows(*db) >= run.acked);
        REQUIRE(insert(*db, 1000).has_value());
        if (!struck)
            break;  // a full pass: every I/O (in a short run, every seventh) has had its turn
    }
    std::cout << "fault " << static_cast<int>(fault) << " repeat " << static_cast<int>(repeat)
              << ": " << failed << " I/Os failed in turn\n";
}

TEST_CASE("a failed write or fsync poisons the connection until the file is opened again",
          "[sqlite][faults]") {
    const auto fault = GENERATE(Fault::write, Fault::fsync);
    PowerLossVfs vfs;
    {
        auto db = made(vfs);
        REQUIRE(insert(db, 1).has_value());
        vfs.fail_at(1, fault);
        const auto failed = insert(db, 2);
        REQUIRE_FALSE(failed.has_value());
        CHECK(failed.error().code == ErrorCode::storage_failed);
        REQUIRE(vfs.faults() == 1);
        // The disk is well again; the connection does not believe it.
        CHECK(db.poisoned());
        CHECK_FALSE(db.in_transaction());
        CHECK(insert(db, 3).error().code == ErrorCode::storage_failed);
        CHECK(db.begin().error().code == ErrorCode::storage_failed);
        CHECK(db.exec("INSERT INTO t VALUES(4, '')").error().code == ErrorCode::storage_failed);
        CHECK(db.checkpoint(sqlite::Checkpoint::truncate).error().code ==
              ErrorCode::storage_failed);
        CHECK(db.backup_to("/copy.db").error().code == ErrorCode::storage_failed);
        CHECK(rows(db) == 1);  // reads go on
    }
    // What failed stays failed, although the kernel would still show it. A commit appended behind
    // something that only the kernel knows would be lost with it.
    {
        auto db = made(vfs);
        CHECK(rows(db) == 1);
        CHECK(insert(db, 2).has_value());
    }
    vfs.cut(1);
    vfs.reboot();
    auto db = made(vfs);
    CHECK(rows(db) == 2);
}

TEST_CASE("acknowledged commits survive failed fsyncs, re-opening and power cuts together",
          "[sqlite][faults]") {
    const auto seed = GENERATE(range(std::uint64_t{0}, testing::scaled(400)));
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    PowerLossVfs vfs;
    std::set<std::int64_t> acked;
    std::int64_t id = 0;
    for (int life = 0; life < 10; ++life) {
        auto db = Database::open(on(vfs));
        if (db && db->exec("CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, body BLOB)")) {
            for (const auto known : acked) {
                auto found = db->prepare("SELECT 1 FROM t WHERE id = ?1");
                REQUIRE(found.has_value());
                CAPTURE(life, known);
                REQUIRE(found->bind(1, known).step().value());
            }
            REQUIRE(db->quick_check().has_value());
            vfs.fail_at(1 + random() % 12, Fault::fsync);
            for (int turn = 0; turn < 12; ++turn)
                if (insert(*db, ++id)) acked.insert(id);
            if (random() % 3 == 0) vfs.fail_at(1 + random() % 6, Fault::fsync);  // while closing
        }
        if (random() % 2 == 0) {
            vfs.cut(random());
            vfs.reboot();
        }
        db = fail(ErrorCode::closed, "");
        vfs.heal();
    }
}

TEST_CASE("an fsync that fails inside a checkpoint is not overlooked", "[sqlite][faults]") {
    // The commit before it was already durable and stands; what follows is refused.
    PowerLossVfs vfs;
    {
        auto db = made(vfs);
        db.set_checkpoint_pages(1);
        vfs.fail_at(2, Fault::fsync);  // the first is the commit's own
        std::int64_t id = 1;
        while (vfs.faults() == 0) REQUIRE(insert(db, id++).has_value());
        CHECK(db.poisoned());
        CHECK(insert(db, 100).error().code == ErrorCode::storage_failed);
        CHECK(rows(db) == id - 1);
        vfs.cut(5);
        vfs.reboot();
        auto again = made(vfs);
        CHECK(rows(again) == id - 1);
    }
}

TEST_CASE("a full disk is storage_full; reads go on and writes resume when there is room",
          "[sqlite][faults]") {
    PowerLossVfs vfs;
    auto db = made(vfs);
    vfs.set_capacity(100'000);
    std::int64_t id = 1;
    Result<> last;
    while ((last = insert(db, id))) ++id;
    CHECK(last.error().code == ErrorCode::storage_full);
    CHECK_FALSE(db.poisoned());
    CHECK(insert(db, id).error().code == ErrorCode::storage_full);
    CHECK(rows(db) == id - 1);
    vfs.set_capacity(0);
    CHECK(insert(db, id).has_value());
    CHECK(rows(db) == id);
    CHECK(db.quick_check().has_value());
}

TEST_CASE("a flipped bit is harmless or reported", "[sqlite][faults]") {
    // The file's structure only: the bytes of a row are the caller's to check.
    Bytes image;
    {
        PowerLossVfs vfs;
        auto db = made(vfs);
        for (std::int64_t id = 1; id <= 30; ++id) REQUIRE(insert(db, id).has_value());
        REQUIRE(db.checkpoint(sqlite::Checkpoint::truncate).has_value());
        image = vfs.contents("/a.db");
    }
    const auto bits = image.size() * 8;
    const std::uint64_t step = testing::test_scale() < 0.2 ? 9'973 : 997;
    std::uint64_t noticed = 0;
    for (std::uint64_t bit = 0; bit < bits; bit += step) {
        PowerLossVfs vfs;
        vfs.put("/a.db", image);
        vfs.flip_bit("/a.db", bit);
        auto db = Database::open(on(vfs));
        if (!db || !db->quick_check()) ++noticed;
        if (db) (void)insert(*db, 31);
    }
    std::cout << "bit flips: " << bits / step << ", " << noticed << " noticed by SQLite itself\n";
    CHECK(noticed > 0);
}

// The promise under test: once `commit` returned, the change survives a power cut at any I/O.

#include "support/arbitrary.hpp"
#include "support/power_loss_vfs.hpp"
#include "syncline/sqlite/database.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <iostream>
#include <random>

using namespace syncline;
using sqlite::Database;
using sqlite::Synchronous;
using test::Fsync;
using test::PowerLossVfs;

namespace {

sqlite::Options options_for(const PowerLossVfs& vfs, Synchronous synchronous) {
    sqlite::Options options;
    options.path = "/log.db";
    options.vfs = vfs.name();
    options.synchronous = synchronous;
    options.application_id = 0x53594e43;
    options.checkpoint_pages = 12;  // so that cuts fall into checkpoints, too
    return options;
}

/// Row `id` always holds the same bytes, so that a reader can tell a whole row from a torn one.
Bytes row_bytes(std::int64_t id) {
    std::mt19937_64 random(static_cast<std::uint64_t>(id));
    Bytes bytes(static_cast<std::size_t>(random() % (id % 7 == 0 ? 9000 : 200)));
    for (auto& byte : bytes) byte = static_cast<std::byte>(random() & 0xff);
    return bytes;
}

/// An append-only log with the highest id beside it; a device that dies again and again.
struct Device {
    Device(Fsync fsync, Synchronous level) : vfs(fsync), synchronous(level) {}

    PowerLossVfs vfs;
    Synchronous synchronous;
    std::int64_t acked = 0;    // rows of transactions whose commit returned
    std::int64_t written = 0;  // and of the one that was on its way

    Result<> append(Database& db, std::int64_t rows) {
        auto transaction = db.begin();
        if (!transaction) return tl::unexpected(transaction.error());
        {
            auto insert = db.prepare("INSERT INTO log(id, body) VALUES(?1, ?2)");
            if (!insert) return tl::unexpected(insert.error());
            written = acked + rows;
            for (std::int64_t id = acked + 1; id <= written; ++id)
                if (auto done = insert->bind(1, id).bind(2, BytesView(row_bytes(id))).run(); !done)
                    return done;
            auto last = db.prepare("UPDATE head SET id = ?1");
            if (!last) return tl::unexpected(last.error());
            if (auto done = last->bind(1, written).run(); !done) return done;
        }
        if (auto done = transaction->commit(); !done) return done;
        acked = written;
        return {};
    }

    Result<> work(std::mt19937_64& random) {
        auto db = Database::open(options_for(vfs, synchronous));
        if (!db) return tl::unexpected(db.error());
        auto made = db->exec(
            "BEGIN IMMEDIATE;"
            "CREATE TABLE IF NOT EXISTS log(id INTEGER PRIMARY KEY, body BLOB);"
            "CREATE TABLE IF NOT EXISTS head(one INTEGER PRIMARY KEY CHECK(one = 1), id INTEGER);"
            "INSERT OR IGNORE INTO head VALUES(1, 0);"
            "COMMIT");
        if (!made) return made;
        for (;;) {
            if (auto done = append(*db, 1 + static_cast<std::int64_t>(random() % 4)); !done)
                return done;
            if (random() % 16 == 0)
                if (auto done = db->checkpoint(sqlite::Checkpoint::truncate); !done) return done;
            if (random() % 64 == 0) {
                db = tl::unexpected(Error{ErrorCode::closed, ""});
                db = Database::open(options_for(vfs, synchronous));
                if (!db) return tl::unexpected(db.error());
            }
        }
    }

    enum class Finding : std::uint8_t { intact, lost, corrupt };

    /// What is there after the power came back. Afterwards `acked` is what was found.
    Finding inspect() {
        auto db = Database::open(options_for(vfs, synchronous));
        if (!db) return Finding::corrupt;
        if (!db->quick_check()) return Finding::corrupt;
        auto tables = db->prepare("SELECT count(*) FROM sqlite_schema WHERE type = 'table'");
        if (!tables || !tables->step()) return Finding::corrupt;
        const bool made = tables->column_int64(0) == 2;
        tables->reset();
        std::int64_t head = 0;
        std::int64_t rows = 0;
        if (made) {
            auto last = db->prepare("SELECT id FROM head");
            if (!last) return Finding::corrupt;
            const auto found = last->step();
            if (!found || !*found) return Finding::corrupt;
            head = last->column_int64(0);
            auto log = db->prepare("SELECT id, body FROM log ORDER BY id");
            if (!log) return Finding::corrupt;
            for (;;) {
                const auto row = log->step();
                if (!row) return Finding::corrupt;
                if (!*row) break;
                ++rows;
                const BytesView body = log->column_blob(1);
                if (log->column_int64(0) != rows ||
                    Bytes(body.begin(), body.end()) != row_bytes(rows))
                    return Finding::corrupt;
            }
        }
        if (rows != head) return Finding::corrupt;
        const bool whole = rows == acked || rows == written;
        const Finding finding = rows < acked ? Finding::lost
                                : whole      ? Finding::intact
                                             : Finding::corrupt;
        acked = written = rows;
        return finding;
    }
};

struct Tally {
    std::uint64_t cuts = 0, intact = 0, lost = 0, corrupt = 0;
    std::uint64_t first_bad_seed = 0;
};

/// Runs devices through `cuts` power cuts at random I/Os. A device lives for a few cuts.
Tally cut_power(std::uint64_t cuts, Fsync fsync, Synchronous synchronous) {
    constexpr std::uint64_t lives = 8;
    Tally tally;
    for (std::uint64_t seed = 1; tally.cuts < cuts; ++seed) {
        Device device(fsync, synchronous);
        std::mt19937_64 random(seed);
        for (std::uint64_t life = 0; life < lives; ++life) {
            device.vfs.crash_at(1 + random() % (life == 0 ? 40 : 150));
            const auto end = device.work(random);
            INFO("seed " << seed << " life " << life << ": " << end.error().message);
            // With an honest disk nothing but the crash itself can stop the work.
            if (fsync == Fsync::honest) REQUIRE(device.vfs.crashed());
            device.vfs.cut(random());
            device.vfs.reboot();
            ++tally.cuts;
            const auto finding = device.inspect();
            if (finding == Device::Finding::intact) {
                ++tally.intact;
                continue;
            }
            finding == Device::Finding::lost ? ++tally.lost : ++tally.corrupt;
            if (tally.first_bad_seed == 0) tally.first_bad_seed = seed;
            break;  // the next device
        }
    }
    std::cout << "power cuts: " << tally.cuts << " (seeds from 1), intact " << tally.intact
              << ", lost " << tally.lost << ", corrupt " << tally.corrupt << ", first bad seed "
              << tally.first_bad_seed << '\n';
    return tally;
}

}  // namespace

TEST_CASE("no acknowledged commit is lost at a power cut", "[sqlite][power]") {
    const auto tally = cut_power(testing::scaled(4'000), Fsync::honest, Synchronous::full);
    CAPTURE(tally.first_bad_seed);
    CHECK(tally.lost == 0);
    CHECK(tally.corrupt == 0);
    CHECK(tally.intact == tally.cuts);
}

TEST_CASE("the power-loss harness notices commits that are not synced",
          "[sqlite][power][control]") {
    const auto tally = cut_power(500, Fsync::honest, Synchronous::normal);
    CHECK(tally.lost > 0);
    CHECK(tally.corrupt == 0);
}

TEST_CASE("the power-loss harness notices a disk that lies about fsync",
          "[sqlite][power][control]") {
    const auto tally = cut_power(500, Fsync::lying, Synchronous::full);
    CHECK(tally.lost + tally.corrupt > 0);
}

TEST_CASE("every I/O of a short history can be the last one", "[sqlite][power]") {
    // The first life of one device, from the empty disk on, cut at each of its I/Os in turn.
    constexpr std::uint64_t operations = 120;
    const std::uint64_t seeds = std::min<std::uint64_t>(testing::scaled(6), 60);
    for (std::uint64_t at = 1; at <= operations; ++at)
        for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
            CAPTURE(at, seed);
            Device device(Fsync::honest, Synchronous::full);
            std::mt19937_64 random(1);
            device.vfs.crash_at(at);
            (void)device.work(random);
            REQUIRE(device.vfs.crashed());
            device.vfs.cut(seed);
            device.vfs.reboot();
            REQUIRE(device.inspect() == Device::Finding::intact);
        }
}

TEST_CASE("a killed process loses nothing that the kernel has", "[sqlite][power]") {
    const auto seed = GENERATE(range(std::uint64_t{0}, testing::scaled(200)));
    CAPTURE(seed);
    Device device(Fsync::honest, Synchronous::normal);  // even without a sync per commit
    std::mt19937_64 random(seed);
    for (int life = 0; life < 4; ++life) {
        device.vfs.crash_at(1 + random() % 150);
        (void)device.work(random);
        device.vfs.reboot();
        REQUIRE(device.inspect() == Device::Finding::intact);
    }
}

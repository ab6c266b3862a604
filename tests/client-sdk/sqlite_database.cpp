#include "support/power_loss_vfs.hpp"
#include "syncline/sqlite/database.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace syncline;
using sqlite::Database;

namespace {

/// A directory of its own, gone at the end.
struct TemporaryDirectory {
    std::filesystem::path path;
    TemporaryDirectory() {
        std::string name =
            (std::filesystem::temp_directory_path() / "syncline-sqlite-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path = name;
    }
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::permissions(path, std::filesystem::perms::owner_all, ignored);
        std::filesystem::remove_all(path, ignored);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
};

sqlite::Options at(const std::filesystem::path& path) {
    sqlite::Options options;
    options.path = path.string();
    options.application_id = 0xfeed5359;  // above 2^31: SQLite stores it signed
    return options;
}

Database opened(const sqlite::Options& options) {
    auto database = Database::open(options);
    INFO((database ? "" : database.error().message));
    REQUIRE(database.has_value());
    return std::move(*database);
}

ErrorCode refusal(const sqlite::Options& options) {
    const auto database = Database::open(options);
    REQUIRE_FALSE(database.has_value());
    // Whoever reads the message has to find the file.
    CHECK(database.error().message.find(options.path) != std::string::npos);
    return database.error().code;
}

void must(const Result<>& result) {
    INFO((result ? "" : result.error().message));
    REQUIRE(result.has_value());
}

std::int64_t count(Database& db, const std::string& table) {
    auto rows = db.prepare("SELECT count(*) FROM " + table);
    REQUIRE(rows.has_value());
    const auto row = rows->step();
    REQUIRE((row.has_value() && *row));
    return rows->column_int64(0);
}

}  // namespace

TEST_CASE("values come back from a table as they were bound", "[sqlite]") {
    TemporaryDirectory directory;
    auto db = opened(at(directory.path / "a.db"));
    must(db.exec("CREATE TABLE t(i, u, r, x, b, n); -- two statements and a comment\n;"));
    Bytes blob = {std::byte{0}, std::byte{0xff}, std::byte{7}};
    {
        auto insert = db.prepare("INSERT INTO t VALUES(?1, ?2, ?3, ?4, ?5, ?6)");
        REQUIRE(insert.has_value());
        must(insert->bind(1, -5)
                 .bind(2, std::numeric_limits<std::uint64_t>::max())
                 .bind(3, 0.5)
                 .bind(4, std::string(1, '\0') + "zwölf")
                 .bind(5, BytesView(blob))
                 .bind(6, nullptr)
                 .run());
        CHECK(db.changes() == 1);
        CHECK(db.last_insert_rowid() == 1);
        // Empty values are values, bound by copy or by view.
        must(insert->bind(4, "").bind(5, BytesView()).run());
        must(insert->bind_view(4, std::string_view()).bind_view(5, BytesView()).run());
    }
    auto rows = db.prepare("SELECT i, u, r, x, b, n FROM t ORDER BY rowid");
    REQUIRE(rows.has_value());
    REQUIRE(rows->step().value());
    CHECK(rows->column_count() == 6);
    CHECK(rows->column_name(3) == "x");
    CHECK(rows->column_int64(0) == -5);
    CHECK(rows->column_uint64(1) == std::numeric_limits<std::uint64_t>::max());
    CHECK(rows->column_double(2) == 0.5);
    CHECK(rows->column_text(3) == std::string(1, '\0') + "zwölf");
    CHECK(Bytes(rows->column_blob(4).begin(), rows->column_blob(4).end()) == blob);
    CHECK(rows->column_is_null(5));
    for (int empty = 0; empty < 2; ++empty) {
        REQUIRE(rows->step().value());
        CHECK(rows->column_type(3) == sqlite::ColumnType::text);
        CHECK(rows->column_type(4) == sqlite::ColumnType::blob);
        CHECK(rows->column_text(3).empty());
        CHECK(rows->column_blob(4).empty());
    }
    CHECK_FALSE(rows->step().value());
    // Done means reset: the next step starts over.
    CHECK(rows->step().value());
}

TEST_CASE("a bind that cannot be is reported by the next step", "[sqlite]") {
    TemporaryDirectory directory;
    auto db = opened(at(directory.path / "a.db"));
    auto select = db.prepare("SELECT ?1");
    REQUIRE(select.has_value());
    const auto beyond = select->bind(2, 1).step();
    REQUIRE_FALSE(beyond.has_value());
    CHECK(beyond.error().code == ErrorCode::invalid_argument);
    const Bytes large(static_cast<std::size_t>(sqlite::value_bytes_max) + 1);
    const auto too_large = select->bind_view(1, BytesView(large)).step();
    REQUIRE_FALSE(too_large.has_value());
    CHECK(too_large.error().code == ErrorCode::too_large);
    CHECK(select->bind(1, 1).step().value());
}

TEST_CASE("prepare gives the same text the same statement, and a held one a second", "[sqlite]") {
    TemporaryDirectory directory;
    auto db = opened(at(directory.path / "a.db"));
    const sqlite3_stmt* first = nullptr;
    {
        auto a = db.prepare("SELECT ?1");
        REQUIRE(a.has_value());
        first = a->handle();
        (void)a->bind(1, 42);
        auto b = db.prepare("SELECT ?1");
        REQUIRE(b.has_value());
        CHECK(b->handle() != first);
    }
    auto again = db.prepare("SELECT ?1");
    REQUIRE(again.has_value());
    CHECK(again->handle() == first);
    REQUIRE(again->step().value());
    CHECK(again->column_is_null(0));  // nothing left of what the last holder bound
    CHECK(db.prepare("SELECT 1; SELECT 2").error().code == ErrorCode::invalid_argument);
    CHECK(db.prepare("").error().code == ErrorCode::invalid_argument);
    CHECK(db.prepare("SELEC").error().code == ErrorCode::invalid_argument);
    CHECK(db.prepare("SELECT 1 ;\n").has_value());
}

TEST_CASE("a database can be moved while statements of it are held", "[sqlite]") {
    TemporaryDirectory directory;
    auto a = opened(at(directory.path / "a.db"));
    auto select = a.prepare("SELECT 7");
    REQUIRE(select.has_value());
    Database b = std::move(a);
    auto moved = std::move(*select);
    REQUIRE(moved.step().value());
    CHECK(moved.column_int64(0) == 7);
}

TEST_CASE("a transaction without a commit leaves nothing", "[sqlite]") {
    TemporaryDirectory directory;
    auto db = opened(at(directory.path / "a.db"));
    must(db.exec("CREATE TABLE t(x UNIQUE)"));
    {
        auto transaction = db.begin();
        REQUIRE(transaction.has_value());
        CHECK(db.in_transaction());
        must(db.exec("INSERT INTO t VALUES(1)"));
        CHECK(db.begin().error().code == ErrorCode::invalid_argument);
    }
    CHECK_FALSE(db.in_transaction());
    CHECK(count(db, "t") == 0);
    auto transaction = db.begin();
    REQUIRE(transaction.has_value());
    must(db.exec("INSERT INTO t VALUES(1)"));
    // A broken constraint ends the statement, not the transaction.
    CHECK(db.exec("INSERT INTO t VALUES(1)").error().code == ErrorCode::invalid_argument);
    must(transaction->commit());
    CHECK(count(db, "t") == 1);
}

TEST_CASE("a commit after SQLite rolled back by itself is an error", "[sqlite]") {
    TemporaryDirectory directory;
    auto db = opened(at(directory.path / "a.db"));
    must(db.exec("CREATE TABLE t(x UNIQUE)"));
    auto transaction = db.begin();
    REQUIRE(transaction.has_value());
    must(db.exec("INSERT INTO t VALUES(1)"));
    REQUIRE_FALSE(db.exec("INSERT OR ROLLBACK INTO t VALUES(1)").has_value());
    CHECK(transaction->commit().error().code == ErrorCode::storage_failed);
    CHECK(count(db, "t") == 0);
}

TEST_CASE("what was committed is there after closing, and no log is left", "[sqlite]") {
    TemporaryDirectory directory;
    const auto options = at(directory.path / "a.db");
    {
        auto db = opened(options);
        must(db.exec("CREATE TABLE t(x); INSERT INTO t VALUES(1)"));
        must(db.set_user_version(3));
    }
    CHECK_FALSE(std::filesystem::exists(options.path + "-wal"));
    auto db = opened(options);
    CHECK(count(db, "t") == 1);
    CHECK(db.user_version().value() == 3);
    CHECK(db.application_id().value() == 0xfeed5359);
    must(db.quick_check());
}

TEST_CASE("the settings that durability rests on are in force", "[sqlite]") {
    TemporaryDirectory directory;
    auto db = opened(at(directory.path / "a.db"));
    const auto pragma = [&](const std::string& name) {
        auto read = db.prepare("PRAGMA " + name);
        REQUIRE(read.has_value());
        REQUIRE(read->step().value());
        return std::string(read->column_text(0));
    };
    CHECK(pragma("journal_mode") == "wal");
    CHECK(pragma("synchronous") == "2");
    CHECK(pragma("locking_mode") == "exclusive");
    CHECK(pragma("trusted_schema") == "0");
    CHECK(pragma("cell_size_check") == "1");
    // Defensive mode: SQL cannot take them away.
    (void)db.exec("PRAGMA journal_mode=OFF");
    CHECK(pragma("journal_mode") == "wal");
    must(db.exec("PRAGMA writable_schema=ON"));
    CHECK_FALSE(db.exec("DELETE FROM sqlite_schema").has_value());
    CHECK_FALSE(db.exec("ATTACH ':memory:' AS other").has_value());
    CHECK_FALSE(db.exec("SELECT load_extension('x')").has_value());
    CHECK(sqlite::durability_rule().find(sqlite::sqlite_version()) != std::string::npos);
}

TEST_CASE("a file that another process has open is refused as locked", "[sqlite]") {
    TemporaryDirectory directory;
    const auto options = at(directory.path / "a.db");
    int ready[2];
    int done[2];
    REQUIRE(::pipe(ready) == 0);
    REQUIRE(::pipe(done) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        // Holds the file, idle, until told to go.
        char byte = 0;
        ::close(done[1]);
        auto db = Database::open(options);
        byte = db.has_value() ? 'y' : 'n';
        if (::write(ready[1], &byte, 1) != 1) ::_exit(2);
        (void)!::read(done[0], &byte, 1);
        db = fail(ErrorCode::closed, "");
        ::_exit(0);
    }
    ::close(done[0]);
    char byte = 0;
    REQUIRE(::read(ready[0], &byte, 1) == 1);
    REQUIRE(byte == 'y');
    CHECK(refusal(options) == ErrorCode::storage_locked);
    ::close(done[1]);
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    ::close(ready[0]);
    ::close(ready[1]);
    CHECK(Database::open(options).has_value());
}

TEST_CASE("a second connection of the same process is refused as locked", "[sqlite]") {
    TemporaryDirectory directory;
    test::PowerLossVfs memory;
    auto options = at(directory.path / "a.db");
    options.vfs = GENERATE(false, true) ? memory.name() : "";
    {
        auto db = opened(options);
        CHECK(refusal(options) == ErrorCode::storage_locked);
        must(db.exec("CREATE TABLE t(x)"));  // the first is not disturbed
    }
    CHECK(Database::open(options).has_value());
}

TEST_CASE("files that are not ours are refused and left as they are", "[sqlite]") {
    TemporaryDirectory directory;
    const auto path = directory.path / "a.db";
    const auto read = [&] {
        std::ifstream in(path, std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(in), {});
    };
    SECTION("no SQLite file") { std::ofstream(path, std::ios::binary) << std::string(5000, 'x'); }
    SECTION("another application's") {
        auto theirs = at(path);
        theirs.application_id = 1;
        must(opened(theirs).exec("CREATE TABLE t(x)"));
    }
    SECTION("one without an application id, but with a table") {
        auto theirs = at(path);
        theirs.application_id.reset();
        must(opened(theirs).exec("CREATE TABLE t(x)"));
    }
    const auto before = read();
    CHECK(refusal(at(path)) == ErrorCode::storage_not_ours);
    CHECK(read() == before);
}

TEST_CASE("an empty file, or one whose creation was cut short, becomes ours", "[sqlite]") {
    TemporaryDirectory directory;
    auto options = at(directory.path / "a.db");
    SECTION("empty") { std::ofstream(options.path, std::ios::binary).flush(); }
    SECTION("a header and nothing else") {
        options.application_id.reset();
        (void)opened(options);
        options = at(directory.path / "a.db");
    }
    CHECK(opened(options).application_id().value() == 0xfeed5359);
}

TEST_CASE("paths that cannot be opened say so", "[sqlite]") {
    TemporaryDirectory directory;
    CHECK(refusal(at(directory.path)) == ErrorCode::storage_failed);  // a directory
    CHECK(refusal(at(directory.path / "no" / "such.db")) == ErrorCode::storage_failed);
    CHECK(refusal(at(":memory:")) == ErrorCode::storage_failed);  // no log, no durability
    CHECK(Database::open(sqlite::Options{}).error().code == ErrorCode::invalid_argument);
    auto options = at(directory.path / "a.db");
    options.vfs = "none such";
    CHECK(Database::open(options).error().code == ErrorCode::invalid_argument);
}

TEST_CASE("without permission to write, opening fails with storage_readonly", "[sqlite]") {
    TemporaryDirectory directory;
    const auto options = at(directory.path / "a.db");
    const bool new_file = GENERATE(true, false);
    const bool directory_only = GENERATE(true, false);
    if (!new_file) must(opened(options).exec("CREATE TABLE t(x)"));
    if (!new_file && !directory_only) REQUIRE(::chmod(options.path.c_str(), 0444) == 0);
    if (!new_file && directory_only) REQUIRE(::chmod(options.path.c_str(), 0666) == 0);
    REQUIRE(::chmod(directory.path.c_str(), 0555) == 0);
    // In a process of its own: permissions do not bind root, so it becomes nobody first.
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(3);
        const auto database = Database::open(options);
        ::_exit(!database && database.error().code == ErrorCode::storage_readonly ? 0 : 1);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    REQUIRE(::chmod(directory.path.c_str(), 0755) == 0);
}

TEST_CASE("a backup is a whole, independent copy", "[sqlite]") {
    TemporaryDirectory directory;
    auto db = opened(at(directory.path / "a.db"));
    must(db.exec("CREATE TABLE t(x); INSERT INTO t VALUES(1), (2)"));
    must(db.set_user_version(9));
    const auto copy_path = directory.path / "it's a copy.db";
    must(db.backup_to(copy_path.string()));
    must(db.exec("DELETE FROM t"));
    CHECK(db.backup_to(copy_path.string()).error().code == ErrorCode::invalid_argument);
    auto copy = opened(at(copy_path));
    must(copy.quick_check());
    CHECK(count(copy, "t") == 2);
    CHECK(copy.user_version().value() == 9);
    CHECK_FALSE(db.exec("ATTACH ':memory:' AS other").has_value());  // the door is shut again
}

TEST_CASE("the log is copied into the file by page count or on demand", "[sqlite]") {
    test::PowerLossVfs vfs;
    auto options = at("/a.db");
    options.vfs = vfs.name();
    options.checkpoint_pages = 0;
    auto db = opened(options);
    must(db.exec("CREATE TABLE t(x)"));
    const auto size = [&] { return vfs.contents("/a.db").size(); };
    const auto before = size();
    const auto grow = [&] { must(db.exec("INSERT INTO t VALUES(zeroblob(100000))")); };
    grow();
    CHECK(size() == before);
    must(db.checkpoint(sqlite::Checkpoint::truncate));
    CHECK(size() > before + 100000);
    CHECK(vfs.contents("/a.db-wal").empty());
    db.set_checkpoint_pages(10);
    grow();
    CHECK(size() > before + 200000);
}

TEST_CASE("a damaged file is reported as corrupt", "[sqlite]") {
    test::PowerLossVfs vfs;
    auto options = at("/a.db");
    options.vfs = vfs.name();
    {
        auto db = opened(options);
        must(db.exec("CREATE TABLE t(x)"));
        for (int row = 0; row < 400; ++row)
            must(db.exec("INSERT INTO t VALUES(hex(zeroblob(100)))"));
    }
    auto image = vfs.contents("/a.db");
    std::fill(image.begin() + 4096, image.begin() + 8192, std::byte{0xa5});
    vfs.put("/a.db", image);
    auto db = opened(options);
    const auto check = db.quick_check();
    REQUIRE_FALSE(check.has_value());
    CHECK(check.error().code == ErrorCode::storage_corrupt);
    CHECK(db.exec("SELECT sum(length(x)) FROM t").error().code == ErrorCode::storage_corrupt);
}

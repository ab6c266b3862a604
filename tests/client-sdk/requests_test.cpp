// Transactions that are done once, however often they are asked (docs/storage.md).

#include "store_core.hpp"
#include "store_fixture.hpp"
#include "support/temporary_directory.hpp"
#include "syncline/client/store.hpp"

#include <catch2/catch.hpp>

using namespace syncline;
using client::RequestLog;
using test::PowerLossVfs;
using test::TemporaryDirectory;

namespace {

constexpr std::uint64_t start_ms = 1'800'000'000'000;

void add_one(Transaction& tx) { tx.document("tasks", "t1").counter("votes").add(1); }

std::int64_t votes(const Space& space) {
    const auto task = space.get({"tasks", "t1"}).value();
    const Value* count = task ? task->find("votes") : nullptr;
    return count == nullptr ? 0 : *count->integer();
}

std::size_t rows_in(const std::string& path) {
    sqlite::Options options;
    options.path = path;
    auto database = sqlite::Database::open(options).value();
    auto rows = database.prepare("SELECT count(*) FROM requests").value();
    REQUIRE(rows.step().value());
    return static_cast<std::size_t>(rows.column_int64(0));
}

}  // namespace

TEST_CASE("a request that is asked again is not done again", "[api][once]") {
    TemporaryDirectory directory;
    const std::string path = directory.path() + "/a.db";
    {
        auto store = Store::open(path).value();
        auto space = store.space("team").value();
        CHECK(space.transact_once("tab:1", add_one).value() == Done::now);
        CHECK(space.transact_once("tab:1", add_one).value() == Done::before);
        CHECK(space.transact_once("tab:2", add_one).value() == Done::now);
        CHECK(votes(space) == 2);
        SECTION("in another space neither: an id is the store's") {
            auto other = store.space("other").value();
            CHECK(other.transact_once("tab:1", add_one).value() == Done::before);
            CHECK(votes(other) == 0);
        }
        CHECK(store.verify());
    }
    auto store = Store::open(path).value();
    auto space = store.space("team").value();
    CHECK(space.transact_once("tab:1", add_one).value() == Done::before);
    CHECK(space.transact_once("tab:3", add_one).value() == Done::now);
    CHECK(votes(space) == 3);
}

TEST_CASE("what failed or edited nothing is not noted as done", "[api][once]") {
    TemporaryDirectory directory;
    auto store = Store::open(directory.path() + "/a.db").value();
    auto space = store.space("team").value();
    const auto failing = [](Transaction& tx) {
        add_one(tx);
        tx.fail({ErrorCode::not_found, "no"});
    };
    CHECK(space.transact_once("r", failing).error().code == ErrorCode::not_found);
    CHECK(space.transact_once("r", [](Transaction&) {}).value() == Done::now);
    CHECK(space.transact_once("r", add_one).value() == Done::now);
    CHECK(space.transact_once("r", failing).value() == Done::before);
    CHECK(votes(space) == 1);
    // Nor is a transaction that nobody asked to be done once.
    REQUIRE(space.transact(add_one));
    CHECK(space.transact_once("s", add_one).value() == Done::now);
    CHECK(votes(space) == 3);
}

TEST_CASE("a request's id is 1 to 128 bytes", "[api][once]") {
    TemporaryDirectory directory;
    auto store = Store::open(directory.path() + "/a.db").value();
    auto space = store.space("team").value();
    auto undo = space.undo().value();
    for (const std::string& id : {std::string(), std::string(129, 'x')}) {
        CHECK(space.transact_once(id, add_one).error().code == ErrorCode::invalid_argument);
        CHECK(undo.transact_once(id, add_one).error().code == ErrorCode::invalid_argument);
        CHECK(undo.undo_once(id).error().code == ErrorCode::invalid_argument);
        CHECK(undo.redo_once(id).error().code == ErrorCode::invalid_argument);
    }
    CHECK(space.transact_once(std::string(128, 'x'), add_one).value() == Done::now);
    CHECK(votes(space) == 1);
}

TEST_CASE("an undo that is asked again takes nothing more back", "[api][once][undo]") {
    TemporaryDirectory directory;
    auto store = Store::open(directory.path() + "/a.db").value();
    auto space = store.space("team").value();
    UndoOptions options;
    options.merge_ms = 0;
    auto undo = space.undo(options).value();
    CHECK(undo.transact_once("1", add_one).value() == Done::now);
    CHECK(undo.transact_once("2", add_one).value() == Done::now);
    CHECK(undo.transact_once("2", add_one).value() == Done::before);
    REQUIRE(votes(space) == 2);
    CHECK(undo.undo_once("3").value());
    CHECK(undo.undo_once("3").value());
    CHECK(votes(space) == 1);
    CHECK(undo.redo_once("4").value());
    CHECK(undo.redo_once("4").value());
    CHECK(votes(space) == 2);
    CHECK_FALSE(undo.redo_once("5").value());
    // What a process that died had done is known to a stack that knows nothing else.
    auto fresh = space.undo(options).value();
    CHECK(fresh.undo_once("3").value());
    CHECK_FALSE(fresh.undo_once("6").value());
    CHECK(votes(space) == 2);
}

TEST_CASE("requests are kept for a day", "[api][once]") {
    TemporaryDirectory directory;
    const std::string path = directory.path() + "/a.db";
    std::uint64_t now_ms = start_ms;
    StoreOptions options;
    options.now_ms = [&] { return now_ms; };
    const auto ask = [&](const std::string& id) {
        return Store::open(path, options)
            .value()
            .space("team")
            .value()
            .transact_once(id, add_one)
            .value();
    };
    CHECK(ask("old") == Done::now);
    now_ms += RequestLog::kept_ms;
    CHECK(ask("old") == Done::before);
    CHECK(ask("young") == Done::now);
    now_ms += 1;
    CHECK(ask("young") == Done::before);
    CHECK(rows_in(path) == 1);
    CHECK(ask("old") == Done::now);

    SECTION("also in a store that stays open") {
        auto store = Store::open(path, options).value();
        auto space = store.space("team").value();
        now_ms += RequestLog::kept_ms + 1;
        CHECK(space.transact_once("new", add_one).value() == Done::now);
        CHECK(space.transact_once("old", add_one).value() == Done::now);
    }
    SECTION("and one from a future that the clock took back is let go") {
        now_ms -= 3 * RequestLog::kept_ms;
        CHECK(ask("past") == Done::now);
        CHECK(rows_in(path) == 1);
    }
}

TEST_CASE("a damaged request is found", "[store][once]") {
    TemporaryDirectory directory;
    const std::string path = directory.path() + "/a.db";
    REQUIRE(Store::open(path).value().space("team").value().transact_once("r", add_one));
    {
        sqlite::Options options;
        options.path = path;
        auto database = sqlite::Database::open(options).value();
        REQUIRE(database.exec("UPDATE requests SET done_ms = done_ms + 1"));
    }
    auto store = Store::open(path).value();
    CHECK(store.verify().error().code == ErrorCode::storage_corrupt);
    CHECK(store.space("team").value().transact_once("r", add_one).error().code ==
          ErrorCode::storage_corrupt);
}

TEST_CASE("a store of version 3 gets a place for requests", "[store][version][once]") {
    TemporaryDirectory directory;
    const std::string path = directory.path() + "/a.db";
    REQUIRE(Store::open(path).value().space("team").value().transact(add_one));
    {
        sqlite::Options options;
        options.path = path;
        auto database = sqlite::Database::open(options).value();
        REQUIRE(database.exec("DROP TABLE requests"));
        REQUIRE(database.set_user_version(3));
    }
    auto store = Store::open(path).value();
    CHECK(store.space("team").value().transact_once("r", add_one).value() == Done::now);
    CHECK(votes(store.space("team").value()) == 2);
    CHECK(store.verify());
}

namespace {

/// An app that asks one request after another, each until it is told that it is done, on a disk
/// whose power goes now and then.
struct Asking {
    explicit Asking(std::uint64_t seed) : random(seed) {}

    PowerLossVfs disk;
    testing::Random random;
    std::size_t cuts = 0;
    std::size_t done_before = 0;  ///< by a process that died without saying so

    Result<std::unique_ptr<client::StoreCore>> open() {
        client::StoreCore::Options options;
        options.path = "/once";
        options.vfs = disk.name();
        options.now_ms = [] { return start_ms; };
        options.new_replica_id = [] { return ReplicaId{{std::byte{1}}}; };
        return client::StoreCore::open(std::move(options));
    }

    Result<Done> ask_once(const std::string& id) {
        auto store = open();
        if (!store) return tl::unexpected(store.error());
        auto before = (*store)->requests().contains(id);
        if (!before) return tl::unexpected(before.error());
        if (*before) return Done::before;
        auto done = (*store)->transact("team", id, {}, [](SpaceReplica::Editor& editor) {
            return editor.edit({"tasks", "t1"},
                               FieldOp{{{"votes", Type::pn_counter}}, PnCounter().add(1)});
        });
        if (!done) return tl::unexpected(done.error());
        return Done::now;
    }

    void ask(const std::string& id) {
        disk.crash_at(1 + random.below(60));
        for (int attempt = 0;; ++attempt) {
            REQUIRE(attempt < 100);
            const auto done = ask_once(id);
            if (done && !disk.crashed()) {
                if (*done == Done::before) ++done_before;
                return;
            }
            REQUIRE(disk.crashed());
            ++cuts;
            disk.cut(random());
            disk.reboot();
            disk.crash_at(random.one_in(3) ? 1 + random.below(60) : 0);
        }
    }
};

}  // namespace

TEST_CASE("a request is noted exactly when its change is, wherever the power fails",
          "[store][power][once]") {
    std::size_t cuts = 0;
    std::size_t done_before = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        CAPTURE(seed);
        Asking app(seed);
        constexpr int requests = 6;
        for (int request = 0; request < requests; ++request) app.ask(std::to_string(request));
        app.disk.crash_at(0);
        auto store = app.open();
        REQUIRE(store);
        const Document* task = (*store)->space("team").value()->document({"tasks", "t1"}).value();
        CHECK(task->root().at<PnCounter>({{"votes", Type::pn_counter}}).value() == requests);
        CHECK((*store)->verify());
        cuts += app.cuts;
        done_before += app.done_before;
    }
    CAPTURE(cuts, done_before);
    CHECK(cuts > 100);
    CHECK(done_before > 5);
}

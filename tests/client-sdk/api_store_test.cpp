// The API that apps use: Store, Space, Transaction, and the same in C.

#include "support/temporary_directory.hpp"
#include "syncline/client/store.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

using namespace syncline;
using test::TemporaryDirectory;

extern "C" int syncline_api_in_c(const char* path);

namespace {

struct App {
    TemporaryDirectory directory;
    Store store = Store::open(directory.path() + "/app.db").value();
    Space space = store.space("team").value();

    [[nodiscard]] Value task() const {
        return space.get({"tasks", "t1"}).value().value_or(Value());
    }
};

}  // namespace

TEST_CASE("the interface in C does what it says", "[api]") {
    TemporaryDirectory directory;
    CHECK(syncline_api_in_c((directory.path() + "/c.db").c_str()) == 0);
}

TEST_CASE("a transaction reads its own writes, and so does everybody after it", "[api]") {
    App app;
    REQUIRE(app.space.transact([&](Transaction& tx) {
        auto task = tx.document("tasks", "t1");
        CHECK(task.view() == Value(Value::Map{}));
        task.set("title", "Buy milk");
        task.counter("votes").add(2);
        task.counter("votes").add(-1);
        task.map("address").set("city", "Oslo");
        CHECK(*task.view().find("title") == Value("Buy milk"));
        CHECK(*task.view().find("votes") == Value(1));
        CHECK(*task.map("address").view().find("city") == Value("Oslo"));
        task.set("title", "Buy bread");
        CHECK(*task.view().find("title") == Value("Buy bread"));
    }));
    CHECK(*app.task().find("title") == Value("Buy bread"));
    CHECK(app.space.ids("tasks").value() == std::vector<std::string>{"t1"});
    CHECK(app.space.collections().value() == std::vector<std::string>{"tasks"});
    CHECK_FALSE(app.space.get({"tasks", "t2"}).value());
    CHECK(app.store.verify());
}

TEST_CASE("a collection is read in pieces, pending documents in their places", "[api]") {
    App app;
    const std::vector<std::string> ids = {"a", "b", "ba", "c", "d"};
    for (const std::string& id : ids) {
        REQUIRE(app.space.transact([&](Transaction& tx) { tx.document("tasks", id).set("n", 1); }));
        REQUIRE(app.space.transact([&](Transaction& tx) { tx.document("other", id).create(); }));
    }
    for (std::size_t at_once = 1; at_once <= ids.size() + 1; ++at_once) {
        CAPTURE(at_once);
        std::vector<std::string> seen;
        for (bool more = true; more;) {
            std::size_t got = 0;
            REQUIRE(app.space.each(
                "tasks",
                [&](const std::string& id, const Value&) {
                    seen.push_back(id);
                    return ++got < at_once;
                },
                seen.empty() ? std::string() : seen.back()));
            more = got == at_once;
        }
        CHECK(seen == ids);
    }
}

TEST_CASE("a transaction that fails leaves nothing behind", "[api]") {
    App app;
    REQUIRE(app.space.transact([](Transaction& tx) { tx.document("tasks", "t1").set("n", 1); }));
    const Value before = app.task();
    Result<> done;
    ErrorCode expected = ErrorCode::invalid_argument;
    SECTION("because the app says so") {
        expected = ErrorCode::not_found;
        done = app.space.transact([](Transaction& tx) {
            tx.document("tasks", "t1").set("n", 2);
            tx.fail({ErrorCode::not_found, "no"});
            tx.document("tasks", "t1").set("n", 3);
        });
    }
    SECTION("because an edit is none") {
        done = app.space.transact([](Transaction& tx) {
            tx.document("tasks", "t1").set("n", 2);
            tx.document("tasks", "t1").grow_only_set("s").erase(Value(1));
        });
    }
    SECTION("because a name is none") {
        done = app.space.transact([](Transaction& tx) {
            tx.document("tasks", "t1").set("n", 2);
            tx.document("tasks", "").set("n", 2);
        });
    }
    SECTION("because it has too many operations") {
        expected = ErrorCode::too_large;
        done = app.space.transact([](Transaction& tx) {
            auto task = tx.document("tasks", "t1");
            task.set("n", 2);
            for (int i = 0; i < 65'536; ++i) task.counter("c").add(1);
        });
    }
    SECTION("because it has too many bytes") {
        expected = ErrorCode::too_large;
        done = app.space.transact([](Transaction& tx) {
            for (int i = 0; i < 3; ++i) {
                tx.document("tasks", "t" + std::to_string(i))
                    .set("n", Value(std::string(400'000, 'x')));
            }
        });
    }
    REQUIRE_FALSE(done);
    CHECK(done.error().code == expected);
    CHECK(app.task() == before);
    CHECK(app.space.status().pending == 1);
    CHECK(app.space.ids("tasks").value().size() == 1);
    CHECK(app.space.transact([](Transaction& tx) { tx.document("tasks", "t1").set("n", 9); }));
}

TEST_CASE("observers hear each change, may call back, and stop when let go", "[api]") {
    App app;
    int calls = 0;
    std::vector<std::string> heard;
    Subscription all = app.space.observe([&](const SpaceChanges& changes) {
        ++calls;
        for (const DocumentChange& change : changes.documents) {
            CHECK(change.origin == DocumentChange::Origin::local);
            CHECK(app.space.get(change.document).value());  // no lock is held
            heard.push_back(change.document.id);
        }
        if (calls == 1) {
            CHECK(app.space.transact(
                [](Transaction& tx) { tx.document("notes", "from-observer").set("n", 1); }));
        }
    });
    int tasks = 0;
    Subscription some = app.space.observe([&](const SpaceChanges&) { ++tasks; }, "tasks");
    const auto write = [&] {
        REQUIRE(app.space.transact([](Transaction& tx) {
            tx.document("tasks", "t1").set("n", 1);
            tx.document("tasks", "t2").set("n", 1);
        }));
    };
    write();
    CHECK(calls == 2);
    CHECK(tasks == 1);
    CHECK(heard == std::vector<std::string>{"t1", "t2", "from-observer"});
    CHECK(app.space.transact([](Transaction&) {}));  // nothing changed, nobody is told
    CHECK(calls == 2);
    some.cancel();
    write();
    CHECK(calls == 3);
    CHECK(tasks == 1);
    all = Subscription();
    write();
    CHECK(calls == 3);
}

TEST_CASE("an observer may let go of itself", "[api]") {
    App app;
    int calls = 0;
    Subscription once;
    once = app.space.observe([&](const SpaceChanges&) {
        ++calls;
        once.cancel();
    });
    for (int i = 0; i < 3; ++i) {
        REQUIRE(
            app.space.transact([](Transaction& tx) { tx.document("tasks", "t1").set("n", 1); }));
    }
    CHECK(calls == 1);
}

TEST_CASE("a store outlives its handle while a space of it is held", "[api]") {
    TemporaryDirectory directory;
    const std::string path = directory.path() + "/app.db";
    {
        std::optional<Store> store = Store::open(path).value();
        Space space = store->space("team").value();
        store.reset();
        REQUIRE(space.transact([](Transaction& tx) { tx.document("tasks", "t1").set("n", 1); }));
        const auto again = Store::open(path);
        REQUIRE_FALSE(again);
        CHECK(again.error().code == ErrorCode::storage_locked);
        CHECK(again.error().message.find(path) != std::string::npos);
    }
    const Store store = Store::open(path).value();
    CHECK(store.spaces().value() == std::vector<std::string>{"team"});
}

TEST_CASE("a space tells how it stands", "[api]") {
    App app;
    SyncStatus status = app.space.status();
    CHECK(status.connection == SyncStatus::Connection::offline);
    CHECK(status.pending == 0);
    CHECK_FALSE(status.in_sync);
    CHECK_FALSE(status.last_error);
    REQUIRE(app.space.transact([](Transaction& tx) { tx.document("tasks", "t1").set("n", 1); }));
    CHECK(app.space.status().pending == 1);
    const auto late = app.space.wait_in_sync(std::chrono::milliseconds(1));
    REQUIRE_FALSE(late);
    CHECK(late.error().code == ErrorCode::timed_out);
    const auto nonsense = app.store.connect({"nonsense", {}, {}});
    REQUIRE_FALSE(nonsense);
    CHECK(nonsense.error().code == ErrorCode::invalid_argument);
    CHECK_FALSE(app.store.space("no space"));
}

TEST_CASE("many threads write, read and observe one store", "[api][threads]") {
    App app;
    constexpr int writers = 6;
    constexpr int writes = 25;
    std::atomic<int> told{0};
    std::atomic<bool> done{false};
    Subscription observer = app.space.observe([&](const SpaceChanges& changes) {
        told += static_cast<int>(changes.documents.size());
        (void)app.space.status();
    });
    // Nobody listens there: the network's thread keeps trying while the others write.
    ConnectOptions nowhere;
    nowhere.url = "ws://127.0.0.1:1";
    nowhere.backoff_min = std::chrono::milliseconds(1);
    nowhere.backoff_max = std::chrono::milliseconds(5);
    REQUIRE(app.store.connect(nowhere));
    std::vector<std::thread> threads;
    threads.reserve(writers);
    std::atomic<int> failures{0};
    for (int w = 0; w < writers; ++w) {
        threads.emplace_back([&, w] {
            for (int i = 0; i < writes; ++i) {
                const auto written = app.space.transact([&](Transaction& tx) {
                    auto task = tx.document("tasks", "t1");
                    task.counter("n").add(1);
                    task.set_of("all").insert(Value(w * writes + i));
                });
                if (!written) ++failures;
            }
        });
    }
    threads.emplace_back([&] {
        std::int64_t last = 0;
        while (!done) {
            const Value task = app.task();
            const Value* n = task.find("n");
            const std::int64_t now = n == nullptr ? 0 : *n->integer();
            if (now < last) ++failures;
            last = now;
            const Value* all = task.find("all");
            // A transaction is seen whole.
            if (all != nullptr && static_cast<std::int64_t>(all->array()->size()) != now) {
                ++failures;
            }
        }
    });
    for (int w = 0; w < writers; ++w) threads[static_cast<std::size_t>(w)].join();
    done = true;
    threads.back().join();
    app.store.disconnect();
    CHECK(failures == 0);
    CHECK(told == writers * writes);
    CHECK(*app.task().find("n") == Value(writers * writes));
    CHECK(app.space.status().pending == static_cast<std::size_t>(writers * writes));
}

TEST_CASE("an exception out of a transaction takes its edits back", "[api]") {
    // It left them visible, and the next transaction used their dots again.
    App app;
    REQUIRE(app.space.transact([](Transaction& tx) { tx.document("tasks", "t1").set("k", 1); }));
    CHECK_THROWS_AS(app.space.transact([](Transaction& tx) {
        tx.document("tasks", "t1").set("k", 99);
        throw std::runtime_error("the app changed its mind");
    }),
                    std::runtime_error);
    CHECK(*app.task().find("k") == Value(1));
    REQUIRE(app.space.transact([](Transaction& tx) { tx.document("tasks", "t1").set("l", 2); }));
    CHECK(*app.task().find("k") == Value(1));
    CHECK(*app.task().find("l") == Value(2));
}

TEST_CASE("a change leaves room for the message that carries it", "[api]") {
    // One of just 1 MiB was accepted here and refused by the relay for ever.
    App app;
    const auto write = [&](std::size_t bytes) {
        return app.space.transact([&](Transaction& tx) {
            tx.document("tasks", "t1").set("text", std::string(bytes, 'x'));
        });
    };
    const auto refused = write(wire::authored_bytes_max);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::too_large);
    CHECK(app.space.status().pending == 0);
    CHECK(write(wire::authored_bytes_max - 1'000));
}

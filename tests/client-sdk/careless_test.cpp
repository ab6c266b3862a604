// What apps do that they should not, and what they are told.

#include "lost_values.hpp"
#include "support/temporary_directory.hpp"
#include "syncline/client/store.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace syncline;
using test::TemporaryDirectory;

namespace {

struct App {
    TemporaryDirectory directory;
    Store store = Store::open(directory.path() + "/app.db").value();
    Space space = store.space("team").value();

    Result<> write(int n) {
        return space.transact([&](Transaction& tx) { tx.document("tasks", "t1").set("n", n); });
    }
};

template <typename T>
bool refused(const Result<T>& result) {
    return !result && result.error().code == ErrorCode::invalid_argument &&
           result.error().message.find("inside a transaction") != std::string::npos;
}

void everything_is_refused(App& app) {
    CHECK(refused(app.write(2)));
    CHECK(refused(app.space.get({"tasks", "t1"})));
    CHECK(refused(app.space.document({"tasks", "t1"})));
    CHECK(refused(app.space.conflicts({"tasks", "t1"}, {})));
    CHECK(refused(app.space.ids("tasks")));
    CHECK(refused(app.space.each("tasks", [](const std::string&, const Value&) { return true; })));
    CHECK(refused(app.space.digest()));
    CHECK(refused(app.space.undo()));
    CHECK(refused(app.space.set_presence("window", Value(1))));
    CHECK(refused(app.space.wait_in_sync(std::chrono::milliseconds(1))));
    CHECK(refused(app.store.space("another")));
    CHECK(refused(app.store.spaces()));
    CHECK(refused(app.store.drop_schema()));
    CHECK(refused(app.store.verify()));
    CHECK(refused(app.store.connect({.url = "ws://127.0.0.1:1"})));
    // These cannot say no, and need not.
    CHECK(app.space.status().connection == SyncStatus::Connection::offline);
    CHECK(app.space.presence().empty());
    CHECK(app.store.replica() == app.store.replica());
    CHECK_FALSE(app.store.schema());
    Subscription begun = app.space.observe([](const SpaceChanges&) {});
    begun.cancel();
}

}  // namespace

TEST_CASE("a call of the store from inside a transaction is an error, and no wait", "[api]") {
    App app;
    CHECK(app.space.transact([&](Transaction& tx) {
        tx.document("tasks", "t1").set("n", 1);
        everything_is_refused(app);
    }));
    CHECK(*app.space.get({"tasks", "t1"}).value()->find("n") == Value(1));
    CHECK(app.write(3));
}

TEST_CASE("a call of the store from inside a visit is an error, and no wait", "[api]") {
    App app;
    REQUIRE(app.write(1));
    int visited = 0;
    CHECK(app.space.each("tasks", [&](const std::string&, const Value&) {
        ++visited;
        everything_is_refused(app);
        return true;
    }));
    CHECK(visited == 1);
    CHECK(app.write(2));
}

TEST_CASE("after a transaction that threw, the store can be called", "[api]") {
    App app;
    CHECK_THROWS_AS(app.space.transact([](Transaction&) { throw std::runtime_error("oops"); }),
                    std::runtime_error);
    CHECK(app.write(1));
    CHECK(app.space.get({"tasks", "t1"}));
}

TEST_CASE("a transaction without a function is an error", "[api]") {
    App app;
    const auto done = app.space.transact(nullptr);
    REQUIRE_FALSE(done);
    CHECK(done.error().code == ErrorCode::invalid_argument);
}

TEST_CASE("an observer of presence that threw does not silence the others", "[api]") {
    App app;
    Subscription bad =
        app.space.observe_presence([](const auto&) { throw std::runtime_error("oops"); });
    CHECK_THROWS_AS(app.space.set_presence("window", Value(1)), std::runtime_error);
    bad.cancel();
    int told = 0;
    const Subscription good = app.space.observe_presence([&](const auto&) { ++told; });
    CHECK(app.space.set_presence("window", Value(2)));
    CHECK(told == 1);
}

TEST_CASE("editors are values: one variable can walk down a document", "[api]") {
    App app;
    REQUIRE(app.space.transact([](Transaction& tx) {
        MapEditor at = tx.document("tasks", "t1");
        for (const char* key : {"a", "b", "c"}) at = at.map(key);
        at.set("n", 1);
        ListEditor list = at.list("x");
        list.push(1);
        list = at.list("y");
        list.push(2);
    }));
    const Value shown = app.space.get({"tasks", "t1"}).value().value();
    const Value* c = shown.find("a")->find("b")->find("c");
    CHECK(*c->find("n") == Value(1));
    CHECK(*c->find("y") == Value(Value::Array{Value(2)}));
}

TEST_CASE("errors say what to do about them", "[api]") {
    App app;
    SECTION("a grow-only counter is lowered") {
        const auto done = app.space.transact(
            [](Transaction& tx) { tx.document("tasks", "t1").grow_only_counter("c").add(-1); });
        REQUIRE_FALSE(done);
        CHECK(done.error().code == ErrorCode::out_of_range);
        CHECK(done.error().message == "a grow-only counter takes no negative amount");
    }
    SECTION("nobody called connect()") {
        const auto late = app.space.wait_in_sync(std::chrono::milliseconds(1));
        REQUIRE_FALSE(late);
        CHECK(late.error().message.find("connect()") != std::string::npos);
    }
    SECTION("the file cannot be opened") {
        const auto opened = Store::open(app.directory.path() + "/nowhere/app.db");
        REQUIRE_FALSE(opened);
        CHECK(opened.error().message.find("No such file or directory") != std::string::npos);
    }
}

TEST_CASE("whoever watches the status is told of each change of it", "[api]") {
    App app;
    std::vector<SyncStatus> told;
    Subscription watching = app.space.observe_status([&](const SyncStatus& status) {
        told.push_back(status);
        if (told.size() == 1)
            CHECK(app.write(2));  // it may call back, and is told of that after it
    });
    CHECK(told.empty());
    REQUIRE(app.write(1));
    REQUIRE(told.size() == 2);
    CHECK(told[0].pending == 1);
    CHECK(told[1].pending == 2);
    CHECK(told[1] == app.space.status());
    REQUIRE(app.space.set_presence("window", Value(1)));  // no change of the status
    CHECK(told.size() == 2);
    watching.cancel();
    REQUIRE(app.write(3));
    CHECK(told.size() == 2);
}

TEST_CASE("what lost against a register is told newest first", "[api]") {
    // Written by nobody who had seen another; the newest neither by the first nor the last replica.
    LwwRegister field;
    const auto write = [&](std::uint8_t replica, std::uint64_t ms, const char* value) {
        ReplicaId id;
        id.bytes[0] = std::byte{replica};
        field.apply(LwwRegister().set(value), Event{Dot{id, 1}, Hlc::at(ms)});
    };
    write(1, 30, "third");
    write(2, 50, "shown");
    write(3, 10, "first");
    write(4, 40, "fourth");
    CHECK(*field.value() == Value("shown"));
    CHECK(client::lost_values(field) ==
          std::vector<Value>{Value("fourth"), Value("third"), Value("first")});
}

// What an app may do inside an observer that runs on the network thread: anything, ending included.

#include "programs.hpp"
#include "syncline/client/store.hpp"

#include <atomic>
#include <optional>

using namespace syncline;
using namespace syncline::e2e;

namespace {

struct Device {
    Device(const TemporaryDirectory& directory, const std::string& name, const std::string& url)
        : store(Store::open(directory.path() + "/" + name + ".db").value()),
          space(store.space("team").value()) {
        connect(url);
    }
    void connect(const std::string& url) {
        ConnectOptions options;
        options.url = url;
        REQUIRE(store.connect(options));
        REQUIRE(space.wait_in_sync(std::chrono::seconds(30)));
    }
    void write(const std::string& id) {
        REQUIRE(
            space.transact([&](Transaction& tx) { tx.document("tasks", id).set("title", "x"); }));
    }
    Store store;
    Space space;
};

}  // namespace

TEST_CASE("an observer of remote changes may disconnect and connect again", "[e2e]") {
    TemporaryDirectory directory;
    Relay relay(directory.path());
    Device alice(directory, "alice", relay.url());
    Device bob(directory, "bob", relay.url());
    std::atomic<int> calls{0};
    const Subscription watching = alice.space.observe([&](const SpaceChanges&) {
        if (calls == 0) alice.store.disconnect();
        ++calls;
    });
    bob.write("t1");
    CHECK(eventually([&] { return calls == 1; }));
    CHECK(alice.space.status().connection == SyncStatus::Connection::offline);
    bob.write("t2");
    alice.connect(relay.url());
    CHECK(eventually([&] { return alice.space.ids("tasks").value().size() == 2; }));
}

TEST_CASE("an observer of remote changes may let go of the store", "[e2e]") {
    TemporaryDirectory directory;
    Relay relay(directory.path());
    std::optional<Device> alice(std::in_place, directory, "alice", relay.url());
    Device bob(directory, "bob", relay.url());
    std::atomic<bool> gone{false};
    Subscription watching = alice->space.observe([&](const SpaceChanges&) {
        alice.reset();
        gone = true;
    });
    bob.write("t1");
    CHECK(eventually([&] { return gone.load(); }));
    // The file is free again as soon as its network thread has ended.
    CHECK(eventually([&] { return Store::open(directory.path() + "/alice.db").has_value(); }));
}

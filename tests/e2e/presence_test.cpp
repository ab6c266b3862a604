// Who is where: real stores over real sockets, and the command line tool.

#include "programs.hpp"
#include "syncline/client/store.hpp"

#include <atomic>

using namespace syncline;
using namespace syncline::e2e;

namespace {

struct Device {
    Device(const TemporaryDirectory& directory, const std::string& name)
        : store(Store::open(directory.path() + "/" + name + ".db").value()),
          space(store.space("team").value()) {}
    void connect(const std::string& url) {
        ConnectOptions options;
        options.url = url;
        options.backoff_max = std::chrono::milliseconds(500);
        REQUIRE(store.connect(options));
        REQUIRE(space.wait_in_sync(std::chrono::seconds(30)));
    }
    /// What this device sees of others, "session=value" each.
    [[nodiscard]] std::string others() const {
        std::string all;
        for (const Presence& one : space.presence()) {
            if (!one.own) all += one.session + "=" + *one.value.text() + " ";
        }
        return all;
    }
    [[nodiscard]] bool comes_to_see(const std::string& expected) const {
        const bool seen = eventually([&] { return others() == expected; });
        CHECK(others() == expected);
        return seen;
    }
    Store store;
    Space space;
};

}  // namespace

TEST_CASE("two people see where the other is, through restarts of the relay", "[e2e]") {
    TemporaryDirectory directory;
    Relay relay(directory.path());
    Device alice(directory, "alice");
    Device bob(directory, "bob");
    std::atomic<int> told{0};
    const Subscription watching = bob.space.observe_presence([&](const std::vector<Presence>&) {
        ++told;
        (void)bob.space.presence();  // no lock is held
    });
    REQUIRE(alice.space.set_presence("tab 1", Value("here")));
    CHECK(alice.space.presence().at(0).own);
    CHECK(alice.space.presence().at(0).replica == alice.store.replica());
    alice.connect(relay.url());
    bob.connect(relay.url());
    REQUIRE(bob.comes_to_see("tab 1=here "));
    CHECK(bob.space.presence().at(0).replica == alice.store.replica());
    CHECK(bob.space.presence().at(0).subject == "anonymous");

    // Two windows of one device, and fast movement: the last place is what is seen.
    for (int i = 0; i <= 200; ++i)
        REQUIRE(alice.space.set_presence("tab 2", Value("place " + std::to_string(i))));
    REQUIRE(bob.comes_to_see("tab 1=here tab 2=place 200 "));
    alice.space.clear_presence("tab 1");
    REQUIRE(bob.comes_to_see("tab 2=place 200 "));
    // The board may be looked at before its watcher is called.
    CHECK(eventually([&] { return told > 2; }));

    SECTION("the relay stops politely") { relay.stop(); }
    SECTION("the relay is killed") { relay.kill_hard(); }
    REQUIRE(bob.comes_to_see(""));
    relay.start();
    REQUIRE(bob.comes_to_see("tab 2=place 200 "));

    alice.store.disconnect();
    REQUIRE(bob.comes_to_see(""));
    CHECK(alice.space.presence().size() == 1);
    alice.connect(relay.url());
    REQUIRE(bob.comes_to_see("tab 2=place 200 "));
}

TEST_CASE("the tool shows who is there", "[e2e]") {
    TemporaryDirectory directory;
    Relay relay(directory.path());
    Person alice(directory, "alice");
    Person bob(directory, "bob");
    Process watch({program("syncline"), "--store", bob.store(), "presence", "--url", relay.url()},
                  directory.path(), "watch");
    Process here({program("syncline"), "--store", alice.store(), "presence", "--url", relay.url(),
                  "--say", R"({"name":"Ada"})"},
                 directory.path(), "here");
    CHECK(eventually(
        [&] { return watch.out().find(R"("value":{"name":"Ada"}}])") != std::string::npos; }));
    here.signal(SIGTERM);
    CHECK(here.wait() == 0);
    CHECK(eventually([&] { return watch.out().find("\n[]\n") != std::string::npos; }));
    watch.signal(SIGTERM);
    CHECK(watch.wait() == 0);
    CHECK(bob.try_to({"presence", "--url", "nonsense"}).code == 7);
}

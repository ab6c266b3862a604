// The relay as its users run it: a process with a port, a directory and signals.

#include "auth/sign.hpp"
#include "relay_program.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <iostream>
#include <map>
#include <random>
#include <sys/stat.h>
#include <thread>

using namespace relay_test;
using test::Author;
using test::replica_number;
using test::TemporaryDirectory;

namespace {

const std::string secret = "a secret of at least thirty-two bytes, surely";

std::string secret_file(const TemporaryDirectory& directory) {
    std::string path = directory.path() + "/key";
    std::ofstream(path) << secret << '\n';
    chmod(path.c_str(), 0600);
    return path;
}

std::string token_for(const std::string& subject, std::map<std::string, relay::auth::Access> spaces,
                      std::int64_t expires_in_s = 600, const std::string& with = secret) {
    relay::auth::Grant grant;
    grant.subject = subject;
    grant.spaces = std::move(spaces);
    grant.expires_s = static_cast<std::int64_t>(wall_ms() / 1000) + expires_in_s;
    return relay::auth::sign_hs256(relay::auth::claims_of(grant, {}, 0), as_bytes(with)).value();
}

/// Writes `count` changes in `space` and waits until the relay has them.
bool write_some(Peer& peer, Author& author, const std::string& space, int count) {
    const ChainHead before = author.head();
    for (int i = 0; i < count; ++i) author.write(wall_ms(), "change " + std::to_string(i));
    peer.say(author.push(space, before));
    const auto accepted = peer.hear_a<wire::Accepted>();
    return accepted && accepted->head == author.head();
}

}  // namespace

TEST_CASE("two devices meet at the relay, and a restart keeps what it accepted",
          "[relay][process]") {
    const TemporaryDirectory directory;
    Author alice{replica_number(1), {}, {}};
    std::uint64_t salt = 0;
    EpochId epoch;
    {
        Program relay(directory.path(), Program::usual(directory.path()));
        const auto port = relay.port();
        REQUIRE(port != 0);
        Peer writer(port);
        Peer reader(port);
        REQUIRE(writer.hello(alice.replica, 1));
        REQUIRE(reader.hello(replica_number(2), 1));
        REQUIRE(writer.open("team"));
        REQUIRE(reader.open("team")->head == 0);
        REQUIRE(write_some(writer, alice, "team", 5));
        const auto changes = reader.hear_a<wire::Changes>();
        REQUIRE(changes);
        REQUIRE(changes->batches.size() == 1);
        salt = changes->batches[0].salt;
        const auto entries =
            wire::decode_batch(changes->batches[0].changes, wire::relay_frame_limits());
        REQUIRE(entries->size() == 5);
        CHECK(Bytes((*entries)[0].change.begin(), (*entries)[0].change.end()) ==
              alice.made[0].bytes);

        // Once more: the same answer, and nothing new for readers.
        writer.say(alice.push("team", {}));
        CHECK(writer.hear_a<wire::Accepted>()->head == alice.head());
        relay.kill(SIGTERM);
        CHECK(reader.hear_a<wire::GoAway>());
        CHECK(!reader.hear());
        CHECK(reader.closed_with == 1001);
        CHECK(relay.wait(std::chrono::seconds(5)) == 0);
        CHECK(relay.log().find("\"event\":\"stopped\"") != std::string::npos);
    }
    Program relay(directory.path(), Program::usual(directory.path()));
    const auto port = relay.port();
    REQUIRE(port != 0);
    Peer writer(port);
    REQUIRE(writer.hello(alice.replica, 2));
    const auto opened = writer.open("team", 5, salt, epoch);
    REQUIRE(opened);
    CHECK(opened->head == 5);
    CHECK(opened->from == 5);  // the cursor is still good
    CHECK(opened->own == alice.head());
    CHECK(write_some(writer, alice, "team", 2));
    CHECK(whole_log(port, replica_number(3), 1, "team")->size() == 7);

    Peer stale(port);
    CHECK(!stale.hello(alice.replica, 2));  // not newer: a clone or a restored file
    CHECK(stale.closed_with == 4409);

    struct stat status {};
    REQUIRE(stat((directory.path() + "/data").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0700U);
    REQUIRE(stat((directory.path() + "/data/relay.db").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0600U);
}

TEST_CASE("a relay with a key lets in good tokens only", "[relay][process]") {
    using relay::auth::Access;
    const TemporaryDirectory directory;
    Program relay(directory.path(),
                  Program::usual(directory.path(), {"--key", secret_file(directory)}));
    const auto port = relay.port();
    REQUIRE(port != 0);
    const auto refused = [&](const std::string& token) {
        Peer peer(port);
        const bool welcome = peer.hello(replica_number(9), 1, token).has_value();
        return !welcome && peer.closed_with == 4401;
    };
    CHECK(refused(""));
    CHECK(refused("nonsense"));
    CHECK(refused(token_for("alice", {{"team", Access::read_write}}, 600,
                            "another secret of at least thirty-two bytes")));
    CHECK(refused(token_for("alice", {{"team", Access::read_write}}, -100)));

    Peer alice(port);
    REQUIRE(
        alice.hello(replica_number(1), 1,
                    token_for("alice", {{"team", Access::read_write}, {"news", Access::read}})));
    CHECK(alice.open("team"));
    CHECK(alice.open("news")->access == syncline::Access::read);
    alice.say(wire::Open{"secret", {}, 0, 0, {}, {}});
    const auto failure = alice.hear_a<wire::Failure>();
    REQUIRE(failure);
    CHECK(failure->code == ErrorCode::forbidden);
    Author author{replica_number(1), {}, {}};
    CHECK(write_some(alice, author, "team", 1));
    author = {replica_number(1), {}, {}};
    author.write(wall_ms(), "x");
    alice.say(author.push("news", {}));
    CHECK(alice.hear_a<wire::Failure>()->code == ErrorCode::forbidden);

    // A replica id belongs to whom it was first used by.
    Peer bob(port);
    CHECK(!bob.hello(replica_number(1), 2, token_for("bob", {{"team", Access::read_write}})));
    CHECK(bob.closed_with == 4409);
    CHECK(relay.log().find(secret) == std::string::npos);
}

TEST_CASE("a second relay on the same data says that the first one has it", "[relay][process]") {
    const TemporaryDirectory directory;
    const TemporaryDirectory elsewhere;
    Program first(directory.path(), Program::usual(directory.path()));
    REQUIRE(first.port() != 0);
    Program second(elsewhere.path(),
                   {"--data", directory.path() + "/data", "--listen", "127.0.0.1:0"});
    CHECK(second.wait() == 3);
    CHECK(second.log().find("another relay") != std::string::npos);
    Program copy(elsewhere.path(), {"backup", "--data", directory.path() + "/data", "--to",
                                    elsewhere.path() + "/copy.db"});
    CHECK(copy.wait() == 3);
    first.kill(SIGINT);
    CHECK(first.wait() == 0);
    Program now(elsewhere.path(), {"backup", "--data", directory.path() + "/data", "--to",
                                   elsewhere.path() + "/copy.db"});
    CHECK(now.wait() == 0);
}

TEST_CASE("the relay serves its pages", "[relay][process]") {
    const TemporaryDirectory directory;
    const std::string pages = directory.path() + "/pages";
    mkdir(pages.c_str(), 0700);
    std::ofstream(pages + "/index.html") << "<p>hello";
    std::ofstream(pages + "/.hidden") << "no";
    Program relay(directory.path(), Program::usual(directory.path(), {"--static", pages}));
    const auto port = relay.port();
    REQUIRE(port != 0);
    const auto get = [&](const std::string& path) {
        net_test::Client client(port);
        const std::string head = client.request(path);
        return head.substr(9, 3) + " " + client.read_body(head);
    };
    CHECK(get("/healthz") == "200 ok\n");
    CHECK(get("/readyz") == "200 ready\n");
    CHECK(get("/") == "200 <p>hello");
    CHECK(get("/index.html") == "200 <p>hello");
    CHECK(get("/.hidden").substr(0, 3) == "404");
    CHECK(get("/../data/relay.db").substr(0, 3) != "200");
    Author alice{replica_number(1), {}, {}};
    Peer writer(port);
    REQUIRE(writer.hello(alice.replica, 1));
    REQUIRE(writer.open("team"));
    REQUIRE(write_some(writer, alice, "team", 3));
    const std::string metrics = get("/metrics");
    for (const char* line : {"syncline_changes_accepted_total 3\n", "syncline_connections 1\n",
                             "syncline_subscriptions 1\n", "syncline_commit_seconds_count",
                             "process_start_time_seconds", "syncline_build_info{"}) {
        CAPTURE(line);
        CHECK(metrics.find(line) != std::string::npos);
    }
}

TEST_CASE("key files that change are read again at SIGHUP", "[relay][process]") {
    using relay::auth::Access;
    const TemporaryDirectory directory;
    const std::string key = secret_file(directory);
    Program relay(directory.path(), Program::usual(directory.path(), {"--key", key}));
    const auto port = relay.port();
    REQUIRE(port != 0);
    const std::string next = "another secret of at least thirty-two bytes";
    std::ofstream(key, std::ios::trunc) << next;
    relay.kill(SIGHUP);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (relay.log().find("keys_reloaded") == std::string::npos) {
        REQUIRE(std::chrono::steady_clock::now() < until);
        poll(nullptr, 0, 2);
    }
    Peer late(port);
    CHECK(!late.hello(replica_number(1), 1, token_for("a", {{"*", Access::read_write}})));
    Peer peer(port);
    CHECK(peer.hello(replica_number(1), 1, token_for("a", {{"*", Access::read_write}}, 600, next)));
}

namespace {

/// Ten devices write as fast as they are answered, in three spaces, while the relay is killed.
struct Drill {
    struct Device {
        Author author;
        std::string space;
        std::uint64_t nonce = 0;
        ChainHead accepted;
        bool wrong = false;
    };
    static constexpr std::size_t devices_count = 10;
    TemporaryDirectory directory;
    std::vector<Device> devices;
    std::atomic<std::uint64_t> answers{0};

    Drill() {
        for (std::size_t i = 0; i < devices_count; ++i) {
            devices.push_back(
                {{replica_number(i + 1), {}, {}}, "space-" + std::to_string(i % 3), 0, {}, false});
        }
    }
    /// One device, from hello until the relay is gone.
    void live(Device& device, std::uint16_t port) {
        Peer peer(port);
        if (!peer.is_open() || !peer.hello(device.author.replica, ++device.nonce)) return;
        const auto opened = peer.open(device.space);
        if (!opened) return;
        if (!device.author.has(opened->own) || opened->own.counter < device.accepted.counter) {
            device.wrong = true;
            return;
        }
        ChainHead from = opened->own;
        while (true) {
            for (std::uint64_t more = 1 + device.author.made.size() % 3; more > 0; --more)
                device.author.write(wall_ms(), std::to_string(device.author.made.size()));
            // In pieces, so that what was refused as a gap is not possible.
            peer.say(device.author.push(device.space, from));
            const auto accepted = peer.hear_a<wire::Accepted>();
            if (!accepted) return;
            if (!device.author.has(accepted->head)) {
                device.wrong = true;
                return;
            }
            device.accepted = from = accepted->head;
            ++answers;
        }
    }
    /// Every space's log: each author's changes once, in order, at least to what was accepted.
    bool log_is_right(std::uint16_t port, std::uint64_t round) {
        std::map<ReplicaId, std::size_t> next;
        for (int space = 0; space < 3; ++space) {
            const auto log = whole_log(port, replica_number(100),
                                       round * 3 + static_cast<std::uint64_t>(space) + 1,
                                       "space-" + std::to_string(space));
            if (!log) return false;
            for (const LogEntry& entry : *log) {
                const std::size_t device =
                    std::to_integer<std::size_t>(entry.replica.bytes.back()) - 1;
                const auto& made = devices.at(device).author.made;
                const std::size_t at = next[entry.replica]++;
                if (at >= made.size() || made[at].bytes != entry.change) return false;
            }
        }
        for (const Device& device : devices) {
            const std::size_t count = next[device.author.replica];
            if (count < device.accepted.counter || device.wrong) return false;
        }
        return true;
    }
    void run(int kills) {
        std::mt19937 random(1);
        for (int round = 0; round < kills; ++round) {
            CAPTURE(round);
            Program relay(directory.path(), Program::usual(directory.path()));
            const auto port = relay.port();
            REQUIRE(port != 0);
            REQUIRE(log_is_right(port, static_cast<std::uint64_t>(round)));
            std::vector<std::thread> threads;
            for (Device& device : devices)
                threads.emplace_back([this, &device, port] { live(device, port); });
            const std::uint64_t wanted = answers + 20 + random() % 60;
            const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
            while (answers < wanted && std::chrono::steady_clock::now() < until)
                poll(nullptr, 0, 1);
            relay.kill(SIGKILL);
            for (std::thread& thread : threads) thread.join();
            CHECK(relay.wait() == 128 + SIGKILL);
            CHECK(answers >= wanted);
        }
        Program relay(directory.path(), Program::usual(directory.path()));
        const auto port = relay.port();
        REQUIRE(port != 0);
        CHECK(log_is_right(port, static_cast<std::uint64_t>(kills)));
        std::cout << "kill -9 drill: " << kills << " kills, " << answers << " pushes answered\n";
    }
};

}  // namespace

TEST_CASE("kill -9 under load loses nothing that was accepted", "[relay][process]") {
    Drill().run(10);
}

TEST_CASE("kill -9 under load loses nothing that was accepted, 200 times",
          "[relay][process][.slow]") {
    Drill().run(200);
}

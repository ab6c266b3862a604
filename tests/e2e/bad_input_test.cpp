// Each thing that can be wrong has an exit code and a sentence on standard error.

#include "auth/sign.hpp"
#include "programs.hpp"
#include "syncline/sqlite/database.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace syncline;
using namespace syncline::e2e;

namespace {

void refused(const Finished& finished, int code, const std::string& name,
             const std::string& words = {}) {
    INFO(finished.err);
    CHECK(finished.code == code);
    CHECK(finished.out.empty());
    CHECK(finished.err.find("syncline: ") == 0);
    CHECK(finished.err.find("(" + name + ")") != std::string::npos);
    CHECK(finished.err.find(words) != std::string::npos);
}

/// A small file system of its own; none without the right to mount.
class SmallDisk {
public:
    SmallDisk(const std::string& path, const char* options) : path_(path) {
        mkdir(path.c_str(), 0700);
        mounted_ = mount("none", path.c_str(), "tmpfs", 0, options) == 0;
    }
    ~SmallDisk() {
        if (mounted_) umount2(path_.c_str(), MNT_DETACH);
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    [[nodiscard]] bool mounted() const { return mounted_; }
    void make_readonly() {
        REQUIRE(mount("none", path_.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0);
    }

private:
    std::string path_;
    bool mounted_ = false;
};

/// Answers every connection with an HTTP page.
class WebServer {
public:
    WebServer() {
        listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        REQUIRE(bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
        REQUIRE(listen(listener_, 8) == 0);
        REQUIRE(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] {
            while (true) {
                const int peer = accept(listener_, nullptr, nullptr);
                if (peer < 0) return;
                char request[4096];
                (void)!read(peer, request, sizeof request);
                const std::string page =
                    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
                (void)!write(peer, page.data(), page.size());
                ::close(peer);
            }
        });
    }
    ~WebServer() {
        shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }
    WebServer(const WebServer&) = delete;
    WebServer& operator=(const WebServer&) = delete;
    [[nodiscard]] std::string url() const { return "ws://127.0.0.1:" + std::to_string(port_); }

private:
    int listener_ = -1;
    unsigned port_ = 0;
    std::thread thread_;
};

}  // namespace

TEST_CASE("a store that cannot be opened is told apart", "[e2e]") {
    TemporaryDirectory directory;
    Person alice(directory, "alice");

    SECTION("no store") {
        test::write_file(alice.store(), "this is a letter, not a store\n");
        refused(alice.try_to({"status"}), 6, "storage_not_ours", alice.store());
        CHECK(test::read_file(alice.store()) == "this is a letter, not a store\n");
    }
    SECTION("of a newer format") {
        alice.does({"set", "tasks/t1", "title", "1"});
        {
            sqlite::Options options;
            options.path = alice.store();
            auto database = sqlite::Database::open(options).value();
            REQUIRE(database.set_user_version(99));
        }
        refused(alice.try_to({"status"}), 6, "storage_newer", "99");
    }
    SECTION("in use by another process") {
        alice.does({"set", "tasks/t1", "title", "1"});
        Relay relay(directory.path());
        // Either may be first at the file; a watcher that lost is started again.
        std::unique_ptr<Process> watch;
        Finished finished;
        REQUIRE(eventually([&] {
            if (watch == nullptr || !watch->running()) {
                watch = std::make_unique<Process>(
                    std::vector<std::string>{program("syncline"), "--store", alice.store(), "watch",
                                             "tasks", "--url", relay.url()},
                    directory.path(), "watch");
            }
            // Two that open at once can refuse each other: only who is refused twice met its
            // holder.
            finished = alice.try_to({"status"});
            if (finished.code != 0) finished = alice.try_to({"status"});
            return finished.code != 0 && watch->running();
        }));
        refused(finished, 6, "storage_locked", alice.store());
        watch->signal(SIGINT);
        CHECK(watch->wait() == 0);
        alice.does({"status"});
    }
    SECTION("in a directory that is not there") {
        Person lost(directory, "nowhere/lost");
        const Finished finished = lost.try_to({"status"});
        CHECK(finished.code == 6);
        CHECK(finished.err.find(lost.store()) != std::string::npos);
    }
    SECTION("in a directory that may only be read") {
        const std::string place = directory.path() + "/small";
        SmallDisk disk(place, "size=1m");
        if (!disk.mounted()) {
            WARN("not allowed to mount a file system: skipped");
            return;
        }
        Person reader(directory, "small/reader");
        reader.does({"set", "tasks/t1", "title", "1"});
        disk.make_readonly();
        const Finished finished = reader.try_to({"set", "tasks/t1", "title", "2"});
        CHECK(finished.code == 6);
        CHECK(finished.err.find(reader.store()) != std::string::npos);
        Person fresh(directory, "small/fresh");
        CHECK(fresh.try_to({"status"}).code == 6);
    }
    SECTION("on a full disk, which keeps what was there") {
        const std::string place = directory.path() + "/small";
        SmallDisk disk(place, "size=1m");
        if (!disk.mounted()) {
            WARN("not allowed to mount a file system: skipped");
            return;
        }
        Person hoarder(directory, "small/hoarder");
        hoarder.does({"set", "tasks/t0", "title", "0"});
        const std::string text = "\"" + std::string(50'000, 'x') + "\"";
        Finished finished;
        int stored = 0;
        for (int i = 1; i < 100 && finished.code != 6; ++i) {
            finished = hoarder.try_to({"set", "tasks/t" + std::to_string(i), "title", text});
            if (finished.code == 0) ++stored;
        }
        refused(finished, 6, "storage_full");
        const std::string ids = hoarder.does({"list", "tasks"});
        CHECK(std::count(ids.begin(), ids.end(), '\n') == stored);
    }
}

TEST_CASE("an import names the line that is broken and keeps nothing of its batch", "[e2e]") {
    TemporaryDirectory directory;
    Person alice(directory, "alice");
    const std::string file = directory.path() + "/records";
    const auto import = [&] { return alice.try_to({"import", "people", file, "--id", "id"}); };
    test::write_file(file, "{\"id\":\"a\"}\n{\"id\":\"b\"}\n{\"id\":\"c\",}\n");
    auto finished = import();
    CHECK(finished.code == 7);
    CHECK(finished.err.find("line 3") != std::string::npos);
    CHECK(alice.does({"list", "people"}).empty());
    test::write_file(file, "[{\"id\":\"a\"},\n{\"name\":\"no id\"}]\n");
    finished = import();
    CHECK(finished.code == 7);
    CHECK(finished.err.find("line 2") != std::string::npos);
    CHECK(alice.try_to({"import", "people", file + "-none", "--id", "id"}).code != 0);
}

TEST_CASE("arguments that make no sense are told", "[e2e]") {
    TemporaryDirectory directory;
    Person alice(directory, "alice");
    CHECK(alice.try_to({"frobnicate"}).code == 2);
    CHECK(alice.try_to({"set", "tasks/t1"}).code == 2);
    refused(alice.try_to({"set", "tasks/t1", "title", "Buy milk"}), 7, "malformed", "quotes");
    refused(alice.try_to({"set", "tasks", "title", "1"}), 7, "invalid_argument");
    refused(alice.try_to({"get", "tasks/none"}), 3, "not_found");
}

TEST_CASE("a relay that is none, or not there, is told", "[e2e]") {
    TemporaryDirectory directory;
    Person alice(directory, "alice");
    alice.does({"set", "tasks/t1", "title", "1"});
    SECTION("a web server") {
        WebServer server;
        refused(alice.try_to({"sync", server.url(), "--timeout", "10"}), 5, "not_a_relay", "200");
    }
    SECTION("nobody listens") {
        const Finished finished = alice.try_to({"sync", "ws://127.0.0.1:1", "--timeout", "1"});
        refused(finished, 5, "connection_lost");
    }
    SECTION("no URL") {
        CHECK(alice.try_to({"sync", "http://example.com"}).code == 7);
        CHECK(alice.try_to({"sync", "nonsense"}).code == 7);
    }
    CHECK(alice.does({"status"}).find("\"pending\":1") != std::string::npos);
}

TEST_CASE("a token that does not fit is refused, with its reason", "[e2e]") {
    TemporaryDirectory directory;
    const std::string key = directory.path() + "/key";
    test::write_file(key, std::string(48, 'k'));
    chmod(key.c_str(), 0600);
    Relay relay(directory.path(), {"--key", key});
    const auto token = [&](std::vector<std::string> more) {
        std::vector<std::string> arguments{
            program("syncline-relay"), "token", "--key", key, "--subject", "alice"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        const Finished finished = test::run(arguments, directory.path());
        INFO(finished.err);
        REQUIRE(finished.code == 0);
        return finished.out.substr(0, finished.out.find('\n'));
    };
    Person alice(directory, "alice");
    alice.does({"set", "tasks/t1", "title", "1"});
    const auto sync = [&](const std::string& with) {
        return alice.try_to({"sync", relay.url(), "--timeout", "10", "--token", with});
    };

    const std::string good = token({"--space", "default=rw"});
    refused(sync("nonsense"), 4, "unauthorized");
    std::string forged = good;
    forged[forged.size() - 5] = forged[forged.size() - 5] == 'A' ? 'B' : 'A';
    refused(sync(forged), 4, "unauthorized");
    refused(sync(token({"--space", "other=rw"})), 4, "forbidden");
    relay::auth::Grant grant;
    grant.subject = "alice";
    grant.spaces["default"] = relay::auth::Access::read_write;
    grant.expires_s = 1'700'000'000;  // 2023
    const auto expired = relay::auth::sign_hs256(relay::auth::claims_of(grant, {}, 0),
                                                 as_bytes(test::read_file(key)));
    REQUIRE(expired);
    refused(sync(*expired), 4, "token_expired");
    CHECK(sync(good).code == 0);
    CHECK(sync(token({"--space", "default=r"})).code == 0);
}

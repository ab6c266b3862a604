// The demo's desktop program: boards that several people edit, over a real relay.

#include "programs.hpp"

using namespace syncline;
using namespace syncline::e2e;

namespace {

constexpr int exit_not_sent = 5;

/// A person with the desktop program.
class Member {
public:
    Member(const TemporaryDirectory& directory, const std::string& name, std::string relay)
        : directory_(directory.path()), name_(name), relay_(std::move(relay)) {}
    Finished try_to(const std::vector<std::string>& command) const {
        std::vector<std::string> whole = start();
        if (!relay_.empty()) whole.insert(whole.end(), {"--relay", relay_});
        whole.insert(whole.end(), command.begin(), command.end());
        return test::run(std::move(whole), directory_);
    }
    std::string does(const std::vector<std::string>& command) const {
        const Finished finished = try_to(command);
        INFO(command.front() << ": " << finished.err);
        REQUIRE(finished.code == 0);
        return finished.out;
    }
    void moves_to(std::string relay) { relay_ = std::move(relay); }
    [[nodiscard]] std::vector<std::string> start() const {
        return {program("syncline-board"),
                "--store",
                directory_ + "/" + name_ + ".db",
                "--board",
                "lake",
                "--name",
                name_,
                "--patience",
                "30"};
    }

private:
    std::string directory_;
    std::string name_;
    std::string relay_;
};

}  // namespace

TEST_CASE("two people edit a board with the desktop program and see the same", "[e2e]") {
    TemporaryDirectory directory;
    Relay relay(directory.path());
    Member ada(directory, "Ada", relay.url());
    const Member noor(directory, "Noor", relay.url());

    ada.does({"title", "Weekend by the lake"});
    ada.does({"add", "Tent"});
    ada.does({"add", "Pancakes"});
    noor.does({"add", "Canoe"});
    noor.does({"vote", "2", "3"});
    noor.does({"tag", "1", "gear"});

    // Ada has read that and goes offline; both go on.
    ada.does({"list"});
    ada.moves_to("");
    ada.does({"vote", "2"});
    ada.does({"rename", "1", "Tent for four"});
    ada.does({"note", "1", "Miro has one"});
    ada.does({"move", "3", "1"});
    noor.does({"rename", "1", "Tent for three"});
    noor.does({"vote", "2", "-1"});
    noor.does({"untag", "1", "gear"});
    noor.does({"tag", "1", "lent"});
    noor.does({"done", "3"});

    ada.moves_to(relay.url());
    const std::string expected =
        "Weekend by the lake\n\n"
        " 1. [x] Canoe           0 votes\n"
        " 2. [ ] Tent for three  0 votes   #lent\n"
        "        also called at the same time: Tent for four\n"
        "        Miro has one\n"
        " 3. [ ] Pancakes        3 votes\n";
    CHECK(ada.does({"list"}) == expected);
    CHECK(noor.does({"list"}) == expected);

    // One takes the title that lost, and there is one again.
    noor.does({"rename", "2", "Tent for four"});
    noor.does({"remove", "1"});
    CHECK(ada.does({"list"}) ==
          "Weekend by the lake\n\n"
          " 1. [ ] Tent for four  0 votes   #lent\n"
          "        Miro has one\n"
          " 2. [ ] Pancakes       3 votes\n");
    relay.stop();
}

TEST_CASE("a board shows what others do while it is watched", "[e2e]") {
    TemporaryDirectory directory;
    Relay relay(directory.path());
    const Member ada(directory, "Ada", relay.url());
    const Member noor(directory, "Noor", relay.url());
    std::vector<std::string> watching = noor.start();
    watching.insert(watching.end(), {"--relay", relay.url(), "watch"});
    Process screen(watching, directory.path(), "watch");

    ada.does({"add", "Tent"});
    CHECK(eventually([&] { return screen.out().find("1. [ ] Tent") != std::string::npos; }));
    ada.does({"done", "1"});
    CHECK(eventually([&] { return screen.out().find("1. [x] Tent") != std::string::npos; }));
    CHECK(eventually([&] { return screen.out().find("(up to date)") != std::string::npos; }));
    CHECK(eventually([&] { return screen.out().find("Here: Noor\n") != std::string::npos; }));
    screen.signal(SIGINT);
    CHECK(screen.wait() == 0);
    relay.stop();
}

TEST_CASE("the desktop program says what it could not do", "[e2e]") {
    TemporaryDirectory directory;
    Relay relay(directory.path());
    Member ada(directory, "Ada", relay.url());
    ada.does({"add", "Tent"});

    const Finished missing = ada.try_to({"vote", "7"});
    CHECK(missing.code == 1);
    CHECK(missing.err.find("no item '7'") != std::string::npos);

    relay.stop();
    Finished alone =
        test::run({program("syncline-board"), "--store", directory.path() + "/Ada.db", "--board",
                   "lake", "--relay", relay.url(), "--patience", "1", "vote", "1"},
                  directory.path());
    CHECK(alone.code == exit_not_sent);
    CHECK(alone.err.find("kept on this device") != std::string::npos);

    relay.start();
    CHECK(Member(directory, "Noor", relay.url()).does({"list"}).find("0 votes") !=
          std::string::npos);
    ada.does({"list"});
    CHECK(Member(directory, "Noor", relay.url()).does({"list"}).find("1 vote\n") !=
          std::string::npos);

    // What others write does not command the terminal.
    ada.does({"rename", "1", "\x1b[31mTent\xc2\x9b"});
    CHECK(ada.does({"list"}).find(" [31mTent ") != std::string::npos);

    // The link that the web app shares names the board and the relay.
    const std::string page = "http" + relay.url().substr(2) + "/#/b/lake/k3v9";
    const Finished linked = test::run({program("syncline-board"), "--store",
                                       directory.path() + "/new.db", "--board", page, "list"},
                                      directory.path());
    CHECK(linked.code == 0);
    CHECK(linked.out.find("Tent") != std::string::npos);
    relay.stop();
}

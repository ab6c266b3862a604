// Files that released versions wrote, kept for ever: tests/golden/files. Whoever changes a format
// adds a file of the version before and leaves the others as they are.

#include "programs.hpp"

using namespace syncline;
using namespace syncline::e2e;

namespace {

/// Puts a kept file where a program expects its own.
void take_out(const std::string& name, const std::string& to) {
    std::filesystem::create_directories(std::filesystem::path(to).parent_path());
    std::filesystem::copy_file(std::string(SYNCLINE_SOURCE_DIR) + "/tests/golden/files/" + name,
                               to);
    std::filesystem::permissions(
        to, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

/// What the two files hold: a device's space `board`, synced up to 21, with three changes since.
constexpr auto written_offline =
    R"({"address":{"city":"Oslo"},"done":true,"notes":"pending: two , größer 𝄞",)"
    R"("steps":[{"n":1.5},"open"],"tags":["home"],"title":"Buy soy milk","votes":7})";
constexpr auto seen_by_all =
    R"({"address":{"city":"Oslo"},"done":true,"notes":"two , größer 𝄞",)"
    R"("steps":[{"n":1.5},"open"],"tags":["home"],"title":"Buy soy milk","votes":-3})";

std::string in_board(Person& person, std::vector<std::string> command) {
    command.insert(command.begin(), {"--space", "board"});
    return person.does(std::move(command));
}

std::size_t lines(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
}

}  // namespace

TEST_CASE("a store and a relay of older versions go on where they stopped", "[e2e][golden]") {
    const TemporaryDirectory directory;
    Person alice(directory, "alice");
    take_out("store_3.db", alice.store());
    take_out("relay_1.db", directory.path() + "/data/relay.db");

    CHECK(in_board(alice, {"digest"}) == "76f707e321c7622b8061b18a036c7b2f");
    CHECK(in_board(alice, {"get", "tasks/t1"}) == written_offline);
    CHECK(in_board(alice, {"get", "notes/n1"}) == R"({"body":"hi"})");
    CHECK(in_board(alice, {"get", "tasks/t3"}) == R"({"done":false,"title":"Pending","votes":0})");
    CHECK(alice.try_to({"--space", "board", "get", "tasks/t2"}).code == 3);
    CHECK(in_board(alice, {"get", "tasks/t1", "--as-of", "21"}) == seen_by_all);
    CHECK(lines(in_board(alice, {"history", "tasks/t1"})) == 20);
    CHECK(in_board(alice, {"conflicts", "tasks/t1", "title"}).find("Buy oat milk") !=
          std::string::npos);
    CHECK(in_board(alice, {"text", "tasks/t1", "notes", "spans"}) ==
          "[\"pending: \",{}]\n[\"two\",{\"bold\":true}]\n[\" , größer 𝄞\",{}]");

    Relay relay(directory.path());
    Person bob(directory, "bob");
    in_board(bob, {"sync", relay.url()});
    CHECK(in_board(bob, {"get", "tasks/t1"}) == seen_by_all);
    CHECK(in_board(bob, {"digest"}) == "76f707e321c7622b8061b18a036c7b2f");

    in_board(alice, {"sync", relay.url()});
    in_board(bob, {"add", "tasks/t1", "votes", "1"});
    in_board(bob, {"sync", relay.url()});
    in_board(alice, {"sync", relay.url()});
    CHECK(in_board(alice, {"get", "tasks/t1", "votes"}) == "8");
    CHECK(in_board(bob, {"get", "tasks/t3", "title"}) == "\"Pending\"");
    CHECK(in_board(alice, {"digest"}) == in_board(bob, {"digest"}));
}

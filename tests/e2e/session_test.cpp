// What the documentation shows, done by real processes.

#include "programs.hpp"

#include <fstream>

using namespace syncline;
using namespace syncline::e2e;

TEST_CASE("two people edit offline, sync, and see the same", "[e2e]") {
    TemporaryDirectory directory;
    Relay relay(directory.path());
    Person alice(directory, "alice");
    Person bob(directory, "bob");
    const auto both_sync_twice = [&] {
        for (int round = 0; round < 2; ++round) {
            alice.does({"sync", relay.url()});
            bob.does({"sync", relay.url()});
        }
    };

    alice.does({"insert", "tasks/t1", "tags", "\"home\""});
    both_sync_twice();
    CHECK(bob.does({"get", "tasks/t1", "tags"}) == R"(["home"])");

    // Offline, on both sides.
    alice.does({"add", "tasks/t1", "votes", "2"});
    bob.does({"add", "tasks/t1", "votes", "3"});
    alice.does({"erase", "tasks/t1", "tags", "\"home\""});
    bob.does({"insert", "tasks/t1", "tags", "\"home\""});
    alice.does({"set", "tasks/t1", "title", "\"Buy milk\""});
    bob.does({"set", "tasks/t1", "title", "\"Buy oat milk\""});
    alice.does({"set", "tasks/t1", "address/city", "\"Oslo\""});
    bob.does({"set", "tasks/t1", "address/street", "\"Storgata\""});
    both_sync_twice();

    CHECK(alice.does({"digest"}) == bob.does({"digest"}));
    for (Person* person : {&alice, &bob}) {
        CHECK(person->does({"get", "tasks/t1", "votes"}) == "5");
        CHECK(person->does({"get", "tasks/t1", "tags"}) == R"(["home"])");
        CHECK(person->does({"get", "tasks/t1", "address"}) ==
              R"({"city":"Oslo","street":"Storgata"})");
        CHECK(person->does({"list", "tasks"}) == "t1");
        const std::string conflicts = person->does({"conflicts", "tasks/t1", "title"});
        CHECK(conflicts.find("\"Buy milk\"") != std::string::npos);
        CHECK(conflicts.find("\"Buy oat milk\"") != std::string::npos);
    }
    CHECK(alice.does({"get", "tasks/t1", "title"}) == bob.does({"get", "tasks/t1", "title"}));

    // A delete that has not seen an edit leaves the edit.
    alice.does({"delete", "tasks/t1"});
    bob.does({"set", "tasks/t1", "done", "true"});
    both_sync_twice();
    CHECK(alice.does({"get", "tasks/t1"}) == R"({"done":true})");
    CHECK(bob.does({"get", "tasks/t1"}) == R"({"done":true})");
    relay.stop();
}

TEST_CASE("two people write one text and one list offline, and see the same", "[e2e]") {
    TemporaryDirectory directory;
    Relay relay(directory.path());
    Person alice(directory, "alice");
    Person bob(directory, "bob");
    const auto both_sync_twice = [&] {
        for (int round = 0; round < 2; ++round) {
            alice.does({"sync", relay.url()});
            bob.does({"sync", relay.url()});
        }
    };
    alice.does({"text", "notes/n1", "body", "insert", "0", "We went."});
    for (const char* step : {"\"open\"", "\"pour\"", "{\"what\":\"drink\"}"})
        alice.does({"push", "notes/n1", "steps", step});
    both_sync_twice();

    alice.does({"text", "notes/n1", "body", "insert", "7", " to Bergen"});
    alice.does({"list-move", "notes/n1", "steps", "2", "0"});
    alice.does({"list-insert", "notes/n1", "steps", "1", "\"look\""});
    bob.does({"text", "notes/n1", "body", "erase", "0", "3"});
    bob.does({"text", "notes/n1", "body", "insert", "0", "They all "});
    bob.does({"text", "notes/n1", "body", "mark", "5", "3", "bold", "true"});
    bob.does({"list-erase", "notes/n1", "steps", "0"});
    bob.does({"list-set", "notes/n1", "steps", "0", "\"pour slowly\""});
    both_sync_twice();

    CHECK(alice.does({"digest"}) == bob.does({"digest"}));
    for (Person* person : {&alice, &bob}) {
        CHECK(person->does({"get", "notes/n1", "body"}) == R"("They all went to Bergen.")");
        CHECK(person->does({"text", "notes/n1", "body", "spans"}) ==
              "[\"They \",{}]\n[\"all\",{\"bold\":true}]\n[\" went to Bergen.\",{}]");
        CHECK(person->does({"get", "notes/n1", "steps"}) ==
              R"([{"what":"drink"},"look","pour slowly"])");
        CHECK(person->does({"get", "notes/n1", "steps/0/what"}) == "\"drink\"");
    }
    bob.does({"list-erase", "notes/n1", "steps", "0", "2"});
    CHECK(bob.does({"get", "notes/n1", "steps"}) == R"(["pour slowly"])");

    // Positions that are not there are refused as bad input, and change nothing.
    CHECK(bob.try_to({"list-set", "notes/n1", "steps", "1", "1"}).code == 7);
    CHECK(bob.try_to({"text", "notes/n1", "body", "insert", "99", "x"}).code == 7);
    CHECK(bob.try_to({"set", "notes/n1", "steps/0/what", "1"}).code == 0);
    CHECK(bob.try_to({"insert", "notes/n1", "steps/0", "1"}).code == 7);
    CHECK(bob.try_to({"push", "notes/n1", "steps", "no JSON"}).code == 7);
    relay.stop();
}

TEST_CASE("who changed what, and what it was before, can be asked", "[e2e]") {
    TemporaryDirectory directory;
    Relay relay(directory.path());
    Person alice(directory, "alice");
    Person bob(directory, "bob");
    CHECK(bob.try_to({"history", "tasks/t1"}).code == 3);
    bob.does({"keep-history", "30"});
    alice.does({"set", "tasks/t1", "title", "\"Milk\""});
    alice.does({"sync", relay.url()});
    bob.does({"sync", relay.url()});
    bob.does({"set", "tasks/t1", "title", "\"Oat milk\""});
    bob.does({"add", "tasks/t1", "votes", "2"});
    bob.does({"sync", relay.url()});
    alice.does({"set", "tasks/t1", "title", "\"Tea\""});
    alice.does({"sync", relay.url()});
    bob.does({"sync", relay.url()});

    const std::string title = bob.does({"history", "tasks/t1", "title"});
    CHECK(std::count(title.begin(), title.end(), '\n') == 2);  // three lines
    CHECK(title.find("\"sequence\":1,") != std::string::npos);
    CHECK(title.find("\"value\":\"Oat milk\"") != std::string::npos);
    CHECK(title.find("votes") == std::string::npos);
    CHECK(bob.does({"get", "tasks/t1", "--as-of", "1"}) == R"({"title":"Milk"})");
    CHECK(bob.does({"get", "tasks/t1", "--as-of", "3"}) == R"({"title":"Oat milk","votes":2})");
    CHECK(bob.does({"get", "tasks/t1", "title"}) == "\"Tea\"");
    CHECK(bob.try_to({"get", "tasks/t1", "--as-of", "0"}).code == 3);
    CHECK(bob.try_to({"get", "tasks/t1", "--as-of", "99"}).code == 3);
    relay.stop();
}

TEST_CASE("thousands of imported records come to a second device", "[e2e]") {
    TemporaryDirectory directory;
    Relay relay(directory.path());
    Person alice(directory, "alice");
    Person bob(directory, "bob");
    {
        std::ofstream file(directory.path() + "/records.jsonl");
        for (int i = 0; i < 4'000; ++i) {
            file << R"({"id":"r)" << i << R"(","name":"Name )" << i << R"(","n":)" << i << "}\n";
        }
    }
    alice.does({"import", "people", directory.path() + "/records.jsonl", "--id", "id"});
    alice.does({"sync", relay.url()});
    bob.does({"sync", relay.url()});
    CHECK(alice.does({"digest"}) == bob.does({"digest"}));
    CHECK(bob.does({"get", "people/r3999", "name"}) == "\"Name 3999\"");
    const std::string ids = bob.does({"list", "people"});
    CHECK(std::count(ids.begin(), ids.end(), '\n') == 3'999);
    CHECK(alice.does({"export", "people"}) == bob.does({"export", "people"}));
}

TEST_CASE("who watches sees changes through restarts of the relay", "[e2e]") {
    TemporaryDirectory directory;
    Relay relay(directory.path());
    Person alice(directory, "alice");
    Person bob(directory, "bob");
    Process watch(
        {program("syncline"), "--store", bob.store(), "watch", "tasks", "--url", relay.url()},
        directory.path(), "watch");
    const auto shows = [&](const std::string& text) {
        return eventually([&] { return watch.out().find(text) != std::string::npos; });
    };
    alice.does({"set", "tasks/t1", "title", "\"one\""});
    alice.does({"sync", relay.url()});
    CHECK(shows("\"one\""));
    SECTION("a polite one") { relay.stop(); }
    SECTION("a hard one") { relay.kill_hard(); }
    relay.start();
    alice.does({"set", "tasks/t1", "title", "\"two\""});
    alice.does({"sync", relay.url()});
    CHECK(shows("\"two\""));
    REQUIRE(watch.running());
    watch.signal(SIGTERM);
    CHECK(watch.wait() == 0);
}

TEST_CASE("a relay that stops answering does not hang the tool", "[e2e]") {
    TemporaryDirectory directory;
    Relay relay(directory.path());
    Person alice(directory, "alice");
    alice.does({"set", "tasks/t1", "title", "\"one\""});
    relay.process().signal(SIGSTOP);  // half open: the kernel still accepts
    const auto begun = std::chrono::steady_clock::now();
    const Finished finished = alice.try_to({"sync", relay.url(), "--timeout", "2"});
    CHECK(finished.code == 5);
    CHECK(finished.err.find("syncline: ") == 0);
    CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(20));
    relay.process().signal(SIGCONT);
    alice.does({"sync", relay.url()});
}

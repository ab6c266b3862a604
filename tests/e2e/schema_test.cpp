// Versions of an app with schemas of their own, over a real relay.

#include "programs.hpp"

#include <fstream>

using namespace syncline;
using namespace syncline::e2e;

namespace {

const std::string older_fields = R"(
    "title":    {"type": "register", "kind": "text", "required": true},
    "priority": {"type": "register", "kind": "integer", "default": 3})";
const std::string newer_fields = R"(
    "title":    {"type": "register", "kind": "text", "required": true},
    "priority": {"type": "register", "kind": "real", "default": 3},
    "votes":    {"type": "pn_counter", "default": 0},
    "address":  {"type": "map", "fields": {"city": {"type": "register"}}})";

struct Files {
    TemporaryDirectory directory;
    std::string write(const std::string& name, const std::string& fields) const {
        const std::string path = directory.path() + "/" + name;
        std::ofstream(path) << R"({"collections":{"tasks":{"closed":true,"fields":{)" << fields
                            << "}}}}";
        return path;
    }
};

}  // namespace

TEST_CASE("an app with an older schema keeps and relays what a newer one wrote", "[e2e]") {
    const Files files;
    Relay relay(files.directory.path());
    Person newer(files.directory, "newer");
    Person older(files.directory, "older");
    Person plain(files.directory, "plain");
    newer.does({"schema", files.write("newer.json", newer_fields)});
    older.does({"schema", files.write("older.json", older_fields)});
    const auto all_sync = [&] {
        for (int round = 0; round < 2; ++round) {
            for (Person* person : {&newer, &older, &plain}) person->does({"sync", relay.url()});
        }
    };

    newer.does({"set", "tasks/t1", "title", "\"Buy milk\""});
    newer.does({"add", "tasks/t1", "votes", "2"});
    newer.does({"set", "tasks/t1", "priority", "0.5"});
    newer.does({"set", "tasks/t1", "address/city", "\"Oslo\""});
    all_sync();
    // What the older app may not write itself it shows, and edits around.
    CHECK(older.does({"get", "tasks/t1"}) ==
          R"({"address":{"city":"Oslo"},"priority":0.5,"title":"Buy milk","votes":2})");
    CHECK(older.try_to({"add", "tasks/t1", "votes", "1"}).code == 7);
    older.does({"set", "tasks/t1", "title", "\"Buy oat milk\""});
    older.does({"set", "tasks/t2", "title", "\"Buy bread\""});
    plain.does({"set", "tasks/t1", "colour", "\"red\""});
    all_sync();
    for (Person* person : {&newer, &older, &plain}) {
        CHECK(person->does({"get", "tasks/t1"}) ==
              R"({"address":{"city":"Oslo"},"colour":"red","priority":0.5,)"
              R"("title":"Buy oat milk","votes":2})");
        CHECK(person->does({"digest"}) == newer.does({"digest"}));
    }
    // The same document, each with the defaults of its app.
    CHECK(newer.does({"get", "tasks/t2"}) == R"({"priority":3,"title":"Buy bread","votes":0})");
    CHECK(older.does({"get", "tasks/t2"}) == R"({"priority":3,"title":"Buy bread"})");
    CHECK(plain.does({"get", "tasks/t2"}) == R"({"title":"Buy bread"})");
    for (Person* person : {&newer, &older, &plain}) {
        CHECK(person->does({"export", "tasks"}) == plain.does({"export", "tasks"}));
    }
    relay.stop();
}

TEST_CASE("the tool sets, prints, keeps and forgets a schema", "[e2e]") {
    const Files files;
    Person alice(files.directory, "alice");
    const auto refused = [&](const std::vector<std::string>& command, int code,
                             const std::string& text) {
        const Finished finished = alice.try_to(command);
        CHECK(finished.code == code);
        INFO(finished.err);
        CHECK(finished.err.find(text) != std::string::npos);
    };
    refused({"schema"}, 3, "the store has no schema (not_found)");
    refused({"schema", files.directory.path() + "/none"}, 3, "cannot read");
    alice.does({"set", "tasks/t0", "title", "7"});
    alice.does({"schema", files.write("1.json", older_fields)});
    CHECK(alice.does({"schema"}) ==
          R"({"collections":{"tasks":{"closed":true,"fields":{)"
          R"("priority":{"default":3,"kind":"integer","type":"register"},)"
          R"("title":{"kind":"text","required":true,"type":"register"}}}}})");
    refused(
        {"set", "tasks/t1", "title", "7"}, 7,
        "tasks.title: kind_mismatch: is declared text; the value is integer (schema_violation)");
    refused({"set", "tasks/t1", "priority", "7"}, 7, "tasks.title: required_missing");
    refused({"enable", "tasks/t0", "done"}, 7, "tasks.done: undeclared_field");
    alice.does({"set", "tasks/t0", "priority", "1"});
    CHECK(alice.does({"get", "tasks/t0"}) == R"({"priority":1,"title":7})");
    alice.does({"delete", "tasks/t0", "priority"});
    CHECK(alice.does({"get", "tasks/t0", "priority"}) == "3");
    refused({"schema", files.write("2.json", R"("title": {"type": "register", "kind": "text"})")},
            7, "tasks.priority: field_removed: is not declared any more (schema_incompatible)");
    refused({"schema", files.write("3.json", R"("title": {"type": "registre"})")}, 7,
            "3.json: tasks.title.type: \"registre\" is no type (malformed)");

    // An import writes what the file says, also where it says what the default is.
    {
        std::ofstream records(files.directory.path() + "/records.jsonl");
        records << R"({"id":"t1","title":"a","priority":3})"
                << "\n"
                << R"({"id":"t2","title":"b"})"
                << "\n"
                << R"({"id":"t3","title":3})"
                << "\n";
    }
    const std::string records = files.directory.path() + "/records.jsonl";
    refused({"import", "tasks", records, "--id", "id"}, 7, "line 3: tasks.title: kind_mismatch");
    std::ofstream(records) << R"({"id":"t1","title":"a","priority":3})"
                           << "\n"
                           << R"({"id":"t2","title":"b"})"
                           << "\n";
    alice.does({"import", "tasks", records, "--id", "id"});
    CHECK(alice.does({"export", "tasks"}) == R"({"$id":"t0","title":7})"
                                             "\n"
                                             R"({"$id":"t1","priority":3,"title":"a"})"
                                             "\n"
                                             R"({"$id":"t2","title":"b"})");

    alice.does({"schema", "--forget"});
    refused({"schema"}, 3, "the store has no schema (not_found)");
    CHECK(alice.does({"get", "tasks/t2"}) == R"({"title":"b"})");
    alice.does({"enable", "tasks/t2", "done"});
}

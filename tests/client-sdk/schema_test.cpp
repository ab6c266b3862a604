// A store with a schema: checked transactions, defaults in views, and schemas that grow.

#include "sqlite_space_storage.hpp"
#include "support/temporary_directory.hpp"
#include "syncline/client/store.hpp"
#include "syncline/document/json.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace syncline;
using test::TemporaryDirectory;

namespace {

constexpr std::string_view version_1 = R"({"version": 1, "collections": {"tasks": {"fields": {
    "title":    {"type": "register", "kind": "text", "required": true},
    "priority": {"type": "register", "kind": "integer", "default": 3},
    "tags":     {"type": "or_set", "kind": "text"},
    "address":  {"type": "map", "fields": {
        "city":    {"type": "register", "required": true},
        "country": {"type": "register", "default": "NO"}}}}}}})";
constexpr std::string_view version_2 = R"({"version": 2, "collections": {"tasks": {"fields": {
    "title":    {"type": "register", "kind": "text", "required": true},
    "priority": {"type": "register", "kind": "real", "default": 3},
    "tags":     {"type": "or_set", "kind": "text"},
    "votes":    {"type": "pn_counter", "default": 0},
    "address":  {"type": "map", "fields": {
        "city":    {"type": "register", "required": true},
        "country": {"type": "register", "default": "NO"}}}}}}})";
constexpr std::string_view another = R"({"version": 3, "collections": {"tasks": {"fields": {
    "title":    {"type": "mv_register", "kind": "text", "required": true}}}}})";

struct App {
    TemporaryDirectory directory;
    std::string path = directory.path() + "/app.db";
    std::optional<Store> store = Store::open(path).value();
    std::optional<Space> space = store->space("team").value();

    void open_again() {
        space.reset();
        store.reset();
        store = Store::open(path).value();
        space = store->space("team").value();
    }
    Result<> set_schema(std::string_view json) {
        return store->set_schema(Schema::parse(json).value());
    }
    [[nodiscard]] std::string task(const std::string& id = "t1") const {
        const auto found = space->get({"tasks", id}).value();
        return found ? to_json(*found) : "none";
    }
    /// The error's text, if it is about the schema.
    std::string refused(const std::function<void(MapEditor)>& edit, const std::string& id = "t1") {
        const auto done = space->transact([&](Transaction& tx) { edit(tx.document("tasks", id)); });
        if (done) return "no refusal";
        CHECK(done.error().code == ErrorCode::schema_violation);
        return done.error().message;
    }
};

}  // namespace

TEST_CASE("a transaction that the schema does not allow leaves nothing behind", "[schema]") {
    App app;
    REQUIRE(app.set_schema(version_1));
    REQUIRE(app.refused([](MapEditor task) {
        task.set("title", "Buy milk");
        task.set_of("tags").insert("home");
    }) == "no refusal");
    const std::string before = app.task();

    CHECK(app.refused([](MapEditor task) {
        task.set("priority", 1);
        task.set("title", 7);
        task.set("title", "never looked at");
    }) == "tasks.title: kind_mismatch: is declared text; the value is integer");
    CHECK(app.refused([](MapEditor task) { task.counter("title").add(1); }) ==
          "tasks.title: type_mismatch: is declared as register, not pn_counter");
    CHECK(app.refused([](MapEditor task) { task.set_of("tags").insert(1); }) ==
          "tasks.tags: kind_mismatch: is declared text; the value is integer");
    CHECK(app.refused([](MapEditor task) { task.erase("title"); }) ==
          "tasks.title: required_missing: document t1 is left without it");
    CHECK(app.refused([](MapEditor task) {
        task.erase("title");
        task.set("priority", 1);
    }) == "tasks.title: required_missing: document t1 is left without it");
    CHECK(app.refused([](MapEditor task) { task.set("priority", 1); }, "t2") ==
          "tasks.title: required_missing: document t2 is left without it");
    CHECK(app.refused([](MapEditor task) { task.create(); }, "t2") ==
          "tasks.title: required_missing: document t2 is left without it");
    CHECK(app.refused([](MapEditor task) { task.map("address").set("street", "S"); }) ==
          "tasks.address.city: required_missing: document t1 is left without it");
    CHECK(app.task() == before);
    CHECK(app.task("t2") == "none");
    CHECK(app.space->status().pending == 1);

    // In the order that the app likes, as long as the end is right.
    CHECK(app.refused([](MapEditor task) {
        task.erase("title");
        task.map("address").set("street", "S");
        task.set("title", "Buy bread");
        task.map("address").set("city", "Oslo");
        task.set("undeclared", Value(Value::Array{1, "a"}));
    }) == "no refusal");
    CHECK(app.refused([](MapEditor task) { task.erase(); }) == "no refusal");
    CHECK(app.task() == "none");
    REQUIRE(app.space->transact(
        [](Transaction& tx) { tx.document("other", "1").counter("title").add(1); }));
}

TEST_CASE("readers see defaults that nobody wrote", "[schema]") {
    App app;
    REQUIRE(
        app.space->transact([](Transaction& tx) { tx.document("tasks", "t1").set("title", "a"); }));
    const Hash digest = app.space->digest().value();
    const Bytes state = wire::encode_document(app.space->document({"tasks", "t1"}).value());
    REQUIRE(app.set_schema(version_1));
    CHECK(app.task() == R"({"address":{"country":"NO"},"priority":3,"title":"a"})");
    CHECK(app.task("t2") == "none");
    CHECK(app.space->ids("tasks").value() == std::vector<std::string>{"t1"});
    CHECK(app.space->digest().value() == digest);
    CHECK(wire::encode_document(app.space->document({"tasks", "t1"}).value()) == state);
    CHECK(app.space->status().pending == 1);

    REQUIRE(app.space->transact([](Transaction& tx) {
        auto task = tx.document("tasks", "t1");
        CHECK(*task.view().find("priority") == Value(3));
        CHECK(*task.map("address").view().find("country") == Value("NO"));
        CHECK(to_json(task.written()) == R"({"title":"a"})");
        CHECK(to_json(task.map("address").written()) == "{}");
        task.set("priority", 1);
        CHECK(*task.view().find("priority") == Value(1));
        CHECK(*tx.document("tasks", "new").view().find("priority") == Value(3));
    }));
    CHECK(app.task() == R"({"address":{"country":"NO"},"priority":1,"title":"a"})");
}

TEST_CASE("the file keeps the newest schema, and compares the next one with it", "[schema]") {
    App app;
    CHECK_FALSE(app.store->schema());
    REQUIRE(app.set_schema(version_1));
    REQUIRE(app.set_schema(version_1));
    app.open_again();
    REQUIRE(app.store->schema());
    CHECK(*app.store->schema() == Schema::parse(version_1).value());
    CHECK(app.refused([](MapEditor task) { task.set("title", 1); }) != "no refusal");

    const auto broken = app.set_schema(another);
    REQUIRE_FALSE(broken);
    CHECK(broken.error().code == ErrorCode::schema_incompatible);
    CHECK(broken.error().message ==
          "tasks.address: field_removed: is not declared any more; "
          "tasks.priority: field_removed: is not declared any more; "
          "tasks.tags: field_removed: is not declared any more; "
          "tasks.title: type_changed: was register, is mv_register; take another key");
    CHECK(*app.store->schema() == Schema::parse(version_1).value());

    REQUIRE(app.set_schema(version_2));
    CHECK(app.refused([](MapEditor task) {
        task.set("title", "a");
        task.set("priority", 0.5);
    }) == "no refusal");

    SECTION("an older version of the app goes on by its own schema, and the file keeps the newer") {
        REQUIRE(app.set_schema(version_1));
        CHECK(app.refused([](MapEditor task) { task.set("priority", 1.5); }) ==
              "tasks.priority: kind_mismatch: is declared integer; the value is real");
        CHECK(app.task() == R"({"address":{"country":"NO"},"priority":0.5,"title":"a"})");
        app.open_again();
        CHECK(*app.store->schema() == Schema::parse(version_2).value());
        REQUIRE(app.set_schema(version_1));
        CHECK_FALSE(app.set_schema(another));
        REQUIRE(app.set_schema(version_2));
        // A lower version alone is no excuse.
        Schema foreign = Schema::parse(another).value();
        foreign.version = 1;
        const auto refused = app.store->set_schema(foreign);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ErrorCode::schema_incompatible);
    }
    SECTION("and what is less without being older is refused") {
        Schema less = Schema::parse(version_2).value();
        less.collections.clear();
        const auto refused = app.store->set_schema(less);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().message == "tasks: collection_removed: is not declared any more");
    }
    SECTION("to start over it has to be dropped") {
        REQUIRE(app.store->drop_schema());
        CHECK_FALSE(app.store->schema());
        CHECK(app.task() == R"({"priority":0.5,"title":"a"})");
        app.open_again();
        CHECK_FALSE(app.store->schema());
        REQUIRE(app.set_schema(another));
    }
    CHECK(app.store->verify());
}

TEST_CASE("a schema that could not be read again does not enter the file", "[schema]") {
    App app;
    Schema schema;
    schema.collections["tasks"].fields.push_back({});
    schema.collections["tasks"].fields.back().key = std::string(2'000, 'k');
    const auto set = app.store->set_schema(schema);
    REQUIRE_FALSE(set);
    CHECK(set.error().code == ErrorCode::invalid_argument);
    CHECK_FALSE(app.store->schema());
    // Made by hand and out of order: what is used is in order.
    schema.collections["tasks"].fields = {{}, {}};
    schema.collections["tasks"].fields[0].key = "z";
    schema.collections["tasks"].fields[1].key = "a";
    REQUIRE(app.store->set_schema(schema));
    CHECK(app.store->schema()->find("tasks")->find("z") != nullptr);
}

TEST_CASE("a schema row from a newer library is told as that, a damaged one as damage",
          "[schema]") {
    TemporaryDirectory directory;
    const std::string path = directory.path() + "/app.db";
    {
        Store store = Store::open(path).value();
        REQUIRE(store.set_schema(Schema::parse(version_1).value()));
    }
    const auto write = [&](const std::string& text, std::int64_t checksum) {
        sqlite::Options options;
        options.path = path;
        options.application_id = client::store_application_id;
        auto database = sqlite::Database::open(options).value();
        auto row =
            database.prepare("UPDATE meta SET value = ?1, checksum = ?2 WHERE key = 'schema'")
                .value();
        REQUIRE(row.bind(1, std::string_view(text)).bind(2, checksum).run());
    };
    const std::string newer = R"({"collections":{"tasks":{"fields":{"x":{"type":"tree"}}}}})";
    write(newer, client::RowSum().text("schema").text(newer).value());
    const auto opened = Store::open(path);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == ErrorCode::storage_newer);
    write(newer, 0);
    const auto damaged = Store::open(path);
    REQUIRE_FALSE(damaged);
    CHECK(damaged.error().code == ErrorCode::storage_corrupt);
}

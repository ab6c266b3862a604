// Undo through the API that apps use, and in stores that sync, are refused something and are
// copied.

#include "store_fixture.hpp"
#include "support/temporary_directory.hpp"
#include "syncline/client/store.hpp"
#include "syncline/document/json.hpp"
#include "undo_watcher.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <thread>

using namespace syncline;
using test::Device;
using test::PowerLossVfs;
using test::TemporaryDirectory;
using test::World;

namespace {

struct App {
    TemporaryDirectory directory;
    std::uint64_t now_ms = 1'000'000;
    Store store = open();
    Space space = store.space("team").value();

    Store open() {
        StoreOptions options;
        options.now_ms = [this] { return now_ms; };
        return Store::open(directory.path() + "/app.db", options).value();
    }
    [[nodiscard]] std::string shown() const {
        const auto value = space.get({"tasks", "t1"}).value();
        return value ? to_json(*value) : "nothing";
    }
    /// In a group of its own.
    Result<> set(UndoStack& undo, const char* key, Value value) {
        now_ms += 10'000;
        return undo.transact(
            [&](Transaction& tx) { tx.document("tasks", "t1").set(key, std::move(value)); });
    }
};

}  // namespace

TEST_CASE("each origin undoes what it did itself", "[api][undo]") {
    App app;
    UndoStack one = app.space.undo().value();
    UndoStack two = app.space.undo().value();
    CHECK_FALSE(one.can_undo());
    CHECK_FALSE(one.undo().value());
    REQUIRE(app.set(one, "a", 1));
    REQUIRE(app.set(two, "b", 2));
    REQUIRE(app.space.transact([](Transaction& tx) { tx.document("tasks", "t1").set("c", 3); }));
    REQUIRE(app.set(two, "a", 9));  // over the other's
    CHECK(app.shown() == R"({"a":9,"b":2,"c":3})");

    CHECK_FALSE(one.undo().value());  // its a is overwritten
    CHECK(two.undo().value());
    CHECK(app.shown() == R"({"a":1,"b":2,"c":3})");
    CHECK(two.undo().value());
    CHECK(app.shown() == R"({"a":1,"c":3})");
    CHECK_FALSE(two.can_undo());
    CHECK(two.redo().value());
    CHECK(two.redo().value());
    CHECK_FALSE(two.redo().value());
    CHECK(app.shown() == R"({"a":9,"b":2,"c":3})");
    CHECK(app.store.verify());
}

TEST_CASE("an undo is one change, observed like any other", "[api][undo]") {
    App app;
    UndoStack undo = app.space.undo().value();
    undo.begin_group();
    for (int i = 0; i < 3; ++i) REQUIRE(app.set(undo, "n", i));
    REQUIRE(undo.transact(
        [](Transaction& tx) { tx.document("tasks", "t1").text("notes").insert(0, "hello"); }));
    undo.end_group();
    const std::size_t pending = app.space.status().pending;
    std::size_t heard = 0;
    const Subscription subscription = app.space.observe([&](const SpaceChanges& changes) {
        CHECK(changes.documents.size() == 1);
        CHECK(undo.can_undo() != undo.can_redo());  // no lock is held
        ++heard;
    });
    CHECK(undo.undo("never mind").value());
    CHECK(app.shown() == "nothing");
    CHECK(heard == 1);
    CHECK(app.space.status().pending == pending + 1);
    CHECK(undo.redo().value());
    CHECK(app.shown() == R"({"n":2,"notes":"hello"})");
}

TEST_CASE("what follows soon is one group, by the store's clock", "[api][undo]") {
    App app;
    UndoStack undo = app.space.undo().value();
    for (int i = 0; i < 4; ++i) {
        app.now_ms += i == 2 ? 500 : 499;
        REQUIRE(undo.transact([&](Transaction& tx) { tx.document("tasks", "t1").set("n", i); }));
    }
    CHECK(undo.undo().value());
    CHECK(app.shown() == R"({"n":1})");
    CHECK(undo.undo().value());
    CHECK(app.shown() == "nothing");
}

TEST_CASE("a transaction that fails is not undone, and an undo that fails does nothing",
          "[api][undo]") {
    App app;
    UndoStack undo = app.space.undo().value();
    CHECK_FALSE(undo.transact([](Transaction& tx) {
        tx.document("tasks", "t1").set("n", 1);
        tx.fail({ErrorCode::not_found, "no"});
    }));
    CHECK_FALSE(undo.can_undo());
    REQUIRE(app.set(undo, "title", "x"));
    REQUIRE(app.space.transact([](Transaction& tx) { tx.document("tasks", "t1").set("m", 0); }));
    // What was optional is not any more.
    REQUIRE(app.store.set_schema(
        Schema::parse(
            R"({"collections":{"tasks":{"fields":{"title":{"type":"register","kind":"text",
                "required":true}}}}})")
            .value()));
    REQUIRE(app.set(undo, "n", 1));
    REQUIRE(undo.undo());
    const auto refused = undo.undo();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::schema_violation);
    CHECK(app.shown() == R"({"m":0,"title":"x"})");
    CHECK(undo.can_undo());
    REQUIRE(app.store.drop_schema());
    CHECK(undo.undo().value());
    CHECK(app.shown() == R"({"m":0})");
}

TEST_CASE("a stack may be used from several threads, and go before its store or after it",
          "[api][undo]") {
    App app;
    {
        UndoStack undo = app.space.undo({1'000, 0}).value();
        std::thread other([copy = undo]() mutable {
            for (int i = 0; i < 50; ++i) {
                (void)copy.transact(
                    [](Transaction& tx) { tx.document("tasks", "t1").counter("n").add(1); });
            }
        });
        for (int i = 0; i < 50; ++i) {
            (void)undo.transact(
                [](Transaction& tx) { tx.document("tasks", "t1").counter("m").add(1); });
        }
        other.join();
        CHECK(app.shown() == R"({"m":50,"n":50})");
        while (undo.can_undo()) REQUIRE(undo.undo());
        CHECK(app.shown() == "nothing");
    }
    REQUIRE(app.space.transact([](Transaction& tx) { tx.document("tasks", "t1").set("n", 1); }));
}

// ---- With a relay

namespace {

const DocumentKey task{"tasks", "t1"};
const Path title{{"title", Type::lww_register}};
const Path notes{{"notes", Type::text}};

/// An undo stack of a device.
class DeviceUndo {
public:
    explicit DeviceUndo(Device& device) : device_(device) {
        watcher_.add(undo_);
        device_.space().watch(&watcher_);
    }
    ~DeviceUndo() {
        if (device_.is_open()) device_.space().watch(nullptr);
    }
    DeviceUndo(const DeviceUndo&) = delete;
    DeviceUndo& operator=(const DeviceUndo&) = delete;

    template <typename Make>
    void edit(Make make) {
        UndoRecord record;
        run([&](SpaceReplica::Editor& editor) -> Result<> {
            const Document& before = *editor.read(task).value();
            FieldOp op = make(before.root());
            record.add(task, before, op, editor.next());
            return editor.edit(task, std::move(op));
        });
        undo_->record(std::move(record), now_ms_ += 10'000);
    }
    void type(std::uint32_t at, const std::string& text) {
        edit([&](const OrMap& root) {
            return FieldOp{notes, *root.at<Text>(notes).insert(at, text)};
        });
    }
    void rub(std::uint32_t at, std::uint32_t count) {
        edit([&](const OrMap& root) {
            return FieldOp{notes, *root.at<Text>(notes).erase(at, count)};
        });
    }
    void undo() {
        UndoManager::Step step;
        run([&](SpaceReplica::Editor& editor) -> Result<> {
            Target target(editor);
            auto made = undo_->undo(target);
            REQUIRE(made);
            step = std::move(*made);
            return {};
        });
        undo_->done(std::move(step));
    }
    [[nodiscard]] std::string text() {
        return device_.space().document(task).value()->root().at<Text>(notes).str();
    }
    [[nodiscard]] const UndoManager& manager() const { return *undo_; }

private:
    class Target final : public UndoTarget {
    public:
        explicit Target(SpaceReplica::Editor& editor) : editor_(editor) {}
        [[nodiscard]] ReplicaId author() const override { return editor_.replica(); }
        Result<const Document*> read(const DocumentKey& key) override { return editor_.read(key); }
        Result<Event> edit(const DocumentKey& key, FieldOp op) override {
            const Event at = editor_.next();
            if (auto edited = editor_.edit(key, std::move(op)); !edited)
                return tl::unexpected(edited.error());
            return at;
        }

    private:
        SpaceReplica::Editor& editor_;
    };
    void run(const std::function<Result<>(SpaceReplica::Editor&)>& edit) {
        const client::UndoWatcher::Making making(watcher_, undo_.get());
        REQUIRE(device_.transact(edit));
    }

    Device& device_;
    client::UndoWatcher watcher_;
    std::shared_ptr<UndoManager> undo_ = std::make_shared<UndoManager>();
    std::uint64_t now_ms_ = 0;
};

struct Pair {
    PowerLossVfs disk;
    World world{7};
    Device alice{world, disk, "alice"};
    Device bob{world, disk, "bob"};

    Pair() {
        REQUIRE(alice.open());
        REQUIRE(bob.open());
    }
    void sync() {
        for (int round = 0; round < 2; ++round) {
            REQUIRE(world.sync(alice));
            REQUIRE(world.sync(bob));
        }
        world.run();
        REQUIRE(alice.digest() == bob.digest());
    }
};

}  // namespace

TEST_CASE("an undo takes back one device's work, not the other's", "[store][undo]") {
    Pair pair;
    DeviceUndo alice(pair.alice);
    DeviceUndo bob(pair.bob);
    alice.type(0, "one two three");
    pair.sync();
    alice.rub(4, 4);  // "two "
    bob.rub(4, 3);    // "two"
    bob.type(4, "[bob]");
    pair.sync();
    CHECK(alice.text() == "one [bob]three");
    alice.undo();  // of what bob erased too nothing comes back
    CHECK(alice.text() == "one [bob] three");
    bob.undo();
    pair.sync();
    CHECK(bob.text() == "one  three");
    alice.undo();
    pair.sync();
    CHECK(bob.text() == "");
}

TEST_CASE("what was refused for ever has no undo, and what was built on it keeps its own",
          "[store][undo]") {
    Pair pair;
    DeviceUndo alice(pair.alice);
    alice.type(0, "kept ");
    pair.sync();
    pair.alice.disconnect();
    pair.world.refused_mark = "REFUSED";
    pair.alice.push_bytes = 1;
    alice.type(5, "REFUSED");
    alice.type(12, " and");
    alice.rub(0, 4);
    pair.sync();
    REQUIRE(pair.alice.rejected.size() == 1);
    REQUIRE(alice.text() == "  and");
    CHECK(alice.manager().undo_depth() == 4);
    alice.undo();  // under the names that its changes have now
    CHECK(alice.text() == "kept  and");
    alice.undo();
    CHECK(alice.text() == "kept ");
    alice.undo();  // passes over the refused one
    CHECK(alice.text() == "");
    CHECK_FALSE(alice.manager().can_undo());
    pair.sync();
}

TEST_CASE("a copied device undoes under its new identity", "[store][undo]") {
    Pair pair;
    pair.alice.close();
    Device copy(pair.world, pair.disk, "copy");
    copy.copy_file_of(pair.alice);
    REQUIRE(pair.alice.open());
    REQUIRE(copy.open());
    // Both go on under one id, until they meet the relay.
    DeviceUndo alice(pair.alice);
    DeviceUndo clone(copy);
    alice.type(0, "alice");
    clone.type(0, "clone");
    clone.rub(1, 3);
    pair.sync();
    for (int round = 0; round < 3; ++round) REQUIRE(pair.world.sync(copy));
    REQUIRE(copy.identities_taken == 1);
    clone.undo();
    CHECK((clone.text() == "aliceclone" || clone.text() == "clonealice"));
    clone.undo();
    CHECK(clone.text() == "alice");
    REQUIRE(pair.world.sync(copy));
    pair.sync();
    CHECK(alice.text() == "alice");
}

// Two apps with open connections type into one text, as the C++ interface has it.

#include "programs.hpp"
#include "syncline/client/store.hpp"

#include <optional>
#include <random>
#include <thread>

using namespace syncline;
using namespace syncline::e2e;

namespace {

constexpr std::chrono::milliseconds patience{30'000};
const DocumentKey page{"pages", "p1"};

struct App {
    Store store;
    Space space;
    App(const TemporaryDirectory& directory, const std::string& name)
        : store(Store::open(directory.path() + "/" + name + ".db").value()),
          space(store.space("team").value()) {}
    void connect(const std::string& url) {
        ConnectOptions options;
        options.url = url;
        options.backoff_min = std::chrono::milliseconds(10);
        options.backoff_max = std::chrono::milliseconds(200);
        REQUIRE(store.connect(options));
    }
    void edit(const std::function<void(TextEditor, ListEditor)>& work) {
        const auto done = space.transact([&](Transaction& tx) {
            auto document = tx.document(page.collection, page.id);
            work(document.text("body"), document.list("authors"));
        });
        if (!done) FAIL(done.error().message);
    }
    std::string body() {
        const auto shown = space.get(page).value();
        const Value* text = shown ? shown->find("body") : nullptr;
        return text == nullptr ? "" : *text->text();
    }
};

}  // namespace

TEST_CASE("cursors stay in place while the other types, live", "[e2e]") {
    TemporaryDirectory directory;
    Relay relay(directory.path());
    App alice(directory, "alice");
    App bob(directory, "bob");
    alice.edit([](TextEditor body, ListEditor authors) {
        body.insert(0, "Dear all, ");
        authors.push("alice");
    });
    alice.connect(relay.url());
    bob.connect(relay.url());
    REQUIRE(eventually([&] { return bob.body() == "Dear all, "; }));
    Cursor cursor;
    std::optional<ElementId> author;
    bob.edit([&](TextEditor body, ListEditor authors) {
        cursor = body.cursor(10);
        body.insert(10, "see you.");
        cursor = body.cursor(10);
        author = authors.id(0);
        authors.insert(0, "bob");
    });
    REQUIRE(eventually([&] { return alice.body() == "Dear all, see you."; }));
    alice.edit([](TextEditor body, ListEditor) { body.splice(0, 8, "Hello everybody"); });
    REQUIRE(eventually([&] { return bob.body() == "Hello everybody, see you."; }));
    CHECK(bob.space.position(cursor).value() == 17u);
    CHECK(bob.space.index(*author).value() == 1u);
}

TEST_CASE("everybody's words stay whole when all type at once", "[e2e]") {
    TemporaryDirectory directory;
    Relay relay(directory.path());
    std::vector<std::unique_ptr<App>> apps;
    for (int i = 0; i < 3; ++i) {
        apps.push_back(std::make_unique<App>(directory, "app" + std::to_string(i)));
        apps.back()->connect(relay.url());
    }
    constexpr int words = 30;
    std::vector<std::thread> people;
    for (std::size_t i = 0; i < apps.size(); ++i) {
        people.emplace_back([&, i] {
            std::mt19937_64 random(i);
            for (int word = 0; word < words; ++word) {
                // Key by key, each its own transaction, at a cursor that follows the text.
                const std::string typed =
                    std::string(1, static_cast<char>('a' + i)) + std::to_string(word) + ";";
                std::optional<Cursor> cursor;
                for (const char key : typed) {
                    apps[i]->edit([&](TextEditor body, ListEditor) {
                        std::uint32_t at = 0;
                        if (cursor) {
                            at = *body.position(*cursor);
                        } else {
                            // Behind some word.
                            const std::string all = body.str();
                            at = static_cast<std::uint32_t>(random() % (all.size() + 1));
                            while (at > 0 && all[at - 1] != ';') --at;
                        }
                        body.insert(at, std::string(1, key));
                        cursor = body.cursor(at + 1, Side::right);
                    });
                }
                if (word == 10 && i == 0) relay.kill_hard();
                if (word == 12 && i == 0) relay.start();
            }
        });
    }
    for (std::thread& person : people) person.join();
    for (int round = 0; round < 2; ++round) {
        for (auto& app : apps) REQUIRE(app->space.wait_in_sync(patience));
    }
    REQUIRE(eventually(
        [&] { return apps[0]->body() == apps[1]->body() && apps[1]->body() == apps[2]->body(); }));
    const std::string all = apps[0]->body();
    CHECK(std::count(all.begin(), all.end(), ';') == words * 3);
    for (std::size_t i = 0; i < apps.size(); ++i) {
        for (int word = 0; word < words; ++word) {
            const std::string typed =
                std::string(1, static_cast<char>('a' + i)) + std::to_string(word) + ";";
            INFO(typed << " in " << all);
            CHECK(all.find(typed) != std::string::npos);
        }
    }
    CHECK(apps[0]->space.digest().value() == apps[2]->space.digest().value());
}

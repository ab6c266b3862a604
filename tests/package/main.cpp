// Writes a document, reads it back after opening the file again: headers are found, libraries link
// in the right order, the bundled SQLite is the one in use. The argument is a directory to write
// to.
#include <syncline/client/store.hpp>

#include <cstdio>
#include <filesystem>
#include <string>

namespace {

syncline::Result<> write(const std::string& path) {
    auto store = syncline::Store::open(path);
    if (!store) return tl::unexpected(store.error());
    auto space = store->space("greetings");
    if (!space) return tl::unexpected(space.error());
    return space->transact(
        [](syncline::Transaction& tx) { tx.document("greetings", "first").set("words", "hello"); });
}

syncline::Result<> read(const std::string& path) {
    auto store = syncline::Store::open(path);
    if (!store) return tl::unexpected(store.error());
    auto space = store->space("greetings");
    if (!space) return tl::unexpected(space.error());
    const auto greeting = space->get({"greetings", "first"});
    if (!greeting) return tl::unexpected(greeting.error());
    const auto* words = *greeting ? (*greeting)->find("words") : nullptr;
    if (words == nullptr || *words != syncline::Value("hello"))
        return syncline::fail(syncline::ErrorCode::not_found, "the words are gone");
    return {};
}

syncline::Result<> run(const std::string& directory) {
    const std::string path = directory + "/package.db";
    std::filesystem::remove(path);
    if (auto done = write(path); !done) return done;
    return read(path);
}

}  // namespace

int main(int argc, char** argv) {
    const auto done = run(argc > 1 ? argv[1] : ".");
    if (!done) {
        std::printf("%s: %s\n", std::string(syncline::name_of(done.error().code)).c_str(),
                    done.error().message.c_str());
        return 1;
    }
    std::puts("an installed Syncline works");
    return 0;
}

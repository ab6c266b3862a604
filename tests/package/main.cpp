// Writes a row, reads it back: headers are found, libraries link in the right order, the bundled
// SQLite is the one in use. The argument is a directory to write to.
#include <syncline/result.hpp>
#include <syncline/sqlite/database.hpp>

#include <cstdio>
#include <filesystem>
#include <string>

namespace {

syncline::Result<> run(const std::string& directory) {
    syncline::sqlite::Options options;
    options.path = directory + "/package.db";
    std::filesystem::remove(options.path);
    auto database = syncline::sqlite::Database::open(options);
    if (!database) return tl::unexpected(database.error());
    if (auto done = database->exec("create table greeting (words text)"); !done) return done;
    if (auto done = database->exec("insert into greeting values ('hello')"); !done) return done;
    auto select = database->prepare("select words from greeting");
    if (!select) return tl::unexpected(select.error());
    const auto row = select->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return syncline::fail(syncline::ErrorCode::not_found, "the row is gone");
    return {};
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

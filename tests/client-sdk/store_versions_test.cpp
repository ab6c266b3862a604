// Files that older versions wrote, opened by this one.

#include "sqlite_space_storage.hpp"
#include "store_fixture.hpp"
#include "syncline/document/digest.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <sstream>

using namespace syncline;
using test::Device;
using test::PowerLossVfs;
using test::World;

namespace {

using Rows = std::map<DocumentKey, Bytes>;

/// Documents in an older form: the first is that of versions 1 and 2, the second of 3 and 4.
Rows older_form(const std::string& form) {
    std::ifstream in(std::string(SYNCLINE_SOURCE_DIR) + "/tests/golden/vectors/" + form +
                     "_states.txt");
    Rows rows;
    for (std::string line; std::getline(in, line);) {
        std::istringstream words(line);
        std::string name;
        std::string hex;
        words >> name >> hex;
        if (name.rfind(form + ".document.", 0) == 0) rows[{"tasks", name}] = from_hex(hex);
    }
    return rows;
}
Rows first_form() { return older_form("first"); }

/// Makes the device's file one of this version, with these documents and what it has.
void make_older(Device& device, const Rows& rows, std::int32_t version = 2) {
    sqlite::Database& database = device.store().database();
    if (version < 4) REQUIRE(database.exec("DROP TABLE requests"));
    auto space = database.prepare("SELECT id, generation FROM spaces");
    REQUIRE(space);
    REQUIRE(space->step().value());
    client::SqliteSpaceStorage storage(database, space->column_int64(0));
    for (const auto& [key, state] : rows)
        REQUIRE(storage.put_document(space->column_uint64(1), key, state));
    REQUIRE(database.set_user_version(version));
}

Rows rows_of(Device& device) {
    sqlite::Database& database = device.store().database();
    auto found = database.prepare("SELECT collection, id, state FROM documents");
    REQUIRE(found);
    Rows rows;
    while (found->step().value()) {
        const BytesView state = found->column_blob(2);
        rows[{std::string(found->column_text(0)), std::string(found->column_text(1))}] =
            Bytes(state.begin(), state.end());
    }
    return rows;
}

void check_newest(Device& device, const Rows& first) {
    Digest digest;
    const Rows rows = rows_of(device);
    for (const auto& [key, state] : rows) {
        CHECK(wire::is_newest_form(state));
        digest.add(key, state);
    }
    for (const auto& [key, state] : first) {
        CAPTURE(key.id);
        const auto document = wire::decode_document(state, wire::state_limits());
        REQUIRE(document);
        REQUIRE(rows.count(key) == 1);
        CHECK(rows.at(key) == wire::encode_document(*document));
        CHECK(**device.space().document(key) == *document);
    }
    CHECK(*device.space().digest() == digest.value());
    CHECK(device.store().database().user_version().value() == client::store_version);
}

}  // namespace

TEST_CASE("a store of an older version is brought to the newest form of states",
          "[store][version]") {
    const std::int32_t version = GENERATE(2, 3, 4);
    const Rows first = older_form(version == 2 ? "first" : "second");
    REQUIRE(first.size() >= 4);
    PowerLossVfs disk;
    World world(1);
    Device alice(world, disk, "alice");
    REQUIRE(alice.open());
    REQUIRE(alice.write_mark());
    REQUIRE(world.sync(alice));
    make_older(alice, first, version);
    alice.close();

    REQUIRE(alice.open());
    check_newest(alice, first);
    CHECK(rows_of(alice).size() == first.size() + 1);
}

TEST_CASE("a damaged document of an older store is left as it is, and the others go on",
          "[store][version]") {
    Rows first = first_form();
    PowerLossVfs disk;
    World world(1);
    Device alice(world, disk, "alice");
    REQUIRE(alice.open());
    REQUIRE(alice.write_mark());
    const DocumentKey damaged{"tasks", "damaged"};
    Rows rows = first;
    rows[damaged] = from_hex("c0ffee");
    make_older(alice, rows);
    alice.close();

    REQUIRE(alice.open());
    CHECK(rows_of(alice).at(damaged) == from_hex("c0ffee"));
    CHECK(alice.space().document(damaged).error().code == ErrorCode::storage_corrupt);
    for (const auto& [key, state] : first) CHECK(alice.space().document(key));
}

TEST_CASE("the power may fail while an older store is brought forward", "[store][version]") {
    const Rows first = first_form();
    bool finished = false;
    for (std::uint64_t at = 1; !finished; ++at) {
        CAPTURE(at);
        REQUIRE(at < 500);
        PowerLossVfs disk;
        World world(at);
        Device alice(world, disk, "alice");
        REQUIRE(alice.open());
        REQUIRE(alice.write_mark());
        make_older(alice, first);
        alice.close();

        disk.crash_at(at);
        finished = alice.open().has_value();
        alice.close();
        disk.cut(at);
        disk.reboot();
        REQUIRE(alice.open());
        check_newest(alice, first);
    }
}

#include "sqlite_space_storage.hpp"

#include "syncline/codec/sha256.hpp"

#include <algorithm>
#include <utility>

namespace syncline::client {

namespace {

constexpr const char* schema = R"sql(
CREATE TABLE meta (
    key      TEXT PRIMARY KEY,
    value    ANY,
    checksum INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE spaces (
    id             INTEGER PRIMARY KEY,
    name           TEXT NOT NULL,
    replica        BLOB NOT NULL,
    epoch          BLOB NOT NULL,
    cursor         INTEGER NOT NULL DEFAULT 0,
    salt           INTEGER NOT NULL DEFAULT 0,
    generation     INTEGER NOT NULL DEFAULT 1,
    clock          INTEGER NOT NULL DEFAULT 0,
    seen           INTEGER NOT NULL DEFAULT 0,
    own_counter    INTEGER NOT NULL DEFAULT 0,
    own_hash       BLOB NOT NULL,
    pruned_counter INTEGER NOT NULL DEFAULT 0,
    pruned_hash    BLOB NOT NULL,
    checksum       INTEGER NOT NULL
) STRICT;

CREATE TABLE vectors (
    space      INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    replica    BLOB NOT NULL,
    counter    INTEGER NOT NULL,
    checksum   INTEGER NOT NULL,
    PRIMARY KEY (space, generation, replica)
) STRICT, WITHOUT ROWID;

CREATE TABLE documents (
    space      INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    collection TEXT NOT NULL,
    id         TEXT NOT NULL,
    state      BLOB NOT NULL,
    checksum   INTEGER NOT NULL,
    PRIMARY KEY (space, generation, collection, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE own_changes (
    space        INTEGER NOT NULL,
    first        INTEGER NOT NULL,
    last         INTEGER NOT NULL,
    hash         BLOB NOT NULL,
    bytes        BLOB NOT NULL,
    confirmed    INTEGER NOT NULL,
    staged       INTEGER NOT NULL,
    confirmed_ms INTEGER NOT NULL,
    checksum     INTEGER NOT NULL,
    PRIMARY KEY (space, first)
) STRICT, WITHOUT ROWID;
)sql";

constexpr const char* schema_2 = R"sql(
CREATE TABLE logged (
    space    INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    replica  BLOB NOT NULL,
    bytes    BLOB NOT NULL,
    taken_ms INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (space, sequence)
) STRICT, WITHOUT ROWID;
)sql";

constexpr const char* schema_4 = R"sql(
CREATE TABLE requests (
    id       TEXT PRIMARY KEY,
    done_ms  INTEGER NOT NULL,
    checksum INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

std::int64_t sum_of_document(std::int64_t space, std::uint64_t generation,
                             std::string_view collection, std::string_view id, BytesView state) {
    return RowSum().number(space).number(generation).text(collection).text(id).bytes(state).value();
}

std::int64_t sum_of_own_change(std::int64_t space, const OwnChange& change, BytesView bytes) {
    return RowSum()
        .number(space)
        .number(change.first)
        .number(change.last)
        .bytes(change.hash.view())
        .bytes(bytes)
        .number(change.confirmed ? 1 : 0)
        .number(change.staged ? 1 : 0)
        .number(change.confirmed_ms)
        .value();
}

std::int64_t sum_of_vector(std::int64_t space, std::uint64_t generation, const ReplicaId& replica,
                           std::uint64_t counter) {
    return RowSum().number(space).number(generation).bytes(replica.view()).number(counter).value();
}

std::int64_t sum_of_state(std::int64_t space, const SpaceState& state) {
    return RowSum()
        .number(space)
        .text(state.name)
        .bytes(state.replica.view())
        .bytes(state.epoch.view())
        .number(state.cursor)
        .number(state.salt)
        .number(state.generation)
        .number(state.clock.packed)
        .number(state.seen.packed)
        .number(state.own.counter)
        .bytes(state.own.hash.view())
        .number(state.pruned.counter)
        .bytes(state.pruned.hash.view())
        .value();
}

template <std::size_t N>
Result<> read_bytes(const sqlite::Statement& row, int column, std::array<std::byte, N>& into) {
    const BytesView bytes = row.column_blob(column);
    if (bytes.size() != N) return fail(ErrorCode::storage_corrupt, "a column has a wrong length");
    std::copy(bytes.begin(), bytes.end(), into.begin());
    return {};
}

Result<OwnChange> read_own_change(const sqlite::Statement& row, std::int64_t space) {
    OwnChange change;
    change.first = row.column_uint64(0);
    change.last = row.column_uint64(1);
    if (auto read = read_bytes(row, 2, change.hash.bytes); !read) {
        return tl::unexpected(read.error());
    }
    const BytesView bytes = row.column_blob(3);
    change.confirmed = row.column_int64(4) != 0;
    change.staged = row.column_int64(5) != 0;
    change.confirmed_ms = row.column_uint64(6);
    if (sum_of_own_change(space, change, bytes) != row.column_int64(7)) {
        return fail(ErrorCode::storage_corrupt, "the checksum of an own change does not hold");
    }
    change.bytes.assign(bytes.begin(), bytes.end());
    return change;
}

}  // namespace

RowSum& RowSum::number(std::uint64_t value) {
    std::array<std::byte, 8> bytes{};
    for (std::byte& byte : bytes) {
        byte = static_cast<std::byte>(value & 0xFF);
        value >>= 8;
    }
    hash_.update(bytes);
    return *this;
}

RowSum& RowSum::bytes(BytesView value) {
    number(std::uint64_t{value.size()});
    hash_.update(value);
    return *this;
}

RowSum& RowSum::text(std::string_view value) { return bytes(as_bytes(value)); }

std::int64_t RowSum::value() {
    const auto digest = hash_.finish();
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < 8; ++i) {
        sum = sum << 8 | std::to_integer<std::uint64_t>(digest[i]);
    }
    return static_cast<std::int64_t>(sum);
}

Result<> create_schema(sqlite::Database& database) {
    if (auto made = database.exec(schema); !made) return made;
    return upgrade_schema(database, 1);
}

/// Writes documents in older forms of states anew.
static Result<> rewrite_documents(sqlite::Database& database) {
    constexpr std::int64_t rows_at_once = 256;
    struct Row {
        std::int64_t space = 0;
        std::uint64_t generation = 0;
        DocumentKey key;
        Bytes state;
    };
    Row last;
    for (bool more = true; more;) {
        auto rows = database.prepare(
            "SELECT space, generation, collection, id, state, checksum FROM documents "
            "WHERE (space, generation, collection, id) > (?1, ?2, ?3, ?4) "
            "ORDER BY space, generation, collection, id LIMIT ?5");
        if (!rows) return tl::unexpected(rows.error());
        rows->bind(1, last.space)
            .bind(2, last.generation)
            .bind(3, std::string_view(last.key.collection))
            .bind(4, std::string_view(last.key.id))
            .bind(5, rows_at_once);
        std::vector<Row> old;
        more = false;
        while (true) {
            auto found = rows->step();
            if (!found) return tl::unexpected(found.error());
            if (!*found) break;
            more = true;
            const BytesView state = rows->column_blob(4);
            last.space = rows->column_int64(0);
            last.generation = rows->column_uint64(1);
            last.key = {std::string(rows->column_text(2)), std::string(rows->column_text(3))};
            const bool holds = sum_of_document(last.space, last.generation, last.key.collection,
                                               last.key.id, state) == rows->column_int64(5);
            if (!holds || wire::is_newest_form(state)) continue;
            old.push_back(last);
            old.back().state.assign(state.begin(), state.end());
        }
        for (const Row& row : old) {
            const auto document = wire::decode_document(row.state, wire::state_limits());
            if (!document) continue;
            SqliteSpaceStorage space(database, row.space);
            const Bytes state = wire::encode_document(*document);
            if (auto put = space.put_document(row.generation, row.key, state); !put) return put;
        }
    }
    return {};
}

Result<> upgrade_schema(sqlite::Database& database, std::int32_t from) {
    if (from < 2) {
        if (auto added = database.exec(schema_2); !added) return added;
    }
    if (from < 4) {
        if (auto added = database.exec(schema_4); !added) return added;
    }
    return from < 5 ? rewrite_documents(database) : Result<>();
}

Result<> SqliteSpaceStorage::begin() {
    auto begun = database_.begin();
    if (!begun) return tl::unexpected(begun.error());
    transaction_.emplace(std::move(*begun));
    return {};
}

Result<> SqliteSpaceStorage::commit() {
    if (requested_ != nullptr) {
        if (auto put = requested_->log_.put(requested_->id_, requested_->now_ms_); !put) return put;
    }
    Result<> done = transaction_->commit();
    transaction_.reset();
    return done;
}

void SqliteSpaceStorage::rollback() { transaction_.reset(); }

Result<SpaceState> SqliteSpaceStorage::load() {
    auto row = database_.prepare(
        "SELECT name, replica, epoch, cursor, salt, generation, clock, seen, own_counter, "
        "own_hash, pruned_counter, pruned_hash, checksum FROM spaces WHERE id = ?1");
    if (!row) return tl::unexpected(row.error());
    auto found = row->bind(1, space_).step();
    if (!found) return tl::unexpected(found.error());
    if (!*found) return fail(ErrorCode::storage_corrupt, "a space's row is missing");
    SpaceState state;
    state.name = std::string(row->column_text(0));
    state.cursor = row->column_uint64(3);
    state.salt = row->column_uint64(4);
    state.generation = row->column_uint64(5);
    state.clock = Hlc{row->column_uint64(6)};
    state.seen = Hlc{row->column_uint64(7)};
    state.own.counter = row->column_uint64(8);
    state.pruned.counter = row->column_uint64(10);
    for (auto read :
         {read_bytes(*row, 1, state.replica.bytes), read_bytes(*row, 2, state.epoch.bytes),
          read_bytes(*row, 9, state.own.hash.bytes),
          read_bytes(*row, 11, state.pruned.hash.bytes)}) {
        if (!read) return tl::unexpected(read.error());
    }
    if (sum_of_state(space_, state) != row->column_int64(12)) {
        return fail(ErrorCode::storage_corrupt,
                    "the checksum of space " + state.name + " does not hold");
    }
    return state;
}

Result<> SqliteSpaceStorage::create(const SpaceState& state) {
    auto row = database_.prepare(
        "INSERT INTO spaces (id, name, replica, epoch, own_hash, pruned_hash, checksum) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
    if (!row) return tl::unexpected(row.error());
    return row->bind(1, space_)
        .bind(2, std::string_view(state.name))
        .bind(3, state.replica.view())
        .bind(4, state.epoch.view())
        .bind(5, state.own.hash.view())
        .bind(6, state.pruned.hash.view())
        .bind(7, sum_of_state(space_, state))
        .run();
}

Result<> SqliteSpaceStorage::save(const SpaceState& state) {
    auto row = database_.prepare(
        "UPDATE spaces SET replica = ?2, epoch = ?3, cursor = ?4, salt = ?5, generation = ?6, "
        "clock = ?7, seen = ?8, own_counter = ?9, own_hash = ?10, pruned_counter = ?11, "
        "pruned_hash = ?12, checksum = ?13 WHERE id = ?1");
    if (!row) return tl::unexpected(row.error());
    return row->bind(1, space_)
        .bind(2, state.replica.view())
        .bind(3, state.epoch.view())
        .bind(4, state.cursor)
        .bind(5, state.salt)
        .bind(6, state.generation)
        .bind(7, state.clock.packed)
        .bind(8, state.seen.packed)
        .bind(9, state.own.counter)
        .bind(10, state.own.hash.view())
        .bind(11, state.pruned.counter)
        .bind(12, state.pruned.hash.view())
        .bind(13, sum_of_state(space_, state))
        .run();
}

Result<VersionVector> SqliteSpaceStorage::vector(std::uint64_t generation) {
    auto rows = database_.prepare(
        "SELECT replica, counter, checksum FROM vectors WHERE space = ?1 AND generation = ?2");
    if (!rows) return tl::unexpected(rows.error());
    rows->bind(1, space_).bind(2, generation);
    VersionVector vector;
    while (true) {
        auto found = rows->step();
        if (!found) return tl::unexpected(found.error());
        if (!*found) return vector;
        ReplicaId replica;
        if (auto read = read_bytes(*rows, 0, replica.bytes); !read) {
            return tl::unexpected(read.error());
        }
        const std::uint64_t counter = rows->column_uint64(1);
        if (sum_of_vector(space_, generation, replica, counter) != rows->column_int64(2)) {
            return fail(ErrorCode::storage_corrupt,
                        "the checksum of a version vector's entry does not hold");
        }
        vector.raise(replica, counter);
    }
}

Result<> SqliteSpaceStorage::raise(std::uint64_t generation, const ReplicaId& replica,
                                   std::uint64_t counter) {
    auto row = database_.prepare(
        "INSERT INTO vectors (space, generation, replica, counter, checksum) "
        "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET counter = excluded.counter, "
        "checksum = excluded.checksum WHERE excluded.counter > counter");
    if (!row) return tl::unexpected(row.error());
    return row->bind(1, space_)
        .bind(2, generation)
        .bind(3, replica.view())
        .bind(4, counter)
        .bind(5, sum_of_vector(space_, generation, replica, counter))
        .run();
}

Result<std::optional<Bytes>> SqliteSpaceStorage::document(std::uint64_t generation,
                                                          const DocumentKey& key) {
    auto row = database_.prepare(
        "SELECT state, checksum FROM documents "
        "WHERE space = ?1 AND generation = ?2 AND collection = ?3 AND id = ?4");
    if (!row) return tl::unexpected(row.error());
    auto found = row->bind(1, space_)
                     .bind(2, generation)
                     .bind_view(3, std::string_view(key.collection))
                     .bind_view(4, std::string_view(key.id))
                     .step();
    if (!found) return tl::unexpected(found.error());
    if (!*found) return std::optional<Bytes>();
    const BytesView state = row->column_blob(0);
    if (sum_of_document(space_, generation, key.collection, key.id, state) !=
        row->column_int64(1)) {
        return fail(ErrorCode::storage_corrupt,
                    "the checksum of document " + key.collection + "/" + key.id + " does not hold");
    }
    return std::optional<Bytes>(Bytes(state.begin(), state.end()));
}

Result<> SqliteSpaceStorage::put_document(std::uint64_t generation, const DocumentKey& key,
                                          BytesView state) {
    if (state.empty()) {
        auto row = database_.prepare(
            "DELETE FROM documents "
            "WHERE space = ?1 AND generation = ?2 AND collection = ?3 AND id = ?4");
        if (!row) return tl::unexpected(row.error());
        return row->bind(1, space_)
            .bind(2, generation)
            .bind_view(3, std::string_view(key.collection))
            .bind_view(4, std::string_view(key.id))
            .run();
    }
    auto row = database_.prepare(
        "INSERT INTO documents (space, generation, collection, id, state, checksum) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
        "ON CONFLICT DO UPDATE SET state = excluded.state, checksum = excluded.checksum");
    if (!row) return tl::unexpected(row.error());
    return row->bind(1, space_)
        .bind(2, generation)
        .bind_view(3, std::string_view(key.collection))
        .bind_view(4, std::string_view(key.id))
        .bind_view(5, state)
        .bind(6, sum_of_document(space_, generation, key.collection, key.id, state))
        .run();
}

Result<> SqliteSpaceStorage::scan(std::uint64_t generation, const std::string& collection,
                                  const std::string& behind,
                                  const std::function<bool(const DocumentKey&, BytesView)>& visit) {
    auto rows = collection.empty()
                    ? database_.prepare(
                          "SELECT collection, id, state, checksum FROM documents "
                          "WHERE space = ?1 AND generation = ?2 ORDER BY collection, id")
                    : database_.prepare(
                          "SELECT collection, id, state, checksum FROM documents WHERE space "
                          "= ?1 AND generation = ?2 AND collection = ?3 AND id > ?4 ORDER BY id");
    if (!rows) return tl::unexpected(rows.error());
    rows->bind(1, space_).bind(2, generation);
    if (!collection.empty())
        rows->bind(3, std::string_view(collection)).bind(4, std::string_view(behind));
    while (true) {
        auto found = rows->step();
        if (!found) return tl::unexpected(found.error());
        if (!*found) return {};
        const DocumentKey key{std::string(rows->column_text(0)), std::string(rows->column_text(1))};
        const BytesView state = rows->column_blob(2);
        if (sum_of_document(space_, generation, key.collection, key.id, state) !=
            rows->column_int64(3)) {
            return fail(ErrorCode::storage_corrupt, "the checksum of document " + key.collection +
                                                        "/" + key.id + " does not hold");
        }
        if (!visit(key, state)) return {};
    }
}

Result<std::uint64_t> SqliteSpaceStorage::count_documents(std::uint64_t generation) {
    auto row =
        database_.prepare("SELECT count(*) FROM documents WHERE space = ?1 AND generation = ?2");
    if (!row) return tl::unexpected(row.error());
    auto found = row->bind(1, space_).bind(2, generation).step();
    if (!found) return tl::unexpected(found.error());
    return row->column_uint64(0);
}

Result<std::vector<std::string>> SqliteSpaceStorage::collections(std::uint64_t generation) {
    // A loose index scan: one look-up a collection, however many documents it has.
    std::vector<std::string> names;
    while (true) {
        auto row = database_.prepare(
            "SELECT min(collection) FROM documents "
            "WHERE space = ?1 AND generation = ?2 AND collection > ?3");
        if (!row) return tl::unexpected(row.error());
        const std::string last = names.empty() ? std::string() : names.back();
        auto found =
            row->bind(1, space_).bind(2, generation).bind(3, std::string_view(last)).step();
        if (!found) return tl::unexpected(found.error());
        if (!*found || row->column_is_null(0)) return names;
        names.emplace_back(row->column_text(0));
    }
}

Result<> SqliteSpaceStorage::drop_generation(std::uint64_t generation) {
    for (const char* sql : {"DELETE FROM documents WHERE space = ?1 AND generation = ?2",
                            "DELETE FROM vectors WHERE space = ?1 AND generation = ?2"}) {
        auto rows = database_.prepare(sql);
        if (!rows) return tl::unexpected(rows.error());
        if (auto done = rows->bind(1, space_).bind(2, generation).run(); !done) return done;
    }
    return {};
}

#define OWN_COLUMNS "first, last, hash, bytes, confirmed, staged, confirmed_ms, checksum"

Result<std::vector<OwnChange>> SqliteSpaceStorage::own_changes(std::uint64_t after,
                                                               std::size_t limit,
                                                               bool pending_only) {
    // The log takes a replica's changes in the order of its chain, so what it has not brought yet
    // is the chain's end: found from behind, without an index that could be damaged on its own.
    auto rows = pending_only ? database_.prepare("SELECT " OWN_COLUMNS
                                                 " FROM own_changes WHERE space = ?1 AND "
                                                 "first > ?2 ORDER BY first DESC LIMIT ?3")
                             : database_.prepare("SELECT " OWN_COLUMNS
                                                 " FROM own_changes WHERE space = ?1 AND "
                                                 "first > ?2 ORDER BY first LIMIT ?3");
    if (!rows) return tl::unexpected(rows.error());
    constexpr std::uint64_t no_limit = std::uint64_t{1} << 62;
    rows->bind(1, space_).bind(2, after).bind(
        3, pending_only ? no_limit : std::min<std::uint64_t>(limit, no_limit));
    std::vector<OwnChange> changes;
    while (true) {
        auto found = rows->step();
        if (!found) return tl::unexpected(found.error());
        if (!*found) break;
        auto change = read_own_change(*rows, space_);
        if (!change) return tl::unexpected(change.error());
        const bool apart =
            !changes.empty() && (pending_only ? change->last + 1 != changes.back().first
                                              : changes.back().last + 1 != change->first);
        if (apart) return fail(ErrorCode::storage_corrupt, "an own change is missing");
        if (pending_only && change->confirmed) break;
        changes.push_back(std::move(*change));
    }
    if (pending_only) {
        std::reverse(changes.begin(), changes.end());
        if (changes.size() > limit) changes.resize(limit);
    }
    return changes;
}

Result<std::optional<OwnChange>> SqliteSpaceStorage::one_own_change(const char* sql,
                                                                    std::uint64_t number) {
    auto row = database_.prepare(sql);
    if (!row) return tl::unexpected(row.error());
    auto found = row->bind(1, space_).bind(2, number).step();
    if (!found) return tl::unexpected(found.error());
    if (!*found) return std::optional<OwnChange>();
    auto change = read_own_change(*row, space_);
    if (!change) return tl::unexpected(change.error());
    return std::optional<OwnChange>(std::move(*change));
}

Result<std::optional<OwnChange>> SqliteSpaceStorage::own_change_ending(std::uint64_t last) {
    // Changes are contiguous: the one that ends at `last` is the last that begins at or below it.
    auto change = one_own_change("SELECT " OWN_COLUMNS
                                 " FROM own_changes WHERE space = ?1 AND first <= ?2 "
                                 "ORDER BY first DESC LIMIT 1",
                                 last);
    if (change && *change && (*change)->last != last) return std::optional<OwnChange>();
    return change;
}

Result<std::optional<OwnChange>> SqliteSpaceStorage::own_change_starting(std::uint64_t first) {
    return one_own_change("SELECT " OWN_COLUMNS " FROM own_changes WHERE space = ?1 AND first = ?2",
                          first);
}

Result<> SqliteSpaceStorage::put_own_change(const OwnChange& change) {
    auto row = database_.prepare(
        "INSERT INTO own_changes (space, first, last, hash, bytes, confirmed, staged, "
        "confirmed_ms, checksum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) "
        "ON CONFLICT (space, first) DO UPDATE SET last = excluded.last, hash = excluded.hash, "
        "bytes = excluded.bytes, confirmed = excluded.confirmed, staged = excluded.staged, "
        "confirmed_ms = excluded.confirmed_ms, checksum = excluded.checksum");
    if (!row) return tl::unexpected(row.error());
    return row->bind(1, space_)
        .bind(2, change.first)
        .bind(3, change.last)
        .bind(4, change.hash.view())
        .bind_view(5, BytesView(change.bytes))
        .bind(6, change.confirmed ? 1 : 0)
        .bind(7, change.staged ? 1 : 0)
        .bind(8, change.confirmed_ms)
        .bind(9, sum_of_own_change(space_, change, change.bytes))
        .run();
}

Result<> SqliteSpaceStorage::erase_own_change(std::uint64_t first) {
    auto row = database_.prepare("DELETE FROM own_changes WHERE space = ?1 AND first = ?2");
    if (!row) return tl::unexpected(row.error());
    return row->bind(1, space_).bind(2, first).run();
}

/// Row by row, since each carries the checksum of all of it. Both happen once a restored relay.
Result<> SqliteSpaceStorage::rewrite_own_changes(const std::function<bool(OwnChange&)>& rewrite) {
    constexpr std::size_t at_once = 256;
    std::uint64_t after = 0;
    while (true) {
        auto changes = own_changes(after, at_once, false);
        if (!changes) return tl::unexpected(changes.error());
        for (OwnChange& change : *changes) {
            after = change.first;
            if (!rewrite(change)) continue;
            if (auto put = put_own_change(change); !put) return put;
        }
        if (changes->size() < at_once) return {};
    }
}

Result<> SqliteSpaceStorage::promote_staged(std::uint64_t now_ms) {
    return rewrite_own_changes([&](OwnChange& change) {
        if (change.confirmed == change.staged && !change.staged) return false;
        if (!change.confirmed && change.staged && change.confirmed_ms == 0) {
            change.confirmed_ms = now_ms;
        }
        change.confirmed = change.staged;
        change.staged = false;
        return true;
    });
}

Result<> SqliteSpaceStorage::clear_staged() {
    return rewrite_own_changes(
        [](OwnChange& change) { return std::exchange(change.staged, false); });
}

Result<> verify_rows(sqlite::Database& database) {
    const auto damaged = fail(ErrorCode::storage_corrupt, "the checksum of a row does not hold");
    auto documents = database.prepare(
        "SELECT space, generation, collection, id, state, checksum FROM documents");
    if (!documents) return tl::unexpected(documents.error());
    while (true) {
        auto found = documents->step();
        if (!found) return tl::unexpected(found.error());
        if (!*found) break;
        if (sum_of_document(documents->column_int64(0), documents->column_uint64(1),
                            documents->column_text(2), documents->column_text(3),
                            documents->column_blob(4)) != documents->column_int64(5)) {
            return damaged;
        }
    }
    auto vectors =
        database.prepare("SELECT replica, space, generation, counter, checksum FROM vectors");
    if (!vectors) return tl::unexpected(vectors.error());
    while (true) {
        auto found = vectors->step();
        if (!found) return tl::unexpected(found.error());
        if (!*found) break;
        ReplicaId replica;
        if (auto read = read_bytes(*vectors, 0, replica.bytes); !read) return read;
        if (sum_of_vector(vectors->column_int64(1), vectors->column_uint64(2), replica,
                          vectors->column_uint64(3)) != vectors->column_int64(4)) {
            return damaged;
        }
    }
    auto changes = database.prepare("SELECT " OWN_COLUMNS ", space FROM own_changes");
    if (!changes) return tl::unexpected(changes.error());
    while (true) {
        auto found = changes->step();
        if (!found) return tl::unexpected(found.error());
        if (!*found) break;
        if (auto read = read_own_change(*changes, changes->column_int64(8)); !read) {
            return tl::unexpected(read.error());
        }
    }
    if (auto sound = RequestLog(database).verify(); !sound) return sound;
    return verify_logged(database);
}

#undef OWN_COLUMNS

}  // namespace syncline::client

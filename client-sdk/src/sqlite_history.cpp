// The rows of the kept log (SpaceHistory).

#include "sqlite_space_storage.hpp"

#include <algorithm>
#include <utility>

namespace syncline::client {

namespace {

#define LOGGED_COLUMNS "sequence, replica, bytes, taken_ms, checksum"

std::int64_t sum_of_logged(std::int64_t space, const LoggedChange& change, BytesView bytes) {
    return RowSum()
        .number(space)
        .number(change.sequence)
        .bytes(change.replica.view())
        .bytes(bytes)
        .number(change.taken_ms)
        .value();
}

Result<LoggedChange> read_logged(const sqlite::Statement& row, std::int64_t space) {
    LoggedChange change;
    change.sequence = row.column_uint64(0);
    const BytesView replica = row.column_blob(1);
    const BytesView bytes = row.column_blob(2);
    change.taken_ms = row.column_uint64(3);
    if (replica.size() == change.replica.bytes.size())
        std::copy(replica.begin(), replica.end(), change.replica.bytes.begin());
    if (sum_of_logged(space, change, bytes) != row.column_int64(4))
        return fail(ErrorCode::storage_corrupt, "the checksum of a kept change does not hold");
    change.bytes.assign(bytes.begin(), bytes.end());
    return change;
}

}  // namespace

Result<> SqliteSpaceStorage::put_logged(const LoggedChange& change) {
    auto row = database_.prepare(
        "INSERT INTO logged (space, sequence, replica, bytes, taken_ms, checksum) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    if (!row) return tl::unexpected(row.error());
    return row->bind(1, space_)
        .bind(2, change.sequence)
        .bind(3, change.replica.view())
        .bind_view(4, BytesView(change.bytes))
        .bind(5, change.taken_ms)
        .bind(6, sum_of_logged(space_, change, change.bytes))
        .run();
}

Result<std::vector<LoggedChange>> SqliteSpaceStorage::logged(std::uint64_t after,
                                                             std::size_t limit) {
    auto rows = database_.prepare("SELECT " LOGGED_COLUMNS
                                  " FROM logged WHERE space = ?1 AND sequence > ?2 "
                                  "ORDER BY sequence LIMIT ?3");
    if (!rows) return tl::unexpected(rows.error());
    rows->bind(1, space_).bind(2, after).bind(3, limit);
    std::vector<LoggedChange> changes;
    while (true) {
        auto found = rows->step();
        if (!found) return tl::unexpected(found.error());
        if (!*found) return changes;
        auto change = read_logged(*rows, space_);
        if (!change) return tl::unexpected(change.error());
        changes.push_back(std::move(*change));
    }
}

Result<std::optional<LoggedRange>> SqliteSpaceStorage::logged_range() {
    LoggedRange range;
    for (const auto& [sql, into] :
         {std::pair{"SELECT min(sequence) FROM logged WHERE space = ?1", &range.first},
          std::pair{"SELECT max(sequence) FROM logged WHERE space = ?1", &range.last}}) {
        auto row = database_.prepare(sql);
        if (!row) return tl::unexpected(row.error());
        auto found = row->bind(1, space_).step();
        if (!found) return tl::unexpected(found.error());
        if (!*found || row->column_is_null(0)) return std::optional<LoggedRange>();
        *into = row->column_uint64(0);
    }
    return std::optional<LoggedRange>(range);
}

Result<> SqliteSpaceStorage::erase_logged(std::uint64_t up_to) {
    auto rows = database_.prepare("DELETE FROM logged WHERE space = ?1 AND sequence <= ?2");
    if (!rows) return tl::unexpected(rows.error());
    return rows->bind(1, space_).bind(2, up_to).run();
}

Result<> verify_logged(sqlite::Database& database) {
    auto rows = database.prepare("SELECT " LOGGED_COLUMNS ", space FROM logged");
    if (!rows) return tl::unexpected(rows.error());
    while (true) {
        auto found = rows->step();
        if (!found) return tl::unexpected(found.error());
        if (!*found) return {};
        if (auto read = read_logged(*rows, rows->column_int64(5)); !read)
            return tl::unexpected(read.error());
    }
}

#undef LOGGED_COLUMNS

}  // namespace syncline::client

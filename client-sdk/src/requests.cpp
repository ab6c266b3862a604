#include "requests.hpp"

#include "sqlite_space_storage.hpp"

namespace syncline::client {

namespace {

constexpr std::uint64_t prune_every_ms = 3600ULL * 1000;

std::int64_t sum_of_request(std::string_view id, std::uint64_t done_ms) {
    return RowSum().text(id).number(done_ms).value();
}

Result<> check(const sqlite::Statement& row, std::string_view id, int done_ms, int checksum) {
    if (sum_of_request(id, row.column_uint64(done_ms)) == row.column_int64(checksum)) return {};
    return fail(ErrorCode::storage_corrupt, "the checksum of a request does not hold");
}

}  // namespace

Error no_request_id() { return {ErrorCode::invalid_argument, "a request's id is 1 to 128 bytes"}; }

Result<bool> RequestLog::contains(std::string_view id) {
    if (id.empty() || id.size() > id_bytes_max) return tl::unexpected(no_request_id());
    auto row = database_.prepare("SELECT done_ms, checksum FROM requests WHERE id = ?1");
    if (!row) return tl::unexpected(row.error());
    auto found = row->bind(1, id).step();
    if (!found || !*found) return found;
    if (auto sound = check(*row, id, 0, 1); !sound) return tl::unexpected(sound.error());
    return true;
}

Result<> RequestLog::put(std::string_view id, std::uint64_t now_ms) {
    auto row =
        database_.prepare("INSERT INTO requests (id, done_ms, checksum) VALUES (?1, ?2, ?3)");
    if (!row) return tl::unexpected(row.error());
    if (auto done = row->bind(1, id).bind(2, now_ms).bind(3, sum_of_request(id, now_ms)).run();
        !done) {
        return done;
    }
    return prune(now_ms);
}

Result<> RequestLog::prune(std::uint64_t now_ms) {
    if (now_ms >= pruned_ms_ && now_ms - pruned_ms_ < prune_every_ms) return {};
    auto rows = database_.prepare("DELETE FROM requests WHERE done_ms < ?1 OR done_ms > ?2");
    if (!rows) return tl::unexpected(rows.error());
    const std::uint64_t oldest = now_ms < kept_ms ? 0 : now_ms - kept_ms;
    if (auto done = rows->bind(1, oldest).bind(2, now_ms + kept_ms).run(); !done) return done;
    pruned_ms_ = now_ms;
    return {};
}

Result<> RequestLog::verify() {
    auto rows = database_.prepare("SELECT id, done_ms, checksum FROM requests");
    if (!rows) return tl::unexpected(rows.error());
    while (true) {
        auto found = rows->step();
        if (!found) return tl::unexpected(found.error());
        if (!*found) return {};
        if (auto sound = check(*rows, rows->column_text(0), 1, 2); !sound) return sound;
    }
}

}  // namespace syncline::client

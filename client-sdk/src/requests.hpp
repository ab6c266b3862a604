#pragma once

#include "syncline/result.hpp"
#include "syncline/sqlite/database.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace syncline::client {

/// What is wrong with an id that is none.
[[nodiscard]] Error no_request_id();

/// Which requests were done (docs/storage.md): each is noted in the transaction that does it, so
/// that one that is asked again, after a crash or by another process, is not done twice.
class RequestLog {
public:
    static constexpr std::size_t id_bytes_max = 128;
    /// So long they are kept; by the wall clock, whose jumps can only let go too early or too late.
    static constexpr std::uint64_t kept_ms = 24ULL * 3600 * 1000;

    explicit RequestLog(sqlite::Database& database) : database_(database) {}

    /// Errors: invalid_argument for what is no id, storage_corrupt.
    Result<bool> contains(std::string_view id);
    /// In the transaction that is under way.
    Result<> put(std::string_view id, std::uint64_t now_ms);
    /// Lets go of those that are too old. O(all), once an hour.
    Result<> prune(std::uint64_t now_ms);
    /// Reads all; storage_corrupt for the first that is damaged.
    Result<> verify();

private:
    sqlite::Database& database_;
    std::uint64_t pruned_ms_ = 0;
};

}  // namespace syncline::client

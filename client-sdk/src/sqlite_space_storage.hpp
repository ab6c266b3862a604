#pragma once

#include "requests.hpp"
#include "syncline/codec/sha256.hpp"
#include "syncline/sqlite/database.hpp"
#include "syncline/sync/replica_storage.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace syncline::client {

/// Guards a row against a disk that gives back other bytes than it was given: the first 8 bytes of
/// SHA-256 over all that the row says, its key included. Verified on every read.
class RowSum {
public:
    RowSum& number(std::uint64_t value);
    RowSum& number(std::int64_t value) { return number(static_cast<std::uint64_t>(value)); }
    RowSum& number(int value) { return number(static_cast<std::uint64_t>(value)); }
    RowSum& bytes(BytesView value);
    RowSum& text(std::string_view value);
    /// Ends it.
    [[nodiscard]] std::int64_t value();

private:
    Sha256 hash_;
};

/// One space's rows in a store's database (docs/storage.md). Several spaces share the database and
/// its one transaction at a time. The database must outlive it.
class SqliteSpaceStorage final : public SpaceStorage {
public:
    SqliteSpaceStorage(sqlite::Database& database, std::int64_t space)
        : database_(database), space_(space) {}

    /// While it lives the next transaction that is committed also notes that `id` was done.
    class Requested {
    public:
        Requested(SqliteSpaceStorage& storage, RequestLog& log, std::string_view id,
                  std::uint64_t now_ms)
            : storage_(storage), log_(log), id_(id), now_ms_(now_ms) {
            storage_.requested_ = this;
        }
        Requested(const Requested&) = delete;
        Requested& operator=(const Requested&) = delete;
        ~Requested() { storage_.requested_ = nullptr; }

    private:
        friend class SqliteSpaceStorage;
        SqliteSpaceStorage& storage_;
        RequestLog& log_;
        std::string_view id_;
        std::uint64_t now_ms_;
    };

    /// Makes the space's row.
    Result<> create(const SpaceState& state);

    Result<> begin() override;
    Result<> commit() override;
    void rollback() override;

    Result<SpaceState> load() override;
    Result<> save(const SpaceState& state) override;

    Result<VersionVector> vector(std::uint64_t generation) override;
    Result<> raise(std::uint64_t generation, const ReplicaId& replica,
                   std::uint64_t counter) override;

    Result<std::optional<Bytes>> document(std::uint64_t generation,
                                          const DocumentKey& key) override;
    Result<> put_document(std::uint64_t generation, const DocumentKey& key,
                          BytesView state) override;
    Result<> scan(std::uint64_t generation, const std::string& collection,
                  const std::string& behind,
                  const std::function<bool(const DocumentKey&, BytesView)>& visit) override;
    Result<std::uint64_t> count_documents(std::uint64_t generation);
    Result<std::vector<std::string>> collections(std::uint64_t generation) override;
    Result<> drop_generation(std::uint64_t generation) override;

    Result<std::vector<OwnChange>> own_changes(std::uint64_t after, std::size_t limit,
                                               bool pending_only) override;
    Result<std::optional<OwnChange>> own_change_ending(std::uint64_t last) override;
    Result<std::optional<OwnChange>> own_change_starting(std::uint64_t first) override;
    Result<> put_own_change(const OwnChange& change) override;
    Result<> erase_own_change(std::uint64_t first) override;
    Result<> promote_staged(std::uint64_t now_ms) override;
    Result<> clear_staged() override;

    Result<> put_logged(const LoggedChange& change) override;  // sqlite_history.cpp
    Result<std::vector<LoggedChange>> logged(std::uint64_t after, std::size_t limit) override;
    Result<std::optional<LoggedRange>> logged_range() override;
    Result<> erase_logged(std::uint64_t up_to) override;

private:
    Result<> rewrite_own_changes(const std::function<bool(OwnChange&)>& rewrite);
    Result<std::optional<OwnChange>> one_own_change(const char* sql, std::uint64_t number);

    sqlite::Database& database_;
    std::int64_t space_;
    std::optional<sqlite::Transaction> transaction_;
    Requested* requested_ = nullptr;
};

/// The schema of a store: 2 added the kept log; 3 and 5 wrote documents in a newer form of states,
/// so that equal ones have equal bytes here too; 4 added the requests.
inline constexpr std::int32_t store_version = 5;
inline constexpr std::uint32_t store_application_id = 0x53594E43;  // "SYNC"
[[nodiscard]] Result<> create_schema(sqlite::Database& database);
/// Brings a file of an older version to this one, in a transaction. O(documents). A document that
/// is damaged stays as it is, and is reported when it is read.
[[nodiscard]] Result<> upgrade_schema(sqlite::Database& database, std::int32_t from);
/// Every row of every space and generation, and every request, whether anything leads to it or not.
[[nodiscard]] Result<> verify_rows(sqlite::Database& database);
[[nodiscard]] Result<> verify_logged(sqlite::Database& database);

}  // namespace syncline::client

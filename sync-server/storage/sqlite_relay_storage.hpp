#pragma once

#include <syncline/sqlite/database.hpp>
#include <syncline/sync/relay_storage.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace syncline::relay {

/// A relay's disk in one SQLite file, owned by one process and used by one thread.
///
/// Durable    commit() returns when the transaction is on the disk (WAL, synchronous=FULL).
/// Checked    Every row carries the first 8 bytes of SHA-256 over its content; a row whose checksum
///            does not hold, or a gap in a space's log, is storage_corrupt and never handed out.
/// Layout     See the .cpp file for the tables and why they are keyed as they are.
/// Errors     See RelayStorage. Opening reports storage_locked (another relay runs on this file),
///            storage_not_ours, storage_newer, storage_readonly, storage_corrupt.
/// Threads    One at a time.
class SqliteRelayStorage final : public RelayStorage {
public:
    struct Options {
        std::string path;
        std::string vfs;  ///< empty is the platform's own
        /// `normal` exists for tests that show that they would notice.
        sqlite::Synchronous synchronous = sqlite::Synchronous::full;
        int checkpoint_pages = 4000;
        int cache_kib = 65'536;
        /// Rows, and their bytes, whose places are kept in memory only: about what an opening
        /// scans.
        std::size_t tail_rows_max = 65'536;
        std::size_t tail_bytes_max = std::size_t{64} << 20;
        /// SQLite's structural check at opening, O(size).
        bool quick_check = false;
    };
    static constexpr std::uint32_t application_id = 0x53594C52;  ///< "SYLR"
    static constexpr std::int32_t format = 1;

    [[nodiscard]] static Result<std::unique_ptr<SqliteRelayStorage>> open(const Options& options);
    ~SqliteRelayStorage() override;

    Result<> begin() override;
    Result<> commit() override;
    void rollback() override;

    Result<std::optional<Registration>> registration(const std::string& tenant,
                                                     const ReplicaId& replica) override;
    Result<> put_registration(const std::string& tenant, const ReplicaId& replica,
                              const Registration& registration) override;

    Result<std::optional<SpaceRecord>> find_space(const std::string& tenant,
                                                  const std::string& name) override;
    Result<SpaceRecord> create_space(const std::string& tenant, const std::string& name,
                                     const EpochId& epoch) override;
    Result<> put_space(const SpaceRecord& record) override;

    Result<std::vector<ReplicaHead>> heads(std::uint64_t space) override;
    Result<> put_heads(std::uint64_t space, const std::vector<ReplicaHead>& heads) override;

    Result<> append(std::uint64_t space, const LogRow& row) override;
    Result<std::vector<LogRow>> read(std::uint64_t space, std::uint64_t after,
                                     std::size_t bytes_max) override;
    Result<std::optional<std::uint64_t>> salt_at(std::uint64_t space, std::uint64_t last) override;

    /// Writes a consistent copy to a new file. Not inside a transaction.
    [[nodiscard]] Result<> backup_to(const std::string& path);

private:
    /// Where a row of the log is.
    struct Place {
        std::uint64_t id = 0;
        std::uint64_t first = 0;
        std::uint64_t count = 0;
        std::size_t bytes = 0;
        [[nodiscard]] std::uint64_t last() const { return first + count - 1; }
    };
    /// The rows of a space that no stored run names yet.
    struct Tail {
        std::vector<Place> places;
        bool damaged = false;  ///< the file has gaps here
    };
    struct Run {
        std::uint64_t first = 0;
        std::uint64_t last = 0;
        std::vector<Place> places;
    };
    struct Sealing {
        std::vector<std::uint64_t> spaces;
        std::size_t rows = 0;
        std::size_t bytes = 0;
    };

    SqliteRelayStorage(sqlite::Database database, const Options& options)
        : options_(options), database_(std::move(database)) {}
    [[nodiscard]] Result<> prepare_file();
    [[nodiscard]] Result<> load_tails();
    [[nodiscard]] Result<std::uint64_t> sealed_to(std::uint64_t space);
    [[nodiscard]] Result<Sealing> seal();
    [[nodiscard]] Result<LogRow> row_at(std::uint64_t space, const Place& place);
    [[nodiscard]] Result<Run> run_at(const sqlite::Statement& row, std::uint64_t space) const;
    /// Ends the transaction on the way out, as the contract demands.
    [[nodiscard]] tl::unexpected<Error> failed(Error error);

    Options options_;
    sqlite::Database database_;
    std::optional<sqlite::Transaction> transaction_;

    std::uint64_t next_id_ = 1;
    std::unordered_map<std::uint64_t, Tail> tails_;
    std::map<std::uint64_t, std::uint64_t> oldest_;  ///< first unsealed row → its space
    std::size_t tail_rows_ = 0;
    std::size_t tail_bytes_ = 0;
    std::vector<std::uint64_t> appended_;  ///< spaces of the rows of the open transaction

    std::unordered_map<std::string, Registration> registrations_;  ///< a cache, by tenant and id
    std::vector<std::string> registered_;                          ///< in the open transaction
};

}  // namespace syncline::relay

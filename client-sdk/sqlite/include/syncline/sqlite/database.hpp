#pragma once

#include "syncline/bytes.hpp"
#include "syncline/result.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

struct sqlite3;
struct sqlite3_stmt;

namespace syncline::sqlite {

/// When a commit reaches the disk. `normal` syncs at checkpoints only and loses acknowledged
/// commits at a power cut; it exists so that tests can show they would notice.
enum class Synchronous : std::uint8_t { full, normal };

/// `passive` copies what it can from the write-ahead log into the file; `truncate` copies
/// everything and empties the log.
enum class Checkpoint : std::uint8_t { passive, truncate };

enum class ColumnType : std::uint8_t { integer, real, text, blob, null };

/// No text or blob in a file grows past this: above the largest frame (16 MiB) with room for a
/// snapshot, far below what would make one row a memory problem.
inline constexpr int value_bytes_max = 64 << 20;

struct Options {
    std::string path;
    std::string vfs;  ///< the name of a registered VFS; empty is the platform's own
    Synchronous synchronous = Synchronous::full;
    /// The file belongs to this connection until it closes; any other opener gets `storage_locked`.
    bool exclusive = true;
    int busy_ms = 0;  ///< how long `open` (and, without `exclusive`, any call) waits for a lock
    /// Stamped into a new file and demanded of an existing one (else `storage_not_ours`).
    std::optional<std::uint32_t> application_id;
    /// After a commit that leaves at least this many pages in the log, copy them into the file.
    /// 0: only `checkpoint` does.
    int checkpoint_pages = 1000;
    int cache_kib = 8192;
};

namespace detail {
struct Connection;
}

/// A prepared statement, reset and given back to its database's cache when it goes out of scope.
///
/// Lifetime  Must be gone before its Database is closed or destroyed (asserted).
/// Errors    A bind that fails (index out of range, value too large) is reported by the next
/// `step`. Indices   Parameters count from 1, columns from 0, as in SQLite.
class Statement {
public:
    Statement(Statement&& other) noexcept;
    Statement& operator=(Statement&& other) noexcept;
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;
    ~Statement();

    /// Any integer; unsigned 64-bit numbers keep their bits (read them back with `column_uint64`).
    template <std::integral Integer>
    Statement& bind(int index, Integer value) {
        return bind_int64(index, static_cast<std::int64_t>(value));
    }
    Statement& bind(int index, double value);
    Statement& bind(int index, std::nullptr_t);
    /// Text and blobs are copied. An empty view binds an empty value, not NULL.
    Statement& bind(int index, std::string_view text);
    Statement& bind(int index, const char* text) { return bind(index, std::string_view(text)); }
    Statement& bind(int index, BytesView blob);
    /// Without the copy: `view` must stay as it is until the next `reset`, `run` or the destructor.
    Statement& bind_view(int index, std::string_view text);
    Statement& bind_view(int index, BytesView blob);

    /// True when there is a row to read, false when the statement is done (and has been reset).
    /// After an error the statement has been reset as well. Bindings stay.
    [[nodiscard]] Result<bool> step();
    /// Steps to the end, ignoring rows, and resets.
    [[nodiscard]] Result<> run();
    /// Ready for another run, bindings kept.
    void reset();

    [[nodiscard]] int column_count() const;
    [[nodiscard]] std::string_view column_name(int column) const;
    [[nodiscard]] ColumnType column_type(int column) const;
    [[nodiscard]] bool column_is_null(int column) const;
    [[nodiscard]] std::int64_t column_int64(int column) const;
    [[nodiscard]] std::uint64_t column_uint64(int column) const;
    [[nodiscard]] double column_double(int column) const;
    /// Views live until the next call of `step`, `run` or `reset`. NULL reads as empty.
    [[nodiscard]] std::string_view column_text(int column) const;
    [[nodiscard]] BytesView column_blob(int column) const;

    [[nodiscard]] bool is_readonly() const { return readonly_; }
    [[nodiscard]] sqlite3_stmt* handle() const { return stmt_; }

private:
    friend class Database;
    Statement(detail::Connection& connection, sqlite3_stmt* stmt, bool readonly, bool cached)
        : connection_(&connection), stmt_(stmt), readonly_(readonly), cached_(cached) {}
    Statement& bind_int64(int index, std::int64_t value);
    void note(int code);
    void give_back() noexcept;
    Error failed(int code);

    detail::Connection* connection_;
    sqlite3_stmt* stmt_;
    int bind_error_ = 0;  ///< the first bind since the last step that failed
    bool readonly_;
    bool cached_;
};

/// BEGIN IMMEDIATE … COMMIT. Rolls back when it goes out of scope without a commit.
class Transaction {
public:
    Transaction(Transaction&& other) noexcept
        : connection_(std::exchange(other.connection_, nullptr)) {}
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();

    /// When this returns a value the transaction is on disk (given `Synchronous::full`). On an
    /// error it has been rolled back, and after `storage_full` it may be tried again from the
    /// start. Fails also when an earlier error inside the transaction made SQLite roll it back.
    [[nodiscard]] Result<> commit();
    void rollback();

private:
    friend class Database;
    explicit Transaction(detail::Connection& connection) : connection_(&connection) {}
    detail::Connection* connection_;
};

/// One SQLite file, opened so that a commit that returned survives a power cut.
///
/// Open       journal_mode=WAL, synchronous=FULL and an exclusive lock held from open to close;
/// each
///            setting is read back and the file refused if it is not in force. Defensive mode,
///            untrusted schema, cell checks, no mmap, no extensions, lowered limits.
/// Errors     SQLITE_FULL → storage_full (reads go on, writes resume once there is room) ·
/// SQLITE_BUSY
///            → storage_locked · a damaged file → storage_corrupt · no SQLite file, or another
///            application's → storage_not_ours · no permission → storage_readonly · other I/O
///            errors → storage_failed · a broken constraint or wrong SQL → invalid_argument.
/// Poison     After a failed write or fsync the kernel may have dropped what it could not write, so
///            asking again proves nothing: from then on every write call fails with storage_failed,
///            whatever transaction was open is rolled back, and closing does not checkpoint. Reads
///            go on. Only opening the file again recovers, from what is really on disk.
/// Threads    One thread at a time, Statements and Transactions included.
class Database {
public:
    [[nodiscard]] static Result<Database> open(const Options& options);
    Database(Database&& other) noexcept;
    Database& operator=(Database&& other) noexcept;
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    ~Database();

    /// Runs every statement in `sql`, ignoring rows. Stops at the first error.
    [[nodiscard]] Result<> exec(std::string_view sql);
    /// Prepares one statement, or takes it from the cache of those prepared before (by its text).
    /// A statement that is still held is prepared a second time, so recursion is fine.
    [[nodiscard]] Result<Statement> prepare(std::string_view sql);
    /// BEGIN IMMEDIATE. A transaction inside a transaction is an invalid_argument.
    [[nodiscard]] Result<Transaction> begin();

    [[nodiscard]] bool in_transaction() const;
    /// Rows changed by the last INSERT, UPDATE or DELETE.
    [[nodiscard]] std::int64_t changes() const;
    [[nodiscard]] std::int64_t last_insert_rowid() const;
    /// A write or fsync failed; see the class comment.
    [[nodiscard]] bool poisoned() const;

    [[nodiscard]] Result<std::int32_t> user_version();
    [[nodiscard]] Result<> set_user_version(std::int32_t version);
    [[nodiscard]] Result<std::uint32_t> application_id();
    [[nodiscard]] Result<> set_application_id(std::uint32_t id);

    /// Writes a consistent copy to a new file at `path` (VACUUM INTO), on the same VFS. A file that
    /// is already there is an invalid_argument. Not inside a transaction.
    [[nodiscard]] Result<> backup_to(std::string_view path);
    /// SQLite's own check of the file's structure; storage_corrupt with the first finding. O(size).
    [[nodiscard]] Result<> quick_check();
    [[nodiscard]] Result<> checkpoint(Checkpoint mode);
    /// Takes the place of `Options::checkpoint_pages`.
    void set_checkpoint_pages(int pages);

    [[nodiscard]] const std::string& path() const;
    /// For what this wrapper does not cover (virtual tables, functions). Only code in
    /// client-sdk/sqlite includes sqlite3.h.
    [[nodiscard]] sqlite3* handle() const;

private:
    explicit Database(std::unique_ptr<detail::Connection> connection);
    std::unique_ptr<detail::Connection> connection_;
};

/// The version of the SQLite linked, e.g. "3.53.2".
[[nodiscard]] std::string sqlite_version();
/// The version and the rule about writing connections that follows from it, for the start-up log.
/// Before 3.51.3 two connections that write and checkpoint at once can corrupt the file.
[[nodiscard]] std::string durability_rule();

}  // namespace syncline::sqlite

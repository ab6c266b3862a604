#include "syncline/sqlite/database.hpp"

#include <sqlite3.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <map>
#include <system_error>
#include <utility>

namespace syncline::sqlite {
namespace {

/// From here on two connections may write and checkpoint at once without the WAL-reset bug.
constexpr int wal_reset_fixed_in = 3'051'003;
/// A program has a few dozen statements; more than this is generated text that would never repeat.
constexpr std::size_t cached_statements_max = 256;

/// Whether the failed call leaves the disk in a state only a fresh open can find out about. Failed
/// reads, locks and allocations do not.
bool poisons(int code) {
    if ((code & 0xff) != SQLITE_IOERR) return false;
    switch (code) {
        case SQLITE_IOERR_READ:
        case SQLITE_IOERR_SHORT_READ:
        case SQLITE_IOERR_NOMEM:
        case SQLITE_IOERR_LOCK:
        case SQLITE_IOERR_UNLOCK:
        case SQLITE_IOERR_RDLOCK:
        case SQLITE_IOERR_CHECKRESERVEDLOCK:
        case SQLITE_IOERR_ACCESS:
        case SQLITE_IOERR_CORRUPTFS:
        case SQLITE_IOERR_DATA: return false;
        default: return true;
    }
}

bool is_permission(int system_error) {
    return system_error == EACCES || system_error == EPERM || system_error == EROFS;
}

ErrorCode code_of(int code, int system_error) {
    switch (code & 0xff) {
        case SQLITE_FULL: return ErrorCode::storage_full;
        case SQLITE_BUSY:
        case SQLITE_LOCKED: return ErrorCode::storage_locked;
        case SQLITE_CORRUPT: return ErrorCode::storage_corrupt;
        case SQLITE_NOTADB: return ErrorCode::storage_not_ours;
        case SQLITE_READONLY:
        case SQLITE_PERM: return ErrorCode::storage_readonly;
        case SQLITE_CANTOPEN:
            return is_permission(system_error) ? ErrorCode::storage_readonly
                                               : ErrorCode::storage_failed;
        case SQLITE_TOOBIG: return ErrorCode::too_large;
        case SQLITE_ERROR:
        case SQLITE_CONSTRAINT:
        case SQLITE_MISMATCH:
        case SQLITE_RANGE:
        case SQLITE_MISUSE:
        case SQLITE_AUTH: return ErrorCode::invalid_argument;
        default:
            return code == SQLITE_IOERR_CORRUPTFS || code == SQLITE_IOERR_DATA
                       ? ErrorCode::storage_corrupt
                       : ErrorCode::storage_failed;
    }
}

}  // namespace

namespace detail {

struct CachedStatement {
    sqlite3_stmt* stmt = nullptr;
    bool held = false;
    bool readonly = false;
};

/// How much of the write-ahead log is known to be on disk.
struct LogEnd {
    static constexpr std::int64_t header_bytes = 32;
    static constexpr std::int64_t frame_header_bytes = 24;
    using Header = std::array<char, header_bytes>;

    bool known = false;
    std::int64_t pages = 0;
    /// Set when all of it has been copied into the file, so that the next commit starts it afresh;
    /// then the header it has until then.
    std::optional<Header> copied;
};

struct Connection {
    sqlite3* db = nullptr;
    std::string path;
    bool exclusive = false;
    int checkpoint_pages = 0;
    int statements_held = 0;
    std::int64_t page_bytes = 0;
    LogEnd log_end;
    /// Set once, by the first failed write; the message says which.
    std::optional<std::string> poison;
    std::map<std::string, CachedStatement, std::less<>> cache;

    Connection() = default;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() {
        assert(statements_held == 0);
        for (auto& [sql, cached] : cache) sqlite3_finalize(cached.stmt);
        if (db == nullptr) return;
        // What a poisoned connection believes to be in the log may not be there: leave the log to
        // the next open, which checks it.
        if (poison) sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
        sqlite3_close_v2(db);
    }

    /// The typed error for `code`, from the connection's message as it stands now.
    Error failed(int code) {
        const int system_error = sqlite3_system_errno(db);
        std::string message;
        if ((code & 0xff) == SQLITE_BUSY) {
            message = "another connection or process has this file open";
        } else if ((code & 0xff) == SQLITE_NOTADB) {
            message = "not a SQLite file";
        } else {
            message = sqlite3_errcode(db) == (code & 0xff) || sqlite3_extended_errcode(db) == code
                          ? sqlite3_errmsg(db)
                          : sqlite3_errstr(code);
        }
        message += " (SQLite " + std::to_string(code);
        if (system_error != 0 &&
            ((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN))
            message += ", " + std::generic_category().message(system_error);
        message += "): " + path;
        Error error{code_of(code, system_error), std::move(message)};
        if (poisons(code)) become_poisoned(error.message);
        return error;
    }

    void become_poisoned(const std::string& message) {
        const bool first = !poison;
        if (first) poison = message;
        rollback();
        if (first) forget_unsynced_log();
    }

    /// Cuts the log back to what was synced. What follows belongs to transactions that were
    /// reported as failed; the kernel may still show it to whoever opens the file next while the
    /// disk never got it, and a later commit appended behind such a hole would be acknowledged and
    /// then lost at a power cut.
    void forget_unsynced_log() {
        if (!exclusive || !log_end.known) return;
        sqlite3_file* log = log_file();
        if (log == nullptr) return;
        std::int64_t end =
            LogEnd::header_bytes + log_end.pages * (LogEnd::frame_header_bytes + page_bytes);
        // Started afresh since: all that it held before is in the file.
        if (log_end.copied && log_header(log) != log_end.copied) end = 0;
        if (log_end.pages == 0) end = 0;
        sqlite3_int64 size = 0;
        if (log->pMethods->xFileSize(log, &size) == SQLITE_OK && size > end)
            (void)log->pMethods->xTruncate(log, end);  // best effort: the disk is failing
    }

    [[nodiscard]] sqlite3_file* log_file() const {
        sqlite3_file* log = nullptr;
        if (sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER,
                                 static_cast<void*>(&log)) != SQLITE_OK)
            return nullptr;
        return log == nullptr || log->pMethods == nullptr ? nullptr : log;
    }

    static std::optional<LogEnd::Header> log_header(sqlite3_file* log) {
        LogEnd::Header header{};
        if (log->pMethods->xRead(log, header.data(), LogEnd::header_bytes, 0) != SQLITE_OK)
            return std::nullopt;
        return header;
    }

    /// Copies the log into the file and notes how far it reaches.
    int checkpoint(int mode) {
        int pages = -1;
        int copied = -1;
        const int code = sqlite3_wal_checkpoint_v2(db, "main", mode, &pages, &copied);
        if (code != SQLITE_OK || pages < 0) return code;
        log_end.known = true;
        log_end.pages = pages;
        log_end.copied.reset();
        sqlite3_file* log = log_file();
        if (log != nullptr && pages == copied) log_end.copied = log_header(log);
        return code;
    }

    [[nodiscard]] Error poison_error() const {
        return Error{ErrorCode::storage_failed,
                     "an earlier write failed, open the file again: " + poison.value()};
    }

    void rollback() {
        if (sqlite3_get_autocommit(db) == 0)
            (void)sqlite3_exec(db, "ROLLBACK", nullptr, nullptr, nullptr);
    }

    /// For single statements without results.
    Result<> run(const char* sql) {
        const int code = sqlite3_exec(db, sql, nullptr, nullptr, nullptr);
        if (code != SQLITE_OK) return tl::unexpected(failed(code));
        return {};
    }

    /// SQLite's own hook ignores what its checkpoint returns; a failed fsync must not go unseen.
    /// The commit itself is durable, so only what follows fails.
    static int after_commit(void* self, sqlite3*, const char*, int pages) {
        auto& connection = *static_cast<Connection*>(self);
        connection.log_end.known = true;
        connection.log_end.pages = pages;
        connection.log_end.copied.reset();
        if (connection.checkpoint_pages == 0 || pages < connection.checkpoint_pages)
            return SQLITE_OK;
        const int code = connection.checkpoint(SQLITE_CHECKPOINT_PASSIVE);
        if (poisons(code))
            connection.poison = std::string("checkpoint: ") + sqlite3_errstr(code) + " (SQLite " +
                                std::to_string(code) + "): " + connection.path;
        return SQLITE_OK;
    }
};

}  // namespace detail

// ---- Statement ----

Statement::Statement(Statement&& other) noexcept
    : connection_(other.connection_),
      stmt_(std::exchange(other.stmt_, nullptr)),
      bind_error_(other.bind_error_),
      readonly_(other.readonly_),
      cached_(other.cached_) {}

Statement& Statement::operator=(Statement&& other) noexcept {
    if (this == &other) return *this;
    give_back();
    connection_ = other.connection_;
    stmt_ = std::exchange(other.stmt_, nullptr);
    bind_error_ = other.bind_error_;
    readonly_ = other.readonly_;
    cached_ = other.cached_;
    return *this;
}

Statement::~Statement() { give_back(); }

void Statement::give_back() noexcept {
    if (stmt_ == nullptr) return;
    --connection_->statements_held;
    if (cached_) {
        sqlite3_reset(stmt_);
        sqlite3_clear_bindings(stmt_);
        const auto entry = connection_->cache.find(std::string_view(sqlite3_sql(stmt_)));
        assert(entry != connection_->cache.end() && entry->second.stmt == stmt_);
        entry->second.held = false;
    } else {
        sqlite3_finalize(stmt_);
    }
    stmt_ = nullptr;
}

void Statement::note(int code) {
    if (code != SQLITE_OK && bind_error_ == 0) bind_error_ = code;
}

Statement& Statement::bind_int64(int index, std::int64_t value) {
    note(sqlite3_bind_int64(stmt_, index, value));
    return *this;
}

Statement& Statement::bind(int index, double value) {
    note(sqlite3_bind_double(stmt_, index, value));
    return *this;
}

Statement& Statement::bind(int index, std::nullptr_t) {
    note(sqlite3_bind_null(stmt_, index));
    return *this;
}

// A null pointer would bind NULL, so an empty view borrows one.
Statement& Statement::bind(int index, std::string_view text) {
    note(sqlite3_bind_text64(stmt_, index, text.empty() ? "" : text.data(), text.size(),
                             SQLITE_TRANSIENT, SQLITE_UTF8));
    return *this;
}

Statement& Statement::bind(int index, BytesView blob) {
    note(blob.empty()
             ? sqlite3_bind_zeroblob(stmt_, index, 0)
             : sqlite3_bind_blob64(stmt_, index, blob.data(), blob.size(), SQLITE_TRANSIENT));
    return *this;
}

Statement& Statement::bind_view(int index, std::string_view text) {
    note(sqlite3_bind_text64(stmt_, index, text.empty() ? "" : text.data(), text.size(),
                             SQLITE_STATIC, SQLITE_UTF8));
    return *this;
}

Statement& Statement::bind_view(int index, BytesView blob) {
    note(blob.empty() ? sqlite3_bind_zeroblob(stmt_, index, 0)
                      : sqlite3_bind_blob64(stmt_, index, blob.data(), blob.size(), SQLITE_STATIC));
    return *this;
}

Error Statement::failed(int code) {
    // The message belongs to the connection until the next call, reset included.
    Error error = connection_->failed(code);
    sqlite3_reset(stmt_);
    if (connection_->poison) connection_->rollback();
    return error;
}

Result<bool> Statement::step() {
    if (connection_->poison && !readonly_) return tl::unexpected(connection_->poison_error());
    if (bind_error_ != 0) return tl::unexpected(failed(std::exchange(bind_error_, 0)));
    const int code = sqlite3_step(stmt_);
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) return tl::unexpected(failed(code));
    const int reset = sqlite3_reset(stmt_);
    if (reset != SQLITE_OK) return tl::unexpected(failed(reset));
    return false;
}

Result<> Statement::run() {
    for (;;) {
        const Result<bool> row = step();
        if (!row) return tl::unexpected(row.error());
        if (!*row) return {};
    }
}

void Statement::reset() { sqlite3_reset(stmt_); }

int Statement::column_count() const { return sqlite3_column_count(stmt_); }

std::string_view Statement::column_name(int column) const {
    const char* name = sqlite3_column_name(stmt_, column);
    return name == nullptr ? std::string_view() : std::string_view(name);
}

ColumnType Statement::column_type(int column) const {
    switch (sqlite3_column_type(stmt_, column)) {
        case SQLITE_INTEGER: return ColumnType::integer;
        case SQLITE_FLOAT: return ColumnType::real;
        case SQLITE_TEXT: return ColumnType::text;
        case SQLITE_BLOB: return ColumnType::blob;
        default: return ColumnType::null;
    }
}

bool Statement::column_is_null(int column) const {
    return sqlite3_column_type(stmt_, column) == SQLITE_NULL;
}

std::int64_t Statement::column_int64(int column) const {
    return sqlite3_column_int64(stmt_, column);
}

std::uint64_t Statement::column_uint64(int column) const {
    return static_cast<std::uint64_t>(sqlite3_column_int64(stmt_, column));
}

double Statement::column_double(int column) const { return sqlite3_column_double(stmt_, column); }

std::string_view Statement::column_text(int column) const {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(stmt_, column));
    if (text == nullptr) return {};
    return {text, static_cast<std::size_t>(sqlite3_column_bytes(stmt_, column))};
}

BytesView Statement::column_blob(int column) const {
    const auto* blob = static_cast<const std::byte*>(sqlite3_column_blob(stmt_, column));
    if (blob == nullptr) return {};
    return {blob, static_cast<std::size_t>(sqlite3_column_bytes(stmt_, column))};
}

// ---- Transaction ----

Transaction::~Transaction() { rollback(); }

Result<> Transaction::commit() {
    assert(connection_ != nullptr);
    auto& connection = *std::exchange(connection_, nullptr);
    if (connection.poison) {
        connection.rollback();
        return tl::unexpected(connection.poison_error());
    }
    if (sqlite3_get_autocommit(connection.db) != 0)
        return fail(ErrorCode::storage_failed,
                    "the transaction was rolled back by an earlier error: " + connection.path);
    const int code = sqlite3_exec(connection.db, "COMMIT", nullptr, nullptr, nullptr);
    if (code == SQLITE_OK) return {};
    Error error = connection.failed(code);
    connection.rollback();
    return tl::unexpected(std::move(error));
}

void Transaction::rollback() {
    if (connection_ != nullptr) std::exchange(connection_, nullptr)->rollback();
}

// ---- Database ----

namespace {

/// The first column of the only row of `sql`, as text.
Result<std::string> scalar(Database& database, std::string_view sql) {
    auto statement = database.prepare(sql);
    if (!statement) return tl::unexpected(statement.error());
    const auto row = statement->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return std::string();
    return std::string(statement->column_text(0));
}

Result<std::int64_t> scalar_int64(Database& database, std::string_view sql) {
    auto statement = database.prepare(sql);
    if (!statement) return tl::unexpected(statement.error());
    const auto row = statement->step();
    if (!row) return tl::unexpected(row.error());
    return *row ? statement->column_int64(0) : 0;
}

/// Sets a PRAGMA and refuses to go on unless reading it back gives `wanted`.
Result<> set_pragma(Database& database, const std::string& name, const std::string& value,
                    std::string_view wanted) {
    if (auto set = database.exec("PRAGMA " + name + "=" + value); !set) return set;
    const auto read = scalar(database, "PRAGMA " + name);
    if (!read) return tl::unexpected(read.error());
    if (*read == wanted) return {};
    return fail(ErrorCode::storage_failed, "PRAGMA " + name + " is '" + *read + "', not '" +
                                               std::string(wanted) + "': " + database.path());
}

/// SQLite tries once more to read alone, so what it reports for a new file in such a directory is
/// that there is none.
bool parent_is_readonly(const Options& options) {
    sqlite3_vfs* vfs = sqlite3_vfs_find(options.vfs.empty() ? nullptr : options.vfs.c_str());
    const auto slash = options.path.find_last_of('/');
    const std::string parent = slash == std::string::npos ? "." : options.path.substr(0, slash + 1);
    int exists = 0;
    int writable = 1;
    return vfs->xAccess(vfs, parent.c_str(), SQLITE_ACCESS_EXISTS, &exists) == SQLITE_OK &&
           exists != 0 &&
           vfs->xAccess(vfs, parent.c_str(), SQLITE_ACCESS_READWRITE, &writable) == SQLITE_OK &&
           writable == 0;
}

void harden(sqlite3* db) {
    sqlite3_extended_result_codes(db, 1);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
    // What SQLite advises where the file or the SQL may be hostile, with room for our own
    // statements.
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, value_bytes_max);
    sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, 1'000'000);
    sqlite3_limit(db, SQLITE_LIMIT_COLUMN, 200);
    sqlite3_limit(db, SQLITE_LIMIT_EXPR_DEPTH, 100);
    sqlite3_limit(db, SQLITE_LIMIT_COMPOUND_SELECT, 50);
    sqlite3_limit(db, SQLITE_LIMIT_VDBE_OP, 100'000);
    sqlite3_limit(db, SQLITE_LIMIT_FUNCTION_ARG, 100);
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1'000);
    sqlite3_limit(db, SQLITE_LIMIT_VARIABLE_NUMBER, 1'000);
    sqlite3_limit(db, SQLITE_LIMIT_TRIGGER_DEPTH, 10);
    sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
}

/// Whether the file may be used: ours by its application id, or empty. Read before anything is
/// written, so that another program's file is left as it was. A new file whose creation was cut
/// short has no tables and no id yet.
Result<bool> is_new(Database& database, std::uint32_t application_id) {
    const auto found = database.application_id();
    if (!found) return tl::unexpected(found.error());
    if (*found == application_id) return false;
    const auto tables = scalar_int64(database, "SELECT count(*) FROM sqlite_schema");
    if (!tables) return tl::unexpected(tables.error());
    const auto version = database.user_version();
    if (!version) return tl::unexpected(version.error());
    if (*found == 0 && *tables == 0 && *version == 0) return true;
    return fail(ErrorCode::storage_not_ours,
                "the file carries application id " + std::to_string(*found) + ", not " +
                    std::to_string(application_id) + ": " + database.path());
}

Result<> configure(Database& database, const Options& options) {
    // Before the first access: in this order the log's index lives on the heap, without shared
    // memory.
    if (options.exclusive)
        if (auto set = set_pragma(database, "locking_mode", "EXCLUSIVE", "exclusive"); !set)
            return set;
    bool fresh = false;
    if (options.application_id) {
        const auto result = is_new(database, *options.application_id);
        if (!result) return tl::unexpected(result.error());
        fresh = *result;
    }
    // A VFS without mmap answers with no row.
    const auto mapped = scalar(database, "PRAGMA mmap_size=0");
    if (!mapped) return tl::unexpected(mapped.error());
    if (!mapped->empty() && *mapped != "0")
        return fail(ErrorCode::storage_failed, "mmap cannot be turned off: " + database.path());
    if (auto set = set_pragma(database, "trusted_schema", "OFF", "0"); !set) return set;
    if (auto set = set_pragma(database, "cell_size_check", "ON", "1"); !set) return set;
    if (auto set = set_pragma(database, "journal_mode", "WAL", "wal"); !set) return set;
    const bool full = options.synchronous == Synchronous::full;
    if (auto set = set_pragma(database, "synchronous", full ? "FULL" : "NORMAL", full ? "2" : "1");
        !set)
        return set;
    const std::string cache = "-" + std::to_string(options.cache_kib);
    if (auto set = set_pragma(database, "cache_size", cache, cache); !set) return set;
    // One large transaction must not leave a large log for good.
    if (auto set = set_pragma(database, "journal_size_limit", "67108864", "67108864"); !set)
        return set;
    // Takes the lock now rather than at the first write, and shows that writing is possible at all.
    if (auto begun = database.exec("BEGIN EXCLUSIVE"); !begun) return begun;
    if (fresh)
        if (auto set = database.set_application_id(*options.application_id); !set) return set;
    return database.exec("COMMIT");
}

}  // namespace

Result<Database> Database::open(const Options& options) {
    if (options.path.empty()) return fail(ErrorCode::invalid_argument, "a database needs a path");
    if (const int code = sqlite3_initialize(); code != SQLITE_OK)
        return fail(ErrorCode::storage_failed, std::string("SQLite: ") + sqlite3_errstr(code));
    if (!options.vfs.empty() && sqlite3_vfs_find(options.vfs.c_str()) == nullptr)
        return fail(ErrorCode::invalid_argument, "no VFS named " + options.vfs);
    auto connection = std::make_unique<detail::Connection>();
    connection->path = options.path;
    connection->exclusive = options.exclusive;
    connection->checkpoint_pages = options.checkpoint_pages;
    const int opened = sqlite3_open_v2(
        options.path.c_str(), &connection->db,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE,
        options.vfs.empty() ? nullptr : options.vfs.c_str());
    if (connection->db == nullptr)
        return fail(ErrorCode::storage_failed, "out of memory opening " + options.path);
    if (opened != SQLITE_OK) {
        Error error = connection->failed(sqlite3_extended_errcode(connection->db));
        if ((opened & 0xff) == SQLITE_CANTOPEN && parent_is_readonly(options))
            error.code = ErrorCode::storage_readonly;
        return tl::unexpected(std::move(error));
    }
    // SQLite falls back to reading alone without a word.
    if (sqlite3_db_readonly(connection->db, "main") == 1)
        return fail(ErrorCode::storage_readonly, "no permission to write: " + options.path);
    harden(connection->db);
    sqlite3_busy_timeout(connection->db, options.busy_ms);
    sqlite3_wal_hook(connection->db, detail::Connection::after_commit, connection.get());
    Database database(std::move(connection));
    if (auto configured = configure(database, options); !configured)
        return tl::unexpected(configured.error());
    const auto page_bytes = scalar_int64(database, "PRAGMA page_size");
    if (!page_bytes) return tl::unexpected(page_bytes.error());
    database.connection_->page_bytes = *page_bytes;
    // A log left by a crash goes into the file now. A full disk is no reason not to open.
    if (const int code = database.connection_->checkpoint(SQLITE_CHECKPOINT_PASSIVE); poisons(code))
        return tl::unexpected(database.connection_->failed(code));
    return database;
}

Database::Database(std::unique_ptr<detail::Connection> connection)
    : connection_(std::move(connection)) {}
Database::Database(Database&& other) noexcept = default;
Database& Database::operator=(Database&& other) noexcept = default;
Database::~Database() = default;

Result<> Database::exec(std::string_view sql) {
    auto& connection = *connection_;
    while (!sql.empty()) {
        sqlite3_stmt* stmt = nullptr;
        const char* tail = nullptr;
        int code = sqlite3_prepare_v3(connection.db, sql.data(), static_cast<int>(sql.size()), 0,
                                      &stmt, &tail);
        if (code != SQLITE_OK) return tl::unexpected(connection.failed(code));
        sql.remove_prefix(static_cast<std::size_t>(tail - sql.data()));
        if (stmt == nullptr) continue;  // a comment, or white space
        ++connection.statements_held;
        auto done =
            Statement(connection, stmt, sqlite3_stmt_readonly(stmt) != 0, /*cached=*/false).run();
        if (!done) return done;
    }
    return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
    auto& connection = *connection_;
    const auto known = connection.cache.find(sql);
    if (known != connection.cache.end() && !known->second.held) {
        known->second.held = true;
        ++connection.statements_held;
        return Statement(connection, known->second.stmt, known->second.readonly, /*cached=*/true);
    }
    const bool cache =
        known == connection.cache.end() && connection.cache.size() < cached_statements_max;
    sqlite3_stmt* stmt = nullptr;
    const char* tail = nullptr;
    const int code =
        sqlite3_prepare_v3(connection.db, sql.data(), static_cast<int>(sql.size()),
                           cache ? unsigned{SQLITE_PREPARE_PERSISTENT} : 0U, &stmt, &tail);
    if (code != SQLITE_OK) return tl::unexpected(connection.failed(code));
    const std::string_view rest = sql.substr(static_cast<std::size_t>(tail - sql.data()));
    if (stmt == nullptr || rest.find_first_not_of(" \t\r\n;") != std::string_view::npos) {
        sqlite3_finalize(stmt);
        return fail(ErrorCode::invalid_argument,
                    "exactly one statement is wanted: " + std::string(sql));
    }
    const bool readonly = sqlite3_stmt_readonly(stmt) != 0;
    // Only text that SQLite keeps as it was given can be found again by it.
    const bool cached = cache && std::string_view(sqlite3_sql(stmt)) == sql;
    if (cached)
        connection.cache.emplace(std::string(sql),
                                 detail::CachedStatement{stmt, /*held=*/true, readonly});
    ++connection.statements_held;
    return Statement(connection, stmt, readonly, cached);
}

Result<Transaction> Database::begin() {
    auto& connection = *connection_;
    if (connection.poison) return tl::unexpected(connection.poison_error());
    if (in_transaction())
        return fail(ErrorCode::invalid_argument,
                    "a transaction is already open: " + connection.path);
    if (auto begun = connection.run("BEGIN IMMEDIATE"); !begun)
        return tl::unexpected(begun.error());
    return Transaction(connection);
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(connection_->db) == 0; }
std::int64_t Database::changes() const { return sqlite3_changes(connection_->db); }
std::int64_t Database::last_insert_rowid() const {
    return sqlite3_last_insert_rowid(connection_->db);
}
bool Database::poisoned() const { return connection_->poison.has_value(); }

Result<std::int32_t> Database::user_version() {
    const auto value = scalar_int64(*this, "PRAGMA user_version");
    if (!value) return tl::unexpected(value.error());
    return static_cast<std::int32_t>(*value);
}

Result<> Database::set_user_version(std::int32_t version) {
    return exec("PRAGMA user_version=" + std::to_string(version));
}

Result<std::uint32_t> Database::application_id() {
    const auto value = scalar_int64(*this, "PRAGMA application_id");
    if (!value) return tl::unexpected(value.error());
    return static_cast<std::uint32_t>(*value);
}

Result<> Database::set_application_id(std::uint32_t id) {
    return exec("PRAGMA application_id=" + std::to_string(static_cast<std::int32_t>(id)));
}

Result<> Database::backup_to(std::string_view path) {
    if (path.empty()) return fail(ErrorCode::invalid_argument, "a backup needs a path");
    if (poisoned()) return tl::unexpected(connection_->poison_error());
    auto statement = prepare("VACUUM INTO ?1");
    if (!statement) return tl::unexpected(statement.error());
    statement->bind(1, path);
    sqlite3_limit(connection_->db, SQLITE_LIMIT_ATTACHED, 1);  // VACUUM attaches its target
    auto done = statement->run();
    sqlite3_limit(connection_->db, SQLITE_LIMIT_ATTACHED, 0);
    return done;
}

Result<> Database::quick_check() {
    const auto finding = scalar(*this, "PRAGMA quick_check(1)");
    if (!finding) return tl::unexpected(finding.error());
    if (*finding == "ok") return {};
    return fail(ErrorCode::storage_corrupt, *finding + ": " + path());
}

Result<> Database::checkpoint(Checkpoint mode) {
    if (poisoned()) return tl::unexpected(connection_->poison_error());
    const int code = connection_->checkpoint(
        mode == Checkpoint::truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE);
    if (code != SQLITE_OK) return tl::unexpected(connection_->failed(code));
    return {};
}

void Database::set_checkpoint_pages(int pages) { connection_->checkpoint_pages = pages; }
const std::string& Database::path() const { return connection_->path; }
sqlite3* Database::handle() const { return connection_->db; }

std::string sqlite_version() { return sqlite3_libversion(); }

std::string durability_rule() {
    std::string text = "SQLite " + sqlite_version();
    text += sqlite3_libversion_number() < wal_reset_fixed_in
                ? " (before 3.51.3, WAL-reset bug): exactly one connection writes and checkpoints"
                : " (WAL-reset bug fixed): one connection writes and checkpoints by choice";
    return text + "; journal_mode=WAL, synchronous=FULL, locking_mode=EXCLUSIVE";
}

}  // namespace syncline::sqlite

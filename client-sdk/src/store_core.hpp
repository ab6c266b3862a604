#pragma once

#include "requests.hpp"
#include "sqlite_space_storage.hpp"
#include "syncline/document/schema.hpp"
#include "syncline/sync/random_source.hpp"
#include "syncline/sync/space_replica.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace syncline::client {

/// A store without threads and network: the file, the replica's identity, and its spaces. What
/// Store wraps for apps, and what tests drive through relays, crashes and clones of their own.
/// Threads: one at a time.
class StoreCore {
public:
    struct Options {
        std::string path;
        std::string vfs;
        sqlite::Synchronous synchronous = sqlite::Synchronous::full;
        std::function<std::uint64_t()> now_ms;  ///< the wall clock
        RandomSource random;
        std::function<ReplicaId()> new_replica_id;
        SpaceReplica::Options space;
    };

    /// Opens or creates. Errors: storage_not_ours, storage_newer, storage_locked, storage_corrupt,
    /// storage_readonly, storage_failed.
    static Result<std::unique_ptr<StoreCore>> open(Options options);
    ~StoreCore();

    [[nodiscard]] const ReplicaId& replica() const { return replica_; }
    /// The space, created if it is not there. Lives as long as the store.
    Result<SpaceReplica*> space(const std::string& name);
    /// Every space of the file, opened.
    Result<std::vector<SpaceReplica*>> spaces();

    /// SpaceReplica::transact() in this space, now. A `request` that is not empty is noted as done
    /// in the same storage transaction, unless nothing was edited.
    Result<SpaceReplica::Committed> transact(
        const std::string& space, std::string_view request, std::string message,
        const std::function<Result<>(SpaceReplica::Editor&)>& edit);
    /// How many documents an open space has in its confirmed state. O(documents), of the cheapest.
    Result<std::uint64_t> documents(const std::string& space);
    [[nodiscard]] RequestLog& requests() { return requests_; }

    /// Reads every row and SQLite's own structures; storage_corrupt with the first finding. A row's
    /// checksum is verified whenever it is read; this also finds rows that are not met any more.
    Result<> verify();

    /// Raises the connect nonce durably and returns it. Before each connect.
    Result<std::uint64_t> next_nonce();
    /// Raises the nonce above those of other copies of this store, durably: ClientEffects' `claim`,
    /// for the `claims`-th time in a row.
    Result<> claim_identity(unsigned claims);
    /// Takes a fresh replica id durably. Each space settles the old one at its next opening.
    Result<> take_new_identity();

    /// The relay's clock minus ours, as last learned; kept across restarts.
    [[nodiscard]] std::int64_t clock_offset_ms() const { return clock_offset_ms_; }
    Result<> set_clock_offset_ms(std::int64_t offset);
    /// What last went wrong with the relay, kept across restarts for people who ask later; none
    /// once a connection succeeded. Best effort: a failed write of it is no failure of anything
    /// else.
    [[nodiscard]] const std::optional<Error>& last_error() const { return last_error_; }
    void set_last_error(std::optional<Error> error);
    /// What the app declared; null when nothing was.
    [[nodiscard]] const std::shared_ptr<const Schema>& schema() const { return schema_; }
    /// Uses `schema` from now on, and keeps it in the file if it follows the one there. One of a
    /// lower version that the file's follows (an older app) is used until the store is closed, and
    /// the file stays as it is. Error: schema_incompatible, what Schema::parse refuses, or the
    /// storage's.
    Result<> set_schema(const Schema& schema);
    /// Forgets the schema, in the file too.
    Result<> drop_schema();
    /// How long the log is kept for the history of documents, in milliseconds; 0: not at all.
    [[nodiscard]] std::uint64_t history_ms() const { return options_.space.history_ms; }
    /// Sets that, for all spaces and for good. O(documents) when it begins.
    Result<> keep_history(std::uint64_t ms);
    /// The wall clock, corrected by clock_offset_ms().
    [[nodiscard]] std::uint64_t now_ms() const;

    [[nodiscard]] sqlite::Database& database() { return database_; }

private:
    struct OpenSpace {
        std::unique_ptr<SqliteSpaceStorage> storage;
        std::unique_ptr<SpaceReplica> replica;
    };

    StoreCore(Options options, sqlite::Database database)
        : options_(std::move(options)), database_(std::move(database)) {}
    Result<> load();
    Result<> put_meta(const char* key, std::int64_t value);
    Result<> put_meta(const char* key, std::string_view text);
    Result<> put_replica(const ReplicaId& replica);
    Result<SpaceReplica*> create_space(const std::string& name);
    Result<SpaceReplica*> open_space(const std::string& name, std::int64_t id);

    Options options_;
    sqlite::Database database_;
    RequestLog requests_{database_};
    ReplicaId replica_;
    std::uint64_t nonce_ = 0;
    std::int64_t spaces_made_ = 0;
    std::int64_t clock_offset_ms_ = 0;
    std::optional<Error> last_error_;
    std::shared_ptr<const Schema> schema_;         ///< in use
    std::shared_ptr<const Schema> stored_schema_;  ///< the newest, in the file
    std::map<std::string, OpenSpace> spaces_;
};

}  // namespace syncline::client

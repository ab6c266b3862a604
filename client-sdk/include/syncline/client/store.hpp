#pragma once

#include "syncline/document/schema.hpp"
#include "syncline/sync/random_source.hpp"
#include "syncline/sync/space_replica.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The API apps use. One include: everything an app needs is here.
///
///     auto store = syncline::Store::open("tasks.db").value();
///     auto space = store.space("team-42").value();
///     space.transact([](syncline::Transaction& tx) {
///         auto task = tx.document("tasks", "t1");
///         task.set("title", "Buy milk");             // register, last writer wins
///         task.counter("votes").add(1);              // counter
///         task.set_of("tags").insert("home");        // add-wins set
///         task.map("address").set("city", "Oslo");   // nested
///     });
///     store.connect({.url = "wss://relay.example", .token = fetch_token});
///
/// Threads  Every object here may be used from any thread. Observers are called without any lock
///          held: after a local commit on the committing thread, after remote changes on the
///          store's network thread. They may call back into the store.
/// Errors   Result<T>; branch on error().code.
namespace syncline {

class Store;
class Transaction;

namespace client {
class StoreImpl;
struct SpaceHandle;
}  // namespace client

/// Edits to one map of a document: its root, or a map inside it. Every call takes effect at once
/// inside the transaction and nowhere else until it commits. The first error sticks and is what
/// transact() returns. Valid inside the transaction only. A cheap value.
class MapEditor {
public:
    /// Sets a register (last writer wins).
    void set(std::string_view key, Value value);
    /// Empties the register of this key.
    void clear(std::string_view key);

    class Counter {
    public:
        /// Adds `amount`, which may be negative; at most 2^53 - 1 either way.
        void add(std::int64_t amount);

    private:
        friend class MapEditor;
        Counter(Transaction& tx, DocumentKey key, Path path)
            : tx_(tx), key_(std::move(key)), path_(std::move(path)) {}
        Transaction& tx_;
        DocumentKey key_;
        Path path_;
    };
    class Set {
    public:
        void insert(Value element);
        void erase(Value element);

    private:
        friend class MapEditor;
        Set(Transaction& tx, DocumentKey key, Path path)
            : tx_(tx), key_(std::move(key)), path_(std::move(path)) {}
        Transaction& tx_;
        DocumentKey key_;
        Path path_;
    };
    class Flag {
    public:
        void enable();
        void disable();

    private:
        friend class MapEditor;
        Flag(Transaction& tx, DocumentKey key, Path path)
            : tx_(tx), key_(std::move(key)), path_(std::move(path)) {}
        Transaction& tx_;
        DocumentKey key_;
        Path path_;
    };

    [[nodiscard]] Counter counter(std::string_view key);            ///< goes up and down
    [[nodiscard]] Counter grow_only_counter(std::string_view key);  ///< goes up
    [[nodiscard]] Set set_of(std::string_view key);                 ///< add-wins
    [[nodiscard]] Set remove_wins_set(std::string_view key);
    [[nodiscard]] Set grow_only_set(std::string_view key);  ///< erase is an error
    [[nodiscard]] Flag flag(std::string_view key);          ///< enable-wins
    [[nodiscard]] Flag disable_wins_flag(std::string_view key);
    /// Sets a register of which readers see every concurrent value.
    void set_multi_value(std::string_view key, Value value);
    /// A map inside this one; there as soon as something is in it.
    [[nodiscard]] MapEditor map(std::string_view key);

    /// Makes this map (or the document, at its root) exist even while it is empty.
    void create();
    /// Removes what is under `key`, of every type. Edits made elsewhere meanwhile survive.
    void erase(std::string_view key);
    /// Removes only the field of this type.
    void erase(std::string_view key, Type type);
    /// Removes everything in this map; at the root, deletes the document.
    void erase();

    /// What a reader sees now, this transaction's edits and the schema's defaults included.
    [[nodiscard]] Value view() const;
    /// The same without defaults: what somebody wrote. For whoever copies or compares documents.
    [[nodiscard]] Value written() const;

private:
    friend class Transaction;
    MapEditor(Transaction& tx, DocumentKey key, Path path)
        : tx_(tx), key_(std::move(key)), path_(std::move(path)) {}
    [[nodiscard]] Path below(std::string_view key, Type type) const;
    Transaction& tx_;
    DocumentKey key_;
    Path path_;
};

/// One atomic change in the making. See Space::transact.
class Transaction {
public:
    /// The document, there or not yet. Names are 1 to 128 bytes of UTF-8.
    [[nodiscard]] MapEditor document(std::string_view collection, std::string_view id);
    /// Makes the transaction fail: nothing of it is kept, and transact() returns this error.
    void fail(Error error);
    [[nodiscard]] bool failed() const { return error_.has_value(); }

private:
    friend class MapEditor;
    friend class Space;
    Transaction(SpaceReplica::Editor& editor, const Schema* schema)
        : editor_(editor), schema_(schema) {}
    const OrMap* root(const DocumentKey& key);
    void edit(const DocumentKey& key, FieldOp op);
    void edit(const DocumentKey& key, Path path,
              const std::function<Op(const OrMap&, const Path&)>& make);
    /// What the schema says of an op, and what its document lacked before the first one.
    Result<> check_edit(const DocumentKey& key, const FieldOp& op);
    /// What the schema says of the documents that were edited.
    Result<> check_documents();
    SpaceReplica::Editor& editor_;
    const Schema* schema_;  ///< null: anything goes
    std::map<DocumentKey, std::vector<Path>> lacked_before_;
    std::optional<Error> error_;
};

/// What changed in a space, by one local transaction or one delivery from the relay.
struct SpaceChanges {
    std::string space;
    std::vector<DocumentChange> documents;
};

/// Keeps an observer alive; letting go of it ends the calls. A call that is under way on another
/// thread may still finish.
class Subscription {
public:
    Subscription() = default;
    explicit Subscription(std::function<void()> cancel) : cancel_(std::move(cancel)) {}
    Subscription(Subscription&& other) noexcept : cancel_(std::exchange(other.cancel_, nullptr)) {}
    Subscription& operator=(Subscription&& other) noexcept {
        if (this != &other) {
            cancel();
            cancel_ = std::exchange(other.cancel_, nullptr);
        }
        return *this;
    }
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;
    ~Subscription() { cancel(); }
    void cancel() {
        if (auto cancel = std::exchange(cancel_, nullptr)) cancel();
    }

private:
    std::function<void()> cancel_;
};

/// How a space stands with the relay.
struct SyncStatus {
    enum class Connection : std::uint8_t { offline, connecting, connected };
    Connection connection = Connection::offline;
    std::uint64_t connected_since_ms = 0;  ///< wall clock; 0 while not connected
    std::int64_t clock_offset_ms = 0;      ///< the relay's clock minus ours
    std::optional<Error> last_error;       ///< of the connection or this space; none once in sync
    bool last_error_is_final = false;      ///< nothing will change it without the app's doing
    std::size_t pending = 0;               ///< own changes the feed has not confirmed
    std::uint64_t accepted = 0;            ///< own counter that the relay has on disk
    std::uint64_t cursor = 0;              ///< sequence number up to which the log is applied
    bool in_sync = false;                  ///< connected, all applied, nothing pending
    Access access = Access::none;          ///< as the relay granted it; none until it did
};

/// One space of a store: the unit of sync. A cheap value; keeps the store alive.
class Space {
public:
    [[nodiscard]] const std::string& name() const;

    /// Runs `edit` and commits what it did as one atomic change: durable on this device when this
    /// returns, sent when there is a connection. An error undoes all of it. Do not call the store
    /// from inside.
    ///   too_large         more than 65,536 operations or 960 KiB: split it
    ///   schema_violation  what the store's schema does not allow (docs/schema.md)
    Result<> transact(const std::function<void(Transaction&)>& edit, std::string message = {});

    /// The document as JSON-like value, with the schema's defaults, or none if it does not exist.
    [[nodiscard]] Result<std::optional<Value>> get(const DocumentKey& key) const;
    /// A copy with all CRDT detail: conflicts, types, dots; no defaults.
    [[nodiscard]] Result<Document> document(const DocumentKey& key) const;
    /// Ids of a collection's documents, ascending.
    [[nodiscard]] Result<std::vector<std::string>> ids(const std::string& collection) const;
    /// Collections that have a document, ascending.
    [[nodiscard]] Result<std::vector<std::string>> collections() const;
    /// Of the confirmed state; equal on replicas with equal cursors. O(documents).
    [[nodiscard]] Result<Hash> digest() const;

    /// Calls `observer` after each change of visible documents; of one collection if it is named.
    [[nodiscard]] Subscription observe(std::function<void(const SpaceChanges&)> observer,
                                       std::string collection = {});
    /// Calls `observer` when the relay refused own changes for ever: they are out of the documents,
    /// and this is what they held.
    [[nodiscard]] Subscription observe_rejected(
        std::function<void(const std::vector<RejectedChange>&)> observer);

    [[nodiscard]] SyncStatus status() const;
    /// Waits until the space is in sync. Errors: timed_out, or the final error that prevents it.
    [[nodiscard]] Result<> wait_in_sync(std::chrono::milliseconds timeout) const;

private:
    friend class Store;
    explicit Space(std::shared_ptr<client::SpaceHandle> handle) : handle_(std::move(handle)) {}
    std::shared_ptr<client::SpaceHandle> handle_;
};

struct ConnectOptions {
    std::string url;  ///< ws://host:port or wss://host; the path defaults to /sync
    /// Asked before each connect; empty where the relay wants no token.
    std::function<std::string()> token;
    std::string ca_file;  ///< certificates to trust beside the system's
    std::chrono::milliseconds backoff_min{500};
    std::chrono::milliseconds backoff_max{60'000};
    std::chrono::seconds keep_alive{30};
};

struct StoreOptions {
    /// Tests only: what production takes from the system.
    std::function<std::uint64_t()> now_ms;
    RandomSource random;
    std::string vfs;
};

/// One SQLite file: one replica, many spaces. Other processes get storage_locked while it is open.
/// A value that owns the file; the last copy closes it.
class Store {
public:
    /// Opens the file, or creates it. Errors: storage_locked, storage_not_ours, storage_newer,
    /// storage_corrupt, storage_readonly, storage_failed; the message names the path.
    static Result<Store> open(const std::string& path, StoreOptions options = {});

    /// The space, created if it is not there. Name: 1 to 128 of A-Z a-z 0-9 . _ : -
    Result<Space> space(const std::string& name);
    /// The names of all spaces in the file.
    [[nodiscard]] Result<std::vector<std::string>> spaces() const;

    /// Declares the app's documents: from now on its transactions are checked and views show
    /// defaults; also after the store is opened again. A schema may only grow (docs/schema.md). One
    /// of a lower version than the file's is used until the store is closed, if the file's grew
    /// from it. Nothing in any document changes, and nothing is sent. Errors: schema_incompatible,
    /// naming fields and rules; what Schema::parse refuses; the storage's.
    Result<> set_schema(const Schema& schema);
    /// Forgets the schema; the next one is compared with nothing. For development and repair.
    Result<> drop_schema();
    /// The schema in use; none if none was set.
    [[nodiscard]] std::optional<Schema> schema() const;

    /// Reads the whole file and tells whether it is sound; storage_corrupt with the first finding.
    /// A row's checksum is verified whenever it is read; this also finds rows that a damaged file
    /// does not lead to any more. O(size).
    [[nodiscard]] Result<> verify() const;

    /// Keeps all open spaces in sync with this relay from now on, over a thread of its own, through
    /// lost connections and restarts, with exponential back-off and full jitter. Returns at once;
    /// an error only for a URL that cannot be used.
    Result<> connect(ConnectOptions options);
    /// Ends that. Nothing is lost; connect() resumes.
    void disconnect();

    [[nodiscard]] ReplicaId replica() const;

private:
    explicit Store(std::shared_ptr<client::StoreImpl> impl) : impl_(std::move(impl)) {}
    std::shared_ptr<client::StoreImpl> impl_;
};

}  // namespace syncline

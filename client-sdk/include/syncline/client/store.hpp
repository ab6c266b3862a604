#pragma once

#include "syncline/document/history.hpp"
#include "syncline/document/schema.hpp"
#include "syncline/document/undo.hpp"
#include "syncline/sync/presence_book.hpp"
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
///         task.text("notes").insert(0, "2 litres");  // text that several people type into
///         task.list("steps").insert(0, "open");      // ordered
///     });
///     store.connect({.url = "wss://relay.example", .token = fetch_token});
///
/// docs/tutorial-cpp.md begins at the beginning.
///
/// Threads  Every object here may be used from any thread. Observers are called without any lock
///          held: after a local commit on the committing thread, after remote changes on the
///          store's network thread; so two of these calls may overlap, where a function does not
///          say that they do not. They may call back into the store, also to commit or disconnect.
///          Waiting in one that runs on the network thread (wait_in_sync) holds up the network.
/// Inside   What runs under the store's lock is the function given to transact() and each(). From
///          there the store cannot be asked or changed, and says so: invalid_argument.
/// Errors   Result<T>; branch on error().code. Of a failed one .value() throws.
/// Throwing A transaction whose function throws is undone as a whole, and the exception passes on
///          to the caller. Observers and ConnectOptions::token must not throw: on the network
///          thread nobody is there to catch it, and the program ends.
/// Lifetime Space, UndoStack and Subscription may outlive the Store. Spaces and undo stacks keep
///          the file open, subscriptions do not.
namespace syncline {

class Store;
class Transaction;
class ListEditor;
class TextEditor;

namespace client {
class StoreImpl;
class UndoTransaction;
struct SpaceHandle;
struct UndoHandle;
}  // namespace client

/// Edits to one map of a document: its root, or a map inside it. Every call takes effect at once
/// inside the transaction and nowhere else until it commits. The first error sticks and is what
/// transact() returns. Valid inside the transaction only: using one that was kept is undefined. A
/// cheap value.
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
        friend class ListEditor;
        Counter(Transaction* tx, DocumentKey key, Path path)
            : tx_(tx), key_(std::move(key)), path_(std::move(path)) {}
        Transaction* tx_;
        DocumentKey key_;
        Path path_;
    };
    class Set {
    public:
        void insert(Value element);
        void erase(Value element);

    private:
        friend class MapEditor;
        Set(Transaction* tx, DocumentKey key, Path path)
            : tx_(tx), key_(std::move(key)), path_(std::move(path)) {}
        Transaction* tx_;
        DocumentKey key_;
        Path path_;
    };
    class Flag {
    public:
        void enable();
        void disable();

    private:
        friend class MapEditor;
        Flag(Transaction* tx, DocumentKey key, Path path)
            : tx_(tx), key_(std::move(key)), path_(std::move(path)) {}
        Transaction* tx_;
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
    /// A map inside this one; there as soon as something is in it. Lists and texts likewise.
    [[nodiscard]] MapEditor map(std::string_view key);
    [[nodiscard]] ListEditor list(std::string_view key);
    [[nodiscard]] TextEditor text(std::string_view key);

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
    friend class ListEditor;
    MapEditor(Transaction* tx, DocumentKey key, Path path)
        : tx_(tx), key_(std::move(key)), path_(std::move(path)) {}
    [[nodiscard]] Path below(std::string_view key, Type type) const;
    Transaction* tx_;
    DocumentKey key_;
    Path path_;
};

/// An element of a list, as itself and not by its index: the same one wherever it is moved and
/// whatever is edited around it. Taken with ListEditor::id(), asked with ListEditor::index() or
/// Space::index(). A value; good while its store is open, also across a refusal or a new identity.
/// Kept for longer, it is good unless the relay refused the insertion or this device took a new
/// identity before the insertion was synced.
struct ElementId {
    DocumentKey document;
    Path list;
    Dot element;
    std::uint64_t names = 0;  ///< see SpaceReplica::names()
    friend bool operator==(const ElementId&, const ElementId&) = default;
};

/// A point in a text that stays where it is whatever others type: with Side::left it keeps with
/// the character behind it, with Side::right with the one in front of it (and stays there when that
/// is erased). Taken with TextEditor::cursor(), asked with TextEditor::position() or
/// Space::position(). A value; good as an ElementId is.
struct Cursor {
    DocumentKey document;
    Path text;
    Anchor anchor;
    std::uint64_t names = 0;
    friend bool operator==(const Cursor&, const Cursor&) = default;
};

/// Edits to one list. Indexes count the elements that are shown, from 0, as the transaction sees
/// them; one behind the end is the error out_of_range. An element holds a value or a container, and
/// what is in it is edited in place. See MapEditor for the rest.
class ListEditor {
public:
    /// Puts a value in front of the element at `index`; at size(), behind all.
    void insert(std::uint32_t index, Value value);
    void insert_all(std::uint32_t index, std::vector<Value> values);
    void push(Value value);
    /// Puts an empty container there and returns it.
    MapEditor insert_map(std::uint32_t index);
    ListEditor insert_list(std::uint32_t index);
    TextEditor insert_text(std::uint32_t index);
    MapEditor::Counter insert_counter(std::uint32_t index);

    /// Puts a value into the element, in place of all that is in it. The element stays itself.
    void set(std::uint32_t index, Value value);
    /// Removes elements. An edit that others make inside one meanwhile keeps it, with that edit.
    void erase(std::uint32_t index, std::uint32_t count = 1);
    /// Moves the element at `from` so that it is at `to` afterwards.
    void move(std::uint32_t from, std::uint32_t to);

    /// What is inside the element at `index`: as what it was inserted. Asked for as something
    /// else, it gets a second content that is shown in the place of the first (docs/semantics.md,
    /// Map).
    [[nodiscard]] MapEditor map(std::uint32_t index);
    [[nodiscard]] ListEditor list(std::uint32_t index);
    [[nodiscard]] TextEditor text(std::uint32_t index);
    [[nodiscard]] MapEditor::Counter counter(std::uint32_t index);

    /// Something is in it, or it was created.
    [[nodiscard]] bool exists() const;
    [[nodiscard]] std::uint32_t size() const;
    /// What a reader sees of the element; null behind the end.
    [[nodiscard]] Value value(std::uint32_t index) const;
    [[nodiscard]] Value view() const;
    /// None behind the end.
    [[nodiscard]] std::optional<ElementId> id(std::uint32_t index) const;
    /// None while the element is erased, and for one of another list.
    [[nodiscard]] std::optional<std::uint32_t> index(const ElementId& id) const;

    /// Makes the list exist even while it is empty.
    void create();
    /// Removes everything in it, and the list.
    void erase();

private:
    friend class MapEditor;
    friend class Transaction;
    ListEditor(Transaction* tx, DocumentKey key, Path path)
        : tx_(tx), key_(std::move(key)), path_(std::move(path)) {}
    [[nodiscard]] const List* read() const;
    void edit(Result<Op> op);
    void edit(Result<std::vector<FieldOp>> ops);
    Path insert(std::uint32_t index, Type container);
    [[nodiscard]] Path inside(std::uint32_t index, Type type);
    Transaction* tx_;
    DocumentKey key_;
    Path path_;
};

/// Edits to one text. Positions count what `unit` says, from 0, as the transaction sees the text;
/// one behind the end, or inside a code point, is the error out_of_range. See MapEditor for the
/// rest.
class TextEditor {
public:
    void insert(std::uint32_t at, std::string_view utf8, Unit unit = Unit::code_point);
    void erase(std::uint32_t from, std::uint32_t count, Unit unit = Unit::code_point);
    /// Replaces a range.
    void splice(std::uint32_t from, std::uint32_t count, std::string_view utf8,
                Unit unit = Unit::code_point);
    /// Gives the range a property, `name` with this value: {"bold", true}. `expand` tells whether
    /// it grows with what is typed at its ends.
    void mark(std::uint32_t from, std::uint32_t count, std::string name, Value value,
              Expand expand = Expand::after, Unit unit = Unit::code_point);
    /// Takes the property off the range.
    void unmark(std::uint32_t from, std::uint32_t count, std::string name,
                Expand expand = Expand::after, Unit unit = Unit::code_point);

    /// Something is in it, or it was created.
    [[nodiscard]] bool exists() const;
    [[nodiscard]] std::uint32_t size(Unit unit = Unit::code_point) const;
    [[nodiscard]] std::string str() const;
    [[nodiscard]] std::string str(std::uint32_t from, std::uint32_t count,
                                  Unit unit = Unit::code_point) const;
    /// The text cut where its properties change.
    [[nodiscard]] std::vector<Text::Span> spans() const;
    [[nodiscard]] Cursor cursor(std::uint32_t at, Side side = Side::left,
                                Unit unit = Unit::code_point) const;
    /// Where the cursor is now. None for one of another text, and for one at a character that is
    /// gone with a refused change.
    [[nodiscard]] std::optional<std::uint32_t> position(const Cursor& cursor,
                                                        Unit unit = Unit::code_point) const;

    /// Makes the text exist even while it is empty.
    void create();
    /// Removes everything in it, and the text.
    void erase();

private:
    friend class MapEditor;
    friend class ListEditor;
    friend class Transaction;
    TextEditor(Transaction* tx, DocumentKey key, Path path)
        : tx_(tx), key_(std::move(key)), path_(std::move(path)) {}
    [[nodiscard]] const Text* read() const;
    void edit(Result<Op> op);
    Transaction* tx_;
    DocumentKey key_;
    Path path_;
};

/// One atomic change in the making. See Space::transact.
class Transaction {
public:
    /// The document, there or not yet. Names are 1 to 128 bytes of UTF-8.
    [[nodiscard]] MapEditor document(std::string_view collection, std::string_view id);
    /// The list that the element is in; the text that the cursor is in.
    [[nodiscard]] ListEditor list(const ElementId& id);
    [[nodiscard]] TextEditor text(const Cursor& cursor);
    /// Makes the transaction fail: nothing of it is kept, and transact() returns this error.
    void fail(Error error);
    [[nodiscard]] bool failed() const { return error_.has_value(); }

private:
    friend class MapEditor;
    friend class ListEditor;
    friend class TextEditor;
    friend class Space;
    friend class UndoStack;
    friend class client::UndoTransaction;
    Transaction(SpaceReplica::Editor& editor, const Schema* schema)
        : editor_(editor), schema_(schema) {}
    static Result<> run(SpaceReplica::Editor& editor, const Schema* schema, UndoRecord* record,
                        const std::function<void(Transaction&)>& edit);
    const OrMap* root(const DocumentKey& key);
    void edit(const DocumentKey& key, FieldOp op);
    void edit(const DocumentKey& key, Path path,
              const std::function<Op(const OrMap&, const Path&)>& make);
    /// What the schema says of an op, and what its document lacked before the first one.
    Result<> check_edit(const DocumentKey& key, const FieldOp& op);
    /// What the schema says of the documents that were edited.
    Result<> check_documents();
    SpaceReplica::Editor& editor_;
    const Schema* schema_;          ///< null: anything goes
    UndoRecord* record_ = nullptr;  ///< null: nobody wants to undo it
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
    friend bool operator==(const SyncStatus&, const SyncStatus&) = default;
};

/// How much a space holds, for people and tools.
struct SpaceReport {
    VersionVector vector;         ///< of the confirmed state
    std::uint64_t documents = 0;  ///< in it, of all collections
};

/// What became of a transaction that is to be done once.
enum class Done : std::uint8_t {
    now,     ///< by this call
    before,  ///< by an earlier one, perhaps of another process; this one did nothing
};

using UndoOptions = UndoManager::Options;

/// Undo and redo of what one origin in the app does in a space: a view, a window, a user.
///
///     auto undo = space.undo().value();
///     undo.transact([](syncline::Transaction& tx) { tx.document("tasks", "t1").set("title", "x");
///     }); undo.undo();
///
/// Semantics  docs/undo.md: an undo takes back what was done through this stack and nothing that
///            anybody else did meanwhile, on this device or another. It is a change like any other:
///            checked by the schema, synced, observed. What follows within merge_ms is one group,
///            and so is all between begin_group() and end_group().
/// Refusals   A change that the relay refused for ever has nothing to undo; the rest stays.
/// Memory     What the last depth_max groups took away; gone when the store is closed.
/// Threads    As a Space. A cheap value: copies are the same stack. Keeps the store alive.
class UndoStack {
public:
    /// Space::transact(), to be undone.
    Result<> transact(const std::function<void(Transaction&)>& edit, std::string message = {});
    /// Takes back the last group that still has an effect. False: nothing was left. Errors: as
    /// Space::transact(), schema_violation among them; then nothing has changed.
    Result<bool> undo(std::string message = {});
    /// Takes back the last undo. What is transacted here after an undo ends that.
    Result<bool> redo(std::string message = {});
    /// The same, each done once for a request's id: see Space::transact_once(). A step that was
    /// done before is true.
    Result<Done> transact_once(std::string_view request,
                               const std::function<void(Transaction&)>& edit,
                               std::string message = {});
    Result<bool> undo_once(std::string_view request, std::string message = {});
    Result<bool> redo_once(std::string_view request, std::string message = {});

    /// Something was done that can be tried to undo; others may have overtaken all of it.
    [[nodiscard]] bool can_undo() const;
    [[nodiscard]] bool can_redo() const;
    /// Until end_group() all that is transacted is one group, whenever it is. Groups nest; the
    /// outermost counts.
    void begin_group();
    void end_group();
    /// Forgets everything.
    void clear();

private:
    friend class Space;
    explicit UndoStack(std::shared_ptr<client::UndoHandle> handle) : handle_(std::move(handle)) {}
    template <typename Run>
    Result<bool> step(std::string_view request, std::string&& message, Run run);
    Result<Done> run(std::string_view request, const std::function<void(Transaction&)>& edit,
                     std::string message);
    std::shared_ptr<client::UndoHandle> handle_;
};

/// One space of a store: the unit of sync. A cheap value; keeps the store alive.
class Space {
public:
    [[nodiscard]] const std::string& name() const;

    /// Runs `edit` and commits what it did as one atomic change: durable on this device when this
    /// returns, sent when there is a connection. An error undoes all of it. Do not call the store
    /// from inside: invalid_argument. An `edit` that only reads writes nothing.
    ///   too_large         more than 65,536 operations or 960 KiB: split it
    ///   schema_violation  what the store's schema does not allow (docs/schema.md)
    Result<> transact(const std::function<void(Transaction&)>& edit, std::string message = {});

    /// transact(), done once however often it is asked with this id, also by another process after
    /// this one died: for whoever cannot know whether it was done. The id (1 to 128 bytes, of the
    /// caller's making: random, or a random name and a number) is noted in the same storage
    /// transaction and kept for a day. What failed, or edited nothing, is not noted, and is run
    /// again.
    Result<Done> transact_once(std::string_view request,
                               const std::function<void(Transaction&)>& edit,
                               std::string message = {});

    /// A new undo stack, empty. What is done by other ways than through it is not undone by it.
    [[nodiscard]] Result<UndoStack> undo(UndoOptions options = {}) const;

    /// The document as JSON-like value, with the schema's defaults, or none if it does not exist.
    [[nodiscard]] Result<std::optional<Value>> get(const DocumentKey& key) const;
    /// The values that lost to the one shown, of the register at `path`, newest first; empty when
    /// there are none, or no register.
    ///
    ///     space.conflicts({"tasks", "t1"}, {{"title", syncline::Type::lww_register}});
    ///
    /// A write that has seen them all (the next set() on a device that shows them) ends them.
    [[nodiscard]] Result<std::vector<Value>> conflicts(const DocumentKey& key,
                                                       const Path& path) const;
    /// A copy with all CRDT detail: types, dots, what was written when; no defaults.
    [[nodiscard]] Result<Document> document(const DocumentKey& key) const;
    /// Where the element is in its list now, and the cursor in its text; none if it is gone.
    [[nodiscard]] Result<std::optional<std::uint32_t>> index(const ElementId& id) const;
    [[nodiscard]] Result<std::optional<std::uint32_t>> position(const Cursor& cursor,
                                                                Unit unit = Unit::code_point) const;
    /// Calls `visit` with each document of a collection as get() gives it, ids ascending, until it
    /// returns false; with those behind the id `behind`. For filling a view: O(visited), without
    /// keeping anything. Do not call the store from inside.
    [[nodiscard]] Result<> each(
        const std::string& collection,
        const std::function<bool(const std::string& id, Value document)>& visit,
        const std::string& behind = {}) const;
    /// Ids of a collection's documents, ascending.
    [[nodiscard]] Result<std::vector<std::string>> ids(const std::string& collection) const;
    /// Collections that have a document, ascending.
    [[nodiscard]] Result<std::vector<std::string>> collections() const;
    /// Of the confirmed state; equal on replicas with equal cursors. O(documents).
    [[nodiscard]] Result<Hash> digest() const;
    [[nodiscard]] Result<SpaceReport> report() const;

    /// Who changed the document, or what is at `path` in it, when and how: oldest first, pending
    /// own changes last. As far back as history is kept (Store::keep_history). O(kept changes).
    /// Errors: not_found if none is kept.
    [[nodiscard]] Result<std::vector<HistoryEntry>> history(const DocumentKey& key,
                                                            const Path& path = {}) const;
    /// The document as it was when the relay's log had reached `sequence` (HistoryEntry::sequence;
    /// SyncStatus::cursor is where it is now); an empty one if it was not there. Pending changes
    /// are not in it. O(kept changes). Errors: not_found outside of what is kept; the message tells
    /// from where to where.
    [[nodiscard]] Result<Document> as_of(const DocumentKey& key, std::uint64_t sequence) const;

    /// Calls `observer` after each change of visible documents; of one collection if it is named.
    [[nodiscard]] Subscription observe(std::function<void(const SpaceChanges&)> observer,
                                       std::string collection = {});
    /// Calls `observer` when the relay refused own changes for ever: they are out of the documents,
    /// and this is what they held.
    [[nodiscard]] Subscription observe_rejected(
        std::function<void(const std::vector<RejectedChange>&)> observer);

    /// Tells everybody who has this space open where this session is: a cursor, a name, whatever
    /// they may see. `session` is the app's own name for one of its windows (64 bytes at most).
    /// Sent by the latest value, a few times a second at most; kept up, and sent again after each
    /// reconnect, until it is cleared or the store closed. Never stored. When this device is lost,
    /// the others see it go after `ttl` (1 s to 120 s) at the latest.
    /// Errors: too_large (above 4 KiB encoded), out_of_range (ttl, or above 32 sessions),
    /// invalid_argument (session), what check() says of the value.
    Result<> set_presence(const std::string& session, Value value,
                          std::chrono::milliseconds ttl = std::chrono::seconds(30));
    void clear_presence(const std::string& session);
    /// Who is in the space now: own sessions, and the others while there is a connection. Who they
    /// are, the relay vouches for.
    [[nodiscard]] std::vector<Presence> presence() const;
    /// Calls `observer` with that list after each change of it; calls do not overlap.
    [[nodiscard]] Subscription observe_presence(
        std::function<void(const std::vector<Presence>&)> observer);

    [[nodiscard]] SyncStatus status() const;
    /// Calls `observer` with status() after each change of it, the first one after this call; calls
    /// do not overlap, and the last one tells what is so now.
    [[nodiscard]] Subscription observe_status(std::function<void(const SyncStatus&)> observer);
    /// Waits until the space is in sync. Errors: timed_out, or the final error that prevents it.
    [[nodiscard]] Result<> wait_in_sync(std::chrono::milliseconds timeout) const;

private:
    friend class Store;
    Result<Done> run(std::string_view request, const std::function<void(Transaction&)>& edit,
                     std::string message);
    explicit Space(std::shared_ptr<client::SpaceHandle> handle) : handle_(std::move(handle)) {}
    std::shared_ptr<client::SpaceHandle> handle_;
};

struct ConnectOptions {
    std::string url = {};  ///< ws://host:port or wss://host; the path defaults to /sync
    /// Asked for a token before each connect, and again when most of its time is over (the `exp` of
    /// a JSON Web Token), to renew it on the live connection. It is called on the network thread
    /// without any lock; while it takes its time, nothing is sent or received. Empty where the
    /// relay wants no token, or where the app brings it with Store::set_token().
    std::function<std::string()> token = {};
    std::string ca_file = {};  ///< certificates to trust beside the system's
    std::chrono::milliseconds backoff_min{500};
    std::chrono::milliseconds backoff_max{60'000};
    std::chrono::seconds keep_alive{30};
};

struct StoreOptions {
    /// Tests only: what production takes from the system.
    std::function<std::uint64_t()> now_ms = {};
    RandomSource random = {};
    std::string vfs = {};
};

/// One SQLite file: one replica, many spaces. Other processes get storage_locked while it is open.
/// A value that owns the file; the last copy closes it, or the last Space or UndoStack of it.
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

    /// Keeps what the relay delivers for so long from now on, for Space::history() and
    /// Space::as_of(), in all spaces and also after the store is opened again; 0 ends it and drops
    /// what was kept. A new store keeps none. Takes room on the disk: each change once more, and a
    /// copy of each document as it was at the beginning. O(documents) when it begins.
    Result<> keep_history(std::chrono::milliseconds time);

    /// Reads the whole file and tells whether it is sound; storage_corrupt with the first finding.
    /// A row's checksum is verified whenever it is read; this also finds rows that a damaged file
    /// does not lead to any more. O(size).
    [[nodiscard]] Result<> verify() const;
    /// Brings all that was committed into the one file, whose bytes are then the whole store: for
    /// whoever copies it. A copy that is opened beside this store becomes a device of its own.
    Result<> checkpoint();

    /// Keeps all open spaces in sync with this relay from now on, over a thread of its own, through
    /// lost connections and restarts, with exponential back-off and full jitter. Returns at once;
    /// an error only for a URL that cannot be used.
    Result<> connect(ConnectOptions options);
    /// The token to use from now on where ConnectOptions::token is empty; before connect() or at
    /// any time later. A live connection is renewed with it, and what ended with an expired or
    /// refused token connects again at once. When a token expires and there is no newer one, that
    /// is the status's last error, and final until this is called.
    void set_token(std::string token);
    /// Ends that. Nothing is lost; connect() resumes.
    void disconnect();

    [[nodiscard]] ReplicaId replica() const;

private:
    explicit Store(std::shared_ptr<client::StoreImpl> impl) : impl_(std::move(impl)) {}
    std::shared_ptr<client::StoreImpl> impl_;
};

}  // namespace syncline

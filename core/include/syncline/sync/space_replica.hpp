#pragma once

#include "syncline/document/change.hpp"
#include "syncline/document/digest.hpp"
#include "syncline/document/history.hpp"
#include "syncline/sync/replica_storage.hpp"
#include "syncline/sync/space_history.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

namespace syncline {

/// What a change did to one document, for observers: the fields that were touched and what a reader
/// sees of the document now.
struct DocumentChange {
    enum class Origin : std::uint8_t { local, remote };
    DocumentKey document;
    std::vector<Path>
        fields;  ///< each once, in order; the root (empty path) for the whole document
    Origin origin = Origin::local;
};

/// A change that the relay refused for ever, or that cannot live without one that it refused
/// (unknown_reference: it works inside an element that was never inserted now). It is out of the
/// outbox; this is its content.
struct RejectedChange {
    Change change;
    ErrorCode code = ErrorCode::malformed;
    std::string reason;
};

/// New names of own dots: their changes got another place on the chain, or another author.
struct Renaming {
    struct Run {
        std::uint64_t first = 0;  ///< as it was
        std::uint64_t now = 0;    ///< what `first` is called now
    };
    ReplicaId from;
    ReplicaId to;
    std::uint64_t lowest = 1;           ///< dots below it keep their names
    std::map<std::uint64_t, Run> runs;  ///< by their last counter, as it was

    /// None for a dot whose change went for ever. O(log n).
    [[nodiscard]] std::optional<Dot> operator()(const Dot& dot) const;
    /// Adds the new names of a run of dots. O(log n + pieces).
    void operator()(const DotRun& dots, DotSet& names) const;
    /// Nothing is called otherwise, and nothing went.
    [[nodiscard]] bool idle() const;
};

/// Is told what happens to a space op by op: what undo has to know of others.
class SpaceWatcher {
public:
    SpaceWatcher() = default;
    SpaceWatcher(const SpaceWatcher&) = delete;
    SpaceWatcher& operator=(const SpaceWatcher&) = delete;
    virtual ~SpaceWatcher() = default;

    /// A change is in the documents, made here or elsewhere, or will be when the log that is being
    /// staged is swapped in. Told once it is durable; after a swap perhaps once more.
    virtual void changed(const Change& change) = 0;
    /// Own dots, of changes told before, are called otherwise from now on, or are gone for ever.
    virtual void renamed(const Renaming& names) = 0;
};

/// One space on one device: confirmed documents, the outbox, and the rules by which both move
/// (docs/storage.md). It knows nothing of connections: a session feeds it what the relay says.
///
/// Visible state = confirmed state + own pending changes. The feed alone moves confirmed state and
/// cursor, in sequence and without gaps; everything else here moves pending changes.
///
/// Durability  Each call that changes something is one storage transaction; what it returns is
///             durable. After an error nothing of the call happened, in storage or in memory.
/// Threads     One at a time.
class SpaceReplica {
public:
    struct Options {
        std::size_t cached_documents = 20'000;  ///< decoded at once; above it the cache is emptied
        std::uint64_t backup_horizon_ms = 30ULL * 24 * 3600 * 1000;  ///< own changes are kept for
        /// How long the log is kept for the history of documents; 0: not at all.
        std::uint64_t history_ms = 0;
        /// Where names() begins. A random number tells names of this run from those of another.
        std::uint64_t names_from = 0;
    };

    static Result<std::unique_ptr<SpaceReplica>> open(SpaceStorage& storage, Options options);
    ~SpaceReplica();

    // ---- The app's side

    /// Builds one change. Passed to the function given to transact(), valid inside it only.
    class Editor {
    public:
        /// The document as the transaction sees it, its own edits included.
        Result<const Document*> read(const DocumentKey& key);
        /// Appends an op, made from what read() shows, and applies it. One that goes on typing
        /// where the last op ended becomes part of it: a text typed key by key is one op.
        Result<> edit(const DocumentKey& key, FieldOp op);
        /// The event of the op that edit() takes next.
        [[nodiscard]] Event next() const { return {{change_.replica, next_}, change_.hlc}; }
        /// The author, for mutators that need it (OrMap::clear).
        [[nodiscard]] const ReplicaId& replica() const;
        /// See SpaceReplica.
        [[nodiscard]] std::uint64_t names() const;
        [[nodiscard]] std::optional<Dot> name_now(const Dot& dot, std::uint64_t then) const;

    private:
        friend class SpaceReplica;
        Editor(SpaceReplica& space, Hlc hlc, std::string message);
        [[nodiscard]] bool goes_on(const DocumentKey& key, const FieldOp& op) const;
        void append(const Value& more);
        void end_run();
        SpaceReplica& space_;
        Change change_;
        std::uint64_t next_;
        std::size_t ops_ = 0;
        std::string typed_;   ///< all that the last op places, if that grew
        Value::Array items_;  ///< likewise, in a list
    };

    struct Committed {
        std::uint64_t first = 0;  ///< 0: the transaction made no op
        std::uint64_t last = 0;
        std::vector<DocumentChange> changes;
    };
    /// Runs `edit` and commits what it did as one atomic change; an error of `edit` undoes it all.
    /// `now_ms` is the wall clock, corrected by what is known of the relay's.
    Result<Committed> transact(std::uint64_t now_ms, std::string message,
                               const std::function<Result<>(Editor&)>& edit);

    /// The visible document; an empty one if there is none. Valid until the next non-const call.
    Result<const Document*> document(const DocumentKey& key);
    /// Calls `visit` with the visible documents of a collection whose ids are behind `behind`, ids
    /// ascending, until it returns false. They are decoded one by one and not kept. `visit` calls
    /// nothing here.
    using Visit = std::function<bool(const std::string& id, const Document& document)>;
    Result<> each(const std::string& collection, const Visit& visit,
                  const std::string& behind = {});
    /// The ids of the visible documents of a collection, ascending.
    Result<std::vector<std::string>> ids(const std::string& collection);
    /// The collections that have a visible document.
    Result<std::vector<std::string>> collections();
    /// Of the confirmed documents; equal cursors in one epoch mean equal digests. With no pending
    /// changes it is the digest of what is visible.
    Result<Hash> digest();

    /// Own changes that are renumbered (after a refusal) or authored again (under a new id) give
    /// their dots other names. What an app holds by name, as the id of a list's element or a
    /// cursor in a text, it takes together with names() and has translated by name_now() before
    /// each use. None if the dot's change was refused; a name of another run, or of more than 64
    /// renamings ago, is given back as it is.
    [[nodiscard]] std::uint64_t names() const { return first_names_ + renamings_.size(); }
    [[nodiscard]] std::optional<Dot> name_now(const Dot& dot, std::uint64_t then) const;

    /// See SpaceHistory. Begins or ends it in storage when 0 turns into something or back; what is
    /// older goes at the next opening.
    Result<> keep_history(std::uint64_t ms);
    /// What the kept log tells of the field (the document, for an empty path), pending changes
    /// last. O(log). Errors: not_found if no history is kept.
    Result<std::vector<HistoryEntry>> history(const DocumentKey& key, const Path& path);
    /// The confirmed document as it was at a sequence number. O(log). Errors: not_found if no
    /// history is kept or it does not go back that far, or is not there yet.
    Result<Document> as_of(const DocumentKey& key, std::uint64_t sequence);

    /// Tells `watcher` from now on; null: nobody, which is free. It outlives this, or is taken off.
    void watch(SpaceWatcher* watcher) { watcher_ = watcher; }

    [[nodiscard]] const SpaceState& state() const { return state_; }
    /// Of the confirmed documents.
    [[nodiscard]] const VersionVector& vector() const { return vector_; }
    [[nodiscard]] std::size_t pending() const { return pending_.size(); }
    [[nodiscard]] bool staging() const { return staging_ != nullptr; }

    // ---- The session's side

    /// What to ask the relay for: where this replica stands.
    [[nodiscard]] wire::Open open_message() const;

    enum class Standing : std::uint8_t {
        good,
        conflict,  ///< somebody else writes under this replica id: take a new one
    };
    /// Takes notice of what the relay says: whether the cursor is good (else the whole log is
    /// staged beside the documents) and whether its end of the own chain is on ours.
    /// `store_replica` is the store's id now; while it differs from state().replica the old one is
    /// being settled.
    Result<Standing> opened(const wire::Opened& message, const ReplicaId& store_replica,
                            std::uint64_t now_ms);

    /// What a swap at the end of opened() changed, once.
    std::vector<DocumentChange> take_swapped();

    struct Fed {
        Standing standing = Standing::good;
        std::vector<DocumentChange> changes;   ///< of the visible documents
        std::vector<std::uint64_t> confirmed;  ///< own changes (their first counter) that arrived
    };
    /// Takes in a piece of the feed, in one transaction. Batches seen before are skipped. Errors:
    /// gap, malformed (of the relay's bytes), unknown_format, or the storage's.
    Result<Fed> feed(const wire::Changes& message, const ReplicaId& store_replica,
                     std::uint64_t now_ms);

    /// Own changes to push behind `after`, up to about `bytes_max` (at least one if there is one),
    /// with the chain's end before them; none while an old identity is unsettled or the log is
    /// being staged.
    struct Outgoing {
        ChainHead head;
        std::vector<Bytes> changes;
        ChainHead end;  ///< after the last of them
    };
    Result<std::optional<Outgoing>> outgoing(const ReplicaId& store_replica, const ChainHead& after,
                                             std::size_t bytes_max);
    /// Whether `head` lies on the own chain.
    Result<bool> on_chain(const ChainHead& head);

    /// Takes refused changes out, renumbers and rechains the rest behind the relay's head.
    Result<std::vector<RejectedChange>> rejected(const wire::Rejected& message);
    enum class Restamp : std::uint8_t {
        unseen,  ///< only what the feed never brought: nobody else has it
        all,     ///< also what a relay, since restored, had taken: it refuses it now
    };
    /// Brings the stamps of the own changes behind `head` back to `now_ms` (the corrected wall
    /// clock), in order and above what was confirmed, and the clock with them. Changes nothing when
    /// no stamp lies ahead.
    Result<bool> restamp(const ChainHead& head, std::uint64_t now_ms, Restamp which);

private:
    struct Cached {
        Document confirmed;
        std::unique_ptr<Document> visible;  ///< null: as confirmed
    };
    struct Staging {
        std::uint64_t generation = 0;
        std::uint64_t cursor = 0;
        std::uint64_t salt = 0;
        std::uint64_t target = 0;  ///< the head to reach before the swap
        EpochId epoch;
        Hlc seen;
        VersionVector vector;
        std::map<DocumentKey, Document> documents;  ///< touched by the frame at hand
    };
    struct Feeding;
    using Pending = std::map<std::uint64_t, std::uint64_t>;  ///< first → last

    SpaceReplica(SpaceStorage& storage, Options options);

    Result<> load();
    Result<Cached*> cached(const DocumentKey& key);
    Result<Document*> visible(const DocumentKey& key);
    Result<std::shared_ptr<const Change>> own_change(std::uint64_t first);
    /// The change's ops on one document.
    static void apply_sections(const Change& change, const DocumentKey& key,
                               const VersionVector* seen, Document& document);
    void index(const Change& change);
    void unindex(const Change& change);
    void forget_visible();
    void forget_cache();
    [[nodiscard]] bool cache_is_full() const;

    /// Runs `body` between begin and commit; on an error rolls back storage and memory.
    Result<> in_transaction(const std::function<Result<>()>& body);
    void tell_watcher();

    Result<> feed_batch(const wire::Batch& batch, Feeding& feeding);
    Result<> feed_entry(const wire::BatchEntry& entry, std::uint64_t sequence, Feeding& feeding);
    Result<> apply_confirmed(const Change& change, bool own, Feeding& feeding);
    Result<> apply_staged(const Change& change);
    Result<> write_back(Feeding& feeding);
    Result<> swap_staged(std::uint64_t now_ms);
    Result<> start_staging(const wire::Opened& message);
    Result<> settle(const ReplicaId& store_replica);
    Result<> prune(std::uint64_t now_ms);
    Result<> bring_history_in_line();
    /// An own change on its way to another place on the chain; the row without its bytes.
    struct Moving {
        Change change;
        OwnChange row;
    };
    Result<std::vector<Moving>> own_behind(std::uint64_t after, bool pending_only);
    /// Gives what `kept` puts into sequences that lose elements of `gone` the place where it is
    /// seen now.
    Result<> close_gaps(const std::vector<RejectedChange>& gone, std::vector<Moving>& kept);
    Result<> replace_own(const std::vector<Moving>& changes, std::uint64_t lowest_moved,
                         const ReplicaId& replica, const ChainHead& behind);

    static constexpr std::size_t decoded_max = 64;
    static constexpr std::size_t renamings_max = 64;

    SpaceStorage& storage_;
    Options options_;
    SpaceHistory history_;
    SpaceState state_;
    VersionVector vector_;
    Pending pending_;
    std::map<DocumentKey, std::set<std::uint64_t>> pending_by_document_;
    std::map<DocumentKey, Cached> cache_;
    std::map<std::uint64_t, std::shared_ptr<const Change>> decoded_;  ///< pending ones, by first
    std::vector<DocumentChange> swapped_;  ///< what the last swap changed, until it is told
    std::unique_ptr<Staging> staging_;
    std::uint64_t settle_at_ = 0;     ///< an old identity is settled when the cursor gets here
    std::vector<Renaming> renaming_;  ///< by the transaction at hand
    SpaceWatcher* watcher_ = nullptr;
    std::vector<std::variant<Change, Renaming>> untold_;  ///< of the transaction at hand
    std::deque<Renaming> renamings_;                      ///< in order, for name_now()
    std::uint64_t first_names_ = 0;  ///< what names() was before the first of them
};

}  // namespace syncline

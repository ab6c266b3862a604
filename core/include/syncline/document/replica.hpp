#pragma once

#include "syncline/document/change_stream.hpp"
#include "syncline/document/long_change.hpp"
#include "syncline/document/packed_changes.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace syncline {

class UndoRecord;

/// One copy of one document, with everything that a replica needs which has no relay: its clock,
/// what it has seen, and a log of changes for others. This is the core used as a CRDT library;
/// apps with a relay use a Store.
///
///     Replica alice(alice_id);
///     alice.change(now_ms, [](Replica::Edit& edit) {
///         edit.set({{"title", Type::lww_register}}, "Buy milk");
///         edit.add({{"votes", Type::pn_counter}}, 1);
///     });
///     bob.take(alice.changes_since(bob.seen()).value());
///     // or: bob.join(alice.delta_since(bob.seen()).value()); or: bob.join(alice.save());
///
/// Two replicas that meet directly become equal in three small messages: see exchange.hpp.
///
/// Semantics  A change is taken in when all that its author had seen is here; else it is refused
///            with `gap`, and changes_since(seen()) of whoever sent it brings what lacks.
/// Cost       A change and taking one in: as its ops. changes_since: what is sent, and a look at
///            every piece of the log (a piece is some 16 KB).
/// Memory     The document, and the log: some 10 bytes an op. forget_log() lets go of it.
/// Threads    As a container.
class Replica {
public:
    explicit Replica(const ReplicaId& id) : id_(id) {}

    [[nodiscard]] const ReplicaId& id() const { return id_; }
    [[nodiscard]] const OrMap& root() const { return document_.root(); }
    [[nodiscard]] const Document& document() const { return document_; }
    /// The last counter taken in from each replica, own ones included.
    [[nodiscard]] const VersionVector& seen() const { return seen_; }

    /// One change in the making. Ops take effect at once, each is made from the state after the one
    /// before.
    class Edit {
    public:
        [[nodiscard]] const OrMap& root() const { return replica_.root(); }
        [[nodiscard]] const ReplicaId& author() const { return replica_.id(); }
        /// What one of the types' mutators made from root(). Errors: as check() of op_check.hpp,
        /// here and below; then nothing has happened.
        Result<> apply(FieldOp op);

        Result<> set(Path path, Value value);          ///< register
        Result<> add(Path path, std::int64_t amount);  ///< counter
        Result<> insert(Path path, Value element);     ///< add-wins set
        Result<> erase(Path path, Value element);      ///< add-wins set
        /// Errors: as Text::insert and Text::erase.
        Result<> insert(Path path, std::uint32_t at, std::string_view utf8,
                        Unit unit = Unit::code_point);
        Result<> erase(Path path, std::uint32_t from, std::uint32_t count,
                       Unit unit = Unit::code_point);

    private:
        friend class Replica;
        friend class ReplicaUndo;
        Edit(Replica& replica, UndoRecord* record) : replica_(replica), record_(record) {}
        Event next() const;
        /// apply(), for an op of a T, which has this type, that takes away what it finds.
        template <typename T>
        Result<> renew(Type type, FieldOp op);
        Replica& replica_;
        UndoRecord* record_;
    };
    /// What change() made. It has no sections if nothing was done. The ops of a long change are in
    /// the log alone, packed: who asks for the change pays for unpacking them. Valid until the
    /// replica's next call.
    class Made {
    public:
        [[nodiscard]] const Change& operator*() const { return replica_.last_made(); }
        [[nodiscard]] const Change* operator->() const { return &**this; }
        operator const Change&() const { return **this; }

    private:
        friend class Replica;
        explicit Made(Replica& replica) : replica_(replica) {}
        Replica& replica_;
    };
    /// Runs `edit` and keeps what it did as one change. `now_ms` is the wall clock.
    template <typename Use>
    Made change(std::uint64_t now_ms, Use edit) {
        return change(now_ms, nullptr, edit);
    }
    /// The same, and `record` takes notice of how to undo it; see ReplicaUndo.
    template <typename Use>
    Made change(std::uint64_t now_ms, UndoRecord& record, Use edit) {
        return change(now_ms, &record, edit);
    }

    /// Takes in packed changes. Those known already are passed over. Errors: as ChangeUnpacker's,
    /// gap, and unknown_reference for an op that names what its author cannot have seen; the
    /// changes before the refused one are in.
    Result<> take(BytesView packed, const wire::Limits& limits = wire::state_limits());
    /// Takes in the next update of a stream. Errors: the same, and ChangeStreamReader::open's;
    /// after one the sender has to begin anew, with what changes_since(seen()) says.
    Result<> take(wire::ChangeStreamReader& stream, BytesView update,
                  const wire::Limits& limits = wire::state_limits());
    /// Takes in one change. Errors: gap, unknown_reference.
    Result<> take(const Change& change);

    /// Everything above `seen`, in causal order. Errors: not_found when the log does not go back
    /// that far; send save() then.
    [[nodiscard]] Result<Bytes> changes_since(const VersionVector& seen) const;
    /// The same as the next update of a stream. An error leaves the stream as it was.
    [[nodiscard]] Result<Bytes> changes_since(const VersionVector& seen,
                                              wire::ChangeStreamWriter& stream) const;
    /// The same as one state with the context of what it adds and removes, for join(): smaller, the
    /// more so where changes overwrite each other. Errors: as changes_since.
    /// Cost: as changes_since, and what they did.
    [[nodiscard]] Result<Bytes> delta_since(const VersionVector& seen) const;
    /// Calls `use` with each change above `seen`, in causal order. Errors: as changes_since.
    Result<> for_each_change_since(const VersionVector& seen,
                                   const std::function<void(const Change&)>& use) const;
    /// Drops the log: changes_since() and delta_since() start from here.
    void forget_log();
    /// What had been seen before the log's first change.
    [[nodiscard]] const VersionVector& log_begin() const { return log_from_; }
    /// Calls `use` with each change of the log, in the order of taking in: see history.hpp.
    void for_each_logged(const std::function<void(const Change&)>& use) const;

    /// The whole state, canonical: equal states have equal bytes. Without the log.
    [[nodiscard]] Bytes save() const;
    /// Least upper bound with a state that somebody saved, or a delta. O(document). Errors: of the
    /// decoder; gap for a delta that starts above what is here. Ends the log if it brings anything.
    Result<> join(BytesView state, const wire::Limits& limits = wire::state_limits());
    /// The same with one that was read already. Errors: gap.
    Result<> join(OrMap map, const CausalContext& context);

private:
    struct Piece {
        Bytes packed;
        VersionVector last;  ///< of what is in it
    };
    template <typename Use>
    Made change(std::uint64_t now_ms, UndoRecord* record, Use& edit) {
        begin(now_ms);
        Edit open(*this, record);
        edit(open);
        commit();
        return Made(*this);
    }
    void begin(std::uint64_t now_ms);
    /// The next op of the change in the making.
    void keep(FieldOp op);
    /// The ops that are kept go where those of a long change are.
    void pack_kept();
    void commit();
    const Change& last_made();
    void log(const Change& change);
    /// What open_ holds becomes a piece.
    void close_piece();
    /// Takes in a change, but for the log. False: it was known already.
    Result<bool> fold(const Change& change);
    /// take(), for what is as large as a piece of the log: if all of it is new, it becomes one.
    Result<> take_piece(BytesView packed, const wire::Limits& limits);
    /// Calls `use` with every change in the log that is not in `seen`, in causal order.
    template <typename Use>
    Result<> for_each_since(const VersionVector& seen, Use use) const;
    /// How many dots `seen` lacks.
    [[nodiscard]] std::uint64_t dots_since(const VersionVector& seen) const;

    ReplicaId id_;
    Document document_;
    VersionVector seen_;
    VersionVector others_;  ///< the same without the own entry, which order implies
    HlcClock clock_;
    Change change_;                               ///< the own one in the making, or the last made
    std::vector<FieldOp> ops_spare_;              ///< memory for the next one's ops
    std::optional<wire::LongChangePacker> long_;  ///< those of change_ which it has not any more
    bool last_is_packed_ = false;  ///< change_ has no sections: they are in the log's last piece
    std::uint64_t next_ = 1;

    wire::ChangeUnpacker unpacker_;  ///< of what take() was given, and its changes; kept for their
    Change taken_;                   ///< memory: many small updates are taken one by one

    std::vector<Piece> log_;   ///< full pieces, in the order of taking in
    wire::ChangePacker open_;  ///< the last piece
    VersionVector open_last_;
    VersionVector log_from_;  ///< the log holds what lies above
};

}  // namespace syncline

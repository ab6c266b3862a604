#pragma once

#include "syncline/codec/change_layout.hpp"
#include "syncline/codec/limits.hpp"
#include "syncline/document/change.hpp"
#include "syncline/number_index.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace syncline::wire {

/// The first byte of packed changes; see docs/encoding.md, "Packed changes". In rows, in columns.
inline constexpr std::uint64_t packed_format = 1;
inline constexpr std::uint64_t packed_columns_format = 2;

/// What packed changes name more than once, in the order of first use, and what the next change is
/// told apart from. Writer and reader keep the same one.
struct PackedContext {
    struct Author {
        ReplicaId id;
        std::uint64_t next = 1;  ///< the counter that its next change begins with, if it goes on
        VersionVector base;      ///< of its last change
    };
    /// A document (no parent) or a place in one.
    struct Place {
        std::uint32_t parent = 0;
        std::uint32_t document = 0;
        Step step;
    };
    std::vector<Author> authors;
    NumberIndex author_ids;  ///< authors, counted from 1
    std::vector<DocumentKey> documents;
    std::vector<Place> places;    ///< from 1
    std::uint32_t author = 0;     ///< of the last change
    std::uint32_t place = 0;      ///< of the last op
    std::uint32_t new_place = 0;  ///< the last one made
    Hlc stamp;                    ///< of the last change

    /// What it takes in memory, about: both sides count the same; see docs/encoding.md.
    std::size_t weight = 0;

    PackedContext() {
        // None, a document and one field: most changes that stand alone name no more.
        places.reserve(3);
        places.emplace_back();
    }
    /// The author's number; how many there are if it has none yet.
    [[nodiscard]] std::uint32_t author_of(const ReplicaId& id) const;
    void add_author(const ReplicaId& id);
    void add_document(DocumentKey key);
    /// Returns its number.
    std::uint32_t add_place(std::uint32_t parent, std::uint32_t document, Step step);
    void set_base(std::uint32_t author, const VersionVector& base);
    /// Begins anew, with the memory that it has.
    void clear();
};

/// Writes changes one behind the other, each in terms of those before it: replicas, documents and
/// places are spelled once, counters and stamps are differences, and a change that goes on where
/// the last one stopped takes a few bytes. Used by ChangePacker and ChangeStreamWriter.
/// Cost     O(change).
/// Threads  As a container.
class ChangeWriter {
public:
    /// `change` is well-formed: what its author's document admitted.
    void add(const Change& change);
    /// The same in pieces: all but the sections, of which there will be several ops; each op; the
    /// end. How many ops they are is left to the caller: it stands in front of the first.
    void begin(const Change& change);
    void add(const DocumentKey& document, const FieldOp& op);
    void end();
    [[nodiscard]] ChangeSink& out() { return out_; }
    [[nodiscard]] const ChangeSink& out() const { return out_; }
    /// See PackedContext.
    [[nodiscard]] std::size_t weight() const { return known_.weight; }
    /// Forgets what was told.
    void clear();

private:
    /// The number of the place that this step leads to; 0: it has none yet.
    [[nodiscard]] std::uint32_t child(std::uint32_t parent, const Step& step) const;
    /// Whether the last op was there, too.
    [[nodiscard]] bool is_last_place(std::uint32_t document, const Path& path) const;
    [[nodiscard]] std::uint32_t author(const ReplicaId& id) const;
    std::uint32_t document(const DocumentKey& key);
    /// `ops`: the bit of the head that tells of several, or none.
    void write_head(const Change& change, std::uint64_t ops);
    std::uint32_t add_place(std::uint32_t parent, std::uint32_t document, const Step& step);
    void write_stamp(Hlc stamp);
    void write_author(std::uint32_t who, const ReplicaId& id);
    void write_base(const VersionVector& base);
    void write_place(std::uint32_t document, const FieldOp& op, std::uint64_t form);
    void write_references(const Op& op, std::uint64_t form);
    void write_payload(const FieldOp& op);
    void write_value(const Value& value);
    void write_name(std::string_view name);
    void write_key(const std::string& key);
    void write_dot(const Dot& dot, std::uint64_t low_bit);
    void write_anchor(const Anchor& anchor);
    [[nodiscard]] std::uint64_t form_of(const Op& op) const;

    ChangeSink out_;
    PackedContext known_;
    NumberIndex children_;       ///< places by parent and step
    NumberIndex document_keys_;  ///< documents, counted from 1
    Few<std::uint32_t> roots_;   ///< their places, by number; 0: not written yet
    std::uint32_t last_document_ = 0;
    std::uint64_t counter_ = 0;  ///< of the op being written
};

/// Reads them back, one by one.
class ChangeReader {
public:
    /// Goes on with these bytes; `known` stays, see clear(). They must outlive it.
    void open(BytesView bytes, const Limits& limits);
    /// What stands in front, and how the rest is laid out.
    std::uint64_t prefix() { return in_.prefix(); }
    void lay_out(Layout layout) { in_.lay_out(layout); }
    void clear() { known_.clear(); }
    void require(bool condition, ErrorCode code);
    [[nodiscard]] bool at_end() const { return in_.at_end(); }
    [[nodiscard]] bool failed() const { return in_.failed(); }
    [[nodiscard]] ErrorCode error() const { return error_; }
    [[nodiscard]] std::size_t weight() const { return known_.weight; }
    /// With the memory that `change` has. After an error its content means nothing, and nothing
    /// more can be read.
    Result<> next(Change& change);

private:
    void read(Change& change);
    void read_stamp(Change& change);
    void read_base(Change& change);
    void read_op(Change& change);
    void read_place(std::uint64_t mode);
    void read_new_place();
    void read_references(Op& op, std::uint64_t form);
    void read_payload(Type type, Op& op);
    Value read_value(std::size_t depth);
    std::string read_text(ByteColumn column, std::uint64_t size);
    std::string read_name(std::size_t max);
    std::string read_key();
    std::uint32_t read_author();
    std::uint32_t author_with(std::uint64_t number);
    std::pair<Dot, std::uint64_t> read_dot();
    Anchor read_anchor();
    Path path_of(std::uint32_t place);

    ChangeSource in_;
    std::size_t ops_max_ = 0;
    std::uint64_t weight_max_ = 0;  ///< of the context
    PackedContext known_;
    std::vector<FieldOp> ops_spare_;  ///< memory for the next section's
    std::uint64_t counter_ = 0;
    std::uint64_t removes_ = 0;  ///< named by this change
    std::size_t paths_ = 0;      ///< spelled out for this change
    ErrorCode error_ = ErrorCode::malformed;
};

/// Changes that stand together and need nothing else to be read: for sending many at once, for
/// keeping a log, and for an update that stands alone. What is hashed and signed is the canonical
/// form (encode_change), which unpacking gives back. For updates that go one by one to one receiver
/// see ChangeStreamWriter.
class ChangePacker {
public:
    /// Columns are shorter from some hundred ops on; see column_dots_min.
    explicit ChangePacker(Layout layout = Layout::rows) : layout_(layout) { begin(); }

    /// `change` is well-formed: what its author's document admitted.
    void add(const Change& change) {
        writer_.add(change);
        ++changes_;
    }
    [[nodiscard]] std::size_t changes() const { return changes_; }
    /// Of rows; of columns about.
    [[nodiscard]] std::size_t size() const { return writer_.out().size(); }
    /// Of rows.
    [[nodiscard]] BytesView view() const { return writer_.out().view(); }
    /// What was written. The packer begins anew; keeping one for many small packs spares
    /// allocations.
    [[nodiscard]] Bytes take();

private:
    void begin();
    Layout layout_;
    ChangeWriter writer_;
    std::size_t changes_ = 0;
};

/// Reads them back, one by one.
class ChangeUnpacker {
public:
    ChangeUnpacker() = default;
    /// `bytes` must outlive it.
    ChangeUnpacker(BytesView bytes, const Limits& limits) { open(bytes, limits); }
    /// Goes on with other bytes. Keeping one for many small packs spares allocations.
    void open(BytesView bytes, const Limits& limits);

    [[nodiscard]] bool at_end() const { return reader_.at_end(); }
    /// The next change. Errors: malformed, too_large, too_deep, invalid_utf8, unknown_format; after
    /// one nothing more can be read.
    Result<Change> next();
    /// The same, with the memory that `change` has. After an error its content means nothing.
    Result<> next(Change& change) { return reader_.next(change); }

private:
    ChangeReader reader_;
};

/// In the order of `changes`, in the layout that suits them.
[[nodiscard]] Bytes pack(const std::vector<Change>& changes);
[[nodiscard]] Bytes pack(const Change& change);
[[nodiscard]] Result<std::vector<Change>> unpack(BytesView bytes, const Limits& limits);

}  // namespace syncline::wire

#pragma once

#include "syncline/codec/packed.hpp"
#include "syncline/document/change.hpp"
#include "syncline/number_index.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace syncline::wire {

/// The first byte of packed changes; see docs/encoding.md, "Packed changes".
inline constexpr std::uint64_t packed_format = 1;

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

    PackedContext() {
        // None, a document and one field: most changes that stand alone name no more.
        places.reserve(3);
        places.emplace_back();
    }
    /// The author's number; how many there are if it has none yet.
    [[nodiscard]] std::uint32_t author_of(const ReplicaId& id) const;
    void add_author(const ReplicaId& id);
    /// Begins anew, with the memory that it has.
    void clear();
};

/// Writes changes one behind the other, each in terms of those before it: replicas, documents and
/// places are spelled once, counters and stamps are differences, and a change that goes on where
/// the last one stopped takes a few bytes. For sending many at once and for keeping a log; what is
/// hashed and signed is the canonical form (encode_change), which unpacking gives back.
/// Cost     O(change).
/// Threads  As a container.
class ChangePacker {
public:
    ChangePacker() { out_.u64(packed_format); }

    /// `change` is well-formed: what its author's document admitted.
    void add(const Change& change);
    [[nodiscard]] std::size_t changes() const { return changes_; }
    [[nodiscard]] std::size_t size() const { return out_.size(); }
    [[nodiscard]] BytesView view() const { return out_.view(); }
    /// What was written. The packer begins anew; keeping one for many small packs spares
    /// allocations.
    [[nodiscard]] Bytes take();

private:
    /// Most changes that stand alone are shorter.
    static constexpr std::size_t bytes_expected = 96;

    /// The number of the place that this step leads to; 0: it has none yet.
    [[nodiscard]] std::uint32_t child(std::uint32_t parent, const Step& step) const;
    /// Whether the last op was there, too.
    [[nodiscard]] bool is_last_place(std::uint32_t document, const Path& path) const;
    [[nodiscard]] std::uint32_t author(const ReplicaId& id) const;
    std::uint32_t document(const DocumentKey& key);
    std::uint32_t add_place(std::uint32_t parent, std::uint32_t document, const Step& step);
    void write_base(const VersionVector& base);
    void write_place(std::uint32_t document, const FieldOp& op, std::uint64_t form);
    void write_payload(const FieldOp& op, std::uint64_t form);
    void write_key(const std::string& key);
    void write_dot(const Dot& dot, std::uint64_t low_bit);
    void write_anchor(const Anchor& anchor);
    [[nodiscard]] std::uint64_t form_of(const Op& op) const;

    PackedWriter out_{bytes_expected};
    PackedContext known_;
    NumberIndex children_;       ///< places by parent and step
    NumberIndex document_keys_;  ///< documents, counted from 1
    Few<std::uint32_t> roots_;   ///< their places, by number; 0: not written yet
    std::uint32_t last_document_ = 0;
    std::uint64_t counter_ = 0;  ///< of the op being written
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

    [[nodiscard]] bool at_end() const { return in_.at_end(); }
    /// The next change. Errors: malformed, too_large, too_deep, invalid_utf8, unknown_format; after
    /// one nothing more can be read.
    Result<Change> next();
    /// The same, with the memory that `change` has. After an error its content means nothing.
    Result<> next(Change& change);

private:
    void read(Change& change);
    void read_base(Change& change);
    void read_op(Change& change);
    void read_place(std::uint64_t mode);
    void read_new_place();
    void read_references(Op& op, std::uint64_t form);
    void read_payload(Type type, Op& op);
    Value read_value(std::size_t depth);
    std::string read_text(std::size_t max);
    std::string read_key();
    std::uint32_t read_author();
    std::uint32_t author_with(std::uint64_t number);
    std::pair<Dot, std::uint64_t> read_dot();
    Anchor read_anchor();
    std::uint32_t add_place(std::uint32_t parent, std::uint32_t document, Step step);
    Path path_of(std::uint32_t place);
    void require(bool condition, ErrorCode code);

    PackedReader in_{{}};
    std::size_t ops_max_ = 0;
    PackedContext known_;
    std::vector<FieldOp> ops_spare_;  ///< memory for the next section's
    std::uint64_t counter_ = 0;
    std::uint64_t removes_ = 0;  ///< named by this change
    std::size_t paths_ = 0;      ///< spelled out for this change
    ErrorCode error_ = ErrorCode::malformed;
};

/// In the order of `changes`.
[[nodiscard]] Bytes pack(const std::vector<Change>& changes);
[[nodiscard]] Result<std::vector<Change>> unpack(BytesView bytes, const Limits& limits);

}  // namespace syncline::wire

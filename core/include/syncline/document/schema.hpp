#pragma once

#include "syncline/document/document.hpp"
#include "syncline/owned.hpp"

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What an app declares of its documents, and the checks of its own writes against it
/// (docs/schema.md). A schema is local: it is not sent, changes no state, and never refuses, drops
/// or hides what came from elsewhere. Equal documents have equal digests under any schema or none.
namespace syncline {

/// What a value is, for a schema.
enum class ValueKind : std::uint8_t { null, boolean, integer, real, text, binary, array, map };

[[nodiscard]] ValueKind kind_of(const Value& value);
/// "null" and so on.
[[nodiscard]] std::string_view name_of(ValueKind kind);

/// A set of kinds. `real` always comes with `integer`: 1.0 and 1 are one value. A value.
class ValueKinds {
public:
    ValueKinds() = default;  ///< any
    ValueKinds(std::initializer_list<ValueKind> kinds);
    [[nodiscard]] static ValueKinds none();

    [[nodiscard]] bool any() const { return bits_ == all_bits; }
    [[nodiscard]] bool has(ValueKind kind) const { return (bits_ & bit(kind)) != 0; }
    [[nodiscard]] bool holds(const Value& value) const { return has(kind_of(value)); }
    /// Whether `wider` has every kind of this.
    [[nodiscard]] bool within(const ValueKinds& wider) const { return (bits_ & ~wider.bits_) == 0; }
    void add(ValueKind kind);
    friend bool operator==(const ValueKinds&, const ValueKinds&) = default;

private:
    static constexpr unsigned all_bits = 0xFF;
    static constexpr unsigned bit(ValueKind kind) { return 1U << static_cast<unsigned>(kind); }
    unsigned bits_ = all_bits;
};

struct FieldSchema;

/// What is declared of a document's root or of a map inside it. A value.
struct MapSchema {
    std::vector<FieldSchema> fields;  ///< by key, ascending
    bool closed = false;              ///< this app writes no other field
    /// The field with this key, or null. O(log n).
    [[nodiscard]] const FieldSchema* find(std::string_view key) const;
    friend bool operator==(const MapSchema& a, const MapSchema& b);
};

/// One declared field, or the elements of a list. A value.
struct FieldSchema {
    std::string key;  ///< empty for a list's elements
    Type type = Type::lww_register;
    ValueKinds kinds;  ///< of each value in a register or set
    /// Shown while the field is not there: a register's value; of another type its zero.
    std::optional<Value> fallback;
    bool required = false;
    MapSchema shape;              ///< of a map
    Owned<FieldSchema> elements;  ///< of a list: what each is; none is anything
    friend bool operator==(const FieldSchema& a, const FieldSchema& b) {
        return a.key == b.key && a.type == b.type && a.kinds == b.kinds &&
               a.fallback == b.fallback && a.required == b.required && a.shape == b.shape &&
               a.elements == b.elements;
    }
};

/// The declared collections of an app. A value; const calls may run in parallel.
struct Schema {
    std::map<std::string, MapSchema> collections;
    /// Counted up by the app when it likes; tells a store an older schema from one with less in it.
    std::int64_t version = 0;

    /// The largest text that parse() takes: a schema is written by people.
    static constexpr std::size_t bytes_max = std::size_t{1} << 20;

    /// Reads the JSON form (docs/schema.md). Errors: what parse_json refuses, with the byte; and
    /// malformed, too_deep, too_large or invalid_argument (a name that no collection or field can
    /// have), with the place in the schema, "tasks.address.city.kind: …".
    [[nodiscard]] static Result<Schema> parse(std::string_view json);
    /// The canonical form: equal schemas, equal texts; parse(to_json()) == *this.
    [[nodiscard]] std::string to_json() const;
    /// The shape of a collection's documents; null where nothing is declared.
    [[nodiscard]] const MapSchema* find(std::string_view collection) const;

    friend bool operator==(const Schema&, const Schema&) = default;
};

/// The rules that a write or a new schema can break.
enum class SchemaRule : std::uint8_t {
    // Of writes.
    type_mismatch,     ///< a declared field, or a list's element, written as another type
    kind_mismatch,     ///< a value of another kind than declared
    undeclared_field,  ///< in a closed collection or map
    required_missing,  ///< left out, or taken away
    // Of a new schema, compared with the one before.
    collection_removed,
    field_removed,
    type_changed,
    kind_narrowed,    ///< fewer kinds, or an element shape where there was none
    made_required,    ///< an optional field, or a new field of what was declared before
    default_changed,  ///< changed or removed; a first one is fine
    made_closed,
};
[[nodiscard]] std::string_view name_of(SchemaRule rule);

/// A rule that does not hold, and where: "tasks.address.city", "tasks.steps[].what". A value.
struct SchemaFinding {
    std::string field;
    SchemaRule rule = SchemaRule::type_mismatch;
    std::string detail;  ///< for people

    /// "field: rule: detail", the text of errors.
    [[nodiscard]] std::string text() const;
    friend bool operator==(const SchemaFinding&, const SchemaFinding&) = default;
};

/// What keeps `to` from following `from`, whatever their versions; empty if it may. A schema may
/// follow itself, and what
/// may follow a schema that may follow a third may follow the third. O(fields).
[[nodiscard]] std::vector<SchemaFinding> evolution_findings(const Schema& from, const Schema& to);
/// The same as an error: schema_incompatible, naming the fields and rules (the first ten).
[[nodiscard]] Result<> check_evolution(const Schema& from, const Schema& to);

/// Whether the app may make this op: its types, the kinds of its values, closed maps. For local
/// edits only. Removals of what is there (clear, cancel, erase of an element) are never refused for
/// a kind, and clear and cancel for nothing. Error: schema_violation. O(steps · log fields +
/// values).
[[nodiscard]] Result<> check_write(const Schema& schema, const DocumentKey& key, const FieldOp& op);

/// The required fields that the document lacks, in a fixed order. None if it does not exist.
/// O(declared fields), and O(elements) of lists whose elements require something.
[[nodiscard]] std::vector<Path> lacking(const Schema& schema, const DocumentKey& key,
                                        const Document& document);
/// Whether a transaction may leave the document like this. `lacked_before` is lacking() of it
/// before the transaction: what was missing already is nobody's fault here. Error:
/// schema_violation.
[[nodiscard]] Result<> check_required(const Schema& schema, const DocumentKey& key,
                                      const Document& document,
                                      const std::vector<Path>& lacked_before = {});

/// What a reader sees of the document, with the defaults of what is not there. A declared key shows
/// its declared type; a list's element too, unless it has nothing of that type. Without a
/// declaration it is view().
[[nodiscard]] Value view_with_defaults(const Schema& schema, std::string_view collection,
                                       const Document& document);
/// The same of the map at `path` (empty: the root).
[[nodiscard]] Value view_with_defaults(const Schema& schema, std::string_view collection,
                                       const OrMap& root, const Path& path);

}  // namespace syncline

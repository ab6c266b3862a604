#pragma once

#include "syncline/crdt/dw_flag.hpp"
#include "syncline/crdt/ew_flag.hpp"
#include "syncline/crdt/field_name.hpp"
#include "syncline/crdt/g_counter.hpp"
#include "syncline/crdt/g_set.hpp"
#include "syncline/crdt/list.hpp"
#include "syncline/crdt/lww_register.hpp"
#include "syncline/crdt/mv_register.hpp"
#include "syncline/crdt/or_set.hpp"
#include "syncline/crdt/path.hpp"
#include "syncline/crdt/pn_counter.hpp"
#include "syncline/crdt/rw_set.hpp"
#include "syncline/crdt/text.hpp"
#include "syncline/owned.hpp"
#include "syncline/sorted_map.hpp"

#include <memory>
#include <type_traits>
#include <variant>

namespace syncline {

class Node;

/// A map of fields of any type, maps included (observed-remove map, recursive).
///
/// Semantics  A field is (key, type): concurrent creations of one are the same field and both
///            sides' contents live in it. Removing a field removes what the remover had seen in it
///            and below; concurrent edits inside survive, and the field with them. A map exists
///            while something live is in it, or while its own presence dot is (create()).
///
///            | concurrently                       | result                   |
///            | create settings, create settings   | one, with both contents  |
///            | remove field, edit inside it       | the field with that edit |
///            | register `a`, counter `a`          | both; a view shows one   |
///
/// State      Presence dots, and a node a field. Invariant: no field that is empty().
/// Delivery   Ops in causal order; states in any.
/// Source     Almeida, Shoker, Baquero (2018), §5.4; Rinberg et al., DSON (2022), for nesting over
///            one shared context.
/// Threads    A plain value.
class OrMap {
public:
    using OpType = FieldOp;
    using Fields = SortedMap<FieldName, std::unique_ptr<Node>>;

    OrMap();
    OrMap(const OrMap& other);
    OrMap(OrMap&&) noexcept;
    OrMap& operator=(const OrMap& other);
    OrMap& operator=(OrMap&&) noexcept;
    ~OrMap();

    /// The field's node, or null. O(log n) a step. A list's element that is a value as it was
    /// inserted has no node of its own: List::value() gives it.
    [[nodiscard]] const Node* find(const FieldKey& field) const;
    [[nodiscard]] const Node* find(const Path& path) const;
    [[nodiscard]] const Fields& fields() const { return fields_; }
    [[nodiscard]] const DotSet& presence() const { return presence_; }

    /// The store at `path`, or an empty one: what a mutator starts from. T is the store of the
    /// path's last type.
    template <typename T>
    [[nodiscard]] const T& at(const Path& path) const;

    /// Makes the map at `path` (the root for an empty one) exist while nothing is in it.
    [[nodiscard]] FieldOp create(const Path& path) const;
    /// Removes all that is visible at and below `path`: one op for the dots and one for each
    /// counter. Empty when nothing is there.
    [[nodiscard]] std::vector<FieldOp> clear(const Path& path, const ReplicaId& author) const;

    /// One op for each counter in the map that shows something: cancels it for `author`.
    [[nodiscard]] std::vector<FieldOp> cancels(const ReplicaId& author) const;

    /// `seen`, for an op that places elements some of which were seen before: see Text::apply().
    void apply(const FieldOp& op, const Event& at, const CausalContext* seen = nullptr) {
        apply_at(op, 0, at, seen);
    }
    /// The same for an own op that takes away all it finds where it works: a set of a register, an
    /// insert or an erase of an add-wins set. What that is goes into its `removes`, so that nothing
    /// is looked up twice. The path leads through maps alone.
    void renew(FieldOp& op, const Event& at) { renew_at(op, 0, at); }
    [[nodiscard]] static OrMap delta(const FieldOp& op, const Event& at, const OrMap& before);
    /// The part of apply() that takes away: all that is left to do for an op whose own dot was
    /// removed before it came.
    void take(const FieldOp& op) { take_at(op, 0); }
    [[nodiscard]] static const DotSet& removes(const FieldOp& op) { return op.op.removes; }
    void join(const OrMap& other, const CausalContext& mine, const CausalContext& theirs);

    [[nodiscard]] bool live() const;
    [[nodiscard]] bool empty() const { return presence_.empty() && fields_.empty(); }
    /// O(n log n).
    [[nodiscard]] DotSet live_dots() const;
    /// O(n log m): one look at every dot of the map.
    void erase(const DotSet& dots);

    void collect_residue(ResidueRuns& into) const;
    void drop(const Residue& residue);

    /// For decoders.
    void insert(FieldName field, Node node);
    void set_presence(DotSet dots) { presence_ = std::move(dots); }

    friend bool operator==(const OrMap& a, const OrMap& b);

private:
    friend class List;
    /// For a step out of this map, or out of the element whose contents it is.
    [[nodiscard]] const Node* find_step(const Step& step) const;
    /// The field that the step leads to, made if it is not there.
    Fields::iterator made(const Step& step);
    /// The op's path from `depth` on is meant for this map.
    void apply_at(const FieldOp& op, std::size_t depth, const Event& at, const CausalContext* seen);
    void apply_here(const Op& op, const Event& at);
    void renew_at(FieldOp& op, std::size_t depth, const Event& at);
    void take_at(const FieldOp& op, std::size_t depth);
    void take_here(const Op& op);
    void collect_live(std::vector<DotRun>& dots) const;

    DotSet presence_;
    Fields fields_;
};

/// One field's contents: exactly one of the types.
class Node {
public:
    explicit Node(Type type);
    template <typename T>
    explicit Node(T store) : store_(Place<T>(std::move(store))) {}

    [[nodiscard]] Type type() const;
    /// The store, if it is a T; else null.
    template <typename T>
    [[nodiscard]] const T* as() const {
        const auto* place = std::get_if<Place<T>>(&store_);
        return place == nullptr ? nullptr : &unwrap(*place);
    }
    template <typename T>
    [[nodiscard]] T* as() {
        auto* place = std::get_if<Place<T>>(&store_);
        return place == nullptr ? nullptr : &unwrap(*place);
    }
    /// Calls `use` with the store, whichever it is.
    template <typename Use>
    decltype(auto) visit(Use&& use) const {
        return std::visit([&](const auto& place) -> decltype(auto) { return use(unwrap(place)); },
                          store_);
    }
    template <typename Use>
    decltype(auto) visit(Use&& use) {
        return std::visit([&](auto& place) -> decltype(auto) { return use(unwrap(place)); },
                          store_);
    }

    [[nodiscard]] bool live() const;
    [[nodiscard]] bool empty() const;
    [[nodiscard]] DotSet live_dots() const;
    void erase(const DotSet& dots);
    void collect_residue(ResidueRuns& into) const;
    void drop(const Residue& residue);
    void join(const Node& other, const CausalContext& mine, const CausalContext& theirs);

    friend bool operator==(const Node&, const Node&) = default;

private:
    /// The large and rare ones are elsewhere, so that a register's node is as small as it can be.
    template <typename T>
    static constexpr bool is_large =
        std::is_same_v<T, List> || std::is_same_v<T, Text> || std::is_same_v<T, RwSet>;
    template <typename T>
    using Place = std::conditional_t<is_large<T>, Owned<T>, T>;
    template <typename T>
    static T& unwrap(T& store) {
        return store;
    }
    template <typename T>
    static const T& unwrap(const Owned<T>& store) {
        return *store;
    }
    template <typename T>
    static T& unwrap(Owned<T>& store) {
        return *store;
    }

    std::variant<OrMap, Owned<List>, Owned<Text>, OrSet, Owned<RwSet>, GSet, PnCounter, GCounter,
                 EwFlag, DwFlag, LwwRegister, MvRegister>
        store_;
};

template <typename T>
const T& OrMap::at(const Path& path) const {
    static const T none;
    if constexpr (std::is_same_v<T, OrMap>) {
        if (path.empty()) return *this;
    }
    const Node* node = find(path);
    const T* store = node == nullptr ? nullptr : node->as<T>();
    return store == nullptr ? none : *store;
}

}  // namespace syncline

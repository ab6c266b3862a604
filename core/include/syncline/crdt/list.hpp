#pragma once

#include "syncline/clock/causal_context.hpp"
#include "syncline/crdt/path.hpp"
#include "syncline/crdt/residue.hpp"
#include "syncline/crdt/sequence.hpp"
#include "syncline/result.hpp"

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace syncline {

class OrMap;

/// The content of a run of a list: values as they were inserted, all with one stamp.
class ListPayload {
public:
    ListPayload() = default;
    ListPayload(Hlc hlc, std::vector<Value> values) : hlc_(hlc), values_(std::move(values)) {}

    [[nodiscard]] Hlc hlc() const { return hlc_; }
    [[nodiscard]] const std::vector<Value>& values() const { return values_; }
    [[nodiscard]] static Measure measure() { return {}; }
    [[nodiscard]] bool can_append(const ListPayload& other) const { return hlc_ == other.hlc_; }
    void append(ListPayload&& other);
    ListPayload cut(std::uint32_t at, std::uint32_t length);
    [[nodiscard]] ListPayload part(std::uint32_t from, std::uint32_t length) const;

private:
    Hlc hlc_;
    std::vector<Value> values_;
};

/// What is in one element of a list that is more than a value as it was inserted: a container, a
/// value that was replaced, an element that was moved.
class ListElement {
public:
    ListElement();
    ListElement(const ListElement& other);
    ListElement(ListElement&&) noexcept;
    ListElement& operator=(const ListElement& other);
    ListElement& operator=(ListElement&&) noexcept;
    ~ListElement();

    /// By type, under the empty key.
    [[nodiscard]] const OrMap& contents() const { return *contents_; }
    [[nodiscard]] OrMap& contents() { return *contents_; }

    /// Where the latest move put it; counter 0: where it was inserted.
    Dot slot;
    Hlc moved;  ///< stamp of that move

    friend bool operator==(const ListElement& a, const ListElement& b);

private:
    std::unique_ptr<OrMap> contents_;
};

/// An ordered list of values and containers.
///
/// Semantics  Elements keep their identity: the dot that inserted them. An element holds what a
///            field of a map holds (a register's value, a map, a list, a text, a counter, …) and
///            lives while something in it does: an edit inside an element that is concurrent with
///            its erase keeps it, in its place, with that edit alone. A move is no edit.
///
///            | concurrently                     | result                              |
///            | insert a, insert b in one place  | one after the other, runs unmixed   |
///            | erase x, erase x                 | erased                              |
///            | erase x, replace x by y          | y, in its place                     |
///            | erase x, move x                  | erased                              |
///            | move x here, move x there        | once, where the later stamp says    |
///            | move x, edit inside x            | both                                |
///            | replace x by y, replace x by z   | as a register: the later one, the   |
///            |                                  | other in conflicts                  |
///
/// State      The sequence of places; plain values in it; other elements by id; presence dots, for
///            a list that exists while empty. A move makes a new place; the latest move's (stamp,
///            dot) is where the element is shown, the others stay id-only.
/// What stays Places, and where a moved element was, until the floor.
/// Delivery   Ops in causal order; states in any.
/// Source     As Sequence; moves: Kleppmann, Moving Elements in List CRDTs (PaPoC 2020).
/// Threads    A plain value.
class List {
public:
    using OpType = FieldOp;  ///< the path starts with a step into an element, or is empty
    using Order = Sequence<ListPayload>;
    using Elements = std::map<Dot, ListElement>;

    List();
    List(const List&);
    List(List&&) noexcept;
    List& operator=(const List&);
    List& operator=(List&&) noexcept;
    ~List();

    // ---- Reading

    [[nodiscard]] std::uint32_t size() const { return order_.measure().visible; }
    /// The id of the element at `index`; none behind the end. O(log n).
    [[nodiscard]] std::optional<Dot> id(std::uint32_t index) const;
    /// Where the element is; none while it is erased. O(log n).
    [[nodiscard]] std::optional<std::uint32_t> index(const Dot& id) const;
    /// The element's contents by type, as of a map's field with the empty key; null while nothing
    /// of it is there but a plain value: ask value().
    [[nodiscard]] const OrMap* contents(const Dot& id) const;
    /// The value of an element as it was inserted; null when it is anything else.
    [[nodiscard]] const Value* value(const Dot& id) const;
    /// Calls `use(id, plain value or null, contents or null)` for each element, in order.
    template <typename Use>
    void for_each(Use use) const;

    // ---- Mutators; errors: out_of_range

    /// Puts values in front of the element at `index`.
    [[nodiscard]] Result<Op> insert(std::uint32_t index, std::vector<Value> values) const;
    /// Puts an empty container there: map, list, text, or a counter.
    [[nodiscard]] Result<Op> insert(std::uint32_t index, Type container) const;
    /// Removes elements: what is in them now. `path` is the list's own; ops for a counter inside
    /// name it by path.
    [[nodiscard]] Result<std::vector<FieldOp>> erase(const Path& path, std::uint32_t index,
                                                     std::uint32_t count,
                                                     const ReplicaId& author) const;
    /// Moves the element at `from` so that it is at `to` afterwards.
    [[nodiscard]] Result<Op> move(std::uint32_t from, std::uint32_t to) const;
    /// Puts a value into the element at `index`, in place of all that is in it. The element stays
    /// itself. `path` is the list's own.
    [[nodiscard]] Result<std::vector<FieldOp>> replace(const Path& path, std::uint32_t index,
                                                       Value value, const ReplicaId& author) const;
    [[nodiscard]] Op create() const;

    // ---- Replication; see Replicated

    /// `seen`, if some of the op's own dots were seen before: those whose elements are not here
    /// were removed before they came.
    void apply(const FieldOp& op, const Event& at, const CausalContext* seen = nullptr) {
        apply_at(op, 0, at, seen);
    }
    [[nodiscard]] static List delta(const FieldOp& op, const Event& at, const List& before);
    void take(const FieldOp& op) { take_at(op, 0); }
    [[nodiscard]] static const DotSet& removes(const FieldOp& op) { return op.op.removes; }
    void join(const List& other, const CausalContext& mine, const CausalContext& theirs);

    [[nodiscard]] bool live() const { return !presence_.empty() || order_.measure().visible > 0; }
    [[nodiscard]] bool empty() const {
        return presence_.empty() && order_.empty() && elements_.empty();
    }
    [[nodiscard]] DotSet live_dots() const;
    void erase(const DotSet& dots);

    void collect_residue(ResidueRuns& into) const;
    void drop(const Residue& residue);

    [[nodiscard]] const Order& order() const { return order_; }
    [[nodiscard]] const Elements& elements() const { return elements_; }
    [[nodiscard]] const DotSet& presence() const { return presence_; }

    /// For decoders: `order` with plain and dead runs only.
    List(DotSet presence, Order order, Elements elements);
    /// For maps, which pass ops on: the op's path from `depth` on is meant for this list.
    void apply_at(const FieldOp& op, std::size_t depth, const Event& at,
                  const CausalContext* seen = nullptr);
    void take_at(const FieldOp& op, std::size_t depth);
    void collect_live(std::vector<DotRun>& dots) const;

    friend bool operator==(const List& a, const List& b);

private:
    void place(const Op& op, const Event& at, const CausalContext* seen);
    void place_container(const Op& op, const Event& at, const CausalContext* seen);
    void move(const Op& op, const Event& at);
    /// The element's contents in a form that can change; refresh() must follow.
    ListElement& open(const Dot& id);
    /// Brings what the order shows of an element in line with what is in it.
    void refresh(const Dot& id);
    /// The same for a place: the element that was moved there last, else the one that was inserted
    /// there. (Ops without sense may edit "elements" that are places of moves.)
    void show(const Dot& place);
    void erase_values(const DotSet& dots);
    void erase_elements(const DotSet& inserted);
    void settle(const Dot& id, const Dot& slot, Hlc moved);
    [[nodiscard]] Order::At left_of(std::uint32_t index) const;

    DotSet presence_;
    Order order_;
    Elements elements_;            ///< those that are more than a plain value
    std::map<Dot, Dot> arrivals_;  ///< slots of the latest moves, and whose they are
};

template <typename Use>
void List::for_each(Use use) const {
    for (const auto* run = order_.front(); run != nullptr; run = Order::next(*run)) {
        if (!run->visible()) continue;
        const ReplicaId& replica = order_.authors()[run->author];
        for (std::uint32_t i = 0; i < run->length; ++i) {
            const Dot slot{replica, run->first + i};
            if (run->state == Order::State::plain) {
                use(slot, &run->payload.values()[i], static_cast<const OrMap*>(nullptr));
                continue;
            }
            const auto arrival = arrivals_.find(slot);
            const Dot& id = arrival == arrivals_.end() ? slot : arrival->second;
            use(id, static_cast<const Value*>(nullptr), &elements_.at(id).contents());
        }
    }
}

}  // namespace syncline

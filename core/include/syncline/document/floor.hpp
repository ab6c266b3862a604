#pragma once

#include "syncline/document/change.hpp"

#include <functional>
#include <map>
#include <optional>

namespace syncline {

// The floor: what is left of removed things goes (docs/adr/0005-floor.md).
//
// Some sequence number f of the log is chosen; what is residue in the states there is a candidate.
// Later, at s, when every registered replica has passed f, an entry of the log names the candidates
// and each replica that comes to s drops them (Document::drop). In between nothing changes for
// anybody. The rules:
//
//   1. A replica reports min(its cursor, the bases of its pending changes, the bases of the changes
//      that it may still undo, or that a pending undo took back). s is written when every
//      registered one has reported f or more; so each change behind s has a base of at least f,
//      and what an undo brings back was not erased at f.
//   2. What a change between f and s works inside of is no candidate any more (spare()).
//   3. An author names as a parent, as an element, or as the end of a mark what he sees, and
//      nothing that he has seen erased; an undo also what it may bring back. Mutators and undoes
//      keep to this at all times, floor or not.
//   4. Whoever comes back from below the floor makes its pending changes again (Returning).
//   5. States and deltas are joined when both sides have passed the same entries; the one that is
//      behind drops first.
//
// Then no change behind s refers to anything dropped at s, and everybody sees what he would see
// without a floor.

/// What is residue in the document now.
[[nodiscard]] Residue residue(const Document& document);

/// Takes off the elements that `op`, a change's between f and s, works inside of, and the places
/// where they stand: it may have brought them back, and somebody who saw that may work there too.
/// `document` as it is right before the op: a move leaves a place that others may see it in.
void spare(Residue& candidates, const Document& document, const FieldOp& op);

/// Makes the pending changes of a replica again that returns from below the floor. Its dots that
/// nobody has seen, those of these changes, get new names; their ops go on top of the states that
/// it was given:
///
///   text and elements  between the neighbours their author saw, as far as these are still seen
///   marks              from the nearest such character to the nearest
///   edits in elements  while the element is seen; an edit does not bring back what others erased
///   cancels            of a counter's replicas that have added nothing since
///   anything else      as it was made: it removes what its author had seen
///
/// Other ops of the changes go, and changes with no op left.
/// Threads: one at a time.
class Returning {
public:
    /// A document as its author shows it, all pending changes included; as it was before.
    using Seen = std::function<const Document&(const DocumentKey&)>;
    /// The state that was given; the ops made again are applied to it.
    using Now = std::function<Document&(const DocumentKey&)>;

    /// `next` is the first free counter: one above the author's entry in V of the given states.
    Returning(const ReplicaId& author, std::uint64_t next, Base base, Seen seen, Now now)
        : author_(author),
          next_(next),
          base_(std::move(base)),
          seen_(std::move(seen)),
          now_(std::move(now)) {}

    /// The pending changes one after the other, each with a new stamp, above all that was seen.
    /// None: nothing of it is left.
    [[nodiscard]] std::optional<Change> again(const Change& change, Hlc hlc);

    /// What a dot of these changes is called now; others keep their names. None: its op went.
    [[nodiscard]] std::optional<Dot> name(const Dot& dot) const;

private:
    struct Run {
        std::uint64_t last = 0;
        std::optional<std::uint64_t> now;  ///< what the first is called
    };
    [[nodiscard]] bool make(const DocumentKey& key, FieldOp& op, const Event& was) const;
    void names(const DotRun& dots, DotSet& into) const;

    template <typename Order>
    class Gap;
    template <typename Store>
    [[nodiscard]] bool put(const DocumentKey& key, const Path& was_at, const Dot& was,
                           FieldOp& op) const;

    ReplicaId author_;
    std::uint64_t next_;
    Base base_;
    Seen seen_;
    Now now_;
    std::map<std::uint64_t, Run> runs_;  ///< by first counter, as it was
};

}  // namespace syncline

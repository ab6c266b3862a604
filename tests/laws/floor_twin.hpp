#pragma once

#include "support/arbitrary.hpp"
#include "syncline/document/floor.hpp"

#include <map>
#include <string>
#include <tuple>

/// The same log without a floor, beside the one with it: what has to be seen all the time.
namespace syncline::testing {

/// All that a reader can get at, in one line: every live field (clashing ones too), concurrent
/// values, elements with their ids, text with its properties.
[[nodiscard]] std::string everything_shown(const OrMap& map);

/// A document that takes every op and drops nothing. An author who lives with the floor does not
/// name what was dropped; here it is there still, so each op is told what its author would have
/// named without a floor:
///
///   - what was dropped had been seen by everybody, so an insert or an enable takes the erases and
///     disables with it, and a clear takes the marks; a mark takes those inside it;
///   - a cancel says how far a replica's adds are meant. Their sums began anew where an entry was
///     dropped; here they go on.
///
/// One thing is the floor's and done here too: a mark that covers no character goes, though what is
/// typed in the place of the erased characters might have come to stand between its ends.
class Twin {
public:
    void apply(const FieldOp& op, const Event& at);
    /// An entry of the log that `floored` has just followed.
    void drop(const Residue& named, const Document& floored);
    [[nodiscard]] const Document& document() const { return document_; }
    /// What is wrong with the ops, if anything.
    [[nodiscard]] const std::string& violation() const { return violation_; }

private:
    [[nodiscard]] FieldOp told(FieldOp op);
    void note_sum(const Path& path, const Dot& add);
    void take_marks_inside(const Path& path, const Mark& mark, DotSet& into) const;

    Document document_;
    DotSet dropped_;
    DotSet marks_;  ///< those of the dropped that are here still
    std::map<std::tuple<Path, ReplicaId, std::uint64_t>, std::int64_t> sums_;
    std::string violation_;
};

}  // namespace syncline::testing

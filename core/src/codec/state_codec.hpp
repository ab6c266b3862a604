#pragma once

// States as bytes (docs/encoding.md, "States"): the form that is written, and those before it,
// which are only read.

#include "state_columns.hpp"
#include "syncline/document/document.hpp"

#include <optional>
#include <utility>

namespace syncline::wire {

/// A map, and what of it stands in front: the early dots of a document, or the context of a state.
struct PlainState {
    OrMap map;
    DotSet early;
    CausalContext context;
};

[[nodiscard]] Bytes write_document_state(const OrMap& map, const DotSet& early);
[[nodiscard]] Bytes write_state_with_context(const OrMap& map, const CausalContext& context);
[[nodiscard]] Result<PlainState> read_state(StateKind kind, BytesView bytes, const Limits& limits);

/// A delta in terms of what was seen by the one that writes it, which the reader knows, in the
/// order of ids: a map, and the earlier dots it removes (`early`). Stamps are told from `ms` on,
/// which then is the highest.
void write_delta(PackedWriter& out, const Seen& seen, const OrMap& map, const DotSet& removes,
                 std::uint64_t& ms);
[[nodiscard]] Result<PlainState> read_delta(const Seen& seen, BytesView bytes, const Limits& limits,
                                            std::uint64_t& ms);

/// [replicas, early, map] and [vector, exceptions, replicas, map] in MessagePack.
[[nodiscard]] Result<Document> read_first_document(BytesView bytes, const Limits& limits);
[[nodiscard]] Result<std::pair<OrMap, CausalContext>> read_first_state(BytesView bytes,
                                                                       const Limits& limits);

/// Every dot of the context, and the context of such a set.
[[nodiscard]] DotSet dots_of(const CausalContext& context);

/// The code points of a text's content that a stretch has, cut off the front.
[[nodiscard]] std::string_view take_code_points(std::string_view& content, std::uint64_t count);

/// Whether these elements are what a list keeps apart: no plain values, and each at a place of its
/// own if it was moved.
[[nodiscard]] bool stand_apart(const List::Elements& elements, const List::Order& order);

}  // namespace syncline::wire

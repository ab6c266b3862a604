#pragma once

// The messages of an exchange as bytes (docs/encoding.md, "Exchanges").
//
//   question := format, how many, and each: id, counter       what the asker has seen
//   reply    := mark, seen, delta                             the answer, and the closing
//     mark   four bytes of the hash of the message before
//     seen   what its sender has seen: a column of steps from what is known, by id; how many other
//            replicas, and each: id, counter
//     delta  the tops below that, and columns as of a document

#include "syncline/document/exchange.hpp"

namespace syncline::wire {

inline constexpr std::uint64_t exchange_format = 1;

/// What a reply brings: what its sender has seen, and what of that the other one lacks. Registers
/// in maps are whole.
struct ExchangeDelta {
    VersionVector seen;
    OrMap map;
    DotSet removes;  ///< what the other has and its sender has no more, but for those registers
};

/// Each makes `known` what both know after the message; after an error it is as it was.
[[nodiscard]] Bytes write_question(const VersionVector& seen, ExchangeKnown& known);
[[nodiscard]] Result<> read_question(BytesView bytes, const Limits& limits, ExchangeKnown& known);
/// `delta` names only what its sender has seen.
[[nodiscard]] Bytes write_reply(const ExchangeDelta& delta, ExchangeKnown& known);
/// Errors: unexpected_message for one that follows another message; as decode_document().
[[nodiscard]] Result<ExchangeDelta> read_reply(BytesView bytes, const Limits& limits,
                                               ExchangeKnown& known);

}  // namespace syncline::wire

#pragma once

#include "syncline/document/replica.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace syncline {

/// What both sides of an exchange know of it so far: each message is told in terms of it.
struct ExchangeKnown {
    VersionVector seen;               ///< by one of the two at least
    std::array<std::byte, 4> mark{};  ///< of the last message
    std::uint64_t ms = 0;             ///< the highest stamp told

    friend bool operator==(const ExchangeKnown&, const ExchangeKnown&) = default;
};

/// Two replicas that talk directly become equal in three messages, by deltas, and every replica's
/// id and every stamp is told once:
///
///     ExchangeAsker asker;                              // at alice's
///     send(asker.ask(alice));
///         ExchangeAnswerer answerer;                    // at bob's
///         send(*answerer.answer(bob, question));
///     send(*asker.take(alice, answer));                 // alice has all that bob had
///         answerer.take(bob, closing);                  // bob has all that alice has
///
/// Semantics  What delta_since() and join() do, both ways. A value that was overwritten in a
///            register of a map is not named: the register comes whole, with what its sender has
///            seen, and who takes it drops what the sender had seen and has no more. Both may
///            change and take in what they like meanwhile: a delta brings what its sender has when
///            it is made, and what came later is for the next exchange.
/// Order      A reply begins with four bytes of a hash of the message that it follows. What follows
///            another is unexpected_message and changes nothing, and so is what comes twice; then,
///            and after every other error, ask again. Once answered, an asker needs no reply: the
///            closing may get lost.
/// Trust      As join(): the hash finds mistakes, not lies. What is refused changes nothing.
/// State      Of one exchange: the versions and the hash. Copies are independent.
/// Cost       As delta_since() and join().
/// Errors     As delta_since(): not_found when a log does not go back to what the other has seen,
///            which then wants save(). As join(). `gap` when a replica has lost what it told.
/// Format     docs/encoding.md, "Exchanges". Not for relays, who forward changes.
/// Threads    As containers.
class ExchangeAsker {
public:
    /// The question: what `me` has seen. Begins anew.
    [[nodiscard]] Bytes ask(const Replica& me);
    /// Takes in what the other one has, and returns the closing, with what that one lacks.
    [[nodiscard]] Result<Bytes> take(Replica& me, BytesView answer,
                                     const wire::Limits& limits = wire::state_limits());

private:
    ExchangeKnown known_;
    VersionVector told_;  ///< what `me` had seen when it asked
    bool is_open_ = false;
};

class ExchangeAnswerer {
public:
    /// The answer: what the asker lacks, and what `me` has seen. Begins anew.
    [[nodiscard]] Result<Bytes> answer(const Replica& me, BytesView question,
                                       const wire::Limits& limits = wire::state_limits());
    /// Takes in the closing.
    Result<> take(Replica& me, BytesView closing,
                  const wire::Limits& limits = wire::state_limits());

private:
    ExchangeKnown known_;
    VersionVector told_;
    bool is_open_ = false;
};

}  // namespace syncline

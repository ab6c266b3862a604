#pragma once

#include "syncline/document/packed_changes.hpp"

#include <cstdint>
#include <vector>

namespace syncline::wire {

/// Updates from one sender to one receiver, in order, each in terms of those before it: who writes,
/// where, when, and after what is told once, so that an update takes 5 to 20 bytes instead of some
/// 40. See docs/encoding.md, "Streams".
///
///     wire::ChangeStreamWriter to_bob;                    // at alice's, for this connection
///     send(to_bob.write(alice.change(now_ms, …)));
///     send(*alice.changes_since(bobs_seen, to_bob));      // or many in one update
///
///     wire::ChangeStreamReader from_alice;                // at bob's
///     bob.take(from_alice, received);
///
/// Semantics  The reader takes every update once, in the order of writing. It notices when one was
///            lost or came twice, and says `gap`; the way out is begin_anew() at the writer, whose
///            next update needs none before it, and changes_since() for what was lost. Several
///            readers may follow one writer if all have its updates from the beginning, or from
///            begin_anew() on.
/// Memory     Some 256 KiB on either side, and the largest update: after that the writer begins
///            anew by itself.
/// Cost       O(update).
/// Threads    As a container.
class ChangeStreamWriter {
public:
    /// The next update. `change` is well-formed: what its author's document admitted.
    [[nodiscard]] Bytes write(const Change& change);
    /// Several as one update.
    [[nodiscard]] Bytes write(const std::vector<Change>& changes);
    /// The same, one by one: begin(), add() each, end(). `dots`: how many they take, about.
    void begin(std::uint64_t dots);
    void add(const Change& change) { writer_.add(change); }
    [[nodiscard]] Bytes end() { return writer_.out().take(); }

    /// The next update is told without those before it.
    void begin_anew() { anew_ = true; }

private:
    ChangeWriter writer_;
    std::uint64_t next_ = 0;  ///< number of the next update
    bool anew_ = true;
};

class ChangeStreamReader {
public:
    /// Begins with an update; next() gives its changes until at_end(). `update` must outlive that.
    /// Errors: gap when it is not the next one, and until the writer begins anew after an error or
    /// an update that was not read to its end; malformed, unknown_format, too_large.
    Result<> open(BytesView update, const Limits& limits);
    [[nodiscard]] bool at_end() const { return reader_.at_end(); }
    /// With the memory that `change` has. Errors: as ChangeUnpacker::next.
    Result<> next(Change& change);

private:
    ChangeReader reader_;
    std::uint64_t next_ = 0;
    bool is_whole_ = false;  ///< the context is the writer's, once the update is read
};

/// A context that is heavier begins anew; see docs/encoding.md.
inline constexpr std::size_t stream_weight_max = std::size_t{256} << 10;
/// The form of streams.
inline constexpr std::uint64_t stream_format = 1;

}  // namespace syncline::wire

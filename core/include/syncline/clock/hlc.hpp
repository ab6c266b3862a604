#pragma once

#include "syncline/result.hpp"

#include <cstdint>

namespace syncline {

/// A hybrid logical clock reading: 48 bits of milliseconds since 1970, 16 bits of counter. Packed
/// into one integer, so the order of numbers is the order of stamps, and the counter overflows into
/// the next millisecond by plain addition (70,000 stamps in one millisecond are fine).
/// Source: Kulkarni et al., Logical Physical Clocks (2014). A value.
struct Hlc {
    std::uint64_t packed = 0;

    static constexpr std::uint64_t ms_max = (std::uint64_t{1} << 48) - 1;
    [[nodiscard]] static constexpr Hlc at(std::uint64_t ms, std::uint16_t counter = 0) {
        return Hlc{((ms > ms_max ? ms_max : ms) << 16) | counter};
    }
    [[nodiscard]] constexpr std::uint64_t ms() const { return packed >> 16; }
    [[nodiscard]] constexpr std::uint16_t counter() const {
        return static_cast<std::uint16_t>(packed & 0xFFFF);
    }
    /// The next stamp. The last of all stays itself: admission keeps every clock far below it.
    [[nodiscard]] constexpr Hlc next() const {
        return packed == ~std::uint64_t{0} ? *this : Hlc{packed + 1};
    }

    friend constexpr bool operator==(Hlc a, Hlc b) { return a.packed == b.packed; }
    friend constexpr bool operator<(Hlc a, Hlc b) { return a.packed < b.packed; }
    friend constexpr bool operator>(Hlc a, Hlc b) { return b < a; }
    friend constexpr bool operator<=(Hlc a, Hlc b) { return !(b < a); }
    friend constexpr bool operator>=(Hlc a, Hlc b) { return !(a < b); }
};

/// The clock of one replica in one space. The owner persists `last()` in the transaction that
/// stores what was stamped, and starts the next run from it.
/// Semantics  tick() is above every stamp made or observed before, whatever the wall clock does; a
///            wall clock set back is absorbed by the counter.
/// Threads    A plain value.
class HlcClock {
public:
    HlcClock() = default;
    explicit HlcClock(Hlc last) : last_(last) {}

    /// A new stamp, for the wall time `now_ms`.
    Hlc tick(std::uint64_t now_ms);
    /// Takes notice of a stamp that was admitted elsewhere. Never refuses: only admission does, at
    /// one place, or replicas would differ.
    void observe(Hlc seen);
    /// The admission rule (the relay's): `stamp` may lie at most `bound_ms` ahead of `now_ms`, or a
    /// millisecond above `highest`, the highest admitted so far. Checked before the stamp touches
    /// any clock.
    [[nodiscard]] static Result<> admit(Hlc stamp, std::uint64_t now_ms, std::uint64_t bound_ms,
                                        Hlc highest);

    [[nodiscard]] Hlc last() const { return last_; }

private:
    Hlc last_;
};

}  // namespace syncline

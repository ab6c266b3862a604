#pragma once

#include "slot.hpp"
#include "stage.hpp"

#include <cstdint>

namespace syncline::sim {

/// What the controls break in a device: it does not hear what the relay said. One for each
/// connection.
class FlawedEar {
public:
    explicit FlawedEar(Stage& stage) : stage_(&stage) {}

    /// What the device makes of a frame; empty if it passes over it. `replica` and `slots` are the
    /// device's.
    [[nodiscard]] Bytes hears(const Bytes& frame, const ReplicaId& replica, const Slots& slots);

private:
    [[nodiscard]] Bytes with_gap_closed(const Bytes& frame);
    [[nodiscard]] static Bytes with_heads_trusted(const Bytes& frame, const ReplicaId& replica,
                                                  const Slots& slots);

    Stage* stage_;
    std::uint64_t lost_ = 0;  ///< changes of the feed, closed up so far
};

}  // namespace syncline::sim

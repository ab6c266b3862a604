#pragma once

#include "syncline/sync/messages.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace syncline::load {

/// A message as a client's WebSocket frame.
[[nodiscard]] std::string frame_of(const wire::Message& message);

/// How large a change is on the wire, about.
inline constexpr std::size_t change_bytes = 100;

/// Pushes of one author, ready to send: they are made before the clock starts.
struct Tape {
    std::vector<std::string> frames;
    std::size_t changes_per_frame = 1;
};
[[nodiscard]] Tape make_tape(const ReplicaId& replica, const std::string& space, std::size_t frames,
                             std::size_t changes_per_frame);

}  // namespace syncline::load

#pragma once

#include "syncline/clock/replica_id.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>

/// What the client takes from the system it runs on, besides files (SQLite's VFS) and sockets
/// (net/). Each platform has a source file of its own for it.
namespace syncline::client {

/// The wall clock: milliseconds since 1970.
[[nodiscard]] std::uint64_t system_now_ms();
/// From the system's entropy source.
void system_random(std::byte* into, std::size_t size);
/// A v4 UUID, never derived from the device or its user.
[[nodiscard]] ReplicaId random_replica_id();
/// Runs `work` on a thread of its own, which alone has it from then on: what it owns dies there.
/// Only asked for by who is on a thread that must not wait for itself, so never where there are no
/// threads.
void run_elsewhere(std::function<void()> work);

}  // namespace syncline::client

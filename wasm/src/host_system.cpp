// The module's system is its host: see client-sdk/src/system.hpp.

#include "host.hpp"
#include "system.hpp"

#include <cstdlib>

namespace syncline::client {

std::uint64_t system_now_ms() { return static_cast<std::uint64_t>(host_now()); }

void system_random(std::byte* into, std::size_t size) {
    // Ids and nonces that are not random would make two devices one.
    if (host_random(into, static_cast<int>(size)) != 0) std::abort();
}

ReplicaId random_replica_id() {
    ReplicaId id;
    system_random(id.bytes.data(), id.bytes.size());
    // RFC 4122, §4.4: version 4, variant 1.
    id.bytes[6] = (id.bytes[6] & std::byte{0x0F}) | std::byte{0x40};
    id.bytes[8] = (id.bytes[8] & std::byte{0x3F}) | std::byte{0x80};
    return id;
}

void run_elsewhere(std::function<void()>) { std::abort(); }

}  // namespace syncline::client

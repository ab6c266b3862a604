#pragma once

#include "memory_space_storage.hpp"
#include "syncline/sync/client_session.hpp"
#include "syncline/sync/space_replica.hpp"

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace syncline::sim {

/// One space on one device: its file, the replica that works on it, and what its user knows.
struct Slot {
    std::string name;
    std::unique_ptr<MemorySpaceStorage> storage;
    std::unique_ptr<SpaceReplica> replica;  ///< works on `storage`; none while the device is down
    Access access = Access::none;           ///< as `opened` told
    bool in_sync = false;                   ///< was told so on this connection
    std::set<std::string> own;              ///< tokens it wrote into the grow-only set: not refused
    std::set<std::string> seen;             ///< tokens it saw there
    std::uint64_t generation_seen = 0;      ///< of the replica, at the last audit
};
using Slots = std::vector<std::unique_ptr<Slot>>;

}  // namespace syncline::sim

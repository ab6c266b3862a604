#pragma once

#include "syncline/clock/replica_id.hpp"

#include <cstdlib>

/// What fuzz targets share.
namespace syncline::fuzz {

inline ReplicaId id_of(unsigned char n) {
    ReplicaId id;
    id.bytes.fill(std::byte{n});
    return id;
}

/// A finding, if it is not so.
inline void require(bool good) {
    if (!good) std::abort();
}

}  // namespace syncline::fuzz

#pragma once

#include "random.hpp"
#include "schedule.hpp"
#include "syncline/sync/space_replica.hpp"

#include <string>
#include <vector>

namespace syncline::sim {

/// The document of the set that only grows: tokens that are in it can be asked for by name.
inline const DocumentKey grow_key{"grow", "g"};
inline const Path grow_path{{"all", Type::g_set}};

/// The `number`th of the documents that all devices edit.
[[nodiscard]] DocumentKey key_of_document(std::size_t number);

/// What came of one transaction.
struct Written {
    Result<SpaceReplica::Committed> committed;
    bool grows = false;  ///< it put its token into the grow-only set
    std::string wrong;   ///< which of its own writes it could not read; empty: none
    struct Line {
        DocumentKey key;
        FieldOp op;
    };
    std::vector<Line> ops;  ///< for the diary; those on the grow-only set are left out
};

/// One transaction of random edits, as an app would make it; it reads each of its writes at once.
/// `token` is its message, and a text that nobody else writes.
[[nodiscard]] Written transact_random(SpaceReplica& replica, Random& random,
                                      const Settings& settings, const std::string& token,
                                      std::uint64_t now_ms);

}  // namespace syncline::sim

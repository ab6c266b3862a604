#pragma once

#include "syncline/sync/relay_storage.hpp"

#include <cstdint>
#include <functional>
#include <vector>

namespace syncline {

/// What admission has to know of the space and the time.
struct AdmissionContext {
    std::uint64_t now_ms = 0;
    std::uint64_t bound_ms = 0;
    Hlc highest;
    /// After a restore, authors push what the relay lost in any order, so a change may name dots
    /// that are not back yet (Document remembers them as early).
    bool regressed = false;
    std::function<std::uint64_t(const ReplicaId&)> counter_of;  ///< V(head)
};

/// The judgement on a push: what enters the log, or why not.
struct PushVerdict {
    struct Admitted {
        Bytes change;
        ReplicaHead head;  ///< the author's after it
    };
    std::vector<Admitted> admitted;
    std::vector<wire::Refusal> refusals;
    std::uint64_t duplicates = 0;
    bool fork = false;
    /// A change is in a format that this relay does not know yet: no verdict, try again later.
    bool unreadable = false;
};

/// Judges a push whose head is at or below `before`, the relay's end of the author's chain. No
/// document is loaded. Once a change is refused nothing later is admitted, but all are judged.
[[nodiscard]] PushVerdict judge(const wire::Push& push, const ReplicaHead& before,
                                const AdmissionContext& context);

}  // namespace syncline

#pragma once

#include "syncline/sync/relay_engine.hpp"

#include <optional>
#include <string>
#include <vector>

namespace syncline::sim {

/// Some changes are poisoned: their message begins with this.
inline constexpr char poison_mark = '!';
[[nodiscard]] bool is_poison(const std::string& message);

/// A hook before the engine that refuses poisoned changes for ever, as a schema check would. Good
/// for one batch of requests.
///
/// A push is cut before its first poisoned change; when the engine has accepted the rest, that
/// change is refused.
class PoisonGate {
public:
    void hold_back(std::vector<RelayRequest>& requests);
    void refuse(std::vector<RelayReply>& replies);

private:
    using Held = std::optional<wire::Refusal>;
    static Held hold_back(relay_request::Push& push);

    std::vector<Held> held_;  ///< of every push, in their order
};

}  // namespace syncline::sim

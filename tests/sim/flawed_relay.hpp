#pragma once

#include "memory_relay_storage.hpp"
#include "stage.hpp"
#include "syncline/sync/relay_engine.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace syncline::sim {

/// What the controls break in a relay, around an engine that knows nothing of it. It outlives the
/// relay's process.
class FlawedRelay {
public:
    FlawedRelay(Stage& stage, MemoryRelayStorage& disk) : stage_(stage), disk_(disk) {}
    FlawedRelay(const FlawedRelay&) = delete;
    FlawedRelay& operator=(const FlawedRelay&) = delete;

    /// Requests that a flawed relay treats in its own way are bent, or taken out and answered.
    /// Where there are answers, something was stored behind the engine's back.
    [[nodiscard]] std::vector<RelayReply> take(std::vector<RelayRequest>& requests);
    /// Bends the engine's replies.
    void bend(std::vector<RelayReply>& replies);

private:
    [[nodiscard]] bool stores_pushes_itself() const;
    void claim_cursor(relay_request::Open& open);
    void store(const relay_request::Push& push, const MemoryRelayStorage::Space& log,
               std::vector<RelayReply>& replies);

    Stage& stage_;
    MemoryRelayStorage& disk_;
    /// The cursor of each open that was declared to be good.
    std::map<std::pair<ConnectionId, std::string>, std::uint64_t> claimed_;
};

}  // namespace syncline::sim

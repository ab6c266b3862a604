#pragma once

#include "checks.hpp"
#include "device_node.hpp"
#include "ledger.hpp"
#include "network.hpp"
#include "relay_node.hpp"
#include "schedule.hpp"
#include "stage.hpp"

#include <memory>
#include <string>
#include <vector>

namespace syncline::sim {

/// One relay, some devices, a network between them and clocks that nobody can trust; all of it
/// virtual and driven by a seed. The sessions, replicas and the engine are the ones that are
/// shipped.
///
/// Parts    The stage gives time and chance; on it stand the network, the relay and the devices;
///          the ledger remembers what was written and told. The world puts them together, leads
///          them through a schedule and compares them in the end.
class World : private NetworkEnds {
public:
    World(const Settings& settings, Stage::Diary diary);
    ~World() override;
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    void act(const Action& action);
    /// Faults end, everybody connects, and all has to be well within a bounded time.
    void settle();
    [[nodiscard]] bool failed() const { return stage_.failed(); }
    [[nodiscard]] Outcome outcome() const;

private:
    // NetworkEnds
    [[nodiscard]] bool relay_up() const override { return relay_.up(); }
    void relay_connected(ConnectionId connection) override;
    void relay_received(ConnectionId connection, const Bytes& frame) override;
    void relay_drained(ConnectionId connection) override;
    void relay_noticed_end(ConnectionId connection) override;
    void device_received(std::size_t device, const Bytes& frame) override;
    void device_noticed_end(std::size_t device, ConnectionId connection) override;

    void clone(const DeviceNode& original);
    void audit(DeviceNode& device);
    void end_faults();
    [[nodiscard]] std::string unsettled() const;
    [[nodiscard]] std::string unsettled(const DeviceNode& device, const Slot& slot) const;
    void check_space(const std::string& space);
    [[nodiscard]] std::string check_slot(DeviceNode& device, Slot& slot,
                                         const LogReading& reading) const;

    Stage stage_;
    Ledger ledger_;
    Network network_;
    RelayNode relay_;
    std::vector<std::string> space_names_;
    std::vector<std::unique_ptr<DeviceNode>> devices_;
};

}  // namespace syncline::sim

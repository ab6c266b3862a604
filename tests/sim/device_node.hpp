#pragma once

#include "flawed_ear.hpp"
#include "ledger.hpp"
#include "network.hpp"
#include "slot.hpp"
#include "stage.hpp"

#include <memory>
#include <string>
#include <vector>

namespace syncline::sim {

/// A device: the shipped session and replicas on a disk in memory, with a clock that nobody can
/// trust and a user who edits.
///
/// Durable  The id, the nonce and what the slots' storage holds; a crash leaves nothing else.
class DeviceNode {
public:
    /// A new device with empty spaces.
    DeviceNode(Stage& stage, Network& network, Ledger& ledger, std::size_t number,
               const std::vector<std::string>& spaces);
    /// One whose files somebody copied from `original`.
    DeviceNode(Stage& stage, Network& network, Ledger& ledger, std::size_t number,
               const DeviceNode& original);
    DeviceNode(const DeviceNode&) = delete;
    DeviceNode& operator=(const DeviceNode&) = delete;

    // What the network tells.
    void received(const Bytes& frame);
    void noticed_end(ConnectionId connection);

    // What the schedule does to it.
    void edit(std::uint64_t seed);
    void crash();
    void cut(std::uint64_t seed);
    void half_open(std::uint64_t seed);
    /// Shut off: its line is cut, and attempts to connect fail for so long.
    void block(std::uint64_t span_ms, std::uint64_t seed);
    void unblock() { blocked_until_ = 0; }
    void go_offline();
    void go_online() { online_ = true; }
    /// After `delay`, unless a later plan takes its place.
    void plan_connect(std::uint64_t delay);
    /// One of its disk's next calls fails; `which` slot's is taken modulo their number.
    void fail_disk(std::uint64_t which, std::uint64_t nth, ErrorCode code);
    void heal_disk();
    void shift_clock(std::int64_t by_ms);
    /// What the relay lets it do from the next connection on.
    void set_access(Access access);

    [[nodiscard]] std::string name() const { return name_of_device(number_); }
    [[nodiscard]] const ReplicaId& id() const { return id_; }
    /// What the relay lets it do.
    [[nodiscard]] Access access() const { return access_; }
    [[nodiscard]] bool connected() const { return session_ != nullptr; }
    [[nodiscard]] ConnectionId connection() const { return connection_; }
    [[nodiscard]] Slots& slots() { return slots_; }
    [[nodiscard]] const Slots& slots() const { return slots_; }
    /// Some devices do: whether one does says nothing about the schedule.
    [[nodiscard]] bool keeps_history() const { return number_ % 2 == 1; }

private:
    void open_slots();
    void connect();
    void hang_up();
    void tick(ConnectionId connection);
    [[nodiscard]] std::uint64_t clock() const;
    [[nodiscard]] Slot* find(const std::string& space);

    void carry_out(ClientEffects effects);
    void on(const client_event::Welcomed& event);
    void on(const client_event::Opened& event);
    void on(const client_event::Accepted& event);
    void on(const client_event::InSync& event);
    void on(const client_event::Rejected& event);
    void on(const client_event::SpaceFailed& event);
    void on(const client_event::Changed&) {}
    void on(const client_event::PresenceChanged&) {}
    void on(ClientEffects::Identity identity);
    void on(const ClientEffects::Ending& ending);

    Stage& stage_;
    Network& network_;
    Ledger& ledger_;
    const std::size_t number_;
    ReplicaId id_;
    std::uint64_t nonce_ = 0;
    unsigned claims_ = 0;  ///< of its id, since it is leaving it
    Slots slots_;
    Access access_ = Access::write;
    std::int64_t clock_offset_ = 0;
    std::int64_t drift_ppm_ = 0;
    std::uint64_t edits_ = 0;

    std::unique_ptr<ClientSession> session_;
    ConnectionId connection_ = 0;  ///< 0 without a session
    bool online_ = true;
    std::uint64_t attempt_ = 0;  ///< newer attempts make older ones void
    std::uint64_t blocked_until_ = 0;
    std::int64_t correction_ = 0;  ///< of the clock, as welcome told
    FlawedEar ear_;
};

}  // namespace syncline::sim

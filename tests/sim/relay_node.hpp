#pragma once

#include "flawed_relay.hpp"
#include "ledger.hpp"
#include "memory_relay_storage.hpp"
#include "network.hpp"
#include "stage.hpp"
#include "syncline/sync/relay_engine.hpp"
#include "syncline/sync/relay_hub.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace syncline::sim {

/// The relay: the shipped hub and engine on a disk in memory.
///
/// Commits  Requests collect while a commit runs; replies travel back later. A crash loses both.
/// Durable  What is on the disk; a crash leaves nothing else.
class RelayNode : private RelayOutput {
public:
    /// What the relay lets the device do that has this number.
    using Rights = std::function<Access(std::size_t device)>;

    RelayNode(Stage& stage, Network& network, Ledger& ledger, Rights rights);
    ~RelayNode() override;
    RelayNode(const RelayNode&) = delete;
    RelayNode& operator=(const RelayNode&) = delete;

    // What the network tells.
    void connected(ConnectionId connection) { hub_->connected(connection); }
    void received(ConnectionId connection, const Bytes& frame);
    void drained(ConnectionId connection) { hub_->drained(connection); }
    void noticed_end(ConnectionId connection);

    // What the schedule does to it.
    void start();
    /// It starts again after `down_ms`.
    void crash(std::uint64_t down_ms);
    void back_up();
    /// The disk goes back to one of the backups; `which` is taken modulo their number.
    void restore(std::uint64_t which);
    void fail_disk(std::uint64_t nth, ErrorCode code);
    void heal_disk() { disk_.faults().heal(); }
    void shift_clock(std::int64_t by_ms);
    /// How far ahead stamps may be; from the next start on.
    void set_clock_bound(std::uint64_t bound_ms) { clock_bound_ms_ = bound_ms; }

    [[nodiscard]] bool up() const { return engine_ != nullptr; }
    [[nodiscard]] bool idle() const { return requests_.empty(); }
    [[nodiscard]] const MemoryRelayStorage& disk() const { return disk_; }
    /// How often this process found that its storage had gone back in time.
    [[nodiscard]] std::uint64_t regressions() const { return engine_->statistics().regressions; }

private:
    // RelayOutput
    void send(ConnectionId to, std::shared_ptr<const Bytes> frame) override;
    void send(const std::vector<ConnectionId>& to, std::shared_ptr<const Bytes> frame) override;
    std::size_t queued_bytes(ConnectionId connection) override;
    void promote(ConnectionId) override {}
    void close(ConnectionId connection, std::uint16_t code, const std::string& reason) override;
    void submit(RelayRequest request) override;

    [[nodiscard]] std::uint64_t clock() const;
    [[nodiscard]] Result<Grant> grant(const std::string& token) const;
    void at_in_this_life(std::uint64_t when, std::function<void()> run);
    void commit();
    [[nodiscard]] Result<std::vector<RelayReply>> process(std::vector<RelayRequest> requests);
    [[nodiscard]] Result<std::vector<RelayReply>> process_flawed(
        std::vector<RelayRequest> requests);

    Stage& stage_;
    Network& network_;
    Ledger& ledger_;
    Rights rights_;
    MemoryRelayStorage disk_;
    std::vector<MemoryRelayStorage::Image> backups_;
    FlawedRelay flaws_;
    std::int64_t clock_offset_ = 0;
    std::uint64_t clock_bound_ms_;

    std::uint64_t life_ = 0;  ///< of the process; events of an earlier one are void
    std::unique_ptr<RelayEngine> engine_;
    std::unique_ptr<RelayHub> hub_;
    std::vector<RelayRequest> requests_;
    bool commit_planned_ = false;
    std::uint64_t last_reply_at_ = 0;
};

}  // namespace syncline::sim

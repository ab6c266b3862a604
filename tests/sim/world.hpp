#pragma once

#include "memory_relay_storage.hpp"
#include "memory_space_storage.hpp"
#include "random.hpp"
#include "reference.hpp"
#include "schedule.hpp"
#include "syncline/sync/client_session.hpp"
#include "syncline/sync/relay_hub.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <vector>

namespace syncline::sim {

/// One relay, some devices, a network between them and clocks that nobody can trust; all of it
/// virtual and driven by a seed. The sessions, replicas and the engine are the ones that are
/// shipped.
///
/// Network  A connection is two FIFO pipes (as WebSocket over TCP). Latencies are random, so
///          connections reorder against each other. A cut loses everything behind a random point of
///          each pipe; a half-open connection loses one direction and the other side notices only
///          by its keep-alive.
/// Relay    Requests collect while a commit runs; replies travel back later. A crash loses both.
class World : private RelayOutput {
public:
    World(const Settings& settings, bool diary);
    ~World() override;

    void act(const Action& action);
    /// Faults end, everybody connects, and all has to be well within a bounded time.
    void settle();
    [[nodiscard]] bool failed() const { return !outcome_.failure.empty(); }
    [[nodiscard]] Outcome outcome();

private:
    struct Slot {
        std::string name;
        std::unique_ptr<MemorySpaceStorage> storage;
        std::unique_ptr<SpaceReplica> replica;
        Access access = Access::none;       ///< as `opened` told
        std::uint64_t generation_seen = 0;  ///< at the last audit
    };
    struct Device {
        std::size_t number = 0;
        ReplicaId id;             ///< durable
        std::uint64_t nonce = 0;  ///< durable
        unsigned claims = 0;      ///< of its identity, since it is leaving it
        std::vector<std::unique_ptr<Slot>> slots;
        std::unique_ptr<ClientSession> session;
        ConnectionId connection = 0;
        bool online = true;
        std::uint64_t attempt = 0;  ///< newer attempts make older ones void
        std::uint64_t blocked_until = 0;
        Access access = Access::write;
        std::int64_t clock_offset = 0;
        std::int64_t drift_ppm = 0;
        std::int64_t correction = 0;  ///< what welcome told
        std::uint64_t edits = 0;
        std::set<std::string> in_sync;  ///< spaces that were told so on this connection
        std::map<std::string, std::set<std::string>> own;   ///< by space: not refused
        std::map<std::string, std::set<std::string>> seen;  ///< by space: of the grow-only set
    };
    struct Pipe {
        std::uint64_t sent = 0;
        std::uint64_t delivered = 0;
        std::uint64_t cutoff = ~std::uint64_t{0};  ///< frames from here on are lost
        std::uint64_t last_at = 0;
    };
    struct Connection {
        std::size_t device = 0;
        bool client_up = true;
        bool relay_up = true;
        Pipe up;    ///< to the relay
        Pipe down;  ///< to the client
        std::size_t queued = 0;
        std::uint64_t link_free_at = 0;
    };
    struct Relay {
        std::unique_ptr<RelayEngine> engine;
        std::unique_ptr<RelayHub> hub;
        std::vector<RelayRequest> requests;
        bool run_scheduled = false;
        std::uint64_t last_reply_at = 0;
    };
    struct Edit {
        bool refused = false;
        bool may_repeat = false;
        bool may_vanish = false;
        bool copied = false;  ///< while it was pending
        std::string space;
    };
    struct Due {
        std::uint64_t at;
        std::uint64_t order;
        std::function<void()> run;
        friend bool operator<(const Due& a, const Due& b) {
            return a.at != b.at ? a.at > b.at : a.order > b.order;
        }
    };

    // RelayOutput
    void send(ConnectionId to, std::shared_ptr<const Bytes> frame) override;
    void send(const std::vector<ConnectionId>& to, std::shared_ptr<const Bytes> frame) override;
    std::size_t queued_bytes(ConnectionId connection) override;
    void promote(ConnectionId) override {}
    void close(ConnectionId connection, std::uint16_t code, const std::string& reason) override;
    void submit(RelayRequest request) override;

    void at(std::uint64_t when, std::function<void()> run);
    void run_until(std::uint64_t when);
    void fail(const std::string& text);
    void note(const std::string& text);
    [[nodiscard]] std::uint64_t clock_of(const Device& device) const;
    [[nodiscard]] std::uint64_t relay_clock() const;
    RandomSource random_source();

    // Devices
    Device& add_device();
    void open_slots(Device& device);
    void plan_connect(Device& device, std::uint64_t delay);
    void connect(Device& device);
    void tick(std::size_t device, ConnectionId connection);
    void carry_out(Device& device, ClientEffects effects);
    void hang_up(Device& device);
    void client_notices(ConnectionId connection);
    void send_up(Device& device, Bytes frame);
    void arrive_down(ConnectionId connection, std::uint64_t index, const Bytes& frame);
    void edit(Device& device, const Action& action);
    void audit(Device& device);
    void crash(Device& device);
    [[nodiscard]] bool changes_are_moved() const;
    void move_clock(std::int64_t& offset, std::int64_t by);
    void clone(Device& device);
    void cut(Device& device, std::uint64_t seed);
    void half_open(Device& device, std::uint64_t seed);

    // The relay
    void start_relay();
    void crash_relay(std::uint64_t down_ms);
    void relay_notices(ConnectionId connection);
    void arrive_up(ConnectionId connection, std::uint64_t index, const Bytes& frame);
    void run_engine();
    std::vector<RelayReply> process(std::vector<RelayRequest> requests);
    void restore_relay(std::uint64_t which);
    void check_acknowledged();

    // What the controls break.
    void flawed_requests(std::vector<RelayRequest>& requests, std::vector<RelayReply>& replies);
    void flawed_replies(std::vector<RelayReply>& replies);
    [[nodiscard]] Bytes flawed_feed(ConnectionId connection, const Bytes& frame);

    void settle_devices();
    [[nodiscard]] std::string unsettled() const;
    void check_space(const std::string& space);
    /// Some devices do: whether one does says nothing about the schedule.
    static bool keeps_history(const Device& device) { return device.number % 2 == 1; }
    void check_history(const Slot& slot);
    void check_fresh_reader(const std::string& space, const MemoryRelayStorage::Space& log);

    Settings settings_;
    Random random_;
    bool keeps_diary_;
    Outcome outcome_;
    Trace trace_;
    std::uint64_t now_ = 0;
    std::uint64_t order_ = 0;
    std::priority_queue<Due> events_;
    std::vector<std::unique_ptr<Device>> devices_;
    std::map<ConnectionId, Connection> connections_;
    ConnectionId next_connection_ = 1;
    std::vector<std::string> space_names_;

    MemoryRelayStorage disk_;
    std::vector<MemoryRelayStorage::Image> backups_;
    Relay relay_;
    std::uint64_t life_ = 0;  ///< of the relay process; events of an earlier one are void
    bool relay_up_ = false;
    std::int64_t relay_offset_ = 0;
    std::uint64_t bound_ms_ = 0;
    bool restored_ = false;
    bool relay_clock_moved_ = false;
    bool clocks_moved_ = false;  ///< any
    std::uint64_t copies_ = 0;   ///< of stores
    bool calm_ = false;          ///< faults have ended
    std::map<std::string, Edit> edits_;
    std::map<std::string, VersionVector> acknowledged_;   ///< by space: what clients were told
    std::map<ConnectionId, std::uint64_t> lost_changes_;  ///< feed_gap_ignored: closed up so far
    std::map<std::pair<ConnectionId, std::string>, std::uint64_t> claimed_;  ///< epoch_unnoticed
};

}  // namespace syncline::sim

#pragma once

#include "store_core.hpp"
#include "support/arbitrary.hpp"
#include "support/power_loss_vfs.hpp"
#include "syncline/sync/client_session.hpp"
#include "syncline/sync/relay_hub.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

/// Real stores on real SQLite files, and a relay, joined by queues: no threads, no sockets, no
/// clock but the one the test turns. A run is a function of its seed.
namespace syncline::test {

using testing::Random;

/// A relay's disk in memory. Copying `image` is a backup, assigning it a restore.
class RelayDisk final : public RelayStorage {
public:
    struct Space {
        SpaceRecord record;
        std::map<ReplicaId, ReplicaHead> heads;
        std::vector<LogRow> rows;
        [[nodiscard]] std::uint64_t head() const { return rows.empty() ? 0 : rows.back().last(); }
    };
    struct Image {
        std::map<ReplicaId, Registration> registrations;
        std::map<std::string, std::uint64_t> names;
        std::map<std::uint64_t, Space> spaces;
    };

    Image image;
    bool full = false;  ///< every commit ends in storage_full

    Result<> begin() override;
    Result<> commit() override;
    void rollback() override;
    Result<std::optional<Registration>> registration(const std::string& tenant,
                                                     const ReplicaId& replica) override;
    Result<> put_registration(const std::string& tenant, const ReplicaId& replica,
                              const Registration& registration) override;
    Result<std::optional<SpaceRecord>> find_space(const std::string& tenant,
                                                  const std::string& name) override;
    Result<SpaceRecord> create_space(const std::string& tenant, const std::string& name,
                                     const EpochId& epoch) override;
    Result<> put_space(const SpaceRecord& record) override;
    Result<std::vector<ReplicaHead>> heads(std::uint64_t space) override;
    Result<> put_heads(std::uint64_t space, const std::vector<ReplicaHead>& heads) override;
    Result<> append(std::uint64_t space, const LogRow& row) override;
    Result<std::vector<LogRow>> read(std::uint64_t space, std::uint64_t after,
                                     std::size_t bytes_max) override;
    Result<std::optional<std::uint64_t>> salt_at(std::uint64_t space, std::uint64_t last) override;

private:
    std::optional<Image> before_;
};

inline const std::string team = "team";

class Device;

/// The relay, the wires and the time.
class World final : public RelayOutput {
public:
    explicit World(std::uint64_t seed);
    ~World() override;

    Random random;
    std::uint64_t now_ms = 1'800'000'000'000;
    RelayDisk disk;
    Access access = Access::write;                    ///< what every token gives
    std::optional<Error> refusal;                     ///< what every token is answered with
    std::map<std::string, Access> access_by_token;    ///< instead of `access`
    std::map<std::string, std::uint64_t> expires_ms;  ///< by token; never if it is not there
    /// What each mark was written into, of every write that was promised to last.
    std::map<std::string, DocumentKey> promised;
    /// The relay refuses the change that holds this mark, for ever.
    std::string refused_mark;
    /// Set when one dot left a device with two contents.
    std::string dot_reused;

    /// The relay's process dies and another one starts: what was on its way is lost.
    void restart_relay();
    void restore_relay(RelayDisk::Image older);
    [[nodiscard]] const RelayEngine::Statistics& relay() const { return engine_->statistics(); }

    /// Delivers one thing that is on its way, whichever; false if nothing is.
    bool step();
    void steps(std::size_t count);
    /// Delivers until nothing is on its way.
    void run();
    /// Lets so much time pass, with what relay and devices do by the clock, and delivers it all.
    void pass(std::uint64_t ms);
    /// Connects the device, until it is in sync (or gives up). True if it is.
    bool sync(Device& device);

    /// What the log up to `cursor` amounts to, by folding it here; none if no commit ends there.
    struct Prefix {
        Hash digest;
        VersionVector vector;
        std::uint64_t salt = 0;
    };
    const Prefix* prefix(std::uint64_t cursor);
    [[nodiscard]] std::uint64_t log_head() const;
    [[nodiscard]] const SpaceRecord* record() const;

    [[nodiscard]] RandomSource source();
    [[nodiscard]] ReplicaId new_replica_id();

private:
    friend class Device;
    struct Link {
        Device* device = nullptr;
        std::deque<Bytes> to_relay;
        std::deque<std::shared_ptr<const Bytes>> to_device;
        bool closing = false;
    };

    void send(ConnectionId to, std::shared_ptr<const Bytes> frame) override;
    void send(const std::vector<ConnectionId>& to, std::shared_ptr<const Bytes> frame) override;
    std::size_t queued_bytes(ConnectionId connection) override;
    void promote(ConnectionId) override {}
    void close(ConnectionId connection, std::uint16_t code, const std::string& reason) override;
    void submit(RelayRequest request) override { requests_.push_back(std::move(request)); }

    ConnectionId connect(Device& device);
    void hang_up(ConnectionId connection);
    void process();
    bool refuse(Link& link, BytesView frame);
    void watch(const Device& device, BytesView frame);

    std::unique_ptr<RelayEngine> engine_;
    std::unique_ptr<RelayHub> hub_;
    std::vector<RelayRequest> requests_;
    std::map<ConnectionId, Link> links_;
    ConnectionId last_connection_ = 0;
    std::map<std::tuple<std::string, ReplicaId, std::uint64_t>, Hash> left_;  ///< by device
    std::map<std::uint64_t, Prefix> prefixes_;
    std::map<DocumentKey, Document> folded_;
    Digest folded_digest_;
    VersionVector folded_vector_;
    std::uint64_t folded_to_ = 0;
};

/// A device: a store's file, and the process that has it open (or not).
class Device {
public:
    Device(World& world, PowerLossVfs& vfs, std::string name);
    ~Device();
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;

    sqlite::Synchronous synchronous = sqlite::Synchronous::full;
    int checkpoint_pages = 24;
    std::int64_t clock_wrong_by_ms = 0;
    std::size_t push_bytes = 400;  ///< so that a push seldom holds all
    std::string space_name = team;
    bool moves = true;  ///< a mark may move elements of others
    std::string token;
    PresenceBook* presence = nullptr;  ///< null: this device does not speak it

    Result<> open();
    void close();
    [[nodiscard]] bool is_open() const { return store_ != nullptr; }
    [[nodiscard]] client::StoreCore& store() { return *store_; }
    [[nodiscard]] SpaceReplica& space() { return *space_; }

    /// Takes the file as it is while this device has it closed.
    void copy_file_of(const Device& other);

    void connect();
    void disconnect();
    [[nodiscard]] bool connected() const { return session_ != nullptr; }

    Result<> transact(const std::function<Result<>(SpaceReplica::Editor&)>& edit);
    /// A new mark in one of a few documents: an element of a grow-only set, one more in the
    /// document's counter, the document's title, a piece of its text and an element of its list.
    /// Promised when this returns a value.
    Result<> write_mark();
    /// Marks seen in this device's documents.
    [[nodiscard]] std::set<std::string> marks();
    [[nodiscard]] bool has_mark(const std::string& mark);
    /// The sum of the documents' counters.
    [[nodiscard]] std::int64_t count();
    /// Whether a text or list holds other marks than the set beside it, or one torn or twice; empty
    /// if not. (In between it may: what stands beside a piece that a restored relay lacks waits.)
    [[nodiscard]] std::string out_of_order();
    [[nodiscard]] Hash digest() { return space().digest().value(); }
    /// The first thing that is wrong with this device's rows, compared with the relay's log; empty
    /// if nothing is. Right after opening.
    [[nodiscard]] std::string inconsistency();

    // What its sessions told, since it was made.
    std::vector<RejectedChange> rejected;
    std::size_t identities_taken = 0;
    std::size_t accepted = 0;
    std::optional<ClientEffects::Ending> ended;  ///< the last session
    std::optional<Error> space_failed;
    std::set<std::string> own_marks;  ///< promised here
    bool in_sync = false;
    bool reconnect = false;  ///< has to do with its identity and wants to come back
    std::size_t presence_told = 0;
    /// Sends what the book has.
    void presence_changed() { carry_out(session_->presence_changed(clock())); }
    [[nodiscard]] bool welcomed() const { return session_ != nullptr && session_->welcomed(); }
    void renew(std::string newer) { carry_out(session_->renew(std::move(newer))); }

private:
    friend class World;
    void received(BytesView frame);
    void lost();
    void carry_out(ClientEffects effects);
    void tick();
    [[nodiscard]] std::uint64_t clock() const;

    World& world_;
    PowerLossVfs& vfs_;
    std::string name_;
    std::unique_ptr<client::StoreCore> store_;
    SpaceReplica* space_ = nullptr;
    std::unique_ptr<ClientSession> session_;
    unsigned claims_ = 0;
    ConnectionId connection_ = 0;
    std::uint64_t marks_made_ = 0;
};

}  // namespace syncline::test

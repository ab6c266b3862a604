#include "world.hpp"

#include <optional>

namespace syncline::sim {

namespace {

/// Copies take their id from each other by turns until each but the last has left it.
constexpr std::uint64_t settle_ms = 180'000, settle_ms_a_copy = 120'000;
constexpr std::size_t devices_max = 6;

/// How far a clock jumps: days, years, a minute, or hardly.
std::int64_t draw_jump(std::uint64_t kind, Random& random) {
    constexpr std::int64_t day = 24LL * 3600 * 1000;
    switch (kind % 6) {
        case 0: return day;
        case 1: return -day;
        case 2: return 400 * day;
        case 3: return -400 * day;
        case 4: return static_cast<std::int64_t>(random.below(120'000)) - 60'000;
        default: return static_cast<std::int64_t>(random.below(40)) - 20;
    }
}

ErrorCode disk_fault(std::uint64_t kind) {
    return kind % 2 == 0 ? ErrorCode::storage_full : ErrorCode::storage_failed;
}

}  // namespace

World::World(const Settings& settings, Stage::Diary diary)
    : stage_(settings, diary),
      network_(stage_, *this),
      relay_(stage_, network_, ledger_,
             [this](std::size_t device) { return devices_[device]->access(); }) {
    if (settings.drift_ppm_max > 0 || settings.poison_percent > 0) ledger_.changes_are_moved();
    for (std::size_t i = 0; i < settings.spaces; ++i) {
        space_names_.push_back("s" + std::to_string(i));
    }
    for (std::size_t i = 0; i < settings.devices; ++i) {
        devices_.push_back(
            std::make_unique<DeviceNode>(stage_, network_, ledger_, i, space_names_));
    }
}

World::~World() = default;

Outcome World::outcome() const {
    Outcome outcome = stage_.outcome;
    outcome.trace = stage_.trace.value();
    return outcome;
}

// ---- What reaches the network's ends

void World::relay_connected(ConnectionId connection) { relay_.connected(connection); }
void World::relay_received(ConnectionId connection, const Bytes& frame) {
    relay_.received(connection, frame);
}
void World::relay_drained(ConnectionId connection) { relay_.drained(connection); }
void World::relay_noticed_end(ConnectionId connection) { relay_.noticed_end(connection); }
void World::device_received(std::size_t device, const Bytes& frame) {
    devices_[device]->received(frame);
}
void World::device_noticed_end(std::size_t device, ConnectionId connection) {
    devices_[device]->noticed_end(connection);
}

// ---- Steps

void World::act(const Action& action) {
    if (failed()) return;
    DeviceNode& device = *devices_[static_cast<std::size_t>(action.who % devices_.size())];
    stage_.random = Random(stage_.random.next() ^ action.seed);
    Random random(action.seed);
    switch (action.kind) {
        case ActionKind::run: {
            constexpr std::uint64_t spans[] = {3, 30, 300, 3'000, 20'000};
            stage_.run_until(stage_.now() + random.below(spans[action.value % 5]) + 1);
            break;
        }
        case ActionKind::edit: device.edit(action.seed); break;
        case ActionKind::cut: device.cut(action.seed); break;
        case ActionKind::half_open: device.half_open(action.seed); break;
        case ActionKind::block: device.block(action.value % 60'000, action.seed); break;
        case ActionKind::go_offline: device.go_offline(); break;
        case ActionKind::go_online:
            device.go_online();
            if (!device.connected()) device.plan_connect(random.below(100));
            break;
        case ActionKind::device_crash: device.crash(); break;
        case ActionKind::device_fault:
            device.fail_disk(action.seed, 1 + action.value % 40, disk_fault(action.value));
            break;
        case ActionKind::device_clock: device.shift_clock(draw_jump(action.value, random)); break;
        case ActionKind::clone: clone(device); break;
        case ActionKind::relay_crash: relay_.crash(action.value % 3'000); break;
        case ActionKind::relay_fault:
            relay_.fail_disk(1 + action.value % 60, disk_fault(action.value));
            break;
        case ActionKind::relay_clock: relay_.shift_clock(draw_jump(action.value, random)); break;
        case ActionKind::relay_backup: relay_.back_up(); break;
        case ActionKind::relay_restore: relay_.restore(action.value); break;
        case ActionKind::access:
            device.set_access(static_cast<Access>(1 + action.value % 2));
            device.cut(action.seed);
            break;
        case ActionKind::bound:
            relay_.set_clock_bound(action.value % 2 == 0 ? 0 : action.value % 100'000);
            relay_.crash(0);
            break;
        case ActionKind::audit: audit(device); break;
        case ActionKind::settle: settle(); break;
        default: break;
    }
}

void World::clone(const DeviceNode& original) {
    if (devices_.size() >= devices_max) return;
    devices_.push_back(
        std::make_unique<DeviceNode>(stage_, network_, ledger_, devices_.size(), original));
}

void World::audit(DeviceNode& device) {
    for (auto& slot : device.slots()) {
        const auto wrong = sim::audit(*slot, stage_.settings.documents, ledger_);
        if (!wrong.empty()) return stage_.fail(device.name() + " " + wrong);
    }
}

// ---- Quiescence

void World::settle() {
    if (failed()) return;
    stage_.note("faults end");
    end_faults();
    const std::uint64_t begun = stage_.now();
    const std::uint64_t end = begun + settle_ms + ledger_.copies() * settle_ms_a_copy;
    std::string left = "not begun";
    while (stage_.now() < end && !failed() && !left.empty()) {
        stage_.run_until(stage_.now() + 250);
        left = unsettled();
    }
    if (!failed() && !left.empty()) {
        return stage_.fail("not in sync after " + std::to_string((end - begun) / 1000) +
                           " s: " + left);
    }
    for (auto& device : devices_) {
        if (!failed()) audit(*device);
    }
    for (const std::string& space : space_names_) {
        if (!failed()) check_space(space);
    }
}

void World::end_faults() {
    for (auto& device : devices_) {
        device->go_online();
        device->unblock();
        device->heal_disk();
        if (device->access() != Access::write) {
            device->set_access(Access::write);
            if (device->connected()) device->cut(stage_.random.next());
        }
        if (!device->connected()) device->plan_connect(stage_.random.below(2'000));
    }
    relay_.heal_disk();
}

/// What keeps the world from being at rest; empty: nothing.
std::string World::unsettled() const {
    if (!relay_.up()) return "the relay is down";
    for (const auto& device : devices_) {
        if (!device->connected()) return device->name() + " is not connected";
        if (!network_.whole(device->connection())) {
            return device->name() + " is on a dead connection";
        }
        for (const auto& slot : device->slots()) {
            if (auto left = unsettled(*device, *slot); !left.empty()) return left;
        }
    }
    if (!relay_.idle()) return "the relay has requests";
    return {};
}

std::string World::unsettled(const DeviceNode& device, const Slot& slot) const {
    const auto* log = relay_.disk().space("", slot.name);
    if (log == nullptr) return slot.name + " is not at the relay";
    const SpaceReplica& replica = *slot.replica;
    const std::string name = device.name();
    if (replica.pending() > 0) {
        return name + " has " + std::to_string(replica.pending()) + " pending in " + slot.name;
    }
    if (!slot.in_sync) return name + " was not told that " + slot.name + " is in sync";
    if (replica.staging()) return name + " is staging " + slot.name;
    if (!(replica.state().replica == device.id())) {
        return name + " has not settled its old identity in " + slot.name;
    }
    if (replica.state().cursor != log->head()) {
        return name + " is at " + std::to_string(replica.state().cursor) + " of " +
               std::to_string(log->head()) + " in " + slot.name;
    }
    return {};
}

void World::check_space(const std::string& space) {
    const MemoryRelayStorage::Space& log = *relay_.disk().space("", space);
    LogReading reading;
    stage_.check(check_log(log, ledger_, reading));
    if (!failed()) stage_.check(check_edits(space, reading, ledger_));
    std::optional<Hash> digest;
    for (const auto& device : devices_) {
        for (const auto& slot : device->slots()) {
            if (failed() || slot->name != space) continue;
            const auto of_device = slot->replica->digest();
            if (!of_device) return stage_.fail("no digest");
            if (digest && !(*digest == *of_device)) {
                return stage_.fail("digests differ at sequence number " +
                                   std::to_string(reading.head));
            }
            digest = *of_device;
            const auto wrong = check_slot(*device, *slot, reading);
            if (!wrong.empty()) stage_.fail(device->name() + " " + wrong);
        }
    }
    if (failed() || !digest) return;
    if (!ledger_.restored() && relay_.regressions() > 0) {
        return stage_.fail("the relay says that it went back in time, and it did not");
    }
    stage_.check(check_fresh_reader(log, space, *digest));
    stage_.trace.add(digest->bytes.data(), digest->bytes.size());
}

std::string World::check_slot(DeviceNode& device, Slot& slot, const LogReading& reading) const {
    if (auto wrong = check_vector(slot, reading); !wrong.empty()) return wrong;
    if (device.keeps_history()) {
        if (auto wrong = check_history(slot); !wrong.empty()) return wrong;
    }
    // The others show the same: their digests are equal, and audit() has compared what they show
    // with what they store.
    if (&device != devices_.front().get()) return {};
    // With copies and restores together, a copy may write under an id whose dots of the lost
    // timeline others still name; nobody is left who could tell. All agree even then.
    if (ledger_.copies() > 0 && ledger_.restored()) return {};
    return check_views(slot, reading);
}

Outcome run_relay(const Settings& settings, const std::vector<Action>& actions, bool diary) {
    World world(settings, diary ? Stage::Diary::kept : Stage::Diary::none);
    for (const Action& action : actions) {
        if (world.failed()) break;
        world.act(action);
    }
    world.settle();
    return world.outcome();
}

}  // namespace syncline::sim

#include "world.hpp"

#include "syncline/document/json.hpp"

#include <algorithm>
#include <sstream>

namespace syncline::sim {

namespace {

constexpr std::uint64_t start_of_time_ms = 1'750'000'000'000;
/// Copies take their id from each other by turns until each but the last has left it.
constexpr std::uint64_t settle_ms = 180'000, settle_ms_a_copy = 120'000;
constexpr std::size_t devices_max = 6;
const DocumentKey grow_key{"grow", "g"};
const Path grow_path{{"all", Type::g_set}};
const Path sum_path{{"sum", Type::pn_counter}};

std::string name_of_device(std::size_t number) {
    return "device " + std::string(1, static_cast<char>('A' + number));
}

template <typename T>
std::string why(const Result<T>& result) {
    return std::string(name_of(result.error().code)) + ": " + result.error().message;
}

std::string sketch(const wire::Message& message) {
    std::ostringstream text;
    const auto head = [](const ChainHead& h) {
        return std::to_string(h.counter) + "/" + to_hex(h.hash.view()).substr(0, 4);
    };
    if (const auto* hello = std::get_if<wire::Hello>(&message)) {
        text << "hello " << to_string(hello->replica).substr(0, 4) << " nonce " << hello->nonce;
    } else if (const auto* open = std::get_if<wire::Open>(&message)) {
        text << "open cursor " << open->cursor << " epoch "
             << to_hex(open->epoch.view()).substr(0, 4);
    } else if (const auto* push = std::get_if<wire::Push>(&message)) {
        text << "push behind " << head(push->head) << ", " << push->changes.size() << " changes";
    } else if (const auto* opened = std::get_if<wire::Opened>(&message)) {
        text << "opened head " << opened->head << " from " << opened->from << " own "
             << head(opened->own) << " epoch " << to_hex(opened->epoch.view()).substr(0, 4);
    } else if (const auto* changes = std::get_if<wire::Changes>(&message)) {
        text << "changes";
        for (const auto& batch : changes->batches) {
            const auto entries = wire::decode_batch(batch.changes, wire::relay_frame_limits());
            text << ' ' << batch.first << "+" << (entries ? entries->size() : 0);
        }
    } else if (const auto* accepted = std::get_if<wire::Accepted>(&message)) {
        text << "accepted " << head(accepted->head);
    } else if (const auto* rejected = std::get_if<wire::Rejected>(&message)) {
        text << "rejected, head " << head(rejected->head);
        for (const auto& r : rejected->refusals) {
            text << ", " << r.counter << ' ' << name_of(r.code);
        }
    } else if (const auto* failure = std::get_if<wire::Failure>(&message)) {
        text << "failure " << name_of(failure->code) << " (" << failure->message << ") head "
             << head(failure->head);
    } else if (std::holds_alternative<wire::Welcome>(message)) {
        text << "welcome";
    } else {
        text << "message " << message.index();
    }
    return text.str();
}

/// Whether a change works on an element of a list that one of these dots inserted.
bool works_inside(const Change& change, const DotSet& gone) {
    bool inside = false;
    for_each_op(change, [&](const Section&, const FieldOp& op, const Event&) {
        inside = inside || gone.contains(op.op.element);
        for (const Step& step : op.path) inside = inside || gone.contains(step.element);
    });
    return inside;
}

std::string sketch(BytesView frame) {
    const auto message = wire::decode(frame, wire::relay_frame_limits());
    return message ? sketch(*message) : "undecodable frame";
}

}  // namespace

World::World(const Settings& settings, bool diary)
    : settings_(settings), random_(settings.seed), keeps_diary_(diary) {
    for (std::size_t i = 0; i < settings_.spaces; ++i) {
        space_names_.push_back("s" + std::to_string(i));
    }
    bound_ms_ = settings_.clock_bound_ms;
    disk_.lying = settings_.control == Control::ack_before_commit;
    start_relay();
    for (std::size_t i = 0; i < settings_.devices; ++i) {
        Device& device = add_device();
        device.id = ReplicaId{};
        random_.fill(device.id.bytes.data(), device.id.bytes.size());
        if (settings_.drift_ppm_max > 0) {
            device.drift_ppm =
                static_cast<std::int64_t>(random_.below(2 * settings_.drift_ppm_max)) -
                static_cast<std::int64_t>(settings_.drift_ppm_max);
        }
        for (const std::string& name : space_names_) {
            auto slot = std::make_unique<Slot>();
            slot->name = name;
            MemorySpaceStorage::Image image;
            image.state.name = name;
            image.state.replica = device.id;
            slot->storage = std::make_unique<MemorySpaceStorage>(std::move(image));
            device.slots.push_back(std::move(slot));
        }
        open_slots(device);
        plan_connect(device, random_.below(500));
    }
}

World::~World() = default;

Outcome World::outcome() {
    outcome_.trace = trace_.value();
    return outcome_;
}

void World::at(std::uint64_t when, std::function<void()> run) {
    events_.push(Due{std::max(when, now_), ++order_, std::move(run)});
}

void World::run_until(std::uint64_t when) {
    while (!events_.empty() && events_.top().at <= when && !failed()) {
        Due event = events_.top();
        events_.pop();
        now_ = std::max(now_, event.at);
        trace_.add(now_);
        event.run();
    }
    now_ = std::max(now_, when);
}

void World::fail(const std::string& text) {
    if (failed()) return;
    outcome_.failure = text;
    note("FAILED: " + text);
}

void World::note(const std::string& text) {
    if (keeps_diary_) outcome_.diary.push_back(std::to_string(now_) + " ms: " + text);
}

std::uint64_t World::clock_of(const Device& device) const {
    const auto now = static_cast<std::int64_t>(now_);
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(start_of_time_ms) + now +
                                      now * device.drift_ppm / 1'000'000 + device.clock_offset);
}

std::uint64_t World::relay_clock() const {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(start_of_time_ms + now_) +
                                      relay_offset_);
}

RandomSource World::random_source() {
    return [this](std::byte* into, std::size_t size) { random_.fill(into, size); };
}

// ---- Devices

World::Device& World::add_device() {
    devices_.push_back(std::make_unique<Device>());
    devices_.back()->number = devices_.size() - 1;
    return *devices_.back();
}

void World::open_slots(Device& device) {
    for (auto& slot : device.slots) {
        SpaceReplica::Options options;
        options.cached_documents = settings_.cached_documents;
        options.backup_horizon_ms = settings_.prunes ? 2'000 : ~std::uint64_t{0} >> 1;
        if (keeps_history(device)) options.history_ms = settings_.prunes ? 3'000 : 1'000'000;
        auto opened = SpaceReplica::open(*slot->storage, options);
        if (!opened) return fail("a space does not open: " + why(opened));
        slot->replica = std::move(*opened);
    }
}

void World::plan_connect(Device& device, std::uint64_t delay) {
    const std::uint64_t attempt = ++device.attempt;
    const std::size_t number = device.number;
    at(now_ + delay, [this, number, attempt] {
        Device& due = *devices_[number];
        if (due.attempt == attempt && due.online && due.session == nullptr) connect(due);
    });
}

void World::connect(Device& device) {
    ++device.nonce;  // durable before the connection leaves
    if (!relay_up_ || now_ < device.blocked_until) {
        return plan_connect(device, random_.between(200, 2'000));
    }
    const ConnectionId id = next_connection_++;
    Connection& connection = connections_[id];
    connection.device = device.number;
    device.connection = id;
    device.in_sync.clear();
    relay_.hub->connected(id);
    ClientSession::Options options;
    options.replica = device.id;
    options.nonce = settings_.control == Control::clone_unnoticed ? now_ * 1000 + id : device.nonce;
    options.leaving = device.claims > 0;
    options.token = std::to_string(device.number);
    options.push_bytes = settings_.push_bytes;
    options.pushes_max = settings_.pushes_max;
    device.session = std::make_unique<ClientSession>(options);
    for (auto& slot : device.slots) {
        carry_out(device, device.session->add(*slot->replica, clock_of(device)));
    }
    note(name_of_device(device.number) + " connects as " + std::to_string(id));
    carry_out(device, device.session->connected(clock_of(device)));
    const std::size_t number = device.number;
    at(now_ + 1'000, [this, number, id] { tick(number, id); });
}

void World::tick(std::size_t number, ConnectionId connection) {
    Device& device = *devices_[number];
    if (device.connection != connection || device.session == nullptr) return;
    carry_out(device, device.session->tick(clock_of(device)));
    at(now_ + 1'000, [this, number, connection] { tick(number, connection); });
}

void World::carry_out(Device& device, ClientEffects effects) {
    for (Bytes& frame : effects.send) send_up(device, std::move(frame));
    for (const ClientEvent& event : effects.events) {
        if (const auto* welcomed = std::get_if<client_event::Welcomed>(&event)) {
            device.correction = welcomed->offset_ms;
        } else if (const auto* accepted = std::get_if<client_event::Accepted>(&event)) {
            acknowledged_[accepted->space].raise(device.id, accepted->counter);
        } else if (const auto* opened = std::get_if<client_event::Opened>(&event)) {
            for (const auto& slot : device.slots) {
                if (slot->name == opened->space) slot->access = opened->access;
            }
        } else if (const auto* rejected = std::get_if<client_event::Rejected>(&event)) {
            DotSet gone;
            for (const RejectedChange& change : rejected->changes) {
                ++outcome_.refused;
                note(name_of_device(device.number) + " is told that " + change.change.message +
                     " is refused: " + std::string(name_of(change.code)));
                Edit& edit = edits_[change.change.message];
                edit.refused = true;
                device.own[edit.space].erase(change.change.message);
                const bool poison = change.change.message.front() == '!';
                if (!poison && !works_inside(change.change, gone)) {
                    fail("a good change was refused for ever: " + change.change.message + ", " +
                         change.reason);
                }
                gone.insert(
                    DotRun{change.change.replica, change.change.first, change.change.last()});
            }
        } else if (const auto* in_sync = std::get_if<client_event::InSync>(&event)) {
            device.in_sync.insert(in_sync->space);
            for (const auto& slot : device.slots) {
                if (slot->name == in_sync->space && slot->replica->pending() > 0 &&
                    slot->access == Access::write) {
                    fail("in_sync was told with changes pending");
                }
            }
        } else if (const auto* failed_space = std::get_if<client_event::SpaceFailed>(&event)) {
            note(name_of_device(device.number) + ": space fails, " + failed_space->error.message);
            // A right that is missing for a while is part of the schedule.
            const bool final =
                !failed_space->retryable && failed_space->error.code != ErrorCode::forbidden;
            if (final) fail("space failed for good: " + failed_space->error.message);
        }
    }
    if (effects.identity == ClientEffects::Identity::claim) {
        ++device.claims;
        device.nonce = claiming_nonce(device.nonce, device.claims);
        note(name_of_device(device.number) + " claims its identity");
    } else if (effects.identity == ClientEffects::Identity::replace) {
        ++outcome_.identities;
        random_.fill(device.id.bytes.data(), device.id.bytes.size());
        device.nonce = 0;
        device.claims = 0;
        note(name_of_device(device.number) + " takes the identity " +
             to_string(device.id).substr(0, 4));
    }
    if (effects.close) {
        note(name_of_device(device.number) + " hangs up: " + effects.close->error.message);
        if (!effects.close->retryable) {
            fail("a session ended for good: " + effects.close->error.message);
        }
        hang_up(device);
        // Copies that all leave must not take the id from each other as fast as they can.
        const std::uint64_t ceiling = std::uint64_t{1'500} << std::min(device.claims, 4U);
        plan_connect(device, std::max<std::uint64_t>(effects.close->retry_after_ms,
                                                     random_.between(20, ceiling)));
    }
}

/// The client closes: what it has sent still arrives, then the relay hears of it.
void World::hang_up(Device& device) {
    if (device.connection == 0) return;
    const ConnectionId id = device.connection;
    device.connection = 0;
    device.session.reset();
    Connection& connection = connections_.at(id);
    connection.client_up = false;
    connection.down.cutoff = std::min(connection.down.cutoff, connection.down.delivered);
    const bool broken = connection.up.cutoff != ~std::uint64_t{0};
    const std::uint64_t later =
        broken ? random_.between(5'000, 45'000) : 1 + random_.below(settings_.latency_max_ms + 1);
    at(std::max(connection.up.last_at, now_) + later, [this, id] { relay_notices(id); });
}

void World::client_notices(ConnectionId id) {
    const auto found = connections_.find(id);
    if (found == connections_.end() || !found->second.client_up) return;
    Device& device = *devices_[found->second.device];
    if (device.connection != id) return;
    note(name_of_device(device.number) + " notices that connection " + std::to_string(id) +
         " is gone");
    hang_up(device);
    plan_connect(device, random_.between(20, 1'500));
}

void World::send_up(Device& device, Bytes frame) {
    const ConnectionId id = device.connection;
    if (id == 0) return;
    Connection& connection = connections_.at(id);
    note(name_of_device(device.number) + " sends " + (keeps_diary_ ? sketch(frame) : ""));
    std::size_t times = 1;
    if (settings_.repeat_percent > 0 && random_.chance(settings_.repeat_percent)) {
        const auto message = wire::decode(frame, wire::Limits{});
        if (message && std::holds_alternative<wire::Push>(*message)) times = 2;
    }
    for (std::size_t i = 0; i < times; ++i) {
        const std::uint64_t index = connection.up.sent++;
        connection.up.last_at =
            std::max(connection.up.last_at, now_) + random_.below(settings_.latency_max_ms + 1);
        at(connection.up.last_at, [this, id, index, frame] { arrive_up(id, index, frame); });
    }
}

void World::arrive_down(ConnectionId id, std::uint64_t index, const Bytes& frame) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    Connection& connection = found->second;
    if (index >= connection.down.cutoff) return;
    connection.down.delivered = index + 1;
    Device& device = *devices_[connection.device];
    if (device.connection != id || device.session == nullptr) return;
    trace_.add(frame.data(), frame.size());
    note(name_of_device(device.number) + " gets " + (keeps_diary_ ? sketch(frame) : ""));
    if (settings_.control != Control::none) {
        const Bytes flawed = flawed_feed(id, frame);
        if (flawed.empty()) return;
        return carry_out(device, device.session->received(flawed, clock_of(device)));
    }
    carry_out(device, device.session->received(frame, clock_of(device)));
}

void World::edit(Device& device, const Action& action) {
    Random random(action.seed);
    Slot& slot = *device.slots[static_cast<std::size_t>(random.below(device.slots.size()))];
    const bool poison = random.chance(settings_.poison_percent);
    const std::string token = (poison ? "!" : "") +
                              std::string(1, static_cast<char>('A' + device.number)) +
                              std::to_string(device.edits++);
    const std::uint64_t edits = 1 + (random.chance(30) ? random.below(5) : 0);
    const bool grows = random.chance(40);
    std::string wrong;
    const auto now =
        static_cast<std::uint64_t>(static_cast<std::int64_t>(clock_of(device)) + device.correction);
    std::vector<std::string> told;
    auto committed = slot.replica->transact(now, token, [&](SpaceReplica::Editor& tx) -> Result<> {
        for (std::uint64_t i = 0; i < edits; ++i) {
            const DocumentKey key{"c", "d" + std::to_string(random.below(settings_.documents))};
            auto root = tx.read(key);
            if (!root) return tl::unexpected(root.error());
            const std::string part = i == 0 ? token : token + "." + std::to_string(i);
            for (FieldOp& op :
                 random_edit(random, (*root)->root(), tx.replica(), settings_.mix, part)) {
                if (keeps_diary_) told.push_back(key.id + to_string(op));
                if (auto done = tx.edit(key, op); !done) return done;
                auto after = tx.read(key);
                if (!after) return tl::unexpected(after.error());
                if (wrong.empty()) wrong = read_your_write((*after)->root(), op);
            }
        }
        if (!grows) return {};
        auto root = tx.read(grow_key);
        if (!root) return tl::unexpected(root.error());
        if (auto done =
                tx.edit(grow_key, {grow_path, (*root)->root().at<GSet>(grow_path).insert(token)});
            !done) {
            return done;
        }
        return tx.edit(grow_key, {sum_path, (*root)->root().at<PnCounter>(sum_path).add(1)});
    });
    if (!wrong.empty()) return fail(name_of_device(device.number) + " " + wrong);
    if (!committed) {
        note(name_of_device(device.number) + " cannot commit: " + committed.error().message);
        for (const std::string& line : told) note("    " + line);
        const auto code = committed.error().code;
        if (code != ErrorCode::storage_failed && code != ErrorCode::storage_full) {
            fail("a local transaction failed: " + why(committed));
        }
        return;
    }
    if (committed->first == 0) return;
    ++outcome_.edits;
    note(name_of_device(device.number) + " commits " + token + " in " + slot.name + " at " +
         std::to_string(committed->first) + ".." + std::to_string(committed->last));
    for (const std::string& line : told) note("    " + line);
    edits_[token].space = slot.name;
    if (grows) device.own[slot.name].insert(token);
    if (device.session != nullptr) {
        carry_out(device, device.session->changed(slot.name, clock_of(device)));
    }
}

/// What a reader sees now has to be what a reader sees after a restart, and what it saw before.
void World::audit(Device& device) {
    for (auto& slot : device.slots) {
        MemorySpaceStorage copy(slot->storage->image());
        auto again = SpaceReplica::open(copy, {});
        if (!again) return fail("a copy of the store does not open: " + why(again));
        std::vector<DocumentKey> keys{grow_key};
        for (std::size_t i = 0; i < settings_.documents; ++i) {
            keys.push_back({"c", "d" + std::to_string(i)});
        }
        for (const DocumentKey& key : keys) {
            auto live = slot->replica->document(key);
            auto stored = (*again)->document(key);
            if (!live || !stored) return fail("a document cannot be read");
            if (!((*live)->root() == (*stored)->root())) {
                return fail(name_of_device(device.number) + " shows " + slot->name + " " + key.id +
                            " otherwise than its file: " + to_json(view((*live)->root())) +
                            " instead of " + to_json(view((*stored)->root())));
            }
        }
        auto live_ids = slot->replica->ids("c");
        auto stored_ids = (*again)->ids("c");
        if (!live_ids || !stored_ids || *live_ids != *stored_ids) return fail("ids differ");
        if (slot->replica->pending() != (*again)->pending()) return fail("pending differs");

        auto document = slot->replica->document(grow_key);
        const GSet& grown = (*document)->root().at<GSet>(grow_path);
        for (const std::string& token : device.own[slot->name]) {
            if (!grown.contains(token) && !edits_[token].may_vanish) {
                return fail(name_of_device(device.number) + " no longer shows its own " + token);
            }
        }
        std::set<std::string>& seen = device.seen[slot->name];
        // The log of a restored relay may lack what others did and have not brought back.
        if (slot->generation_seen != slot->replica->state().generation) seen.clear();
        slot->generation_seen = slot->replica->state().generation;
        for (const std::string& token : seen) {
            if (!grown.contains(token) && !edits_[token].refused && !edits_[token].may_vanish) {
                return fail(name_of_device(device.number) + " no longer shows " + token +
                            ", which it showed before");
            }
        }
        for (const auto& [element, dots] : grown.elements().elements()) {
            seen.insert(*element.text());
        }
    }
}

void World::crash(Device& device) {
    note(name_of_device(device.number) + " crashes");
    const ConnectionId id = device.connection;
    if (id != 0) {
        // Sometimes the sockets are closed by the system, sometimes nobody tells the relay.
        if (random_.chance(50)) {
            connections_.at(id).up.cutoff =
                connections_.at(id).up.delivered +
                random_.below(connections_.at(id).up.sent - connections_.at(id).up.delivered + 1);
        }
        hang_up(device);
    }
    for (auto& slot : device.slots) {
        slot->replica.reset();
        slot->storage->crash();
    }
    device.correction = 0;
    device.claims = 0;
    open_slots(device);
    plan_connect(device, random_.between(10, 3'000));
}

/// A refusal, or a clock that has to be corrected, gives pending changes other places or stamps.
bool World::changes_are_moved() const {
    return clocks_moved_ || settings_.drift_ppm_max > 0 || settings_.poison_percent > 0;
}

void World::move_clock(std::int64_t& offset, std::int64_t by) {
    offset += by;
    clocks_moved_ = true;
    for (auto& [token, edit] : edits_) edit.may_repeat = edit.may_repeat || edit.copied;
}

void World::clone(Device& device) {
    if (devices_.size() >= devices_max) return;
    const std::size_t from = device.number;
    Device& copy = add_device();
    const Device& original = *devices_[from];
    note(name_of_device(copy.number) + " becomes a copy of " + name_of_device(from));
    const bool first_copy = ++copies_ == 1;
    copy.id = original.id;
    copy.nonce = original.nonce;
    copy.access = original.access;
    copy.clock_offset = original.clock_offset;
    copy.own = original.own;
    copy.seen = original.seen;
    for (const auto& slot : original.slots) {
        auto made = std::make_unique<Slot>();
        made->name = slot->name;
        made->storage = std::make_unique<MemorySpaceStorage>(slot->storage->image());
        // Both copies hold the changes that were pending. Where they are moved on their chain, or
        // pending in a third copy, they may be brought twice, once under a new identity.
        for (const auto& [first, own] : slot->storage->image().own) {
            auto change = wire::decode_change(own.bytes, slot->storage->image().state.replica, {});
            if (!change) continue;
            Edit& edit = edits_[change->message];
            edit.copied = true;
            edit.may_repeat = edit.may_repeat || !first_copy || changes_are_moved();
        }
        copy.slots.push_back(std::move(made));
    }
    open_slots(copy);
    plan_connect(copy, random_.between(10, 3'000));
}

void World::cut(Device& device, std::uint64_t seed) {
    const ConnectionId id = device.connection;
    if (id == 0) return;
    Random random(seed);
    Connection& connection = connections_.at(id);
    note("connection " + std::to_string(id) + " is cut");
    for (Pipe* pipe : {&connection.up, &connection.down}) {
        pipe->cutoff = std::min(pipe->cutoff,
                                pipe->delivered + random.below(pipe->sent - pipe->delivered + 1));
    }
    at(now_ + random.below(2'000), [this, id] { client_notices(id); });
    at(now_ + random.below(5'000), [this, id] { relay_notices(id); });
}

void World::half_open(Device& device, std::uint64_t seed) {
    const ConnectionId id = device.connection;
    if (id == 0) return;
    Random random(seed);
    Connection& connection = connections_.at(id);
    Pipe& pipe = random.chance(50) ? connection.up : connection.down;
    pipe.cutoff =
        std::min(pipe.cutoff, pipe.delivered + random.below(pipe.sent - pipe.delivered + 1));
    note("connection " + std::to_string(id) + " is half open");
    at(now_ + random.between(1'000, 45'000), [this, id] { client_notices(id); });
    at(now_ + random.between(1'000, 45'000), [this, id] { relay_notices(id); });
}

// ---- The relay

void World::start_relay() {
    ++life_;
    RelayEngine::Options options;
    options.clock_bound_ms = bound_ms_;
    options.history_bytes = settings_.history_bytes;
    options.row_bytes = settings_.row_bytes;
    options.heads_every = settings_.heads_every;
    options.spaces_max = settings_.engine_spaces_max;
    relay_ = Relay{};
    relay_.engine = std::make_unique<RelayEngine>(disk_, random_source(), options);
    RelaySession::Limits limits;
    limits.queue_bytes_max = settings_.queue_bytes_max;
    const auto gatekeeper = [this](const std::string& token, std::uint64_t) -> Result<Grant> {
        Grant grant;
        grant.subject = "everybody";
        const std::size_t number = static_cast<std::size_t>(std::stoul(token));
        grant.access = [this, number](const std::string&) { return devices_[number]->access; };
        return grant;
    };
    relay_.hub = std::make_unique<RelayHub>(static_cast<RelayOutput&>(*this), gatekeeper, limits);
    relay_up_ = true;
    note("the relay starts");
}

void World::crash_relay(std::uint64_t down_ms) {
    if (!relay_up_) return;
    note("the relay crashes");
    relay_up_ = false;
    ++life_;
    if (relay_.engine != nullptr) outcome_.regressions += relay_.engine->statistics().regressions;
    relay_ = Relay{};
    disk_.crash();
    check_acknowledged();
    for (auto& [id, connection] : connections_) {
        if (!connection.relay_up) continue;
        connection.relay_up = false;
        connection.up.cutoff = std::min(connection.up.cutoff, connection.up.delivered);
        connection.down.cutoff =
            std::min(connection.down.cutoff,
                     connection.down.delivered +
                         random_.below(connection.down.sent - connection.down.delivered + 1));
        const ConnectionId gone = id;
        at(now_ + random_.below(2'000), [this, gone] { client_notices(gone); });
    }
    at(now_ + down_ms, [this] {
        if (!relay_up_) start_relay();
    });
}

/// Acknowledged is on disk, whatever happened to the relay.
void World::check_acknowledged() {
    if (restored_) return;
    for (const auto& [space, told] : acknowledged_) {
        const auto* log = disk_.space("", space);
        VersionVector stored;
        for (std::size_t i = 0; log != nullptr && i < log->rows.size(); ++i) {
            const auto entries =
                wire::decode_batch(log->rows[i]->changes, wire::relay_frame_limits());
            for (const wire::BatchEntry& entry : *entries) {
                const auto change = wire::decode_change(entry.change, entry.replica, {});
                if (change) stored.raise(entry.replica, change->last());
            }
        }
        if (!stored.covers(told)) return fail("an acknowledged change is not on the relay's disk");
    }
}

void World::restore_relay(std::uint64_t which) {
    if (backups_.empty()) return;
    crash_relay(random_.between(50, 1'000));
    const std::size_t index = static_cast<std::size_t>(which % backups_.size());
    note("the relay's disk goes back to backup " + std::to_string(index));
    disk_.restore(backups_[index]);
    // A relay whose clock went back makes authors stamp again what it lost. If it then goes to yet
    // another timeline that still has those changes with their first stamps, they fork, and their
    // author brings them once more under a new identity.
    if (restored_ && relay_clock_moved_) {
        for (auto& entry : edits_) entry.second.may_repeat = true;
    }
    restored_ = true;
    if (copies_ > 0) {
        for (auto& [token, edit] : edits_) edit.may_vanish = edit.may_repeat = true;
    }
}

void World::relay_notices(ConnectionId id) {
    const auto found = connections_.find(id);
    if (found == connections_.end() || !found->second.relay_up) return;
    found->second.relay_up = false;
    if (relay_up_) relay_.hub->disconnected(id);
    if (found->second.client_up) {
        const std::uint64_t last = std::max(found->second.down.last_at, now_);
        at(last + 1 + random_.below(1'000), [this, id] { client_notices(id); });
    }
}

void World::arrive_up(ConnectionId id, std::uint64_t index, const Bytes& frame) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    Connection& connection = found->second;
    if (!connection.relay_up || index >= connection.up.cutoff) return;
    connection.up.delivered = index + 1;
    trace_.add(frame.data(), frame.size());
    relay_.hub->received(id, frame, relay_clock());
}

void World::send(ConnectionId to, std::shared_ptr<const Bytes> frame) {
    const auto found = connections_.find(to);
    if (found == connections_.end() || !found->second.relay_up) return;
    Connection& connection = found->second;
    note("the relay sends " + name_of_device(connection.device) + " " +
         (keeps_diary_ ? sketch(*frame) : ""));
    std::size_t times = 1;
    if (settings_.repeat_percent > 0 && random_.chance(settings_.repeat_percent)) {
        const auto message = wire::decode(*frame, wire::relay_frame_limits());
        if (message && (std::holds_alternative<wire::Changes>(*message) ||
                        std::holds_alternative<wire::Accepted>(*message))) {
            times = 2;
        }
    }
    connection.queued += frame->size();
    connection.link_free_at =
        std::max(now_, connection.link_free_at) + frame->size() / settings_.bytes_per_ms;
    const std::size_t size = frame->size();
    const std::uint64_t life = life_;
    at(connection.link_free_at, [this, to, size, life] {
        const auto writing = connections_.find(to);
        if (writing == connections_.end() || life != life_ || !writing->second.relay_up) return;
        writing->second.queued -= size;
        if (writing->second.queued == 0) relay_.hub->drained(to);
    });
    for (std::size_t i = 0; i < times; ++i) {
        const std::uint64_t index = connection.down.sent++;
        connection.down.last_at = std::max(connection.down.last_at, connection.link_free_at) +
                                  random_.below(settings_.latency_max_ms + 1);
        at(connection.down.last_at, [this, to, index, frame] { arrive_down(to, index, *frame); });
    }
}

void World::send(const std::vector<ConnectionId>& to, std::shared_ptr<const Bytes> frame) {
    for (const ConnectionId each : to) send(each, frame);
}

std::size_t World::queued_bytes(ConnectionId connection) {
    const auto found = connections_.find(connection);
    return found == connections_.end() ? 0 : found->second.queued;
}

void World::close(ConnectionId connection, std::uint16_t code, const std::string& reason) {
    note("the relay closes " + std::to_string(connection) + ": " + std::to_string(code) + " " +
         reason);
    at(now_, [this, connection] { relay_notices(connection); });
}

void World::submit(RelayRequest request) {
    relay_.requests.push_back(std::move(request));
    if (relay_.run_scheduled) return;
    relay_.run_scheduled = true;
    const std::uint64_t life = life_;
    at(now_ + random_.below(settings_.commit_max_ms + 1), [this, life] {
        if (life == life_) run_engine();
    });
}

void World::run_engine() {
    relay_.run_scheduled = false;
    std::vector<RelayRequest> requests = std::move(relay_.requests);
    relay_.requests.clear();
    std::vector<RelayReply> replies = process(std::move(requests));
    if (!relay_up_) return;
    relay_.last_reply_at =
        std::max(relay_.last_reply_at, now_) + random_.below(settings_.reply_max_ms + 1);
    const std::uint64_t life = life_;
    auto shared = std::make_shared<std::vector<RelayReply>>(std::move(replies));
    at(relay_.last_reply_at, [this, life, shared] {
        if (life == life_) relay_.hub->deliver(*shared, relay_clock());
    });
}

/// The engine, behind a hook that refuses poisoned changes for ever, as a schema check would.
std::vector<RelayReply> World::process(std::vector<RelayRequest> requests) {
    struct Held {
        bool any = false;
        std::vector<wire::Refusal> refusals;
    };
    std::vector<Held> held;
    if (settings_.poison_percent > 0) {
        for (RelayRequest& request : requests) {
            auto* push = std::get_if<relay_request::Push>(&request);
            if (push == nullptr) continue;
            Held& mine = held.emplace_back();
            auto& changes = push->message.changes;
            for (std::size_t i = 0; i < changes.size(); ++i) {
                auto change = wire::decode_change(changes[i], push->replica, wire::Limits{});
                if (!change || change->message.empty() || change->message.front() != '!') continue;
                mine.refusals.push_back({change->first, ErrorCode::forbidden, "poison"});
                if (!mine.any) push->message.changes.resize(i + 1);
                mine.any = true;
                if (changes.size() == i + 1) break;
            }
            if (mine.any) changes.pop_back();
        }
    }
    std::vector<RelayReply> flawed;
    if (settings_.control != Control::none) flawed_requests(requests, flawed);
    auto replies = relay_.engine->process(requests, relay_clock());
    if (!replies) {
        note("the relay's storage fails: " + replies.error().message);
        if (replies.error().code != ErrorCode::storage_failed) {
            fail("the engine gave up: " + replies.error().message);
        }
        crash_relay(random_.between(100, 2'000));
        return {};
    }
    if (settings_.control != Control::none) {
        flawed_replies(*replies);
        replies->insert(replies->begin(), flawed.begin(), flawed.end());
    }
    std::size_t next = 0;
    for (RelayReply& reply : *replies) {
        auto* answer = std::get_if<relay_reply::Answer>(&reply);
        if (answer == nullptr || held.empty()) continue;
        const auto* failure = std::get_if<wire::Failure>(&answer->message);
        if (failure != nullptr && failure->code == ErrorCode::storage_full) break;
        Held& mine = held.at(next++);
        auto* accepted = std::get_if<wire::Accepted>(&answer->message);
        if (!mine.any || accepted == nullptr) continue;
        if (accepted->head.counter + 1 != mine.refusals.front().counter) continue;
        const wire::Accepted was = *accepted;
        answer->message = wire::Rejected{was.space, was.head, std::move(mine.refusals)};
    }
    return std::move(*replies);
}

// ---- What the controls break

/// Requests that a flawed relay treats in its own way are taken out, or bent.
void World::flawed_requests(std::vector<RelayRequest>& requests, std::vector<RelayReply>& replies) {
    const bool stores_itself = settings_.control == Control::duplicates_stored ||
                               settings_.control == Control::clone_unnoticed;
    std::vector<RelayRequest> rest;
    for (RelayRequest& request : requests) {
        auto* open = std::get_if<relay_request::Open>(&request);
        if (open != nullptr && settings_.control == Control::epoch_unnoticed) {
            // Whatever the cursor, it is declared to be good.
            const auto* log = disk_.space("", open->space.name);
            claimed_[{open->connection, open->space.name}] = open->message.cursor;
            open->message.cursor = 0;
            if (log != nullptr) open->message.epoch = log->record.epoch;
        }
        auto* push = std::get_if<relay_request::Push>(&request);
        const auto* log = push == nullptr ? nullptr : disk_.space("", push->space.name);
        if (!stores_itself || log == nullptr) {
            rest.push_back(std::move(request));
            continue;
        }
        ChainHead head = push->message.head;
        std::uint64_t known = 0;
        for (const auto& row : log->rows) {
            const auto entries = wire::decode_batch(row->changes, wire::relay_frame_limits());
            for (const wire::BatchEntry& entry : *entries) {
                const auto change = wire::decode_change(entry.change, entry.replica, {});
                if (entry.replica == push->replica) known = std::max(known, change->last());
            }
        }
        for (const Bytes& bytes : push->message.changes) {
            const auto change = wire::decode_change(bytes, push->replica, wire::Limits{});
            head = {change->last(), *wire::chain(head.hash, push->replica, bytes, wire::Limits{})};
            const bool seen = change->first <= known;
            if (seen && settings_.control == Control::clone_unnoticed) continue;
            LogRow row;
            row.first = log->head() + 1;
            row.count = 1;
            row.salt = random_.next();
            row.changes = wire::encode_batch({{push->replica, bytes}});
            if (!disk_.append(log->record.id, row)) return fail("a control cannot store");
            replies.push_back(relay_reply::Broadcast{
                push->space, row.first, row.first,
                std::make_shared<const Bytes>(wire::encode(wire::Changes{
                    push->space.name, {wire::Batch{row.first, row.salt, row.changes}}}))});
        }
        replies.push_back(relay_reply::Answer{push->connection, push->space,
                                              wire::Accepted{push->space.name, head}});
    }
    requests = std::move(rest);
    // The engine's memory does not know what was stored behind its back.
    if (stores_itself && !replies.empty()) {
        RelayEngine::Options options;
        options.clock_bound_ms = bound_ms_;
        relay_.engine = std::make_unique<RelayEngine>(disk_, random_source(), options);
    }
}

void World::flawed_replies(std::vector<RelayReply>& replies) {
    if (settings_.control != Control::epoch_unnoticed) return;
    for (RelayReply& reply : replies) {
        auto* opened = std::get_if<relay_reply::Opened>(&reply);
        if (opened == nullptr) continue;
        opened->message.from = claimed_[{opened->connection, opened->space.name}];
    }
}

/// What a flawed client makes of a frame; empty if it passes over it.
Bytes World::flawed_feed(ConnectionId connection, const Bytes& frame) {
    const bool gap = settings_.control == Control::feed_gap_ignored;
    if (!gap && settings_.control != Control::clone_unnoticed) return frame;
    auto message = wire::decode(frame, wire::relay_frame_limits());
    if (!message) return frame;
    Device& device = *devices_[connections_.at(connection).device];
    auto* changes = std::get_if<wire::Changes>(&*message);
    auto* opened = std::get_if<wire::Opened>(&*message);
    if (gap) {
        std::uint64_t& lost = lost_changes_[connection];
        if (opened != nullptr) lost = 0;
        if (changes == nullptr) return frame;
        const bool skip = lost == 0 && random_.chance(20);
        for (wire::Batch& batch : changes->batches) {
            const auto entries = wire::decode_batch(batch.changes, wire::relay_frame_limits());
            if (skip) lost += entries->size();
            batch.first -= lost;
        }
        return skip ? Bytes() : wire::encode(*message);
    }
    const std::string& space = changes != nullptr  ? changes->space
                               : opened != nullptr ? opened->space
                                                   : std::string();
    for (auto& slot : device.slots) {
        if (slot->name != space) continue;
        const auto& own = slot->storage->image().own;
        if (opened != nullptr) {
            // Whatever the relay has under this id is taken for its own.
            ChainHead head;
            for (const auto& [first, change] : own) {
                if (change.last <= opened->own.counter) head = {change.last, change.hash};
            }
            opened->own = head;
            continue;
        }
        for (wire::Batch& batch : changes->batches) {
            auto entries = wire::decode_batch(batch.changes, wire::relay_frame_limits());
            for (wire::BatchEntry& entry : *entries) {
                const auto change = wire::decode_change(entry.change, entry.replica, {});
                const auto mine = own.find(change->first);
                if (entry.replica == device.id && mine != own.end()) {
                    entry.change = mine->second.bytes;
                }
            }
            batch.changes = wire::encode_batch(*entries);
        }
    }
    return wire::encode(*message);
}

// ---- Steps

void World::act(const Action& action) {
    if (failed()) return;
    Device& device = *devices_[static_cast<std::size_t>(action.who % devices_.size())];
    random_ = Random(random_.next() ^ action.seed);
    Random random(action.seed);
    const auto jump = [&]() -> std::int64_t {
        constexpr std::int64_t day = 24LL * 3600 * 1000;
        switch (action.value % 6) {
            case 0: return day;
            case 1: return -day;
            case 2: return 400 * day;
            case 3: return -400 * day;
            case 4: return static_cast<std::int64_t>(random.below(120'000)) - 60'000;
            default: return static_cast<std::int64_t>(random.below(40)) - 20;
        }
    };
    switch (action.kind) {
        case ActionKind::run: {
            constexpr std::uint64_t spans[] = {3, 30, 300, 3'000, 20'000};
            run_until(now_ + random.below(spans[action.value % 5]) + 1);
            break;
        }
        case ActionKind::edit: edit(device, action); break;
        case ActionKind::cut: cut(device, action.seed); break;
        case ActionKind::half_open: half_open(device, action.seed); break;
        case ActionKind::block:
            note(name_of_device(device.number) + " is shut off");
            device.blocked_until = now_ + action.value % 60'000;
            cut(device, action.seed);
            break;
        case ActionKind::go_offline:
            note(name_of_device(device.number) + " goes offline");
            device.online = false;
            if (device.connection != 0) hang_up(device);
            break;
        case ActionKind::go_online:
            device.online = true;
            if (device.session == nullptr) plan_connect(device, random.below(100));
            break;
        case ActionKind::device_crash: crash(device); break;
        case ActionKind::device_fault: {
            Slot& slot = *device.slots[static_cast<std::size_t>(action.seed % device.slots.size())];
            note(name_of_device(device.number) + "'s disk will fail");
            slot.storage->faults().fail_at(1 + action.value % 40, action.value % 2 == 0
                                                                      ? ErrorCode::storage_full
                                                                      : ErrorCode::storage_failed);
            break;
        }
        case ActionKind::device_clock:
            move_clock(device.clock_offset, jump());
            note(name_of_device(device.number) + "'s clock is off by " +
                 std::to_string(device.clock_offset));
            break;
        case ActionKind::clone: clone(device); break;
        case ActionKind::relay_crash: crash_relay(action.value % 3'000); break;
        case ActionKind::relay_fault:
            note("the relay's disk will fail");
            disk_.faults().fail_at(1 + action.value % 60, action.value % 2 == 0
                                                              ? ErrorCode::storage_full
                                                              : ErrorCode::storage_failed);
            break;
        case ActionKind::relay_clock:
            move_clock(relay_offset_, jump());
            relay_clock_moved_ = true;
            note("the relay's clock is off by " + std::to_string(relay_offset_));
            break;
        case ActionKind::relay_backup:
            note("backup " + std::to_string(backups_.size()) + " of the relay");
            backups_.push_back(disk_.image());
            break;
        case ActionKind::relay_restore: restore_relay(action.value); break;
        case ActionKind::access:
            device.access = static_cast<Access>(1 + action.value % 2);
            note(name_of_device(device.number) + " may " +
                 (device.access == Access::write ? "write" : "only read"));
            cut(device, action.seed);
            break;
        case ActionKind::bound:
            bound_ms_ = action.value % 2 == 0 ? 0 : action.value % 100'000;
            crash_relay(0);
            break;
        case ActionKind::audit: audit(device); break;
        case ActionKind::settle: settle(); break;
        default: break;
    }
}

// ---- Quiescence

void World::settle() {
    if (failed()) return;
    note("faults end");
    calm_ = true;
    for (auto& device : devices_) {
        device->online = true;
        device->blocked_until = 0;
        for (auto& slot : device->slots) slot->storage->faults().heal();
        if (device->access != Access::write) {
            device->access = Access::write;
            if (device->connection != 0) cut(*device, random_.next());
        }
        if (device->session == nullptr) plan_connect(*device, random_.below(2'000));
    }
    disk_.faults().heal();
    const std::uint64_t begun = now_;
    const std::uint64_t end = begun + settle_ms + copies_ * settle_ms_a_copy;
    std::string left = "not begun";
    while (now_ < end && !failed()) {
        run_until(now_ + 250);
        left = unsettled();
        if (left.empty()) break;
    }
    if (!failed() && !left.empty()) {
        return fail("not in sync after " + std::to_string((end - begun) / 1000) + " s: " + left);
    }
    for (auto& device : devices_) {
        if (!failed()) audit(*device);
    }
    for (const std::string& space : space_names_) {
        if (!failed()) check_space(space);
    }
    calm_ = false;
}

std::string World::unsettled() const {
    if (!relay_up_) return "the relay is down";
    for (const auto& device : devices_) {
        const std::string name = name_of_device(device->number);
        if (device->session == nullptr) return name + " is not connected";
        const Connection& line = connections_.at(device->connection);
        const std::uint64_t whole = ~std::uint64_t{0};
        if (!line.relay_up || line.up.cutoff != whole || line.down.cutoff != whole) {
            return name + " is on a dead connection";
        }
        for (const auto& slot : device->slots) {
            const auto* log = disk_.space("", slot->name);
            if (log == nullptr) return slot->name + " is not at the relay";
            const SpaceReplica& replica = *slot->replica;
            if (replica.pending() > 0) {
                return name + " has " + std::to_string(replica.pending()) + " pending in " +
                       slot->name;
            }
            if (device->in_sync.count(slot->name) == 0) {
                return name + " was not told that " + slot->name + " is in sync";
            }
            if (replica.staging()) return name + " is staging " + slot->name;
            if (!(replica.state().replica == device->id)) {
                return name + " has not settled its old identity in " + slot->name;
            }
            if (replica.state().cursor != log->head()) {
                return name + " is at " + std::to_string(replica.state().cursor) + " of " +
                       std::to_string(log->head()) + " in " + slot->name;
            }
        }
    }
    if (!relay_.requests.empty()) return "the relay has requests";
    return {};
}

void World::check_space(const std::string& space) {
    const auto* log = disk_.space("", space);
    // The log itself: chains, stamps, every edit once.
    Reference reference;
    VersionVector vector;
    std::map<ReplicaId, Hlc> stamps;
    std::map<std::string, std::size_t> found;
    std::uint64_t sequence = 0;
    for (const auto& row : log->rows) {
        const auto entries = wire::decode_batch(row->changes, wire::relay_frame_limits());
        if (!entries || entries->size() != row->count || row->first != sequence + 1) {
            return fail("a row of the log is broken");
        }
        for (const wire::BatchEntry& entry : *entries) {
            ++sequence;
            auto change = wire::decode_change(entry.change, entry.replica, wire::Limits{});
            if (!change) return fail("a change in the log does not decode");
            if (change->first != vector.at(entry.replica) + 1) {
                return fail("the log has a hole or a repetition at " + std::to_string(sequence));
            }
            if (change->hlc <= stamps[entry.replica]) return fail("stamps do not grow");
            stamps[entry.replica] = change->hlc;
            if (!restored_) {
                if (std::get<std::uint64_t>(change->base) >= sequence) {
                    return fail("a change comes before what its author had seen");
                }
                for_each_op(*change, [&](const Section&, const FieldOp& op, const Event& at) {
                    for_each_reference(op, [&](const DotRun& dots) {
                        const bool own = dots.replica == at.dot.replica;
                        if (own ? dots.last >= at.dot.counter
                                : !vector.covers(Dot{dots.replica, dots.last})) {
                            fail("an op names a dot that is not in the log before it");
                        }
                    });
                });
            }
            vector.raise(entry.replica, change->last());
            ++found[change->message];
            reference.add(*change);
        }
    }
    for (const auto& [token, edit] : edits_) {
        if (edit.space != space) continue;
        const std::size_t times = found[token];
        if (edit.refused && times > 0 && !edit.may_repeat) {
            return fail(token + " was refused and is in the log");
        }
        if (edit.refused || edit.may_vanish) continue;
        if (times == 0) return fail(token + " is lost");
        if (times > 1 && !edit.may_repeat) {
            return fail(token + " is in the log " + std::to_string(times) + " times");
        }
    }
    // Every device, and one that reads the whole log.
    std::optional<Hash> digest;
    for (const auto& device : devices_) {
        for (const auto& slot : device->slots) {
            if (slot->name != space) continue;
            const auto of_device = slot->replica->digest();
            if (!of_device) return fail("no digest");
            if (digest && !(*digest == *of_device)) {
                return fail("digests differ at sequence number " + std::to_string(sequence));
            }
            digest = *of_device;
            const auto& image = slot->storage->image();
            const auto stored = image.vectors.find(image.state.generation);
            if (!(slot->replica->open_message().vector == vector) ||
                (stored == image.vectors.end() ? !vector.empty() : !(stored->second == vector))) {
                return fail(name_of_device(device->number) + " has another V");
            }
            if (keeps_history(*device)) check_history(*slot);
            // The others show the same: their digests are equal, and audit() has compared what they
            // show with what they store.
            // With copies and restores together, a copy may write under an id whose dots of the
            // lost timeline others still name; nobody is left who could tell. All agree even then.
            if (device != devices_.front() || (copies_ > 0 && restored_)) continue;
            for (const DocumentKey& key : reference.documents()) {
                auto document = slot->replica->document(key);
                if (!document) return fail("a document cannot be read");
                const Value seen = shown((*document)->root());
                const Value expected = reference.view(key);
                if (!(seen == expected)) {
                    return fail(name_of_device(device->number) + " shows " + key.id + " as " +
                                to_json(seen) + ", the reference says " + to_json(expected));
                }
            }
        }
    }
    if (!restored_ && relay_.engine->statistics().regressions > 0) {
        return fail("the relay says that it went back in time, and it did not");
    }
    check_fresh_reader(space, *log);
    if (digest) trace_.add(digest->bytes.data(), digest->bytes.size());
}

/// The kept log and what it stands on have to lead to what is confirmed.
void World::check_history(const Slot& slot) {
    const MemorySpaceStorage::Image& image = slot.storage->image();
    const auto confirmed = image.documents.find(image.state.generation);
    if (confirmed == image.documents.end()) return;
    for (const auto& [key, bytes] : confirmed->second) {
        const auto now = slot.replica->as_of(key, image.state.cursor);
        if (!now) return fail("no history: " + why(now));
        if (wire::encode_document(*now) != *bytes)
            return fail("the history of " + key.id + " leads elsewhere");
    }
}

void World::check_fresh_reader(const std::string& space, const MemoryRelayStorage::Space& log) {
    MemorySpaceStorage::Image image;
    image.state.name = space;
    MemorySpaceStorage storage(std::move(image));
    auto reader = SpaceReplica::open(storage, {});
    if (!reader) return fail("a fresh space does not open");
    wire::Changes all;
    all.space = space;
    for (const auto& row : log.rows) all.batches.push_back({row->first, row->salt, row->changes});
    const ReplicaId nobody;
    auto fed = (*reader)->feed(all, nobody, start_of_time_ms);
    if (!fed) return fail("a fresh device cannot read the log: " + why(fed));
    const auto digest = (*reader)->digest();
    for (const auto& slot : devices_.front()->slots) {
        if (slot->name != space) continue;
        const auto other = slot->replica->digest();
        if (!digest || !other || !(*digest == *other)) {
            return fail("a fresh device that reads the whole log has another digest");
        }
    }
}

Outcome run_relay(const Settings& settings, const std::vector<Action>& actions, bool diary) {
    World world(settings, diary);
    for (const Action& action : actions) {
        if (world.failed()) break;
        world.act(action);
    }
    world.settle();
    return world.outcome();
}

}  // namespace syncline::sim

#include "device_node.hpp"

#include "poison.hpp"
#include "transaction.hpp"

#include <algorithm>

namespace syncline::sim {

namespace {

/// Whether a change works on an element of a list that one of these dots inserted.
bool works_inside(const Change& change, const DotSet& gone) {
    bool inside = false;
    for_each_op(change, [&](const Section&, const FieldOp& op, const Event&) {
        inside = inside || gone.contains(op.op.element);
        for (const Step& step : op.path) inside = inside || gone.contains(step.element);
    });
    return inside;
}

}  // namespace

DeviceNode::DeviceNode(Stage& stage, Network& network, Ledger& ledger, std::size_t number,
                       const std::vector<std::string>& spaces)
    : stage_(stage), network_(network), ledger_(ledger), number_(number), ear_(stage) {
    stage_.random.fill(id_.bytes.data(), id_.bytes.size());
    const std::uint64_t drift = stage_.settings.drift_ppm_max;
    if (drift > 0) {
        drift_ppm_ = static_cast<std::int64_t>(stage_.random.below(2 * drift)) -
                     static_cast<std::int64_t>(drift);
    }
    for (const std::string& name : spaces) {
        auto slot = std::make_unique<Slot>();
        slot->name = name;
        MemorySpaceStorage::Image image;
        image.state.name = name;
        image.state.replica = id_;
        slot->storage = std::make_unique<MemorySpaceStorage>(std::move(image));
        slots_.push_back(std::move(slot));
    }
    open_slots();
    plan_connect(stage_.random.below(500));
}

DeviceNode::DeviceNode(Stage& stage, Network& network, Ledger& ledger, std::size_t number,
                       const DeviceNode& original)
    : stage_(stage),
      network_(network),
      ledger_(ledger),
      number_(number),
      id_(original.id_),
      nonce_(original.nonce_),
      access_(original.access_),
      clock_offset_(original.clock_offset_),
      ear_(stage) {
    stage_.note(name() + " becomes a copy of " + original.name());
    ledger_.device_copied();
    for (const auto& slot : original.slots_) {
        auto made = std::make_unique<Slot>();
        made->name = slot->name;
        made->storage = std::make_unique<MemorySpaceStorage>(slot->storage->image());
        made->own = slot->own;
        made->seen = slot->seen;
        for (const auto& [first, own] : slot->storage->image().own) {
            auto change = wire::decode_change(own.bytes, slot->storage->image().state.replica, {});
            if (change) ledger_.copied(change->message);
        }
        slots_.push_back(std::move(made));
    }
    open_slots();
    plan_connect(stage_.random.between(10, 3'000));
}

void DeviceNode::open_slots() {
    const bool prunes = stage_.settings.prunes;
    for (auto& slot : slots_) {
        SpaceReplica::Options options;
        options.cached_documents = stage_.settings.cached_documents;
        options.backup_horizon_ms = prunes ? 2'000 : ~std::uint64_t{0} >> 1;
        if (keeps_history()) options.history_ms = prunes ? 3'000 : 1'000'000;
        auto opened = SpaceReplica::open(*slot->storage, options);
        if (!opened) return stage_.fail("a space does not open: " + why(opened));
        slot->replica = std::move(*opened);
    }
}

std::uint64_t DeviceNode::clock() const {
    const auto now = static_cast<std::int64_t>(stage_.now());
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(start_of_time_ms) + now +
                                      now * drift_ppm_ / 1'000'000 + clock_offset_);
}

Slot* DeviceNode::find(const std::string& space) {
    const auto found = std::find_if(slots_.begin(), slots_.end(),
                                    [&](const auto& slot) { return slot->name == space; });
    return found == slots_.end() ? nullptr : found->get();
}

// ---- The connection

void DeviceNode::plan_connect(std::uint64_t delay) {
    const std::uint64_t attempt = ++attempt_;
    stage_.at(stage_.now() + delay, [this, attempt] {
        if (attempt_ == attempt && online_ && !connected()) connect();
    });
}

void DeviceNode::connect() {
    ++nonce_;  // durable before the connection leaves
    const bool blocked = stage_.now() < blocked_until_;
    const auto connection = blocked ? std::nullopt : network_.connect(number_);
    if (!connection) return plan_connect(stage_.random.between(200, 2'000));
    const ConnectionId id = *connection;
    connection_ = id;
    ear_ = FlawedEar(stage_);
    ClientSession::Options options;
    options.replica = id_;
    const bool unfenced = stage_.settings.control == Control::clone_unnoticed;
    options.nonce = unfenced ? stage_.now() * 1000 + id : nonce_;
    options.leaving = claims_ > 0;
    options.token = std::to_string(number_);
    options.push_bytes = stage_.settings.push_bytes;
    options.pushes_max = stage_.settings.pushes_max;
    session_ = std::make_unique<ClientSession>(options);
    for (auto& slot : slots_) {
        slot->in_sync = false;
        carry_out(session_->add(*slot->replica, clock()));
    }
    stage_.note(name() + " connects as " + std::to_string(id));
    carry_out(session_->connected(clock()));
    stage_.at(stage_.now() + 1'000, [this, id] { tick(id); });
}

void DeviceNode::tick(ConnectionId connection) {
    if (connection_ != connection || !connected()) return;
    carry_out(session_->tick(clock()));
    stage_.at(stage_.now() + 1'000, [this, connection] { tick(connection); });
}

void DeviceNode::hang_up() {
    if (connection_ == 0) return;
    const ConnectionId id = connection_;
    connection_ = 0;
    session_.reset();
    network_.device_closes(id);
}

void DeviceNode::noticed_end(ConnectionId connection) {
    stage_.note(name() + " notices that connection " + std::to_string(connection) + " is gone");
    hang_up();
    plan_connect(stage_.random.between(20, 1'500));
}

void DeviceNode::received(const Bytes& frame) {
    if (stage_.settings.control == Control::none) {
        return carry_out(session_->received(frame, clock()));
    }
    const Bytes heard = ear_.hears(frame, id_, slots_);
    if (!heard.empty()) carry_out(session_->received(heard, clock()));
}

// ---- What the session wants, and tells

void DeviceNode::carry_out(ClientEffects effects) {
    for (const Bytes& frame : effects.send) {
        if (connection_ != 0) network_.send_up(connection_, frame);
    }
    for (const ClientEvent& event : effects.events) {
        std::visit([this](const auto& each) { on(each); }, event);
    }
    on(effects.identity);
    if (effects.close) on(*effects.close);
}

void DeviceNode::on(const client_event::Welcomed& event) { correction_ = event.offset_ms; }

void DeviceNode::on(const client_event::Opened& event) {
    if (Slot* slot = find(event.space)) slot->access = event.access;
}

void DeviceNode::on(const client_event::Accepted& event) {
    ledger_.acknowledged(event.space, id_, event.counter);
}

void DeviceNode::on(const client_event::InSync& event) {
    Slot* slot = find(event.space);
    if (slot == nullptr) return;
    slot->in_sync = true;
    if (slot->replica->pending() > 0 && slot->access == Access::write) {
        stage_.fail("in_sync was told with changes pending");
    }
}

void DeviceNode::on(const client_event::Rejected& event) {
    Slot* slot = find(event.space);
    DotSet gone;
    for (const RejectedChange& rejected : event.changes) {
        const Change& change = rejected.change;
        ++stage_.outcome.refused;
        stage_.note(name() + " is told that " + change.message +
                    " is refused: " + std::string(name_of(rejected.code)));
        ledger_.refused(change.message);
        if (slot != nullptr) slot->own.erase(change.message);
        if (!is_poison(change.message) && !works_inside(change, gone)) {
            stage_.fail("a good change was refused for ever: " + change.message + ", " +
                        rejected.reason);
        }
        gone.insert(DotRun{change.replica, change.first, change.last()});
    }
}

void DeviceNode::on(const client_event::SpaceFailed& event) {
    stage_.note(name() + ": space fails, " + event.error.message);
    // A right that is missing for a while is part of the schedule.
    const bool final = !event.retryable && event.error.code != ErrorCode::forbidden;
    if (final) stage_.fail("space failed for good: " + event.error.message);
}

void DeviceNode::on(ClientEffects::Identity identity) {
    if (identity == ClientEffects::Identity::claim) {
        ++claims_;
        nonce_ = claiming_nonce(nonce_, claims_);
        stage_.note(name() + " claims its identity");
    } else if (identity == ClientEffects::Identity::replace) {
        ++stage_.outcome.identities;
        stage_.random.fill(id_.bytes.data(), id_.bytes.size());
        nonce_ = 0;
        claims_ = 0;
        stage_.note(name() + " takes the identity " + to_string(id_).substr(0, 4));
    }
}

void DeviceNode::on(const ClientEffects::Ending& ending) {
    stage_.note(name() + " hangs up: " + ending.error.message);
    if (!ending.retryable) stage_.fail("a session ended for good: " + ending.error.message);
    hang_up();
    // Copies that all leave must not take the id from each other as fast as they can.
    const std::uint64_t ceiling = std::uint64_t{1'500} << std::min(claims_, 4U);
    plan_connect(
        std::max<std::uint64_t>(ending.retry_after_ms, stage_.random.between(20, ceiling)));
}

// ---- What the schedule does

void DeviceNode::edit(std::uint64_t seed) {
    Random random(seed);
    Slot& slot = *slots_[static_cast<std::size_t>(random.below(slots_.size()))];
    const bool poison = random.chance(stage_.settings.poison_percent);
    const std::string token = (poison ? std::string(1, poison_mark) : "") +
                              std::string(1, static_cast<char>('A' + number_)) +
                              std::to_string(edits_++);
    const auto now = static_cast<std::uint64_t>(static_cast<std::int64_t>(clock()) + correction_);
    const Written written = transact_random(*slot.replica, random, stage_.settings, token, now);
    const auto note_ops = [&] {
        if (!stage_.keeps_diary()) return;
        for (const auto& line : written.ops) stage_.note("    " + line.key.id + to_string(line.op));
    };
    if (!written.wrong.empty()) return stage_.fail(name() + " " + written.wrong);
    if (!written.committed) {
        stage_.note(name() + " cannot commit: " + written.committed.error().message);
        note_ops();
        const auto code = written.committed.error().code;
        if (code != ErrorCode::storage_failed && code != ErrorCode::storage_full) {
            stage_.fail("a local transaction failed: " + why(written.committed));
        }
        return;
    }
    if (written.committed->first == 0) return;
    ++stage_.outcome.edits;
    stage_.note(name() + " commits " + token + " in " + slot.name + " at " +
                std::to_string(written.committed->first) + ".." +
                std::to_string(written.committed->last));
    note_ops();
    ledger_.committed(token, slot.name);
    if (written.grows) slot.own.insert(token);
    if (connected()) carry_out(session_->changed(slot.name, clock()));
}

void DeviceNode::crash() {
    stage_.note(name() + " crashes");
    if (connection_ != 0) {
        // Sometimes the sockets are closed by the system, sometimes nobody tells the relay.
        if (stage_.random.chance(50)) network_.lose_tail(connection_);
        hang_up();
    }
    for (auto& slot : slots_) {
        slot->replica.reset();
        slot->storage->crash();
    }
    correction_ = 0;
    claims_ = 0;
    open_slots();
    plan_connect(stage_.random.between(10, 3'000));
}

void DeviceNode::cut(std::uint64_t seed) {
    if (connection_ != 0) network_.cut(connection_, seed);
}

void DeviceNode::half_open(std::uint64_t seed) {
    if (connection_ != 0) network_.half_open(connection_, seed);
}

void DeviceNode::block(std::uint64_t span_ms, std::uint64_t seed) {
    stage_.note(name() + " is shut off");
    blocked_until_ = stage_.now() + span_ms;
    cut(seed);
}

void DeviceNode::set_access(Access access) {
    access_ = access;
    stage_.note(name() + " may " + (access == Access::write ? "write" : "only read"));
}

void DeviceNode::shift_clock(std::int64_t by_ms) {
    clock_offset_ += by_ms;
    ledger_.changes_are_moved();
    stage_.note(name() + "'s clock is off by " + std::to_string(clock_offset_));
}

void DeviceNode::go_offline() {
    stage_.note(name() + " goes offline");
    online_ = false;
    hang_up();
}

void DeviceNode::fail_disk(std::uint64_t which, std::uint64_t nth, ErrorCode code) {
    Slot& slot = *slots_[static_cast<std::size_t>(which % slots_.size())];
    stage_.note(name() + "'s disk will fail");
    slot.storage->faults().fail_at(nth, code);
}

void DeviceNode::heal_disk() {
    for (auto& slot : slots_) slot->storage->faults().heal();
}

}  // namespace syncline::sim

#include "relay_node.hpp"

#include "checks.hpp"
#include "poison.hpp"

#include <algorithm>

namespace syncline::sim {

RelayNode::RelayNode(Stage& stage, Network& network, Ledger& ledger, Rights rights)
    : stage_(stage),
      network_(network),
      ledger_(ledger),
      rights_(std::move(rights)),
      flaws_(stage, disk_),
      clock_bound_ms_(stage.settings.clock_bound_ms) {
    disk_.lying = stage_.settings.control == Control::ack_before_commit;
    start();
}

RelayNode::~RelayNode() = default;

// ---- Its lives

void RelayNode::start() {
    ++life_;
    RelayEngine::Options options;
    options.clock_bound_ms = clock_bound_ms_;
    options.history_bytes = stage_.settings.history_bytes;
    options.row_bytes = stage_.settings.row_bytes;
    options.heads_every = stage_.settings.heads_every;
    options.spaces_max = stage_.settings.engine_spaces_max;
    engine_ = std::make_unique<RelayEngine>(disk_, stage_.random_source(), options);
    RelaySession::Limits limits;
    limits.queue_bytes_max = stage_.settings.queue_bytes_max;
    const auto gatekeeper = [this](const std::string& token, std::uint64_t) {
        return grant(token);
    };
    hub_ = std::make_unique<RelayHub>(static_cast<RelayOutput&>(*this), gatekeeper, limits);
    stage_.note("the relay starts");
}

/// A device's token is its number.
Result<Grant> RelayNode::grant(const std::string& token) const {
    Grant grant;
    grant.subject = "everybody";
    const std::size_t device = static_cast<std::size_t>(std::stoul(token));
    grant.access = [this, device](const std::string&) { return rights_(device); };
    return grant;
}

void RelayNode::crash(std::uint64_t down_ms) {
    if (!up()) return;
    stage_.note("the relay crashes");
    ++life_;
    stage_.outcome.regressions += regressions();
    hub_.reset();
    engine_.reset();
    requests_.clear();
    commit_planned_ = false;
    last_reply_at_ = 0;
    disk_.crash();
    stage_.check(check_acknowledged(disk_, ledger_));
    network_.relay_vanishes();
    stage_.at(stage_.now() + down_ms, [this] {
        if (!up()) start();
    });
}

void RelayNode::back_up() {
    stage_.note("backup " + std::to_string(backups_.size()) + " of the relay");
    backups_.push_back(disk_.image());
}

void RelayNode::restore(std::uint64_t which) {
    if (backups_.empty()) return;
    crash(stage_.random.between(50, 1'000));
    const std::size_t index = static_cast<std::size_t>(which % backups_.size());
    stage_.note("the relay's disk goes back to backup " + std::to_string(index));
    disk_.restore(backups_[index]);
    ledger_.relay_restored();
}

void RelayNode::fail_disk(std::uint64_t nth, ErrorCode code) {
    stage_.note("the relay's disk will fail");
    disk_.faults().fail_at(nth, code);
}

void RelayNode::shift_clock(std::int64_t by_ms) {
    clock_offset_ += by_ms;
    ledger_.relay_clock_moved();
    stage_.note("the relay's clock is off by " + std::to_string(clock_offset_));
}

std::uint64_t RelayNode::clock() const {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(start_of_time_ms + stage_.now()) +
                                      clock_offset_);
}

void RelayNode::at_in_this_life(std::uint64_t when, std::function<void()> run) {
    stage_.at(when, [this, life = life_, run = std::move(run)] {
        if (life == life_) run();
    });
}

// ---- Connections

void RelayNode::received(ConnectionId connection, const Bytes& frame) {
    hub_->received(connection, frame, clock());
}

void RelayNode::noticed_end(ConnectionId connection) {
    if (up()) hub_->disconnected(connection);
}

void RelayNode::send(ConnectionId to, std::shared_ptr<const Bytes> frame) {
    network_.send_down(to, frame);
}

void RelayNode::send(const std::vector<ConnectionId>& to, std::shared_ptr<const Bytes> frame) {
    for (const ConnectionId each : to) network_.send_down(each, frame);
}

std::size_t RelayNode::queued_bytes(ConnectionId connection) {
    return network_.queued_bytes(connection);
}

void RelayNode::close(ConnectionId connection, std::uint16_t code, const std::string& reason) {
    stage_.note("the relay closes " + std::to_string(connection) + ": " + std::to_string(code) +
                " " + reason);
    network_.relay_closes(connection);
}

// ---- Commits

void RelayNode::submit(RelayRequest request) {
    requests_.push_back(std::move(request));
    if (commit_planned_) return;
    commit_planned_ = true;
    at_in_this_life(stage_.now() + stage_.random.below(stage_.settings.commit_max_ms + 1),
                    [this] { commit(); });
}

void RelayNode::commit() {
    commit_planned_ = false;
    std::vector<RelayRequest> requests = std::move(requests_);
    requests_.clear();
    auto replies = process(std::move(requests));
    if (!replies) {
        stage_.note("the relay's storage fails: " + replies.error().message);
        if (replies.error().code != ErrorCode::storage_failed) {
            stage_.fail("the engine gave up: " + replies.error().message);
        }
        return crash(stage_.random.between(100, 2'000));
    }
    last_reply_at_ = std::max(last_reply_at_, stage_.now()) +
                     stage_.random.below(stage_.settings.reply_max_ms + 1);
    const auto told = std::make_shared<const std::vector<RelayReply>>(std::move(*replies));
    at_in_this_life(last_reply_at_, [this, told] { hub_->deliver(*told, clock()); });
}

Result<std::vector<RelayReply>> RelayNode::process(std::vector<RelayRequest> requests) {
    PoisonGate gate;
    if (stage_.settings.poison_percent > 0) gate.hold_back(requests);
    auto replies = stage_.settings.control == Control::none ? engine_->process(requests, clock())
                                                            : process_flawed(std::move(requests));
    if (replies) gate.refuse(*replies);
    return replies;
}

Result<std::vector<RelayReply>> RelayNode::process_flawed(std::vector<RelayRequest> requests) {
    const std::vector<RelayReply> own = flaws_.take(requests);
    if (!own.empty()) {
        // The engine's memory does not know what was stored behind its back.
        RelayEngine::Options options;
        options.clock_bound_ms = clock_bound_ms_;
        engine_ = std::make_unique<RelayEngine>(disk_, stage_.random_source(), options);
    }
    auto replies = engine_->process(requests, clock());
    if (!replies) return replies;
    flaws_.bend(*replies);
    replies->insert(replies->begin(), own.begin(), own.end());
    return replies;
}

}  // namespace syncline::sim

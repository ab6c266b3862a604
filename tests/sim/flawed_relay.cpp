#include "flawed_relay.hpp"

#include <algorithm>
#include <memory>

namespace syncline::sim {

namespace {

/// The last counter that the log has of a replica; 0 for none.
std::uint64_t last_counter(const MemoryRelayStorage::Space& log, const ReplicaId& replica) {
    std::uint64_t last = 0;
    for (const auto& row : log.rows) {
        const auto entries = wire::decode_batch(row->changes, wire::relay_frame_limits());
        for (const wire::BatchEntry& entry : *entries) {
            if (!(entry.replica == replica)) continue;
            const auto change = wire::decode_change(entry.change, entry.replica, {});
            last = std::max(last, change->last());
        }
    }
    return last;
}

}  // namespace

bool FlawedRelay::stores_pushes_itself() const {
    return stage_.settings.control == Control::duplicates_stored ||
           stage_.settings.control == Control::clone_unnoticed;
}

std::vector<RelayReply> FlawedRelay::take(std::vector<RelayRequest>& requests) {
    std::vector<RelayReply> replies;
    std::vector<RelayRequest> rest;
    for (RelayRequest& request : requests) {
        if (auto* open = std::get_if<relay_request::Open>(&request)) claim_cursor(*open);
        const auto* push = std::get_if<relay_request::Push>(&request);
        const auto* log = push == nullptr ? nullptr : disk_.space("", push->space.name);
        if (log == nullptr || !stores_pushes_itself()) {
            rest.push_back(std::move(request));
        } else {
            store(*push, *log, replies);
        }
    }
    requests = std::move(rest);
    return replies;
}

/// Whatever the cursor, it is declared to be good.
void FlawedRelay::claim_cursor(relay_request::Open& open) {
    if (stage_.settings.control != Control::epoch_unnoticed) return;
    const auto* log = disk_.space("", open.space.name);
    claimed_[{open.connection, open.space.name}] = open.message.cursor;
    open.message.cursor = 0;
    if (log != nullptr) open.message.epoch = log->record.epoch;
}

/// Stores what is pushed as it comes, whoever else writes under that id and whatever is there.
void FlawedRelay::store(const relay_request::Push& push, const MemoryRelayStorage::Space& log,
                        std::vector<RelayReply>& replies) {
    ChainHead head = push.message.head;
    const std::uint64_t known = last_counter(log, push.replica);
    for (const Bytes& bytes : push.message.changes) {
        const auto change = wire::decode_change(bytes, push.replica, wire::Limits{});
        head = {change->last(), *wire::chain(head.hash, push.replica, bytes, wire::Limits{})};
        const bool seen = change->first <= known;
        if (seen && stage_.settings.control == Control::clone_unnoticed) continue;
        LogRow row;
        row.first = log.head() + 1;
        row.count = 1;
        row.salt = stage_.random.next();
        row.changes = wire::encode_batch({{push.replica, bytes}});
        if (!disk_.append(log.record.id, row)) return stage_.fail("a control cannot store");
        replies.push_back(relay_reply::Broadcast{
            push.space, row.first, row.first,
            std::make_shared<const Bytes>(wire::encode(
                wire::Changes{push.space.name, {wire::Batch{row.first, row.salt, row.changes}}}))});
    }
    replies.push_back(
        relay_reply::Answer{push.connection, push.space, wire::Accepted{push.space.name, head}});
}

void FlawedRelay::bend(std::vector<RelayReply>& replies) {
    if (stage_.settings.control != Control::epoch_unnoticed) return;
    for (RelayReply& reply : replies) {
        auto* opened = std::get_if<relay_reply::Opened>(&reply);
        if (opened == nullptr) continue;
        opened->message.from = claimed_[{opened->connection, opened->space.name}];
    }
}

}  // namespace syncline::sim

#include "syncline/sync/relay_hub.hpp"

namespace syncline {

void RelayHub::connected(ConnectionId connection) {
    sessions_.emplace(connection, std::unique_ptr<Connection>(new Connection{
                                      RelaySession(connection, gatekeeper_, limits_), {}}));
}

RelaySession* RelayHub::find(ConnectionId connection) {
    const auto found = sessions_.find(connection);
    return found == sessions_.end() ? nullptr : &found->second->session;
}

void RelayHub::received(ConnectionId connection, BytesView frame, std::uint64_t now_ms) {
    if (RelaySession* session = find(connection))
        carry_out(connection, session->receive(frame, now_ms));
}

void RelayHub::drained(ConnectionId connection) {
    if (RelaySession* session = find(connection)) carry_out(connection, session->drained());
}

void RelayHub::disconnected(ConnectionId connection) {
    const auto found = sessions_.find(connection);
    if (found == sessions_.end()) return;
    for (const SpaceKey& space : found->second->follows) {
        const auto followers = followers_.find(space);
        subscriptions_ -= followers->second.erase(connection);
        if (followers->second.empty()) followers_.erase(followers);
    }
    sessions_.erase(found);
}

void RelayHub::carry_out(ConnectionId connection, RelayEffects effects) {
    if (effects.promote) output_.promote(connection);
    for (const wire::Message& message : effects.send) {
        output_.send(connection, std::make_shared<const Bytes>(wire::encode(message)));
    }
    for (auto& frame : effects.frames) output_.send(connection, std::move(frame));
    for (const SpaceKey& space : effects.unfollow) unfollow(connection, space);
    for (RelayRequest& request : effects.requests) output_.submit(std::move(request));
    if (effects.close) output_.close(connection, effects.close->code, effects.close->reason);
}

void RelayHub::unfollow(ConnectionId connection, const SpaceKey& space) {
    const auto found = sessions_.find(connection);
    const auto followers = followers_.find(space);
    if (found == sessions_.end() || followers == followers_.end()) return;
    found->second->follows.erase(space);
    subscriptions_ -= followers->second.erase(connection);
    if (followers->second.empty()) followers_.erase(followers);
}

void RelayHub::deliver_one(const relay_reply::Broadcast& reply) {
    const auto followers = followers_.find(reply.space);
    if (followers == followers_.end()) return;
    std::vector<ConnectionId> takers;
    takers.reserve(followers->second.size());
    for (const ConnectionId connection : followers->second) {
        RelaySession* session = find(connection);
        if (session != nullptr && session->takes(reply, output_.queued_bytes(connection))) {
            takers.push_back(connection);
        }
    }
    deliveries_ += takers.size() * (reply.last - reply.first + 1);
    if (!takers.empty()) output_.send(takers, reply.frame);
}

void RelayHub::deliver(const std::vector<RelayReply>& replies, std::uint64_t now_ms) {
    for (const RelayReply& reply : replies) {
        if (const auto* broadcast = std::get_if<relay_reply::Broadcast>(&reply)) {
            deliver_one(*broadcast);
            continue;
        }
        const ConnectionId connection = std::visit(
            [](const auto& r) -> ConnectionId {
                if constexpr (std::is_same_v<std::decay_t<decltype(r)>, relay_reply::Broadcast>) {
                    return 0;
                } else {
                    return r.connection;
                }
            },
            reply);
        const auto found = sessions_.find(connection);
        if (found == sessions_.end()) continue;  // it left meanwhile; what it pushed stays
        RelaySession& session = found->second->session;
        if (const auto* registered = std::get_if<relay_reply::Registered>(&reply)) {
            carry_out(connection, session.reply(*registered, now_ms));
        } else if (const auto* opened = std::get_if<relay_reply::Opened>(&reply)) {
            if (found->second->follows.insert(opened->space).second) {
                followers_[opened->space].insert(connection);
                ++subscriptions_;
            }
            carry_out(connection, session.reply(*opened));
        } else if (const auto* answer = std::get_if<relay_reply::Answer>(&reply)) {
            carry_out(connection, session.reply(*answer));
        } else if (const auto* history = std::get_if<relay_reply::History>(&reply)) {
            const std::uint64_t count = history->last - history->after;
            deliveries_ += count;
            carry_out(connection, session.reply(*history, output_.queued_bytes(connection)));
        }
    }
}

void RelayHub::tick(std::uint64_t now_ms) {
    std::vector<std::pair<ConnectionId, RelayEffects>> due;
    for (auto& [connection, entry] : sessions_) {
        RelayEffects effects = entry->session.tick(now_ms);
        if (effects.close) due.emplace_back(connection, std::move(effects));
    }
    for (auto& [connection, effects] : due) carry_out(connection, std::move(effects));
}

void RelayHub::go_away(std::uint64_t after_ms) {
    const auto frame = std::make_shared<const Bytes>(wire::encode(wire::GoAway{after_ms}));
    std::vector<ConnectionId> all;
    for (const auto& [connection, entry] : sessions_) all.push_back(connection);
    if (!all.empty()) output_.send(all, frame);
}

}  // namespace syncline

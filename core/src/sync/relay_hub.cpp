#include "syncline/sync/relay_hub.hpp"

#include <utility>

namespace syncline {

void RelayHub::connected(ConnectionId connection) {
    sessions_.emplace(connection, std::unique_ptr<Connection>(new Connection{
                                      RelaySession(connection, gatekeeper_, limits_), {}, {}}));
}

RelaySession* RelayHub::find(ConnectionId connection) {
    const auto found = sessions_.find(connection);
    return found == sessions_.end() ? nullptr : &found->second->session;
}

void RelayHub::received(ConnectionId connection, BytesView frame, std::uint64_t now_ms) {
    now_ms_ = now_ms;
    if (RelaySession* session = find(connection))
        carry_out(connection, session->receive(frame, now_ms));
}

void RelayHub::drained(ConnectionId connection) {
    const auto found = sessions_.find(connection);
    if (found == sessions_.end()) return;
    carry_out(connection, found->second->session.drained());
    // Changes come first. What still does not fit stays missed until the next time.
    for (const SpaceKey& space : std::exchange(found->second->presence_missed, {})) {
        tell_whole_presence(connection, *found->second, space);
    }
}

void RelayHub::disconnected(ConnectionId connection) {
    const auto found = sessions_.find(connection);
    if (found == sessions_.end()) return;
    for (const SpaceKey& space : found->second->follows) {
        presence_.leave(space, connection);
        const auto followers = followers_.find(space);
        subscriptions_ -= followers->second.erase(connection);
        if (followers->second.empty()) followers_.erase(followers);
    }
    presence_.forget(connection);
    sessions_.erase(found);
}

void RelayHub::carry_out(ConnectionId connection, RelayEffects effects) {
    if (effects.promote) output_.promote(connection);
    for (const wire::Message& message : effects.send) {
        output_.send(connection, std::make_shared<const Bytes>(wire::encode(message)));
    }
    for (auto& frame : effects.frames) output_.send(connection, std::move(frame));
    for (const SpaceKey& space : effects.unfollow) unfollow(connection, space);
    if (!effects.presence.empty()) {
        const RelaySession& session = *find(connection);
        for (const wire::Presence& word : effects.presence) {
            presence_.set(session.key(word.space),
                          {connection, session.replica(), session.subject()}, word, now_ms_);
        }
        tell_presence(now_ms_);
    }
    for (RelayRequest& request : effects.requests) output_.submit(std::move(request));
    if (effects.close) output_.close(connection, effects.close->code, effects.close->reason);
}

void RelayHub::unfollow(ConnectionId connection, const SpaceKey& space) {
    presence_.leave(space, connection);
    const auto found = sessions_.find(connection);
    const auto followers = followers_.find(space);
    if (found == sessions_.end() || followers == followers_.end()) return;
    found->second->follows.erase(space);
    found->second->presence_missed.erase(space);
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

void RelayHub::tell_presence(std::uint64_t now_ms) {
    now_ms_ = now_ms;
    for (const SpaceKey& space : presence_.due(now_ms)) tell_presence_of(space);
}

void RelayHub::tell_presence_of(const SpaceKey& space) {
    PresenceBoard::News news = presence_.take_news(space, now_ms_);
    const auto followers = followers_.find(space);
    if (news.entries.empty() || followers == followers_.end()) return;
    std::vector<ConnectionId> takers;
    for (const ConnectionId connection : followers->second) {
        Connection& entry = *sessions_.at(connection);
        if (connection == news.only_from || !entry.session.hears_presence(space.name)) continue;
        if (output_.queued_bytes(connection) > limits_.queue_bytes_max) {
            entry.presence_missed.insert(space);
        } else {
            takers.push_back(connection);
        }
    }
    if (takers.empty()) return;
    presence_deliveries_ += takers.size() * news.entries.size();
    output_.send(takers, std::make_shared<const Bytes>(wire::encode(
                             wire::PresenceNews{space.name, false, std::move(news.entries)})));
}

void RelayHub::tell_whole_presence(ConnectionId connection, Connection& entry,
                                   const SpaceKey& space) {
    if (!entry.session.hears_presence(space.name)) return;
    if (output_.queued_bytes(connection) > limits_.queue_bytes_max) {
        entry.presence_missed.insert(space);
        return;
    }
    wire::PresenceNews news{space.name, true, presence_.whole(space, connection, now_ms_)};
    presence_deliveries_ += news.entries.size();
    output_.send(connection, std::make_shared<const Bytes>(wire::encode(news)));
}

void RelayHub::deliver(const std::vector<RelayReply>& replies, std::uint64_t now_ms) {
    now_ms_ = now_ms;
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
            tell_whole_presence(connection, *found->second, opened->space);
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
    presence_.expire(now_ms);
    tell_presence(now_ms);
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

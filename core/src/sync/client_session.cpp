#include "syncline/sync/client_session.hpp"

#include <algorithm>

namespace syncline {

namespace {
constexpr std::uint64_t tick_ms = 1'000;
using Identity = ClientEffects::Identity;
}  // namespace

ClientEffects ClientSession::connected(std::uint64_t now_ms) {
    ClientEffects effects;
    hello_ms_ = heard_ms_ = now_ms;
    wire::Hello hello;
    hello.replica = options_.replica;
    hello.nonce = options_.nonce;
    hello.token = options_.token;
    hello.clock_ms = now_ms;
    hello.agent = options_.agent;
    if (options_.presence != nullptr) hello.capabilities |= wire::capability::presence;
    effects.send.push_back(wire::encode(hello));
    return effects;
}

ClientEffects ClientSession::received(BytesView frame, std::uint64_t now_ms) {
    ClientEffects effects;
    if (over_) return effects;
    heard_ms_ = now_ms;
    const auto message = wire::decode(frame, wire::relay_frame_limits());
    if (!message) {
        // A message of a newer protocol is passed over; other bytes mean a broken peer.
        if (message.error().code != ErrorCode::unknown_message) {
            end(message.error(), true, effects);
        }
        return effects;
    }
    if (const auto* welcome = std::get_if<wire::Welcome>(&*message)) {
        on(*welcome, now_ms, effects);
    } else if (const auto* opened = std::get_if<wire::Opened>(&*message)) {
        on(*opened, now_ms, effects);
    } else if (const auto* changes = std::get_if<wire::Changes>(&*message)) {
        on(*changes, now_ms, effects);
    } else if (const auto* accepted = std::get_if<wire::Accepted>(&*message)) {
        on(*accepted, now_ms, effects);
    } else if (const auto* rejected = std::get_if<wire::Rejected>(&*message)) {
        on(*rejected, now_ms, effects);
    } else if (const auto* failure = std::get_if<wire::Failure>(&*message)) {
        on(*failure, now_ms, effects);
    } else if (const auto* presence = std::get_if<wire::PresenceNews>(&*message)) {
        on(*presence, now_ms, effects);
    } else if (const auto* go_away = std::get_if<wire::GoAway>(&*message)) {
        over_ = true;
        effects.close = ClientEffects::Ending{
            {ErrorCode::draining, "the relay asks us to come back"}, true, go_away->after_ms};
    } else {
        end({ErrorCode::unexpected_message, "the relay sent what only a client sends"}, true,
            effects);
    }
    if (leaving_ && welcomed_ && !over_ && may_leave()) end(Identity::replace, effects);
    return effects;
}

ClientEffects ClientSession::tick(std::uint64_t now_ms) {
    ClientEffects effects;
    if (over_) return effects;
    heard_ms_ = std::min(heard_ms_, now_ms);  // the wall clock may have been set back
    if (waiting() && now_ms - heard_ms_ > options_.answer_ms) {
        end({ErrorCode::timed_out, "the relay does not answer"}, true, effects);
        return effects;
    }
    for (auto& [name, line] : lines_) {
        if (line.retry_after_ms == 0) continue;
        // A wall clock that was set back must not turn seconds into years.
        line.retry_from_ms = std::min(line.retry_from_ms, now_ms);
        if (now_ms - line.retry_from_ms < line.retry_after_ms) continue;
        line.retry_after_ms = 0;
        open(line, effects);
    }
    send_presence(now_ms, effects);
    return effects;
}

std::uint64_t ClientSession::tick_in_ms(std::uint64_t now_ms) const {
    const auto due_in = presence_ == nullptr ? std::nullopt : presence_->due_in(now_ms);
    return std::min(tick_ms, due_in.value_or(tick_ms));
}

ClientEffects ClientSession::presence_changed(std::uint64_t now_ms) {
    ClientEffects effects;
    if (!over_) send_presence(now_ms, effects);
    return effects;
}

void ClientSession::send_presence(std::uint64_t now_ms, ClientEffects& effects) {
    if (presence_ == nullptr) return;
    for (const wire::Presence& word : presence_->take_due(now_ms)) {
        effects.send.push_back(wire::encode(word));
    }
}

ClientEffects ClientSession::add(SpaceReplica& space, std::uint64_t) {
    ClientEffects effects;
    Line& line = lines_[space.state().name];
    line.space = &space;
    if (welcomed_ && !over_) open(line, effects);
    return effects;
}

ClientEffects ClientSession::changed(const std::string& space, std::uint64_t) {
    ClientEffects effects;
    Line* line = find(space);
    if (line == nullptr || over_) return effects;
    line->in_sync = false;
    push(*line, effects);
    return effects;
}

ClientEffects ClientSession::renew(std::string token) {
    ClientEffects effects;
    options_.token = std::move(token);
    if (over_) return effects;
    if (welcomed_) {
        send_token(effects);
    } else {
        renewed_ = true;
    }
    return effects;
}

void ClientSession::send_token(ClientEffects& effects) {
    ++tokens_;
    effects.send.push_back(wire::encode(wire::Auth{options_.token}));
    for (auto& [name, line] : lines_) {
        if (line.forbidden || line.told_forbidden) open(line, effects);
    }
}

void ClientSession::on(const wire::Welcome& message, std::uint64_t now_ms, ClientEffects& effects) {
    if (message.version != wire::protocol_version) {
        return end({ErrorCode::version_unsupported, "the relay chose a version we do not speak"},
                   false, effects);
    }
    if (welcomed_) return;
    welcomed_ = true;
    // The relay read its clock somewhere between our hello and now; take the middle.
    const std::uint64_t middle = hello_ms_ + (now_ms > hello_ms_ ? (now_ms - hello_ms_) / 2 : 0);
    offset_ms_ = static_cast<std::int64_t>(message.time_ms) - static_cast<std::int64_t>(middle);
    if ((message.capabilities & wire::capability::presence) != 0) presence_ = options_.presence;
    effects.events.emplace_back(client_event::Welcomed{offset_ms_});
    if (renewed_) send_token(effects);
    for (auto& [name, line] : lines_) open(line, effects);
}

void ClientSession::open(Line& line, ClientEffects& effects) {
    if (line.parted) return;
    line.open = false;
    line.asked = true;
    line.token = tokens_;
    line.told_forbidden = line.forbidden = false;
    line.in_sync = false;
    line.unanswered = 0;
    effects.send.push_back(wire::encode(line.space->open_message()));
}

void ClientSession::on(const wire::Opened& message, std::uint64_t now_ms, ClientEffects& effects) {
    Line* line = find(message.space);
    if (line == nullptr || !line->asked) return;
    auto standing = line->space->opened(message, options_.replica, corrected(now_ms));
    if (!standing) return end(standing.error(), true, effects);
    if (*standing == SpaceReplica::Standing::conflict) return part(*line);
    line->asked = false;
    line->open = true;
    line->access = message.access;
    line->head = message.head;
    line->sent = message.own;
    effects.events.emplace_back(client_event::Opened{message.space, message.access});
    if (auto swapped = line->space->take_swapped(); !swapped.empty()) {
        effects.events.emplace_back(client_event::Changed{message.space, std::move(swapped)});
    }
    // A wrong clock may have stamped what nobody has seen yet; that much can still be put right.
    // Who leaves brings what a copy may hold as well, and so as it is.
    const bool settled = line->space->state().replica == options_.replica;
    if (settled && !leaving_) {
        auto restamped =
            line->space->restamp(message.own, corrected(now_ms), SpaceReplica::Restamp::unseen);
        if (!restamped) return end(restamped.error(), true, effects);
    }
    if (presence_ != nullptr) {
        presence_->opened(message.space);
        send_presence(now_ms, effects);
    }
    push(*line, effects);
    progress(*line, effects);
}

void ClientSession::push(Line& line, ClientEffects& effects) {
    if (line.open && line.access != Access::write && line.space->pending() > 0 &&
        !line.told_forbidden) {
        line.told_forbidden = true;
        effects.events.emplace_back(client_event::SpaceFailed{
            line.space->state().name,
            {ErrorCode::forbidden,
             "the relay lets this device read here only; its edits stay here"},
            false});
    }
    if (!line.open || line.access != Access::write || line.retry_after_ms != 0) return;
    while (line.unanswered < options_.pushes_max) {
        auto out = line.space->outgoing(options_.replica, line.sent, options_.push_bytes);
        if (!out) return end(out.error(), true, effects);
        if (!*out) return;
        wire::Push push{line.space->state().name, (*out)->head, std::move((*out)->changes)};
        effects.send.push_back(wire::encode(push));
        line.sent = (*out)->end;
        ++line.unanswered;
    }
}

void ClientSession::on(const wire::Changes& message, std::uint64_t now_ms, ClientEffects& effects) {
    Line* line = find(message.space);
    if (line == nullptr || !line->open) return;
    const bool was_settled = line->space->state().replica == options_.replica;
    const bool was_staging = line->space->staging();
    auto fed = line->space->feed(message, options_.replica, corrected(now_ms));
    if (!fed) {
        if (fed.error().code == ErrorCode::unknown_format) {
            // Reading and writing go on; the feed stops here until the app is upgraded.
            line->open = false;
            effects.events.emplace_back(
                client_event::SpaceFailed{message.space, fed.error(), false});
            return;
        }
        return end(fed.error(), true, effects);
    }
    if (fed->standing == SpaceReplica::Standing::conflict) return part(*line);
    if (!fed->changes.empty()) {
        effects.events.emplace_back(client_event::Changed{message.space, std::move(fed->changes)});
    }
    const bool settled = line->space->state().replica == options_.replica;
    if (!was_settled && settled) line->sent = {};
    const bool staged = was_staging && !line->space->staging();
    if (settled && !leaving_ && (!was_settled || staged)) {
        auto restamped =
            line->space->restamp(line->sent, corrected(now_ms), SpaceReplica::Restamp::unseen);
        if (!restamped) return end(restamped.error(), true, effects);
    }
    push(*line, effects);
    progress(*line, effects);
}

void ClientSession::on(const wire::Accepted& message, std::uint64_t, ClientEffects& effects) {
    Line* line = find(message.space);
    if (line == nullptr || !line->open) return;
    if (line->unanswered > 0) --line->unanswered;
    auto ours = line->space->on_chain(message.head);
    if (!ours) return end(ours.error(), true, effects);
    if (!*ours) return part(*line);
    if (message.head.counter > line->sent.counter) line->sent = message.head;
    effects.events.emplace_back(client_event::Accepted{message.space, message.head.counter});
    push(*line, effects);
}

void ClientSession::on(const wire::Rejected& message, std::uint64_t now_ms,
                       ClientEffects& effects) {
    Line* line = find(message.space);
    if (line == nullptr || !line->open) return;
    // A clock that ran ahead is no reason to lose a change: stamp again what nobody has seen. Only
    // what is refused for another reason leaves the outbox.
    wire::Rejected final_ones = message;
    auto& refusals = final_ones.refusals;
    refusals.erase(std::remove_if(refusals.begin(), refusals.end(),
                                  [](const wire::Refusal& refusal) {
                                      return refusal.code == ErrorCode::clock_ahead ||
                                             refusal.code == ErrorCode::stamp_order;
                                  }),
                   refusals.end());
    const bool clock = refusals.size() != message.refusals.size();
    auto refused = line->space->rejected(final_ones);
    if (!refused) return end(refused.error(), true, effects);
    if (!refused->empty()) {
        effects.events.emplace_back(client_event::Rejected{message.space, std::move(*refused)});
    }
    if (clock) {
        auto restamped =
            line->space->restamp(message.head, corrected(now_ms), SpaceReplica::Restamp::all);
        if (!restamped) return end(restamped.error(), true, effects);
        if (!*restamped && refusals.empty()) {
            // Our stamps are as low as they can be by the time that welcome told, and still
            // refused: one of the clocks was set since then. A new connection compares them again.
            return end({ErrorCode::clock_ahead, "the clocks have to be compared again"}, true,
                       effects);
        }
    }
    // What else is on its way was numbered for the old chain: the answers to it come before the
    // reopened space, which starts from the relay's head.
    open(*line, effects);
}

void ClientSession::on(const wire::Failure& message, std::uint64_t now_ms, ClientEffects& effects) {
    const Error error{message.code, message.message};
    if (message.code == ErrorCode::stale_nonce) return end(Identity::claim, effects);
    if (message.code == ErrorCode::replica_taken) return end(Identity::replace, effects);
    if (message.space.empty()) {
        over_ = true;
        effects.close = ClientEffects::Ending{error, message.retryable, message.retry_after_ms};
        return;
    }
    Line* line = find(message.space);
    if (line == nullptr) return;
    if (message.code == ErrorCode::fork) return part(*line);
    if (message.code == ErrorCode::gap) {
        if (!line->open) return;  // of a push from before the space was opened again
        line->unanswered = 0;
        line->sent = message.head;
        auto ours = line->space->on_chain(message.head);
        if (!ours) return end(ours.error(), true, effects);
        if (!*ours) return part(*line);
        return push(*line, effects);
    }
    // By a token that was overtaken on the way: the newer one is asked.
    if (message.code == ErrorCode::forbidden && line->token != tokens_) return open(*line, effects);
    line->open = false;
    line->asked = false;
    line->forbidden = message.code == ErrorCode::forbidden;
    if (presence_ != nullptr && presence_->left(message.space)) {
        effects.events.emplace_back(client_event::PresenceChanged{message.space});
    }
    if (message.retryable) {
        line->retry_from_ms = now_ms;
        line->retry_after_ms = std::max<std::uint64_t>(message.retry_after_ms, 1'000);
    }
    effects.events.emplace_back(client_event::SpaceFailed{message.space, error, message.retryable});
}

void ClientSession::on(const wire::PresenceNews& message, std::uint64_t now_ms,
                       ClientEffects& effects) {
    if (presence_ == nullptr || find(message.space) == nullptr) return;
    if (!presence_->take(message, options_.replica, now_ms)) return;
    effects.events.emplace_back(client_event::PresenceChanged{message.space});
}

/// Tells once that nothing is left to do.
void ClientSession::progress(Line& line, ClientEffects& effects) {
    const SpaceReplica& space = *line.space;
    const bool done = line.open && !space.staging() && space.state().cursor >= line.head &&
                      space.state().replica == options_.replica && space.pending() == 0;
    if (!done || line.in_sync) return;
    line.in_sync = true;
    effects.events.emplace_back(client_event::InSync{space.state().name});
}

/// Where no chain has parted the id is as good as another, so what cannot be pushed yet is waited
/// for. A space that has parted stands still until there is a new id: then only what is being
/// pushed is.
bool ClientSession::may_leave() const {
    const bool parted = std::any_of(lines_.begin(), lines_.end(),
                                    [](const auto& entry) { return entry.second.parted; });
    return std::all_of(lines_.begin(), lines_.end(), [parted](const auto& entry) {
        const Line& line = entry.second;
        const bool pushes = line.asked || (line.open && line.access == Access::write);
        return line.parted || line.space->pending() == 0 || (parted && !pushes);
    });
}

/// What is pending in this space is authored again under another id. What is pending in the others
/// may be pending in a copy of the store as well, and goes out under this id before.
void ClientSession::part(Line& line) {
    line.parted = true;
    line.open = line.asked = false;
    line.unanswered = 0;
    leaving_ = true;
}

bool ClientSession::waiting() const {
    return !welcomed_ || std::any_of(lines_.begin(), lines_.end(), [](const auto& entry) {
        const Line& line = entry.second;
        return line.asked || line.unanswered > 0 ||
               (line.open && line.space->state().cursor < line.head);
    });
}

void ClientSession::end(Error error, bool retryable, ClientEffects& effects) {
    over_ = true;
    effects.close = ClientEffects::Ending{std::move(error), retryable, 0};
}

void ClientSession::end(Identity identity, ClientEffects& effects) {
    over_ = true;
    effects.identity = identity;
    effects.close = ClientEffects::Ending{
        {ErrorCode::stale_nonce, "another copy of this store writes under its replica id"},
        true,
        0};
}

ClientSession::Line* ClientSession::find(const std::string& space) {
    const auto found = lines_.find(space);
    return found == lines_.end() ? nullptr : &found->second;
}

}  // namespace syncline

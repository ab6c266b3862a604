#include "syncline/sync/relay_session.hpp"

#include <algorithm>

namespace syncline {

namespace {

wire::Failure failure(const Error& error, const std::string& space = {}) {
    wire::Failure failure;
    failure.space = space;
    failure.code = error.code;
    failure.message = error.message;
    return failure;
}

}  // namespace

void RelaySession::refuse(std::uint16_t code, const Error& error, RelayEffects& effects) {
    wire::Failure told = failure(error);
    // A token can be renewed and a crowd passes; what else is refused here stays refused.
    told.retryable =
        error.code == ErrorCode::token_expired || error.code == ErrorCode::rate_limited;
    effects.send.emplace_back(std::move(told));
    effects.close = RelayEffects::Closing{code, std::string(name_of(error.code))};
    state_ = State::closed;
}

RelayEffects RelaySession::receive(BytesView frame, std::uint64_t now_ms) {
    RelayEffects effects;
    if (state_ == State::closed) return effects;
    const auto message = wire::decode(frame, wire::client_frame_limits());
    if (!message) {
        refuse(close_code::protocol_error, message.error(), effects);
        return effects;
    }
    if (const auto* hello = std::get_if<wire::Hello>(&*message)) {
        on(*hello, now_ms, effects);
    } else if (state_ != State::ready) {
        // Nothing that comes before the welcome is kept for later.
        refuse(close_code::protocol_error, {ErrorCode::unexpected_message, "hello comes first"},
               effects);
    } else if (const auto* open = std::get_if<wire::Open>(&*message)) {
        on(*open, effects);
    } else if (const auto* push = std::get_if<wire::Push>(&*message)) {
        on(*push, frame.size(), effects);
    } else if (const auto* auth = std::get_if<wire::Auth>(&*message)) {
        on(*auth, now_ms, effects);
    } else if (const auto* close = std::get_if<wire::Close>(&*message)) {
        on(*close, effects);
    } else if (const auto* presence = std::get_if<wire::Presence>(&*message)) {
        on(*presence, effects);
    } else {
        refuse(close_code::protocol_error,
               {ErrorCode::unexpected_message, "that message goes the other way"}, effects);
    }
    unanswered_ += effects.requests.size();
    if (unanswered_ > limits_.requests_max || push_bytes_ > limits_.push_bytes_max) {
        refuse(close_code::overload,
               {ErrorCode::rate_limited, "more is on its way than this relay holds for one peer"},
               effects);
    }
    return effects;
}

void RelaySession::on(const wire::Hello& message, std::uint64_t now_ms, RelayEffects& effects) {
    if (state_ != State::awaiting_hello) {
        return refuse(close_code::protocol_error,
                      {ErrorCode::unexpected_message, "hello comes once"}, effects);
    }
    if (message.version_min > wire::protocol_version ||
        message.version_max < wire::protocol_version) {
        return refuse(close_code::protocol_error,
                      {ErrorCode::version_unsupported, "this relay speaks version 1"}, effects);
    }
    auto grant = gatekeeper_(message.token, now_ms);
    if (!grant) return refuse(close_code::unauthorized, grant.error(), effects);
    grant_ = std::move(*grant);
    replica_ = message.replica;
    nonce_ = message.nonce;
    capabilities_ = message.capabilities;
    state_ = State::registering;
    effects.promote = true;
    effects.requests.push_back(
        relay_request::Register{connection_, grant_.tenant, replica_, nonce_, grant_.subject});
}

RelayEffects RelaySession::reply(const relay_reply::Registered& reply, std::uint64_t now_ms) {
    RelayEffects effects;
    answered();
    if (state_ != State::registering) return effects;
    if (!reply.outcome) {
        wire::Failure told = failure(reply.outcome.error());
        told.retryable = told.code == ErrorCode::storage_full;
        effects.send.emplace_back(std::move(told));
        effects.close = RelayEffects::Closing{close_code::superseded,
                                              std::string(name_of(reply.outcome.error().code))};
        state_ = State::closed;
        return effects;
    }
    state_ = State::ready;
    const wire::Limits limits;
    effects.send.emplace_back(wire::Welcome{wire::protocol_version, now_ms, limits.bytes_max,
                                            limits.bytes_max, wire::capability::presence,
                                            limits_.agent});
    return effects;
}

void RelaySession::on(const wire::Open& message, RelayEffects& effects) {
    const Access access = grant_.access(message.space);
    if (access == Access::none) {
        effects.send.emplace_back(failure(
            {ErrorCode::forbidden, "the token gives no right to this space"}, message.space));
        return;
    }
    if (message.filter) {
        effects.send.emplace_back(
            failure({ErrorCode::unsupported, "this relay serves whole spaces"}, message.space));
        return;
    }
    if (feeds_.size() >= limits_.spaces_max && feeds_.count(message.space) == 0) {
        wire::Failure told =
            failure({ErrorCode::rate_limited, "too many spaces on one connection"}, message.space);
        told.retryable = true;
        effects.send.emplace_back(std::move(told));
        return;
    }
    feeds_[message.space] = Feed{};  // opening again starts again
    effects.requests.push_back(
        relay_request::Open{connection_, key(message.space), replica_, access, message});
}

RelayEffects RelaySession::reply(const relay_reply::Opened& reply) {
    RelayEffects effects;
    answered();
    const auto found = feeds_.find(reply.message.space);
    if (found == feeds_.end()) return effects;  // closed meanwhile
    Feed& feed = found->second;
    feed = Feed{true, reply.message.from, reply.message.head, false};
    effects.send.emplace_back(reply.message);
    read_on(reply.message.space, feed, effects);
    return effects;
}

void RelaySession::on(const wire::Push& message, std::size_t bytes, RelayEffects& effects) {
    if (grant_.access(message.space) != Access::write) {
        effects.send.emplace_back(failure(
            {ErrorCode::forbidden, "the token gives no right to write here"}, message.space));
        return;
    }
    push_bytes_ += bytes;
    effects.requests.push_back(
        relay_request::Push{connection_, key(message.space), replica_, nonce_, message, bytes});
}

void RelaySession::on(const wire::Auth& message, std::uint64_t now_ms, RelayEffects& effects) {
    auto grant = gatekeeper_(message.token, now_ms);
    if (!grant) return refuse(close_code::unauthorized, grant.error(), effects);
    if (grant->subject != grant_.subject || grant->tenant != grant_.tenant) {
        return refuse(close_code::unauthorized,
                      {ErrorCode::unauthorized, "a renewed token keeps subject and tenant"},
                      effects);
    }
    grant_ = std::move(*grant);
    for (auto feed = feeds_.begin(); feed != feeds_.end();) {
        if (grant_.access(feed->first) == Access::none) {
            effects.send.emplace_back(
                failure({ErrorCode::forbidden, "the renewed token gives no right to this space"},
                        feed->first));
            effects.unfollow.push_back(key(feed->first));
            feed = feeds_.erase(feed);
        } else {
            ++feed;
        }
    }
}

void RelaySession::on(const wire::Close& message, RelayEffects& effects) {
    feeds_.erase(message.space);
    effects.unfollow.push_back(key(message.space));
}

/// To be seen somewhere, the right to read is enough: a reader, too, is somebody who is there. In
/// a space that is not open (any more) it is dropped; the client says it again once it is.
void RelaySession::on(const wire::Presence& message, RelayEffects& effects) {
    const auto found = feeds_.find(message.space);
    if (found != feeds_.end() && found->second.opened) effects.presence.push_back(message);
}

bool RelaySession::hears_presence(const std::string& space) const {
    if ((capabilities_ & wire::capability::presence) == 0 || state_ != State::ready) return false;
    const auto found = feeds_.find(space);
    return found != feeds_.end() && found->second.opened;
}

RelayEffects RelaySession::reply(const relay_reply::Answer& reply) {
    RelayEffects effects;
    answered();
    push_bytes_ -= std::min(push_bytes_, reply.push_bytes);
    if (state_ != State::ready) return effects;
    effects.send.push_back(reply.message);
    const auto* told = std::get_if<wire::Failure>(&reply.message);
    if (told != nullptr && told->code == ErrorCode::stale_nonce) {
        effects.close =
            RelayEffects::Closing{close_code::superseded, std::string(name_of(told->code))};
        state_ = State::closed;
    }
    return effects;
}

RelayEffects RelaySession::reply(const relay_reply::History& reply, std::size_t queued_bytes) {
    RelayEffects effects;
    answered();
    const auto found = feeds_.find(reply.space.name);
    if (found == feeds_.end()) return effects;
    Feed& feed = found->second;
    if (!feed.reading || reply.after != feed.position) return effects;  // of an earlier opening
    feed.reading = false;
    if (reply.frame == nullptr) return effects;
    feed.position = reply.last;
    feed.head = std::max(feed.head, reply.last);
    effects.frames.push_back(reply.frame);
    if (queued_bytes + reply.frame->size() <= limits_.queue_bytes_max) {
        read_on(reply.space.name, feed, effects);
    }
    return effects;
}

bool RelaySession::takes(const relay_reply::Broadcast& broadcast, std::size_t queued_bytes) {
    const auto found = feeds_.find(broadcast.space.name);
    if (found == feeds_.end() || !found->second.opened) return false;
    Feed& feed = found->second;
    feed.head = std::max(feed.head, broadcast.last);
    const bool next = broadcast.first == feed.position + 1 && !feed.reading;
    if (!next || queued_bytes > limits_.queue_bytes_max) return false;
    feed.position = broadcast.last;
    return true;
}

RelayEffects RelaySession::drained() {
    RelayEffects effects;
    for (auto& [space, feed] : feeds_) read_on(space, feed, effects);
    return effects;
}

void RelaySession::read_on(const std::string& space, Feed& feed, RelayEffects& effects) {
    if (!feed.opened || feed.reading || feed.position >= feed.head) return;
    feed.reading = true;
    // Replies are counted where requests are; this one may leave from outside receive().
    effects.requests.push_back(relay_request::Read{connection_, key(space), feed.position});
    ++unanswered_;
}

RelayEffects RelaySession::tick(std::uint64_t now_ms) {
    RelayEffects effects;
    if (state_ == State::ready && now_ms >= grant_.expires_ms) {
        refuse(close_code::unauthorized, {ErrorCode::token_expired, "the token has expired"},
               effects);
    }
    return effects;
}

void RelaySession::answered() {
    if (unanswered_ > 0) --unanswered_;
}

}  // namespace syncline

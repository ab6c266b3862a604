#include "syncline/sync/presence_book.hpp"

#include <algorithm>
#include <set>

namespace syncline {

namespace {

/// A wall clock that was set back makes no time negative.
std::uint64_t since(std::uint64_t then_ms, std::uint64_t now_ms) {
    return now_ms > then_ms ? now_ms - then_ms : 0;
}

}  // namespace

std::uint64_t PresenceBook::Own::due_ms() const {
    if (!sent_ms) return 0;
    return *sent_ms + (changed ? every_ms : ttl_ms / 2);
}

Result<bool> PresenceBook::set(const std::string& space, const std::string& session, Value value,
                               std::uint64_t ttl_ms, std::uint64_t now_ms) {
    if (session.size() > wire::presence_session_bytes_max || !wire::is_utf8(session)) {
        return fail(ErrorCode::invalid_argument, "a session's name has at most 64 bytes of UTF-8");
    }
    if (ttl_ms < wire::presence_ttl_ms_min || ttl_ms > wire::presence_ttl_ms_max) {
        return fail(ErrorCode::out_of_range, "a presence lasts 1 to 120 seconds");
    }
    if (auto fit = check(value); !fit) return tl::unexpected(fit.error());
    wire::Writer out;
    wire::write_value(out, value);
    if (out.size() > wire::presence_value_bytes_max) {
        return fail(ErrorCode::too_large, "a presence has at most 4 KiB");
    }
    auto& sessions = spaces_[space].own;
    const auto found = sessions.find(session);
    if (found == sessions.end() && sessions.size() >= sessions_max) {
        return fail(ErrorCode::out_of_range, "more sessions in one space than a device may have");
    }
    Own& own = found == sessions.end() ? sessions[session] : found->second;
    Bytes encoded = out.take();
    const bool same_value = own.encoded == encoded;
    if (same_value && own.ttl_ms == ttl_ms) return false;
    own.ttl_ms = ttl_ms;
    own.changed = true;
    if (same_value) return false;
    own.value = std::move(value);
    own.encoded = std::move(encoded);
    own.set_ms = now_ms;
    return true;
}

bool PresenceBook::clear(const std::string& space, const std::string& session) {
    const auto at = spaces_.find(space);
    if (at == spaces_.end()) return false;
    const auto own = at->second.own.find(session);
    if (own == at->second.own.end() || own->second.encoded.empty()) return false;
    if (own->second.sent_ms) {
        own->second.encoded.clear();
        own->second.changed = true;
    } else {
        at->second.own.erase(own);
    }
    return true;
}

std::vector<Presence> PresenceBook::list(const std::string& space, const ReplicaId& self,
                                         std::uint64_t now_ms) const {
    std::vector<Presence> all;
    const auto at = spaces_.find(space);
    if (at == spaces_.end()) return all;
    for (const auto& [session, own] : at->second.own) {
        if (own.encoded.empty()) continue;
        all.push_back({self, {}, session, own.value, since(own.set_ms, now_ms), true});
    }
    for (const auto& [key, other] : at->second.others) {
        all.push_back({key.first, other.subject, key.second, other.value,
                       since(other.since_ms, now_ms), false});
    }
    return all;
}

void PresenceBook::opened(const std::string& space) {
    Space& at = spaces_[space];
    at.open = true;
    for (auto& [session, own] : at.own) own.sent_ms.reset();
}

bool PresenceBook::left(const std::string& space) {
    const auto at = spaces_.find(space);
    if (at == spaces_.end()) return false;
    Space& left = at->second;
    left.open = false;
    for (auto own = left.own.begin(); own != left.own.end();) {
        own->second.sent_ms.reset();
        own = own->second.encoded.empty() ? left.own.erase(own) : std::next(own);
    }
    return drop_others(left);
}

std::vector<std::string> PresenceBook::disconnected() {
    std::vector<std::string> changed;
    for (auto& [name, space] : spaces_) {
        if (left(name)) changed.push_back(name);
    }
    return changed;
}

std::vector<wire::Presence> PresenceBook::take_due(std::uint64_t now_ms) {
    std::vector<wire::Presence> due;
    for (auto& [name, space] : spaces_) {
        if (!space.open) continue;
        for (auto at = space.own.begin(); at != space.own.end();) {
            Own& own = at->second;
            if (own.sent_ms) own.sent_ms = std::min(*own.sent_ms, now_ms);
            if (own.due_ms() > now_ms) {
                ++at;
                continue;
            }
            const bool gone = own.encoded.empty();
            due.push_back({name, at->first, own.encoded, gone ? 0 : own.ttl_ms});
            own.sent_ms = now_ms;
            own.changed = false;
            at = gone ? space.own.erase(at) : std::next(at);
        }
    }
    return due;
}

std::optional<std::uint64_t> PresenceBook::due_in(std::uint64_t now_ms) const {
    std::optional<std::uint64_t> soonest;
    for (const auto& [name, space] : spaces_) {
        if (!space.open) continue;
        for (const auto& [session, own] : space.own) {
            const std::uint64_t in = since(now_ms, own.due_ms());
            if (!soonest || in < *soonest) soonest = in;
        }
    }
    return soonest;
}

bool PresenceBook::take(const wire::PresenceNews& news, const ReplicaId& self,
                        std::uint64_t now_ms) {
    Space& space = spaces_[news.space];
    bool changed = false;
    std::set<OtherKey> named;
    for (const wire::PresenceEntry& entry : news.entries) {
        // What it says of us we know better: an earlier connection of ours may not be over for it.
        if (entry.replica == self) continue;
        changed = take(space, entry, now_ms) || changed;
        if (news.whole) named.emplace(entry.replica, entry.session);
    }
    if (!news.whole) return changed;
    for (auto other = space.others.begin(); other != space.others.end();) {
        const OtherKey key = (other++)->first;
        if (named.count(key) == 0) changed = erase(space, key) || changed;
    }
    return changed;
}

bool PresenceBook::take(Space& space, const wire::PresenceEntry& entry, std::uint64_t now_ms) {
    const OtherKey key{entry.replica, entry.session};
    if (entry.value.empty()) return erase(space, key);
    wire::Reader in(entry.value, wire::Limits{});
    auto value = in.finish(wire::read_value(in));
    if (!value) return false;  // of a later version: not for us
    const auto known = space.others.find(key);
    const std::size_t bytes = sizeof(Other) + entry.value.size() + entry.session.size();
    const std::size_t before = known == space.others.end() ? 0 : known->second.bytes;
    if (others_bytes_ - before + bytes > others_bytes_max) return false;
    if (known == space.others.end() && space.others.size() >= others_max) return false;
    others_bytes_ += bytes;
    others_bytes_ -= before;
    space.others[key] = {entry.subject, std::move(*value), since(entry.age_ms, now_ms), bytes};
    return true;
}

bool PresenceBook::erase(Space& space, const OtherKey& key) {
    const auto known = space.others.find(key);
    if (known == space.others.end()) return false;
    others_bytes_ -= known->second.bytes;
    space.others.erase(known);
    return true;
}

bool PresenceBook::drop_others(Space& space) {
    for (const auto& [key, other] : space.others) others_bytes_ -= other.bytes;
    return !std::exchange(space.others, {}).empty();
}

}  // namespace syncline

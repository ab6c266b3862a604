#include "syncline/sync/presence_board.hpp"

#include <algorithm>

namespace syncline {

std::size_t PresenceBoard::size_of(const EntryKey& key, const std::string& subject,
                                   const Bytes& value) {
    return sizeof(EntryKey) + sizeof(Entry) + key.second.size() + subject.size() + value.size();
}

void PresenceBoard::set(const SpaceKey& name, const Sender& sender, const wire::Presence& word,
                        std::uint64_t now_ms) {
    ++received_;
    const EntryKey key{sender.replica, word.session};
    const auto space = spaces_.find(name);
    Entry* known = nullptr;
    if (space != spaces_.end()) {
        const auto found = space->second.entries.find(key);
        if (found != space->second.entries.end()) known = &found->second;
    }
    // A late word of a connection whose replica has come back over another.
    if (known != nullptr && known->owner > sender.connection) return;
    const bool there = known != nullptr && !known->value.empty();
    if (word.value.empty()) {
        if (there) bury(name, space->second, key, *known);
        return;
    }
    const std::uint64_t ttl_ms =
        std::clamp(word.ttl_ms, wire::presence_ttl_ms_min, wire::presence_ttl_ms_max);
    const bool same = there && known->value == word.value && known->subject == sender.subject;
    if (same && known->owner == sender.connection) {
        known->ttl_ms = ttl_ms;
        known->renewed_ms = now_ms;
        return;
    }

    // What was there makes room first; when the new value does not fit, neither stays.
    if (there) release(space->second, key, *known);
    Account fresh;
    fresh.credit_ms = limits_.credit_ms_max;
    fresh.credited_ms = now_ms;
    Account& account = accounts_.try_emplace(sender.connection, fresh).first->second;
    Space& at = spaces_[name];
    const std::size_t size = size_of(key, sender.subject, word.value);
    if (account.entries >= limits_.entries_per_connection ||
        account.bytes + size > limits_.bytes_per_connection ||
        at.entries.size() >= limits_.entries_per_space + (known != nullptr ? 1 : 0) ||
        at.bytes + size > limits_.bytes_per_space) {
        ++dropped_;
        if (there) {
            known->value.clear();
            known->news = true;
            with_news_.insert(name);
        } else if (at.entries.empty()) {
            spaces_.erase(name);
        }
        return;
    }
    ++account.entries;
    account.bytes += size;
    at.bytes += size;
    ++entries_;
    Entry& entry = at.entries[key];
    const std::uint64_t changed_ms = same ? entry.changed_ms : now_ms;
    const bool news = !same || entry.news;
    entry = {sender.connection, sender.subject, word.value, ttl_ms, now_ms,
             changed_ms,        news,           entry.told};
    if (news) with_news_.insert(name);
}

void PresenceBoard::release(Space& space, const EntryKey& key, const Entry& entry) {
    const std::size_t size = size_of(key, entry.subject, entry.value);
    space.bytes -= size;
    --entries_;
    const auto account = accounts_.find(entry.owner);
    if (account == accounts_.end()) return;
    --account->second.entries;
    account->second.bytes -= size;
}

void PresenceBoard::bury(const SpaceKey& name, Space& space, const EntryKey& key, Entry& entry) {
    release(space, key, entry);
    entry.value.clear();
    entry.news = true;
    with_news_.insert(name);
}

void PresenceBoard::leave(const SpaceKey& name, ConnectionId connection) {
    const auto space = spaces_.find(name);
    if (space == spaces_.end()) return;
    for (auto& [key, entry] : space->second.entries) {
        if (entry.owner == connection && !entry.value.empty())
            bury(name, space->second, key, entry);
    }
}

void PresenceBoard::expire(std::uint64_t now_ms) {
    for (auto& [name, space] : spaces_) {
        for (auto& [key, entry] : space.entries) {
            // A wall clock that was set back must not make anybody stay for hours.
            entry.renewed_ms = std::min(entry.renewed_ms, now_ms);
            if (!entry.value.empty() && now_ms - entry.renewed_ms >= entry.ttl_ms)
                bury(name, space, key, entry);
        }
    }
}

std::vector<SpaceKey> PresenceBoard::due(std::uint64_t now_ms) const {
    std::vector<SpaceKey> ready;
    for (const SpaceKey& name : with_news_) {
        const std::uint64_t told_ms = spaces_.at(name).told_ms;
        if (now_ms < told_ms || now_ms - told_ms >= limits_.every_ms) ready.push_back(name);
    }
    return ready;
}

/// Whether the author still has credit. Who has left may always be told of.
bool PresenceBoard::pay(ConnectionId author, std::uint64_t now_ms) {
    const auto found = accounts_.find(author);
    if (found == accounts_.end()) return true;
    Account& account = found->second;
    if (now_ms > account.credited_ms) {
        account.credit_ms =
            std::min(limits_.credit_ms_max, account.credit_ms + (now_ms - account.credited_ms));
    }
    account.credited_ms = now_ms;
    if (account.credit_ms < limits_.word_costs_ms) return false;
    account.credit_ms -= limits_.word_costs_ms;
    return true;
}

PresenceBoard::News PresenceBoard::take_news(const SpaceKey& name, std::uint64_t now_ms) {
    News news;
    const auto found = spaces_.find(name);
    if (found == spaces_.end()) return news;
    Space& space = found->second;
    bool one_author = true;
    bool more = false;
    for (auto at = space.entries.begin(); at != space.entries.end();) {
        const auto& key = at->first;
        Entry& entry = at->second;
        const bool gone = entry.value.empty();
        if (!entry.news || !(gone || pay(entry.owner, now_ms))) {
            more = more || entry.news;
            ++at;
            continue;
        }
        if (gone && !entry.told) {  // came and went between two tellings
            at = space.entries.erase(at);
            continue;
        }
        one_author = one_author && (news.entries.empty() || news.only_from == entry.owner);
        news.only_from = entry.owner;
        const std::uint64_t age_ms = now_ms - std::min(now_ms, entry.changed_ms);
        news.entries.push_back(
            {key.first, key.second, entry.subject, gone ? 0 : age_ms, entry.value});
        entry.news = false;
        entry.told = true;
        at = gone ? space.entries.erase(at) : std::next(at);
    }
    if (!one_author) news.only_from = 0;
    space.told_ms = now_ms;
    if (!more) with_news_.erase(name);
    if (space.entries.empty()) spaces_.erase(found);
    return news;
}

std::vector<wire::PresenceEntry> PresenceBoard::whole(const SpaceKey& name, ConnectionId except,
                                                      std::uint64_t now_ms) {
    std::vector<wire::PresenceEntry> all;
    const auto space = spaces_.find(name);
    if (space == spaces_.end()) return all;
    for (auto& [key, entry] : space->second.entries) {
        if (entry.value.empty() || entry.owner == except) continue;
        entry.told = true;
        all.push_back({key.first, key.second, entry.subject,
                       now_ms - std::min(now_ms, entry.changed_ms), entry.value});
    }
    return all;
}

}  // namespace syncline

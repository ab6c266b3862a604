#include "memory_relay_storage.hpp"

#include <algorithm>

namespace syncline::sim {

Result<std::optional<Registration>> MemoryRelayStorage::registration(const std::string& tenant,
                                                                     const ReplicaId& replica) {
    if (auto good = log_.guard_read(); !good) return tl::unexpected(good.error());
    const auto found = image_.registrations.find({tenant, replica});
    if (found == image_.registrations.end()) return std::optional<Registration>();
    return std::optional<Registration>(found->second);
}

Result<> MemoryRelayStorage::put_registration(const std::string& tenant, const ReplicaId& replica,
                                              const Registration& registration) {
    if (auto good = log_.guard(); !good) return good;
    const auto key = std::make_pair(tenant, replica);
    const auto found = image_.registrations.find(key);
    if (found == image_.registrations.end()) {
        log_.did([this, key] { image_.registrations.erase(key); });
        image_.registrations.emplace(key, registration);
    } else {
        log_.did([this, key, before = found->second] { image_.registrations[key] = before; });
        found->second = registration;
    }
    return {};
}

Result<std::optional<SpaceRecord>> MemoryRelayStorage::find_space(const std::string& tenant,
                                                                  const std::string& name) {
    if (auto good = log_.guard_read(); !good) return tl::unexpected(good.error());
    const auto found = image_.names.find({tenant, name});
    if (found == image_.names.end()) return std::optional<SpaceRecord>();
    return std::optional<SpaceRecord>(image_.spaces.at(found->second).record);
}

Result<SpaceRecord> MemoryRelayStorage::create_space(const std::string& tenant,
                                                     const std::string& name,
                                                     const EpochId& epoch) {
    if (auto good = log_.guard(); !good) return tl::unexpected(good.error());
    const std::uint64_t id = image_.spaces.empty() ? 1 : image_.spaces.rbegin()->first + 1;
    const auto key = std::make_pair(tenant, name);
    SpaceRecord record;
    record.id = id;
    record.epoch = epoch;
    image_.names.emplace(key, id);
    image_.spaces[id].record = record;
    log_.did([this, key, id] {
        image_.names.erase(key);
        image_.spaces.erase(id);
    });
    return record;
}

Result<> MemoryRelayStorage::put_space(const SpaceRecord& record) {
    if (auto good = log_.guard(); !good) return good;
    SpaceRecord& stored = image_.spaces.at(record.id).record;
    log_.did([this, before = stored] { image_.spaces.at(before.id).record = before; });
    stored = record;
    return {};
}

Result<std::vector<ReplicaHead>> MemoryRelayStorage::heads(std::uint64_t space) {
    if (auto good = log_.guard_read(); !good) return tl::unexpected(good.error());
    std::vector<ReplicaHead> heads;
    for (const auto& [replica, head] : image_.spaces.at(space).heads) heads.push_back(head);
    return heads;
}

Result<> MemoryRelayStorage::put_heads(std::uint64_t space, const std::vector<ReplicaHead>& heads) {
    if (auto good = log_.guard(); !good) return good;
    auto& stored = image_.spaces.at(space).heads;
    log_.did([this, space, before = stored] { image_.spaces.at(space).heads = before; });
    for (const ReplicaHead& head : heads) stored[head.replica] = head;
    return {};
}

Result<> MemoryRelayStorage::append(std::uint64_t space, const LogRow& row) {
    if (auto good = log_.guard(); !good) return good;
    Space& stored = image_.spaces.at(space);
    if (row.first != stored.head() + 1 || row.count == 0) {
        return fail(ErrorCode::storage_corrupt, "rows are appended in sequence");
    }
    stored.rows.push_back(std::make_shared<const LogRow>(row));
    log_.did([this, space] { image_.spaces.at(space).rows.pop_back(); });
    return {};
}

Result<std::vector<LogRow>> MemoryRelayStorage::read(std::uint64_t space, std::uint64_t after,
                                                     std::size_t bytes_max) {
    if (auto good = log_.guard_read(); !good) return tl::unexpected(good.error());
    const auto& rows = image_.spaces.at(space).rows;
    auto at = std::upper_bound(rows.begin(), rows.end(), after,
                               [](std::uint64_t seq, const auto& row) { return seq < row->first; });
    std::vector<LogRow> found;
    std::size_t bytes = 0;
    for (; at != rows.end() && bytes <= bytes_max; ++at) {
        found.push_back(**at);
        bytes += (*at)->changes.size();
    }
    return found;
}

Result<std::optional<std::uint64_t>> MemoryRelayStorage::salt_at(std::uint64_t space,
                                                                 std::uint64_t last) {
    if (auto good = log_.guard_read(); !good) return tl::unexpected(good.error());
    const auto& rows = image_.spaces.at(space).rows;
    const auto at =
        std::lower_bound(rows.begin(), rows.end(), last,
                         [](const auto& row, std::uint64_t seq) { return row->last() < seq; });
    if (at == rows.end() || (*at)->last() != last) return std::optional<std::uint64_t>();
    return std::optional<std::uint64_t>((*at)->salt);
}

const MemoryRelayStorage::Space* MemoryRelayStorage::space(const std::string& tenant,
                                                           const std::string& name) const {
    const auto found = image_.names.find({tenant, name});
    return found == image_.names.end() ? nullptr : &image_.spaces.at(found->second);
}

void MemoryRelayStorage::restore(Image image) {
    log_.crash();
    image_ = std::move(image);
}

}  // namespace syncline::sim

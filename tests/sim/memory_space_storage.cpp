#include "memory_space_storage.hpp"

namespace syncline::sim {

Result<SpaceState> MemorySpaceStorage::load() { return image_.state; }

Result<> MemorySpaceStorage::save(const SpaceState& state) {
    if (auto good = log_.guard(); !good) return good;
    log_.did([this, before = image_.state] { image_.state = before; });
    image_.state = state;
    return {};
}

Result<VersionVector> MemorySpaceStorage::vector(std::uint64_t generation) {
    const auto found = image_.vectors.find(generation);
    return found == image_.vectors.end() ? VersionVector() : found->second;
}

Result<> MemorySpaceStorage::raise(std::uint64_t generation, const ReplicaId& replica,
                                   std::uint64_t counter) {
    if (auto good = log_.guard(); !good) return good;
    VersionVector& vector = image_.vectors[generation];
    log_.did([this, generation, before = vector] { image_.vectors[generation] = before; });
    vector.raise(replica, counter);
    return {};
}

Result<std::optional<Bytes>> MemorySpaceStorage::document(std::uint64_t generation,
                                                          const DocumentKey& key) {
    const auto documents = image_.documents.find(generation);
    if (documents == image_.documents.end()) return std::optional<Bytes>();
    const auto found = documents->second.find(key);
    if (found == documents->second.end()) return std::optional<Bytes>();
    return std::optional<Bytes>(*found->second);
}

Result<> MemorySpaceStorage::put_document(std::uint64_t generation, const DocumentKey& key,
                                          BytesView state) {
    if (auto good = log_.guard(); !good) return good;
    Documents& documents = image_.documents[generation];
    auto& row = documents[key];
    log_.did([this, generation, key, before = row] {
        if (before == nullptr) {
            image_.documents[generation].erase(key);
        } else {
            image_.documents[generation][key] = before;
        }
    });
    if (state.empty()) {
        documents.erase(key);
    } else {
        row = std::make_shared<const Bytes>(state.begin(), state.end());
    }
    return {};
}

Result<> MemorySpaceStorage::scan(std::uint64_t generation, const std::string& collection,
                                  const std::string& behind,
                                  const std::function<bool(const DocumentKey&, BytesView)>& visit) {
    const auto documents = image_.documents.find(generation);
    if (documents == image_.documents.end()) return {};
    for (const auto& [key, bytes] : documents->second) {
        if (!collection.empty() && (key.collection != collection || key.id <= behind)) continue;
        if (!visit(key, *bytes)) return {};
    }
    return {};
}

Result<std::vector<std::string>> MemorySpaceStorage::collections(std::uint64_t generation) {
    std::vector<std::string> names;
    const auto documents = image_.documents.find(generation);
    if (documents == image_.documents.end()) return names;
    for (const auto& [key, bytes] : documents->second) {
        if (names.empty() || names.back() != key.collection) names.push_back(key.collection);
    }
    return names;
}

Result<> MemorySpaceStorage::drop_generation(std::uint64_t generation) {
    if (auto good = log_.guard(); !good) return good;
    log_.did([this, generation, documents = image_.documents[generation],
              vector = image_.vectors[generation]] {
        image_.documents[generation] = documents;
        image_.vectors[generation] = vector;
    });
    image_.documents.erase(generation);
    image_.vectors.erase(generation);
    return {};
}

Result<std::vector<OwnChange>> MemorySpaceStorage::own_changes(std::uint64_t after,
                                                               std::size_t limit,
                                                               bool pending_only) {
    std::vector<OwnChange> found;
    for (auto at = image_.own.upper_bound(after); at != image_.own.end() && found.size() < limit;
         ++at) {
        if (!pending_only || !at->second.confirmed) found.push_back(at->second);
    }
    return found;
}

Result<std::optional<OwnChange>> MemorySpaceStorage::own_change_ending(std::uint64_t last) {
    auto at = image_.own.upper_bound(last);
    if (at == image_.own.begin()) return std::optional<OwnChange>();
    --at;
    if (at->second.last != last) return std::optional<OwnChange>();
    return std::optional<OwnChange>(at->second);
}

Result<std::optional<OwnChange>> MemorySpaceStorage::own_change_starting(std::uint64_t first) {
    const auto found = image_.own.find(first);
    if (found == image_.own.end()) return std::optional<OwnChange>();
    return std::optional<OwnChange>(found->second);
}

Result<> MemorySpaceStorage::put_own_change(const OwnChange& change) {
    if (auto good = log_.guard(); !good) return good;
    const auto found = image_.own.find(change.first);
    if (found == image_.own.end()) {
        log_.did([this, first = change.first] { image_.own.erase(first); });
        image_.own.emplace(change.first, change);
    } else {
        log_.did([this, before = found->second] { image_.own[before.first] = before; });
        found->second = change;
    }
    return {};
}

Result<> MemorySpaceStorage::erase_own_change(std::uint64_t first) {
    if (auto good = log_.guard(); !good) return good;
    const auto found = image_.own.find(first);
    if (found == image_.own.end()) return {};
    log_.did([this, before = std::move(found->second)] { image_.own[before.first] = before; });
    image_.own.erase(found);
    return {};
}

Result<> MemorySpaceStorage::promote_staged(std::uint64_t now_ms) {
    if (auto good = log_.guard(); !good) return good;
    log_.did([this, before = image_.own] { image_.own = before; });
    for (auto& [first, change] : image_.own) {
        if (change.staged && !change.confirmed) change.confirmed_ms = now_ms;
        change.confirmed = change.staged;
        change.staged = false;
    }
    return {};
}

Result<> MemorySpaceStorage::clear_staged() {
    if (auto good = log_.guard(); !good) return good;
    log_.did([this, before = image_.own] { image_.own = before; });
    for (auto& [first, change] : image_.own) change.staged = false;
    return {};
}

Result<> MemorySpaceStorage::put_logged(const LoggedChange& change) {
    if (auto good = log_.guard(); !good) return good;
    log_.did([this, sequence = change.sequence] { image_.logged.erase(sequence); });
    image_.logged.emplace(change.sequence, change);
    return {};
}

Result<std::vector<LoggedChange>> MemorySpaceStorage::logged(std::uint64_t after,
                                                             std::size_t limit) {
    std::vector<LoggedChange> found;
    for (auto at = image_.logged.upper_bound(after);
         at != image_.logged.end() && found.size() < limit; ++at) {
        found.push_back(at->second);
    }
    return found;
}

Result<std::optional<LoggedRange>> MemorySpaceStorage::logged_range() {
    if (image_.logged.empty()) return std::optional<LoggedRange>();
    return std::optional<LoggedRange>(
        {image_.logged.begin()->first, image_.logged.rbegin()->first});
}

Result<> MemorySpaceStorage::erase_logged(std::uint64_t up_to) {
    if (auto good = log_.guard(); !good) return good;
    while (!image_.logged.empty() && image_.logged.begin()->first <= up_to) {
        auto gone = image_.logged.extract(image_.logged.begin());
        log_.did([this, before = std::move(gone.mapped())] {
            image_.logged.emplace(before.sequence, before);
        });
    }
    return {};
}

}  // namespace syncline::sim

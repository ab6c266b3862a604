#pragma once

#include "memory_space_storage.hpp"
#include "syncline/sync/space_replica.hpp"

#include <memory>
#include <string>
#include <vector>

/// One device and what a relay tells it, for stories without the simulator.
namespace syncline::sim {

inline constexpr std::uint64_t now_ms = 1'750'000'000'000;
inline constexpr std::uint64_t year_ms = 365ULL * 24 * 3600 * 1000;
inline const DocumentKey task{"tasks", "t1"};
inline const Path title{{"title", Type::lww_register}};

inline ReplicaId id_of(unsigned number) {
    ReplicaId id;
    id.bytes[15] = static_cast<std::byte>(number);
    return id;
}
inline const ReplicaId alice = id_of(1);
inline const ReplicaId bob = id_of(2);
inline const ReplicaId alice_anew = id_of(3);

/// One space of one device.
struct Device {
    explicit Device(const ReplicaId& id, const std::string& name = "s") {
        MemorySpaceStorage::Image image;
        image.state.name = name;
        image.state.replica = id;
        storage = std::make_unique<MemorySpaceStorage>(std::move(image));
        space = std::move(*SpaceReplica::open(*storage, {}));
    }
    Result<SpaceReplica::Committed> set(const std::string& text, std::uint64_t at_ms = now_ms) {
        return space->transact(at_ms, "", [&](SpaceReplica::Editor& tx) -> Result<> {
            const auto* document = *tx.read(task);
            return tx.edit(task, {title, document->root().at<LwwRegister>(title).set(text)});
        });
    }
    std::string shown() {
        const auto* document = *space->document(task);
        const Value* value = document->root().at<LwwRegister>(title).value();
        return value == nullptr ? "" : *value->text();
    }
    /// All own changes from `first` on.
    std::vector<Bytes> changes(std::uint64_t first = 1) const {
        std::vector<Bytes> all;
        for (const auto& [counter, own] : storage->image().own) {
            if (counter >= first) all.push_back(own.bytes);
        }
        return all;
    }
    ChainHead head_at(std::uint64_t last) const {
        return {last, (*storage->own_change_ending(last))->hash};
    }
    std::unique_ptr<MemorySpaceStorage> storage;
    std::unique_ptr<SpaceReplica> space;
};

inline wire::Opened opened(std::uint64_t head, std::uint64_t from, ChainHead own = {}) {
    wire::Opened message;
    message.space = "s";
    message.epoch.bytes[0] = std::byte{7};
    message.head = head;
    message.from = from;
    message.own = own;
    message.access = Access::write;
    return message;
}

inline wire::Changes batch(std::uint64_t first, const ReplicaId& author,
                           const std::vector<Bytes>& changes) {
    std::vector<wire::BatchEntry> entries;
    entries.reserve(changes.size());
    for (const Bytes& change : changes) entries.push_back({author, change});
    return {"s", {wire::Batch{first, 99, wire::encode_batch(entries)}}};
}

}  // namespace syncline::sim

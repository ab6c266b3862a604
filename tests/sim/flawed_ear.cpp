#include "flawed_ear.hpp"

#include <algorithm>

namespace syncline::sim {

namespace {

/// Whatever the relay has under this device's id is taken for its own.
void trust_head(wire::Opened& opened, const MemorySpaceStorage::Image& image) {
    ChainHead head;
    for (const auto& [first, change] : image.own) {
        if (change.last <= opened.own.counter) head = {change.last, change.hash};
    }
    opened.own = head;
}

void put_own_in_place(wire::Changes& changes, const ReplicaId& replica,
                      const MemorySpaceStorage::Image& image) {
    for (wire::Batch& batch : changes.batches) {
        auto entries = wire::decode_batch(batch.changes, wire::relay_frame_limits());
        for (wire::BatchEntry& entry : *entries) {
            const auto change = wire::decode_change(entry.change, entry.replica, {});
            const auto mine = image.own.find(change->first);
            if (entry.replica == replica && mine != image.own.end()) {
                entry.change = mine->second.bytes;
            }
        }
        batch.changes = wire::encode_batch(*entries);
    }
}

const MemorySpaceStorage::Image* find(const Slots& slots, const std::string& space) {
    const auto found = std::find_if(slots.begin(), slots.end(),
                                    [&](const auto& slot) { return slot->name == space; });
    return found == slots.end() ? nullptr : &(*found)->storage->image();
}

}  // namespace

Bytes FlawedEar::hears(const Bytes& frame, const ReplicaId& replica, const Slots& slots) {
    switch (stage_->settings.control) {
        case Control::feed_gap_ignored: return with_gap_closed(frame);
        case Control::clone_unnoticed: return with_heads_trusted(frame, replica, slots);
        default: return frame;
    }
}

Bytes FlawedEar::with_gap_closed(const Bytes& frame) {
    auto message = wire::decode(frame, wire::relay_frame_limits());
    if (!message) return frame;
    if (std::holds_alternative<wire::Opened>(*message)) lost_ = 0;
    auto* changes = std::get_if<wire::Changes>(&*message);
    if (changes == nullptr) return frame;
    const bool skip = lost_ == 0 && stage_->random.chance(20);
    for (wire::Batch& batch : changes->batches) {
        const auto entries = wire::decode_batch(batch.changes, wire::relay_frame_limits());
        if (skip) lost_ += entries->size();
        batch.first -= lost_;
    }
    return skip ? Bytes() : wire::encode(*message);
}

Bytes FlawedEar::with_heads_trusted(const Bytes& frame, const ReplicaId& replica,
                                    const Slots& slots) {
    auto message = wire::decode(frame, wire::relay_frame_limits());
    if (!message) return frame;
    if (auto* opened = std::get_if<wire::Opened>(&*message)) {
        if (const auto* image = find(slots, opened->space)) trust_head(*opened, *image);
    } else if (auto* changes = std::get_if<wire::Changes>(&*message)) {
        if (const auto* image = find(slots, changes->space)) {
            put_own_in_place(*changes, replica, *image);
        }
    }
    return wire::encode(*message);
}

}  // namespace syncline::sim

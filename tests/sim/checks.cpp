#include "checks.hpp"

#include "stage.hpp"
#include "syncline/document/json.hpp"
#include "transaction.hpp"

#include <set>
#include <vector>

namespace syncline::sim {

namespace {

/// The documents, and the ids, of two readers of one slot.
std::string check_same_shown(SpaceReplica& live, SpaceReplica& stored, const std::string& space,
                             std::size_t documents) {
    std::vector<DocumentKey> keys{grow_key};
    for (std::size_t i = 0; i < documents; ++i) keys.push_back(key_of_document(i));
    for (const DocumentKey& key : keys) {
        auto now = live.document(key);
        auto again = stored.document(key);
        if (!now || !again) return "cannot read a document";
        if (!((*now)->root() == (*again)->root())) {
            return "shows " + space + " " + key.id +
                   " otherwise than its file: " + to_json(view((*now)->root())) + " instead of " +
                   to_json(view((*again)->root()));
        }
    }
    auto live_ids = live.ids("c");
    auto stored_ids = stored.ids("c");
    if (!live_ids || !stored_ids || *live_ids != *stored_ids) return "has other ids than its file";
    if (live.pending() != stored.pending()) return "has other pending changes than its file";
    return {};
}

/// Nothing that has been shown goes away again.
std::string check_still_shown(Slot& slot, const GSet& grown, const Ledger& ledger) {
    for (const std::string& token : slot.own) {
        if (!grown.contains(token) && !ledger.edit(token).may_vanish) {
            return "no longer shows its own " + token;
        }
    }
    // The log of a restored relay may lack what others did and have not brought back.
    if (slot.generation_seen != slot.replica->state().generation) slot.seen.clear();
    slot.generation_seen = slot.replica->state().generation;
    for (const std::string& token : slot.seen) {
        const Ledger::Edit edit = ledger.edit(token);
        if (!grown.contains(token) && !edit.refused && !edit.may_vanish) {
            return "no longer shows " + token + ", which it showed before";
        }
    }
    for (const auto& [element, dots] : grown.elements().elements()) {
        slot.seen.insert(*element.text());
    }
    return {};
}

/// The author had seen all that the change builds on.
std::string check_causal(const Change& change, const LogReading& before) {
    if (std::get<std::uint64_t>(change.base) > before.head) {
        return "a change comes before what its author had seen";
    }
    std::string wrong;
    for_each_op(change, [&](const Section&, const FieldOp& op, const Event& at) {
        for_each_reference(op, [&](const DotRun& dots) {
            const bool own = dots.replica == at.dot.replica;
            if (own ? dots.last >= at.dot.counter
                    : !before.vector.covers(Dot{dots.replica, dots.last})) {
                wrong = "an op names a dot that is not in the log before it";
            }
        });
    });
    return wrong;
}

}  // namespace

std::string check_acknowledged(const MemoryRelayStorage& disk, const Ledger& ledger) {
    if (ledger.restored()) return {};
    for (const auto& [space, told] : ledger.acknowledged()) {
        const auto* log = disk.space("", space);
        VersionVector stored;
        for (std::size_t i = 0; log != nullptr && i < log->rows.size(); ++i) {
            const auto entries =
                wire::decode_batch(log->rows[i]->changes, wire::relay_frame_limits());
            for (const wire::BatchEntry& entry : *entries) {
                const auto change = wire::decode_change(entry.change, entry.replica, {});
                if (change) stored.raise(entry.replica, change->last());
            }
        }
        if (!stored.covers(told)) return "an acknowledged change is not on the relay's disk";
    }
    return {};
}

std::string audit(Slot& slot, std::size_t documents, const Ledger& ledger) {
    MemorySpaceStorage copy(slot.storage->image());
    auto again = SpaceReplica::open(copy, {});
    if (!again) return "has a store whose copy does not open: " + why(again);
    auto wrong = check_same_shown(*slot.replica, **again, slot.name, documents);
    if (!wrong.empty()) return wrong;
    auto document = slot.replica->document(grow_key);
    return check_still_shown(slot, (*document)->root().at<GSet>(grow_path), ledger);
}

std::string check_log(const MemoryRelayStorage::Space& log, const Ledger& ledger,
                      LogReading& reading) {
    std::map<ReplicaId, Hlc> stamps;
    for (const auto& row : log.rows) {
        const auto entries = wire::decode_batch(row->changes, wire::relay_frame_limits());
        if (!entries || entries->size() != row->count || row->first != reading.head + 1) {
            return "a row of the log is broken";
        }
        for (const wire::BatchEntry& entry : *entries) {
            auto change = wire::decode_change(entry.change, entry.replica, wire::Limits{});
            if (!change) return "a change in the log does not decode";
            if (change->first != reading.vector.at(entry.replica) + 1) {
                return "the log has a hole or a repetition at " + std::to_string(reading.head + 1);
            }
            if (change->hlc <= stamps[entry.replica]) return "stamps do not grow";
            stamps[entry.replica] = change->hlc;
            if (!ledger.restored()) {
                if (auto wrong = check_causal(*change, reading); !wrong.empty()) return wrong;
            }
            ++reading.head;
            reading.vector.raise(entry.replica, change->last());
            ++reading.times[change->message];
            reading.reference.add(*change);
        }
    }
    return {};
}

std::string check_edits(const std::string& space, const LogReading& reading, const Ledger& ledger) {
    for (const auto& [token, edit] : ledger.edits()) {
        if (edit.space != space) continue;
        const auto found = reading.times.find(token);
        const std::size_t times = found == reading.times.end() ? 0 : found->second;
        if (edit.refused && times > 0 && !edit.may_repeat) {
            return token + " was refused and is in the log";
        }
        if (edit.refused || edit.may_vanish) continue;
        if (times == 0) return token + " is lost";
        if (times > 1 && !edit.may_repeat) {
            return token + " is in the log " + std::to_string(times) + " times";
        }
    }
    return {};
}

std::string check_vector(const Slot& slot, const LogReading& reading) {
    const VersionVector& expected = reading.vector;
    const auto& image = slot.storage->image();
    const auto stored = image.vectors.find(image.state.generation);
    const bool on_disk =
        stored == image.vectors.end() ? expected.empty() : stored->second == expected;
    if (on_disk && slot.replica->open_message().vector == expected) return {};
    return "has another V";
}

std::string check_history(const Slot& slot) {
    const MemorySpaceStorage::Image& image = slot.storage->image();
    const auto confirmed = image.documents.find(image.state.generation);
    if (confirmed == image.documents.end()) return {};
    for (const auto& [key, bytes] : confirmed->second) {
        const auto now = slot.replica->as_of(key, image.state.cursor);
        if (!now) return "has no history: " + why(now);
        if (wire::encode_document(*now) != *bytes) {
            return "has a history of " + key.id + " that leads elsewhere";
        }
    }
    return {};
}

std::string check_views(Slot& slot, const LogReading& reading) {
    for (const DocumentKey& key : reading.reference.documents()) {
        auto document = slot.replica->document(key);
        if (!document) return "cannot read a document";
        const Value seen = shown((*document)->root());
        const Value expected = reading.reference.view(key);
        if (!(seen == expected)) {
            return "shows " + key.id + " as " + to_json(seen) + ", the reference says " +
                   to_json(expected);
        }
    }
    return {};
}

std::string check_fresh_reader(const MemoryRelayStorage::Space& log, const std::string& space,
                               const Hash& digest) {
    MemorySpaceStorage::Image image;
    image.state.name = space;
    MemorySpaceStorage storage(std::move(image));
    auto reader = SpaceReplica::open(storage, {});
    if (!reader) return "a fresh space does not open: " + why(reader);
    wire::Changes all;
    all.space = space;
    for (const auto& row : log.rows) all.batches.push_back({row->first, row->salt, row->changes});
    const ReplicaId nobody;
    auto fed = (*reader)->feed(all, nobody, start_of_time_ms);
    if (!fed) return "a fresh device cannot read the log: " + why(fed);
    const auto read = (*reader)->digest();
    if (!read || !(*read == digest)) {
        return "a fresh device that reads the whole log has another digest";
    }
    return {};
}

}  // namespace syncline::sim

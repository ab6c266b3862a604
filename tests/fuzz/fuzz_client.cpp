// Frames from a hostile relay into a device's session and space. No crash; the device's own edits
// stay readable whatever the relay says, unless it refused them, and the storage opens again.
#include "frames.hpp"
#include "sim/memory_space_storage.hpp"
#include "syncline/sync/client_session.hpp"

#include <cstdlib>

using namespace syncline;

namespace {
constexpr std::uint64_t now_ms = 1'700'000'000'000;
const DocumentKey key{"c", "d"};

ReplicaId replica_of(int n) {
    ReplicaId replica;
    replica.bytes.fill(static_cast<std::byte>(n));
    return replica;
}

/// Whether the device still shows what it wrote.
bool shows_own_edit(SpaceReplica& space) {
    const auto document = space.document(key);
    if (!document) std::abort();
    return (*document)->root().at<GSet>({{"mine", Type::g_set}}).contains("edit");
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    sim::MemorySpaceStorage::Image image;
    image.state.name = "s";
    image.state.replica = replica_of(1);
    sim::MemorySpaceStorage storage(image);
    auto opened = SpaceReplica::open(storage, {});
    if (!opened) std::abort();
    SpaceReplica& space = **opened;
    const auto committed = space.transact(now_ms, {}, [](SpaceReplica::Editor& editor) {
        return editor.edit(key, {{{"mine", Type::g_set}}, GSet().insert("edit")});
    });
    if (!committed) std::abort();

    ClientSession::Options options;
    options.replica = replica_of(1);
    options.nonce = 1;
    PresenceBook presence;
    if (!presence.set("s", "tab", Value("here"), 1'000, now_ms)) std::abort();
    options.presence = &presence;
    ClientSession session(options);
    (void)session.add(space, now_ms);
    (void)session.connected(now_ms);
    bool refused = false;
    for (const Bytes& frame : test::frames_of(data, size)) {
        ClientEffects effects = session.received(frame, now_ms);
        for (const ClientEvent& event : effects.events) {
            refused = refused || std::holds_alternative<client_event::Rejected>(event);
        }
        for (const Bytes& sent : effects.send) {
            if (!wire::decode(sent, wire::relay_frame_limits())) std::abort();
        }
        if (effects.close) break;
        (void)session.tick(now_ms + 1);
        if (presence.list("s", replica_of(1), now_ms).size() > 1 + PresenceBook::others_max)
            std::abort();
    }
    // A relay can also confirm the edit and then relay its removal by somebody else; only while it
    // is pending is it ours alone.
    if (!refused && space.pending() > 0 && !space.staging() && !shows_own_edit(space)) {
        // A removal of the dot by another replica cannot have come before the add was confirmed.
        std::abort();
    }
    const auto again = SpaceReplica::open(storage, {});
    if (!again) std::abort();
    if ((*again)->pending() != space.pending()) std::abort();
    return 0;
}

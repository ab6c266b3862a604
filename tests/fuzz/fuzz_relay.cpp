// Frames from two strangers into a real relay (hub, session, engine) over storage in memory: the
// first message and everything after. Odd frames come over the second connection. No crash, no
// invariant broken, and every frame that the relay sends decodes.
#include "frames.hpp"
#include "sim/memory_relay_storage.hpp"
#include "syncline/sync/relay_hub.hpp"

#include <cstdlib>

using namespace syncline;

namespace {

constexpr std::uint64_t now_ms = 1'700'000'000'000;

class Wire final : public RelayOutput {
public:
    void send(ConnectionId, std::shared_ptr<const Bytes> frame) override { check(*frame); }
    void send(const std::vector<ConnectionId>&, std::shared_ptr<const Bytes> frame) override {
        check(*frame);
    }
    std::size_t queued_bytes(ConnectionId) override { return 0; }
    void promote(ConnectionId) override {}
    void close(ConnectionId connection, std::uint16_t, const std::string&) override {
        closed.push_back(connection);
    }
    void submit(RelayRequest request) override { requests.push_back(std::move(request)); }

    std::vector<RelayRequest> requests;
    std::vector<ConnectionId> closed;

private:
    static void check(const Bytes& frame) {
        if (!wire::decode(frame, wire::relay_frame_limits())) std::abort();
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    sim::MemoryRelayStorage storage;
    std::uint64_t counter = 0;
    const RandomSource random = [&](std::byte* into, std::size_t n) {
        for (std::size_t i = 0; i < n; ++i) into[i] = static_cast<std::byte>(++counter);
    };
    RelayEngine engine(storage, random, {});
    Wire wire;
    const Gatekeeper everybody = [](const std::string&, std::uint64_t) -> Result<Grant> {
        return Grant{"anybody", "", ~std::uint64_t{0}, [](const std::string& space) {
                         return space == "r" ? Access::read : Access::write;
                     }};
    };
    RelayHub hub(wire, everybody, {});
    hub.connected(1);
    hub.connected(2);
    ConnectionId to = 1;
    for (const Bytes& frame : test::frames_of(data, size)) {
        hub.received(to, frame, now_ms);
        to = 3 - to;
        for (int rounds = 0; !wire.requests.empty() && rounds < 64; ++rounds) {
            const auto replies = engine.process(std::exchange(wire.requests, {}), now_ms);
            if (!replies) std::abort();  // nothing a client sends may cost the relay its storage
            hub.deliver(*replies, now_ms);
        }
        hub.tell_presence(now_ms);
        for (const ConnectionId connection : std::exchange(wire.closed, {})) {
            hub.disconnected(connection);
        }
    }
    hub.tick(now_ms + 200'000);
    if (hub.presence().entries() != 0) std::abort();  // everybody's time is over
    // What got into the log can be read back by a relay that starts on it.
    RelayEngine restarted(storage, random, {});
    for (const auto& [name, id] : storage.image().names) {
        relay_request::Open open{9, {name.first, name.second}, {}, Access::read, {}};
        open.message.space = name.second;
        if (!restarted.process({std::move(open)}, now_ms)) std::abort();
    }
    return 0;
}

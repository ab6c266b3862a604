// How devices come to the relay: upgrade, hello, open; all of them a step at a time.

#include "moments.hpp"
#include "pool.hpp"
#include "support/author.hpp"
#include "syncline/sync/messages.hpp"
#include "tape.hpp"

#include <algorithm>

namespace syncline::load {

void join(Pool& pool, unsigned port, std::size_t count, std::uint64_t first,
          const std::function<std::string(std::size_t)>& space_of, std::uint64_t nonce) {
    const std::size_t from = pool.lines.size();
    const auto on_frame = [](Line&, const Glance&) {};
    const auto all = [&](const std::function<bool(const Line&)>& holds) {
        return [&pool, from, holds] {
            return std::all_of(pool.lines.begin() + static_cast<std::ptrdiff_t>(from),
                               pool.lines.end(), [&](const auto& line) { return holds(*line); });
        };
    };
    for (std::size_t i = 0; i < count; ++i) {
        Line& line = pool.add(port);
        pool.send(line,
                  "GET /sync HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
                  "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
        if (i % 64 == 63) pool.turn(0, on_frame);
    }
    pool.until("upgrade", 60, on_frame, all([](const Line& l) { return l.upgraded; }));
    for (std::size_t i = 0; i < count; ++i) {
        pool.send(*pool.lines[from + i], frame_of(wire::Hello{1, 1, test::replica_number(first + i),
                                                              nonce, "", wall_ms(), 0, "load"}));
    }
    pool.until("welcome", 60, on_frame, all([](const Line& l) { return l.is_welcome; }));
    for (std::size_t i = 0; i < count; ++i) {
        wire::Open open;
        open.space = space_of(i);
        pool.send(*pool.lines[from + i], frame_of(open));
    }
    pool.until("opened", 60, on_frame, all([](const Line& l) { return l.is_open; }));
}

}  // namespace syncline::load

#pragma once

#include "glance.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace syncline::load {

/// One device's connection, and what a scenario counts on it.
struct Line {
    int fd = -1;
    std::size_t index = 0;
    std::string in;          // not yet a glance's worth
    std::uint64_t skip = 0;  // of the frame under way
    std::string out;
    std::size_t out_at = 0;
    bool upgraded = false;
    bool wants_out = false;
    // For the scenarios.
    bool is_welcome = false;
    bool is_open = false;
    std::uint64_t position = 0;  // of the feed
    std::uint64_t received = 0;  // changes
    std::uint64_t answered = 0;  // head of the last accepted
    std::size_t next = 0;        // frame to send
};

/// Many connections to the relay in one thread: epoll, plain sockets, and only a glance at what
/// comes; the rest of each frame is dropped inside the kernel (MSG_TRUNC).
class Pool {
public:
    using OnFrame = std::function<void(Line&, const Glance&)>;

    Pool();
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    Line& add(unsigned port);
    void send(Line& line, std::string_view bytes);
    /// One turn: at most `wait_ms` until something comes.
    void turn(int wait_ms, const OnFrame& on_frame);
    /// Turns until `done`; an error when that takes longer than it should.
    void until(const char* what, double limit_s, const OnFrame& on_frame,
               const std::function<bool()>& done);

    std::vector<std::unique_ptr<Line>> lines;
    bool lost = false;  ///< a connection ended
    bool losing_is_fine = false;
    std::uint64_t bytes_in = 0;

private:
    void want(Line& line, bool out);
    void flush(Line& line);
    void ended(Line& line);
    void read(Line& line, const OnFrame& on_frame);
    void take_frames(Line& line, const OnFrame& on_frame);
    /// Whether the answer to the upgrade is there; it is taken off.
    static bool take_upgrade(Line& line);
    /// `payload` may be only the beginning.
    void take_message(Line& line, std::string_view payload, const OnFrame& on_frame);
    void answer_ping(Line& line, std::string_view payload);

    int epoll_;
};

/// Connects `count` devices; `space_of` says where to. Their replica ids count from `first`.
void join(Pool& pool, unsigned port, std::size_t count, std::uint64_t first,
          const std::function<std::string(std::size_t)>& space_of, std::uint64_t nonce = 1);

}  // namespace syncline::load

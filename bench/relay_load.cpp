// syncline-relay-load: starts a relay, loads it, and prints what it did as JSON.
//
// One thread, epoll, plain sockets. Changes and frames are made before the clock starts; of what
// comes back only the first bytes of each frame are looked at, the rest is dropped inside the
// kernel (MSG_TRUNC). `ceiling` measures the generator itself against a sender that does nothing
// else.

#include "support/author.hpp"
#include "support/temporary_directory.hpp"
#include "syncline/document/change.hpp"
#include "syncline/sync/messages.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <spawn.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <netinet/tcp.h>
#include <optional>
#include <poll.h>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

extern char** environ;

namespace {

using namespace syncline;
using nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

[[noreturn]] void give_up(const std::string& what) { throw std::runtime_error(what); }

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}
std::int64_t now_us() {
    return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch())
        .count();
}
std::uint64_t wall_ms() {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                          std::chrono::system_clock::now().time_since_epoch())
                                          .count());
}

// ---- The relay under test ----

/// CPU seconds of a process or thread, from a stat file of /proc.
double cpu_of(const std::string& stat_file) {
    std::ifstream in(stat_file);
    std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    const auto name_end = text.rfind(')');
    if (name_end == std::string::npos) return 0;
    std::istringstream fields(text.substr(name_end + 2));
    std::string field;
    double ticks = 0;
    for (int i = 3; fields >> field && i <= 15; ++i) {
        if (i >= 14) ticks += std::stod(field);
    }
    return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

class Relay {
public:
    Relay(const std::string& program, std::string directory) : directory_(std::move(directory)) {
        const std::string port_file = directory_ + "/port";
        std::remove(port_file.c_str());
        std::vector<std::string> arguments{program,    "--data",      directory_ + "/data",
                                           "--listen", "127.0.0.1:0", "--port-file",
                                           port_file,  "--log-level", "warning"};
        std::vector<char*> argv;
        argv.reserve(arguments.size() + 1);
        for (std::string& argument : arguments) argv.push_back(argument.data());
        argv.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, 2, (directory_ + "/log").c_str(),
                                         O_WRONLY | O_CREAT | O_APPEND, 0600);
        const int failed =
            posix_spawn(&id_, program.c_str(), &actions, nullptr, argv.data(), environ);
        posix_spawn_file_actions_destroy(&actions);
        if (failed != 0) give_up("cannot start " + program);
        const auto begin = Clock::now();
        while (port == 0) {
            std::ifstream in(port_file);
            in >> port;
            if (seconds_since(begin) > 20) give_up("the relay does not say its port");
            poll(nullptr, 0, 2);
        }
    }
    ~Relay() { kill(); }
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;
    void kill() {
        if (id_ <= 0) return;
        ::kill(id_, SIGKILL);
        waitpid(id_, nullptr, 0);
        id_ = -1;
    }
    [[nodiscard]] double cpu() const { return cpu_of("/proc/" + std::to_string(id_) + "/stat"); }
    [[nodiscard]] ordered_json memory() const {
        std::ifstream in("/proc/" + std::to_string(id_) + "/status");
        for (std::string line; std::getline(in, line);) {
            if (line.rfind("VmHWM:", 0) == 0) return std::stol(line.substr(6)) / 1024;
        }
        return nullptr;
    }
    unsigned port = 0;

private:
    std::string directory_;
    pid_t id_ = -1;
};

// ---- Frames ----

/// A client's binary frame. The mask is zero, which is one of those allowed, so the payload stands
/// as it is.
void append_frame(std::string& out, BytesView payload) {
    out.push_back('\x82');
    if (payload.size() < 126) {
        out.push_back(static_cast<char>(0x80 | payload.size()));
    } else {
        const int width = payload.size() <= 0xffff ? 2 : 8;
        out.push_back(static_cast<char>(0x80 | (width == 2 ? 126 : 127)));
        for (int i = width - 1; i >= 0; --i)
            out.push_back(static_cast<char>(std::uint64_t{payload.size()} >> (8 * i)));
    }
    out.append(4, '\0');
    out.append(as_text(payload));
}

std::string frame_of(const wire::Message& message) {
    std::string out;
    append_frame(out, wire::encode(message));
    return out;
}

/// Pushes of one author, ready to send.
struct Tape {
    std::vector<std::string> frames;
    std::size_t changes_per_frame = 1;
};

constexpr std::size_t change_bytes = 100;

Tape make_tape(const ReplicaId& replica, const std::string& space, std::size_t frames,
               std::size_t changes_per_frame) {
    test::Author author{replica, {}, {}};
    const std::size_t empty = author.write(wall_ms(), "").bytes.size();
    author = {replica, {}, {}};
    const std::string text(change_bytes - empty - 1, 'x');
    Tape tape;
    tape.changes_per_frame = changes_per_frame;
    ChainHead head;
    for (std::size_t f = 0; f < frames; ++f) {
        wire::Push push{space, head, {}};
        for (std::size_t c = 0; c < changes_per_frame; ++c) {
            auto& made = author.write(wall_ms(), text);
            push.changes.push_back(made.bytes);
            head = made.head;
            // Only the end of the chain is needed.
            if (author.made.size() > 1) author.made.erase(author.made.begin());
        }
        tape.frames.push_back(frame_of(push));
    }
    return tape;
}

// ---- Connections ----

enum Kind : unsigned { welcome = 32, opened = 33, changes = 34, accepted = 35 };

/// What the first bytes of a relay's message tell.
struct Glance {
    unsigned kind = 0;
    std::uint64_t number = 0;  ///< changes: the first's place; accepted: the head's counter
    std::uint64_t count = 0;   ///< changes of the frame's first batch
};

class Cursor {
public:
    explicit Cursor(std::string_view bytes) : bytes_(bytes) {}
    unsigned byte() {
        if (at_ >= bytes_.size()) return 0;
        return static_cast<unsigned char>(bytes_[at_++]);
    }
    std::uint64_t big_endian(int width) {
        std::uint64_t value = 0;
        for (int i = 0; i < width; ++i) value = value << 8 | byte();
        return value;
    }
    std::uint64_t u64() {
        const unsigned head = byte();
        return head < 0x80                    ? head
               : head >= 0xcc && head <= 0xcf ? big_endian(1 << (head - 0xcc))
                                              : 0;
    }
    std::uint64_t array() {
        const unsigned head = byte();
        return (head & 0xf0U) == 0x90 ? (head & 0x0fU)
               : head == 0xdc         ? big_endian(2)
                                      : big_endian(4);
    }
    void text() {
        const unsigned head = byte();
        at_ += (head & 0xe0U) == 0xa0 ? (head & 0x1fU) : byte();
    }
    void binary_head() {
        const unsigned head = byte();
        at_ += head == 0xc4 ? 1 : head == 0xc5 ? 2 : 4;
    }

private:
    std::string_view bytes_;
    std::size_t at_ = 0;
};

Glance glance_at(std::string_view payload) {
    Cursor in(payload);
    in.byte();  // map
    in.byte();  // 0: the kind
    Glance glance;
    glance.kind = in.byte();
    if (glance.kind == changes) {
        in.byte();
        in.text();
        in.byte();
        in.array();
        in.byte();
        glance.number = in.u64();
        in.u64();
        in.binary_head();
        glance.count = (in.array() - 1) / 2;
    } else if (glance.kind == accepted) {
        in.byte();
        in.text();
        in.byte();
        in.byte();
        glance.number = in.u64();
    }
    return glance;
}

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

class Pool {
public:
    using OnFrame = std::function<void(Line&, const Glance&)>;

    Pool() : epoll_(epoll_create1(0)) {}
    ~Pool() {
        for (const auto& line : lines) ::close(line->fd);
        ::close(epoll_);
    }
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    Line& add(unsigned port) {
        auto line = std::make_unique<Line>();
        line->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        line->index = lines.size();
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_port = htons(static_cast<std::uint16_t>(port));
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (connect(line->fd, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0)
            give_up(std::string("connect: ") + std::strerror(errno));
        const int on = 1;
        setsockopt(line->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        fcntl(line->fd, F_SETFL, O_NONBLOCK);
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = line.get();
        epoll_ctl(epoll_, EPOLL_CTL_ADD, line->fd, &event);
        lines.push_back(std::move(line));
        return *lines.back();
    }

    void send(Line& line, std::string_view bytes) {
        if (line.out_at == line.out.size()) {
            const ssize_t n = ::send(line.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
            if (bytes.empty()) return;
            line.out.clear();
            line.out_at = 0;
        }
        line.out.append(bytes);
        want(line, true);
    }

    /// One turn: at most `wait_ms` until something comes.
    void turn(int wait_ms, const OnFrame& on_frame) {
        std::array<epoll_event, 256> events;
        const int count = epoll_wait(epoll_, events.data(), events.size(), wait_ms);
        for (int i = 0; i < count; ++i) {
            auto& line = *static_cast<Line*>(events.at(static_cast<std::size_t>(i)).data.ptr);
            const unsigned what = events.at(static_cast<std::size_t>(i)).events;
            if ((what & EPOLLOUT) != 0) flush(line);
            if ((what & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read(line, on_frame);
        }
    }
    /// Turns until `done`; an error when that takes longer than it should.
    void until(const char* what, double limit_s, const OnFrame& on_frame,
               const std::function<bool()>& done) {
        const auto begin = Clock::now();
        while (!done()) {
            if (seconds_since(begin) > limit_s) give_up(std::string("timed out: ") + what);
            turn(20, on_frame);
        }
    }

    std::vector<std::unique_ptr<Line>> lines;
    bool lost = false;  // a connection ended
    bool losing_is_fine = false;
    std::uint64_t bytes_in = 0;

private:
    void want(Line& line, bool out) {
        if (line.wants_out == out) return;
        line.wants_out = out;
        epoll_event event{};
        event.events = out ? EPOLLIN | EPOLLOUT : EPOLLIN;
        event.data.ptr = &line;
        epoll_ctl(epoll_, EPOLL_CTL_MOD, line.fd, &event);
    }
    void flush(Line& line) {
        const ssize_t n = ::send(line.fd, line.out.data() + line.out_at,
                                 line.out.size() - line.out_at, MSG_NOSIGNAL);
        if (n > 0) line.out_at += static_cast<std::size_t>(n);
        if (line.out_at == line.out.size()) want(line, false);
    }
    void ended(Line& line) {
        lost = true;
        if (!losing_is_fine) give_up("the relay closed connection " + std::to_string(line.index));
        epoll_ctl(epoll_, EPOLL_CTL_DEL, line.fd, nullptr);
    }
    void read(Line& line, const OnFrame& on_frame) {
        static std::array<char, 4096> buffer;
        // Bounded, so that one fast line does not starve the others.
        for (int reads = 0; reads < 64; ++reads) {
            if (line.skip > 0) {
                const std::size_t most = static_cast<std::size_t>(
                    std::min<std::uint64_t>(line.skip, std::uint64_t{1} << 20));
                const ssize_t n = recv(line.fd, nullptr, most, MSG_TRUNC);
                if (n == 0 || (n < 0 && errno != EAGAIN)) return ended(line);
                if (n < 0) return;
                line.skip -= static_cast<std::size_t>(n);
                bytes_in += static_cast<std::uint64_t>(n);
                continue;
            }
            const ssize_t n = recv(line.fd, buffer.data(), glance_bytes, 0);
            if (n == 0 || (n < 0 && errno != EAGAIN)) return ended(line);
            if (n < 0) return;
            bytes_in += static_cast<std::uint64_t>(n);
            line.in.append(buffer.data(), static_cast<std::size_t>(n));
            take_frames(line, on_frame);
        }
    }
    void take_frames(Line& line, const OnFrame& on_frame) {
        if (!line.upgraded) {
            const auto end = line.in.find("\r\n\r\n");
            if (end == std::string::npos) return;
            if (line.in.rfind("HTTP/1.1 101", 0) != 0) give_up("no upgrade: " + line.in);
            line.in.erase(0, end + 4);
            line.upgraded = true;
        }
        std::size_t at = 0;
        while (line.in.size() - at >= 2) {
            const std::string_view rest = std::string_view(line.in).substr(at);
            std::uint64_t length = static_cast<unsigned char>(rest[1]);
            const std::size_t header = length < 126 ? 2 : length == 126 ? 4 : 10;
            if (rest.size() < header) break;
            if (header > 2) {
                length = 0;
                for (std::size_t i = 2; i < header; ++i)
                    length = length << 8 | static_cast<unsigned char>(rest[i]);
            }
            const std::uint64_t total = header + length;
            if (rest.size() < total && rest.size() < glance_bytes) break;
            if (static_cast<unsigned char>(rest[0]) == 0x82) {
                const Glance glance = glance_at(rest.substr(header, length));
                line.is_welcome = line.is_welcome || glance.kind == welcome;
                line.is_open = line.is_open || glance.kind == opened;
                if (glance.kind >= 36)
                    give_up("the relay refuses: " +
                            std::string(rest.substr(header, std::min<std::uint64_t>(length, 100))));
                on_frame(line, glance);
            } else if (static_cast<unsigned char>(rest[0]) == 0x89 && rest.size() >= total) {
                std::string pong("\x8a");
                pong.push_back(static_cast<char>(0x80 | length));
                pong.append(4, '\0').append(rest.substr(header, length));
                send(line, pong);
            }
            if (rest.size() < total) {
                line.skip = total - rest.size();
                at = line.in.size();
                break;
            }
            at += total;
        }
        line.in.erase(0, at);
    }

    static constexpr std::size_t glance_bytes = 128;
    int epoll_;
};

/// Connects `count` devices; `space_of` says where to. Their replica ids count from `first`.
void join(Pool& pool, unsigned port, std::size_t count, std::uint64_t first,
          const std::function<std::string(std::size_t)>& space_of, std::uint64_t nonce = 1) {
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

// ---- Figures ----

struct Latencies {
    std::vector<std::int64_t> us;
    [[nodiscard]] ordered_json json() {
        if (us.empty()) return nullptr;
        std::sort(us.begin(), us.end());
        const auto at = [&](double q) {
            const auto index = static_cast<std::size_t>(q * static_cast<double>(us.size() - 1));
            return static_cast<double>(us[index]) / 1000;
        };
        return {{"p50_ms", at(0.5)}, {"p99_ms", at(0.99)}, {"max_ms", at(1)}, {"count", us.size()}};
    }
};

/// What relay and generator used between two moments.
class Usage {
public:
    explicit Usage(const Relay& relay)
        : relay_(relay), relay_cpu_(relay.cpu()), own_cpu_(own()), begin_(Clock::now()) {}
    [[nodiscard]] double seconds() const { return seconds_since(begin_); }
    [[nodiscard]] double relay_cpu() const { return relay_.cpu() - relay_cpu_; }
    [[nodiscard]] double own_cpu() const { return own() - own_cpu_; }
    void add_to(ordered_json& out) const {
        out["seconds"] = seconds();
        out["relay_cpu_percent"] = 100 * relay_cpu() / seconds();
        out["generator_cpu_percent"] = 100 * own_cpu() / seconds();
        out["relay_peak_mib"] = relay_.memory();
    }

private:
    static double own() {
        rusage usage{};
        getrusage(RUSAGE_SELF, &usage);
        const auto seconds = [](const timeval& t) {
            return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
        };
        return seconds(usage.ru_utime) + seconds(usage.ru_stime);
    }
    const Relay& relay_;
    double relay_cpu_;
    double own_cpu_;
    Clock::time_point begin_;
};

/// Milliseconds of an append of 4 KiB and its fdatasync, in this directory.
class RawFsync {
public:
    explicit RawFsync(const std::string& directory)
        : file_(open((directory + "/fsync").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600)) {}
    ~RawFsync() { ::close(file_); }
    RawFsync(const RawFsync&) = delete;
    RawFsync& operator=(const RawFsync&) = delete;
    void once() {
        static const std::array<char, 4096> page{};
        const auto begin = now_us();
        if (write(file_, page.data(), page.size()) < 0 || fdatasync(file_) != 0)
            give_up("fdatasync");
        latencies.us.push_back(now_us() - begin);
    }
    Latencies latencies;

private:
    int file_;
};

struct Setting {
    std::string program;
    std::string directory;
    double seconds = 5;
    std::size_t per_push = 1;
};

// ---- Scenarios ----

/// R1: one writer who never waits, `subscribers` who follow.
ordered_json r1_saturated(const Setting& setting, std::size_t subscribers) {
    const test::TemporaryDirectory directory;
    Relay relay(setting.program, directory.path());
    Pool pool;
    const auto team = [](std::size_t) { return std::string("team"); };
    join(pool, relay.port, subscribers, 1'000, team);
    join(pool, relay.port, 1, 1, team);
    Line& writer = *pool.lines.back();
    // Enough for twice the best that was seen.
    const double most = std::max(50'000.0, 60e6 / static_cast<double>(subscribers));
    const auto frames = static_cast<std::size_t>(std::min(1.5e6, most * (setting.seconds + 1)) /
                                                 static_cast<double>(setting.per_push));
    const Tape tape = make_tape(test::replica_number(1), "team", frames, setting.per_push);
    const std::uint64_t window = std::max<std::uint64_t>(16'384, 2 * setting.per_push);

    const auto on_frame = [&](Line& line, const Glance& glance) {
        if (glance.kind == changes)
            line.position = std::max(line.position, glance.number + glance.count - 1);
        if (glance.kind == accepted) line.answered = glance.number;
    };
    const auto feed = [&] {
        while (writer.next < tape.frames.size() &&
               writer.next * setting.per_push < writer.answered + window)
            pool.send(writer, tape.frames[writer.next++]);
    };
    const auto total = [&] {
        std::uint64_t sum = 0;
        for (const auto& line : pool.lines) sum += line->position;
        return sum;
    };
    const auto run_for = [&](double seconds) {
        const auto begin = Clock::now();
        while (seconds_since(begin) < seconds && writer.next < tape.frames.size()) {
            feed();
            pool.turn(5, on_frame);
        }
    };
    run_for(0.5);
    const Usage usage(relay);
    const std::uint64_t before = total();
    const std::uint64_t accepted_before = writer.answered;
    run_for(setting.seconds);
    const double deliveries = static_cast<double>(total() - before);
    ordered_json out{{"scenario", "r1_saturated"},
                     {"subscribers", subscribers},
                     {"changes_per_push", setting.per_push},
                     {"deliveries_per_s", deliveries / usage.seconds()},
                     {"accepted_per_s",
                      static_cast<double>(writer.answered - accepted_before) / usage.seconds()},
                     {"relay_cpu_s_per_million", usage.relay_cpu() / (deliveries / 1e6)}};
    usage.add_to(out);
    // Everybody gets everything.
    const std::uint64_t sent = writer.next * setting.per_push;
    pool.until("the end of the feed", 60, on_frame, [&] { return writer.answered >= sent; });
    pool.until("subscribers", 60, on_frame, [&] {
        return std::all_of(pool.lines.begin(), pool.lines.end(),
                           [&](const auto& line) { return line->position >= sent; });
    });
    return out;
}

/// Lines that write at a fixed rate, and how long it takes until all others have it.
ordered_json paced(const Setting& setting, const char* name, std::size_t spaces,
                   std::size_t members, std::size_t writers, double rate) {
    const test::TemporaryDirectory directory;
    Relay relay(setting.program, directory.path());
    Pool pool;
    const std::size_t count = spaces * members;
    const auto space_of = [&](std::size_t i) { return "space-" + std::to_string(i / members); };
    join(pool, relay.port, count, 1, space_of);
    std::vector<std::size_t> authors;
    for (std::size_t i = 0; i < count; ++i) {
        if (i % members < writers) authors.push_back(i);
    }
    const auto sends =
        static_cast<std::size_t>(rate * (setting.seconds + 1) * static_cast<double>(spaces));
    std::vector<Tape> tapes;
    tapes.reserve(authors.size());
    for (const std::size_t author : authors) {
        tapes.push_back(make_tape(test::replica_number(author + 1), space_of(author),
                                  sends / authors.size() + 1, 1));
    }
    // When each author's n-th change left, and who wrote what in each space: changes of several
    // authors mix, so a space's places are matched by the order of acceptance only when it has one
    // writer at a time; with more, the wait is to the author's own acknowledgement and feed.
    std::vector<std::vector<std::int64_t>> sent_at(count);
    Latencies delivery;
    Latencies answer;
    bool measuring = false;
    std::uint64_t deliveries = 0;
    std::vector<std::vector<std::int64_t>> space_sent(spaces);
    const auto on_frame = [&](Line& line, const Glance& glance) {
        const std::int64_t now = now_us();
        if (glance.kind == accepted) {
            for (; line.answered < glance.number; ++line.answered) {
                if (measuring) answer.us.push_back(now - sent_at[line.index][line.answered]);
            }
        } else if (glance.kind == changes) {
            const auto& times = space_sent[line.index / members];
            const std::uint64_t last = glance.number + glance.count - 1;
            for (; line.position < last; ++line.position) {
                if (measuring && line.position < times.size()) {
                    delivery.us.push_back(now - times[line.position]);
                    ++deliveries;
                }
            }
        }
    };
    const auto begin = Clock::now();
    std::optional<Usage> usage;
    std::size_t done = 0;
    while (done < sends) {
        const double elapsed = seconds_since(begin);
        if (!measuring && elapsed > 1) {
            measuring = true;
            usage.emplace(relay);
        }
        const auto due = std::min<std::size_t>(
            sends, static_cast<std::size_t>(elapsed * rate * static_cast<double>(spaces)));
        for (; done < due; ++done) {
            const std::size_t turn = done % authors.size();
            Line& line = *pool.lines[authors[turn]];
            const std::int64_t now = now_us();
            sent_at[line.index].push_back(now);
            space_sent[line.index / members].push_back(now);
            pool.send(line, tapes[turn].frames.at(line.next++));
        }
        pool.turn(1, on_frame);
    }
    ordered_json out{
        {"scenario", name},
        {"spaces", spaces},
        {"devices", count},
        {"changes_per_s", rate * static_cast<double>(spaces)},
        {"deliveries", deliveries},
        {"relay_cpu_s_per_million", usage->relay_cpu() / (static_cast<double>(deliveries) / 1e6)}};
    usage->add_to(out);
    out["delivery"] = delivery.json();
    out["answer"] = answer.json();
    pool.until("the rest", 30, on_frame, [&] {
        return std::all_of(pool.lines.begin(), pool.lines.end(), [&](const auto& line) {
            return line->position >= space_sent[line->index / members].size();
        });
    });
    return out;
}

/// R2: every device of 1,000 spaces writes as fast as it is answered.
ordered_json r2_saturated(const Setting& setting, std::size_t spaces) {
    const test::TemporaryDirectory directory;
    Relay relay(setting.program, directory.path());
    Pool pool;
    const std::size_t count = spaces * 2;
    const auto space_of = [](std::size_t i) { return "space-" + std::to_string(i / 2); };
    join(pool, relay.port, count, 1, space_of);
    const auto frames = static_cast<std::size_t>(1.2e6 / static_cast<double>(count) /
                                                 static_cast<double>(setting.per_push)) +
                        1;
    std::vector<Tape> tapes;
    for (std::size_t i = 0; i < count; ++i)
        tapes.push_back(
            make_tape(test::replica_number(i + 1), space_of(i), frames, setting.per_push));
    const std::size_t window = std::max<std::size_t>(2, 8 / setting.per_push);
    bool out_of_tape = false;
    const auto feed = [&](Line& line) {
        while (line.next * setting.per_push < line.answered + window * setting.per_push) {
            if (line.next == frames) {
                out_of_tape = true;
                return;
            }
            pool.send(line, tapes[line.index].frames[line.next++]);
        }
    };
    std::uint64_t answers = 0;
    const auto on_frame = [&](Line& line, const Glance& glance) {
        if (glance.kind == changes) line.received += glance.count;
        if (glance.kind != accepted) return;
        answers += glance.number - line.answered;
        line.answered = glance.number;
        feed(line);
    };
    for (auto& line : pool.lines) feed(*line);
    const auto warm = Clock::now();
    while (seconds_since(warm) < 0.5 && !out_of_tape) pool.turn(5, on_frame);
    const Usage usage(relay);
    const std::uint64_t before = answers;
    while (usage.seconds() < setting.seconds && !out_of_tape) pool.turn(5, on_frame);
    ordered_json out{{"scenario", "r2_saturated"},
                     {"spaces", spaces},
                     {"devices", count},
                     {"changes_per_push", setting.per_push},
                     {"accepted_per_s", static_cast<double>(answers - before) / usage.seconds()}};
    usage.add_to(out);
    return out;
}

/// R5: killed right after answers; and what an answer takes beside a raw fdatasync.
ordered_json r5(const Setting& setting, int kills) {
    const test::TemporaryDirectory directory;
    RawFsync raw(directory.path());
    Latencies answer;
    const Tape tape = make_tape(test::replica_number(1), "team", 200'000, 1);
    std::uint64_t held = 0;  // changes the relay said it has
    std::uint64_t lost = 0;
    std::mt19937 random(1);
    std::size_t next = 0;
    for (int round = 0; round < kills; ++round) {
        Relay relay(setting.program, directory.path());
        Pool pool;
        pool.losing_is_fine = true;
        std::uint64_t answered = held;
        join(
            pool, relay.port, 1, 1, [](std::size_t) { return std::string("team"); },
            static_cast<std::uint64_t>(round) + 1);
        Line& line = *pool.lines.front();
        const auto on_frame = [&](Line&, const Glance& glance) {
            if (glance.kind == accepted) answered = glance.number;
        };
        // What was pushed last and not answered is pushed again, by what the answer says.
        if (next > held) next = held;
        for (std::uint64_t more = 30 + random() % 40; more > 0; --more) {
            const std::int64_t begin = now_us();
            pool.send(line, tape.frames.at(next));
            pool.until("an answer", 20, on_frame, [&] { return answered > next || pool.lost; });
            if (answered < next + 1) {
                ++lost;
                break;
            }
            answer.us.push_back(now_us() - begin);
            next = answered;
            raw.once();
        }
        held = answered;
        // The last answer has just come; nothing waits for anything.
        relay.kill();
    }
    // A change that it had lost would have made the next one a gap, which ends the run above. Once
    // more, from outside: a newcomer's change has its place behind all that was answered.
    Relay relay(setting.program, directory.path());
    std::uint64_t seen = 0;
    const auto team = [](std::size_t) { return std::string("team"); };
    Pool reader;
    join(reader, relay.port, 1, 3, team);
    Pool prober;
    join(prober, relay.port, 1, 4, team);
    prober.send(*prober.lines.front(), make_tape(test::replica_number(4), "team", 1, 1).frames[0]);
    reader.until(
        "the feed", 20,
        [&](Line&, const Glance& glance) {
            if (glance.kind == changes) seen = std::max(seen, glance.number + glance.count - 1);
        },
        [&] { return seen > held; });
    ordered_json out{{"scenario", "r5"}, {"kills", kills}, {"answered", held}, {"lost", lost}};
    ordered_json answers = answer.json();
    ordered_json fsync = raw.latencies.json();
    out["answer"] = answers;
    out["raw_fdatasync"] = fsync;
    if (!fsync.is_null()) {
        out["p50_in_fsyncs"] = answers["p50_ms"].get<double>() / fsync["p50_ms"].get<double>();
        out["p99_in_fsyncs"] = answers["p99_ms"].get<double>() / fsync["p50_ms"].get<double>();
    }
    return out;
}

/// The generator alone: a process that does nothing but send one ready frame over and over.
ordered_json ceiling(const Setting& setting, std::size_t subscribers) {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (bind(listener, reinterpret_cast<sockaddr*>(&at), size) != 0 ||
        listen(listener, static_cast<int>(subscribers)) != 0 ||
        getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size) != 0)
        give_up("listen");
    const std::size_t frame_changes = 256;
    const Tape tape = make_tape(test::replica_number(1), "team", 1, frame_changes);
    wire::Batch batch{1, 1, {}};
    const Bytes some(change_bytes, std::byte{1});
    batch.changes = wire::encode_batch(
        std::vector<wire::BatchEntry>(frame_changes, {test::replica_number(1), some}));
    const Bytes payload = wire::encode(wire::Changes{"team", {batch}});
    std::string frame("\x82\x7f", 2);
    for (int i = 7; i >= 0; --i)
        frame.push_back(static_cast<char>(std::uint64_t{payload.size()} >> (8 * i)));
    frame.append(as_text(payload));
    const pid_t child = fork();
    if (child < 0) give_up("fork");
    if (child == 0) {
        std::vector<int> peers;
        for (std::size_t i = 0; i < subscribers; ++i) {
            const int peer = accept(listener, nullptr, nullptr);
            const std::string answer = "HTTP/1.1 101 Go\r\n\r\n";
            if (::send(peer, answer.data(), answer.size(), 0) < 0) _exit(1);
            fcntl(peer, F_SETFL, O_NONBLOCK);
            peers.push_back(peer);
        }
        std::vector<std::size_t> sent(subscribers, 0);
        while (true) {
            bool moved = false;
            for (std::size_t i = 0; i < subscribers; ++i) {
                const ssize_t n =
                    ::send(peers[i], frame.data() + sent[i], frame.size() - sent[i], MSG_NOSIGNAL);
                if (n <= 0) {
                    if (errno != EAGAIN) _exit(0);
                    continue;
                }
                moved = true;
                sent[i] = (sent[i] + static_cast<std::size_t>(n)) % frame.size();
            }
            if (!moved) poll(nullptr, 0, 1);
        }
    }
    ::close(listener);
    Pool pool;
    for (std::size_t i = 0; i < subscribers; ++i) pool.add(ntohs(at.sin_port));
    std::uint64_t deliveries = 0;
    const auto on_frame = [&](Line&, const Glance& glance) { deliveries += glance.count; };
    const auto warm = Clock::now();
    while (seconds_since(warm) < 0.5) pool.turn(5, on_frame);
    const std::uint64_t before = deliveries;
    const auto begin = Clock::now();
    while (seconds_since(begin) < setting.seconds) pool.turn(5, on_frame);
    const double rate = static_cast<double>(deliveries - before) / seconds_since(begin);
    ::kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    return {{"scenario", "ceiling"}, {"subscribers", subscribers}, {"deliveries_per_s", rate}};
}

int run(int argc, char** argv) {
    Setting setting;
    setting.program = (std::filesystem::path(argv[0]).parent_path() / "syncline-relay").string();
    std::vector<std::string> scenarios{"r1", "r1-paced", "r2-paced", "r2", "r5", "ceiling"};
    std::vector<std::size_t> subscribers{10, 100, 1'000};
    std::size_t spaces = 1'000;
    int kills = 20;
    int repeat = 1;
    CLI::App app("Loads a relay and prints what it did, as JSON.", "syncline-relay-load");
    app.add_option("scenarios", scenarios, "r1, r1-paced, r2-paced, r2, r5, ceiling; all without");
    app.add_option("--relay", setting.program, "The relay's program");
    app.add_option("--seconds", setting.seconds, "Of measuring, each");
    app.add_option("--per-push", setting.per_push, "Changes in a push, where it is saturated");
    app.add_option("--subscribers", subscribers, "For r1 and ceiling");
    app.add_option("--spaces", spaces, "For r2");
    app.add_option("--kills", kills, "For r5");
    app.add_option("--repeat", repeat, "Each scenario so many times");
    CLI11_PARSE(app, argc, argv);
    const rlimit files{20'000, 20'000};
    setrlimit(RLIMIT_NOFILE, &files);
    for (const std::string& scenario : scenarios) {
        for (int i = 0; i < repeat; ++i) {
            const auto print = [](const ordered_json& result) {
                std::cout << result.dump() << std::endl;
            };
            if (scenario == "r1") {
                for (const std::size_t s : subscribers) print(r1_saturated(setting, s));
            } else if (scenario == "r1-paced") {
                print(paced(setting, "r1_paced", 1, 101, 1, 1'000));
            } else if (scenario == "r2-paced") {
                print(paced(setting, "r2_paced", spaces, 2, 2, 2));
            } else if (scenario == "r2") {
                print(r2_saturated(setting, spaces));
            } else if (scenario == "r5") {
                print(r5(setting, kills));
            } else if (scenario == "ceiling") {
                for (const std::size_t s : subscribers) print(ceiling(setting, s));
            } else {
                give_up("no scenario named " + scenario);
            }
        }
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "syncline-relay-load: " << error.what() << '\n';
        return 1;
    }
}

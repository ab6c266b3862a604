#pragma once

// The relay as a process, and a peer of plain sockets that speaks the protocol with it.

#include "net_client.hpp"
#include "support/author.hpp"
#include "support/temporary_directory.hpp"
#include "syncline/sync/messages.hpp"

#include <spawn.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <fcntl.h>
#include <fstream>
#include <optional>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

extern char** environ;

namespace relay_test {

using namespace syncline;

inline std::uint64_t wall_ms() {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                          std::chrono::system_clock::now().time_since_epoch())
                                          .count());
}

/// A started syncline-relay; killed, by its id, when it goes out of scope.
class Program {
public:
    /// Its standard error goes to `directory`/log.
    Program(const std::string& directory, std::vector<std::string> arguments)
        : directory_(directory) {
        std::remove(port_file().c_str());
        arguments.insert(arguments.begin(), std::string(SYNCLINE_BIN_DIR) + "/syncline-relay");
        std::vector<char*> argv;
        argv.reserve(arguments.size() + 1);
        for (std::string& argument : arguments) argv.push_back(argument.data());
        argv.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        const std::string log = directory + "/log";
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addopen(&actions, 2, log.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                         0600);
        if (posix_spawn(&id_, argv[0], &actions, nullptr, argv.data(), environ) != 0) id_ = -1;
        posix_spawn_file_actions_destroy(&actions);
    }
    /// The usual: data in `directory`, a free port, `more` besides.
    static std::vector<std::string> usual(const std::string& directory,
                                          const std::vector<std::string>& more = {}) {
        std::vector<std::string> arguments{"--data",      directory + "/data", "--listen",
                                           "127.0.0.1:0", "--port-file",       directory + "/port"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return arguments;
    }
    ~Program() {
        if (id_ > 0) {
            kill(SIGKILL);
            wait();
        }
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    /// 0 when it ended, or did not say its port in time.
    std::uint16_t port() {
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (std::chrono::steady_clock::now() < until) {
            std::ifstream in(port_file());
            unsigned port = 0;
            if (in >> port) return static_cast<std::uint16_t>(port);
            if (ended()) return 0;
            poll(nullptr, 0, 2);
        }
        return 0;
    }
    void kill(int signal) const { ::kill(id_, signal); }
    /// Its exit code; 128 and the signal's number when one ended it; -1 when it outlives the wait.
    int wait(std::chrono::milliseconds patience = std::chrono::seconds(20)) {
        const auto until = std::chrono::steady_clock::now() + patience;
        while (!ended()) {
            if (std::chrono::steady_clock::now() > until) return -1;
            poll(nullptr, 0, 2);
        }
        return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
    }
    [[nodiscard]] std::string log() const {
        std::ifstream in(directory_ + "/log");
        return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    }

private:
    [[nodiscard]] std::string port_file() const { return directory_ + "/port"; }
    bool ended() {
        if (id_ > 0 && waitpid(id_, &status_, WNOHANG) == id_) id_ = 0;
        return id_ <= 0;
    }
    std::string directory_;
    pid_t id_ = -1;
    int status_ = 0;
};

/// One connection that speaks the protocol.
class Peer {
public:
    explicit Peer(std::uint16_t port) : client_(port) { open_ = client_.open(); }

    [[nodiscard]] bool is_open() const { return open_; }
    void say(const wire::Message& message) { client_.message(as_text(wire::encode(message))); }
    /// The next message; none when the connection ended or patience did.
    std::optional<wire::Message> hear() {
        while (auto frame = client_.frame()) {
            if (frame->opcode == net_test::op_close) {
                if (frame->payload.size() >= 2) {
                    closed_with =
                        static_cast<unsigned>(static_cast<std::uint8_t>(frame->payload[0]) << 8 |
                                              static_cast<std::uint8_t>(frame->payload[1]));
                }
                client_.raw(net_test::client_frame(net_test::op_close, frame->payload));
                return std::nullopt;
            }
            if (frame->opcode != net_test::op_binary) continue;
            auto message = wire::decode(as_bytes(frame->payload), wire::relay_frame_limits());
            if (!message) return std::nullopt;
            return *message;
        }
        return std::nullopt;
    }
    /// The next message of this kind, past others.
    template <typename Kind>
    std::optional<Kind> hear_a() {
        while (auto message = hear()) {
            if (auto* wanted = std::get_if<Kind>(&*message)) return std::move(*wanted);
            last_other = std::move(*message);
        }
        return std::nullopt;
    }
    std::optional<wire::Welcome> hello(const ReplicaId& replica, std::uint64_t nonce,
                                       const std::string& token = "") {
        say(wire::Hello{1, 1, replica, nonce, token, wall_ms(), 0, "test"});
        return hear_a<wire::Welcome>();
    }
    std::optional<wire::Opened> open(const std::string& space, std::uint64_t cursor = 0,
                                     std::uint64_t salt = 0, const EpochId& epoch = {}) {
        wire::Open open;
        open.space = space;
        open.cursor = cursor;
        open.salt = salt;
        open.epoch = epoch;
        say(open);
        return hear_a<wire::Opened>();
    }
    unsigned closed_with = 0;
    std::optional<wire::Message> last_other;

private:
    net_test::Client client_;
    bool open_ = false;
};

/// All changes of a space, as a fresh device gets them.
struct LogEntry {
    ReplicaId replica;
    Bytes change;
};
inline std::optional<std::vector<LogEntry>> whole_log(std::uint16_t port, const ReplicaId& reader,
                                                      std::uint64_t nonce,
                                                      const std::string& space) {
    Peer peer(port);
    if (!peer.is_open() || !peer.hello(reader, nonce)) return std::nullopt;
    const auto opened = peer.open(space);
    if (!opened) return std::nullopt;
    std::vector<LogEntry> log;
    while (log.size() < opened->head) {
        const auto changes = peer.hear_a<wire::Changes>();
        if (!changes) return std::nullopt;
        for (const wire::Batch& batch : changes->batches) {
            if (batch.first != log.size() + 1) return std::nullopt;
            const auto entries = wire::decode_batch(batch.changes, wire::relay_frame_limits());
            if (!entries) return std::nullopt;
            for (const auto& entry : *entries)
                log.push_back({entry.replica, Bytes(entry.change.begin(), entry.change.end())});
        }
    }
    return log;
}

}  // namespace relay_test

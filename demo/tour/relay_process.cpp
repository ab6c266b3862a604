#include "relay_process.hpp"

#include <spawn.h>

#include <array>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

extern char** environ;

namespace syncline::tour {

Result<> RelayProcess::start() {
    const std::string port_file = directory_ + "/port";
    std::remove(port_file.c_str());
    std::vector<std::string> words = {
        program_,      "--data",  directory_ + "/relay", "--listen", "127.0.0.1:" + port_,
        "--port-file", port_file, "--log-level",         "error"};
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    if (const int code =
            posix_spawn(&pid_, program_.c_str(), nullptr, nullptr, arguments.data(), environ);
        code != 0) {
        pid_ = -1;
        return fail(ErrorCode::not_found, "cannot start " + program_);
    }
    // The port file appears once it listens. Bounded: a second is usual, twenty is broken.
    constexpr int tries = 1'000;
    constexpr int wait_ms = 20;
    for (int i = 0; i < tries; ++i) {
        std::ifstream file(port_file);
        std::string port;
        if (file >> port && !port.empty()) {
            port_ = port;
            return {};
        }
        int status = 0;
        if (waitpid(pid_, &status, WNOHANG) == pid_) {
            pid_ = -1;
            return fail(ErrorCode::closed, "the relay ended at once; its message is above");
        }
        poll(nullptr, 0, wait_ms);
    }
    return fail(ErrorCode::timed_out, "the relay does not come up");
}

void RelayProcess::kill() { end(SIGKILL); }

void RelayProcess::stop() { end(SIGTERM); }

void RelayProcess::end(int signal) {
    if (pid_ <= 0) return;
    ::kill(pid_, signal);
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
}

}  // namespace syncline::tour

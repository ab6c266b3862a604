#pragma once

#include "syncline/result.hpp"

#include <string>
#include <sys/types.h>

namespace syncline::tour {

/// A syncline-relay of our own: a child process on a loopback port, stopped by its process id.
class RelayProcess {
public:
    /// `program` is the relay's path, `directory` where it may keep data and its port file.
    RelayProcess(std::string program, std::string directory)
        : program_(std::move(program)), directory_(std::move(directory)) {}
    ~RelayProcess() { stop(); }
    RelayProcess(const RelayProcess&) = delete;
    RelayProcess& operator=(const RelayProcess&) = delete;

    /// Starts it and waits until it listens; the second time on the same port.
    Result<> start();
    /// As a crash would: SIGKILL, nothing flushed.
    void kill();
    /// SIGTERM, and waits.
    void stop();

    [[nodiscard]] std::string url() const { return "ws://127.0.0.1:" + port_; }

private:
    void end(int signal);

    std::string program_;
    std::string directory_;
    std::string port_ = "0";
    pid_t pid_ = -1;
};

}  // namespace syncline::tour

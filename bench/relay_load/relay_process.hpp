#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <sys/types.h>

namespace syncline::load {

/// The relay under test: a process of its own on a directory, killed in the end.
class RelayProcess {
public:
    /// Starts it and waits until it listens.
    RelayProcess(const std::string& program, const std::string& directory);
    ~RelayProcess() { kill(); }
    RelayProcess(const RelayProcess&) = delete;
    RelayProcess& operator=(const RelayProcess&) = delete;

    void kill();
    [[nodiscard]] unsigned port() const { return port_; }
    /// Seconds that it has used so far.
    [[nodiscard]] double cpu() const;
    /// MiB at the most; null if the system does not say.
    [[nodiscard]] nlohmann::ordered_json memory() const;

private:
    pid_t id_ = -1;
    unsigned port_ = 0;
};

}  // namespace syncline::load

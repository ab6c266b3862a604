#pragma once

#include "moments.hpp"
#include "relay_process.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace syncline::load {

using nlohmann::ordered_json;

/// How long something took, each time.
struct Latencies {
    std::vector<std::int64_t> us;
    /// Percentiles in milliseconds; null without any. Sorts.
    [[nodiscard]] ordered_json json();
};

/// What relay and generator used between two moments.
class Usage {
public:
    explicit Usage(const RelayProcess& relay);
    [[nodiscard]] double seconds() const { return seconds_since(begin_); }
    [[nodiscard]] double relay_cpu() const { return relay_.cpu() - relay_cpu_; }
    [[nodiscard]] double own_cpu() const;
    void add_to(ordered_json& out) const;

private:
    const RelayProcess& relay_;
    double relay_cpu_;
    double own_cpu_;
    Clock::time_point begin_;
};

/// An append of 4 KiB and its fdatasync, in this directory: what a commit costs at the least.
class RawFsync {
public:
    explicit RawFsync(const std::string& directory);
    ~RawFsync();
    RawFsync(const RawFsync&) = delete;
    RawFsync& operator=(const RawFsync&) = delete;
    void once();
    Latencies latencies;

private:
    int file_;
};

}  // namespace syncline::load

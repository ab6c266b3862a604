#include "figures.hpp"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace syncline::load {

namespace {

double cpu_of_this_process() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

ordered_json Latencies::json() {
    if (us.empty()) return nullptr;
    std::sort(us.begin(), us.end());
    const auto at = [&](double q) {
        const auto index = static_cast<std::size_t>(q * static_cast<double>(us.size() - 1));
        return static_cast<double>(us[index]) / 1000;
    };
    return {{"p50_ms", at(0.5)}, {"p99_ms", at(0.99)}, {"max_ms", at(1)}, {"count", us.size()}};
}

Usage::Usage(const RelayProcess& relay)
    : relay_(relay),
      relay_cpu_(relay.cpu()),
      own_cpu_(cpu_of_this_process()),
      begin_(Clock::now()) {}

double Usage::own_cpu() const { return cpu_of_this_process() - own_cpu_; }

void Usage::add_to(ordered_json& out) const {
    out["seconds"] = seconds();
    out["relay_cpu_percent"] = 100 * relay_cpu() / seconds();
    out["generator_cpu_percent"] = 100 * own_cpu() / seconds();
    out["relay_peak_mib"] = relay_.memory();
}

RawFsync::RawFsync(const std::string& directory)
    : file_(open((directory + "/fsync").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600)) {}

RawFsync::~RawFsync() { ::close(file_); }

void RawFsync::once() {
    static const std::array<char, 4096> page{};
    const auto begin = now_us();
    if (write(file_, page.data(), page.size()) < 0 || fdatasync(file_) != 0) give_up("fdatasync");
    latencies.us.push_back(now_us() - begin);
}

}  // namespace syncline::load

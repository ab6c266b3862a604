#pragma once

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>

/// The clocks, and the one way to end a run that cannot go on.
namespace syncline::load {

using Clock = std::chrono::steady_clock;

/// Caught in main().
[[noreturn]] inline void give_up(const std::string& what) { throw std::runtime_error(what); }

inline double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}
/// Of the steady clock.
inline std::int64_t now_us() {
    return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch())
        .count();
}
/// Of the calendar's, as stamps have it.
inline std::uint64_t wall_ms() {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                          std::chrono::system_clock::now().time_since_epoch())
                                          .count());
}

}  // namespace syncline::load

#pragma once

#include "syncline/bytes.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace syncline::bench {

/// What time_ms() reads. CPU time says more on a busy machine, but the peers' rows cannot have it.
enum class Clock { wall, cpu };
void set_clock(Clock clock);
[[nodiscard]] double clock_ms();

/// Has the allocator tidy up what was freed so far, which it would else do at some time later: the
/// peers collect their garbage before each measurement.
void settle_heap();

/// Milliseconds that `work` takes.
template <typename Work>
double time_ms(Work work) {
    settle_heap();
    const double begin = clock_ms();
    work();
    return clock_ms() - begin;
}
inline double per_second(std::size_t count, double ms) {
    return 1'000.0 * static_cast<double>(count) / ms;
}

/// Ends the process, and with it the row, unless `holds`.
void check(bool holds, const std::string& what);

/// None if there is no such file.
[[nodiscard]] Bytes read_file(const std::string& path);
[[nodiscard]] std::size_t total_size(const std::vector<Bytes>& pieces);

/// Memory as the machine gave it, and as the allocator gave it on.
struct Memory {
    std::size_t mapped = 0;  ///< resident natively, the whole memory in WebAssembly
    std::size_t in_use = 0;  ///< bytes of live allocations, headers of the allocator included
};
[[nodiscard]] Memory memory();

}  // namespace syncline::bench

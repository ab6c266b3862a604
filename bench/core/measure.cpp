#include "measure.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <numeric>

namespace syncline::bench {

namespace {
Clock the_clock = Clock::wall;
}

void set_clock(Clock clock) { the_clock = clock; }

double clock_ms() {
    if (the_clock == Clock::cpu) {
        std::timespec time{};  // in nanoseconds, where std::clock() has microseconds
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
        return 1e3 * static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_nsec);
    }
    return std::chrono::duration<double, std::milli>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

void settle_heap() {
    // glibc joins neighbours among the small free pieces when a large one is asked for, and sorts
    // at most 10,000 of them a time.
    for (int i = 0; i < 64; ++i) {
        void* volatile large = std::malloc(100'000);
        std::free(large);
    }
}

void check(bool holds, const std::string& what) {
    if (holds) return;
    // Read by the process that started this one; see main.cpp.
    std::printf("error\twrong result: %s\t0\n", what.c_str());
    std::exit(1);
}

Bytes read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string content(std::istreambuf_iterator<char>(file), {});
    const BytesView bytes = as_bytes(content);
    return {bytes.begin(), bytes.end()};
}

std::size_t total_size(const std::vector<Bytes>& pieces) {
    return std::accumulate(pieces.begin(), pieces.end(), std::size_t{0},
                           [](std::size_t sum, const Bytes& piece) { return sum + piece.size(); });
}

}  // namespace syncline::bench

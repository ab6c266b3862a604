#pragma once

#include "schedule.hpp"
#include "syncline/sync/relay_engine.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <queue>
#include <string>
#include <vector>

namespace syncline::sim {

/// When virtual time begins, on a clock that is right.
inline constexpr std::uint64_t start_of_time_ms = 1'750'000'000'000;

/// What all parts of the world stand on: its settings, the one source of chance, virtual time, and
/// what is written down about the run.
///
/// Time     Milliseconds from 0. Only events happen: each at its time, and those of one time in the
///          order in which they were planned.
/// Owners   Every part holds a reference; the stage outlives them, and no event runs after them.
class Stage {
public:
    enum class Diary : std::uint8_t { none, kept };

    Stage(const Settings& of, Diary diary) : settings(of), random(of.seed), diary_(diary) {}
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;

    const Settings settings;
    Random random;
    Trace trace;

    [[nodiscard]] std::uint64_t now() const { return now_; }
    /// Plans an event; one for the past comes next.
    void at(std::uint64_t when, std::function<void()> run);
    /// Lets time pass; a failure stops it.
    void run_until(std::uint64_t when);

    /// The first failure is the run's.
    void fail(const std::string& text);
    /// As fail(), unless `text` is empty.
    void check(const std::string& text);
    [[nodiscard]] bool failed() const { return !outcome.failure.empty(); }
    /// A line for the diary.
    void note(const std::string& text);
    [[nodiscard]] bool keeps_diary() const { return diary_ == Diary::kept; }

    /// Counts and what has failed; the trace is in `trace` until the run ends.
    Outcome outcome;

    /// The source of chance for those who want bytes.
    [[nodiscard]] RandomSource random_source();

private:
    struct Due {
        std::uint64_t at;
        std::uint64_t order;
        std::function<void()> run;
        friend bool operator<(const Due& a, const Due& b) {
            return a.at != b.at ? a.at > b.at : a.order > b.order;
        }
    };

    Diary diary_;
    std::uint64_t now_ = 0;
    std::uint64_t order_ = 0;
    std::priority_queue<Due> events_;
};

[[nodiscard]] std::string name_of_device(std::size_t number);

/// An error's code and message.
template <typename T>
[[nodiscard]] std::string why(const Result<T>& result) {
    return std::string(name_of(result.error().code)) + ": " + result.error().message;
}

}  // namespace syncline::sim

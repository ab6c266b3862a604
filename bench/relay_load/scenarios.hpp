#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>

/// What is measured (docs/benchmarks.md). Each starts a relay on a fresh directory, loads it for a
/// while and returns a row of figures.
namespace syncline::load {

struct Setting {
    std::string program;  ///< the relay's
    double seconds = 5;   ///< of measuring
    std::size_t per_push = 1;
};

/// R1: one writer who never waits, `subscribers` who follow.
[[nodiscard]] nlohmann::ordered_json r1_saturated(const Setting& setting, std::size_t subscribers);
/// R1 and R2: lines that write at a fixed rate, and how long it takes until all others have it.
[[nodiscard]] nlohmann::ordered_json paced(const Setting& setting, const char* name,
                                           std::size_t spaces, std::size_t members,
                                           std::size_t writers, double rate);
/// R2: two devices in each space write as fast as they are answered.
[[nodiscard]] nlohmann::ordered_json r2_saturated(const Setting& setting, std::size_t spaces);
/// R5: killed right after answers; and what an answer takes beside a raw fdatasync.
[[nodiscard]] nlohmann::ordered_json r5(const Setting& setting, int kills);
/// The generator alone, against a process that does nothing but send.
[[nodiscard]] nlohmann::ordered_json ceiling(const Setting& setting, std::size_t subscribers);

}  // namespace syncline::load

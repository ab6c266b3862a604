#pragma once

#include <map>
#include <string>
#include <vector>

namespace syncline::relay {

/// Exit codes (docs/operations.md).
namespace exit_code {
inline constexpr int ok = 0;
inline constexpr int failed = 1;   ///< the port is taken, a file cannot be read, …
inline constexpr int usage = 2;    ///< options that make no sense
inline constexpr int storage = 3;  ///< the relay's file cannot be opened, or writing it failed
}  // namespace exit_code

/// What `main` does. Answers --help, --version and `token` on standard output, complaints and the
/// log on standard error.
[[nodiscard]] int run_program(const std::vector<std::string>& arguments,
                              const std::map<std::string, std::string>& environment);

}  // namespace syncline::relay

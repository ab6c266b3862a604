#pragma once

#include "measure.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

/// What a native program and one under Node do differently.
namespace syncline::bench::platform {

/// The name in the table.
[[nodiscard]] std::string peer();
/// The name and version of the compiler.
[[nodiscard]] std::pair<std::string, std::string> compiler();
/// Empty natively.
[[nodiscard]] std::string node_version();
/// Runs this program once more and returns what it printed; none if it failed.
[[nodiscard]] std::optional<std::string> run_self(const std::vector<std::string>& arguments);
/// The content of a gzip file; none if it cannot be read.
[[nodiscard]] std::optional<std::string> gunzip(const std::string& path);
/// A path where a file can be made.
[[nodiscard]] std::string temporary_path();

}  // namespace syncline::bench::platform

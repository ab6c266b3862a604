#pragma once

#include "replicas.hpp"
#include "workloads/workloads.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// The recorded editing traces of W4, read from a folder that is not part of the project. Positions
/// count code points.
namespace syncline::bench {

void replay(Replica::Edit& edit, const TextEdit& step);

struct SequentialTrace {
    std::vector<TextEdit> edits;
    std::string end;
};
/// The first `n` edits of the one author, and the text after them.
[[nodiscard]] SequentialTrace sequential_trace(const std::string& folder, std::uint32_t n);

/// The first `n` transactions of several authors. `agent` takes the updates of the earlier steps
/// `takes`, in that order, and then makes `edits` as one change. The steps of an agent follow each
/// other causally in these traces, so one replica for each is enough.
struct ConcurrentTrace {
    struct Step {
        std::size_t agent = 0;
        std::vector<std::size_t> takes;
        std::vector<TextEdit> edits;
    };
    std::uint32_t agents = 0;
    std::vector<Step> steps;
    std::optional<std::string> end;  ///< of the whole trace
};
[[nodiscard]] ConcurrentTrace concurrent_trace(const std::string& folder, const std::string& name,
                                               std::uint32_t n);

}  // namespace syncline::bench

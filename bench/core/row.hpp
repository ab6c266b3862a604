#pragma once

#include "measure.hpp"
#include "syncline/bytes.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace syncline::bench {

/// What one run of a row is given, and where its figures go.
struct Run {
    std::uint32_t n = 0;          ///< how much of the workload
    bool warm = false;            ///< an unmeasured run before
    std::string traces = {};      ///< the folder of W4's traces
    std::string saved_path = {};  ///< the file with what Row::build made
    std::function<void(const std::string& metric, const std::string& unit, double value)> report;
};

/// A row of the table: the twin of one in bench/peers/rows, with the same name, metrics and units.
struct Row {
    std::string name;
    std::uint32_t n = 0;                     ///< the full size
    std::function<void(const Run&)> run;     ///< measures, and checks what came out
    std::optional<std::uint32_t> warm_up{};  ///< the size of warm-up runs; 0: none; default: small
    /// Makes, in another process, a saved document that `run` reads from saved_path.
    std::function<Bytes(const Run&)> build = {};
};

/// What a document takes that `load` makes from the saved one: "held" is what its allocations take,
/// "grown" is by how much the process grew, with what loading needed meanwhile. `load` returns the
/// document, which is asked `good` once it was measured.
template <typename Load, typename Good>
void report_held(const Run& run, Load load, Good good) {
    Bytes bytes = read_file(run.saved_path);
    check(!bytes.empty(), "the saved document");
    const std::size_t size = bytes.size();
    const Memory before = memory();
    const auto document = load(bytes);
    bytes = Bytes();
    const Memory after = memory();
    run.report("held", "B", static_cast<double>(after.in_use + size - before.in_use));
    run.report("grown", "B", static_cast<double>(after.mapped + size - before.mapped));
    check(good(document), "the document is still held");
}

/// Of one workload each, in the file of that name.
std::vector<Row> w1_rows();
std::vector<Row> w2_rows();
std::vector<Row> w3_rows();
std::vector<Row> w4_rows();
std::vector<Row> w5_rows();
std::vector<Row> b_rows();
std::vector<Row> scale_rows();

}  // namespace syncline::bench

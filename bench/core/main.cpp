// syncline-bench: runs our side of the core benchmark, each row several times and each time in a
// process of its own, and writes the medians as bench/peers/run.mjs does.

#include "platform.hpp"
#include "row.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace syncline;
using namespace syncline::bench;
using nlohmann::ordered_json;

constexpr const char* usage =
    R"(usage: syncline-bench [ROW]... [--json FILE] [--traces FOLDER] [--repeat 3] [--cpu]
       syncline-bench --list | --here ROW...
  ROW       rows whose name begins so: w2, w2.save, b1 … (default: all)
  --json    where the result goes (default: standard output)
  --traces  folder with the recorded editing traces of W4 (default: $SYNCLINE_TRACES)
  --repeat  processes a row; the median counts
  --cpu     counts CPU time: for a busy machine, and not to be compared with the peers
  --list    prints the names of the rows
  --here    runs the rows in this process, which a profiler can watch
)";

struct Options {
    std::vector<std::string> starts;
    std::string json;
    std::string traces;
    unsigned repeat = 3;
    bool cpu = false;
    bool list = false;
    bool here = false;
    std::string once = {};   // this row, in this process; its figures go to standard output
    std::string build = {};  // this row's document, into the file `saved`
    std::string saved = {};
};

[[noreturn]] void give_up(const std::string& why) {
    std::fprintf(stderr, "syncline-bench: %s\n", why.c_str());
    std::exit(2);
}

Options read_options(int argc, char** argv) {
    const char* const traces = std::getenv("SYNCLINE_TRACES");
    Options options;
    options.traces = traces == nullptr ? "" : traces;
    const std::map<std::string_view, std::string Options::*> texts{{"--json", &Options::json},
                                                                   {"--traces", &Options::traces},
                                                                   {"--once", &Options::once},
                                                                   {"--build", &Options::build},
                                                                   {"--saved", &Options::saved}};
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        const auto value = [&]() -> std::string {
            if (++i == argc) give_up(std::string(word) + " needs a value; see --help.");
            return argv[i];
        };
        if (const auto text = texts.find(word); text != texts.end()) {
            options.*text->second = value();
        } else if (word == "--repeat") {
            const std::string number = value();
            const char* const end = number.data() + number.size();
            if (std::from_chars(number.data(), end, options.repeat).ptr != end ||
                options.repeat == 0)
                give_up("--repeat needs a number.");
        } else if (word == "--cpu") {
            options.cpu = true;
        } else if (word == "--list") {
            options.list = true;
        } else if (word == "--here") {
            options.here = true;
        } else if (word == "--help" || word == "-h") {
            std::fputs(usage, stdout);
            std::exit(0);
        } else if (word.starts_with("-")) {
            give_up("unknown option " + std::string(word) + "; see --help.");
        } else {
            options.starts.emplace_back(word);
        }
    }
    return options;
}

std::vector<Row> all_rows() {
    std::vector<Row> all;
    for (const auto rows_of : {w1_rows, w2_rows, w3_rows, w4_rows, w5_rows, b_rows, scale_rows}) {
        auto rows = rows_of();
        std::move(rows.begin(), rows.end(), std::back_inserter(all));
    }
    return all;
}
const Row& row_named(const std::vector<Row>& rows, const std::string& name) {
    const auto row =
        std::find_if(rows.begin(), rows.end(), [&](const Row& one) { return one.name == name; });
    if (row == rows.end()) give_up("no row " + name + "; see --list.");
    return *row;
}

// ---- In the process of one row ----

/// As long as the peers get: caches are warm, and Node has compiled what is hot.
void warm_up(const Row& row, const Options& options) {
    constexpr double warm_up_ms = 500;
    const std::uint32_t n =
        row.warm_up.value_or(std::min(row.n, std::max<std::uint32_t>(2'000, row.n / 20)));
    if (n == 0) return;
    const Run run{n, true, options.traces, {}, [](const auto&, const auto&, double) {}};
    for (double ms = 0; ms < warm_up_ms;) ms += time_ms([&] { row.run(run); });
}

void run_once(const Row& row, const Options& options) {
    row.run({row.n, false, options.traces, options.saved,
             [](const std::string& metric, const std::string& unit, double value) {
                 std::printf("%s\t%s\t%.17g\n", metric.c_str(), unit.c_str(), value);
             }});
}

void build(const Row& row, const Options& options) {
    const Bytes bytes = row.build({row.n, false, options.traces, {}, {}});
    const std::string_view text = as_text(bytes);
    std::ofstream(options.saved, std::ios::binary)
        .write(text.data(), static_cast<std::streamsize>(text.size()));
}

// ---- In the process that starts the others ----

struct Figure {
    std::string metric;
    std::string unit;
    std::vector<double> runs;
};

/// Adds to the figures what a run printed; or the error that ended it.
std::optional<std::string> collect(const std::optional<std::string>& printed,
                                   std::vector<Figure>& figures) {
    if (!printed) return "the process broke down";
    std::istringstream lines(*printed);
    std::string metric;
    std::string unit;
    std::string value;
    while (std::getline(lines, metric, '\t') && std::getline(lines, unit, '\t') &&
           std::getline(lines, value)) {
        if (metric == "error") return unit;
        auto figure = std::find_if(figures.begin(), figures.end(),
                                   [&](const Figure& one) { return one.metric == metric; });
        if (figure == figures.end()) figure = figures.insert(figure, {metric, unit, {}});
        figure->runs.push_back(std::strtod(value.c_str(), nullptr));
    }
    return std::nullopt;
}

double median(std::vector<double> numbers) {
    std::sort(numbers.begin(), numbers.end());
    const std::size_t middle = numbers.size() / 2;
    return numbers.size() % 2 == 1 ? numbers[middle] : (numbers[middle - 1] + numbers[middle]) / 2;
}
/// Sizes and counts without a fraction.
ordered_json number(double value) {
    if (std::floor(value) == value && std::abs(value) < 9e15)
        return static_cast<std::int64_t>(value);
    return value;
}

/// Adds the lines of a row; false if it broke down or its result was wrong.
bool measure(const Row& row, const Options& options, ordered_json& lines) {
    std::vector<std::string> arguments{"--traces", options.traces};
    const std::string saved = platform::temporary_path();
    if (row.build) {
        auto to_build = arguments;
        to_build.insert(to_build.end(), {"--build", row.name, "--saved", saved});
        (void)platform::run_self(to_build);
        arguments.insert(arguments.end(), {"--saved", saved});
    }
    if (options.cpu) arguments.push_back("--cpu");
    arguments.insert(arguments.end(), {"--once", row.name});
    std::vector<Figure> figures;
    std::optional<std::string> error;
    for (unsigned i = 0; i < options.repeat && !error; ++i)
        error = collect(platform::run_self(arguments), figures);
    if (row.build) std::remove(saved.c_str());

    for (const Figure& figure : figures) {
        const double value = median(figure.runs);
        ordered_json runs = ordered_json::array();
        for (const double run : figure.runs) runs.push_back(number(run));
        lines.push_back({{"row", row.name},
                         {"peer", platform::peer()},
                         {"metric", figure.metric},
                         {"unit", figure.unit},
                         {"value", number(value)},
                         {"n", row.n},
                         {"runs", std::move(runs)}});
        std::fprintf(stderr, "%s %s %s %.5g %s\n", row.name.c_str(), platform::peer().c_str(),
                     figure.metric.c_str(), value, figure.unit.c_str());
    }
    if (!error) return true;
    lines.push_back({{"row", row.name},
                     {"peer", platform::peer()},
                     {"metric", "error"},
                     {"unit", ""},
                     {"value", nullptr},
                     {"n", row.n},
                     {"note", *error}});
    std::fprintf(stderr, "%s %s error: %s\n", row.name.c_str(), platform::peer().c_str(),
                 error->c_str());
    return false;
}

// ---- Where it ran ----

/// What stands behind `key` and a colon in the first such line of a file of /proc.
std::string line_of(const std::string& path, const std::string& key) {
    std::ifstream file(path);
    std::string line;
    while (std::getline(file, line)) {
        const std::size_t colon = line.find(':');
        if (!line.starts_with(key) || colon == std::string::npos) continue;
        const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
        return begin == std::string::npos ? "" : line.substr(begin);
    }
    return {};
}
ordered_json load() {
    std::ifstream file("/proc/loadavg");
    ordered_json all = ordered_json::array();
    double one = 0;
    for (int i = 0; i < 3 && file >> one; ++i) all.push_back(one);
    return all;
}
ordered_json machine() {
    std::ifstream info("/proc/cpuinfo");
    int cores = 0;
    for (std::string line; std::getline(info, line);) cores += line.starts_with("processor");
    std::string release;
    std::ifstream("/proc/sys/kernel/osrelease") >> release;
    const double kib = std::strtod(line_of("/proc/meminfo", "MemTotal").c_str(), nullptr);
    return {{"cpu", line_of("/proc/cpuinfo", "model name")},
            {"cores", cores},
            {"memory_gib", number(std::round(kib / (1 << 20)))},
            {"os", "Linux " + release},
            {"load", load()}};
}

int run_all(const std::vector<Row>& rows, const Options& options) {
    ordered_json result{{"machine", machine()}};
    if (const std::string node = platform::node_version(); !node.empty()) result["node"] = node;
    const auto [compiler, version] = platform::compiler();
    result["versions"] = {{platform::peer(), SYNCLINE_VERSION}, {compiler, version}};
    if (options.cpu) result["clock"] = "cpu";
    result["rows"] = ordered_json::array();
    bool good = true;
    for (const Row& row : rows) {
        if (row.name.starts_with("w4") && options.traces.empty())
            std::fprintf(stderr, "%s is skipped: see --traces.\n", row.name.c_str());
        else
            good = measure(row, options, result["rows"]) && good;
    }
    result["machine"]["load_after"] = load();
    const std::string text = result.dump(1) + "\n";
    if (options.json.empty()) {
        std::fputs(text.c_str(), stdout);
    } else {
        std::ofstream file(options.json);
        file << text;
        file.close();
        if (!file) give_up("cannot write " + options.json);
    }
    return good ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    const Options options = read_options(argc, argv);
    if (options.cpu) set_clock(Clock::cpu);
    std::vector<Row> rows = all_rows();
    if (!options.once.empty()) {
        const Row& row = row_named(rows, options.once);
        warm_up(row, options);
        return run_once(row, options), 0;
    }
    if (!options.build.empty()) return build(row_named(rows, options.build), options), 0;

    const auto wanted = [&](const Row& row) {
        return options.starts.empty() ||
               std::any_of(options.starts.begin(), options.starts.end(),
                           [&](const std::string& start) { return row.name.starts_with(start); });
    };
    rows.erase(std::remove_if(rows.begin(), rows.end(), std::not_fn(wanted)), rows.end());
    if (rows.empty()) give_up("no such row; see --list.");
    if (options.list) {
        for (const Row& row : rows) std::puts(row.name.c_str());
        return 0;
    }
    if (options.here) {
        for (const Row& row : rows)
            for (unsigned i = 0; i < options.repeat; ++i) run_once(row, options);
        return 0;
    }
    return run_all(rows, options);
}

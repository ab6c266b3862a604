#include "traces.hpp"

#include "platform.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace syncline::bench {

namespace {
using nlohmann::json;

/// Read once for all runs of this process.
const json& read(const std::string& folder, const std::string& name) {
    static std::map<std::string, json> traces;
    json& trace = traces[name];
    if (!trace.is_null()) return trace;
    const auto text = platform::gunzip(folder + "/" + name + ".json.gz");
    check(text.has_value(), "the trace " + name + " in " + folder);
    trace = json::parse(*text);
    return trace;
}

TextEdit edit_of(const json& patch) { return {patch[0], patch[1], patch[2]}; }

/// The text that edits of ASCII leave, by the plainest means.
std::string plainly(const std::vector<TextEdit>& edits) {
    std::string text;
    for (const TextEdit& edit : edits) text.replace(edit.position, edit.erased, edit.inserted);
    return text;
}
}  // namespace

void replay(Replica::Edit& edit, const TextEdit& step) {
    if (step.erased > 0)
        check(edit.erase(text_path, step.position, step.erased).has_value(), "an erase");
    if (!step.inserted.empty())
        check(edit.insert(text_path, step.position, step.inserted).has_value(), "an insert");
}

SequentialTrace sequential_trace(const std::string& folder, std::uint32_t n) {
    const json& read_trace = read(folder, "automerge-paper");
    SequentialTrace trace;
    std::size_t count = 0;
    for (const json& transaction : read_trace["txns"]) {
        count += transaction["patches"].size();
        for (const json& patch : transaction["patches"])
            if (trace.edits.size() < n) trace.edits.push_back(edit_of(patch));
    }
    check(count >= n, "the number of edits in the trace");
    trace.end = count == n ? read_trace["endContent"].get<std::string>() : plainly(trace.edits);
    return trace;
}

ConcurrentTrace concurrent_trace(const std::string& folder, const std::string& name,
                                 std::uint32_t n) {
    const json& read_trace = read(folder, name);
    const json& transactions = read_trace["txns"];
    ConcurrentTrace trace;
    trace.agents = read_trace["numAgents"];
    if (n >= transactions.size()) trace.end = read_trace["endContent"].get<std::string>();

    const std::vector<std::size_t> none(trace.agents);
    std::vector<std::vector<std::size_t>> steps_of(trace.agents);     // of each agent, in order
    std::vector<std::vector<std::size_t>> known(trace.agents, none);  // how many of whose steps
    std::vector<std::vector<std::size_t>> pasts;  // how many of whose steps a step follows, or is
    for (std::size_t step = 0; step < std::min<std::size_t>(n, transactions.size()); ++step) {
        const json& transaction = transactions[step];
        ConcurrentTrace::Step made;
        made.agent = transaction["agent"];
        std::vector<std::size_t> past = none;
        for (const std::size_t parent : transaction["parents"]) {
            for (std::size_t other = 0; other < past.size(); ++other)
                past[other] = std::max(past[other], pasts[parent][other]);
        }
        check(past[made.agent] == steps_of[made.agent].size(), name + ": an agent forked itself");
        for (std::size_t other = 0; other < past.size(); ++other) {
            std::size_t& seen = known[made.agent][other];
            for (; seen < past[other]; ++seen)
                if (other != made.agent) made.takes.push_back(steps_of[other][seen]);
        }
        std::sort(made.takes.begin(), made.takes.end());
        for (const json& patch : transaction["patches"]) made.edits.push_back(edit_of(patch));
        steps_of[made.agent].push_back(step);
        ++past[made.agent];
        pasts.push_back(std::move(past));
        trace.steps.push_back(std::move(made));
    }
    return trace;
}

}  // namespace syncline::bench

// R1 and R2 at a fixed rate: how long it takes until all others have a change.

#include "figures.hpp"
#include "pool.hpp"
#include "scenarios.hpp"
#include "support/author.hpp"
#include "support/temporary_directory.hpp"
#include "tape.hpp"

#include <algorithm>
#include <optional>

namespace syncline::load {

ordered_json paced(const Setting& setting, const char* name, std::size_t spaces,
                   std::size_t members, std::size_t writers, double rate) {
    const test::TemporaryDirectory directory;
    RelayProcess relay(setting.program, directory.path());
    Pool pool;
    const std::size_t count = spaces * members;
    const auto space_of = [&](std::size_t i) { return "space-" + std::to_string(i / members); };
    join(pool, relay.port(), count, 1, space_of);
    std::vector<std::size_t> authors;
    for (std::size_t i = 0; i < count; ++i) {
        if (i % members < writers) authors.push_back(i);
    }
    const auto sends =
        static_cast<std::size_t>(rate * (setting.seconds + 1) * static_cast<double>(spaces));
    std::vector<Tape> tapes;
    tapes.reserve(authors.size());
    for (const std::size_t author : authors) {
        tapes.push_back(make_tape(test::replica_number(author + 1), space_of(author),
                                  sends / authors.size() + 1, 1));
    }
    // When each author's n-th change left, and who wrote what in each space: changes of several
    // authors mix, so a space's places are matched by the order of acceptance only when it has one
    // writer at a time; with more, the wait is to the author's own acknowledgement and feed.
    std::vector<std::vector<std::int64_t>> sent_at(count);
    Latencies delivery;
    Latencies answer;
    bool measuring = false;
    std::uint64_t deliveries = 0;
    std::vector<std::vector<std::int64_t>> space_sent(spaces);
    const auto on_frame = [&](Line& line, const Glance& glance) {
        const std::int64_t now = now_us();
        if (glance.kind == accepted) {
            for (; line.answered < glance.number; ++line.answered) {
                if (measuring) answer.us.push_back(now - sent_at[line.index][line.answered]);
            }
        } else if (glance.kind == changes) {
            const auto& times = space_sent[line.index / members];
            const std::uint64_t last = glance.number + glance.count - 1;
            for (; line.position < last; ++line.position) {
                if (measuring && line.position < times.size()) {
                    delivery.us.push_back(now - times[line.position]);
                    ++deliveries;
                }
            }
        }
    };
    const auto begin = Clock::now();
    std::optional<Usage> usage;
    std::size_t done = 0;
    while (done < sends) {
        const double elapsed = seconds_since(begin);
        if (!measuring && elapsed > 1) {
            measuring = true;
            usage.emplace(relay);
        }
        const auto due = std::min<std::size_t>(
            sends, static_cast<std::size_t>(elapsed * rate * static_cast<double>(spaces)));
        for (; done < due; ++done) {
            const std::size_t turn = done % authors.size();
            Line& line = *pool.lines[authors[turn]];
            const std::int64_t now = now_us();
            sent_at[line.index].push_back(now);
            space_sent[line.index / members].push_back(now);
            pool.send(line, tapes[turn].frames.at(line.next++));
        }
        pool.turn(1, on_frame);
    }
    ordered_json out{
        {"scenario", name},
        {"spaces", spaces},
        {"devices", count},
        {"changes_per_s", rate * static_cast<double>(spaces)},
        {"deliveries", deliveries},
        {"relay_cpu_s_per_million", usage->relay_cpu() / (static_cast<double>(deliveries) / 1e6)}};
    usage->add_to(out);
    out["delivery"] = delivery.json();
    out["answer"] = answer.json();
    pool.until("the rest", 30, on_frame, [&] {
        return std::all_of(pool.lines.begin(), pool.lines.end(), [&](const auto& line) {
            return line->position >= space_sent[line->index / members].size();
        });
    });
    return out;
}

}  // namespace syncline::load

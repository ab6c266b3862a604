// R5: a relay that is killed right after it has answered.

#include "figures.hpp"
#include "pool.hpp"
#include "scenarios.hpp"
#include "support/author.hpp"
#include "support/temporary_directory.hpp"
#include "tape.hpp"

#include <algorithm>
#include <random>

namespace syncline::load {

ordered_json r5(const Setting& setting, int kills) {
    const test::TemporaryDirectory directory;
    RawFsync raw(directory.path());
    Latencies answer;
    const Tape tape = make_tape(test::replica_number(1), "team", 200'000, 1);
    std::uint64_t held = 0;  // changes the relay said it has
    std::uint64_t lost = 0;
    std::mt19937 random(1);
    std::size_t next = 0;
    for (int round = 0; round < kills; ++round) {
        RelayProcess relay(setting.program, directory.path());
        Pool pool;
        pool.losing_is_fine = true;
        std::uint64_t answered = held;
        join(
            pool, relay.port(), 1, 1, [](std::size_t) { return std::string("team"); },
            static_cast<std::uint64_t>(round) + 1);
        Line& line = *pool.lines.front();
        const auto on_frame = [&](Line&, const Glance& glance) {
            if (glance.kind == accepted) answered = glance.number;
        };
        // What was pushed last and not answered is pushed again, by what the answer says.
        if (next > held) next = held;
        for (std::uint64_t more = 30 + random() % 40; more > 0; --more) {
            const std::int64_t begin = now_us();
            pool.send(line, tape.frames.at(next));
            pool.until("an answer", 20, on_frame, [&] { return answered > next || pool.lost; });
            if (answered < next + 1) {
                ++lost;
                break;
            }
            answer.us.push_back(now_us() - begin);
            next = answered;
            raw.once();
        }
        held = answered;
        // The last answer has just come; nothing waits for anything.
        relay.kill();
    }
    // A change that it had lost would have made the next one a gap, which ends the run above. Once
    // more, from outside: a newcomer's change has its place behind all that was answered.
    RelayProcess relay(setting.program, directory.path());
    std::uint64_t seen = 0;
    const auto team = [](std::size_t) { return std::string("team"); };
    Pool reader;
    join(reader, relay.port(), 1, 3, team);
    Pool prober;
    join(prober, relay.port(), 1, 4, team);
    prober.send(*prober.lines.front(), make_tape(test::replica_number(4), "team", 1, 1).frames[0]);
    reader.until(
        "the feed", 20,
        [&](Line&, const Glance& glance) {
            if (glance.kind == changes) seen = std::max(seen, glance.number + glance.count - 1);
        },
        [&] { return seen > held; });
    ordered_json out{{"scenario", "r5"}, {"kills", kills}, {"answered", held}, {"lost", lost}};
    ordered_json answers = answer.json();
    ordered_json fsync = raw.latencies.json();
    out["answer"] = answers;
    out["raw_fdatasync"] = fsync;
    if (!fsync.is_null()) {
        out["p50_in_fsyncs"] = answers["p50_ms"].get<double>() / fsync["p50_ms"].get<double>();
        out["p99_in_fsyncs"] = answers["p99_ms"].get<double>() / fsync["p50_ms"].get<double>();
    }
    return out;
}

}  // namespace syncline::load

// R1: one writer who never waits, many who follow one space.

#include "figures.hpp"
#include "pool.hpp"
#include "scenarios.hpp"
#include "support/author.hpp"
#include "support/temporary_directory.hpp"
#include "tape.hpp"

#include <algorithm>

namespace syncline::load {

ordered_json r1_saturated(const Setting& setting, std::size_t subscribers) {
    const test::TemporaryDirectory directory;
    RelayProcess relay(setting.program, directory.path());
    Pool pool;
    const auto team = [](std::size_t) { return std::string("team"); };
    join(pool, relay.port(), subscribers, 1'000, team);
    join(pool, relay.port(), 1, 1, team);
    Line& writer = *pool.lines.back();
    // Enough for twice the best that was seen.
    const double most = std::max(50'000.0, 60e6 / static_cast<double>(subscribers));
    const auto frames = static_cast<std::size_t>(std::min(1.5e6, most * (setting.seconds + 1)) /
                                                 static_cast<double>(setting.per_push));
    const Tape tape = make_tape(test::replica_number(1), "team", frames, setting.per_push);
    // In changes; a relay holds 4,096 unanswered pushes of a connection and ends one that sends
    // more.
    const std::uint64_t window = std::min<std::uint64_t>(
        std::max<std::uint64_t>(16'384, 2 * setting.per_push), 4'000 * setting.per_push);

    const auto on_frame = [&](Line& line, const Glance& glance) {
        if (glance.kind == changes)
            line.position = std::max(line.position, glance.number + glance.count - 1);
        if (glance.kind == accepted) line.answered = glance.number;
    };
    const auto feed = [&] {
        while (writer.next < tape.frames.size() &&
               writer.next * setting.per_push < writer.answered + window)
            pool.send(writer, tape.frames[writer.next++]);
    };
    const auto total = [&] {
        std::uint64_t sum = 0;
        for (const auto& line : pool.lines) sum += line->position;
        return sum;
    };
    const auto run_for = [&](double seconds) {
        const auto begin = Clock::now();
        while (seconds_since(begin) < seconds && writer.next < tape.frames.size()) {
            feed();
            pool.turn(5, on_frame);
        }
    };
    run_for(0.5);
    const Usage usage(relay);
    const std::uint64_t before = total();
    const std::uint64_t accepted_before = writer.answered;
    run_for(setting.seconds);
    const double deliveries = static_cast<double>(total() - before);
    ordered_json out{{"scenario", "r1_saturated"},
                     {"subscribers", subscribers},
                     {"changes_per_push", setting.per_push},
                     {"deliveries_per_s", deliveries / usage.seconds()},
                     {"accepted_per_s",
                      static_cast<double>(writer.answered - accepted_before) / usage.seconds()},
                     {"relay_cpu_s_per_million", usage.relay_cpu() / (deliveries / 1e6)}};
    usage.add_to(out);
    // Everybody gets everything.
    const std::uint64_t sent = writer.next * setting.per_push;
    pool.until("the end of the feed", 60, on_frame, [&] { return writer.answered >= sent; });
    pool.until("subscribers", 60, on_frame, [&] {
        return std::all_of(pool.lines.begin(), pool.lines.end(),
                           [&](const auto& line) { return line->position >= sent; });
    });
    return out;
}

}  // namespace syncline::load

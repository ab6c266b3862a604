// R2: every device of many spaces writes as fast as it is answered.

#include "figures.hpp"
#include "pool.hpp"
#include "scenarios.hpp"
#include "support/author.hpp"
#include "support/temporary_directory.hpp"
#include "tape.hpp"

#include <algorithm>

namespace syncline::load {

ordered_json r2_saturated(const Setting& setting, std::size_t spaces) {
    const test::TemporaryDirectory directory;
    RelayProcess relay(setting.program, directory.path());
    Pool pool;
    const std::size_t count = spaces * 2;
    const auto space_of = [](std::size_t i) { return "space-" + std::to_string(i / 2); };
    join(pool, relay.port(), count, 1, space_of);
    const auto frames = static_cast<std::size_t>(1.2e6 / static_cast<double>(count) /
                                                 static_cast<double>(setting.per_push)) +
                        1;
    std::vector<Tape> tapes;
    for (std::size_t i = 0; i < count; ++i)
        tapes.push_back(
            make_tape(test::replica_number(i + 1), space_of(i), frames, setting.per_push));
    const std::size_t window = std::max<std::size_t>(2, 8 / setting.per_push);
    bool out_of_tape = false;
    const auto feed = [&](Line& line) {
        while (line.next * setting.per_push < line.answered + window * setting.per_push) {
            if (line.next == frames) {
                out_of_tape = true;
                return;
            }
            pool.send(line, tapes[line.index].frames[line.next++]);
        }
    };
    std::uint64_t answers = 0;
    const auto on_frame = [&](Line& line, const Glance& glance) {
        if (glance.kind == changes) line.received += glance.count;
        if (glance.kind != accepted) return;
        answers += glance.number - line.answered;
        line.answered = glance.number;
        feed(line);
    };
    for (auto& line : pool.lines) feed(*line);
    const auto warm = Clock::now();
    while (seconds_since(warm) < 0.5 && !out_of_tape) pool.turn(5, on_frame);
    const Usage usage(relay);
    const std::uint64_t before = answers;
    while (usage.seconds() < setting.seconds && !out_of_tape) pool.turn(5, on_frame);
    ordered_json out{{"scenario", "r2_saturated"},
                     {"spaces", spaces},
                     {"devices", count},
                     {"changes_per_push", setting.per_push},
                     {"accepted_per_s", static_cast<double>(answers - before) / usage.seconds()}};
    usage.add_to(out);
    return out;
}

}  // namespace syncline::load

#include "schedule.hpp"

#include <algorithm>
#include <chrono>

namespace syncline::sim {

namespace {

const char* const kind_names[step_kinds] = {
    "run",         "edit",         "cut",          "half_open",     "block",  "go_offline",
    "go_online",   "device_crash", "device_fault", "device_clock",  "clone",  "relay_crash",
    "relay_fault", "relay_clock",  "relay_backup", "relay_restore", "access", "bound",
    "audit",       "settle",       "deliver",      "join_state",    "reload"};

std::uint64_t& weight(Settings& settings, StepKind kind) {
    return settings.weights[static_cast<std::size_t>(kind)];
}

}  // namespace

std::string to_string(const Step& step) {
    return std::string(kind_names[static_cast<std::size_t>(step.kind)]) +
           " who=" + std::to_string(step.who) + " value=" + std::to_string(step.value) +
           " seed=" + std::to_string(step.seed);
}

Settings draw_relay_settings(std::uint64_t seed) {
    Settings s;
    s.seed = seed;
    Random random(seed ^ 0x5E77ULL);
    s.devices = random.between(2, 4);
    s.spaces = random.chance(20) ? 2 : 1;
    s.documents = random.between(1, 3);
    s.mix = draw_mix(random);
    s.latency_max_ms = random.pick<std::uint64_t>({2, 30, 200, 3'000});
    s.bytes_per_ms = random.pick<std::uint64_t>({2, 50, 1'000, 1'000'000});
    s.commit_max_ms = random.pick<std::uint64_t>({0, 5, 40, 500});
    s.reply_max_ms = random.pick<std::uint64_t>({0, 5, 100});
    s.clock_bound_ms = random.pick<std::uint64_t>({0, 20, 2'000, 60'000, 60'000});
    s.drift_ppm_max = random.pick<std::uint64_t>({0, 0, 200, 50'000});
    s.repeat_percent = random.chance(15) ? 10 : 0;
    // A push that was refused for its stamp and comes again within one connection might be admitted
    // the second time. TCP repeats nothing, so this is not to be tolerated: clocks are no matter.
    if (s.repeat_percent > 0) s.clock_bound_ms = ~std::uint64_t{0};
    s.poison_percent = random.chance(20) ? random.pick<std::uint64_t>({5, 30}) : 0;
    s.queue_bytes_max = random.pick<std::size_t>({1, 400, 3'000, std::size_t{1} << 20});
    s.history_bytes = random.pick<std::size_t>({1, 300, 2'000, std::size_t{256} << 10});
    s.row_bytes = random.pick<std::size_t>({1, 300, std::size_t{512} << 10});
    s.heads_every = random.pick<std::uint64_t>({1, 3, 64});
    s.engine_spaces_max = random.pick<std::size_t>({0, 1, 100});
    s.push_bytes = random.pick<std::size_t>({1, 300, std::size_t{256} << 10});
    s.pushes_max = random.pick<std::size_t>({1, 2, 4});
    s.cached_documents = random.pick<std::size_t>({0, 1, 1'000, 1'000});
    s.steps = random.between(10, 70);

    weight(s, StepKind::run) = 30;
    weight(s, StepKind::edit) = random.between(20, 60);
    weight(s, StepKind::audit) = 3;
    const auto maybe = [&](StepKind kind, std::uint64_t percent, std::uint64_t most) {
        if (random.chance(percent)) weight(s, kind) = random.between(1, most);
    };
    maybe(StepKind::settle, 40, 2);
    maybe(StepKind::cut, 50, 8);
    maybe(StepKind::half_open, 25, 4);
    maybe(StepKind::block, 25, 4);
    if (random.chance(50)) {
        weight(s, StepKind::go_offline) = random.between(1, 5);
        weight(s, StepKind::go_online) = random.between(1, 5);
    }
    maybe(StepKind::device_crash, 30, 4);
    maybe(StepKind::device_fault, 20, 4);
    maybe(StepKind::device_clock, 30, 5);
    maybe(StepKind::relay_crash, 30, 4);
    maybe(StepKind::relay_fault, 20, 4);
    maybe(StepKind::relay_clock, 20, 3);
    maybe(StepKind::access, 15, 3);
    maybe(StepKind::bound, s.repeat_percent > 0 ? 0 : 10, 3);
    const std::uint64_t identity = random.below(100);
    if (identity < 25) weight(s, StepKind::clone) = random.between(1, 2);
    if (identity >= 20 && identity < 55) {
        weight(s, StepKind::relay_backup) = random.between(1, 4);
        weight(s, StepKind::relay_restore) = random.between(1, 3);
    } else {
        s.prunes = random.chance(10);
    }
    return s;
}

std::vector<Step> draw_steps(const Settings& settings) {
    Random random(settings.seed ^ 0x57E95ULL);
    std::uint64_t total = 0;
    for (const std::uint64_t each : settings.weights) total += each;
    std::vector<Step> steps;
    for (std::size_t i = 0; i < settings.steps; ++i) {
        std::uint64_t at = random.below(total);
        Step step;
        for (std::size_t kind = 0; kind < step_kinds; ++kind) {
            if (at < settings.weights[kind]) {
                step.kind = static_cast<StepKind>(kind);
                break;
            }
            at -= settings.weights[kind];
        }
        step.who = random.below(1'000);
        step.value = random.below(1'000'000);
        step.seed = random.next();
        steps.push_back(step);
    }
    return steps;
}

Settings draw_settings(Mode mode, std::uint64_t seed) {
    return mode == Mode::relay ? draw_relay_settings(seed) : draw_mesh_settings(seed);
}

Settings draw_settings(Mode mode, std::uint64_t seed, Control control) {
    Settings s = draw_settings(mode, seed);
    s.control = control;
    if (control == Control::none) return s;
    s.poison_percent = 0;
    switch (control) {
        case Control::ack_before_commit: weight(s, StepKind::relay_crash) = 8; break;
        case Control::clone_unnoticed: weight(s, StepKind::clone) = 4; break;
        case Control::duplicates_stored:
            s.repeat_percent = 30;
            weight(s, StepKind::cut) = 8;
            break;
        case Control::epoch_unnoticed:
            weight(s, StepKind::relay_backup) = 4;
            weight(s, StepKind::relay_restore) = 4;
            break;
        case Control::no_causal_buffer:
        case Control::last_wins:
        case Control::ties_by_arrival: s.mix = EditMix{}; break;
        default: break;
    }
    return s;
}

Outcome run(Mode mode, const Settings& settings, const std::vector<Step>& steps, bool diary) {
    return mode == Mode::relay ? run_relay(settings, steps, diary)
                               : run_mesh(settings, steps, diary);
}

std::vector<Step> shrink(Mode mode, const Settings& settings, std::vector<Step> steps,
                         double seconds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    std::size_t piece = steps.size() / 2;
    while (piece > 0) {
        bool less = false;
        for (std::size_t at = 0; at < steps.size();) {
            if (std::chrono::steady_clock::now() > end) return steps;
            std::vector<Step> fewer(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(at));
            const std::size_t after = std::min(steps.size(), at + piece);
            fewer.insert(fewer.end(), steps.begin() + static_cast<std::ptrdiff_t>(after),
                         steps.end());
            if (!run(mode, settings, fewer).failure.empty()) {
                steps = std::move(fewer);
                less = true;
            } else {
                at += piece;
            }
        }
        if (piece == 1 && !less) break;
        piece = piece == 1 ? 1 : piece / 2;
    }
    return steps;
}

std::string check_seed(Mode mode, std::uint64_t seed, Control control, double shrink_seconds) {
    const Settings settings = draw_settings(mode, seed, control);
    const std::vector<Step> steps = draw_steps(settings);
    const Outcome outcome = run(mode, settings, steps);
    if (outcome.failure.empty()) return {};
    std::string text = "seed " + std::to_string(seed) + ": " + outcome.failure + '\n';
    if (shrink_seconds <= 0) return text;
    const std::vector<Step> fewer = shrink(mode, settings, steps, shrink_seconds);
    const Outcome again = run(mode, settings, fewer, true);
    text += "shrunk from " + std::to_string(steps.size()) + " to " + std::to_string(fewer.size()) +
            " steps, which end with: " + again.failure + '\n';
    for (const Step& step : fewer) text += "  step " + to_string(step) + '\n';
    for (const std::string& line : again.diary) text += "  " + line + '\n';
    return text;
}

}  // namespace syncline::sim

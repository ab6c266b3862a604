#include "schedule.hpp"

#include <algorithm>
#include <chrono>

namespace syncline::sim {

namespace {

const char* const kind_names[action_kinds] = {
    "run",         "edit",         "cut",          "half_open",     "block",  "go_offline",
    "go_online",   "device_crash", "device_fault", "device_clock",  "clone",  "relay_crash",
    "relay_fault", "relay_clock",  "relay_backup", "relay_restore", "access", "bound",
    "audit",       "settle",       "deliver",      "join_state",    "reload"};

std::uint64_t& weight(Settings& settings, ActionKind kind) {
    return settings.weights[static_cast<std::size_t>(kind)];
}

}  // namespace

std::string to_string(const Action& action) {
    return std::string(kind_names[static_cast<std::size_t>(action.kind)]) +
           " who=" + std::to_string(action.who) + " value=" + std::to_string(action.value) +
           " seed=" + std::to_string(action.seed);
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
    s.actions = random.between(10, 70);

    weight(s, ActionKind::run) = 30;
    weight(s, ActionKind::edit) = random.between(20, 60);
    weight(s, ActionKind::audit) = 3;
    const auto maybe = [&](ActionKind kind, std::uint64_t percent, std::uint64_t most) {
        if (random.chance(percent)) weight(s, kind) = random.between(1, most);
    };
    maybe(ActionKind::settle, 40, 2);
    maybe(ActionKind::cut, 50, 8);
    maybe(ActionKind::half_open, 25, 4);
    maybe(ActionKind::block, 25, 4);
    if (random.chance(50)) {
        weight(s, ActionKind::go_offline) = random.between(1, 5);
        weight(s, ActionKind::go_online) = random.between(1, 5);
    }
    maybe(ActionKind::device_crash, 30, 4);
    maybe(ActionKind::device_fault, 20, 4);
    maybe(ActionKind::device_clock, 30, 5);
    maybe(ActionKind::relay_crash, 30, 4);
    maybe(ActionKind::relay_fault, 20, 4);
    maybe(ActionKind::relay_clock, 20, 3);
    maybe(ActionKind::access, 15, 3);
    maybe(ActionKind::bound, s.repeat_percent > 0 ? 0 : 10, 3);
    const std::uint64_t identity = random.below(100);
    if (identity < 25) weight(s, ActionKind::clone) = random.between(1, 2);
    if (identity >= 20 && identity < 55) {
        weight(s, ActionKind::relay_backup) = random.between(1, 4);
        weight(s, ActionKind::relay_restore) = random.between(1, 3);
    } else {
        s.prunes = random.chance(10);
    }
    return s;
}

std::vector<Action> draw_actions(const Settings& settings) {
    Random random(settings.seed ^ 0x57E95ULL);
    std::uint64_t total = 0;
    for (const std::uint64_t each : settings.weights) total += each;
    std::vector<Action> actions;
    for (std::size_t i = 0; i < settings.actions; ++i) {
        std::uint64_t at = random.below(total);
        Action action;
        for (std::size_t kind = 0; kind < action_kinds; ++kind) {
            if (at < settings.weights[kind]) {
                action.kind = static_cast<ActionKind>(kind);
                break;
            }
            at -= settings.weights[kind];
        }
        action.who = random.below(1'000);
        action.value = random.below(1'000'000);
        action.seed = random.next();
        actions.push_back(action);
    }
    return actions;
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
        case Control::ack_before_commit: weight(s, ActionKind::relay_crash) = 8; break;
        case Control::clone_unnoticed: weight(s, ActionKind::clone) = 4; break;
        case Control::duplicates_stored:
            s.repeat_percent = 30;
            weight(s, ActionKind::cut) = 8;
            break;
        case Control::epoch_unnoticed:
            weight(s, ActionKind::relay_backup) = 4;
            weight(s, ActionKind::relay_restore) = 4;
            break;
        case Control::no_causal_buffer:
        case Control::last_wins:
        case Control::ties_by_arrival: s.mix = EditMix{}; break;
        default: break;
    }
    return s;
}

Outcome run(Mode mode, const Settings& settings, const std::vector<Action>& actions, bool diary) {
    return mode == Mode::relay ? run_relay(settings, actions, diary)
                               : run_mesh(settings, actions, diary);
}

std::vector<Action> shrink(Mode mode, const Settings& settings, std::vector<Action> actions,
                           double seconds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    std::size_t piece = actions.size() / 2;
    while (piece > 0) {
        bool less = false;
        for (std::size_t at = 0; at < actions.size();) {
            if (std::chrono::steady_clock::now() > end) return actions;
            std::vector<Action> fewer(actions.begin(),
                                      actions.begin() + static_cast<std::ptrdiff_t>(at));
            const std::size_t after = std::min(actions.size(), at + piece);
            fewer.insert(fewer.end(), actions.begin() + static_cast<std::ptrdiff_t>(after),
                         actions.end());
            if (!run(mode, settings, fewer).failure.empty()) {
                actions = std::move(fewer);
                less = true;
            } else {
                at += piece;
            }
        }
        if (piece == 1 && !less) break;
        piece = piece == 1 ? 1 : piece / 2;
    }
    return actions;
}

std::string check_seed(Mode mode, std::uint64_t seed, Control control, double shrink_seconds) {
    const Settings settings = draw_settings(mode, seed, control);
    const std::vector<Action> actions = draw_actions(settings);
    const Outcome outcome = run(mode, settings, actions);
    if (outcome.failure.empty()) return {};
    std::string text = "seed " + std::to_string(seed) + ": " + outcome.failure + '\n';
    if (shrink_seconds <= 0) return text;
    const std::vector<Action> fewer = shrink(mode, settings, actions, shrink_seconds);
    const Outcome again = run(mode, settings, fewer, true);
    text += "shrunk from " + std::to_string(actions.size()) + " to " +
            std::to_string(fewer.size()) + " actions, which end with: " + again.failure + '\n';
    for (const Action& action : fewer) text += "  action " + to_string(action) + '\n';
    for (const std::string& line : again.diary) text += "  " + line + '\n';
    return text;
}

}  // namespace syncline::sim

#pragma once

#include "edits.hpp"
#include "random.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace syncline::sim {

/// A deliberate flaw in the simulated world. Each has to be noticed by the checks, or they are
/// blind.
enum class Control : std::uint8_t {
    none,
    ack_before_commit,  ///< the relay's disk forgets what it had reported as committed
    clone_unnoticed,    ///< heads and fences of replica ids are not compared
    feed_gap_ignored,   ///< a lost piece of the feed is closed up as if it had never been
    duplicates_stored,  ///< the relay stores a change again when it is pushed again
    epoch_unnoticed,    ///< a restored relay takes every cursor for good
    no_causal_buffer,   ///< mesh: changes are applied as they come
    ties_by_arrival,    ///< mesh: of two writes with one stamp the later to arrive wins
    last_wins,          ///< mesh: an erase takes whatever the receiver holds
};

enum class ActionKind : std::uint8_t {
    run,
    edit,
    cut,
    half_open,
    block,
    go_offline,
    go_online,
    device_crash,
    device_fault,
    device_clock,
    clone,
    relay_crash,
    relay_fault,
    relay_clock,
    relay_backup,
    relay_restore,
    access,
    bound,
    audit,
    settle,
    // Mesh.
    deliver,
    join_state,
    reload,
};
inline constexpr std::size_t action_kinds = 23;

/// One decision. The numbers are taken modulo whatever there is when its turn comes, so that a
/// schedule stays meaningful when actions are left out.
struct Action {
    ActionKind kind = ActionKind::run;
    std::uint64_t who = 0;
    std::uint64_t value = 0;
    std::uint64_t seed = 0;
};
[[nodiscard]] std::string to_string(const Action& action);

/// What one schedule is like: swarm testing draws for each which faults and edits it has.
struct Settings {
    std::uint64_t seed = 0;
    Control control = Control::none;
    std::size_t devices = 3;
    std::size_t spaces = 1;
    std::size_t documents = 3;
    EditMix mix;
    std::uint64_t latency_max_ms = 50;
    std::uint64_t bytes_per_ms = 1'000;
    std::uint64_t commit_max_ms = 10;
    std::uint64_t reply_max_ms = 5;
    std::uint64_t clock_bound_ms = 60'000;
    std::uint64_t drift_ppm_max = 0;
    std::uint64_t repeat_percent = 0;  ///< of frames that may come twice
    std::uint64_t poison_percent = 0;  ///< of changes that the relay refuses
    std::size_t queue_bytes_max = std::size_t{1} << 20;
    std::size_t history_bytes = std::size_t{256} << 10;
    std::size_t row_bytes = std::size_t{512} << 10;
    std::uint64_t heads_every = 64;
    std::size_t engine_spaces_max = 100;
    std::size_t push_bytes = std::size_t{256} << 10;
    std::size_t pushes_max = 4;
    std::size_t cached_documents = 1'000;
    bool prunes = false;  ///< a short backup horizon
    std::uint64_t weights[action_kinds] = {};
    std::size_t actions = 60;
};
[[nodiscard]] Settings draw_relay_settings(std::uint64_t seed);
[[nodiscard]] Settings draw_mesh_settings(std::uint64_t seed);
[[nodiscard]] std::vector<Action> draw_actions(const Settings& settings);

/// How a schedule ended.
struct Outcome {
    std::string failure;  ///< empty: well
    std::uint64_t trace = 0;
    std::uint64_t edits = 0;
    std::uint64_t regressions = 0;
    std::uint64_t identities = 0;  ///< new replica ids taken
    std::uint64_t refused = 0;
    std::vector<std::string> diary;  ///< what happened, if it was asked for
};

enum class Mode : std::uint8_t { relay, mesh };
[[nodiscard]] Settings draw_settings(Mode mode, std::uint64_t seed);
/// The same with the faults that bring the flaw of `control` to light.
[[nodiscard]] Settings draw_settings(Mode mode, std::uint64_t seed, Control control);
[[nodiscard]] Outcome run(Mode mode, const Settings& settings, const std::vector<Action>& actions,
                          bool diary = false);
[[nodiscard]] Outcome run_relay(const Settings& settings, const std::vector<Action>& actions,
                                bool diary);
[[nodiscard]] Outcome run_mesh(const Settings& settings, const std::vector<Action>& actions,
                               bool diary);

/// Leaves out actions as long as the schedule still fails, for at most `seconds` of real time.
[[nodiscard]] std::vector<Action> shrink(Mode mode, const Settings& settings,
                                         std::vector<Action> actions, double seconds);

/// Runs a seed; on a failure the text says all that is needed to see it again.
[[nodiscard]] std::string check_seed(Mode mode, std::uint64_t seed, Control control = Control::none,
                                     double shrink_seconds = 10);

}  // namespace syncline::sim

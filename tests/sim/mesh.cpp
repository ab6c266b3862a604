#include "schedule.hpp"
namespace syncline::sim {
Settings draw_mesh_settings(std::uint64_t seed) {
    Settings s;
    s.seed = seed;
    s.weights[0] = 1;
    return s;
}
Outcome run_mesh(const Settings&, const std::vector<Step>&, bool) { return {}; }
}  // namespace syncline::sim

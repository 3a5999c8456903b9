// What the seed of a day decides before it begins: who is connected to what, the daemon's
// configuration, the first manifests, and all that is going to happen.

#pragma once

#include "reconciler/daemon/config.hpp"
#include "tests/sim/daemon_day.hpp"
#include "tests/sim/rules.hpp"

namespace trueup::sim {

inline constexpr Duration day_length = std::chrono::hours(24);

struct DaySetting : WorldRules {
    std::uint64_t world_seed = 0;
    RunConfig config;
};

DaySetting draw_day_setting(Random& random);
std::vector<DayEvent> draw_day_events(Random& random);
// A configuration as it may be after an edit of trueup.yaml.
RunConfig draw_run_config(Random& random, const ProcessRules& rules);

} // namespace trueup::sim

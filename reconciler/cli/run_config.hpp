// From settings to what shapes the daemon, everything checked.

#pragma once

#include "reconciler/cli/settings.hpp"
#include "reconciler/daemon/config.hpp"

namespace trueup {

// Fails with invalid_input, naming file and line where the configuration file is to blame. The
// endpoint is left to whoever opens the API.
Result<RunConfig> read_run_config(const Settings& settings);

// The freeze windows of trueup.yaml. Fails with invalid_input.
Result<std::vector<FreezeWindow>> read_freeze(const Settings& settings);

// The limits of trueup.yaml. Fails with invalid_input.
Result<std::vector<BlastLimit>> read_limits(const Settings& settings);

// How long what runs may take to end, once we are asked to stop. Fails with invalid_input.
Result<Duration> read_stop_timeout(const Settings& settings);

} // namespace trueup

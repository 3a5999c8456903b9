// The part that plan and apply share: from settings to a plan.

#pragma once

#include "reconciler/cli/workspace.hpp"
#include "reconciler/engine/round.hpp"

namespace trueup {

// Everything of the settings that shapes a plan, checked. Fails with invalid_input.
Result<PlanRequest> read_plan_request(const Settings& settings, Refresh default_refresh);

// plan_now() with what the workspace holds; its API must be open.
Result<Planned> plan_workspace(Workspace& workspace, PlanRequest request);
// The same for who needs the state no more: it is closed, which frees what reading it takes.
Result<Planned> plan_and_close_state(Workspace& workspace, PlanRequest request);

} // namespace trueup

// Narrows a plan to what was asked for: --target, --exclude, --project.

#pragma once

#include "reconciler/plan/plan.hpp"

namespace trueup {

// Keeps the targets with all that they depend on, drops the excluded with all that depends on them,
// and drops what is outside the project asked for (its project object stays; what waits for a write
// outside is blocked). The order is kept.
void select_actions(std::vector<Action>& actions, const PlanOptions& options);

} // namespace trueup

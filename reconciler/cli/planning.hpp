// The part that plan and apply share: from settings to a Plan, through the API.

#pragma once

#include "reconciler/cli/workspace.hpp"
#include "reconciler/engine/observe.hpp"
#include "reconciler/plan/guards.hpp"
#include "reconciler/plan/plan.hpp"
#include "reconciler/plan/saved_plan.hpp"

#include <vector>

namespace trueup {

// Everything of the settings that shapes a plan, checked.
struct PlanRequest {
    PlanRequest() = default;

    PlanOptions plan;
    ObserveOptions observe;
    GuardOptions guards;
};

// Fails with invalid_input.
Result<PlanRequest> read_plan_request(const Settings& settings, Refresh default_refresh);

struct Planned {
    Planned() = default;

    Binding binding;
    std::vector<Record> records;
    Plan plan;
};

// Who we are to this API: endpoint, tenant, owner. Asks the API for the tenant.
Task<Result<Binding>> find_binding(Workspace& workspace, std::string owner_id);

// Observes and plans. Fails with refused when the state belongs elsewhere.
Task<Result<Planned>> plan_now(Workspace& workspace, PlanRequest request);

} // namespace trueup

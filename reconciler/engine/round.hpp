// One round, from what is declared to what was done: what apply, the daemon and the simulation all
// run.
//
// The parts are here by themselves too, for whoever shows a plan and asks before it is carried out.

#pragma once

#include "reconciler/engine/execute.hpp"
#include "reconciler/engine/observe.hpp"
#include "reconciler/engine/recover.hpp"
#include "reconciler/plan/guards.hpp"
#include "reconciler/plan/plan.hpp"

#include <optional>
#include <string>
#include <vector>

namespace trueup {

// Everything that shapes a plan, besides the manifests.
struct PlanRequest {
    PlanRequest() = default;

    PlanOptions plan;
    ObserveOptions observe;
    GuardOptions guards;
    std::string endpoint; // of the API, as a Binding holds it
};

struct Planned {
    Planned() = default;

    Binding binding;
    std::vector<Record> records;
    Plan plan;
};

struct Round {
    Round() = default;

    Recovery recovery;
    Planned planned; // without its actions, which were carried out
    Report report;
};

// Who we are to this API: endpoint, tenant, owner. Asks the API for the tenant. Fails as
// Observer::bootstrap does.
Task<Result<Binding>> find_binding(const Catalogue& catalogue,
                                   Observer& observer,
                                   std::string endpoint,
                                   std::string owner_id);

// The part of check_binding that can be told without a call: no credential goes to another host to
// find out. Fails with refused.
Result<void> check_place(const std::optional<Binding>& stored,
                         const std::string& endpoint,
                         const std::string& owner_id);

// The records of `store`. What was last applied and is still declared is one tree with the
// manifest.
Result<std::vector<Record>> remembered(Store& store, const ManifestSet& manifests);

// All that a plan needs of a state.
struct Known {
    Known() = default;

    std::optional<Binding> binding;
    std::vector<Record> records;
    std::vector<Intent> intents;
    std::vector<Memo> memos;
};

// Fails as the store does.
Result<Known> read_state(Store& store, const ManifestSet& manifests);

// Binds a new state to this API, refuses another's (refused), and settles what a crash left open.
Task<Result<Recovery>> prepare(Engine engine, std::string endpoint);

// Writes down what the manifests protect (preventDestroy, deletionPolicy: abandon) of what is ours
// and was not protected until now. Comes before anything is carried out: the protection holds
// whatever becomes of the change that it came with. `records`: as the plan knew them. Fails as the
// store does.
Task<Result<void>>
note_protection(Store& store, const ManifestSet& manifests, const std::vector<Record>& records);

// Observes and plans, with reads alone. Fails with refused when the state belongs elsewhere, and as
// observe() and make_plan() do. Everything passed by reference outlives the call.
Task<Result<Planned>> plan_now(const Catalogue& catalogue,
                               const ManifestSet& manifests,
                               Observer& observer,
                               Store& store,
                               PlanRequest request);

// The same with a state that was read before, and may be closed by now.
Task<Result<Planned>> plan_beside(const Catalogue& catalogue,
                                  const ManifestSet& manifests,
                                  Observer& observer,
                                  Known known,
                                  PlanRequest request);

// Prepares, plans, asks the guards, and carries the plan out. Fails before the first change or not
// at all: what becomes of single actions is in the report.
Task<Result<Round>>
reconcile(Engine engine, const ManifestSet& manifests, PlanRequest request, ExecuteOptions options);

} // namespace trueup

// A plan on disk: what was agreed to, so that apply does that or refuses (design.md 6.E).
//
// Holds no values and no secrets: addresses, verbs, pins and digests. Apply plans anew and
// compares.

#pragma once

#include "reconciler/plan/plan.hpp"
#include "state/store/store.hpp"

#include <string>
#include <string_view>

namespace trueup {

struct SavedAction {
    SavedAction() = default;

    std::string address;
    std::string verb;
    std::string uid;
    std::string pin;
    std::string manifest_digest;
    std::string desired_digest; // of what is declared with its references resolved, without secrets
};

struct SavedPlan {
    SavedPlan() = default;

    Binding binding;
    Adoption adoption = Adoption::if_equal; // also of a file that does not say it
    bool prune = false;
    bool destroy = false;
    std::optional<std::string> project;
    std::vector<std::string> targets;
    std::vector<std::string> excludes;
    std::string digest; // of the plan
    std::string created_at;
    std::vector<SavedAction> actions; // those that do something
};

SavedPlan save_plan(const Plan& plan,
                    const PlanOptions& options,
                    const Binding& binding,
                    std::string created_at);

// JSON with a checksum over its content.
std::string write_saved_plan(const SavedPlan& plan);
// Fails with invalid_input on anything that write_saved_plan did not write.
Result<SavedPlan> read_saved_plan(std::string_view text);

// What of `now` may be done because `saved` says so. An action that does not match is turned into
// blocked with the reason for a person; what was not in the saved plan is dropped. Dependents of
// what is refused are blocked too.
struct Agreement {
    Agreement() = default;

    std::vector<Action> actions;
    std::size_t refused = 0;
};

Agreement agree(const SavedPlan& saved, Plan now);

} // namespace trueup

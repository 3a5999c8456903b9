#include "reconciler/plan/select.hpp"

#include <algorithm>
#include <unordered_set>

namespace trueup {

namespace {

using Names = std::unordered_set<std::string>;

// Actions come after what they depend on, so one pass in either direction closes the set.
Names with_dependencies(const std::vector<Action>& actions, const std::vector<Address>& targets)
{
    Names kept;
    for (const Address& target : targets)
        kept.insert(target.text());
    for (auto it = actions.rbegin(); it != actions.rend(); ++it)
        if (kept.contains(it->address.text()))
            kept.insert(it->depends_on.begin(), it->depends_on.end());
    return kept;
}

Names with_dependents(const std::vector<Action>& actions, const std::vector<Address>& excludes)
{
    Names dropped;
    for (const Address& address : excludes)
        dropped.insert(address.text());
    for (const Action& action : actions)
        if (std::ranges::any_of(action.depends_on, [&](const std::string& before) {
                return dropped.contains(before);
            }))
            dropped.insert(action.address.text());
    return dropped;
}

bool is_outside(const Action& action, const std::string& project)
{
    if (action.address.project())
        return *action.address.project() != project;
    return !(action.kind->is_scope && action.address.name() == percent_encode(project));
}

// What writes inside must not run without the writes outside that it waits for. Actions are in
// order, so one pass reaches everything.
void keep_to_project(std::vector<Action>& actions, const std::string& project)
{
    Names left_out;
    for (Action& action : actions) {
        if (is_outside(action, project)) {
            if (action.writes() || action.verb == Verb::waiting)
                left_out.insert(action.address.text());
            continue;
        }
        if (!action.writes())
            continue;
        for (const std::string& before : action.depends_on) {
            if (!left_out.contains(before))
                continue;
            action.verb = Verb::blocked;
            action.reason = Reason::dependency;
            action.message = "it waits for " + before + ", which is not part of this run";
            left_out.insert(action.address.text());
            break;
        }
    }
    std::erase_if(actions, [&](const Action& action) { return is_outside(action, project); });
}

} // namespace

void select_actions(std::vector<Action>& actions, const PlanOptions& options)
{
    if (options.project)
        keep_to_project(actions, *options.project);
    if (!options.targets.empty()) {
        const Names kept = with_dependencies(actions, options.targets);
        std::erase_if(actions,
                      [&](const Action& action) { return !kept.contains(action.address.text()); });
    }
    if (!options.excludes.empty()) {
        const Names dropped = with_dependents(actions, options.excludes);
        std::erase_if(
            actions, [&](const Action& action) { return dropped.contains(action.address.text()); });
    }
}

} // namespace trueup

#include "reconciler/cli/planning.hpp"

#include "reconciler/cli/run_config.hpp"

namespace trueup {

namespace {

Result<std::vector<Address>> parse_addresses(const std::vector<std::string>& texts)
{
    std::vector<Address> addresses;
    for (const std::string& text : texts) {
        auto address = Address::parse(text);
        if (!address)
            return address.error();
        addresses.push_back(std::move(*address));
    }
    return addresses;
}

Result<Adoption> parse_adoption(const std::string& text)
{
    if (text.empty())
        return Adoption::if_equal;
    if (const auto adoption = adoption_called(text))
        return *adoption;
    return Error{Errc::invalid_input, "--adopt is ifEqual, never or takeOver, not " + text};
}

Result<Limit>
read_limit(const Settings& settings, const std::string& option, const std::string& text)
{
    auto limit = parse_limit(text);
    if (!limit)
        return Error{Errc::invalid_input,
                     "--" + option + ": " + limit.error().message,
                     settings.place_of(option),
                     limit.error().advice};
    return limit;
}

} // namespace

Result<PlanRequest> read_plan_request(const Settings& settings, Refresh default_refresh)
{
    PlanRequest request;
    if (settings.owner.empty())
        return Error{
            Errc::invalid_input,
            "there is no owner name to mark objects with",
            "",
            "write \"owner: some-name\" into trueup.yaml beside the manifests (a name that "
            "no other set of manifests uses), or use --owner"};
    auto adoption = parse_adoption(settings.adopt);
    if (!adoption)
        return Error{Errc::invalid_input, adoption.error().message, settings.place_of("adopt")};
    auto targets = parse_addresses(settings.targets);
    if (!targets)
        return targets.error();
    auto excludes = parse_addresses(settings.excludes);
    if (!excludes)
        return excludes.error();
    request.plan.owner_id = settings.owner;
    request.plan.adoption = *adoption;
    request.plan.prune = settings.prune;
    request.plan.destroy = settings.destroy;
    if (!settings.project.empty())
        request.plan.project = settings.project;
    request.plan.targets = std::move(*targets);
    request.plan.excludes = std::move(*excludes);
    request.observe.owner_id = settings.owner;
    request.observe.prune = settings.prune;
    request.observe.destroy = settings.destroy;
    request.observe.refresh = default_refresh;
    if (settings.refresh == "full")
        request.observe.refresh = Refresh::full;
    else if (settings.refresh == "auto")
        request.observe.refresh = Refresh::automatic;
    else if (settings.refresh == "none" && default_refresh == Refresh::full)
        return Error{Errc::invalid_input,
                     "--refresh none is for plan alone: nothing is changed without looking at it "
                     "first"};
    else if (settings.refresh == "none" && !settings.out.empty())
        return Error{Errc::invalid_input,
                     "--refresh none and --out do not go together: a plan that looked at nothing "
                     "cannot be applied"};
    else if (settings.refresh == "none")
        request.observe.refresh = Refresh::none;
    else if (!settings.refresh.empty())
        return Error{Errc::invalid_input,
                     "--refresh is full, auto or none, not " + settings.refresh};
    request.guards.destroy = settings.destroy;
    auto limits = read_limits(settings);
    if (!limits)
        return limits.error();
    request.guards.limits = std::move(*limits);
    if (!settings.max_deletes.empty()) {
        auto limit = read_limit(settings, "max-deletes", settings.max_deletes);
        if (!limit)
            return limit.error();
        request.guards.deletes_max = *limit;
    }
    if (!settings.max_missing.empty()) {
        auto limit = read_limit(settings, "max-missing", settings.max_missing);
        if (!limit)
            return limit.error();
        request.guards.missing_max = *limit;
        request.guards.explicit_missing = true;
    }
    return request;
}

namespace {

Result<Planned> plan_known(Workspace& workspace, Known known, PlanRequest request)
{
    request.endpoint = workspace.http->origin().text();
    request.observe.now = workspace.clock->wall();
    return run(workspace,
               plan_beside(workspace.catalogue,
                           workspace.manifests,
                           workspace.reader(),
                           std::move(known),
                           std::move(request)));
}

} // namespace

Result<Planned> plan_workspace(Workspace& workspace, PlanRequest request)
{
    auto known = read_state(*workspace.store, workspace.manifests);
    if (!known)
        return known.error();
    return plan_known(workspace, std::move(*known), std::move(request));
}

Result<Planned> plan_and_close_state(Workspace& workspace, PlanRequest request)
{
    auto known = read_state(*workspace.store, workspace.manifests);
    if (!known)
        return known.error();
    workspace.store.reset();
    return plan_known(workspace, std::move(*known), std::move(request));
}

} // namespace trueup

#include "reconciler/cli/planning.hpp"

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
    if (text.empty() || text == "ifEqual")
        return Adoption::if_equal;
    if (text == "never")
        return Adoption::never;
    if (text == "takeOver")
        return Adoption::take_over;
    return Error{Errc::invalid_input, "--adopt is ifEqual, never or takeOver, not " + text};
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
        return adoption.error();
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
    else if (!settings.refresh.empty())
        return Error{Errc::invalid_input, "--refresh is full or auto, not " + settings.refresh};
    request.guards.destroy = settings.destroy;
    if (!settings.max_deletes.empty()) {
        auto limit = parse_limit(settings.max_deletes);
        if (!limit)
            return limit.error();
        request.guards.deletes_max = *limit;
    }
    if (!settings.max_missing.empty()) {
        auto limit = parse_limit(settings.max_missing);
        if (!limit)
            return limit.error();
        request.guards.missing_max = *limit;
        request.guards.explicit_missing = true;
    }
    return request;
}

Task<Result<Binding>> find_binding(Workspace& workspace, std::string owner_id)
{
    CallContext context;
    auto values = co_await workspace.reader().bootstrap(std::move(context));
    if (!values)
        co_return values.error();
    Binding binding;
    binding.endpoint = workspace.http->origin().text();
    binding.owner_id = std::move(owner_id);
    if (const auto it = values->find(workspace.catalogue.api.tenant_parameter); it != values->end())
        binding.tenant_uid = it->second;
    co_return binding;
}

Task<Result<Planned>> plan_now(Workspace& workspace, PlanRequest request)
{
    Planned planned;
    auto binding = co_await find_binding(workspace, request.plan.owner_id);
    if (!binding)
        co_return binding.error();
    planned.binding = *binding;
    auto stored = workspace.store->binding();
    if (!stored)
        co_return stored.error();
    if (auto ours = check_binding(*stored, planned.binding); !ours)
        co_return ours.error();
    auto records = workspace.store->records();
    if (!records)
        co_return records.error();
    planned.records = std::move(*records);
    auto intents = workspace.store->open_intents();
    if (!intents)
        co_return intents.error();
    ObserveOptions looking = request.observe;
    auto observations = co_await observe(workspace.catalogue,
                                         workspace.manifests,
                                         planned.records,
                                         workspace.reader(),
                                         std::move(looking));
    if (!observations)
        co_return observations.error();
    auto plan = make_plan(workspace.catalogue,
                          workspace.manifests,
                          planned.records,
                          *intents,
                          *observations,
                          request.plan);
    if (!plan)
        co_return plan.error();
    planned.plan = std::move(*plan);
    co_return planned;
}

} // namespace trueup

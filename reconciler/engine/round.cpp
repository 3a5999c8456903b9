#include "reconciler/engine/round.hpp"

#include "reconciler/engine/keepsakes.hpp"

namespace trueup {

Result<std::vector<Record>> remembered(Store& store, const ManifestSet& manifests)
{
    // Both are in the order of their addresses.
    auto manifest = manifests.manifests.begin();
    const auto end = manifests.manifests.end();
    return store.records_beside([&](const std::string& address) {
        while (manifest != end && manifest->address.text() < address)
            ++manifest;
        const bool is_declared = manifest != end && manifest->address.text() == address;
        return is_declared ? manifest->body : SharedValue();
    });
}

Task<Result<Binding>> find_binding(const Catalogue& catalogue,
                                   Observer& observer,
                                   std::string endpoint,
                                   std::string owner_id)
{
    CallContext context;
    auto values = co_await observer.bootstrap(std::move(context));
    if (!values)
        co_return values.error();
    Binding binding;
    binding.endpoint = std::move(endpoint);
    binding.owner_id = std::move(owner_id);
    if (const auto it = values->find(catalogue.api.tenant_parameter); it != values->end())
        binding.tenant_uid = it->second;
    co_return binding;
}

Result<void> check_place(const std::optional<Binding>& stored,
                         const std::string& endpoint,
                         const std::string& owner_id)
{
    if (!stored)
        return {};
    Binding here = *stored;
    here.endpoint = endpoint;
    here.owner_id = owner_id;
    return check_binding(stored, here);
}

Task<Result<Recovery>> prepare(Engine engine, std::string endpoint)
{
    std::string owner = engine.owner_id;
    auto stored = engine.store.binding();
    if (!stored)
        co_return stored.error();
    if (auto ours = check_place(*stored, endpoint, owner); !ours)
        co_return ours.error();
    auto binding = co_await find_binding(
        engine.catalogue, engine.provider, std::move(endpoint), std::move(owner));
    if (!binding)
        co_return binding.error();
    if (auto ours = check_binding(*stored, *binding); !ours)
        co_return ours.error();
    if (!*stored) {
        Batch batch;
        batch.bind = *binding;
        auto bound = co_await engine.store.commit(std::move(batch));
        if (!bound)
            co_return bound.error();
    }
    auto recovery = co_await recover(std::move(engine));
    co_return recovery;
}

Task<Result<void>>
note_protection(Store& store, const ManifestSet& manifests, const std::vector<Record>& records)
{
    Batch batch;
    auto record = records.begin(); // both are in the order of their addresses
    for (const Manifest& manifest : manifests.manifests) {
        const bool left = manifest.lifecycle.deletion == DeletionPolicy::abandon;
        const bool kept = manifest.lifecycle.prevent_destroy;
        if (!left && !kept)
            continue;
        const std::string& address = manifest.address.text();
        while (record != records.end() && record->address < address)
            ++record;
        if (record == records.end())
            break;
        if (record->address != address ||
            ((record->abandon || !left) && (record->prevent_destroy || !kept)))
            continue;
        batch.put.push_back(*record);
        batch.put.back().abandon = record->abandon || left;
        batch.put.back().prevent_destroy = record->prevent_destroy || kept;
    }
    if (batch.put.empty())
        co_return Result<void>{};
    auto stored = co_await store.commit(std::move(batch));
    co_return stored;
}

Result<Known> read_state(Store& store, const ManifestSet& manifests)
{
    Known known;
    auto binding = store.binding();
    if (!binding)
        return binding.error();
    auto records = remembered(store, manifests);
    if (!records)
        return records.error();
    auto intents = store.open_intents();
    if (!intents)
        return intents.error();
    auto memos = store.memos();
    if (!memos)
        return memos.error();
    known.binding = std::move(*binding);
    known.records = std::move(*records);
    known.intents = std::move(*intents);
    known.memos = std::move(*memos);
    return known;
}

Task<Result<Planned>> plan_now(const Catalogue& catalogue,
                               const ManifestSet& manifests,
                               Observer& observer,
                               Store& store,
                               PlanRequest request)
{
    auto known = read_state(store, manifests);
    if (!known)
        co_return known.error();
    auto planned =
        co_await plan_beside(catalogue, manifests, observer, std::move(*known), std::move(request));
    co_return planned;
}

Task<Result<Planned>> plan_beside(const Catalogue& catalogue,
                                  const ManifestSet& manifests,
                                  Observer& observer,
                                  Known known,
                                  PlanRequest request)
{
    Planned planned;
    std::string endpoint = request.endpoint;
    std::string owner = request.plan.owner_id;
    if (auto ours = check_place(known.binding, endpoint, owner); !ours)
        co_return ours.error();
    auto binding =
        co_await find_binding(catalogue, observer, std::move(endpoint), std::move(owner));
    if (!binding)
        co_return binding.error();
    planned.binding = *binding;
    if (auto ours = check_binding(known.binding, planned.binding); !ours)
        co_return ours.error();
    planned.records = std::move(known.records);
    ObserveOptions looking = request.observe;
    looking.released = released_objects(known.memos);
    auto observations =
        co_await observe(catalogue, manifests, planned.records, observer, std::move(looking));
    if (!observations)
        co_return observations.error();
    observations->let_go = released_addresses(known.memos);
    auto plan = make_plan(
        catalogue, manifests, planned.records, known.intents, *observations, request.plan);
    if (!plan)
        co_return plan.error();
    planned.plan = std::move(*plan);
    co_return planned;
}

Task<Result<Round>>
reconcile(Engine engine, const ManifestSet& manifests, PlanRequest request, ExecuteOptions options)
{
    Round round;
    if (request.observe.refresh == Refresh::none)
        co_return Error{Errc::invalid_input, "nothing is changed without looking at it first"};
    std::string endpoint = request.endpoint;
    auto recovery = co_await prepare(engine, std::move(endpoint));
    if (!recovery)
        co_return recovery.error();
    round.recovery = std::move(*recovery);
    const GuardOptions guards = request.guards;
    request.observe.now = engine.clock.wall();
    auto planned = co_await plan_now(
        engine.catalogue, manifests, engine.provider, engine.store, std::move(request));
    if (!planned)
        co_return planned.error();
    round.planned = std::move(*planned);
    auto noted = co_await note_protection(engine.store, manifests, round.planned.records);
    if (!noted)
        co_return noted.error();
    if (auto allowed = check_guards(round.planned.plan, manifests, round.planned.records, guards);
        !allowed)
        co_return allowed.error();
    std::vector<Action> actions = std::move(round.planned.plan.actions);
    round.report = co_await execute(std::move(engine), std::move(actions), std::move(options));
    co_return round;
}

} // namespace trueup

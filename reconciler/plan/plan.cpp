#include "reconciler/plan/plan.hpp"

#include "reconciler/plan/graph.hpp"
#include "reconciler/plan/planner.hpp"
#include "reconciler/plan/select.hpp"
#include "state/model/digest.hpp"
#include "state/model/json.hpp"
#include "state/model/mutation.hpp"

#include <algorithm>

namespace trueup {

Planner::Planner(const Catalogue& catalogue,
                 const ManifestSet& manifests,
                 const std::vector<Record>& records,
                 const std::vector<Intent>& intents,
                 const Observations& observations,
                 const PlanOptions& options)
    : catalogue_(catalogue), manifests_(manifests), observations_(observations), options_(options)
{
    records_.reserve(records.size());
    declared_.reserve(manifests.manifests.size());
    index_.reserve(manifests.manifests.size() + observations.orphans.size());
    for (const Record& record : records)
        records_.emplace(record.address, &record);
    for (const Manifest& manifest : manifests.manifests)
        declared_.emplace(manifest.address.text(), &manifest);
    for (const Intent& intent : intents) {
        if (intent.verb == name_of(Verb::create))
            creating_.insert(intent.address);
        if (intent.verb == name_of(Verb::replace) && !intent.uid.empty())
            replaced_.insert(intent.uid);
        if (intent.prevent_destroy || intent.abandon)
            kept_.insert(intent.address);
    }
}

Result<Plan> Planner::run()
{
    auto order = manifest_order();
    if (!order)
        return order.error();
    plan_.actions.reserve(manifests_.manifests.size() + observations_.orphans.size());
    for (const std::size_t i : *order) {
        const Manifest& manifest = manifests_.manifests[i];
        if (options_.destroy)
            plan_destroy(manifest);
        else
            add(plan_declared(manifest));
    }
    plan_undeclared();
    protect_containers();
    block_dependents();
    plan_.manifests_digest = manifests_.digest;
    if (auto ordered = order_actions(); !ordered)
        return ordered.error();
    keep_what_is_used();
    warn_of_idle_targets();
    select_actions(plan_.actions, options_);
    select_actions(plan_.prunable, options_);
    finish();
    return std::move(plan_);
}

// ---- helpers of all parts
// -------------------------------------------------------------------------

Result<std::vector<std::size_t>> Planner::manifest_order() const
{
    std::vector<std::string_view> names;
    std::unordered_map<std::string_view, std::size_t> index;
    names.reserve(manifests_.manifests.size());
    index.reserve(manifests_.manifests.size());
    for (const Manifest& manifest : manifests_.manifests) {
        index.emplace(manifest.address.text(), names.size());
        names.push_back(manifest.address.text());
    }
    Edges edges(names.size());
    for (std::size_t i = 0; i < names.size(); ++i)
        for (const std::string& before : prerequisites(manifests_.manifests[i]))
            if (const auto it = index.find(before); it != index.end() && it->second != i)
                edges[i].push_back(it->second);
    auto order = topological_order(names, edges);
    if (order)
        return order;
    // The error is to say where each of them is.
    std::vector<std::string> places;
    places.reserve(names.size());
    for (const Manifest& manifest : manifests_.manifests)
        places.push_back(manifest.address.text() + " (" + manifest.file + ":" +
                         std::to_string(manifest.place.line) + ")");
    return topological_order({places.begin(), places.end()}, edges);
}

// The addresses that must be done before `manifest`: what it refers to, and its project.
std::vector<std::string> Planner::prerequisites(const Manifest& manifest) const
{
    std::vector<std::string> all;
    for (const Reference& reference : manifest.references)
        all.push_back(reference.target.text());
    if (std::string scope = scope_of(*manifest.kind, manifest.address); !scope.empty())
        all.push_back(std::move(scope));
    std::ranges::sort(all);
    all.erase(std::unique(all.begin(), all.end()),
              all.end()); // clang 14 cannot read ranges::unique
    return all;
}

// The address of the object that is the scope of `address`, or "" for one in the tenant.
std::string Planner::scope_of(const Kind& kind, const Address& address)
{
    return address.project() ? scope_address(kind, *address.project()).text() : std::string();
}

// The uid of a scope by its address, or "" where it does not exist.
std::string Planner::scope_uid(const std::string& scope) const
{
    const auto it = observations_.scopes.find(scope);
    return it != observations_.scopes.end() ? it->second : std::string();
}

void Planner::add(Action&& action)
{
    index_.emplace(action.address.text(), plan_.actions.size());
    plan_.actions.push_back(std::move(action));
}

const Action* Planner::planned(const std::string& address) const
{
    const auto it = index_.find(address);
    return it != index_.end() ? &plan_.actions[it->second] : nullptr;
}

const Sighting& Planner::sighting(const std::string& address) const
{
    static const Sighting nothing;
    const auto it = observations_.sightings.find(address);
    return it != observations_.sightings.end() ? it->second : nothing;
}

const std::string* Planner::failure(const std::string& address) const
{
    const auto it = observations_.failures.find(address);
    return it != observations_.failures.end() ? &it->second : nullptr;
}

bool Planner::marked_ours(const Address& address, const Seen& object) const
{
    if (mutated(Mutation::any_mark_is_ours))
        return object.mark && object.mark->owner == options_.owner_id;
    return object.mark && *object.mark == Mark(options_.owner_id, address_mark(address));
}

void Planner::block(Action& action, Reason reason, std::string message)
{
    action.verb = Verb::blocked;
    action.reason = reason;
    action.message = std::move(message);
}

// ---- the whole
// ------------------------------------------------------------------------------------

namespace {

// What already is as declared needs nothing of what it depends on.
bool needs_nothing(const Action& action)
{
    return action.verb == Verb::no_op || action.verb == Verb::adopt;
}

} // namespace

void Planner::block_dependents()
{
    // Manifests were planned in dependency order, so one pass reaches everything.
    for (Action& action : plan_.actions) {
        if (action.verb == Verb::blocked || action.verb == Verb::remove || needs_nothing(action))
            continue;
        for (const std::string& before : action.depends_on) {
            const Action* target = planned(before);
            if (target == nullptr || target->verb != Verb::blocked)
                continue;
            block(action, Reason::dependency, "it waits for " + before);
            break;
        }
    }
}

// Deletes run after whatever used them was changed or deleted.
void Planner::add_delete_edges(Edges& edges, RecordedUse recorded) const
{
    for (std::size_t i = 0; i < plan_.actions.size(); ++i) {
        const Action& user = plan_.actions[i];
        std::vector<std::string> used;
        if (recorded == RecordedUse::follow) {
            used = user.references;
            if (user.last)
                used.insert(used.end(), user.last->depends_on.begin(), user.last->depends_on.end());
        }
        if (std::string scope = scope_of(*user.kind, user.address); !scope.empty())
            used.push_back(std::move(scope));
        for (const std::string& address : used) {
            const auto it = index_.find(address);
            if (it == index_.end() || it->second == i)
                continue;
            const Action& target = plan_.actions[it->second];
            if (target.verb == Verb::remove)
                edges[it->second].push_back(i);
        }
    }
    add_container_edges(edges);
}

// A container goes after what it holds: whoever keeps one of these keeps the container.
void Planner::add_container_edges(Edges& edges) const
{
    for (const auto& [container, contents] : observations_.contents) {
        const auto it = index_.find(container.first);
        if (it == index_.end() || plan_.actions[it->second].verb != Verb::remove ||
            plan_.actions[it->second].uid != container.second)
            continue;
        for (const Held& held : contents)
            if (const auto inner = index_.find(held.address);
                inner != index_.end() && inner->second != it->second)
                edges[it->second].push_back(inner->second);
    }
}

Planner::Edges Planner::edges_of_actions(RecordedUse recorded) const
{
    Edges edges(plan_.actions.size());
    for (std::size_t i = 0; i < plan_.actions.size(); ++i) {
        const Action& action = plan_.actions[i];
        for (const std::string& before : action.depends_on) {
            const auto it = index_.find(before);
            if (it == index_.end() || it->second == i)
                continue;
            const Verb verb = plan_.actions[it->second].verb;
            if (verb != Verb::remove && !(verb == Verb::blocked && needs_nothing(action)))
                edges[i].push_back(it->second);
        }
    }
    add_delete_edges(edges, recorded);
    for (auto& before : edges) {
        std::ranges::sort(before);
        before.erase(std::unique(before.begin(), before.end()), before.end());
    }
    return edges;
}

Result<void> Planner::order_actions()
{
    std::vector<std::string_view> names;
    names.reserve(plan_.actions.size());
    for (const Action& action : plan_.actions)
        names.push_back(action.address.text());
    Edges edges = edges_of_actions(RecordedUse::follow);
    auto order = topological_order(names, edges);
    if (!order) {
        // Records of different ages can say that two objects use each other; then their order is
        // open.
        edges = edges_of_actions(RecordedUse::leave);
        order = topological_order(names, edges);
    }
    if (!order)
        return order.error();
    for (std::size_t i = 0; i < names.size(); ++i) {
        std::vector<std::string>& depends_on = plan_.actions[i].depends_on;
        depends_on.clear();
        for (const std::size_t before : edges[i])
            depends_on.emplace_back(names[before]);
        std::ranges::sort(depends_on);
    }
    if (!std::ranges::is_sorted(*order))
        move_actions(*order);
    return {};
}

// Puts the actions into `order`, of which each has its place once.
void Planner::move_actions(const std::vector<std::size_t>& order)
{
    std::vector<Action> sorted;
    sorted.reserve(order.size());
    index_.clear();
    for (const std::size_t i : order) {
        index_.emplace(plan_.actions[i].address.text(), sorted.size());
        sorted.push_back(std::move(plan_.actions[i]));
    }
    plan_.actions = std::move(sorted);
}

// What a blocked resource uses stays too. Actions are in order: one pass reaches everything.
void Planner::keep_what_is_used()
{
    for (Action& action : plan_.actions) {
        if (action.verb != Verb::remove)
            continue;
        for (const std::string& user : action.depends_on) {
            const Action* stays = planned(user);
            if (stays == nullptr || stays->verb != Verb::blocked)
                continue;
            block(action, Reason::dependency, user + ", which is blocked, uses it");
            break;
        }
    }
}

// A misspelt --target would otherwise look like "no changes".
void Planner::warn_of_idle_targets()
{
    const auto warn = [&](std::string_view option, const Address& address) {
        const bool shown =
            std::ranges::find(plan_.prunable, address, &Action::address) != plan_.prunable.end();
        if (planned(address.text()) == nullptr && !shown)
            plan_.warnings.push_back(std::string(option) + " " + address.text() +
                                     " names nothing that is declared or ours");
    };
    for (const Address& target : options_.targets)
        warn("--target", target);
    for (const Address& exclude : options_.excludes)
        warn("--exclude", exclude);
}

namespace {

void count(const Action& action, PlanCounts& counts)
{
    switch (action.verb) {
    case Verb::create:
        ++counts.create;
        break;
    case Verb::update:
        ++counts.update;
        break;
    case Verb::replace:
        ++counts.replace;
        break;
    case Verb::remove:
        ++counts.remove;
        break;
    case Verb::adopt:
        ++counts.adopt;
        break;
    case Verb::forget:
        ++counts.forget;
        break;
    case Verb::no_op:
        ++counts.no_op;
        break;
    case Verb::waiting:
        ++counts.waiting;
        break;
    case Verb::blocked:
        ++counts.blocked;
        break;
    }
}

} // namespace

PlanCounts count_actions(const std::vector<Action>& actions)
{
    PlanCounts counts;
    for (const Action& action : actions)
        count(action, counts);
    return counts;
}

void Planner::finish()
{
    Digest digest;
    digest.add(plan_.manifests_digest);
    for (const Action& action : plan_.actions) {
        count(action, plan_.counts);
        digest.add("\n" + action.address.text() + " " + std::string(name_of(action.verb)) + " " +
                   action.uid + " " + action.pin + " " + action.manifest_digest + " ");
        // Of what stays as it is, the manifest's digest says it all.
        if (action.verb != Verb::no_op)
            digest.add(json::write(action.desired));
    }
    std::ranges::sort(plan_.prunable, {}, [](const Action& action) {
        return std::pair(action.address.text(), action.uid);
    });
    plan_.counts.unmanaged = observations_.unmanaged;
    plan_.digest = digest.hex();
}

const Action* Plan::find(const Address& address) const
{
    const auto it = std::ranges::find(actions, address, &Action::address);
    return it != actions.end() ? &*it : nullptr;
}

Result<Plan> make_plan(const Catalogue& catalogue,
                       const ManifestSet& manifests,
                       const std::vector<Record>& records,
                       const std::vector<Intent>& open_intents,
                       const Observations& observations,
                       const PlanOptions& options)
{
    return Planner(catalogue, manifests, records, open_intents, observations, options).run();
}

} // namespace trueup

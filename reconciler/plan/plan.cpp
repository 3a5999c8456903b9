#include "reconciler/plan/plan.hpp"

#include "reconciler/plan/graph.hpp"
#include "reconciler/plan/select.hpp"
#include "state/model/json.hpp"

#include <algorithm>
#include <unordered_map>

namespace trueup {

namespace {

// The addresses that must be done before `manifest`: what it refers to, and its project.
std::vector<std::string> prerequisites(const Manifest& manifest, const Kind* scope_kind)
{
    std::vector<std::string> all;
    for (const Reference& reference : manifest.references)
        all.push_back(reference.target.text());
    if (manifest.address.project() && scope_kind != nullptr)
        all.push_back(
            Address(scope_kind->name, std::nullopt, {*manifest.address.project()}).text());
    std::ranges::sort(all);
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

class Planner {
public:
    Planner(const Catalogue& catalogue,
            const ManifestSet& manifests,
            const std::vector<Record>& records,
            const std::vector<Intent>& intents,
            const Observations& observations,
            const PlanOptions& options)
        : catalogue_(catalogue),
          manifests_(manifests),
          observations_(observations),
          options_(options),
          scope_kind_(catalogue.scope_kind())
    {
        for (const Record& record : records)
            records_.emplace(record.address, &record);
        for (const Intent& intent : intents)
            if (intent.verb == name_of(Verb::create))
                creating_.insert(intent.address);
    }

    Result<Plan> run()
    {
        auto order = manifest_order();
        if (!order)
            return order.error();
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
        select_actions(plan_.actions, options_);
        finish();
        return std::move(plan_);
    }

private:
    Result<std::vector<std::size_t>> manifest_order()
    {
        std::vector<std::string> names;
        std::unordered_map<std::string, std::size_t> index;
        for (const Manifest& manifest : manifests_.manifests) {
            index.emplace(manifest.address.text(), names.size());
            names.push_back(manifest.address.text());
        }
        std::vector<std::vector<std::size_t>> edges(names.size());
        for (std::size_t i = 0; i < names.size(); ++i)
            for (const std::string& before : prerequisites(manifests_.manifests[i], scope_kind_))
                if (const auto it = index.find(before); it != index.end() && it->second != i)
                    edges[i].push_back(it->second);
        return topological_order(names, edges);
    }

    void add(Action action)
    {
        index_.emplace(action.address.text(), plan_.actions.size());
        plan_.actions.push_back(std::move(action));
    }

    const Action* planned(const std::string& address) const
    {
        const auto it = index_.find(address);
        return it != index_.end() ? &plan_.actions[it->second] : nullptr;
    }

    const Sighting& sighting(const std::string& address) const
    {
        static const Sighting nothing;
        const auto it = observations_.sightings.find(address);
        return it != observations_.sightings.end() ? it->second : nothing;
    }

    static void block(Action& action, Reason reason, std::string message)
    {
        action.verb = Verb::blocked;
        action.reason = reason;
        action.message = std::move(message);
    }

    // ---- what is declared -----------------------------------------------------------------------

    Action plan_declared(const Manifest& manifest)
    {
        Action action;
        action.address = manifest.address;
        action.kind = manifest.kind;
        action.lifecycle = manifest.lifecycle;
        action.manifest_digest = manifest.digest;
        action.file = manifest.file;
        action.place = manifest.place;
        action.desired = manifest.body;
        action.depends_on = prerequisites(manifest, scope_kind_);
        for (const Reference& reference : manifest.references)
            action.references.push_back(reference.target.text());
        if (const auto it = records_.find(manifest.address.text()); it != records_.end())
            action.last = *it->second;
        warn_of_sunset(*manifest.kind);
        find_scope(action);
        if (const std::string* why = failure(action.address.text()))
            block(action, Reason::unobserved, *why);
        if (action.verb != Verb::blocked)
            resolve(action, action.desired);
        if (action.verb != Verb::blocked)
            decide(action);
        return action;
    }

    const std::string* failure(const std::string& address) const
    {
        const auto it = observations_.failures.find(address);
        return it != observations_.failures.end() ? &it->second : nullptr;
    }

    void warn_of_sunset(const Kind& kind)
    {
        if (!kind.sunset || !warned_.insert(kind.name).second)
            return;
        plan_.warnings.push_back("kind " + kind.name + " goes away on " + kind.sunset->date +
                                 (kind.sunset->replacement.empty()
                                      ? std::string()
                                      : "; use " + kind.sunset->replacement));
    }

    void find_scope(Action& action)
    {
        const auto& project = action.address.project();
        if (!project)
            return;
        const auto it = observations_.projects.find(*project);
        if (it != observations_.projects.end() && !it->second.uid.empty()) {
            action.scope = Scope(*project, it->second.uid);
            return;
        }
        action.scope = Scope(*project, "");
        const Action* owner =
            scope_kind_ == nullptr
                ? nullptr
                : planned(Address(scope_kind_->name, std::nullopt, {*project}).text());
        if (owner == nullptr)
            block(action,
                  Reason::no_project,
                  "the project " + *project + " is neither declared nor does it exist");
        else if (owner->verb == Verb::create || owner->verb == Verb::replace)
            action.scope_pending = true;
        else
            block(action, Reason::dependency, "it waits for " + owner->address.text());
    }

    // Puts in what references lead to, where that is known now.
    void resolve(Action& action, Value& value)
    {
        if (Map* map = value.if_map()) {
            for (auto& [name, member] : *map)
                resolve(action, member);
            return;
        }
        if (List* list = value.if_list()) {
            for (Value& item : *list)
                resolve(action, item);
            return;
        }
        const Unknown* unknown = value.if_unknown();
        if (unknown == nullptr || action.verb == Verb::blocked)
            return;
        std::optional<Value> known =
            unknown->lookup ? look_up(action, *unknown) : follow(action, *unknown);
        if (known) {
            known->set_place(value.place());
            value = std::move(*known);
        }
    }

    std::optional<Value> look_up(Action& action, const Unknown& unknown)
    {
        const auto it = observations_.lookups.find(unknown.text());
        const std::size_t found = it != observations_.lookups.end() ? it->second.size() : 0;
        if (found == 1)
            return Value(it->second.front());
        std::string message = "the look-up of " + unknown.text();
        if (found == 0) {
            message += " finds nothing";
        } else {
            message += " finds " + std::to_string(found) + " objects:";
            for (const std::string& uid : it->second)
                message += " " + uid;
        }
        block(action, Reason::unresolved, message);
        return std::nullopt;
    }

    std::optional<Value> follow(Action& action, const Unknown& unknown)
    {
        if (const Action* target = planned(unknown.target)) {
            if (target->verb == Verb::blocked) {
                block(action, Reason::dependency, "it waits for " + unknown.target);
                return std::nullopt;
            }
            if (target->verb == Verb::create || target->verb == Verb::replace)
                return std::nullopt; // known after apply
            return field_of(action, unknown, target->uid, target->desired);
        }
        const Sighting& seen = sighting(unknown.target);
        const Observed* object = nullptr;
        if (seen.by_uid)
            object = &*seen.by_uid;
        else if (seen.by_key.size() == 1)
            object = &seen.by_key.front();
        if (object != nullptr)
            return field_of(action, unknown, object->uid, object->value);
        block(action,
              Reason::unresolved,
              seen.by_key.empty() ? unknown.target + " is neither declared nor does it exist"
                                  : unknown.target + " names several objects");
        return std::nullopt;
    }

    std::optional<Value>
    field_of(Action& action, const Unknown& unknown, const std::string& uid, const Value& declared)
    {
        if (unknown.field.empty())
            return Value(uid);
        const auto path = Path::parse(unknown.field);
        const Sighting& seen = sighting(unknown.target);
        if (path) {
            if (seen.by_uid)
                if (const Value* value = find(seen.by_uid->value, *path))
                    return *value;
            for (const Observed& object : seen.by_key)
                if (object.uid == uid)
                    if (const Value* value = find(object.value, *path))
                        return *value;
            if (const Value* value = find(declared, *path))
                return *value;
        }
        block(action, Reason::unresolved, unknown.target + " has no field " + unknown.field);
        return std::nullopt;
    }

    void decide(Action& action)
    {
        const Sighting& seen = sighting(action.address.text());
        const Value* last = action.last ? &action.last->last_applied : nullptr;
        if (action.scope_pending) {
            if (action.kind->is_singleton())
                plan_pending_singleton(action);
            else
                plan_create(action, action.last ? Reason::missing : Reason::not_found);
            return;
        }
        if (action.last && action.last->scope_uid != action.scope.uid) {
            // The project was re-created under its old name: what we remember was in another scope.
            action.last.reset();
            last = nullptr;
        }
        if (action.last && seen.by_uid) {
            compare(action, *seen.by_uid, last, Reason::changed);
            return;
        }
        if (seen.by_key.empty()) {
            plan_create(action, action.last ? Reason::missing : Reason::not_found);
            return;
        }
        adopt(action, seen.by_key);
    }

    // It comes with its project: there will be something to update, which nobody can have seen yet.
    static void plan_pending_singleton(Action& action)
    {
        action.last.reset();
        action.verb = Verb::update;
        action.reason = Reason::not_found;
        action.changes = make_diff(*action.kind, action.desired, nullptr, nullptr, {}).changes;
    }

    void plan_create(Action& action, Reason reason)
    {
        if (!action.kind->create) {
            block(action, Reason::unsupported, "it does not exist and this kind cannot be created");
            return;
        }
        action.verb = Verb::create;
        action.reason = reason;
        action.uid.clear();
        action.pin = make_pin(*action.kind, "", nullptr, action.desired, nullptr);
        action.changes = make_diff(*action.kind, action.desired, nullptr, nullptr, {}).changes;
    }

    bool marked_ours(const Action& action, const Observed& object) const
    {
        return object.mark && object.mark->owner == options_.owner_id &&
               object.mark->address == address_mark(action.address);
    }

    // Something of this key exists and we do not remember it.
    void adopt(Action& action, const std::vector<Observed>& found)
    {
        std::vector<const Observed*> ours;
        for (const Observed& object : found)
            if (marked_ours(action, object))
                ours.push_back(&object);
        if (ours.size() > 1) {
            std::string uids;
            for (const Observed* object : ours)
                uids += " " + object->uid;
            block(action, Reason::duplicate_mark, "several objects carry our mark for it:" + uids);
            return;
        }
        if (ours.size() == 1) {
            compare(action, *ours.front(), nullptr, Reason::marked);
            return;
        }
        if (found.size() > 1) {
            std::string uids;
            for (const Observed& object : found)
                uids += " " + object.uid;
            block(action, Reason::ambiguous, "several objects have this name:" + uids);
            return;
        }
        adopt_unmarked(action, found.front());
    }

    void adopt_unmarked(Action& action, const Observed& object)
    {
        action.uid = object.uid;
        if (object.builtin) {
            block(action, Reason::builtin, "it is built into the system and cannot be changed");
            return;
        }
        if (object.mark && object.mark->owner != options_.owner_id) {
            block(action, Reason::foreign, "it belongs to the owner " + object.mark->owner);
            return;
        }
        if (creating_.contains(action.address.text()) && !action.kind->mark) {
            compare(action, object, nullptr, Reason::marked);
            return;
        }
        const Adoption policy = action.lifecycle.adopt.value_or(options_.adoption);
        const bool singleton = action.kind->is_singleton();
        Action trial = action;
        compare(trial, object, nullptr, Reason::equal);
        if (policy == Adoption::never && !singleton) {
            block(action,
                  Reason::adopt_never,
                  "it exists (uid " + object.uid + ") and adopt is never");
            return;
        }
        const bool only_additions = std::ranges::all_of(
            trial.changes, [](const FieldChange& change) { return change.op == ChangeOp::add; });
        const bool harmless = trial.verb == Verb::adopt ||
                              (singleton && trial.verb == Verb::update && only_additions);
        if (policy == Adoption::take_over || harmless) {
            action = std::move(trial);
            if (action.verb == Verb::update)
                action.reason = harmless ? Reason::equal : Reason::take_over;
            return;
        }
        action.changes = trial.changes;
        action.observed = object.value;
        block(action,
              Reason::exists_differs,
              "it exists" + (object.uid.empty() ? "" : " (uid " + object.uid + ")") +
                  ", is not ours and differs; make the manifest equal, or say lifecycle.adopt: "
                  "takeOver");
    }

    // `why`: changed for what we remember, else the reason for which it becomes ours.
    void compare(Action& action, const Observed& object, const Value* last, Reason why)
    {
        const Kind& kind = *action.kind;
        action.uid = object.uid;
        action.pin = make_pin(kind, object.uid, &object.value, action.desired, last);
        Diff diff =
            make_diff(kind, action.desired, &object.value, last, action.lifecycle.ignore_changes);
        action.changes = std::move(diff.changes);
        action.unverified = std::move(diff.unverified);
        if (object.builtin) {
            block(action, Reason::builtin, "it is built into the system and cannot be changed");
            return;
        }
        if (action.changes.empty()) {
            action.verb = why == Reason::changed ? Verb::no_op : Verb::adopt;
            action.reason = why == Reason::changed ? Reason::unchanged : why;
            action.remember = action.verb == Verb::no_op && differs_from_record(action);
            return;
        }
        action.observed = object.value;
        action.verb = Verb::update;
        action.reason = why;
        if (std::ranges::any_of(action.changes, &FieldChange::needs_replace))
            plan_replace(action);
    }

    // Protection, and what was edited to match the object, must outlive the manifest too.
    static bool differs_from_record(const Action& action)
    {
        const Record& record = *action.last;
        return record.prevent_destroy != action.lifecycle.prevent_destroy ||
               record.abandon != (action.lifecycle.deletion == DeletionPolicy::abandon) ||
               record.depends_on != action.references || !(record.last_applied == action.desired);
    }

    static void plan_replace(Action& action)
    {
        action.reason = Reason::immutable;
        if (action.lifecycle.prevent_destroy) {
            block(action,
                  Reason::prevent_destroy,
                  "a field that cannot be changed in place differs, and lifecycle.preventDestroy "
                  "forbids a replace");
            return;
        }
        if (action.lifecycle.replace == Replacement::forbidden) {
            block(action,
                  Reason::replace_forbidden,
                  "a field that cannot be changed in place differs; a replace needs "
                  "lifecycle.replace: deleteFirst or createFirst");
            return;
        }
        action.verb = Verb::replace;
    }

    // ---- what is no longer declared -------------------------------------------------------------

    // --destroy: what we remember is removed below; what only its mark shows to be ours, here.
    void plan_destroy(const Manifest& manifest)
    {
        const std::string& address = manifest.address.text();
        declared_.insert(address);
        if (records_.contains(address))
            return;
        Action action;
        action.address = manifest.address;
        action.kind = manifest.kind;
        const auto& project = manifest.address.project();
        if (project) {
            const auto it = observations_.projects.find(*project);
            action.scope =
                Scope(*project, it != observations_.projects.end() ? it->second.uid : "");
        }
        for (const Observed& object : sighting(address).by_key) {
            if (!marked_ours(action, object))
                continue;
            action.uid = object.uid;
            action.observed = object.value;
            action.pin = make_pin(*action.kind, object.uid, &object.value, object.value, nullptr);
            remove_or_show(std::move(action));
            return;
        }
    }

    void plan_undeclared()
    {
        for (const auto& [address, record] : records_) {
            if (index_.contains(address))
                continue;
            auto parsed = Address::parse(address);
            const Kind* kind = parsed ? catalogue_.find(parsed->kind()) : nullptr;
            if (kind == nullptr) {
                plan_.warnings.push_back("the state knows " + address +
                                         ", whose kind is not in the catalogue");
                continue;
            }
            Action action;
            action.address = std::move(*parsed);
            action.kind = kind;
            action.last = *record;
            action.uid = record->uid;
            action.depends_on = {};
            action.references = record->depends_on;
            if (action.address.project())
                action.scope = Scope(*action.address.project(), record->scope_uid);
            plan_removal(std::move(action));
        }
        for (const Orphan& orphan : observations_.orphans) {
            if (index_.contains(orphan.address.text()) || records_.contains(orphan.address.text()))
                continue;
            Action action;
            action.address = orphan.address;
            action.kind = catalogue_.find(orphan.address.kind());
            action.scope = orphan.scope;
            action.uid = orphan.object.uid;
            action.observed = orphan.object.value;
            action.pin = make_pin(*action.kind,
                                  orphan.object.uid,
                                  &orphan.object.value,
                                  orphan.object.value,
                                  nullptr);
            remove_or_show(std::move(action));
        }
    }

    void plan_removal(Action action)
    {
        const Sighting& seen = sighting(action.address.text());
        if (const std::string* why = failure(action.address.text())) {
            block(action, Reason::unobserved, *why);
            add(std::move(action));
            return;
        }
        if (seen.by_uid) {
            action.observed = seen.by_uid->value;
            action.pin = make_pin(*action.kind,
                                  seen.by_uid->uid,
                                  &seen.by_uid->value,
                                  action.last->last_applied,
                                  nullptr);
        } else if (seen.uid_checked) {
            action.verb = Verb::forget;
            action.reason = Reason::already_gone;
            add(std::move(action));
            return;
        }
        if (action.last->abandon) {
            action.verb = Verb::forget;
            action.reason = Reason::abandoned;
            add(std::move(action));
            return;
        }
        remove_or_show(std::move(action));
    }

    void remove_or_show(Action action)
    {
        action.verb = Verb::remove;
        action.reason = options_.destroy && declared_.contains(action.address.text())
                            ? Reason::destroy
                            : Reason::not_declared;
        if (!options_.prune && !options_.destroy) {
            plan_.prunable.push_back(std::move(action));
            return;
        }
        if (action.last && action.last->prevent_destroy)
            block(action, Reason::prevent_destroy,
                  declared_.contains(action.address.text())
                      ? "lifecycle.preventDestroy protects it"
                      : "lifecycle.preventDestroy protects it, although it is no longer declared");
        else if (const std::string user = referrer(action.address.text()); !user.empty())
            block(action, Reason::dependency, user + " still refers to it");
        add(std::move(action));
    }

    // A declared resource that refers to `address`, or "".
    std::string referrer(const std::string& address) const
    {
        if (options_.destroy)
            return {};
        for (const Manifest& manifest : manifests_.manifests)
            for (const std::string& target : prerequisites(manifest, scope_kind_))
                if (target == address)
                    return manifest.address.text();
        return {};
    }

    // A container goes only when all that it holds goes too.
    void protect_containers()
    {
        for (Action& action : plan_.actions) {
            const bool goes = action.verb == Verb::remove || action.verb == Verb::replace;
            if (!goes || !action.kind->container)
                continue;
            const auto it = observations_.projects.find(container_name(action));
            if (it == observations_.projects.end() || !it->second.contents_known) {
                block(action, Reason::not_empty, "what it holds is not known");
                continue;
            }
            std::string stays;
            for (const std::string& held : it->second.contents) {
                const Action* inner = planned(held);
                if (inner == nullptr || inner->verb != Verb::remove)
                    stays += " " + held;
            }
            if (!stays.empty())
                block(action, Reason::not_empty, "it holds what stays or is not ours:" + stays);
        }
    }

    static std::string container_name(const Action& action)
    {
        auto name = percent_decode(action.address.name());
        return name ? *name : action.address.name();
    }

    // Deletes run after whatever used them was changed or deleted.
    void add_delete_edges(std::vector<std::vector<std::size_t>>& edges) const
    {
        for (std::size_t i = 0; i < plan_.actions.size(); ++i) {
            const Action& user = plan_.actions[i];
            std::vector<std::string> used;
            if (user.last)
                used = user.last->depends_on;
            if (user.address.project() && scope_kind_ != nullptr)
                used.push_back(
                    Address(scope_kind_->name, std::nullopt, {*user.address.project()}).text());
            for (const std::string& address : used) {
                const auto it = index_.find(address);
                if (it != index_.end() && it->second != i &&
                    plan_.actions[it->second].verb == Verb::remove)
                    edges[it->second].push_back(i);
            }
        }
    }

    // ---- the whole ------------------------------------------------------------------------------

    void block_dependents()
    {
        // Manifests were planned in dependency order, so one pass reaches everything.
        for (Action& action : plan_.actions) {
            if (action.verb == Verb::blocked || action.verb == Verb::remove)
                continue;
            for (const std::string& before : action.depends_on) {
                const Action* target = planned(before);
                if (target == nullptr || target->verb != Verb::blocked)
                    continue;
                // What already is as declared needs nothing of what it depends on.
                if (action.verb == Verb::no_op || action.verb == Verb::adopt)
                    continue;
                block(action, Reason::dependency, "it waits for " + before);
                break;
            }
        }
    }

    Result<void> order_actions()
    {
        std::vector<std::string> names;
        for (const Action& action : plan_.actions)
            names.push_back(action.address.text());
        std::vector<std::vector<std::size_t>> edges(names.size());
        for (std::size_t i = 0; i < plan_.actions.size(); ++i)
            for (const std::string& before : plan_.actions[i].depends_on)
                if (const auto it = index_.find(before);
                    it != index_.end() && it->second != i &&
                    plan_.actions[it->second].verb != Verb::remove)
                    edges[i].push_back(it->second);
        add_delete_edges(edges);
        for (auto& before : edges) {
            std::ranges::sort(before);
            before.erase(std::unique(before.begin(), before.end()), before.end());
        }
        auto order = topological_order(names, edges);
        if (!order)
            return order.error();
        std::vector<Action> sorted;
        sorted.reserve(order->size());
        for (const std::size_t i : *order) {
            Action& action = plan_.actions[i];
            action.depends_on.clear();
            for (const std::size_t before : edges[i])
                action.depends_on.push_back(names[before]);
            sorted.push_back(std::move(action));
        }
        plan_.actions = std::move(sorted);
        return {};
    }

    void finish()
    {
        std::string text = plan_.manifests_digest;
        for (const Action& action : plan_.actions) {
            count(action);
            text += "\n" + action.address.text() + " " + std::string(name_of(action.verb)) + " " +
                    action.uid + " " + action.pin + " " + action.manifest_digest;
        }
        plan_.counts.unmanaged = observations_.unmanaged;
        plan_.digest = sha256_hex(text);
    }

    void count(const Action& action)
    {
        PlanCounts& counts = plan_.counts;
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

    const Catalogue& catalogue_;
    const ManifestSet& manifests_;
    const Observations& observations_;
    const PlanOptions& options_;
    const Kind* scope_kind_;
    std::map<std::string, const Record*> records_;
    std::set<std::string> creating_;
    std::set<std::string> declared_;
    std::set<std::string> warned_;
    std::unordered_map<std::string, std::size_t> index_;
    Plan plan_;
};

} // namespace

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

// What becomes of what is no longer declared, or is to be destroyed.

#include "reconciler/plan/planner.hpp"
#include "state/model/mutation.hpp"

#include <algorithm>

namespace trueup {

// --destroy: what we remember is removed with plan_undeclared; what only its mark shows to be ours,
// here.
void Planner::plan_destroy(const Manifest& manifest)
{
    const std::string& address = manifest.address.text();
    if (records_.contains(address))
        return;
    Action action;
    action.address = manifest.address;
    action.kind = manifest.kind;
    for (const Reference& reference : manifest.references)
        action.references.push_back(reference.target.text());
    if (const auto& project = manifest.address.project())
        action.scope = Scope(*project, scope_uid(scope_of(*manifest.kind, manifest.address)));
    if (const std::string* why = failure(address)) {
        block(action, Reason::unobserved, *why);
        add(std::move(action));
        return;
    }
    std::vector<const Seen*> ours;
    for (const Seen& object : sighting(address).by_key)
        if (marked_ours(action.address, object))
            ours.push_back(&object);
    if (ours.empty())
        return;
    const Seen& object = *ours.front();
    action.uid = object.uid;
    action.observed = *object.value;
    action.pin = make_pin(*action.kind, object.uid, &*object.value, object.value, nullptr);
    if (ours.size() > 1) {
        block(action, Reason::duplicate_mark, "several objects carry our mark for it");
        add(std::move(action));
        return;
    }
    // Nothing remembers it: there is nothing to forget, and it stays.
    if (manifest.lifecycle.deletion == DeletionPolicy::abandon)
        return;
    remove_or_show(std::move(action));
}

void Planner::plan_undeclared()
{
    plan_remembered();
    plan_orphans();
}

void Planner::plan_remembered()
{
    std::vector<const Record*> undeclared;
    for (const auto& [text, record] : records_)
        if (!index_.contains(text))
            undeclared.push_back(record);
    std::ranges::sort(undeclared, {}, &Record::address);
    for (const Record* record : undeclared)
        plan_remembered(*record);
}

void Planner::plan_remembered(const Record& record)
{
    auto parsed = Address::parse(record.address);
    const Kind* kind = parsed ? catalogue_.find(parsed->kind()) : nullptr;
    if (kind == nullptr) {
        plan_.warnings.push_back("the state knows " + record.address +
                                 ", whose kind is not in the catalogue");
        return;
    }
    Action action;
    action.address = std::move(*parsed);
    action.kind = kind;
    Record last = record;
    action.uid = record.uid;
    action.references = record.depends_on;
    if (const auto it = declared_.find(record.address); it != declared_.end()) {
        // With --destroy: what the manifest says now counts beside what it said before.
        const Lifecycle& now = it->second->lifecycle;
        last.prevent_destroy = record.prevent_destroy || now.prevent_destroy;
        last.abandon = now.deletion == DeletionPolicy::abandon;
    }
    action.last = std::make_shared<const Record>(std::move(last));
    if (action.address.project())
        action.scope = Scope(*action.address.project(), record.scope_uid);
    plan_removal(std::move(action));
}

void Planner::plan_orphans()
{
    // By address: two of the same are duplicates, whichever was seen first.
    std::map<std::string, std::vector<const Orphan*>> orphans;
    for (const Orphan& orphan : observations_.orphans)
        orphans[orphan.address.text()].push_back(&orphan);
    for (auto& [address, found] : orphans) {
        if (index_.contains(address) || records_.contains(address))
            continue;
        std::ranges::sort(found, {}, [](const Orphan* orphan) { return orphan->object.uid; });
        const Orphan& orphan = *found.front();
        Action action;
        action.address = orphan.address;
        action.kind = catalogue_.find(orphan.address.kind());
        action.scope = orphan.scope;
        action.uid = orphan.object.uid;
        action.observed = orphan.object.value;
        action.pin = make_pin(
            *action.kind, orphan.object.uid, &orphan.object.value, orphan.object.value, nullptr);
        if (found.size() > 1) {
            std::string uids;
            for (const Orphan* each : found)
                uids += " " + each->object.uid;
            block(action, Reason::duplicate_mark, "several objects carry our mark for it:" + uids);
            add(std::move(action));
            continue;
        }
        if (const std::string* why = failure(address)) {
            block(action, Reason::unobserved, *why);
            add(std::move(action));
            continue;
        }
        if (observations_.let_go.contains(address)) {
            block(action,
                  Reason::duplicate_mark,
                  "it carries the mark of an object that is ours no more: it is a copy of that");
            add(std::move(action));
            continue;
        }
        remove_or_show(std::move(action));
    }
}

void Planner::plan_removal(Action action)
{
    if (action.last->abandon && !mutated(Mutation::delete_abandoned)) {
        action.verb = Verb::forget;
        action.reason = Reason::abandoned;
        add(std::move(action));
        return;
    }
    const Sighting& seen = sighting(action.address.text());
    const std::string* why = failure(action.address.text());
    const bool asked = options_.prune || options_.destroy;
    // Whose mark it carries, whose it is.
    if (why == nullptr && seen.by_uid && seen.by_uid->mark &&
        seen.by_uid->mark->owner != options_.owner_id) {
        action.verb = Verb::forget;
        action.reason = Reason::foreign;
        action.message = "the owner " + seen.by_uid->mark->owner + " has taken it over";
        add(std::move(action));
        return;
    }
    if (why == nullptr && seen.by_uid) {
        action.observed = *seen.by_uid->value;
        action.pin = make_pin(*action.kind,
                              seen.by_uid->uid,
                              &*seen.by_uid->value,
                              action.last->last_applied,
                              nullptr);
        for (const Seen& object : seen.by_key)
            if (asked && marked_ours(action.address, object)) {
                block(action,
                      Reason::duplicate_mark,
                      "several objects carry our mark for it: " + action.uid + " " + object.uid);
                add(std::move(action));
                return;
            }
        remove_or_show(std::move(action));
        return;
    }
    if (why == nullptr && seen.uid_checked) {
        action.verb = Verb::forget;
        action.reason = Reason::already_gone;
        add(std::move(action));
        return;
    }
    if (!asked) {
        remove_or_show(std::move(action));
        return;
    }
    block(action,
          Reason::unobserved,
          why != nullptr ? *why : "nobody looked whether it is still there");
    add(std::move(action));
}

void Planner::remove_or_show(Action action)
{
    const auto manifest = declared_.find(action.address.text());
    action.verb = Verb::remove;
    action.reason =
        options_.destroy && manifest != declared_.end() ? Reason::destroy : Reason::not_declared;
    if (!options_.prune && !options_.destroy && !mutated(Mutation::prune_unasked)) {
        plan_.prunable.push_back(std::move(action));
        return;
    }
    const bool declared_protected =
        manifest != declared_.end() && manifest->second->lifecycle.prevent_destroy;
    if ((declared_protected || (action.last && action.last->prevent_destroy)) &&
        !mutated(Mutation::delete_protected))
        block(action,
              Reason::prevent_destroy,
              declared_protected
                  ? "lifecycle.preventDestroy protects it"
                  : "lifecycle.preventDestroy protects it, although it is no longer declared");
    // Its record may not say so yet, or not be there, until somebody has found out about the call.
    else if (kept_.contains(action.address.text()))
        block(action,
              Reason::unobserved,
              "what became of an earlier call for it is not known yet, which was to protect it");
    else if (const std::string user = referrer(action.address.text()); !user.empty())
        block(action, Reason::dependency, user + " still refers to it");
    add(std::move(action));
}

// A declared resource that refers to `address`, or "".
std::string Planner::referrer(const std::string& address) const
{
    if (options_.destroy)
        return {};
    std::string_view first;
    for (const auto& [user, manifest] : declared_)
        if ((first.empty() || user < first) &&
            std::ranges::binary_search(prerequisites(*manifest), address))
            first = user;
    return std::string(first);
}

// ---- containers
// -----------------------------------------------------------------------------------

// A container goes only when all that it holds goes too.
void Planner::protect_containers()
{
    for (Action& action : plan_.actions) {
        const bool goes = action.verb == Verb::remove || action.verb == Verb::replace;
        if (!goes || !action.kind->container)
            continue;
        const auto inside = observations_.contents.find({action.address.text(), action.uid});
        if (inside == observations_.contents.end())
            block(action, Reason::not_empty, "what it holds is not known");
        else if (const std::string stays = what_stays(inside->second); !stays.empty())
            block(action, Reason::not_empty, "it holds what stays or is not ours:" + stays);
    }
}

// The addresses of what is in a container and does not go.
std::string Planner::what_stays(const std::vector<Held>& contents) const
{
    std::set<std::string> all;
    for (const Held& held : contents) {
        const Action* inner = planned(held.address);
        if (inner == nullptr || inner->verb != Verb::remove || inner->uid != held.uid)
            all.insert(held.address);
    }
    std::string stays;
    for (const std::string& address : all)
        stays += " " + address;
    return stays;
}

} // namespace trueup

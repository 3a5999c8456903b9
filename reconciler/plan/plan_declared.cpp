// What becomes of what is declared.

#include "api/rest/withheld.hpp"
#include "reconciler/plan/planner.hpp"
#include "reconciler/plan/readiness.hpp"
#include "state/model/mutation.hpp"

#include <algorithm>

namespace trueup {

namespace {

// Space-separated, in order, so that the message does not depend on who was seen first.
std::string uids_of(const std::vector<const Seen*>& objects)
{
    std::vector<std::string> uids;
    for (const Seen* object : objects)
        uids.push_back(object->uid);
    std::ranges::sort(uids);
    std::string text;
    for (const std::string& uid : uids)
        text += " " + uid;
    return text;
}

std::string text_of(const Sunset& sunset)
{
    return (sunset.deprecated ? " is deprecated since " : " goes away on ") + sunset.date +
           (sunset.replacement.empty() ? std::string() : "; use " + sunset.replacement);
}

} // namespace

Action Planner::plan_declared(const Manifest& manifest)
{
    Action action;
    action.address = manifest.address;
    action.kind = manifest.kind;
    action.lifecycle = manifest.lifecycle;
    action.manifest_digest = manifest.digest;
    action.file = manifest.file;
    action.place = manifest.place;
    action.desired = manifest.body;
    action.depends_on = prerequisites(manifest);
    for (const Reference& reference : manifest.references)
        action.references.push_back(reference.target.text());
    // Lent until it is clear that the action needs it: few do.
    const std::shared_ptr<const Record> nobody;
    if (const auto it = records_.find(manifest.address.text()); it != records_.end())
        action.last = std::shared_ptr<const Record>(nobody, it->second);
    warn_of_sunset(*manifest.kind);
    find_scope(action);
    if (const std::string* why = failure(action.address.text()))
        block(action, Reason::unobserved, *why);
    if (action.verb != Verb::blocked)
        resolve_desired(action);
    if (action.verb != Verb::blocked)
        decide(action);
    if (action.last)
        action.last = std::make_shared<const Record>(*action.last);
    return action;
}

void Planner::warn_of_sunset(const Kind& kind)
{
    if (!warned_.insert(kind.name).second)
        return;
    if (kind.sunset)
        plan_.warnings.push_back("kind " + kind.name + text_of(*kind.sunset));
    std::set<std::string> told;
    for (const Operation* call : operations_of(kind))
        if (call->sunset && told.insert(call->route()).second)
            plan_.warnings.push_back("kind " + kind.name + " calls " + call->route() + ", which" +
                                     text_of(*call->sunset));
}

void Planner::find_scope(Action& action) const
{
    const auto& project = action.address.project();
    if (!project)
        return;
    const std::string scope = scope_of(*action.kind, action.address);
    action.scope = Scope(*project, scope_uid(scope));
    if (!action.scope.uid.empty())
        return;
    const Action* owner = planned(scope);
    if (owner == nullptr)
        block(action,
              Reason::no_project,
              "the project " + *project + " is neither declared nor does it exist");
    else if (owner->verb == Verb::create || owner->verb == Verb::replace)
        action.scope_pending = true;
    else
        block(action, Reason::dependency, "it waits for " + owner->address.text());
}

// ---- references
// -----------------------------------------------------------------------------------

// Puts in what references lead to, where that is known now. What refers to nothing stays the one
// tree of the manifest.
void Planner::resolve_desired(Action& action) const
{
    if (!contains_unknown(action.desired))
        return;
    Value resolved = *action.desired;
    resolve(action, resolved);
    action.desired = std::move(resolved);
}

void Planner::resolve(Action& action, Value& value) const
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

std::optional<Value> Planner::look_up(Action& action, const Unknown& unknown) const
{
    const auto it = observations_.lookups.find(unknown.text());
    if (it == observations_.lookups.end()) {
        block(
            action, Reason::unobserved, "the look-up of " + unknown.text() + " could not be made");
        return std::nullopt;
    }
    if (it->second.size() == 1)
        return Value(it->second.front());
    std::string message = "the look-up of " + unknown.text();
    if (it->second.empty()) {
        message += " finds nothing";
    } else {
        std::vector<std::string> uids = it->second;
        std::ranges::sort(uids);
        message += " finds " + std::to_string(uids.size()) + " objects:";
        for (const std::string& uid : uids)
            message += " " + uid;
    }
    block(action, Reason::unresolved, message);
    return std::nullopt;
}

std::optional<Value> Planner::follow(Action& action, const Unknown& unknown) const
{
    if (const Action* target = planned(unknown.target)) {
        if (target->verb == Verb::blocked) {
            block(action, Reason::dependency, "it waits for " + unknown.target);
            return std::nullopt;
        }
        if (target->verb == Verb::create || target->verb == Verb::replace)
            return std::nullopt; // known after apply
        return field_of(action, unknown, target->uid, target);
    }
    const Sighting& seen = sighting(unknown.target);
    const Seen* object = nullptr;
    if (seen.by_uid)
        object = &*seen.by_uid;
    else if (seen.by_key.size() == 1)
        object = &seen.by_key.front();
    if (object != nullptr)
        return field_of(action, unknown, object->uid, nullptr);
    if (const std::string* why = failure(unknown.target))
        block(action, Reason::unobserved, unknown.target + " could not be looked at: " + *why);
    else
        block(action,
              Reason::unresolved,
              seen.by_key.empty() ? unknown.target + " is neither declared nor does it exist"
                                  : unknown.target + " names several objects");
    return std::nullopt;
}

namespace {

// True when the plan changes the field `wanted`, or a part of it.
bool is_about_to_change(const Action& action, const Path& wanted)
{
    const std::string text = wanted.text();
    return action.verb == Verb::update &&
           std::ranges::any_of(action.changes, [&](const FieldChange& change) {
               return change.path.starts_with(text) &&
                      (change.path.size() == text.size() || change.path[text.size()] == '.' ||
                       change.path[text.size()] == '[');
           });
}

} // namespace

std::optional<Value> Planner::field_of(Action& action,
                                       const Unknown& unknown,
                                       const std::string& uid,
                                       const Action* target) const
{
    if (unknown.field.empty())
        return Value(uid);
    const auto path = Path::parse(unknown.field);
    const Value* declared = path && target != nullptr ? find(target->desired, *path) : nullptr;
    if (declared != nullptr && is_about_to_change(*target, *path))
        return *declared;
    const Sighting& seen = sighting(unknown.target);
    if (path) {
        if (seen.by_uid)
            if (const Value* value = find(seen.by_uid->value, *path))
                return *value;
        for (const Seen& object : seen.by_key)
            if (object.uid == uid)
                if (const Value* value = find(object.value, *path))
                    return *value;
        if (declared != nullptr)
            return *declared;
    }
    block(action, Reason::unresolved, unknown.target + " has no field " + unknown.field);
    return std::nullopt;
}

// ---- which verb
// -----------------------------------------------------------------------------------

void Planner::decide(Action& action) const
{
    const Sighting& seen = sighting(action.address.text());
    if (action.scope_pending) {
        if (action.kind->is_singleton())
            plan_pending_singleton(action);
        else
            plan_create(action, action.last ? Reason::missing : Reason::not_found);
        return;
    }
    // The project was re-created under its old name: what we remember was in another scope.
    if (action.last && action.last->scope_uid != action.scope.uid)
        action.last.reset();
    if (action.last && seen.by_uid) {
        std::vector<const Seen*> ours{&*seen.by_uid};
        for (const Seen& object : seen.by_key)
            if (marked_ours(action.address, object) && !replaced_.contains(object.uid))
                ours.push_back(&object);
        action.uid = seen.by_uid->uid;
        if (ours.size() > 1)
            block(action,
                  Reason::duplicate_mark,
                  "several objects carry our mark for it:" + uids_of(ours));
        else
            compare(action, *seen.by_uid, &*action.last->last_applied, Reason::changed);
        return;
    }
    if (action.last && !action.last->uid.empty() && !seen.uid_checked) {
        block(action, Reason::unobserved, "nobody looked whether it is still there");
        return;
    }
    if (seen.by_key.empty())
        plan_create(action, action.last ? Reason::missing : Reason::not_found);
    else
        adopt(action, seen.by_key);
}

// It comes with its project: there will be something to update, which nobody can have seen yet.
void Planner::plan_pending_singleton(Action& action)
{
    action.last.reset();
    action.verb = Verb::update;
    action.reason = Reason::not_found;
    action.changes = make_diff(*action.kind, action.desired, nullptr, nullptr, {}).changes;
}

void Planner::plan_create(Action& action, Reason reason) const
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

// Something of this key exists, and it is not the object that we remember, if any.
void Planner::adopt(Action& action, const std::vector<Seen>& found) const
{
    action.last.reset(); // it speaks of another object
    std::vector<const Seen*> all;
    std::vector<const Seen*> ours;
    for (const Seen& object : found) {
        all.push_back(&object);
        if (marked_ours(action.address, object))
            ours.push_back(&object);
    }
    if (ours.size() > 1)
        block(action,
              Reason::duplicate_mark,
              "several objects carry our mark for it:" + uids_of(ours));
    else if (ours.size() == 1)
        compare(action, *ours.front(), nullptr, Reason::marked);
    else if (all.size() > 1)
        block(action, Reason::ambiguous, "several objects have this name:" + uids_of(all));
    else
        adopt_unmarked(action, found.front());
}

void Planner::adopt_unmarked(Action& action, const Seen& object) const
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
    const Adoption policy = mutated(Mutation::take_everything)
                                ? Adoption::take_over
                                : action.lifecycle.adopt.value_or(options_.adoption);
    if (policy == Adoption::never && !action.kind->is_singleton()) {
        block(action, Reason::adopt_never, "it exists (uid " + object.uid + ") and adopt is never");
        return;
    }
    if (object.mark && policy != Adoption::take_over) {
        block(action,
              Reason::foreign,
              "it carries our mark for another address, as copies do; rename or remove the copy, "
              "or say "
              "lifecycle.adopt: takeOver");
        return;
    }
    take(action, object);
}

// Takes an object of nobody's if the policy allows it.
void Planner::take(Action& action, const Seen& object) const
{
    const Adoption policy = mutated(Mutation::take_everything)
                                ? Adoption::take_over
                                : action.lifecycle.adopt.value_or(options_.adoption);
    Action trial = action;
    compare(trial, object, nullptr, Reason::equal);
    const bool only_additions = std::ranges::all_of(
        trial.changes, [](const FieldChange& change) { return change.op == ChangeOp::add; });
    const bool harmless =
        trial.verb == Verb::adopt ||
        (action.kind->is_singleton() && trial.verb == Verb::update && only_additions);
    // A replace deletes, and only what is ours is ever deleted.
    if ((policy == Adoption::take_over && trial.verb != Verb::replace) || harmless) {
        action = std::move(trial);
        if (action.verb == Verb::update)
            action.reason = harmless ? Reason::equal : Reason::take_over;
        return;
    }
    action.changes = trial.changes;
    action.observed = *object.value;
    const std::string what = "it exists" + (object.uid.empty() ? "" : " (uid " + object.uid + ")") +
                             ", is not ours and ";
    block(action,
          Reason::exists_differs,
          trial.verb == Verb::replace
              ? what + "differs in a field that cannot be changed in place: make the manifest equal"
              : what + "differs; make the manifest equal, or say lifecycle.adopt: takeOver");
}

// `why`: changed for what we remember, else the reason for which it becomes ours.
void Planner::compare(Action& action, const Seen& object, const Value* last, Reason why) const
{
    const Kind& kind = *action.kind;
    const std::vector<Path>& ignored = action.lifecycle.ignore_changes;
    action.uid = object.uid;
    Diff diff = make_diff(kind, action.desired, &*object.value, last, ignored);
    action.changes = std::move(diff.changes);
    action.unverified = std::move(diff.unverified);
    const bool is_as_applied =
        action.changes.empty() && why == Reason::changed && action.last->waiting.empty();
    // What nothing is done to needs no pin, which costs more than the comparison.
    if (!is_as_applied)
        action.pin = make_pin(kind, object.uid, &*object.value, action.desired, last, ignored);
    if (object.builtin) {
        block(action, Reason::builtin, "it is built into the system and cannot be changed");
        return;
    }
    if (object.mark && object.mark->owner != options_.owner_id) {
        block(action, Reason::foreign, "the owner " + object.mark->owner + " has taken it over");
        return;
    }
    if (action.changes.empty()) {
        action.verb = why == Reason::changed ? Verb::no_op : Verb::adopt;
        action.reason = why == Reason::changed ? Reason::unchanged : why;
        if (why == Reason::changed && !action.last->waiting.empty()) {
            action.verb = Verb::waiting;
            action.message = action.last->waiting;
        }
        if (action.verb == Verb::waiting && is_to_be_started(kind, *action.last)) {
            action.verb = Verb::update;
            action.reason = Reason::unstarted;
        }
        action.remember = action.verb == Verb::no_op && differs_from_record(action);
        // The record says nothing that the manifest does not say too.
        if (action.verb == Verb::no_op && !action.remember)
            action.last.reset();
        return;
    }
    action.observed = *object.value;
    action.verb = Verb::update;
    action.reason = why;
    if (std::ranges::any_of(action.changes, &FieldChange::needs_replace))
        plan_replace(action);
    if (action.verb == Verb::replace)
        keep_beside_namesake(action);
    if (action.verb == Verb::update)
        keep_masks_back(action);
}

// The API replaces as a whole what it only shows masked: without the secret itself, nothing of it
// can be written.
void Planner::keep_masks_back(Action& action)
{
    std::vector<std::string> changed;
    for (const FieldChange& change : action.changes)
        changed.push_back(change.path);
    if (auto why = find_withheld(*action.kind, *action.observed, action.desired, changed))
        block(action, Reason::secret_missing, why->message + ": " + why->advice);
}

// The new one could not be made, or nobody could tell it from the other one.
void Planner::keep_beside_namesake(Action& action) const
{
    for (const Seen& object : sighting(action.address.text()).by_key)
        if (object.uid != action.uid && !replaced_.contains(object.uid)) {
            block(action,
                  Reason::ambiguous,
                  "a field that cannot be changed in place differs, and another object has its "
                  "name (uid " +
                      object.uid + "): rename or remove that one");
            return;
        }
}

// Protection, and what was edited to match the object, must outlive the manifest too.
bool Planner::differs_from_record(const Action& action)
{
    const Record& record = *action.last;
    return record.prevent_destroy != action.lifecycle.prevent_destroy ||
           record.abandon != (action.lifecycle.deletion == DeletionPolicy::abandon) ||
           record.depends_on != action.references || !(record.last_applied == action.desired);
}

void Planner::plan_replace(Action& action)
{
    action.reason = Reason::immutable;
    if (action.lifecycle.prevent_destroy) {
        block(action,
              Reason::prevent_destroy,
              "a field that cannot be changed in place differs, and lifecycle.preventDestroy "
              "forbids a replace");
        return;
    }
    if (action.lifecycle.replace == Replacement::forbidden && !mutated(Mutation::replace_unasked)) {
        block(action,
              Reason::replace_forbidden,
              "a field that cannot be changed in place differs; a replace needs "
              "lifecycle.replace: deleteFirst or createFirst");
        return;
    }
    action.verb = Verb::replace;
}

} // namespace trueup

// What a write must fit: the plan it belongs to, and whose object it is about.

#include "tests/sim/judge.hpp"

#include <algorithm>

namespace trueup::sim {

// What was changed so long before a write is sent was seen: a comparison holds for five seconds,
// and the answer that it rests on may have been half a minute on its way.
constexpr Duration compared_again = std::chrono::seconds(36);

// ---- E: the plan is what happens
// -----------------------------------------------------------------------

void Judge::check_planned(const std::string& address, const HttpRequest& request)
{
    if (!planned_ || is_late(request, planned_at_))
        return; // recovery, or of an earlier plan
    const std::string& method = request.method;
    const auto it = plan_.find(address);
    const Verb verb = it != plan_.end() ? it->second.verb : Verb::no_op;
    // What the singletons hold is put in and taken out by calls of any method.
    const std::string kind = address.substr(0, address.find('/'));
    const bool by_any = facts_of(kind).is_singleton() &&
                        (verb == Verb::create || verb == Verb::update || verb == Verb::remove);
    const bool by_method =
        method == "DELETE" ? verb == Verb::remove || verb == Verb::replace
                           : verb == Verb::create || verb == Verb::update || verb == Verb::replace;
    const bool fits = by_any || by_method;
    if (!fits)
        violation('E',
                  method + " for " + address + ", whose plan says " + std::string(name_of(verb)));
}

// Where the server takes a second one of a name, somebody must have looked since the plan.
void Judge::check_looked(const HttpRequest& request,
                         const Thing& thing,
                         const KindFacts& facts,
                         const std::string& address)
{
    if ((facts.unique && rules_.trusting) || !planned_ || is_late(request, planned_at_))
        return;
    const auto look = last_look_.find({thing.kind, thing.project_uid});
    if (look == last_look_.end() || look->second < planned_at_)
        violation('A', address + " is created, and nobody looked since it was planned");
}

// What is made comes after what it depends on, and after that is ready.
void Judge::check_order(const std::string& address, const HttpRequest& request)
{
    const Declared* declared = in_force_.find(address);
    if (!planned_ || declared == nullptr || is_late(request, planned_at_) || state_lost_at_ ||
        rules_.duplicates_possible)
        return;
    for (const auto& [uid, thing] : things_) {
        const bool is_new = thing.by_client && facts_of(thing.kind).is_async() &&
                            universe_.now() < thing.appeared_at + rules_.async_duration;
        if (thing.alive && is_new &&
            std::ranges::find(declared->refs, address_of(thing)) != declared->refs.end())
            violation('E', address + " is created before " + address_of(thing) + " is ready");
    }
}

// ---- C: deletes
// ----------------------------------------------------------------------------------------

// A replace counts while it is planned or its intent is open, and for what was on its way before.
bool Judge::is_replaced(const std::string& address,
                        const std::string& uid,
                        const HttpRequest& request) const
{
    if (!replacing_.contains({address, uid}))
        return false;
    const auto it = plan_.find(address);
    const bool is_planned =
        planned_ && it != plan_.end() && it->second.verb == Verb::replace && it->second.uid == uid;
    return is_planned || is_late(request, round_began_) ||
           std::ranges::any_of(intents_, [&](const auto& entry) {
               return entry.second.verb == name_of(Verb::replace) && entry.second.uid == uid;
           });
}

// Whether a create makes the one that is to take the place of `uid`: it was sent for that.
bool Judge::is_successor(const std::string& address,
                         const std::string& uid,
                         const HttpRequest& request) const
{
    return is_replaced(address, uid, request) && !is_late(request, replacing_.at({address, uid}));
}

// B: a create of it was written down before it was sent.
void Judge::check_intended(const std::string& address, const HttpRequest& request)
{
    if (std::ranges::any_of(intents_,
                            [&](const auto& entry) { return entry.second.address == address; }))
        return;
    const auto ended = unintended_since_.find(address);
    if (ended == unintended_since_.end() || !is_late(request, ended->second))
        violation('B', address + " is created and no intent of it is on the disk");
}

void Judge::check_delete(const Thing& thing, const HttpRequest& request)
{
    const std::string address = address_of(thing);
    const Declared* declared = in_force_.find(address);
    const bool is_owed_to_new = is_replaced(address, thing.uid, request);
    const Instant looked_since = planned_ ? planned_at_ : round_began_;
    if (thing.asked_at < looked_since && !is_late(request, looked_since))
        violation('C', address + " is deleted and nobody looked at it since that was planned");
    const auto replaced = replacing_.find({address, thing.uid});
    const Instant decided =
        planned_ || replaced == replacing_.end() ? planned_at_ : replaced->second;
    if (thing.others_wrote_at > decided && thing.others_wrote_at < thing.read_at &&
        !is_late(request, thing.others_wrote_at))
        violation('C', address + " is deleted although it changed since that was planned");
    if (!is_ours(thing) && thing.taken_at < thing.read_at && !is_late(request, thing.taken_at))
        violation('C', "an object that is not ours is deleted: " + address);
    const auto settled = settled_.find(address);
    if (declared == nullptr && settled != settled_.end() &&
        thing.appeared_at <= settled->second.at &&
        (settled->second.abandon || settled->second.prevent_destroy) && !is_owed_to_new)
        violation('C', address + " is deleted although it was to be left");
    // What was on its way before the round began was sent under the manifests of then.
    if (is_late(request, round_began_))
        return;
    if (declared == nullptr) {
        if (in_force_.resources.empty() && !is_owed_to_new && !(is_agreed && is_agreed(address)))
            violation('C', address + " is deleted because nothing is declared");
        if (!prune_ && !is_owed_to_new)
            violation('C', address + " is deleted and pruning was not asked for");
        return;
    }
    // What a replace has begun, recovery ends as it was decided.
    const bool is_owed = !planned_ && std::ranges::any_of(intents_, [&](const auto& entry) {
        return entry.second.verb == name_of(Verb::replace) && entry.second.uid == thing.uid;
    });
    if (declared->prevent_destroy && !is_owed)
        violation('C', address + " is deleted although it is protected");
    if (declared->replace == ReplaceMode::forbidden && !is_owed_to_new)
        violation('C', address + " is deleted although it is declared");
}

// Made or taken by us; or a copy that is, by its mark and alone with it, what we made.
bool Judge::is_ours(const Thing& thing) const
{
    if (thing.by_client || thing.adopted)
        return true;
    // What a replace has made in the place of the copy does not change whose the copy was.
    const auto replaced = replacing_.find({address_of(thing), thing.uid});
    return thing.twin && std::ranges::none_of(things_, [&](const auto& entry) {
               const Thing& other = entry.second;
               const bool successor = replaced != replacing_.end() && other.by_client &&
                                      other.appeared_at >= replaced->second;
               // One that others have taken over carries their mark, and counts no more; nor does
               // one that they have made themselves.
               const bool rival = other.mark_owner == rules_.owner ||
                                  (other.mark_owner.empty() && (other.by_client || other.adopted));
               return other.alive && rival && !successor && &other != &thing &&
                      other.kind == thing.kind && other.project_uid == thing.project_uid &&
                      other.name == thing.name;
           });
}

// A write over what somebody else has made or changed.
bool Judge::check_touch(const HttpRequest& request, Thing& thing)
{
    const std::string address = address_of(thing);
    const Declared* declared = in_force_.find(address);
    const bool ours = is_ours(thing);
    const bool others_mark = !thing.mark_owner.empty() && thing.mark_owner != rules_.owner;
    const bool may_take = declared != nullptr && !others_mark &&
                          (declared->adopt == AdoptMode::take_over ||
                           (declared->adopt == AdoptMode::standard && rules_.takes_over));
    // What was on its way before the round began was sent under the manifests of then.
    const bool is_of_before = is_late(request, round_began_);
    const auto was_known = [&](Instant change) {
        return (change < thing.read_at && !is_late(request, change)) ||
               (!rules_.stale_reads && !is_late(request, change + compared_again));
    };
    if (!ours && !may_take && !is_of_before && was_known(thing.taken_at))
        violation('C', "an object that is not ours is changed: " + address);
    // The plan of a create speaks of what is to be there after it: what became of the new object
    // before anyone but its creator could know of it is no news to the plan.
    const bool new_in_this_plan = thing.by_client && thing.appeared_at > planned_at_;
    if (planned_ && !new_in_this_plan && thing.others_wrote_at > planned_at_ &&
        was_known(thing.others_wrote_at))
        violation('E', "a change that was made since the plan is overwritten: " + address);
    // A PUT that nobody could warn in time leaves nothing of the change that it overwrites.
    if (request.method == "PUT" && thing.read_at < thing.others_wrote_at)
        thing.others_wrote_at = {};
    const bool taken_unseen = thing.taken_at != Instant{} && !was_known(thing.taken_at);
    return may_take || is_of_before || taken_unseen;
}

} // namespace trueup::sim

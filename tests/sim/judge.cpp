#include "tests/sim/judge.hpp"

#include "reconciler/plan/render.hpp"
#include "state/model/json.hpp"
#include "state/model/path.hpp"
#include "state/model/resource.hpp"
#include "tests/sim/network.hpp"

#include <algorithm>

namespace trueup::sim {

namespace {

std::string text_at(const Value& value, const char* path)
{
    const Value* found = find(value, *Path::parse(path));
    return found != nullptr ? found->string_or_empty() : std::string();
}

std::string_view path_of(const HttpRequest& request)
{
    const std::string_view target = request.target;
    return target.substr(0, target.find('?'));
}

// What a body says in its annotations.
std::string annotation(const Value& body, const char* name)
{
    for (const char* place : {"metadata.annotations", "annotations"}) {
        const Value* map = find(body, *Path::parse(place));
        if (map != nullptr && map->if_map() != nullptr)
            if (const Value* value = map->if_map()->find(name))
                return value->string_or_empty();
    }
    return {};
}

std::string name_of_object(std::string_view kind, const Value& body)
{
    if (kind == "User")
        return text_at(body, "spec.emailId");
    return text_at(body, "metadata.name");
}

// The kind whose object `path` is about, and what follows its uid.
struct Target {
    const KindFacts* facts = nullptr;
    std::string uid;
    std::string rest;
};

Target target_of(std::string_view path)
{
    Target target;
    std::size_t best = 0;
    for (const KindFacts& facts : kind_facts()) {
        const std::string_view prefix = facts.object;
        if (prefix.empty() || !path.starts_with(prefix) || prefix.size() <= best)
            continue;
        best = prefix.size();
        target.facts = &facts;
        const std::string_view rest = path.substr(prefix.size());
        const std::size_t end = std::min(rest.find('/'), rest.size());
        target.uid = rest.substr(0, end);
        target.rest = rest.substr(end);
    }
    return target;
}

// The address of the singleton that `path` is about; "" when it is about none.
std::string singleton_at(std::string_view path, const std::map<std::string, Thing>& things)
{
    if (path.ends_with("/password/policy"))
        return "PasswordPolicy/tenant";
    if (!path.ends_with("/macros"))
        return {};
    const std::string project = target_of(path).uid;
    const auto thing = things.find(project);
    return "Macros/" + (thing != things.end() ? thing->second.name : project);
}

std::string header(const HttpRequest& request, std::string_view name)
{
    for (const Header& each : request.headers)
        if (std::ranges::equal(
                each.name, name, [](char a, char b) { return (a | 0x20) == (b | 0x20); }))
            return each.value;
    return {};
}

} // namespace

Judge::Judge(const Universe& universe, Timeline& timeline, JudgeRules rules)
    : universe_(universe), timeline_(timeline), rules_(std::move(rules))
{
}

void Judge::violation(char promise, const std::string& what)
{
    timeline_.add("JUDGE", std::string("promise ") + promise + " is broken: " + what);
    violations_.push_back(std::string(1, promise) + ": " + what);
}

void Judge::learn(const ManifestText& manifests)
{
    for (const Declared& declared : manifests.resources) {
        const std::string address = declared.address();
        if (declared.abandon)
            abandoned_.insert(address);
        if (declared.prevent_destroy)
            protected_.insert(address);
        for (const std::string& target : declared.refs)
            referred_.emplace(target, declared.kind);
        if (const auto parsed = Address::parse(address))
            addresses_.emplace(address_mark(*parsed), address);
    }
}

std::string Judge::address_of(const Thing& thing) const
{
    if (thing.mark_owner == rules_.owner)
        if (const auto it = addresses_.find(thing.mark_address); it != addresses_.end())
            return it->second;
    Declared declared;
    declared.kind = thing.kind;
    declared.name = thing.name.substr(0, thing.name.find('@'));
    if (!thing.project_uid.empty()) {
        const auto project = things_.find(thing.project_uid);
        declared.project = project != things_.end() ? project->second.name : thing.project_uid;
    }
    return declared.address();
}

const Thing*
Judge::alive(const std::string& kind, const std::string& project_uid, const std::string& name) const
{
    for (const auto& [uid, thing] : things_)
        if (thing.alive && thing.kind == kind && thing.project_uid == project_uid &&
            thing.name == name)
            return &thing;
    return nullptr;
}

std::string Judge::project_uid(const std::string& name) const
{
    const Thing* project = alive("Project", "", name);
    return project != nullptr ? project->uid : std::string();
}

std::string Judge::sender() const
{
    return std::to_string(lives_) + "@" +
           std::to_string(universe_.now().time_since_epoch().count());
}

// ---- what the program sends
// -----------------------------------------------------------------------------

void Judge::sending(std::string_view head)
{
    const std::string method(head.substr(0, head.find(' ')));
    const std::string_view target =
        head.substr(std::min(head.size(), method.size() + 1)).substr(0, head.find('\r'));
    const std::string path(target.substr(0, target.find_first_of("? ")));
    if (method == "GET" || path.starts_with("/v1/dashboard") || path.starts_with("/v1/auth"))
        return;
    if (!is_intended(method, path))
        violation('B', method + " " + path + " is sent and no intent of it is on the disk");
}

bool Judge::is_intended(const std::string& method, const std::string& path) const
{
    const Target target = target_of(path);
    const auto thing = things_.find(target.uid);
    std::string address = singleton_at(path, things_);
    if (address.empty() && thing != things_.end())
        address = address_of(thing->second);
    return std::ranges::any_of(intents_, [&](const auto& entry) {
        const Intent& intent = entry.second;
        return intent.route == method + " " + path ||
               (!target.uid.empty() && intent.uid == target.uid) || intent.address == address;
    });
}

void Judge::intent_opened(const Intent& intent, bool durable)
{
    if (!durable)
        violation('G', "the intent of " + intent.address + " is said to be on the disk and is not");
    intents_[intent.id] = intent;
}

void Judge::intent_closed(const std::string& id)
{
    if (const auto it = intents_.find(id); it != intents_.end())
        unintended_since_[it->second.address] = universe_.now();
    intents_.erase(id);
    closings_.insert(id);
}

void Judge::intents_read(const std::vector<Intent>& intents)
{
    for (const Intent& intent : intents)
        intents_.emplace(intent.id, intent);
}

void Judge::intents_found(const std::vector<Intent>& intents, bool complete)
{
    std::map<std::string, Intent> found;
    for (const Intent& intent : intents)
        found.emplace(intent.id, intent);
    for (const auto& [id, intent] : intents_) {
        if (complete && !found.contains(id) && !closings_.contains(id))
            violation('G', "the intent of " + intent.address + " is lost");
        unintended_since_[intent.address] = universe_.now();
    }
    intents_ = std::move(found);
}

// ---- what the server saw
// -------------------------------------------------------------------------------

void Judge::seen(const HttpRequest& request, const HttpResponse& response)
{
    if (request.target.find(canary.substr(0, 7)) != std::string::npos)
        violation('F', "a secret is in a URL");
    if (response.status < 200 || response.status >= 300)
        return;
    const std::string path(path_of(request));
    const Target target = target_of(path);
    if (request.method == "GET") {
        if (const auto it = things_.find(target.uid); it != things_.end() && target.rest.empty())
            it->second.read_at = universe_.now();
        return;
    }
    if (const std::string address = singleton_at(path, things_); !address.empty()) {
        note_effect(request, response, address);
        check_planned(address, request);
        return;
    }
    if (request.method == "POST") {
        for (const KindFacts& facts : kind_facts())
            if (path == facts.create && facts.create[0] != '\0')
                created(request, response, facts);
        return;
    }
    const auto it = things_.find(target.uid);
    if (it == things_.end())
        return;
    Thing& thing = it->second;
    note_effect(request, response, address_of(thing));
    if (request.method == "DELETE" && target.rest.empty()) {
        check_planned(address_of(thing), request);
        removed(thing, request);
    } else {
        changed(request, thing, target.rest);
    }
}

void Judge::note_effect(const HttpRequest& request,
                        const HttpResponse& response,
                        const std::string& address)
{
    EffectSeen effect;
    effect.address = address;
    effect.method = request.method;
    effect.path = path_of(request);
    effect.trace = response.header("AuditUid");
    effect.sender = header(request, sender_header);
    effect.sent = sent_at(request);
    effect.sender.resize(effect.sender.find('@'));
    effects_.push_back(std::move(effect));
}

void Judge::created(const HttpRequest& request,
                    const HttpResponse& response,
                    const KindFacts& facts)
{
    const auto body = json::parse(request.body);
    const auto answer = json::parse(response.body);
    if (!body || !answer)
        return;
    Thing thing;
    thing.kind = facts.kind;
    thing.uid = text_at(*answer, "uid");
    thing.project_uid = facts.in_project ? header(request, "ProjectUid") : std::string();
    thing.name = name_of_object(facts.kind, *body);
    thing.mark_owner = annotation(*body, "trueup.io/owner");
    thing.mark_address = annotation(*body, "trueup.io/address");
    thing.content = request.body;
    thing.by_client = true;
    constexpr Duration settle = std::chrono::seconds(30);
    thing.outlived = is_late(request, universe_.now() - settle);
    thing.appeared_at = universe_.now();
    thing.read_at = universe_.now();
    const std::string address = address_of(thing);
    note_effect(request, response, address);
    check_planned(address, request);
    check_order(address, request);
    check_looked(request, thing, facts, address);
    check_intended(address, request);
    std::vector<std::string> twins;
    bool outlived = thing.outlived;
    for (const auto& [uid, other] : things_) {
        const bool same = other.mark_owner == thing.mark_owner &&
                          other.mark_address == thing.mark_address &&
                          other.project_uid == thing.project_uid && other.kind == thing.kind;
        if (!other.alive || !other.by_client || !same || is_successor(address, uid, request))
            continue;
        twins.push_back(uid);
        outlived = outlived || other.outlived;
    }
    if (thing.mark_owner != rules_.owner)
        violation('B', "a create of " + address + " carries no mark of ours");
    // With the state went the intent of a create that may still have been on its way.
    constexpr Duration settling = std::chrono::seconds(60);
    const bool excused = (state_lost_at_ && universe_.now() - *state_lost_at_ < settling) ||
                         (rules_.duplicates_possible && outlived);
    duplicates_excused_ = duplicates_excused_ || (!twins.empty() && excused);
    if (!twins.empty() && (facts.unique || !excused))
        violation('A', address + " exists twice: " + twins.front() + " and " + thing.uid);
    const std::string uid = thing.uid;
    things_[uid] = std::move(thing);
}

Thing* Judge::written(const HttpRequest& request)
{
    const auto it = things_.find(target_of(path_of(request)).uid);
    return it != things_.end() ? &it->second : nullptr;
}

void Judge::looked(const HttpRequest& request)
{
    const std::string_view path = path_of(request);
    const Target target = target_of(path);
    if (const auto it = things_.find(target.uid); it != things_.end() && target.rest.empty())
        it->second.asked_at = universe_.now();
    for (const KindFacts& facts : kind_facts())
        if (path == facts.list) {
            const std::string project =
                facts.in_project ? header(request, "ProjectUid") : std::string();
            last_look_[{facts.kind, project}] = universe_.now();
        }
}

void Judge::changed(const HttpRequest& request, Thing& thing, const std::string& step)
{
    check_planned(address_of(thing), request);
    if (step == "/publish")
        return;
    const bool may_take = check_touch(request, thing);
    thing.content = request.body;
    thing.kept_otherwise = false;
    if (const auto body = json::parse(request.body)) {
        const std::string owner = annotation(*body, "trueup.io/owner");
        if (!owner.empty()) {
            thing.mark_owner = owner;
            thing.mark_address = annotation(*body, "trueup.io/address");
            // From now on it says itself whose it is: also when our write overtook somebody else
            // who took it over.
            thing.adopted = thing.adopted || (may_take && owner == rules_.owner);
        }
    }
}

void Judge::removed(Thing& thing, const HttpRequest& request)
{
    check_delete(thing, request);
    thing.alive = false;
    for (auto& [uid, inner] : things_)
        if (inner.alive && inner.project_uid == thing.uid) {
            violation('C', "the project " + thing.name + " went with " + address_of(inner));
            inner.alive = false;
        }
}

Instant Judge::sent_at(const HttpRequest& request)
{
    const std::string sender = header(request, sender_header);
    return Instant(Duration(std::stoll(sender.substr(sender.find('@') + 1))));
}

// ---- others
// --------------------------------------------------------------------------------------------

void Judge::others_created(const std::string& kind,
                           const std::string& uid,
                           const std::string& project_uid,
                           const Declared& as,
                           bool clone_of_ours)
{
    Thing thing;
    thing.kind = kind;
    thing.uid = uid;
    thing.project_uid = project_uid;
    thing.name = kind == "User" ? as.name + "@example.com" : as.name;
    thing.content = as.body();
    thing.appeared_at = universe_.now();
    thing.twin = clone_of_ours;
    things_[uid] = std::move(thing);
}

void Judge::others_removed(const std::string& uid)
{
    things_[uid].alive = false;
    for (auto& [other, thing] : things_)
        if (thing.project_uid == uid)
            thing.alive = false;
}

void Judge::others_took(const std::string& uid)
{
    Thing& thing = things_[uid];
    thing.mark_owner = "others";
    thing.mark_address = "x";
    thing.by_client = false;
    thing.adopted = false;
    thing.taken_at = universe_.now();
}

void Judge::others_wrote(const std::string& uid)
{
    things_[uid].others_wrote_at = universe_.now();
    things_[uid].kept_otherwise = false;
}

// ---- what the program did
// ------------------------------------------------------------------------------

void Judge::round_begins(const ManifestText& manifests, bool prune)
{
    in_force_ = manifests;
    round_began_ = universe_.now();
    prune_ = prune;
    planned_ = false;
}

void Judge::planned(const Plan& plan)
{
    planned_ = true;
    planned_at_ = universe_.now();
    audited_.insert(answered_.begin(), answered_.end()); // a plan reads the state
    answered_.clear();
    plan_.clear();
    for (const Declared& declared : in_force_.resources)
        if (!rules_.guarded_later && (declared.abandon || declared.prevent_destroy) &&
            remembered_.contains(declared.address()))
            protect(declared);
    for (const Action& action : plan.actions) {
        PlannedAction& entry = plan_[action.address.text()];
        entry.verb = action.verb;
        entry.uid = action.uid;
        if (action.verb == Verb::replace)
            replacing_[{action.address.text(), action.uid}] = planned_at_;
        check_absent(action);
        const auto thing = things_.find(action.uid);
        const bool is_claimed = action.verb == Verb::adopt && action.reason == Reason::marked;
        if (is_claimed && thing != things_.end() && thing->second.alive &&
            thing->second.taken_at < (rules_.stale_reads ? thing->second.read_at : round_began_) &&
            !is_ours(thing->second))
            violation('C', action.address.text() + " is taken for ours by a mark that is not its");
        if (action.verb == Verb::remove && !prune_)
            violation('C', "a delete is planned without being asked for: " + action.address.text());
        if (action.verb == Verb::remove && in_force_.resources.empty() && !rules_.guarded_later)
            violation('C', "all is to be deleted because nothing is declared");
    }
    printed("the plan", json::write(plan_document(plan, 0), json::Secrets::hash));
}

// What is there may be overlooked when reads show the past, and in no other way.
void Judge::check_absent(const Action& action)
{
    const std::string address = action.address.text();
    if (rules_.stale_reads)
        return;
    if (action.verb == Verb::create) {
        const Declared* declared = in_force_.find(address);
        const std::string project = declared != nullptr && !declared->project.empty()
                                        ? project_uid(declared->project)
                                        : std::string();
        if (declared == nullptr || (!declared->project.empty() && project.empty()))
            return;
        const std::string name =
            declared->kind == "User" ? declared->name + "@example.com" : declared->name;
        const Thing* there = alive(declared->kind, project, name);
        if (there != nullptr && there->appeared_at < round_began_)
            violation('E', address + " is to be created although it exists: " + there->uid);
    }
    if (action.verb == Verb::forget && action.reason == Reason::already_gone) {
        const auto thing = things_.find(action.uid);
        if (thing != things_.end() && thing->second.alive)
            violation('G', address + " is to be forgotten as gone although it exists");
    }
}

void Judge::remembered(const std::string& address, const std::string& uid)
{
    remembered_[address] = uid;
    // An adoption can be on the disk before anybody says that it has begun.
    const auto planned = plan_.find(address);
    const auto thing = things_.find(uid);
    if (planned != plan_.end() && planned->second.verb == Verb::adopt &&
        planned->second.uid == uid && thing != things_.end() &&
        thing->second.taken_at <= planned_at_)
        thing->second.adopted = true;
}

// In the middle of a plan that says so, or of something that is gone.
void Judge::forgotten(const std::string& address)
{
    const auto known = remembered_.find(address);
    const auto thing = known != remembered_.end() ? things_.find(known->second) : things_.end();
    if (!planned_ && !rules_.stale_reads && thing != things_.end() && thing->second.alive)
        violation('G', address + " is forgotten although it exists: " + thing->second.uid);
    if (known != remembered_.end())
        remembered_.erase(known);
}

void Judge::settle(const Declared& declared)
{
    settled_[declared.address()] =
        Settled{declared.abandon, declared.prevent_destroy, universe_.now()};
}

// What protects it counts from the first plan on, whatever becomes of that.
void Judge::protect(const Declared& declared)
{
    Settled& settled = settled_[declared.address()];
    settled.abandon = settled.abandon || declared.abandon;
    settled.prevent_destroy = settled.prevent_destroy || declared.prevent_destroy;
    settled.at = universe_.now();
}

void Judge::executed(const Report& report)
{
    std::set<std::string> unsettled;
    for (const ActionResult& result : report.results)
        if (result.outcome != Outcome::done)
            unsettled.insert(result.address);
    for (const Declared& declared : in_force_.resources)
        if (!unsettled.contains(declared.address()))
            settle(declared);
    for (const ActionResult& result : report.results) {
        check_kept(result);
        printed("a report", result.message);
        if (result.error)
            printed("a report", result.error->text());
    }
}

// Of what it has changed it says so when the API kept something else.
void Judge::check_kept(const ActionResult& result)
{
    if (result.verb != Verb::update || result.outcome != Outcome::done ||
        !result.not_kept.empty() || rules_.stale_reads)
        return;
    for (const auto& [uid, thing] : things_)
        if (thing.alive && thing.kept_otherwise && address_of(thing) == result.address)
            violation('E', result.address + " is said to be done, and the API kept something else");
}

void Judge::round_ended()
{
    planned_ = false;
}

void Judge::said(const Event& event)
{
    for (const std::string* text : {&event.message, &event.address, &event.call, &event.error})
        printed("an event", *text);
    if (event.type == EventType::api_call && !event.audit_uid.empty() && event.error.empty())
        answered_.insert(event.audit_uid);
    const bool keeps = event.verb != name_of(Verb::remove) && event.verb != name_of(Verb::forget);
    if (event.type == EventType::action_done && keeps)
        if (const Declared* declared = in_force_.find(event.address))
            settle(*declared);
    // An adoption that a crash or a failing disk interrupts may have reached the disk all the same.
    const bool adopts = event.type == EventType::action_started && event.verb == "adopt";
    const bool takes = event.type == EventType::action_done && event.verb == "update";
    if (!adopts && !takes)
        return;
    const auto planned = plan_.find(event.address);
    const std::string about = planned != plan_.end() ? planned->second.uid : std::string();
    for (auto& [uid, thing] : things_)
        if (thing.alive && (about.empty() || about == uid) && address_of(thing) == event.address)
            thing.adopted = true;
}

void Judge::stored(std::string_view bytes)
{
    printed("the state", bytes);
}

void Judge::printed(std::string_view where, std::string_view text)
{
    if (text.find(canary.substr(0, 7)) != std::string_view::npos)
        violation('F', "a secret is in " + std::string(where));
}

} // namespace trueup::sim

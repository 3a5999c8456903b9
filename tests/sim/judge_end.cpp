// The rest of a Judge's work: what must hold once everything has come to rest.

#include "reconciler/plan/render.hpp"
#include "state/model/json.hpp"
#include "state/model/path.hpp"
#include "state/model/resource.hpp"
#include "tests/sim/judge.hpp"

#include <algorithm>

namespace trueup::sim {

void Judge::conclude(const Final& end)
{
    for (std::size_t i = end.writes_before_last_round; i < effects_.size(); ++i)
        violation('D',
                  effects_[i].method + " for " + effects_[i].address +
                      " in the last undisturbed round");
    for (const Action& action : end.plan->actions) {
        const bool still = action.verb == Verb::no_op || excused(action, end);
        if (!still)
            violation('D',
                      action.address.text() + " is still to be " +
                          std::string(name_of(action.verb)) + " (" +
                          std::string(name_of(action.reason)) + "): " + action.message);
    }
    for (const Declared& declared : end.manifests->resources)
        check_resource(declared, end);
    for (const Intent& intent : end.intents) {
        // Nobody ever learns whether a call that is answered with an error for ever took effect.
        const bool broken =
            !rules_.broken_kind.empty() && intent.address.starts_with(rules_.broken_kind + "/");
        // Of a replace that made the new one, the old one stays when somebody changed it since.
        const auto old = things_.find(intent.uid);
        const bool left = intent.verb == "replace" && old != things_.end() && old->second.alive &&
                          old->second.others_wrote_at != Instant();
        const bool doubled =
            std::ranges::count_if(things_, [&](const auto& entry) {
                return entry.second.alive && address_of(entry.second) == intent.address;
            }) > 1;
        if (!broken && !left && !doubled)
            violation('D', "an intent is still open: " + intent.address);
    }
    check_orphans(end);
    if (end.audit_complete)
        check_audit(end);
}

void Judge::conclude_refused(const Final& end)
{
    if (end.audit_complete)
        check_audit(end);
}

bool Judge::excused(const Action& action, const Final& end) const
{
    const std::string address = action.address.text();
    const std::string kind = action.address.kind();
    if (kind == rules_.broken_kind)
        return true;
    const Declared* declared = end.manifests->find(address);
    if (action.verb == Verb::replace)
        return declared != nullptr && declared->replace == ReplaceMode::create_first &&
               facts_of(kind).unique;
    // It waits for one that fails for ever, which depends on it or does so no more.
    if (action.verb == Verb::remove && referred_.contains({address, rules_.broken_kind}))
        return true;
    if (!rules_.broken_kind.empty() && declared != nullptr &&
        std::ranges::any_of(declared->refs, [&](const std::string& target) {
            return target.starts_with(rules_.broken_kind + "/");
        }))
        return true;
    if (action.verb != Verb::blocked)
        return false;
    switch (action.reason) {
    case Reason::exists_differs:
        if (facts_of(kind).is_singleton()) // without a mark, nothing says that they are ours
            return !end.audit_complete;
        [[fallthrough]];
    case Reason::adopt_never:
    case Reason::foreign:
    case Reason::ambiguous:
        return std::ranges::any_of(things_, [&](const auto& entry) {
            return entry.second.alive && !entry.second.by_client &&
                   address_of(entry.second) == address;
        });
    case Reason::duplicate_mark:
        return duplicates_excused_ || std::ranges::any_of(things_, [&](const auto& entry) {
                   return entry.second.alive && !entry.second.by_client &&
                          address_of(entry.second) == address;
               });
    case Reason::replace_forbidden:
        return declared != nullptr && declared->replace == ReplaceMode::forbidden;
    case Reason::prevent_destroy:
        return declared != nullptr ? declared->prevent_destroy : protected_.contains(address);
    case Reason::not_empty:
        return std::ranges::any_of(things_, [&](const auto& entry) {
            return entry.second.alive && entry.second.project_uid == action.uid;
        });
    case Reason::no_project:
        return declared != nullptr && project_uid(declared->project).empty();
    case Reason::dependency:
        return is_dependent(action, end); // what it waits for is itself excused or reported
    default:
        return false;
    }
}

// Whether it needs something that is not as it should be, or something needs it that stays.
bool Judge::is_dependent(const Action& action, const Final& end) const
{
    const std::string address = action.address.text();
    const auto is_unsettled = [&](const std::string& target) {
        const auto parsed = Address::parse(target);
        const Action* other = parsed ? end.plan->find(*parsed) : nullptr;
        return other == nullptr || other->verb != Verb::no_op;
    };
    if (const Declared* declared = end.manifests->find(address))
        return std::ranges::any_of(declared->refs, is_unsettled) ||
               (!declared->project.empty() && is_unsettled("Project/tenant/" + declared->project));
    const auto refers = [&](const std::vector<std::string>& references) {
        return std::ranges::find(references, address) != references.end();
    };
    return std::ranges::any_of(end.manifests->resources,
                               [&](const Declared& user) { return refers(user.refs); }) ||
           std::ranges::any_of(end.records,
                               [&](const Record& user) { return refers(user.depends_on); });
}

void Judge::check_resource(const Declared& declared, const Final& end)
{
    const auto parsed = Address::parse(declared.address());
    const Action* action = parsed ? end.plan->find(*parsed) : nullptr;
    if (action == nullptr) {
        violation('D', declared.address() + " is declared and not in the plan");
        return;
    }
    if (action->verb != Verb::no_op || facts_of(declared.kind).is_singleton())
        return;
    const auto thing = things_.find(action->uid);
    if (thing == things_.end() || !thing->second.alive)
        violation('D', declared.address() + " is said to be as declared and does not exist");
    else
        check_content(declared, action->uid, end);
}

// The object is as declared, by what the server has of it.
void Judge::check_content(const Declared& declared, const std::string& uid, const Final& end)
{
    std::vector<std::string> marks{declared.token()};
    if (declared.kind == "TagFilter")
        marks.emplace_back(declared.shape % 2 == 1 ? R"("and")" : R"("or")");
    if (declared.kind == "ClusterProfile")
        marks.emplace_back(declared.shape % 2 == 1 ? R"("aws")" : R"("azure")");
    if (declared.kind == "Team" || declared.kind == "User")
        for (const std::string& role : declared.refs)
            if (const Thing* thing = alive("Role", "", role.substr(role.rfind('/') + 1)))
                marks.push_back(thing->uid);
    const auto object = end.world.find(uid);
    if (object == end.world.end())
        return violation('D', declared.address() + " is said to be there, and is not");
    for (const std::string& mark : marks)
        if (object->second.find(mark) == std::string::npos)
            violation('D',
                      declared.address() + " is said to be as declared, and has no " + mark +
                          " in " + object->second);
}

// B and A: what we created is still known as ours, and once.
void Judge::check_orphans(const Final& end)
{
    for (const auto& [uid, thing] : things_) {
        if (!thing.alive || !thing.by_client)
            continue;
        const std::string address = address_of(thing);
        const bool recorded =
            std::ranges::find(end.records, uid, &Record::uid) != end.records.end();
        if (recorded || thing.kind == rules_.broken_kind)
            continue;
        // What is not declared any more by the time that it arrives is found only where its kind is
        // still listed.
        if (thing.outlived && end.manifests->find(address) == nullptr)
            continue;
        const Declared* declared = end.manifests->find(address);
        const auto parsed = Address::parse(address);
        const Action* action = parsed ? end.plan->find(*parsed) : nullptr;
        // It is shown as ours, with what is to be done about it or why nothing is.
        if (action != nullptr && (action->verb == Verb::blocked || action->uid == uid))
            continue;
        if (std::ranges::find(end.intents, uid, &Intent::uid) != end.intents.end())
            continue;
        // Without a state, what is in a project that nobody declares is told as what it holds.
        if (!end.audit_complete && declared == nullptr && !thing.project_uid.empty())
            continue;
        if (declared == nullptr && (abandoned_.contains(address) || !end.prune))
            continue;
        // After a loss of state its project, that is to go, is what names it.
        const auto holder = things_.find(thing.project_uid);
        if (holder != things_.end() &&
            std::ranges::any_of(end.plan->actions, [&](const Action& each) {
                return each.uid == holder->first && each.verb == Verb::blocked &&
                       each.message.find(address) != std::string::npos;
            }))
            continue;
        violation('B', address + " (" + uid + ") was created by us and nothing knows it any more");
    }
}

namespace {

// Which record it is: the audit numbers them in an order of its own.
std::vector<std::string> key_of(const AuditRecord& record)
{
    return {record.at, record.address, record.verb, record.route, record.outcome, record.detail};
}

// Effects on one resource whose answer nobody received, or lived to write down, and the records
// that can account for them.
class Accounts {
public:
    // `written`: when it came into the audit.
    void add(const AuditRecord& record, Instant written)
    {
        const bool recovered =
            record.outcome == "done" && record.detail == "resolved at the next start";
        if (record.attempt != 0 && record.outcome == "unknown")
            ++attempts_[record.route.substr(0, record.route.find(' '))];
        else if (record.outcome == "found" || record.outcome == "none" ||
                 record.outcome == "unknown" || recovered)
            looks_.push_back(written);
    }

    void add(const EffectSeen& effect)
    {
        effects_[effect.sender].emplace_back(effect.method, effect.sent);
    }

    // Whether the records suffice. That of one attempt whose end is not known accounts for one
    // effect; what a look found, for all that one life of trueup had sent by then and could not
    // write down.
    bool are_settled() const { return settle(effects_.begin(), attempts_, looks_); }

private:
    using ByMethod = std::map<std::string, int>;
    using Calls = std::vector<std::pair<std::string, Instant>>;
    using ByLife = std::map<std::string, Calls>;

    bool settle(ByLife::const_iterator life,
                const ByMethod& attempts,
                const std::vector<Instant>& looks) const
    {
        if (life == effects_.end())
            return true;
        if (settle_calls(life, Instant::min(), attempts, looks))
            return true;
        for (std::size_t i = 0; i < looks.size(); ++i) {
            std::vector<Instant> others = looks;
            others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
            if (settle_calls(life, looks[i], attempts, others))
                return true;
        }
        return false;
    }

    // Of one life, with a look that accounts for what was sent before it.
    bool settle_calls(ByLife::const_iterator life,
                      Instant look,
                      ByMethod attempts,
                      const std::vector<Instant>& looks) const
    {
        for (const auto& [method, sent] : life->second)
            if (sent >= look && --attempts[method] < 0)
                return false;
        return settle(std::next(life), attempts, looks);
    }

    ByLife effects_;
    ByMethod attempts_;
    std::vector<Instant> looks_;
};

} // namespace

void Judge::audited(const AuditRecord& record)
{
    audited_at_[key_of(record)] = universe_.now();
}

// H: every effect has its record, and every record its effect.
void Judge::check_audit(const Final& end)
{
    std::map<std::string, const AuditRecord*> traces;
    std::map<std::string, Accounts> accounts; // by address
    std::set<std::string> found;              // creates that nobody saw
    for (const AuditRecord& record : end.audit) {
        printed("the audit", record.detail);
        if (record.audit_uid.empty()) {
            // One that was said to be lost, and is there, was written at any time.
            const auto told = audited_at_.find(key_of(record));
            const Instant at = told == audited_at_.end() ? universe_.now() : told->second;
            accounts[record.address].add(record, at);
            if (record.outcome == "found" && record.verb == name_of(Verb::create))
                found.insert(record.address);
            continue;
        }
        if (!traces.emplace(record.audit_uid, &record).second)
            violation('H', "two audit records of one effect: " + record.address);
    }
    std::set<std::string> seen;
    for (const EffectSeen& effect : effects_) {
        seen.insert(effect.trace);
        if (effect.method == "POST")
            found.erase(effect.address);
        if (const auto it = traces.find(effect.trace); it != traces.end()) {
            if (it->second->address != effect.address)
                violation('H',
                          "the record of an effect on " + effect.address + " names " +
                              it->second->address);
            continue;
        }
        accounts[effect.address].add(effect);
        if (audited_.contains(effect.trace))
            violation('H', "no audit record of " + effect.method + " for " + effect.address);
    }
    for (const std::string& address : found)
        violation('H', "an audit record of a create that never happened: " + address);
    for (const auto& [address, account] : accounts)
        if (!account.are_settled())
            violation('H', "too few audit records of what was done to " + address);
    for (const auto& [trace, record] : traces)
        if (!seen.contains(trace) && record->outcome == "done")
            violation('H', "an audit record of what never happened: " + record->address);
}

} // namespace trueup::sim

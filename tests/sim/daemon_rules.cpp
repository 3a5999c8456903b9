#include "tests/sim/daemon_rules.hpp"

#include "state/model/address.hpp"
#include "state/model/json.hpp"

#include <algorithm>

namespace trueup::sim {

namespace {

bool writes(const std::string& verb)
{
    return verb == name_of(Verb::create) || verb == name_of(Verb::update) ||
           verb == name_of(Verb::replace) || verb == name_of(Verb::remove);
}

// Whether the calendar stands within a window. Simulated windows are of every day, in UTC.
bool is_within(const FreezeWindow& window, WallTime now)
{
    const auto midnight = std::chrono::floor<std::chrono::days>(now);
    const auto minute = std::chrono::floor<std::chrono::minutes>(now - midnight);
    if (window.to > window.from)
        return minute >= window.from && minute < window.to;
    return minute >= window.from || minute < window.to;
}

std::string frozen_by(const RunConfig& config, WallTime now)
{
    for (const FreezeWindow& window : config.freeze)
        if (is_within(window, now))
            return window.text;
    return {};
}

// What people agree to. They see no secret, and agree to whatever its source holds.
std::string signature(const Action& action)
{
    std::string text =
        std::string(name_of(action.verb)) + " " + action.uid + " " + action.manifest_digest;
    for (const FieldChange& change : action.changes) {
        text += "\n" + change.path + "=";
        if (change.after)
            text += json::write(*change.after);
    }
    return text;
}

} // namespace

// ---- what people ask for
// -----------------------------------------------------------------------------------

void DaemonRules::suspended(const Suspension& suspension)
{
    Stopped stopped;
    stopped.until = suspension.until;
    stopped.asked_at = universe_.now();
    suspensions_[suspension.target] = stopped;
}

void DaemonRules::approved(const PendingApproval& agreed, std::optional<WallTime> expires)
{
    const std::string& digest = agreed.digest;
    Approved approved;
    approved.actions = plans_[agreed.plan];
    approved.expires = expires;
    approvals_[digest] = std::move(approved);
}

void DaemonRules::died(bool disk_failed)
{
    for (auto& [target, stopped] : suspensions_)
        if (stopped.asked_at == universe_.now() || disk_failed || disk_failed_)
            stopped.certain = false;
    disk_failed_ = false;
    running_.clear();
    declared_again_.clear();
    for (auto& [digest, approved] : approvals_)
        approved.used = approved.spent = false;
}

void DaemonRules::state_lost()
{
    suspensions_.clear();
    // A file still says so, and nothing is left that knows that it was heeded.
    std::erase_if(approvals_, [](const auto& entry) { return entry.second.expires.has_value(); });
}

// ---- what happens
// ---------------------------------------------------------------------------------------

void DaemonRules::round_begins(const RunConfig& config, WallTime now)
{
    config_ = config;
    // Once over it stays over, whatever the calendar does afterwards.
    std::erase_if(suspensions_, [now](const auto& entry) {
        return entry.second.until && *entry.second.until <= now;
    });
    planned_at_ = now;
    plan_.clear();
    // A disk that failed may not have taken the end of a grace period.
    for (const auto& key : declared_again_)
        if (!disk_failed_)
            tombstones_.erase(key);
    declared_again_.clear();
    // What was used in an earlier round of this life is used up, and the disk knows.
    if (!disk_failed_)
        std::erase_if(approvals_, [](const auto& entry) { return entry.second.spent; });
}

void DaemonRules::planned(const Plan& plan,
                          const RunConfig& config,
                          bool deletes_blocked,
                          WallTime now)
{
    config_ = config;
    planned_at_ = now;
    deletes_blocked_ = deletes_blocked;
    plan_.clear();
    uids_.clear();
    std::set<std::pair<std::string, std::string>> going;
    for (const Action& action : plan.actions) {
        const std::string& address = action.address.text();
        plan_[address] = signature(action);
        if (action.verb != Verb::remove)
            continue;
        uids_[address] = action.uid;
        going.emplace(address, action.uid);
        tombstones_.emplace(std::pair(address, action.uid), now);
    }
    plans_[plan.digest] = plan_;
    for (const auto& [key, since] : tombstones_)
        if (!going.contains(key) && plan_.contains(key.first) &&
            !plan_.at(key.first).starts_with(name_of(Verb::blocked)))
            declared_again_.insert(key);
}

void DaemonRules::heard(const Event& event, WallTime now)
{
    if (event.type == EventType::action_started && writes(event.verb)) {
        check_begun(event, now);
        running_.insert(event.address);
    }
    if (event.type == EventType::action_done || event.type == EventType::action_failed ||
        event.type == EventType::action_waiting)
        running_.erase(event.address);
}

std::string DaemonRules::stopped_by(const std::string& address, WallTime now) const
{
    const auto holds = [&](const std::string& target) {
        const auto it = suspensions_.find(target);
        return it != suspensions_.end() && it->second.certain &&
               (!it->second.until || now < *it->second.until);
    };
    if (holds(""))
        return "everything";
    if (holds(address))
        return address;
    const auto parsed = Address::parse(address);
    if (parsed && parsed->project() && holds("project:" + *parsed->project()))
        return "project:" + *parsed->project();
    return {};
}

void DaemonRules::check_begun(const Event& event, WallTime now)
{
    const std::string what = event.verb + " of " + event.address + " is begun ";
    if (const std::string frozen = frozen_by(config_, now); !frozen.empty())
        judge_.violation('S', what + "during the freeze " + frozen);
    if (const std::string stopped = stopped_by(event.address, now); !stopped.empty())
        judge_.violation('S', what + "although " + stopped + " is suspended");
    if (config_.mode == RunMode::dry_run)
        judge_.violation('S', what + "in a dry run");
    if (config_.mode == RunMode::approve)
        check_approved(event.address);
    if (event.verb == name_of(Verb::remove))
        check_delete(event.address, now);
}

DaemonRules::Consent DaemonRules::consent(const std::string& address)
{
    Consent consent = Consent::none;
    for (auto& [digest, approved] : approvals_) {
        const auto it = approved.actions.find(address);
        if (it == approved.actions.end() || !plan_.contains(address) ||
            it->second != plan_.at(address))
            continue;
        if (!approved.expires || *approved.expires > planned_at_) {
            approved.used = approved.expires.has_value();
            return Consent::given;
        }
        consent = Consent::expired;
    }
    return consent;
}

void DaemonRules::check_approved(const std::string& address)
{
    const Consent found = consent(address);
    if (found != Consent::given)
        judge_.violation('S',
                         address + " is written and " +
                             (found == Consent::expired ? "the agreement had expired"
                                                        : "nobody agreed to that"));
}

void DaemonRules::check_delete(const std::string& address, WallTime now)
{
    if (deletes_blocked_)
        judge_.violation('C', address + " is deleted and not all manifests could be read");
    if (config_.grace == Duration::zero())
        return;
    const auto it = tombstones_.find({address, uids_[address]});
    if (it == tombstones_.end() || now - it->second < config_.grace)
        judge_.violation('C', address + " is deleted before its grace period is over");
}

void DaemonRules::sending(std::string_view head, WallTime now)
{
    const std::string_view method = head.substr(0, head.find(' '));
    const std::string_view target = head.substr(std::min(head.size(), method.size() + 1));
    if (method == "GET" || target.starts_with("/v1/dashboard") || target.starts_with("/v1/auth"))
        return;
    const std::string what =
        std::string(method) + " " + std::string(target.substr(0, target.find_first_of("? \r")));
    if (config_.mode == RunMode::dry_run)
        judge_.violation('S', what + " in a dry run");
    if (!running_.empty())
        return;
    // Nothing is being carried out: the end of what a crash interrupted.
    if (!frozen_by(config_, now).empty())
        judge_.violation('S', what + " ends an interrupted change during a freeze");
    const auto all = suspensions_.find("");
    if (all != suspensions_.end() && all->second.certain &&
        all->second.asked_at < universe_.now() && (!all->second.until || now < *all->second.until))
        judge_.violation('S', what + " ends an interrupted change although all is suspended");
}

void DaemonRules::round_ended(std::size_t requests)
{
    for (auto& [digest, approved] : approvals_)
        approved.spent = approved.used;
    running_.clear();
    rounds_.emplace_back(universe_.now(), requests);
    while (rounds_.front().first + std::chrono::hours(1) < universe_.now())
        rounds_.pop_front();
    const std::size_t asked = requests - rounds_.front().second;
    rounds_worst_ = std::max(rounds_worst_, rounds_.size());
    requests_worst_ = std::max(requests_worst_, asked);
    if (rounds_.size() > rounds_an_hour_max)
        judge_.violation('R', std::to_string(rounds_.size()) + " rounds within an hour");
    if (asked > requests_an_hour_max)
        judge_.violation('R', std::to_string(asked) + " requests within an hour");
}

} // namespace trueup::sim

// What a running loop answers and is told.

#include "reconciler/daemon/freeze.hpp"
#include "reconciler/daemon/loop.hpp"
#include "reconciler/daemon/stamp.hpp"
#include "reconciler/plan/render.hpp"

#include <algorithm>

namespace trueup {

DaemonStatus Loop::status() const
{
    const RunConfig& config = parts_.host.config();
    DaemonStatus status;
    status.version = config.version;
    status.owner = config.request.plan.owner_id;
    status.endpoint = config.request.endpoint;
    status.mode = config.mode;
    status.started = started_;
    status.revision = in_force_.revision;
    status.manifests = in_force_.manifests.manifests.size();
    status.broken = in_force_.broken;
    status.deletes_blocked = !in_force_.deletes_blocked.empty();
    status.deletes_blocked_why = in_force_.deletes_blocked;
    for (const auto& [address, resource] : resources_)
        ++status.conditions[std::string(trueup::name_of(resource.condition))];
    status.last_round = last_round_;
    status.last_success = last_success_;
    status.in_round = in_round_;
    if (const Next next = next_round(); next.due)
        status.next_round =
            parts_.clock.wall() + std::chrono::ceil<std::chrono::milliseconds>(std::max<Duration>(
                                      *next.due - parts_.clock.now(), Duration::zero()));
    if (memory_.pending && memory_.pending->approved_by.empty()) {
        PendingApproval approval;
        approval.digest = memory_.pending->digest;
        approval.plan = memory_.pending->plan.digest;
        approval.revision = memory_.pending->revision;
        approval.since = memory_.pending->since;
        approval.expires = memory_.pending->expires;
        approval.counts = memory_.pending->counts;
        status.approval = std::move(approval);
    }
    for (const auto& [target, suspension] : memory_.suspensions)
        status.suspensions.push_back(suspension);
    status.freeze = freeze_;
    ApiTraffic traffic = parts_.host.observer().traffic();
    status.breaker = std::move(traffic.breaker);
    status.rate_tokens = std::move(traffic.tokens);
    status.git = parts_.host.git();
    return status;
}

std::vector<ResourceStatus> Loop::resources() const
{
    std::vector<ResourceStatus> all;
    for (const auto& [address, status] : resources_)
        all.push_back(status);
    return all;
}

std::optional<ResourceStatus> Loop::resource(const std::string& address) const
{
    const auto it = resources_.find(address);
    if (it == resources_.end())
        return std::nullopt;
    return it->second;
}

std::string Loop::plan() const
{
    std::string text;
    if (!shown_)
        return text;
    Plan whole = *shown_;
    for (Action& action : whole.actions)
        if (action.verb == Verb::create)
            action.changes = make_diff(*action.kind, action.desired, nullptr, nullptr, {}).changes;
    write_plan_document(
        whole, shown_requests_, [&text](std::string_view part) { text.append(part); });
    return text;
}

Result<std::vector<AuditRecord>> Loop::history(std::size_t newest_max) const
{
    return parts_.store.audit(newest_max);
}

bool Loop::alive() const
{
    if (ended_)
        return false;
    return !in_round_ || parts_.clock.now() - std::max(stamp_->last(), last_sign_) <
                             parts_.host.config().stall_max;
}

void Loop::reconcile(const std::string& by)
{
    note(Level::info, "a round was asked for by " + by);
    watcher_.hint();
    want(Trigger::request);
}

Result<void> Loop::approve(const std::string& digest, const std::string& by)
{
    if (!memory_.pending)
        return Error{Errc::not_found, "no plan waits for approval"};
    Pending& pending = *memory_.pending;
    if (pending.digest != digest)
        return Error{Errc::conflict,
                     "the plan that waits is another one: " + pending.digest,
                     "",
                     "look at it, and approve that digest"};
    if (pending.expires <= parts_.clock.wall())
        return Error{Errc::refused, "the plan " + digest + " has expired"};
    if (!pending.approved_by.empty())
        return {};
    pending.approved_by = by;
    note(Level::info, "the plan " + digest + " was approved by " + by);
    audit("approve", "", "the plan " + digest + " was approved by " + by);
    want(Trigger::approval);
    save_memory_soon();
    return {};
}

namespace {

Result<void> check_target(const std::string& target)
{
    constexpr std::string_view project = "project:";
    if (target.empty())
        return {};
    if (target.starts_with(project) && target.find('/') == std::string::npos &&
        target.size() > project.size())
        return {};
    if (auto address = Address::parse(target); !address)
        return Error{Errc::invalid_input,
                     "\"" + target + "\" is neither an address nor a project",
                     "",
                     "write Kind/scope/name or project:NAME, or nothing for everything"};
    return {};
}

} // namespace

Result<void> Loop::suspend(Suspension suspension)
{
    if (auto fine = check_target(suspension.target); !fine)
        return fine;
    if (suspension.since == WallTime())
        suspension.since = parts_.clock.wall();
    const std::string what = suspension.target.empty() ? "everything" : suspension.target;
    const std::string detail =
        text_of(suspension) +
        (suspension.until ? ", until " + format_time(*suspension.until) : std::string());
    note(Level::info, what + " " + detail);
    audit("suspend", suspension.target, detail);
    memory_.suspensions[suspension.target] = std::move(suspension);
    // What runs now was begun before; what has not been started yet is not.
    if (in_round_)
        interrupt_ = true;
    want(Trigger::request);
    save_memory_soon();
    return {};
}

Result<void> Loop::resume(const std::string& target, const std::string& by)
{
    const bool suspended = memory_.suspensions.erase(target) != 0;
    // A field that was written to no avail gets another chance.
    const auto status = resources_.find(target);
    const bool stuck =
        status != resources_.end() &&
        (status->second.reason == "not_converging" || status->second.reason == "second_writer") &&
        memory_.writes.erase(target) != 0;
    if (!suspended && !stuck)
        return Error{Errc::not_found, "\"" + target + "\" is not suspended"};
    note(Level::info, (target.empty() ? std::string("everything") : target) + " resumed by " + by);
    audit("resume", target, "resumed by " + by);
    want(Trigger::request);
    save_memory_soon();
    return {};
}

bool Loop::is_freeze_overridden() const
{
    const auto& override = parts_.host.config().freeze_override;
    return override && (!override->until || parts_.clock.wall() < *override->until);
}

bool Loop::is_frozen_now() const
{
    return frozen_at(parts_.host.config().freeze, parts_.clock.wall()) && !is_freeze_overridden();
}

// For what an interrupted round left behind: to finish that is to write too.
bool Loop::may_not_be_written(const Address& address) const
{
    return is_frozen_now() || suspension_of(memory_, address, parts_.clock.wall()) != nullptr;
}

} // namespace trueup

// A daemon that says what a test tells it to say, and writes down what it was asked.

#pragma once

#include "reconciler/daemon/control.hpp"
#include "tests/support/values.hpp"

#include <string>
#include <vector>

namespace trueup::control_test {

inline constexpr const char* canary = "canary-5f1d0c7e";

inline WallTime at(const std::string& clock)
{
    return *parse_time("2026-03-01T" + clock + ":00.000Z");
}

inline FieldChange change(std::string path, ChangeOp op, Cause cause)
{
    FieldChange made;
    made.path = std::move(path);
    made.op = op;
    made.cause = cause;
    return made;
}

inline ResourceStatus ready_resource(const std::string& address)
{
    ResourceStatus resource;
    resource.address = address;
    resource.condition = Health::ready;
    resource.reason = "unchanged";
    resource.since = at("10:00");
    resource.uid = "uid-of-" + address.substr(address.rfind('/') + 1);
    resource.file = "manifests/roles.yaml";
    resource.line = 12;
    resource.revision = "git:3f2a";
    resource.verb = "no-op";
    resource.last_success = at("11:00");
    resource.last_attempt = at("10:00");
    return resource;
}

// Failing, with one change of each sort.
inline ResourceStatus stalled_resource()
{
    ResourceStatus resource = ready_resource("Role/tenant/auditor");
    resource.condition = Health::stalled;
    resource.reason = "failed";
    resource.message = "the API refused the update";
    resource.verb = "update";
    resource.blocked_by = "Role/tenant/base";
    resource.failures = 3;
    resource.last_error = "422 InvalidPermission: no such permission";
    resource.last_attempt = at("11:40");
    resource.next_attempt = at("12:10");
    resource.drifted_since = at("09:30");
    FieldChange edited = change("spec.permissions", ChangeOp::change, Cause::declared);
    edited.before = Value(List{"audit.get"});
    edited.after = Value(List{"audit.get", "audit.list"});
    edited.origin.line = 14;
    edited.origin.column = 3;
    FieldChange hidden = change("spec.token", ChangeOp::add, Cause::both);
    hidden.after = test::secret(canary);
    hidden.sensitive = true;
    FieldChange inside = change("spec.values", ChangeOp::add, Cause::fresh);
    inside.after = Value(Map{{"password", test::secret(canary)}, {"user", "root"}});
    FieldChange pending = change("spec.owner", ChangeOp::add, Cause::declared);
    Unknown unknown;
    unknown.target = "User/tenant/anna";
    pending.after = Value(unknown);
    FieldChange gone = change("spec.note", ChangeOp::remove, Cause::drifted);
    gone.before = Value("by hand");
    gone.needs_replace = true;
    resource.changes = {edited, hidden, inside, pending, gone};
    return resource;
}

inline DaemonStatus full_status()
{
    DaemonStatus status;
    status.version = "0.1.0";
    status.owner = "payments-prod";
    status.endpoint = "https://api.example.com:443";
    status.mode = RunMode::approve;
    status.started = at("08:00");
    status.revision = "git:3f2a-dirty";
    status.manifests = 68;
    BrokenFile broken;
    broken.file = "manifests/b.yaml";
    broken.error = "manifests/b.yaml:3:1: error: unknown field lables";
    broken.last_good = true;
    status.broken.push_back(broken);
    status.deletes_blocked = true;
    status.deletes_blocked_why = "manifests/b.yaml cannot be read";
    status.conditions = {{"Ready", 66}, {"Reconciling", 1}, {"Stalled", 1}};
    RoundStatus round;
    round.plan_id = "plan-7";
    round.trigger = "edit";
    round.revision = "git:3f2a-dirty";
    round.begun = at("11:59");
    round.ended = at("12:00");
    round.result = "partial";
    round.error = "1 action failed";
    round.counts = {{"update", 2}};
    round.api_requests = 31;
    status.last_round = round;
    status.last_success = at("11:00");
    status.next_round = at("12:05");
    PendingApproval approval;
    approval.digest = "9c1f0a";
    approval.revision = "git:3f2a-dirty";
    approval.since = at("11:30");
    approval.expires = at("23:30");
    approval.counts = {{"create", 1}, {"delete", 2}};
    status.approval = approval;
    Suspension suspension;
    suspension.target = "project:team-a";
    suspension.reason = "migration";
    suspension.by = "uid:1000";
    suspension.since = at("09:00");
    suspension.until = at("18:00");
    status.suspensions.push_back(suspension);
    status.freeze = "weekend until 2026-03-02T06:00:00.000Z";
    status.breaker = "closed";
    GitStatus git;
    git.url = "https://git.example.com/team/manifests.git";
    git.ref = "refs/heads/main";
    git.commit = "3f2a";
    git.last_success = at("11:58");
    git.problem = "unreachable";
    git.error = "the repository cannot be reached: could not resolve host";
    git.looks = 9;
    git.failures = 2;
    git.rewrites = 1;
    status.git = git;
    status.rate_tokens = {{"default", 9.5}, {"/v1/cloudconfigs", 50}};
    return status;
}

class FakeControl final : public Control {
public:
    DaemonStatus status() const override { return said; }
    std::vector<ResourceStatus> resources() const override { return all; }
    std::optional<ResourceStatus> resource(const std::string& address) const override
    {
        for (const ResourceStatus& each : all)
            if (each.address == address)
                return each;
        return std::nullopt;
    }
    std::string plan() const override { return planned; }
    Result<std::vector<AuditRecord>> history(std::size_t newest_max) const override
    {
        if (history_error)
            return *history_error;
        return std::vector<AuditRecord>(
            audit.begin(),
            audit.begin() + static_cast<std::ptrdiff_t>(std::min(newest_max, audit.size())));
    }
    bool alive() const override { return is_alive; }
    bool ready() const override { return is_ready; }

    void reconcile(const std::string& by) override { asked.push_back("reconcile by " + by); }
    Result<void> approve(const std::string& digest, const std::string& by) override
    {
        asked.push_back("approve " + digest + " by " + by);
        return answer;
    }
    Result<void> suspend(Suspension suspension) override
    {
        asked.push_back("suspend " + suspension.target + " by " + suspension.by);
        suspended = std::move(suspension);
        return answer;
    }
    Result<void> resume(const std::string& target, const std::string& by) override
    {
        asked.push_back("resume " + target + " by " + by);
        return answer;
    }

    DaemonStatus said = full_status();
    std::vector<ResourceStatus> all{stalled_resource(), ready_resource("Role/tenant/base")};
    std::string planned;
    std::vector<AuditRecord> audit;
    std::optional<Error> history_error;
    bool is_alive = true;
    bool is_ready = true;
    Result<void> answer;
    std::optional<Suspension> suspended;
    std::vector<std::string> asked;
};

} // namespace trueup::control_test

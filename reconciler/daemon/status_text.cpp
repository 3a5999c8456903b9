#include "reconciler/daemon/status_text.hpp"

#include <algorithm>
#include <array>

namespace trueup {

namespace {

constexpr std::size_t column = 14;

// "3m", "2h 5m", "12s": as exact as people need it.
std::string length_of(std::chrono::milliseconds length)
{
    using namespace std::chrono;
    const auto whole = duration_cast<seconds>(abs(length)).count();
    if (whole < 60)
        return std::to_string(whole) + "s";
    if (whole < 3600)
        return std::to_string(whole / 60) + "m";
    const auto two = [](std::int64_t big, const char* unit, std::int64_t small, const char* part) {
        std::string text = std::to_string(big) + unit;
        return small == 0 ? text : text + " " + std::to_string(small) + part;
    };
    constexpr std::int64_t two_days = 172'800;
    if (whole < two_days)
        return two(whole / 3600, "h", whole % 3600 / 60, "m");
    return two(whole / 86400, "d", whole % 86400 / 3600, "h");
}

// "2026-03-01T12:00:00Z, 3m ago"
std::string when(WallTime time, WallTime now)
{
    std::string text = format_time(time);
    text.replace(text.size() - 5, 5, "Z");
    return text + (time > now ? ", in " : ", ") + length_of(now - time) +
           (time > now ? "" : " ago");
}

std::string line(std::string_view label, const std::string& text)
{
    std::string padded(label);
    padded.resize(std::max(column, label.size() + 1), ' ');
    return padded + text + "\n";
}

std::string counts_text(const std::map<std::string, std::size_t>& counts)
{
    std::string text;
    for (const auto& [name, count] : counts)
        if (count != 0)
            text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + name;
    return text.empty() ? "nothing" : text;
}

std::string target_text(const std::string& target)
{
    return target.empty() ? "everything" : printable(target);
}

std::string round_text(const RoundStatus& round, WallTime now)
{
    std::string text = round.result + " " + when(round.ended, now) + " (" + round.trigger +
                       ", took " + length_of(round.ended - round.begun) + ", " +
                       std::to_string(round.api_requests) + " API requests)";
    if (!round.error.empty())
        text += ": " + printable(round.error);
    return text;
}

std::string resource_line(const ResourceStatus& resource, WallTime now)
{
    std::string text = "  " + printable(resource.address);
    if (!resource.reason.empty())
        text += " (" + printable(resource.reason) + ")";
    if (!resource.message.empty())
        text += ": " + printable(resource.message);
    if (resource.next_attempt)
        text += "; next attempt " + when(*resource.next_attempt, now);
    return text + "\n";
}

std::string held_back(const DaemonStatus& status, WallTime now)
{
    std::string text;
    if (status.approval) {
        const PendingApproval& waiting = *status.approval;
        text += line("Approval",
                     "a plan waits for a person: " + counts_text(waiting.counts) + "; expires " +
                         when(waiting.expires, now));
        text += line("", "agree with: trueup approve " + waiting.digest);
    }
    for (const Suspension& suspension : status.suspensions) {
        std::string what = target_text(suspension.target) + " by " + printable(suspension.by) +
                           " since " + when(suspension.since, now);
        if (suspension.until)
            what += "; until " + when(*suspension.until, now);
        if (!suspension.reason.empty())
            what += ": " + printable(suspension.reason);
        text += line("Suspended", what);
    }
    if (!status.freeze.empty())
        text += line("Frozen", printable(status.freeze));
    if (status.deletes_blocked)
        text += line("No deletes", printable(status.deletes_blocked_why));
    return text;
}

std::string git_text(const GitStatus& git, WallTime now)
{
    std::string text = line("Repository",
                            printable(git.url) + " " + printable(git.ref) + ", last seen " +
                                (git.last_success ? when(*git.last_success, now) : "never"));
    if (!git.error.empty())
        text += line("", "! " + printable(git.error));
    return text;
}

template <class Enum>
Enum by_name(Enum last, std::string_view name, Enum otherwise)
{
    for (int i = 0; i <= static_cast<int>(last); ++i)
        if (name_of(static_cast<Enum>(i)) == name)
            return static_cast<Enum>(i);
    return otherwise;
}

Action action_of(const ResourceStatus& resource)
{
    Action action;
    if (const auto address = Address::parse(resource.address))
        action.address = *address;
    action.verb = by_name(Verb::blocked, resource.verb, Verb::no_op);
    action.reason = by_name(Reason::unobserved, resource.reason, Reason::changed);
    action.changes = resource.changes;
    action.file = resource.file;
    action.place.line = static_cast<std::uint32_t>(resource.line);
    action.place.column = resource.line == 0 ? 0 : 1;
    return action;
}

} // namespace

std::string render_status(const DaemonStatus& status,
                          const std::vector<ResourceStatus>& unhealthy,
                          WallTime now)
{
    std::string text =
        line("trueup",
             status.version + ", owner " + printable(status.owner) + ", mode " +
                 std::string(name_of(status.mode)) + ", up " + length_of(now - status.started));
    text += line("API",
                 printable(status.endpoint) + (status.breaker.empty() || status.breaker == "closed"
                                                   ? ""
                                                   : "; the circuit breaker is " + status.breaker));
    text += line("Manifests",
                 std::to_string(status.manifests) + " in force, revision " +
                     printable(status.revision));
    if (status.git)
        text += git_text(*status.git, now);
    for (const BrokenFile& broken : status.broken)
        text += line("",
                     "! " + printable(broken.error) +
                         (broken.last_good ? " (its resources keep their last good text)" : ""));
    text += line("Resources", counts_text(status.conditions));
    text += line("Last round",
                 status.last_round ? round_text(*status.last_round, now) : "none has ended yet");
    if (status.last_round)
        text += line("", "its plan: " + counts_text(status.last_round->counts));
    text += line("Converged",
                 status.last_success ? when(*status.last_success, now) : "not since the start");
    if (status.in_round)
        text += line("Next round", "one is under way");
    else if (status.next_round)
        text += line("Next round", when(*status.next_round, now));
    text += held_back(status, now);
    for (const Health condition : {Health::stalled, Health::reconciling, Health::ready}) {
        bool first = true;
        for (const ResourceStatus& resource : unhealthy) {
            if (resource.condition != condition)
                continue;
            if (first)
                text += "\n" + std::string(name_of(condition)) + ":\n";
            first = false;
            text += resource_line(resource, now);
        }
    }
    return text;
}

std::string render_explanation(const ResourceStatus& resource,
                               const std::vector<AuditRecord>& history,
                               const RenderOptions& options,
                               WallTime now)
{
    std::string text = printable(resource.address) + " is " +
                       std::string(name_of(resource.condition)) + " (" +
                       printable(resource.reason) + ") since " + when(resource.since, now) + "\n";
    if (!resource.message.empty())
        text += "  " + printable(resource.message) + "\n";
    text += "\n";
    text += line(
        "Decided",
        (resource.verb.empty() ? "nothing yet" : resource.verb) +
            (resource.revision.empty() ? "" : ", on revision " + printable(resource.revision)));
    text += line("Declared",
                 resource.file.empty()
                     ? "no longer: it has no manifest"
                     : printable(resource.file) + ":" + std::to_string(resource.line));
    text += line("Observed", resource.uid.empty() ? "no object" : "uid " + printable(resource.uid));
    if (resource.drifted_since)
        text += line("Drifted", "since " + when(*resource.drifted_since, now));
    if (!resource.blocked_by.empty())
        text += line("Blocked by", printable(resource.blocked_by));
    if (resource.failures != 0)
        text += line("Failures",
                     std::to_string(resource.failures) +
                         " in a row; the last: " + printable(resource.last_error));
    text +=
        line("Last attempt",
             resource.last_attempt ? when(*resource.last_attempt, now) : "none since the start");
    text +=
        line("Last success",
             resource.last_success ? when(*resource.last_success, now) : "none since the start");
    text += line("Next attempt",
                 resource.next_attempt ? when(*resource.next_attempt, now) : "in the next round");
    if (!resource.changes.empty())
        text += "\nWhat differs:\n" + render_action(action_of(resource), options);
    if (!history.empty())
        text += "\nWhat was done:\n" + render_history(history);
    return text;
}

std::string render_difference(const ResourceStatus& resource, const RenderOptions& options)
{
    if (resource.changes.empty())
        return printable(resource.address) + ": no field differs.\n";
    return render_action(action_of(resource), options);
}

std::string render_history(const std::vector<AuditRecord>& records)
{
    std::string text;
    for (const AuditRecord& record : records) {
        text += "  " + record.at + " " + record.outcome + ": " + record.verb + " " +
                printable(record.address);
        if (!record.route.empty())
            text += "  " + printable(record.route);
        if (record.status != 0)
            text += " " + std::to_string(record.status);
        if (record.attempt != 0)
            text += " in " + std::to_string(record.latency_ms) + "ms";
        if (record.attempt > 1)
            text += " attempt " + std::to_string(record.attempt);
        if (!record.audit_uid.empty())
            text += " audit " + printable(record.audit_uid);
        if (!record.plan_id.empty())
            text += " plan " + printable(record.plan_id);
        if (!record.revision.empty())
            text += " revision " + printable(record.revision);
        if (!record.detail.empty())
            text += ": " + printable(record.detail);
        text += "\n";
    }
    return text;
}

} // namespace trueup

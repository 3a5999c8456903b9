#include "reconciler/daemon/assess.hpp"

#include <algorithm>

namespace trueup {

namespace {

bool is_drift(const FieldChange& change)
{
    return change.cause == Cause::drifted || change.cause == Cause::both;
}

// Blocked, and neither time nor another resource will change that.
bool needs_somebody(Reason reason)
{
    return reason != Reason::dependency && reason != Reason::unobserved;
}

Health health_of(const Action& action)
{
    switch (action.verb) {
    case Verb::no_op:
    case Verb::adopt:
        return Health::ready;
    case Verb::blocked:
        return needs_somebody(action.reason) ? Health::stalled : Health::reconciling;
    default:
        return Health::reconciling;
    }
}

// A word of Withheld::reason after which nothing happens by itself.
bool is_final(const std::string& reason)
{
    return reason == "suspended" || reason == "deletes_blocked" || reason == "not_converging" ||
           reason == "second_writer";
}

void conclude_one(ResourceStatus& status, const ActionResult& result, WallTime now)
{
    status.last_attempt = now;
    switch (result.outcome) {
    case Outcome::done:
        status.condition = Health::ready;
        // The end of a wait wrote nothing.
        status.reason = result.verb == Verb::waiting ? std::string(name_of(Reason::unchanged))
                                                     : std::string(name_of(result.verb));
        status.message = result.message;
        status.last_success = now;
        status.last_error.clear();
        status.drifted_since.reset();
        break;
    case Outcome::waiting:
        status.condition = Health::reconciling;
        status.reason = "waiting";
        status.message = result.message;
        break;
    case Outcome::failed:
        status.condition = Health::reconciling;
        status.reason = "failed";
        status.last_error = result.error ? result.error->text() : result.message;
        status.message = status.last_error;
        break;
    case Outcome::skipped:
        status.condition = Health::reconciling;
        status.reason = "dependency";
        status.message = result.message;
        status.last_attempt.reset();
        break;
    case Outcome::blocked:
        status.message = result.message;
        status.last_attempt.reset();
        break;
    }
}

// A resource that was not ready in time is not waited for in silence.
void check_deadline(ResourceStatus& status,
                    const Record& record,
                    const Catalogue& catalogue,
                    WallTime now)
{
    const Kind* kind = catalogue.find(record.kind);
    if (record.waiting.empty() || kind == nullptr || !kind->readiness)
        return;
    status.message = record.waiting;
    const auto since = parse_time(record.waiting_since);
    if (!since || now - *since <= kind->readiness->deadline)
        return;
    status.condition = Health::stalled;
    status.reason = "deadline";
    status.message = record.waiting + ", and should have been ready by " +
                     format_time(*since + std::chrono::ceil<std::chrono::milliseconds>(
                                              kind->readiness->deadline));
}

// What is as declared is Ready; that nothing would be done about it is to be seen all the same.
void tell_suspended(ResourceStatuses& statuses, const Memory& memory, WallTime now)
{
    if (memory.suspensions.empty())
        return;
    for (auto& [text, status] : statuses) {
        const auto address = Address::parse(text);
        const Suspension* found = address && status.condition == Health::ready
                                      ? suspension_of(memory, *address, now)
                                      : nullptr;
        if (found == nullptr)
            continue;
        status.message = "nothing is to be done, and nothing would be: " + text_of(*found);
        status.blocked_by = found->by;
        status.next_attempt = found->until;
    }
}

} // namespace

ResourceStatuses describe(const std::vector<Action>& planned,
                          const ResourceStatuses& before,
                          const std::string& revision,
                          WallTime now)
{
    ResourceStatuses statuses;
    for (const Action& action : planned) {
        const std::string& address = action.address.text();
        ResourceStatus status;
        if (const auto it = before.find(address); it != before.end()) {
            status.last_error = it->second.last_error;
            status.last_success = it->second.last_success;
            status.last_attempt = it->second.last_attempt;
            status.drifted_since = it->second.drifted_since;
        }
        status.address = address;
        status.condition = health_of(action);
        status.reason = name_of(action.reason);
        status.message = action.message;
        status.since = now;
        status.uid = action.uid;
        status.file = action.file;
        status.line = action.place.line;
        status.revision = revision;
        status.verb = name_of(action.verb);
        status.changes = action.changes;
        if (action.verb == Verb::waiting)
            status.reason = "waiting";
        if (!std::ranges::any_of(action.changes, is_drift))
            status.drifted_since.reset();
        else if (!status.drifted_since)
            status.drifted_since = now;
        if (action.verb == Verb::no_op) {
            status.last_error.clear();
            status.last_success = now;
        }
        statuses.emplace(address, std::move(status));
    }
    return statuses;
}

void conclude(ResourceStatuses& statuses,
              const std::map<std::string, Withheld>& withheld,
              const std::map<std::string, Stuck>& stuck,
              const Report& report,
              const std::vector<Record>& records,
              const Memory& memory,
              const Catalogue& catalogue,
              WallTime now)
{
    for (const ActionResult& result : report.results) {
        const auto it = statuses.find(result.address);
        if (it == statuses.end())
            continue;
        conclude_one(it->second, result, now);
        const bool gone = result.verb == Verb::remove || result.verb == Verb::forget;
        if (gone && result.outcome == Outcome::done)
            statuses.erase(it);
    }
    for (const Record& record : records)
        if (const auto it = statuses.find(record.address); it != statuses.end()) {
            if (!record.uid.empty())
                it->second.uid = record.uid;
            check_deadline(it->second, record, catalogue, now);
        }
    for (const auto& [address, why] : withheld) {
        const auto it = statuses.find(address);
        if (it == statuses.end())
            continue;
        it->second.condition = is_final(why.reason) ? Health::stalled : Health::reconciling;
        it->second.reason = why.reason;
        it->second.message = why.message;
        it->second.blocked_by = why.blocked_by;
        it->second.next_attempt = why.until;
    }
    for (const auto& [address, what] : stuck)
        if (const auto it = statuses.find(address); it != statuses.end()) {
            it->second.condition = Health::stalled;
            it->second.reason = what.reason;
            std::string fields;
            for (const std::string& field : what.fields)
                fields += (fields.empty() ? "" : ", ") + field;
            if (!withheld.contains(address))
                it->second.message = "left alone: " + fields;
        }
    for (const auto& [address, failure] : memory.failures)
        if (const auto it = statuses.find(address); it != statuses.end()) {
            it->second.failures = failure.count;
            it->second.last_error = failure.error;
            if (failure.next > now)
                it->second.next_attempt = failure.next;
        }
    tell_suspended(statuses, memory, now);
}

std::size_t count_waiting(const std::vector<Record>& records, const std::set<std::string>& acted_on)
{
    const auto count = std::ranges::count_if(records, [&](const Record& record) {
        return !record.waiting.empty() && acted_on.contains(record.address);
    });
    return static_cast<std::size_t>(count);
}

std::size_t count_going(const Memory& memory,
                        const std::map<std::string, Withheld>& withheld,
                        const std::set<std::string>& acted_on)
{
    const auto count = std::ranges::count_if(memory.going, [&](const auto& entry) {
        const auto it = withheld.find(entry.first);
        return acted_on.contains(entry.first) ||
               (it != withheld.end() && it->second.reason == "going");
    });
    return static_cast<std::size_t>(count);
}

bool may_go(const ResourceStatuses& statuses, const std::string& address)
{
    const auto it = statuses.find(address);
    return it != statuses.end() &&
           (it->second.verb == name_of(Verb::remove) || it->second.verb == name_of(Verb::replace) ||
            it->second.verb == name_of(Verb::blocked));
}

void keep_since(ResourceStatuses& statuses, const ResourceStatuses& before)
{
    for (auto& [address, status] : statuses)
        if (const auto it = before.find(address);
            it != before.end() && it->second.condition == status.condition)
            status.since = it->second.since;
}

} // namespace trueup

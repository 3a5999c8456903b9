#include "reconciler/daemon/status_json.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace trueup {

namespace {

// Takes members out of a map by name; what is absent or of another type is as if it were empty.
class Reader {
public:
    explicit Reader(const Value& value) : map_(value.if_map()) {}

    const Value* find(std::string_view name) const
    {
        return map_ != nullptr ? map_->find(name) : nullptr;
    }
    std::string text(std::string_view name) const
    {
        const Value* value = find(name);
        return value != nullptr ? value->string_or_empty() : std::string();
    }
    bool flag(std::string_view name) const
    {
        const Value* value = find(name);
        const bool* flag = value != nullptr ? value->if_bool() : nullptr;
        return flag != nullptr && *flag;
    }
    std::int64_t number(std::string_view name) const
    {
        const Value* value = find(name);
        const std::int64_t* number = value != nullptr ? value->if_integer() : nullptr;
        return number != nullptr ? *number : 0;
    }
    std::size_t count(std::string_view name) const
    {
        return static_cast<std::size_t>(std::max<std::int64_t>(number(name), 0));
    }
    std::optional<WallTime> maybe_time(std::string_view name) const
    {
        const auto time = parse_time(text(name));
        return time ? std::optional<WallTime>(*time) : std::nullopt;
    }
    WallTime time(std::string_view name) const { return maybe_time(name).value_or(WallTime()); }
    std::map<std::string, std::size_t> counts(std::string_view name) const
    {
        std::map<std::string, std::size_t> found;
        const Value* value = find(name);
        const Map* map = value != nullptr ? value->if_map() : nullptr;
        if (map == nullptr)
            return found;
        for (const auto& [key, entry] : *map)
            if (const std::int64_t* n = entry.if_integer(); n != nullptr && *n >= 0)
                found[key] = static_cast<std::size_t>(*n);
        return found;
    }
    std::optional<Value> maybe(std::string_view name) const
    {
        const Value* value = find(name);
        return value != nullptr ? std::optional<Value>(*value) : std::nullopt;
    }

private:
    const Map* map_;
};

// The enumerator of `all` with this name, or the first.
template <class Enum, std::size_t size>
Enum by_name(const std::array<Enum, size>& all, const std::string& name)
{
    const auto found = std::ranges::find_if(all, [&](Enum each) { return name_of(each) == name; });
    return found != all.end() ? *found : all.front();
}

FieldChange read_change(const Value& value)
{
    static constexpr std::array ops{ChangeOp::change, ChangeOp::add, ChangeOp::remove};
    static constexpr std::array causes{Cause::fresh, Cause::declared, Cause::drifted, Cause::both};
    const Reader in(value);
    FieldChange change;
    change.path = in.text("path");
    change.op = by_name(ops, in.text("op"));
    change.cause = by_name(causes, in.text("cause"));
    change.needs_replace = in.flag("forces_replace");
    change.sensitive = in.flag("sensitive");
    change.before = in.maybe("before");
    change.after = in.maybe("after");
    if (const std::string waits = in.text("after_unknown"); !waits.empty()) {
        Unknown unknown;
        unknown.target = waits;
        change.after = Value(std::move(unknown));
    }
    if (change.sensitive) {
        // Which of the two was there is all that may be told.
        if (change.op != ChangeOp::add)
            change.before = Value();
        if (change.op != ChangeOp::remove)
            change.after = Value();
    }
    change.origin.line = static_cast<std::uint32_t>(in.count("line"));
    change.origin.column = static_cast<std::uint32_t>(in.count("column"));
    return change;
}

RoundStatus read_round(const Value& value)
{
    const Reader in(value);
    RoundStatus round;
    round.plan_id = in.text("plan_id");
    round.trigger = in.text("trigger");
    round.revision = in.text("revision");
    round.begun = in.time("begun");
    round.ended = in.time("ended");
    round.result = in.text("result");
    round.error = in.text("error");
    round.counts = in.counts("counts");
    round.api_requests = in.count("api_requests");
    return round;
}

PendingApproval read_approval(const Value& value)
{
    const Reader in(value);
    PendingApproval approval;
    approval.digest = in.text("digest");
    approval.plan = in.text("plan");
    approval.revision = in.text("revision");
    approval.since = in.time("since");
    approval.expires = in.time("expires");
    approval.counts = in.counts("counts");
    return approval;
}

std::map<std::string, double> read_tokens(const Value* value)
{
    std::map<std::string, double> tokens;
    const Map* map = value != nullptr ? value->if_map() : nullptr;
    if (map == nullptr)
        return tokens;
    for (const auto& [group, left] : *map) {
        double number = 0;
        if (const Decimal* decimal = left.if_decimal())
            std::from_chars(
                decimal->text.data(), decimal->text.data() + decimal->text.size(), number);
        else if (const std::int64_t* whole = left.if_integer())
            number = static_cast<double>(*whole);
        tokens[group] = number;
    }
    return tokens;
}

GitStatus read_git(const Value& value)
{
    const Reader in(value);
    GitStatus git;
    git.url = in.text("url");
    git.ref = in.text("ref");
    git.commit = in.text("commit");
    git.last_success = in.maybe_time("last_success");
    git.problem = in.text("problem");
    git.error = in.text("error");
    git.looks = in.count("looks");
    git.failures = in.count("failures");
    git.rewrites = in.count("rewrites");
    return git;
}

} // namespace

std::vector<Value> items_of(const Value& value, std::string_view name)
{
    const Value* found = value.if_map() != nullptr ? value.if_map()->find(name) : nullptr;
    const List* list = found != nullptr ? found->if_list() : nullptr;
    return list != nullptr ? *list : List();
}

DaemonStatus read_status(const Value& value)
{
    static constexpr std::array modes{RunMode::automatic, RunMode::approve, RunMode::dry_run};
    const Reader in(value);
    DaemonStatus status;
    status.version = in.text("version");
    status.owner = in.text("owner");
    status.endpoint = in.text("endpoint");
    status.mode = by_name(modes, in.text("mode"));
    status.started = in.time("started");
    status.revision = in.text("revision");
    status.manifests = in.count("manifests");
    for (const Value& item : items_of(value, "broken")) {
        const Reader entry(item);
        BrokenFile broken;
        broken.file = entry.text("file");
        broken.error = entry.text("error");
        broken.last_good = entry.flag("last_good");
        status.broken.push_back(std::move(broken));
    }
    status.deletes_blocked = in.flag("deletes_blocked");
    status.deletes_blocked_why = in.text("deletes_blocked_why");
    status.conditions = in.counts("conditions");
    if (const Value* round = in.find("last_round"))
        status.last_round = read_round(*round);
    status.last_success = in.maybe_time("last_success");
    status.next_round = in.maybe_time("next_round");
    status.in_round = in.flag("in_round");
    if (const Value* approval = in.find("approval"))
        status.approval = read_approval(*approval);
    for (const Value& item : items_of(value, "suspensions")) {
        const Reader entry(item);
        Suspension suspension;
        suspension.target = entry.text("target");
        suspension.reason = entry.text("reason");
        suspension.by = entry.text("by");
        suspension.since = entry.time("since");
        suspension.until = entry.maybe_time("until");
        status.suspensions.push_back(std::move(suspension));
    }
    status.freeze = in.text("freeze");
    status.breaker = in.text("breaker");
    status.rate_tokens = read_tokens(in.find("rate_tokens"));
    if (const Value* git = in.find("git"))
        status.git = read_git(*git);
    return status;
}

ResourceStatus read_resource(const Value& value)
{
    static constexpr std::array conditions{Health::stalled, Health::ready, Health::reconciling};
    const Reader in(value);
    ResourceStatus resource;
    resource.address = in.text("address");
    resource.condition = by_name(conditions, in.text("condition"));
    resource.reason = in.text("reason");
    resource.message = in.text("message");
    resource.since = in.time("since");
    resource.uid = in.text("uid");
    resource.file = in.text("file");
    resource.line = in.count("line");
    resource.revision = in.text("revision");
    resource.verb = in.text("verb");
    for (const Value& item : items_of(value, "changes"))
        resource.changes.push_back(read_change(item));
    resource.blocked_by = in.text("blocked_by");
    resource.failures = in.count("failures");
    resource.last_error = in.text("last_error");
    resource.last_success = in.maybe_time("last_success");
    resource.last_attempt = in.maybe_time("last_attempt");
    resource.next_attempt = in.maybe_time("next_attempt");
    resource.drifted_since = in.maybe_time("drifted_since");
    return resource;
}

AuditRecord read_audit(const Value& value)
{
    const Reader in(value);
    AuditRecord record;
    record.at = in.text("at");
    record.address = in.text("address");
    record.verb = in.text("verb");
    record.route = in.text("call");
    record.outcome = in.text("outcome");
    record.status = static_cast<int>(in.number("status"));
    record.audit_uid = in.text("audit_uid");
    record.plan_id = in.text("plan_id");
    record.detail = in.text("detail");
    record.revision = in.text("revision");
    record.attempt = static_cast<int>(in.number("attempt"));
    record.latency_ms = in.number("ms");
    record.error = in.text("error");
    return record;
}

} // namespace trueup

#include "reconciler/daemon/status_json.hpp"

#include <array>
#include <charconv>

namespace trueup {

namespace {

// A map in the making: what is empty is left out.
class Writer {
public:
    Writer& text(std::string name, const std::string& value)
    {
        if (!value.empty())
            map_.set(std::move(name), value);
        return *this;
    }
    Writer& flag(std::string name, bool value)
    {
        map_.set(std::move(name), value);
        return *this;
    }
    Writer& count(std::string name, std::size_t value)
    {
        map_.set(std::move(name), static_cast<std::int64_t>(value));
        return *this;
    }
    Writer& time(std::string name, WallTime value)
    {
        if (value != WallTime())
            map_.set(std::move(name), format_time(value));
        return *this;
    }
    Writer& time(std::string name, const std::optional<WallTime>& value)
    {
        return time(std::move(name), value.value_or(WallTime()));
    }
    Writer& counts(std::string name, const std::map<std::string, std::size_t>& values)
    {
        Map inner;
        for (const auto& [key, value] : values)
            inner.set(key, static_cast<std::int64_t>(value));
        map_.set(std::move(name), std::move(inner));
        return *this;
    }
    Writer& value(std::string name, Value value)
    {
        map_.set(std::move(name), std::move(value));
        return *this;
    }
    Value done() { return std::move(map_); }

private:
    Map map_;
};

// Two digits after the point are plenty for what is left of a rate.
Value decimal(double number)
{
    std::array<char, 64> text{};
    const auto [end, failure] =
        std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed, 2);
    if (failure != std::errc{})
        return 0;
    return Decimal(std::string(text.data(), end));
}

// Unknown and secret values have words of their own; what is inside of others is redacted by the
// codec.
Value change_value(const FieldChange& change)
{
    Writer out;
    out.text("path", change.path)
        .text("op", std::string(name_of(change.op)))
        .text("cause", std::string(name_of(change.cause)));
    if (change.needs_replace)
        out.flag("forces_replace", true);
    if (change.sensitive) {
        out.flag("sensitive", true);
    } else {
        if (change.before)
            out.value("before", *change.before);
        if (change.after && change.after->is_unknown())
            out.text("after_unknown", change.after->if_unknown()->text());
        else if (change.after)
            out.value("after", *change.after);
    }
    if (change.origin.line != 0)
        out.count("line", change.origin.line).count("column", change.origin.column);
    return out.done();
}

Value round_value(const RoundStatus& round)
{
    Writer out;
    out.text("plan_id", round.plan_id)
        .text("trigger", round.trigger)
        .text("revision", round.revision)
        .time("begun", round.begun)
        .time("ended", round.ended)
        .text("result", round.result)
        .text("error", round.error)
        .counts("counts", round.counts)
        .count("api_requests", round.api_requests);
    return out.done();
}

Value approval_value(const PendingApproval& approval)
{
    Writer out;
    out.text("digest", approval.digest)
        .text("plan", approval.plan)
        .text("revision", approval.revision)
        .time("since", approval.since)
        .time("expires", approval.expires)
        .counts("counts", approval.counts);
    return out.done();
}

Value broken_value(const BrokenFile& broken)
{
    Writer out;
    out.text("file", broken.file).text("error", broken.error).flag("last_good", broken.last_good);
    return out.done();
}

Value git_value(const GitStatus& git)
{
    Writer out;
    out.text("url", git.url)
        .text("ref", git.ref)
        .text("commit", git.commit)
        .time("last_success", git.last_success)
        .text("problem", git.problem)
        .text("error", git.error)
        .count("looks", git.looks)
        .count("failures", git.failures)
        .count("rewrites", git.rewrites);
    return out.done();
}

template <class Item, class Convert>
List list_of(const std::vector<Item>& items, Convert convert)
{
    List list;
    list.reserve(items.size());
    for (const Item& item : items)
        list.push_back(convert(item));
    return list;
}

} // namespace

Value suspension_value(const Suspension& suspension)
{
    Writer out;
    out.value("target", suspension.target)
        .text("reason", suspension.reason)
        .text("by", suspension.by)
        .time("since", suspension.since)
        .time("until", suspension.until);
    return out.done();
}

Value status_value(const DaemonStatus& status)
{
    Writer out;
    out.text("version", status.version)
        .text("owner", status.owner)
        .text("endpoint", status.endpoint)
        .text("mode", std::string(name_of(status.mode)))
        .time("started", status.started)
        .text("revision", status.revision)
        .count("manifests", status.manifests)
        .value("broken", list_of(status.broken, broken_value))
        .flag("deletes_blocked", status.deletes_blocked)
        .text("deletes_blocked_why", status.deletes_blocked_why)
        .counts("conditions", status.conditions)
        .time("last_success", status.last_success)
        .time("next_round", status.next_round)
        .flag("in_round", status.in_round)
        .value("suspensions", list_of(status.suspensions, suspension_value))
        .text("freeze", status.freeze)
        .text("breaker", status.breaker);
    if (status.last_round)
        out.value("last_round", round_value(*status.last_round));
    if (status.approval)
        out.value("approval", approval_value(*status.approval));
    if (status.git)
        out.value("git", git_value(*status.git));
    Map tokens;
    for (const auto& [group, left] : status.rate_tokens)
        tokens.set(group, decimal(left));
    out.value("rate_tokens", std::move(tokens));
    return out.done();
}

Value resource_value(const ResourceStatus& resource)
{
    Writer out;
    out.text("address", resource.address)
        .text("condition", std::string(name_of(resource.condition)))
        .text("reason", resource.reason)
        .text("message", resource.message)
        .time("since", resource.since)
        .text("uid", resource.uid)
        .text("file", resource.file)
        .text("revision", resource.revision)
        .text("verb", resource.verb)
        .value("changes", list_of(resource.changes, change_value))
        .text("blocked_by", resource.blocked_by)
        .count("failures", resource.failures)
        .text("last_error", resource.last_error)
        .time("last_success", resource.last_success)
        .time("last_attempt", resource.last_attempt)
        .time("next_attempt", resource.next_attempt)
        .time("drifted_since", resource.drifted_since);
    if (resource.line != 0)
        out.count("line", resource.line);
    return out.done();
}

Value audit_value(const AuditRecord& record)
{
    Writer out;
    out.text("at", record.at)
        .text("address", record.address)
        .text("verb", record.verb)
        .text("call", record.route)
        .text("outcome", record.outcome)
        .text("audit_uid", record.audit_uid)
        .text("plan_id", record.plan_id)
        .text("revision", record.revision)
        .text("error", record.error)
        .text("detail", record.detail);
    if (record.status != 0)
        out.value("status", record.status);
    if (record.attempt != 0) {
        out.value("attempt", record.attempt);
        out.value("ms", record.latency_ms);
    }
    return out.done();
}

} // namespace trueup

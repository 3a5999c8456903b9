#include "reconciler/daemon/gate.hpp"

#include <algorithm>

namespace trueup {

namespace {

WallTime later(WallTime from, Duration by)
{
    return from + std::chrono::ceil<std::chrono::milliseconds>(by);
}

class Gate {
public:
    Gate(const Memory& memory, const RunConfig& config, const GateInput& input)
        : memory_(memory), config_(config), input_(input)
    {
    }

    Gated run(std::vector<Action> actions)
    {
        for (Action& action : actions) {
            const std::string address = action.address.text();
            std::optional<Withheld> why;
            if (changes_something(action))
                why = judge(action);
            if (why) {
                gated_.withheld.emplace(address, std::move(*why));
                continue;
            }
            gated_.actions.push_back(std::move(action));
        }
        return std::move(gated_);
    }

private:
    std::optional<Withheld> judge(Action& action);
    std::optional<Withheld> dependency(const Action& action) const;
    std::optional<Withheld> suspended(const Action& action) const;
    std::optional<Withheld> backing_off(const Action& action) const;
    std::optional<Withheld> grace(const Action& action);
    std::optional<Withheld> going(const Action& action) const;

    const Memory& memory_;
    const RunConfig& config_;
    const GateInput& input_;
    Gated gated_;
};

std::optional<Withheld> Gate::judge(Action& action)
{
    const bool removes = action.verb == Verb::remove || action.verb == Verb::forget;
    // Also of a delete that may not run: the grace period begins when it is first planned.
    std::optional<Withheld> waits = grace(action);
    if (auto why = suspended(action))
        return why;
    if (removes && !input_.deletes_blocked.empty())
        return Withheld("deletes_blocked", input_.deletes_blocked);
    if (removes && input_.unaccounted.contains(action.address.text()))
        return Withheld("deletes_blocked",
                        "it was declared before something became unreadable, and may be in that");
    const auto writes = memory_.writes.find(action.address.text());
    if (writes != memory_.writes.end())
        if (auto stuck = leave_stuck_fields(action, writes->second, config_)) {
            Withheld why(stuck->reason, action.message);
            gated_.stuck.emplace(action.address.text(), std::move(*stuck));
            if (action.verb == Verb::blocked)
                return why;
        }
    if (auto why = backing_off(action))
        return why;
    if (auto why = going(action))
        return why;
    if (waits)
        return waits;
    return dependency(action);
}

std::optional<Withheld> Gate::dependency(const Action& action) const
{
    for (const std::string& before : action.depends_on) {
        if (!gated_.withheld.contains(before))
            continue;
        // What an update leaves as it is exists, and can be relied on as before.
        if (gated_.withheld.at(before).reason == "not_converging" ||
            gated_.withheld.at(before).reason == "second_writer")
            if (gated_.stuck.contains(before) && gated_.stuck.at(before).fields.front() != "")
                continue;
        Withheld why("dependency", "it waits for " + before);
        why.blocked_by = before;
        return why;
    }
    return std::nullopt;
}

std::optional<Withheld> Gate::suspended(const Action& action) const
{
    const Suspension* found = suspension_of(memory_, action.address, input_.now);
    if (found == nullptr)
        return std::nullopt;
    Withheld why("suspended", text_of(*found));
    why.blocked_by = found->by;
    why.until = found->until;
    return why;
}

std::optional<Withheld> Gate::backing_off(const Action& action) const
{
    const auto it = memory_.failures.find(action.address.text());
    if (it == memory_.failures.end() || input_.ignore_backoff || it->second.next <= input_.now ||
        it->second.manifest_digest != action.manifest_digest)
        return std::nullopt;
    Withheld why("backing_off",
                 "it failed " + std::to_string(it->second.count) +
                     (it->second.count == 1 ? " time" : " times in a row") +
                     " and is tried again at " + format_time(it->second.next));
    why.until = it->second.next;
    return why;
}

// It was asked to go, and its kind takes time for that: it is not asked again in each round.
std::optional<Withheld> Gate::going(const Action& action) const
{
    if (action.verb != Verb::remove && action.verb != Verb::replace)
        return std::nullopt;
    const auto it = memory_.going.find(action.address.text());
    if (it == memory_.going.end() || it->second.uid != action.uid || action.kind == nullptr)
        return std::nullopt;
    const WallTime due = later(it->second.since, action.kind->gone_within);
    if (due <= input_.now)
        return std::nullopt;
    Withheld why("going",
                 "it was asked to go at " + format_time(it->second.since) +
                     ", and is not gone yet; it is asked again at " + format_time(due));
    why.until = due;
    return why;
}

std::optional<Withheld> Gate::grace(const Action& action)
{
    if (action.verb != Verb::remove || config_.grace == Duration::zero())
        return std::nullopt;
    Tombstone tombstone;
    tombstone.uid = action.uid;
    tombstone.since = input_.now;
    const auto it = memory_.tombstones.find(action.address.text());
    if (it != memory_.tombstones.end() && it->second.uid == action.uid)
        tombstone = it->second;
    gated_.tombstones[action.address.text()] = tombstone;
    const WallTime due = later(tombstone.since, config_.grace);
    if (due <= input_.now)
        return std::nullopt;
    Withheld why("grace_period",
                 "it is no longer declared and is deleted at " + format_time(due) +
                     "; restore its manifest to keep it");
    why.until = due;
    return why;
}

} // namespace

bool Gated::has_work() const
{
    return std::ranges::any_of(actions, changes_something);
}

std::string text_of(const Suspension& suspension)
{
    return "suspended by " + suspension.by +
           (suspension.reason.empty() ? std::string() : ": " + suspension.reason);
}

const Suspension* suspension_of(const Memory& memory, const Address& address, WallTime now)
{
    const auto find = [&](const std::string& target) -> const Suspension* {
        const auto it = memory.suspensions.find(target);
        if (it == memory.suspensions.end() || (it->second.until && *it->second.until <= now))
            return nullptr;
        return &it->second;
    };
    if (const Suspension* all = find(""))
        return all;
    if (address.project())
        if (const Suspension* project = find("project:" + *address.project()))
            return project;
    return find(address.text());
}

bool changes_something(const Action& action)
{
    return action.verb != Verb::no_op && action.verb != Verb::blocked &&
           action.verb != Verb::waiting;
}

Gated gate(std::vector<Action> actions,
           const Memory& memory,
           const RunConfig& config,
           const GateInput& input)
{
    return Gate(memory, config, input).run(std::move(actions));
}

} // namespace trueup

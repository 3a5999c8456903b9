// A Writer's updates, and the calls that they share with creates.

#include "api/rest/codec.hpp"
#include "reconciler/engine/writer.hpp"
#include "state/model/json.hpp"
#include "state/model/mutation.hpp"

#include <algorithm>

namespace trueup {

namespace {

constexpr int update_rounds_max = 3; // re-reads of one update whose answers were lost

// As a text: of what is hidden from both of two changes, nobody can say that it is another.
std::string text_before(const FieldChange& change)
{
    return change.before ? json::write(*change.before) : std::string();
}

// Whether `rest`, what is left to be done after a call whose answer was lost, is what was planned
// or a part of it: else somebody changed the object meanwhile.
bool is_left_of(const std::vector<FieldChange>& rest, const std::vector<FieldChange>& planned)
{
    return std::ranges::all_of(rest, [&](const FieldChange& change) {
        return std::ranges::any_of(planned, [&](const FieldChange& before) {
            return before.path == change.path && text_before(before) == text_before(change);
        });
    });
}

bool is_step(const Kind& kind, const WriteCall& call)
{
    return std::ranges::any_of(kind.facets, [&](const Facet& facet) {
        return std::ranges::any_of(facet.then,
                                   [&](const Operation& step) { return &step == call.operation; });
    });
}

bool is_same_call(const WriteCall& a, const WriteCall& b)
{
    return a.operation == b.operation && identical(a.body, b.body);
}

} // namespace

bool has_steps(const Kind& kind)
{
    return kind.create && !kind.create->then.empty() &&
           std::ranges::any_of(kind.facets, [](const Facet& facet) { return !facet.then.empty(); });
}

std::string Writer::kept_otherwise(const std::vector<std::string>& paths)
{
    std::string text = "the API keeps other values than were written: ";
    for (const std::string& path : paths)
        text += (&path == &paths.front() ? "" : ", ") + path;
    return text;
}

Task<Result<void>> Writer::write_all(const Action& action,
                                     std::vector<WriteCall> calls,
                                     Comparison* comparison,
                                     bool* owes)
{
    if (calls.empty())
        co_return Result<void>{};
    const std::string uid = calls.front().uid;
    Comparison later;
    later.at = engine_.clock.now();
    later.again = [this, &action, &uid] { return still_ours(action, uid); };
    if (comparison == nullptr)
        comparison = &later;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        WriteCall& call = calls[i];
        const std::string route = call.operation->route();
        // What is left undone further on, a later plan sees, and its steps with it.
        const bool precedes_step = i + 1 < calls.size() && is_step(*action.kind, calls[i + 1]);
        const bool is_owed = is_step(*action.kind, call);
        CallContext where = context(action);
        if (mutated(Mutation::audit_before_effect)) {
            Batch early;
            CallAttempt claimed;
            claimed.status = 200;
            claimed.audit_uid = "early" + call.uid;
            early.audit.push_back(audit_of(action, route, claimed));
            auto stored = co_await engine_.store.commit(std::move(early));
            if (!stored)
                co_return stored.error();
        }
        std::vector<CallAttempt> attempts;
        where.attempts = &attempts;
        where.comparison = comparison;
        auto written =
            co_await engine_.provider.write(*action.kind, std::move(call), std::move(where));
        comparison = &later;
        if (owes != nullptr && written)
            *owes = precedes_step;
        if (owes != nullptr && !written && written.error().effect == Effect::unknown)
            *owes = precedes_step || is_owed;
        std::vector<AuditRecord> lines = audit_of(action, route, attempts);
        if (!written) {
            co_await audit_failure(std::move(lines));
            co_return written.error();
        }
        Batch batch;
        if (mutated(Mutation::audit_twice))
            batch.audit = lines;
        if (!mutated(Mutation::audit_before_effect) && !mutated(Mutation::audit_nothing))
            batch.audit.insert(batch.audit.end(), lines.begin(), lines.end());
        batch.must_be_durable = false;
        auto stored = co_await engine_.store.commit(std::move(batch));
        if (!stored)
            co_return stored.error();
    }
    co_return Result<void>{};
}

Result<void> Writer::not_taken_over(const Action& action, const Observed& object) const
{
    if (object.mark && object.mark->owner != engine_.owner_id)
        return Error{Errc::conflict,
                     "the owner " + object.mark->owner + " has taken it over",
                     action.address.text(),
                     "plan again"};
    return {};
}

// Whether no other owner has taken the object over. What reads do not show yet may be ours.
Task<Result<void>> Writer::still_ours(const Action& action, std::string uid)
{
    CallContext where = context(action);
    auto fresh = co_await engine_.provider.read(
        *action.kind, action.scope, std::move(uid), std::move(where));
    if (!fresh)
        co_return fresh.error();
    if (!*fresh)
        co_return Result<void>{};
    auto ours = not_taken_over(action, **fresh);
    co_return ours;
}

Task<Result<Settled>> Writer::update(Action action)
{
    std::string intent_id;
    bool owes_steps = false;
    for (int round = 1; round <= update_rounds_max; ++round) {
        if (round == 2 && intent_id.empty())
            break;
        if (intent_id.empty()) {
            std::optional<Memo> nothing;
            auto intent = co_await open_intent(action, "update", std::move(nothing));
            if (!intent)
                co_return intent.error();
            intent_id = *intent;
        }
        auto written = co_await update_once(action, round == 1, intent_id, owes_steps);
        const bool lost = !written && written.error().effect == Effect::unknown;
        if (lost && round < update_rounds_max)
            continue;
        if (written) {
            auto settled = co_await updated(action);
            co_return settled;
        }
        // No later plan would see that the steps of what was written are missing.
        if (!lost && !owes_steps) {
            auto closed = co_await close_intent(action, intent_id, "failed");
            static_cast<void>(closed.has_value());
        }
        co_return written.error();
    }
    co_return Error{Errc::internal, "an update ended without an outcome", action.address.text()};
}

// Writes what differs and records that: what comes after is for `updated`. `owes_steps`: an earlier
// try may have taken effect, and its steps were not made; set when that is so of this one.
Task<Result<void>>
Writer::update_once(const Action& action, bool check_pin, std::string intent_id, bool& owes_steps)
{
    const Kind& kind = *action.kind;
    Comparison comparison;
    comparison.at = engine_.clock.now();
    const Mark mark(engine_.owner_id, address_mark(action.address));
    std::string uid = action.uid;
    CallContext where = context(action);
    auto fresh =
        co_await engine_.provider.read(kind, action.scope, std::move(uid), std::move(where));
    if (!fresh)
        co_return fresh.error();
    if (!*fresh)
        co_return Error{
            Errc::conflict, "it is gone since it was planned", action.address.text(), "plan again"};
    // The pin does not speak of marks.
    if (auto ours = not_taken_over(action, **fresh); !ours)
        co_return ours.error();
    const Value* last = action.last ? &*action.last->last_applied : nullptr;
    // Without a pin: a singleton of a project that did not exist when it was planned.
    if (check_pin && !action.pin.empty() && !mutated(Mutation::ignore_pin) &&
        !is_as_planned(action, (*fresh)->value))
        co_return Error{
            Errc::conflict, "it changed since it was planned", action.address.text(), "plan again"};
    Diff diff =
        make_diff(kind, action.desired, &(*fresh)->value, last, action.lifecycle.ignore_changes);
    if (!check_pin && !action.pin.empty() && !mutated(Mutation::ignore_pin) &&
        !is_left_of(diff.changes, action.changes)) {
        owes_steps = false; // what is there now is not what we wrote
        co_return Error{Errc::conflict,
                        "it changed after a write of it whose answer was lost",
                        action.address.text(),
                        "plan again"};
    }
    if (!diff.changes.empty()) {
        auto calls =
            encode_update(kind, action.scope, **fresh, action.desired, paths_of(diff), mark);
        if (!calls)
            co_return calls.error();
        std::vector<WriteCall> prepared = std::move(*calls);
        const bool makes_steps = !prepared.empty() && is_step(kind, prepared.back());
        bool leaves_steps = false;
        comparison.again = [this, &action, &diff, &fresh] {
            return still_to_be_updated(action, diff, **fresh);
        };
        auto written = co_await write_all(action, std::move(prepared), &comparison, &leaves_steps);
        owes_steps = leaves_steps || (owes_steps && !(written && makes_steps));
        if (!written)
            co_return written.error();
    }
    if (owes_steps) {
        auto made = co_await run_steps(action, kind.create->then, action.uid);
        if (!made)
            co_return made.error();
        owes_steps = false;
    }
    Batch batch;
    batch.put.push_back(written_record_of(action, action.uid));
    batch.close.push_back(intent_id);
    batch.must_be_durable = false;
    auto stored = co_await engine_.store.commit(std::move(batch));
    co_return stored;
}

// Whether what is there now wants nothing but `planned`, or a part of it, and the same calls as
// `before` did: what the API replaces as a whole holds what we do not manage too.
Task<Result<void>>
Writer::still_to_be_updated(const Action& action, const Diff& planned, const Observed& before)
{
    const Kind& kind = *action.kind;
    const Mark mark(engine_.owner_id, address_mark(action.address));
    std::string uid = action.uid;
    CallContext where = context(action);
    auto fresh =
        co_await engine_.provider.read(kind, action.scope, std::move(uid), std::move(where));
    if (!fresh)
        co_return fresh.error();
    const Error changed(
        Errc::conflict, "it changed since it was planned", action.address.text(), "plan again");
    if (!*fresh || ((*fresh)->mark && (*fresh)->mark->owner != engine_.owner_id))
        co_return changed;
    const Value* last = action.last ? &*action.last->last_applied : nullptr;
    const Diff rest =
        make_diff(kind, action.desired, &(*fresh)->value, last, action.lifecycle.ignore_changes);
    if (!action.pin.empty() && !is_left_of(rest.changes, planned.changes))
        co_return changed;
    const auto then =
        encode_update(kind, action.scope, before, action.desired, paths_of(planned), mark);
    const auto now =
        encode_update(kind, action.scope, **fresh, action.desired, paths_of(planned), mark);
    if (!then || !now || !std::ranges::equal(*then, *now, is_same_call))
        co_return changed;
    co_return Result<void>{};
}

// What the update has come to: what the API kept of it, and whether it is ready once it was
// started.
Task<Result<Settled>> Writer::updated(const Action& action)
{
    const Kind& kind = *action.kind;
    if (mutated(Mutation::skip_read_back)) {
        Settled unseen;
        unseen.uid = action.uid;
        co_return unseen;
    }
    std::string again = action.uid;
    CallContext reading = context(action);
    auto after =
        co_await engine_.provider.read(kind, action.scope, std::move(again), std::move(reading));
    if (!after)
        co_return after.error();
    Settled settled;
    settled.uid = action.uid;
    if (*after) {
        settled.observed = (*after)->value;
        const Diff rest = make_diff(kind,
                                    action.desired,
                                    &(*after)->value,
                                    &*action.desired,
                                    action.lifecycle.ignore_changes);
        if (!rest.changes.empty()) {
            settled.not_kept = paths_of(rest);
            settled.note = kept_otherwise(settled.not_kept);
            note(action, Level::warning, settled.note);
        }
    }
    auto started = co_await start(action, action.uid);
    if (!started)
        co_return started.error();
    auto ready = co_await wait_until_ready(action, action.uid);
    if (!ready)
        co_return ready.error();
    settled.waiting = *ready;
    co_return settled;
}

} // namespace trueup

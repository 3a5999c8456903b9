// The rest of a Writer's work: deletes, what needs no call, and waiting for readiness.

#include "api/rest/codec.hpp"
#include "reconciler/engine/contents.hpp"
#include "reconciler/engine/keepsakes.hpp"
#include "reconciler/engine/unseen.hpp"
#include "reconciler/engine/writer.hpp"
#include "state/model/mutation.hpp"

#include <algorithm>

namespace trueup {

namespace {

constexpr int deletes_max = 3; // tries of one delete, each after having looked
constexpr std::size_t polls_max = 100'000;
constexpr Duration pause_slice = std::chrono::seconds(1); // how late a wish to stop is noticed

// Whether a singleton has the values already that its deletion gives it.
bool shows_reset(const Kind& kind, const Value& value)
{
    return kind.reset_to && make_diff(kind, *kind.reset_to, &value, nullptr, {}).changes.empty();
}

// What a delete may find in its try number `round`: what was planned on, or what stays when it is
// done. Of entries some may be gone after the first try, and nobody can tell by whom.
Writer::Expected expected_in(const Kind& kind, const Writer::Expected& expected, int round)
{
    if (kind.when_deleted == WhenDeleted::entries && round > 1)
        return [](const Observed&) { return true; };
    return [&kind, &expected](const Observed& object) {
        return expected(object) || shows_reset(kind, object.value);
    };
}

// After it was removed its address belongs to the one that took its place.
bool leaves_new_one(const Action& action)
{
    return action.verb == Verb::replace && action.lifecycle.replace != Replacement::delete_first;
}

} // namespace

// ---- delete
// ---------------------------------------------------------------------------------------

Task<Result<Settled>> Writer::remove(Action action)
{
    Expected as_planned = [action](const Observed& object) {
        return is_as_planned(action, object.value);
    };
    auto removed = co_await remove_object(std::move(action), std::move(as_planned));
    co_return removed;
}

// Whether `object`, just read, is the one that is to be deleted, and ours.
Result<void> Writer::still_to_be_deleted(const Action& action,
                                         const Observed& object,
                                         const Expected& expected) const
{
    if (!mutated(Mutation::delete_what_changed) && !expected(object))
        return Error{
            Errc::conflict, "it changed since it was planned", action.address.text(), "plan again"};
    const Mark mark(engine_.owner_id, address_mark(action.address));
    if (object.mark && *object.mark != mark && !mutated(Mutation::delete_others))
        return Error{Errc::refused,
                     "it carries the mark of another owner or address",
                     action.address.text()};
    return {};
}

// Whether a container has become empty: what it held was deleted before it, which can have taken
// long, and what came meanwhile would go with it.
Task<Result<void>> Writer::still_empty(const Action& action)
{
    if (!action.kind->container)
        co_return Result<void>{};
    Inventory inventory(engine_.catalogue, engine_.provider);
    Container container;
    container.kind = action.kind;
    container.address = action.address;
    container.scope = action.scope;
    container.uid = action.uid;
    const auto contents = co_await inventory.contents_of(std::move(container));
    if (!contents)
        co_return Error{Errc::conflict,
                        "what it holds by now is not known",
                        action.address.text(),
                        "plan again"};
    if (!contents->empty())
        co_return Error{Errc::conflict,
                        "it still holds " + contents->front().address +
                            (contents->size() > 1 ? " and more" : ""),
                        action.address.text(),
                        "plan again"};
    co_return Result<void>{};
}

// Both of the object as it is now. Fails with not_found when it is gone.
Task<Result<void>> Writer::look_again(const Action& action, const Expected& expected)
{
    std::string uid = action.uid;
    CallContext where = context(action);
    auto fresh = co_await engine_.provider.read(
        *action.kind, action.scope, std::move(uid), std::move(where));
    if (!fresh)
        co_return fresh.error();
    if (!*fresh)
        co_return Error{Errc::not_found, "it is gone", action.address.text()};
    auto still = still_to_be_deleted(action, **fresh, expected);
    if (still)
        still = co_await still_empty(action);
    co_return still;
}

Task<Result<Settled>> Writer::remove_object(Action action, Expected expected)
{
    const Kind& kind = *action.kind;
    SharedValue shape;
    if (action.last)
        shape = action.last->last_applied;
    else if (action.observed)
        shape = *action.observed;
    std::string intent_id;
    Batch batch;
    Error last_error(Errc::internal, "no attempt was made", action.address.text());
    for (int round = 1; round <= deletes_max; ++round) {
        Comparison comparison;
        comparison.at = engine_.clock.now();
        std::string uid = action.uid;
        CallContext where = context(action);
        auto fresh =
            co_await engine_.provider.read(kind, action.scope, std::move(uid), std::move(where));
        if (!fresh)
            co_return fresh.error();
        if (!*fresh)
            break;
        const Expected as_expected = expected_in(kind, expected, round);
        auto still = still_to_be_deleted(action, **fresh, as_expected);
        if (still)
            still = co_await still_empty(action);
        if (!still) {
            // A lost call before it had no effect: the object is there, and is another by now.
            if (!intent_id.empty()) {
                auto closed = co_await close_intent(action, intent_id, "failed");
                static_cast<void>(closed.has_value());
            }
            co_return still.error();
        }
        auto calls = encode_delete(kind, action.scope, action.uid, shape);
        if (!calls)
            co_return calls.error();
        if (calls->empty())
            break;
        if (intent_id.empty()) {
            std::string route = calls->front().operation->route();
            std::optional<Memo> nothing;
            auto intent = co_await open_intent(action, std::move(route), std::move(nothing));
            if (!intent)
                co_return intent.error();
            intent_id = *intent;
        }
        std::vector<WriteCall> prepared = std::move(*calls);
        std::string route = prepared.front().operation->route();
        comparison.again = [this, &action, &as_expected] {
            return look_again(action, as_expected);
        };
        auto written = co_await write_all(action, std::move(prepared), &comparison);
        // The call is repeated within itself, and then finds its own effect.
        if (!written && written.error().code == Errc::not_found) {
            batch.audit.push_back(audit_of(action, "found"));
            batch.audit.back().route = route;
        }
        if (written || written.error().code == Errc::not_found)
            break;
        last_error = written.error();
        if (last_error.effect != Effect::unknown || round == deletes_max) {
            if (last_error.effect != Effect::unknown) {
                auto closed = co_await close_intent(action, intent_id, "failed");
                static_cast<void>(closed.has_value());
            }
            co_return last_error;
        }
    }
    auto settled = co_await removed(action, std::move(intent_id), std::move(batch));
    co_return settled;
}

// The object was asked to go, or was gone already; `batch` holds what there is to tell of that.
Task<Result<Settled>> Writer::removed(const Action& action, std::string intent_id, Batch batch)
{
    const Kind& kind = *action.kind;
    // Where nobody waits for it, it stays ours until it is seen to be gone.
    const bool goes_on = wait_ && *wait_ == Duration::zero() &&
                         kind.gone_within != Duration::zero() && !intent_id.empty() &&
                         !leaves_new_one(action);
    if (!goes_on) {
        auto gone = co_await wait_until_gone(action);
        if (!gone)
            co_return gone.error();
    }
    if (!goes_on && !leaves_new_one(action))
        batch.forget.push_back(action.address.text());
    if (!intent_id.empty())
        batch.close.push_back(intent_id);
    batch.must_be_durable = false;
    auto stored = co_await engine_.store.commit(std::move(batch));
    if (!stored)
        co_return stored.error();
    Settled settled;
    if (goes_on)
        settled.waiting = "it was asked to go, and is not gone yet";
    co_return settled;
}

// Sleeps, but not on into a wish to stop.
Task<void> Writer::pause(Duration length)
{
    const Instant end = engine_.clock.now() + length;
    while (!stopping() && engine_.clock.now() < end) {
        const Duration left = end - engine_.clock.now();
        const Duration slice = should_stop_ ? std::min(left, pause_slice) : left;
        co_await engine_.clock.sleep(slice);
    }
}

Task<Result<void>> Writer::wait_until_gone(const Action& action)
{
    const Duration limit = wait_.value_or(action.kind->gone_within);
    if (action.kind->gone_within == Duration::zero() || limit == Duration::zero())
        co_return Result<void>{};
    const Instant deadline = engine_.clock.now() + limit;
    for (std::size_t poll = 0; poll < polls_max; ++poll) {
        std::string uid = action.uid;
        CallContext where = context(action);
        auto object = co_await engine_.provider.read(
            *action.kind, action.scope, std::move(uid), std::move(where));
        if (!object)
            co_return object.error();
        if (!*object)
            co_return Result<void>{};
        if (engine_.clock.now() >= deadline)
            break;
        if (stopping())
            co_return Error{Errc::cancelled,
                            "it was asked to go, and the wait for that was stopped",
                            action.address.text(),
                            "apply again"};
        const Duration interval =
            action.kind->readiness ? action.kind->readiness->interval : std::chrono::seconds(2);
        co_await pause(interval);
    }
    co_return Error{Errc::timed_out,
                    "it was asked to go and is still there",
                    action.address.text(),
                    "apply again later"};
}

// Whether an earlier create of it has an open end.
Result<bool> Writer::is_doubtful(const Action& action)
{
    if (!doubtful_creates_) {
        auto intents = engine_.store.open_intents();
        if (!intents)
            return intents.error();
        doubtful_creates_.emplace();
        for (const Intent& intent : *intents)
            if (intent.verb == name_of(Verb::create) || intent.verb == name_of(Verb::replace))
                doubtful_creates_->insert(intent.address);
    }
    return doubtful_creates_->contains(action.address.text());
}

// How long something that we made of it may still stay unseen. Not at all, unless an earlier create
// of it has an open end, or reads may be behind the last one: then a read that shows the past, and
// one after the object is gone, look the same.
Result<Duration> Writer::may_show_late(const Action& action)
{
    const auto doubtful = is_doubtful(action);
    if (!doubtful)
        return doubtful.error();
    if (*doubtful)
        return action.kind->settle;
    if (action.reason != Reason::missing || !action.last)
        return Duration::zero();
    return may_stay_unseen(*action.kind, *action.last, engine_.clock.wall());
}

Task<Result<Settled>> Writer::replace(Action action)
{
    if (action.lifecycle.replace == Replacement::delete_first) {
        auto removed = co_await remove(action);
        // The new one comes once the old one is gone.
        if (!removed || !removed->waiting.empty())
            co_return removed;
        action.removed_uid = std::move(action.uid);
        action.uid.clear();
        auto made = co_await create(std::move(action));
        co_return made;
    }
    // Nothing is made if the old one would have to stay.
    std::string old_uid = action.uid;
    CallContext where = context(action);
    auto old = co_await engine_.provider.read(
        *action.kind, action.scope, std::move(old_uid), std::move(where));
    if (!old)
        co_return old.error();
    if (!*old || !is_as_planned(action, (*old)->value))
        co_return Error{
            Errc::conflict, "it changed since it was planned", action.address.text(), "plan again"};
    const Mark mark(engine_.owner_id, address_mark(action.address));
    std::optional<Memo> keepsake = replaced_memo(action, **old, mark);
    auto made = co_await create_noting(action, std::move(keepsake));
    if (!made)
        co_return made.error();
    // The old one stays until the new one can do its work. Its intent says so to the next round.
    if (!made->waiting.empty())
        co_return made;
    auto removed = co_await remove(action);
    if (!removed)
        co_return removed.error();
    if (!made->intent.empty()) {
        Batch batch;
        batch.close.push_back(made->intent);
        batch.erase.push_back(replaced_memo_key(made->intent));
        batch.must_be_durable = false;
        auto stored = co_await engine_.store.commit(std::move(batch));
        if (!stored)
            co_return stored.error();
    }
    co_return made;
}

Task<Result<bool>> Writer::finish_replace(Action action, std::string uid, Expected expected)
{
    if (action.kind->readiness) {
        auto state = co_await read_state(action, std::move(uid));
        if (!state)
            co_return state.error();
        const std::vector<Value>& ready = action.kind->readiness->ready;
        if (std::ranges::find(ready, *state) == ready.end())
            co_return false;
    }
    auto removed = co_await remove_object(std::move(action), std::move(expected));
    if (!removed)
        co_return removed.error();
    co_return true;
}

// ---- without a call
// -------------------------------------------------------------------------------

// It may be one whose create was never seen to end: what depends on it waits as after a write.
Task<Result<Settled>> Writer::adopt(Action action)
{
    Batch batch;
    Record entry = record_of(action, action.uid);
    if (action.kind->readiness) {
        entry.waiting = "it was adopted and has not been seen ready";
        entry.waiting_since = entry.updated_at;
    }
    batch.put.push_back(std::move(entry));
    batch.audit.push_back(audit_of(action, "done"));
    batch.must_be_durable = is_protected(batch.put.back());
    auto stored = co_await engine_.store.commit(std::move(batch));
    if (!stored)
        co_return stored.error();
    Settled settled;
    settled.uid = action.uid;
    auto ready = co_await wait_until_ready(action, action.uid);
    if (!ready)
        co_return ready.error();
    settled.waiting = *ready;
    co_return settled;
}

Task<Result<Settled>> Writer::remember(Action action)
{
    std::string uid = action.uid;
    auto stored = co_await record(action, std::move(uid), "");
    if (!stored)
        co_return stored.error();
    Settled settled;
    settled.uid = action.uid;
    co_return settled;
}

// Readiness that an earlier run did not see the end of.
Task<Result<Settled>> Writer::wait(Action action)
{
    std::string uid = action.uid;
    auto ready = co_await wait_until_ready(action, std::move(uid));
    if (!ready)
        co_return ready.error();
    Settled settled;
    settled.uid = action.uid;
    settled.waiting = *ready;
    co_return settled;
}

Task<Result<Settled>> Writer::forget(Action action)
{
    Batch batch;
    batch.forget.push_back(action.address.text());
    batch.audit.push_back(audit_of(action, "done"));
    // It, or a copy that somebody made of it, may still carry our mark, and must not be taken for
    // something that we lost.
    if (!action.uid.empty())
        batch.note.push_back(released_memo(action.kind->name, action.uid, action.address.text()));
    batch.must_be_durable = false;
    auto stored = co_await engine_.store.commit(std::move(batch));
    if (!stored)
        co_return stored.error();
    co_return Settled{};
}

// ---- readiness
// ------------------------------------------------------------------------------------

// Starts what makes it ready, after a write, where the kind has such a call. Until that is in the
// record, the next plan updates the object again: nothing shows whether it was done.
Task<Result<void>> Writer::start(const Action& action, std::string uid)
{
    if (!action.kind->readiness || !action.kind->readiness->start)
        co_return Result<void>{};
    std::vector<Operation> steps;
    steps.push_back(*action.kind->readiness->start);
    std::string started_uid = uid;
    auto started = co_await run_steps(action, steps, std::move(started_uid));
    if (!started)
        co_return started.error();
    auto stored =
        co_await record(action, std::move(uid), "it was started and has not been seen ready");
    co_return stored;
}

// The state that the kind's readiness speaks of; null when there is none to be seen.
Task<Result<Value>> Writer::read_state(const Action& action, std::string uid)
{
    const Readiness& rules = *action.kind->readiness;
    // Where the state is not in the object, an answer of any shape is read in its place.
    Kind elsewhere;
    if (rules.call) {
        elsewhere.name = action.kind->name;
        elsewhere.schema.type = FieldType::object;
        elsewhere.schema.open = true;
        elsewhere.key = action.kind->key;
        elsewhere.scope = action.kind->scope;
        elsewhere.scope_header = action.kind->scope_header;
        elsewhere.absent = action.kind->absent;
        elsewhere.read.call = *rules.call;
    }
    const Kind& kind = rules.call ? elsewhere : *action.kind;
    CallContext where = context(action);
    auto object =
        co_await engine_.provider.read(kind, action.scope, std::move(uid), std::move(where));
    if (!object)
        co_return object.error();
    const Value* state = *object ? find((*object)->raw, rules.state) : nullptr;
    Value seen = state != nullptr ? *state : Value();
    co_return seen;
}

// Fails with timed_out when it has not become ready within its kind's deadline since it was
// written, in however many runs.
Result<void> Writer::not_overdue(const Action& action, const std::string& state) const
{
    auto entry = engine_.store.record(action.address.text());
    if (!entry)
        return entry.error();
    const auto since =
        *entry ? parse_time((*entry)->waiting_since) : Result<WallTime>(engine_.clock.wall());
    const Duration limit = action.kind->readiness->deadline;
    if (!since || engine_.clock.wall() - *since < limit)
        return {};
    return Error{Errc::timed_out,
                 "stalled: it is in the state " + state + ", and was written at " +
                     (*entry)->waiting_since,
                 action.address.text(),
                 "it is not written again; look at it where it runs"};
}

// "" when it is ready, else what it waits for.
Task<Result<std::string>> Writer::wait_until_ready(const Action& action, std::string uid)
{
    if (!action.kind->readiness || mutated(Mutation::no_wait_for_ready))
        co_return std::string();
    const Readiness& rules = *action.kind->readiness;
    const Duration limit = wait_.value_or(rules.deadline);
    const Instant deadline = engine_.clock.now() + limit;
    std::string state;
    for (std::size_t poll = 0; poll < polls_max; ++poll) {
        auto value = co_await read_state(action, uid);
        if (!value)
            co_return value.error();
        state = value->is_null() ? std::string("unknown") : value->string_or_empty();
        if (std::ranges::find(rules.ready, *value) != rules.ready.end()) {
            auto stored = co_await record(action, std::move(uid), "");
            if (!stored)
                co_return stored.error();
            co_return std::string();
        }
        if (std::ranges::find(rules.failed, *value) != rules.failed.end()) {
            const std::string failed = "it went to the state " + state;
            auto stored = co_await record(action, std::move(uid), failed);
            if (!stored)
                co_return stored.error();
            co_return Error{Errc::server_failed, failed, action.address.text()};
        }
        const Duration left = deadline - engine_.clock.now();
        if (left <= Duration::zero() || stopping())
            break;
        co_await pause(std::min(rules.interval, left));
    }
    std::string waiting = "it is in the state " + state;
    auto stored = co_await record(action, std::move(uid), waiting);
    if (!stored)
        co_return stored.error();
    if (auto fine = not_overdue(action, state); !fine)
        co_return fine.error();
    co_return waiting;
}

} // namespace trueup

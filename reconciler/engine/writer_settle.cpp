// The rest of a Writer's work: deletes, what needs no call, and waiting for readiness.

#include "api/rest/codec.hpp"
#include "reconciler/engine/writer.hpp"
#include "state/model/mutation.hpp"

#include <algorithm>

namespace trueup {

namespace {

constexpr int deletes_max = 3; // tries of one delete, each after having looked
constexpr std::size_t polls_max = 100'000;

} // namespace

// ---- delete
// ---------------------------------------------------------------------------------------

Task<Result<Settled>> Writer::remove(Action action)
{
    auto removed = co_await remove_object(std::move(action), Pinned::yes);
    co_return removed;
}

Task<Result<Settled>> Writer::remove_replaced(Action action)
{
    action.verb = Verb::replace;
    action.lifecycle.replace = Replacement::create_first;
    action.observed = action.desired;
    auto removed = co_await remove_object(std::move(action), Pinned::no);
    co_return removed;
}

Task<Result<Settled>> Writer::remove_object(Action action, Pinned pinned)
{
    const Kind& kind = *action.kind;
    const Value shape = action.last ? action.last->last_applied : action.observed.value_or(Value());
    std::string intent_id;
    Error last_error(Errc::internal, "no attempt was made", action.address.text());
    for (int round = 1; round <= deletes_max; ++round) {
        std::string uid = action.uid;
        CallContext where = context(action);
        auto fresh =
            co_await engine_.provider.read(kind, action.scope, std::move(uid), std::move(where));
        if (!fresh)
            co_return fresh.error();
        if (!*fresh)
            break;
        if (round == 1 && pinned == Pinned::yes && !mutated(Mutation::delete_what_changed) &&
            make_pin(kind, action.uid, &(*fresh)->value, shape, nullptr, {}) != action.pin)
            co_return Error{Errc::conflict,
                            "it changed since it was planned",
                            action.address.text(),
                            "plan again"};
        if ((*fresh)->mark && !mutated(Mutation::delete_others) &&
            *(*fresh)->mark != Mark(engine_.owner_id, address_mark(action.address)))
            co_return Error{Errc::refused,
                            "it carries the mark of another owner or address",
                            action.address.text()};
        auto calls = encode_delete(kind, action.scope, action.uid, shape);
        if (!calls)
            co_return calls.error();
        if (calls->empty())
            break;
        if (intent_id.empty()) {
            std::string route = calls->front().operation->route();
            auto intent = co_await open_intent(action, std::move(route));
            if (!intent)
                co_return intent.error();
            intent_id = *intent;
        }
        std::vector<WriteCall> prepared = std::move(*calls);
        auto written = co_await write_all(action, std::move(prepared));
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
    auto gone = co_await wait_until_gone(action);
    if (!gone)
        co_return gone.error();
    Batch batch;
    if (action.verb != Verb::replace || action.lifecycle.replace == Replacement::delete_first)
        batch.forget.push_back(action.address.text());
    if (!intent_id.empty())
        batch.close.push_back(intent_id);
    batch.must_be_durable = false;
    auto stored = co_await engine_.store.commit(std::move(batch));
    if (!stored)
        co_return stored.error();
    co_return Settled{};
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
        const Duration interval =
            action.kind->readiness ? action.kind->readiness->interval : std::chrono::seconds(2);
        co_await engine_.clock.sleep(interval);
    }
    co_return Error{Errc::timed_out,
                    "it was asked to go and is still there",
                    action.address.text(),
                    "apply again later"};
}

Task<Result<Settled>> Writer::replace(Action action)
{
    if (action.lifecycle.replace == Replacement::delete_first) {
        auto removed = co_await remove(action);
        if (!removed)
            co_return removed.error();
        action.uid.clear();
        auto made = co_await create(std::move(action));
        co_return made;
    }
    auto made = co_await create(action);
    if (!made)
        co_return made.error();
    // Its intent stays open until the old one is gone: the next start finishes what stops here.
    auto removed = co_await remove(std::move(action));
    if (!removed)
        co_return removed.error();
    Batch batch;
    batch.close.push_back(made->intent);
    batch.must_be_durable = false;
    auto stored = co_await engine_.store.commit(std::move(batch));
    if (!stored)
        co_return stored.error();
    co_return made;
}

// ---- without a call
// -------------------------------------------------------------------------------

Task<Result<Settled>> Writer::adopt(Action action)
{
    Batch batch;
    batch.put.push_back(record_of(action, action.uid));
    batch.audit.push_back(audit_of(action, "", "done", 0, ""));
    batch.must_be_durable = false;
    auto stored = co_await engine_.store.commit(std::move(batch));
    if (!stored)
        co_return stored.error();
    Settled settled;
    settled.uid = action.uid;
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
    if (settled.waiting.empty()) {
        std::string same = action.uid;
        auto stored = co_await record(action, std::move(same), "");
        if (!stored)
            co_return stored.error();
    }
    co_return settled;
}

Task<Result<Settled>> Writer::forget(Action action)
{
    Batch batch;
    batch.forget.push_back(action.address.text());
    batch.audit.push_back(audit_of(action, "", "done", 0, ""));
    batch.must_be_durable = false;
    auto stored = co_await engine_.store.commit(std::move(batch));
    if (!stored)
        co_return stored.error();
    co_return Settled{};
}

// ---- readiness
// ------------------------------------------------------------------------------------

// "" when it is ready, else what it waits for.
Task<Result<std::string>> Writer::wait_until_ready(const Action& action, std::string uid)
{
    if (!action.kind->readiness)
        co_return std::string();
    const Readiness& rules = *action.kind->readiness;
    const Duration limit = wait_.value_or(rules.deadline);
    const Instant deadline = engine_.clock.now() + limit;
    std::string state;
    for (std::size_t poll = 0; poll < polls_max; ++poll) {
        std::string read_uid = uid;
        CallContext where = context(action);
        auto object = co_await engine_.provider.read(
            *action.kind, action.scope, std::move(read_uid), std::move(where));
        if (!object)
            co_return object.error();
        const Value* value = *object ? find((*object)->raw, rules.state) : nullptr;
        state = value != nullptr ? value->string_or_empty() : std::string("unknown");
        if (value != nullptr && std::ranges::find(rules.ready, *value) != rules.ready.end())
            co_return std::string();
        if (value != nullptr && std::ranges::find(rules.failed, *value) != rules.failed.end())
            co_return Error{
                Errc::server_failed, "it went to the state " + state, action.address.text()};
        if (engine_.clock.now() >= deadline)
            break;
        co_await engine_.clock.sleep(rules.interval);
    }
    std::string waiting = "it is in the state " + state;
    auto stored = co_await record(action, std::move(uid), waiting);
    if (!stored)
        co_return stored.error();
    co_return waiting;
}

} // namespace trueup

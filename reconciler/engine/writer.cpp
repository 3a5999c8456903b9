#include "reconciler/engine/writer.hpp"

#include "api/rest/codec.hpp"
#include "reconciler/engine/keepsakes.hpp"
#include "reconciler/engine/observe.hpp"
#include "reconciler/plan/readiness.hpp"
#include "state/model/mutation.hpp"

#include <algorithm>

namespace trueup {

namespace {

constexpr int creates_max = 3; // sends of one create, each after having looked for the one before

bool is_refusal(const Error& error)
{
    return error.effect == Effect::none && error.api && error.api->status >= 400 &&
           error.api->status < 500 && error.code != Errc::unauthorized &&
           error.code != Errc::forbidden && error.code != Errc::throttled;
}

// The old object goes once the new one is there.
bool leaves_old_one(const Action& action)
{
    return action.verb == Verb::replace && !action.uid.empty();
}

bool goes_without_intent(const Action& action)
{
    switch (action.verb) {
    case Verb::create:
        return mutated(Mutation::no_create_intent);
    case Verb::update:
        return mutated(Mutation::no_update_intent);
    case Verb::remove:
        return mutated(Mutation::no_delete_intent);
    default:
        return false;
    }
}

} // namespace

// What a look-up by natural key came back with.
struct Writer::Found {
    Found() = default;

    std::vector<Observed> ours; // with our mark for this address
    std::vector<Observed> others;
};

struct Writer::Verdict {
    Verdict() = default;

    std::optional<Observed> ours;
    bool send_again = false; // nothing took effect, and nothing will any more
    bool doubtful = false;   // several objects carry our mark
};

std::vector<std::string> Writer::paths_of(const Diff& diff)
{
    std::vector<std::string> paths;
    for (const FieldChange& change : diff.changes)
        paths.push_back(change.path);
    return paths;
}

CallContext Writer::context(const Action& action) const
{
    return CallContext(action.address.text(), engine_.plan_id);
}

Record Writer::record_of(const Action& action, const std::string& uid) const
{
    Record record;
    record.address = action.address.text();
    record.kind = action.address.kind();
    record.scope_uid = action.scope.uid;
    record.uid = uid;
    record.last_applied = action.desired;
    record.prevent_destroy = action.lifecycle.prevent_destroy;
    record.abandon = action.lifecycle.deletion == DeletionPolicy::abandon;
    record.depends_on = action.references;
    record.updated_at = format_time(engine_.clock.wall());
    return record;
}

// After a write nobody has seen it ready: that must be known even if we die while we wait.
Record Writer::written_record_of(const Action& action, const std::string& uid) const
{
    Record entry = record_of(action, uid);
    entry.waiting = waits_after_write(*action.kind);
    if (!entry.waiting.empty())
        entry.waiting_since = entry.updated_at;
    return entry;
}

// Whether `object` is what the action was planned on.
bool Writer::is_as_planned(const Action& action, const Value& object)
{
    const Value* last = action.last ? &*action.last->last_applied : nullptr;
    const Kind& kind = *action.kind;
    if (action.verb != Verb::remove)
        return make_pin(kind,
                        action.uid,
                        &object,
                        action.desired,
                        last,
                        action.lifecycle.ignore_changes) == action.pin;
    const Value nothing;
    const Value* shape = last;
    if (shape == nullptr)
        shape = action.observed ? &*action.observed : &nothing;
    return make_pin(kind, action.uid, &object, *shape, nullptr, {}) == action.pin;
}

AuditRecord Writer::audit_of(const Action& action, const std::string& outcome) const
{
    AuditRecord audit;
    audit.at = format_time(engine_.clock.wall());
    audit.address = action.address.text();
    audit.verb = name_of(action.verb);
    audit.outcome = outcome;
    audit.plan_id = engine_.plan_id;
    audit.revision = engine_.revision;
    return audit;
}

AuditRecord
Writer::audit_of(const Action& action, const std::string& route, const CallAttempt& attempt) const
{
    std::string outcome = "done";
    if (attempt.error)
        outcome = attempt.effect == Effect::unknown ? "unknown" : "failed";
    AuditRecord audit = audit_of(action, outcome);
    audit.route = route;
    audit.status = attempt.status;
    audit.audit_uid = attempt.audit_uid;
    audit.attempt = attempt.number;
    audit.latency_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(attempt.duration).count();
    if (attempt.error)
        audit.error = name_of(*attempt.error);
    audit.detail = attempt.message;
    return audit;
}

std::vector<AuditRecord> Writer::audit_of(const Action& action,
                                          const std::string& route,
                                          const std::vector<CallAttempt>& attempts) const
{
    std::vector<AuditRecord> lines;
    for (const CallAttempt& attempt : attempts)
        lines.push_back(audit_of(action, route, attempt));
    return lines;
}

// Of a call that failed. The error of the call is the one to report: a store that fails here fails
// the next commit too.
Task<void> Writer::audit_failure(std::vector<AuditRecord> lines)
{
    if (lines.empty() || mutated(Mutation::audit_nothing))
        co_return;
    Batch batch;
    batch.audit = std::move(lines);
    batch.must_be_durable = false;
    auto stored = co_await engine_.store.commit(std::move(batch));
    static_cast<void>(stored.has_value());
}

void Writer::note(const Action& action, Level level, std::string text) const
{
    Event event(EventType::note, level, std::move(text));
    event.address = action.address.text();
    event.verb = name_of(action.verb);
    event.plan_id = engine_.plan_id;
    engine_.events.emit(event);
}

Task<Result<std::string>>
Writer::open_intent(const Action& action, std::string route, std::optional<Memo> keepsake)
{
    Intent intent;
    intent.id = engine_.random.hex(16);
    intent.address = action.address.text();
    intent.verb = name_of(action.verb);
    intent.route = std::move(route);
    intent.scope_uid = action.scope.uid;
    intent.uid = action.uid;
    intent.desired = action.desired;
    intent.plan_id = engine_.plan_id;
    intent.opened_at = format_time(engine_.clock.wall());
    intent.prevent_destroy = action.lifecycle.prevent_destroy;
    intent.abandon = action.lifecycle.deletion == DeletionPolicy::abandon;
    intent.depends_on = action.references;
    std::string id = intent.id;
    if (goes_without_intent(action))
        co_return id;
    Batch batch;
    if (keepsake) {
        batch.note.push_back(std::move(*keepsake));
        batch.note.back().key = id;
        batch.note.back().updated_at = intent.opened_at;
    }
    batch.open.push_back(std::move(intent));
    auto stored = co_await engine_.store.commit(std::move(batch));
    if (!stored)
        co_return stored.error();
    co_return id;
}

Task<Result<void>> Writer::close_intent(const Action& action, std::string id, std::string outcome)
{
    Batch batch;
    if (leaves_old_one(action))
        batch.erase.push_back(replaced_memo_key(id));
    if (!id.empty())
        batch.close.push_back(std::move(id));
    batch.audit.push_back(audit_of(action, outcome));
    batch.must_be_durable = false;
    auto stored = co_await engine_.store.commit(std::move(batch));
    co_return stored;
}

Task<Result<void>> Writer::record(const Action& action, std::string uid, std::string waiting)
{
    Batch batch;
    Record entry = record_of(action, uid);
    entry.waiting = waiting;
    if (!waiting.empty()) {
        entry.waiting_since = entry.updated_at;
        auto before = engine_.store.record(entry.address);
        if (before && *before && (*before)->uid == uid && !(*before)->waiting.empty())
            entry.waiting_since = (*before)->waiting_since;
    }
    batch.must_be_durable = is_protected(entry);
    batch.put.push_back(std::move(entry));
    auto stored = co_await engine_.store.commit(std::move(batch));
    co_return stored;
}

// ---- create
// ---------------------------------------------------------------------------------------

Task<Result<Writer::Found>> Writer::look_for(const Action& action)
{
    std::vector<std::string> key = key_of(*action.kind, action.address);
    CallContext call = context(action);
    auto objects = co_await engine_.provider.look_up(
        *action.kind, action.scope, std::move(key), std::move(call));
    if (!objects)
        co_return objects.error();
    Found found;
    const Mark mark(engine_.owner_id, address_mark(action.address));
    for (Observed& object : *objects) {
        if (object.foreign_scope)
            continue;
        // The old one of a create-first replace is not the one that is looked for.
        if (action.verb == Verb::replace && object.uid == action.uid)
            continue;
        // Nor is that of a delete-first one, which reads that are behind still show.
        if (!action.removed_uid.empty() && object.uid == action.removed_uid)
            continue;
        auto& list = object.mark && *object.mark == mark ? found.ours : found.others;
        list.push_back(std::move(object));
    }
    co_return found;
}

Task<Result<Writer::Found>> Writer::look_before_create(const Action& action)
{
    const auto late = may_show_late(action);
    if (!late)
        co_return late.error();
    auto found = co_await look_for(action);
    if (!found || !found->ours.empty() || !found->others.empty() || *late == Duration::zero())
        co_return found;
    co_await engine_.clock.sleep(*late);
    found = co_await look_for(action);
    co_return found;
}

Task<Result<Settled>> Writer::create(Action action)
{
    std::optional<Memo> nothing;
    auto settled = co_await create_noting(std::move(action), std::move(nothing));
    co_return settled;
}

Task<Result<Settled>> Writer::create_noting(Action action, std::optional<Memo> keepsake)
{
    const Instant looked = engine_.clock.now();
    if (!action.kind->refuses_duplicates && !mutated(Mutation::create_without_look)) {
        auto found = co_await look_before_create(action);
        if (!found)
            co_return found.error();
        const auto doubtful = is_doubtful(action);
        if (!doubtful)
            co_return doubtful.error();
        // Beside the old one of a replace, what we did not begin to make is a copy of it.
        const bool copied = action.verb == Verb::replace && !action.uid.empty() && !*doubtful;
        if (found->ours.size() > (copied ? 0U : 1U))
            co_return Error{Errc::conflict,
                            "several objects carry our mark for it; none is touched",
                            action.address.text()};
        if (found->ours.size() == 1) {
            // What follows changes it: further steps, and what its create could not carry.
            std::string creating = action.kind->create->call.route();
            auto opened = co_await open_intent(action, std::move(creating), std::move(keepsake));
            if (!opened)
                co_return opened.error();
            std::string intent_id = *opened;
            Observed object = std::move(found->ours.front());
            auto settled =
                co_await finish_existing(action, std::move(object), std::move(intent_id), false);
            co_return settled;
        }
        if (!found->others.empty())
            co_return Error{Errc::conflict,
                            "it exists by now (uid " + found->others.front().uid + ")",
                            action.address.text(),
                            "plan again"};
    }
    std::string route = action.kind->create->call.route();
    auto intent = co_await open_intent(action, std::move(route), std::move(keepsake));
    if (!intent)
        co_return intent.error();
    std::string id = *intent;
    if (mutated(Mutation::close_intent_early)) {
        std::string same = id;
        auto closed = co_await close_intent(action, std::move(same), "done");
        static_cast<void>(closed.has_value());
    }
    auto settled = co_await create_with_intent(std::move(action), std::move(id), looked);
    co_return settled;
}

Task<Result<Settled>>
Writer::create_with_intent(Action action, std::string intent_id, Instant looked)
{
    Error last(Errc::internal, "no attempt was made", action.address.text());
    for (int attempt = 1; attempt <= creates_max; ++attempt) {
        auto made = co_await send_create(action, looked);
        if (made && !made->uid.empty()) {
            std::string uid = made->uid;
            auto settled =
                co_await created(std::move(action), std::move(intent_id), std::move(uid));
            co_return settled;
        }
        if (!made) {
            last = made.error();
            if (last.effect == Effect::none && !is_refusal(last)) {
                auto closed = co_await close_intent(action, intent_id, "failed");
                static_cast<void>(closed.has_value()); // the error of the call is the one to report
                co_return last;
            }
        }
        // Refused, unanswered, or answered without a uid: what is there now decides.
        const bool lost = !made && last.effect == Effect::unknown;
        if (lost && mutated(Mutation::resend_without_look))
            continue;
        if (lost && mutated(Mutation::give_up_lost_create)) {
            auto closed = co_await close_intent(action, intent_id, "failed");
            static_cast<void>(closed.has_value());
            co_return last;
        }
        looked = engine_.clock.now();
        auto verdict = co_await find_outcome(action, made.has_value(), lost);
        if (!verdict)
            co_return verdict.error(); // the intent stays open: the next start looks again
        if (verdict->ours) {
            Observed object = std::move(*verdict->ours);
            const bool answered = made.has_value();
            auto settled =
                co_await finish_existing(action, std::move(object), std::move(intent_id), answered);
            co_return settled;
        }
        if (verdict->send_again)
            continue;
        // Not seen is not undone: what was lost may show its effect later than anyone waits for it.
        std::string outcome = lost ? "unknown" : "failed";
        auto closed = co_await close_intent(action, intent_id, std::move(outcome));
        static_cast<void>(closed.has_value());
        if (made || verdict->doubtful)
            co_return Error{Errc::conflict,
                            "the API does not say which object it created",
                            action.address.text()};
        co_return last;
    }
    auto closed = co_await close_intent(action, intent_id, "unknown");
    static_cast<void>(closed.has_value());
    co_return last;
}

// Whether nothing of its key is there now.
Task<Result<void>> Writer::still_to_be_created(const Action& action)
{
    auto found = co_await look_for(action);
    if (!found)
        co_return found.error();
    if (!found->ours.empty() || !found->others.empty())
        co_return Error{Errc::conflict, "it exists by now", action.address.text(), "plan again"};
    co_return Result<void>{};
}

// The create call itself; what it made is recorded at once, and that it was answered even when the
// answer does not name what it made.
Task<Result<Created>> Writer::send_create(const Action& action, Instant looked)
{
    const Kind& kind = *action.kind;
    const Mark mark(engine_.owner_id, address_mark(action.address));
    auto call = encode_create(kind, action.scope, action.desired, mark);
    if (!call)
        co_return call.error();
    WriteCall prepared = std::move(*call);
    CallContext where = context(action);
    std::vector<CallAttempt> attempts;
    where.attempts = &attempts;
    Comparison comparison;
    comparison.at = looked;
    comparison.again = [this, &action] { return still_to_be_created(action); };
    if (!kind.refuses_duplicates)
        where.comparison = &comparison;
    auto made = co_await engine_.provider.create(kind, std::move(prepared), std::move(where));
    std::vector<AuditRecord> lines = audit_of(action, kind.create->call.route(), attempts);
    if (!made) {
        co_await audit_failure(std::move(lines));
        co_return made;
    }
    Batch batch;
    if (!made->uid.empty())
        batch.put.push_back(written_record_of(action, made->uid));
    batch.audit = std::move(lines);
    batch.must_be_durable = false;
    auto stored = co_await engine_.store.commit(std::move(batch));
    if (!stored) {
        // It exists, and nothing says so yet: the intent must stay until something does.
        Error unrecorded = stored.error();
        unrecorded.effect = Effect::unknown;
        co_return unrecorded;
    }
    co_return made;
}

// What became of a create that gave no uid. `answered`: the API said that it was done; `lost`:
// nobody knows whether it was.
Task<Result<Writer::Verdict>> Writer::find_outcome(const Action& action, bool answered, bool lost)
{
    const Kind& kind = *action.kind;
    auto found = co_await look_for(action);
    if (!found)
        co_return found.error();
    if (found->ours.empty() && found->others.empty() && (answered || lost) &&
        !mutated(Mutation::resend_without_settling)) {
        co_await engine_.clock.sleep(kind.settle);
        found = co_await look_for(action);
        if (!found)
            co_return found.error();
    }
    Verdict verdict;
    // Nothing of this key was there before: without a mark to tell, the one that is there is ours.
    const bool by_name = !kind.mark && found->others.size() == 1 && (answered || lost);
    if (found->ours.size() == 1)
        verdict.ours = std::move(found->ours.front());
    else if (by_name)
        verdict.ours = std::move(found->others.front());
    verdict.doubtful = found->ours.size() > 1;
    verdict.send_again = found->ours.empty() && found->others.empty() && lost;
    co_return verdict;
}

// It was created by an earlier try or run, or by a call whose answer did not name it.
Task<Result<Settled>>
Writer::finish_existing(Action action, Observed object, std::string intent_id, bool answered)
{
    Batch batch;
    batch.put.push_back(written_record_of(action, object.uid));
    if (!answered) {
        batch.audit.push_back(audit_of(action, "found"));
        batch.audit.back().route = action.kind->create->call.route();
    }
    batch.must_be_durable = false;
    auto stored = co_await engine_.store.commit(std::move(batch));
    if (!stored)
        co_return stored.error();
    std::string uid = object.uid;
    auto settled = co_await created(std::move(action), std::move(intent_id), std::move(uid));
    co_return settled;
}

Task<Result<void>>
Writer::run_steps(const Action& action, const std::vector<Operation>& steps, std::string uid)
{
    auto calls = encode_steps(*action.kind, action.scope, uid, steps, action.desired);
    if (!calls)
        co_return calls.error();
    std::vector<WriteCall> prepared = std::move(*calls);
    auto written = co_await write_all(action, std::move(prepared));
    if (!written)
        co_return written.error();
    co_return Result<void>{};
}

Task<Result<void>> Writer::finish_create(const Kind& kind, Action action, std::string uid)
{
    auto done = co_await run_steps(action, kind.create->then, std::move(uid));
    co_return done;
}

// The create took effect: the further steps, the read-back, and what the create call could not
// carry.
Task<Result<Settled>> Writer::created(Action action, std::string intent_id, std::string uid)
{
    const Kind& kind = *action.kind;
    auto steps = co_await run_steps(action, kind.create->then, uid);
    if (!steps)
        co_return steps.error(); // the intent stays open: the next start goes on from here
    std::string read_uid = uid;
    CallContext where = context(action);
    auto object =
        co_await engine_.provider.read(kind, action.scope, std::move(read_uid), std::move(where));
    if (!object)
        co_return object.error();
    Settled settled;
    settled.uid = uid;
    if (*object) {
        if (auto ours = not_taken_over(action, **object); !ours)
            co_return ours.error();
        const Mark mark(engine_.owner_id, address_mark(action.address));
        if (kind.mark && (!(*object)->mark || *(*object)->mark != mark))
            note(action,
                 Level::warning,
                 "the API did not keep our mark: after a loss of state it will not be known as "
                 "ours");
        Diff rest = make_diff(kind,
                              action.desired,
                              &(*object)->value,
                              &*action.desired,
                              action.lifecycle.ignore_changes);
        settled.observed = (*object)->value;
        if (!rest.changes.empty()) {
            auto calls =
                encode_update(kind, action.scope, **object, action.desired, paths_of(rest), mark);
            if (!calls)
                co_return calls.error();
            std::vector<WriteCall> prepared = std::move(*calls);
            auto written = co_await write_all(action, std::move(prepared));
            if (!written)
                co_return written.error();
            auto kept = co_await check_kept(action, uid);
            if (!kept)
                co_return kept.error();
            settled.not_kept = std::move(*kept);
        }
    }
    // A replace that made the new one first is not over: its intent says that the old one must go.
    if (leaves_old_one(action)) {
        settled.intent = intent_id;
    } else if (!intent_id.empty()) {
        Batch batch;
        batch.close.push_back(intent_id);
        batch.must_be_durable = false;
        auto stored = co_await engine_.store.commit(std::move(batch));
        if (!stored)
            co_return stored.error();
    }
    auto started = co_await start(action, uid);
    if (!started)
        co_return started.error();
    auto ready = co_await wait_until_ready(action, uid);
    if (!ready)
        co_return ready.error();
    settled.waiting = *ready;
    co_return settled;
}

// The fields that the API keeps with other values than were written.
Task<Result<std::vector<std::string>>> Writer::check_kept(const Action& action, std::string uid)
{
    CallContext where = context(action);
    auto object = co_await engine_.provider.read(
        *action.kind, action.scope, std::move(uid), std::move(where));
    if (!object)
        co_return object.error();
    std::vector<std::string> paths;
    if (*object)
        paths = paths_of(make_diff(*action.kind,
                                   action.desired,
                                   &(*object)->value,
                                   &*action.desired,
                                   action.lifecycle.ignore_changes));
    if (!paths.empty())
        note(action, Level::warning, kept_otherwise(paths));
    co_return paths;
}

} // namespace trueup

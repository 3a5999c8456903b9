#include "reconciler/engine/recover.hpp"

#include "reconciler/engine/gather.hpp"
#include "reconciler/engine/keepsakes.hpp"
#include "reconciler/engine/observe.hpp"
#include "reconciler/engine/writer.hpp"
#include "reconciler/plan/readiness.hpp"
#include "state/model/mutation.hpp"

#include <algorithm>
#include <map>

namespace trueup {

namespace {

class Recoverer {
public:
    explicit Recoverer(Engine engine) : engine_(engine), writer_(engine, Duration::zero()) {}

    Task<Result<Recovery>> run()
    {
        auto intents = engine_.store.open_intents();
        if (!intents)
            co_return intents.error();
        for (const Intent& intent : *intents)
            newest_[intent.address] = intent.id;
        for (const Intent& intent : *intents) {
            auto resolved = co_await resolve(intent, Finality::may_wait);
            if (!resolved)
                co_return resolved.error();
        }
        auto settled = co_await look_again();
        if (!settled)
            co_return settled.error();
        co_return std::move(recovery_);
    }

private:
    enum class Finality { may_wait, last };

    // A write that shows no effect may still take effect late, or a read be behind it: it is given
    // the kind's time to settle before anything is concluded (design.md 6.A).
    Task<Result<void>> look_again()
    {
        if (undecided_.empty())
            co_return Result<void>{};
        Duration longest{};
        for (const Undecided& one : undecided_)
            longest = std::max(longest, one.left);
        co_await engine_.clock.sleep(longest);
        std::vector<Undecided> all = std::move(undecided_);
        for (const Undecided& one : all) {
            auto resolved = co_await resolve(one.intent, Finality::last);
            if (!resolved)
                co_return resolved.error();
        }
        co_return Result<void>{};
    }

    // How long a create may still take effect. The whole of `settle` from now on: nobody knows when
    // the call was sent, which can be long after its intent was written, and calendars jump. Also
    // where a second one would be refused: the first one may not be declared any more by the time
    // that it comes, in a place where nobody looks.
    static Duration time_left(const Kind& kind)
    {
        if (mutated(Mutation::recover_without_settling))
            return {};
        return kind.settle;
    }

    Task<Result<void>> resolve(Intent intent, Finality finality)
    {
        auto address = Address::parse(intent.address);
        if (engine_.hands_off && address && engine_.hands_off(*address)) {
            recovery_.unresolved.push_back(intent.address + ": nothing is done to it at this time");
            co_return Result<void>{};
        }
        const Kind* kind = address ? engine_.catalogue.find(address->kind()) : nullptr;
        if (kind == nullptr) {
            recovery_.unresolved.push_back(intent.address + ": its kind is not in the catalogue");
            co_return Result<void>{};
        }
        Action action;
        action.address = std::move(*address);
        action.kind = kind;
        action.uid = intent.uid;
        action.desired = intent.desired;
        action.references = intent.depends_on;
        action.lifecycle.prevent_destroy = intent.prevent_destroy;
        action.lifecycle.deletion =
            intent.abandon ? DeletionPolicy::abandon : DeletionPolicy::remove;
        if (action.address.project())
            action.scope = Scope(*action.address.project(), intent.scope_uid);
        const bool creates =
            intent.verb == name_of(Verb::create) || intent.verb == name_of(Verb::replace);
        if (creates && kind->create && intent.route == kind->create->call.route()) {
            action.verb = intent.verb == name_of(Verb::create) ? Verb::create : Verb::replace;
            auto done = co_await resolve_create(std::move(action), std::move(intent), finality);
            co_return done;
        }
        action.verb = Verb::update;
        auto done = co_await resolve_change(std::move(action), std::move(intent), finality);
        co_return done;
    }

    Task<Result<void>> resolve_create(Action action, Intent intent, Finality finality)
    {
        std::vector<std::string> key = key_of(*action.kind, action.address);
        CallContext where(action.address.text(), intent.plan_id);
        auto objects = co_await engine_.provider.look_up(
            *action.kind, action.scope, std::move(key), std::move(where));
        if (!objects) {
            Error failed = objects.error();
            auto gone = co_await is_gone_with_scope(action, std::move(failed));
            if (!gone)
                co_return gone.error();
            if (!*gone)
                co_return Result<void>{};
            objects = std::vector<Observed>();
        }
        const Mark mark(engine_.owner_id, address_mark(action.address));
        std::vector<std::string> ours;
        std::vector<std::string> others;
        for (const Observed& object : *objects) {
            if (object.foreign_scope || object.uid == intent.uid)
                continue;
            auto& list = object.mark && *object.mark == mark ? ours : others;
            list.push_back(object.uid);
        }
        if (ours.empty() && !action.kind->mark && others.size() == 1)
            ours.swap(others); // nothing of this key was there when the intent was written
        if (ours.size() == 1) {
            auto taken = co_await take(std::move(action), std::move(intent), ours.front());
            co_return taken;
        }
        const Duration left = time_left(*action.kind);
        if (ours.empty() && finality == Finality::may_wait && left > Duration::zero()) {
            undecided_.emplace_back(std::move(intent), left);
            co_return Result<void>{};
        }
        // Which of them is ours people must say; what the one that they leave is to be protected
        // from, only the intent knows.
        if (ours.size() > 1) {
            recovery_.unresolved.push_back(action.address.text() +
                                           ": several objects carry our mark for it");
            auto told = co_await tell(intent, "unknown");
            co_return told;
        }
        auto closed = co_await close(intent, "none");
        co_return closed;
    }

    // `failed`: why the object could not be looked for. True when its scope is gone, with
    // everything in it; false when that is not so, which is then noted as unresolved: what cannot
    // be asked about one object keeps no other from its turn. Fails with `failed` where that says
    // something about the API as a whole.
    Task<Result<bool>> is_gone_with_scope(const Action& action, Error failed)
    {
        if (is_fatal(failed))
            co_return failed;
        const Errc code = failed.code;
        Result<bool> gone = false;
        if (code == Errc::not_found || code == Errc::rejected || code == Errc::forbidden)
            gone = co_await is_scope_gone(action);
        if (gone && !*gone)
            recovery_.unresolved.push_back(action.address.text() + ": " + failed.text());
        co_return gone;
    }

    // Whether the project that the action is about does not exist any more.
    Task<Result<bool>> is_scope_gone(const Action& action)
    {
        const Kind* kind = engine_.catalogue.find(action.kind->parent);
        if (kind == nullptr || !action.address.project() || action.scope.uid.empty())
            co_return false;
        Scope tenant;
        std::string uid = action.scope.uid;
        CallContext where(kind->name);
        auto project =
            co_await engine_.provider.read(*kind, tenant, std::move(uid), std::move(where));
        if (!project)
            co_return project.error();
        co_return !project->has_value();
    }

    Task<Result<void>> take(Action action, Intent intent, std::string uid)
    {
        // A replace that makes the new one first ends when the old one is gone.
        const bool replaces = action.verb == Verb::replace && !intent.uid.empty() &&
                              !mutated(Mutation::forget_replaced);
        const bool goes_on = !action.kind->create->then.empty();
        Batch batch;
        Record record = record_of(action, intent, uid);
        if (!mutated(Mutation::recover_as_ready))
            record.waiting = waits_after_write(*action.kind);
        if (!record.waiting.empty())
            record.waiting_since = record.updated_at;
        auto before = engine_.store.record(intent.address);
        if (!before)
            co_return before.error();
        const bool known = *before && (*before)->uid == uid;
        const Result<bool> released = known ? Result<bool>(false) : is_released(action, uid);
        if (!released)
            co_return released.error();
        if (*released) {
            auto closed = co_await close(intent, "found");
            co_return closed;
        }
        if (!known)
            batch.put.push_back(std::move(record));
        if (!replaces && !goes_on)
            batch.close.push_back(intent.id);
        // Calls of the run before may have taken effect that nobody could write down. That is told
        // before this run sends any, as in `tell`.
        const bool untold = is_untold(intent);
        if (!known || (untold && (goes_on || !replaces)))
            batch.audit.push_back(audit_of(intent, "found"));
        auto stored = co_await engine_.store.commit(std::move(batch));
        if (!stored)
            co_return stored.error();
        if (!known)
            note(intent,
                 "a create of an earlier run had taken effect; it is ours (uid " + uid + ")");
        auto finished = co_await writer_.finish_create(*action.kind, action, uid);
        if (!finished && finished.error().code == Errc::store_failed)
            co_return finished.error();
        if (!finished) {
            recovery_.unresolved.push_back(action.address.text() + ": " + finished.error().text());
            co_return Result<void>{};
        }
        if (replaces) {
            auto replaced =
                co_await finish_replace(std::move(action), std::move(intent), std::move(uid));
            co_return replaced;
        }
        if (goes_on) {
            auto closed = co_await close(intent, "");
            co_return closed;
        }
        ++recovery_.resolved;
        co_return Result<void>{};
    }

    // The new one is there: the old one goes, as it was decided before the crash.
    Task<Result<void>> finish_replace(Action action, Intent intent, std::string uid)
    {
        std::string old = intent.uid;
        auto memos = engine_.store.memos();
        if (!memos)
            co_return memos.error();
        const Mark mark(engine_.owner_id, address_mark(action.address));
        const bool unasked = mutated(Mutation::delete_what_changed);
        bool taken_over = false;
        Writer::Expected expected = [&](const Observed& object) {
            taken_over = object.mark && object.mark->owner != engine_.owner_id;
            return unasked || is_as_replaced(*memos, intent.id, *action.kind, object, mark);
        };
        auto finished =
            co_await writer_.finish_replace(action, std::move(uid), std::move(expected));
        if (!finished && finished.error().code == Errc::store_failed)
            co_return finished.error();
        if (!finished && taken_over) {
            note(intent,
                 "finished the replace of an earlier run; another owner has taken over the old one "
                 "(uid " +
                     old + "), and it stays");
            auto closed = co_await close(intent, "done");
            co_return closed;
        }
        if (!finished) {
            recovery_.unresolved.push_back(action.address.text() + ": the old one (uid " + old +
                                           ") stays: " + finished.error().text());
            co_return Result<void>{};
        }
        if (!*finished) {
            recovery_.unresolved.push_back(action.address.text() + ": the old one (uid " + old +
                                           ") stays until the new one is ready");
            co_return Result<void>{};
        }
        note(intent,
             "finished the replace of an earlier run; the old one is gone (uid " + old + ")");
        auto closed = co_await close(intent, "done");
        co_return closed;
    }

    // An update or a delete that was interrupted: what is there now is compared anew by the next
    // plan, so only an object that is gone needs to be forgotten.
    Task<Result<void>> resolve_change(Action action, Intent intent, Finality finality)
    {
        std::string uid = intent.uid;
        CallContext where(action.address.text(), intent.plan_id);
        auto object = co_await engine_.provider.read(
            *action.kind, action.scope, std::move(uid), std::move(where));
        if (!object) {
            Error failed = object.error();
            auto gone = co_await is_gone_with_scope(action, std::move(failed));
            if (!gone)
                co_return gone.error();
            if (!*gone)
                co_return Result<void>{};
            object = std::optional<Observed>();
        }
        const bool deletes =
            intent.verb == name_of(Verb::remove) || intent.verb == name_of(Verb::replace);
        if (!deletes && *object && finality == Finality::may_wait) {
            const auto late = may_come_late(action, intent, **object);
            if (!late)
                co_return late.error();
            if (*late) {
                undecided_.emplace_back(std::move(intent), action.kind->settle);
                co_return Result<void>{};
            }
        }
        if (!deletes && *object) {
            auto kept = co_await keep_record(action, intent, **object);
            if (!kept)
                co_return kept.error();
        }
        if (!deletes && *object && action.kind->readiness) {
            auto marked = co_await await_readiness(*action.kind, intent);
            if (!marked)
                co_return marked.error();
        }
        const bool goes_on =
            !deletes && *object && has_steps(*action.kind) && belongs_to(action, **object);
        if (goes_on) {
            auto told = co_await tell(intent, "unknown");
            if (!told)
                co_return told.error();
            auto finished = co_await finish_steps(action, intent.uid);
            if (!finished)
                co_return finished.error();
            // One of them is enough to remember that they are owed.
            if (!*finished && newest_[intent.address] == intent.id)
                co_return Result<void>{};
        }
        if (deletes && !*object) {
            auto record = engine_.store.record(intent.address);
            if (!record)
                co_return record.error();
            Batch batch;
            // After a create-first replace the record speaks of the new object already.
            if (*record && ((*record)->uid == intent.uid || mutated(Mutation::forget_new_record)))
                batch.forget.push_back(intent.address);
            batch.close.push_back(intent.id);
            batch.audit.push_back(audit_of(intent, "found"));
            auto stored = co_await engine_.store.commit(std::move(batch));
            if (!stored)
                co_return stored.error();
            ++recovery_.resolved;
            note(intent, "a delete of an earlier run had taken effect");
            co_return Result<void>{};
        }
        std::string outcome = goes_on ? "" : "unknown";
        auto closed = co_await close(intent, std::move(outcome));
        co_return closed;
    }

    // Whether it carries our mark, where the kind has one.
    bool belongs_to(const Action& action, const Observed& object) const
    {
        const Mark mark(engine_.owner_id, address_mark(action.address));
        return !action.kind->mark || (object.mark && *object.mark == mark);
    }

    // Steps such as a publish belong to the write that they follow.
    // False: they failed, and are owed still.
    Task<Result<bool>> finish_steps(const Action& action, std::string uid)
    {
        auto finished = co_await writer_.finish_create(*action.kind, action, std::move(uid));
        if (!finished && finished.error().code == Errc::store_failed)
            co_return finished.error();
        if (!finished)
            recovery_.unresolved.push_back(action.address.text() + ": " + finished.error().text());
        co_return finished.has_value();
    }

    // Whether an update does not show and may yet, and something hangs on it that no later plan
    // would make good: its steps, that it is ours at all, or that it is to be left or protected.
    Result<bool>
    may_come_late(const Action& action, const Intent& intent, const Observed& object) const
    {
        const Kind& kind = *action.kind;
        if (kind.settle == Duration::zero() || mutated(Mutation::recover_without_settling))
            return false;
        const auto known = engine_.store.record(intent.address);
        if (!known)
            return known.error();
        const bool marks_say_all = kind.mark && !intent.prevent_destroy && !intent.abandon;
        if (!has_steps(kind) && (marks_say_all || *known))
            return false;
        const Diff rest = make_diff(kind, intent.desired, &object.value, &intent.desired, {});
        return !rest.changes.empty() || !belongs_to(action, object);
    }

    Record record_of(const Action& action, const Intent& intent, const std::string& uid) const
    {
        Record record;
        record.address = intent.address;
        record.kind = action.address.kind();
        record.scope_uid = intent.scope_uid;
        record.uid = uid;
        record.last_applied = intent.desired;
        record.prevent_destroy = intent.prevent_destroy;
        record.abandon = intent.abandon;
        record.depends_on = intent.depends_on;
        record.updated_at = format_time(engine_.clock.wall());
        return record;
    }

    // The record that was lost with the run, if the object is ours: by its mark, or, where it can
    // carry none, because it is as the update was to make it. Without it nothing would say any more
    // that the object is to be left or protected, which a record of before then says too.
    Task<Result<void>>
    keep_record(const Action& action, const Intent& intent, const Observed& object)
    {
        auto known = engine_.store.record(intent.address);
        if (!known)
            co_return known.error();
        Batch batch;
        batch.must_be_durable = false;
        if (*known) {
            Record record = std::move(**known);
            const bool says_less = (intent.prevent_destroy && !record.prevent_destroy) ||
                                   (intent.abandon && !record.abandon);
            if (record.uid != intent.uid || !says_less)
                co_return Result<void>{};
            record.prevent_destroy = record.prevent_destroy || intent.prevent_destroy;
            record.abandon = record.abandon || intent.abandon;
            batch.put.push_back(std::move(record));
        } else {
            // What somebody let go of meanwhile stays nobody's.
            const auto released = is_released(action, intent.uid);
            if (!released)
                co_return released.error();
            if (*released)
                co_return Result<void>{};
            const Diff rest =
                make_diff(*action.kind, intent.desired, &object.value, &intent.desired, {});
            const bool is_ours =
                action.kind->mark ? belongs_to(action, object) : rest.changes.empty();
            if (!is_ours)
                co_return Result<void>{};
            batch.put.push_back(record_of(action, intent, intent.uid));
        }
        auto stored = co_await engine_.store.commit(std::move(batch));
        co_return stored;
    }

    // It may have been written, and nobody has started it or seen it ready since.
    Task<Result<void>> await_readiness(const Kind& kind, const Intent& intent)
    {
        auto known = engine_.store.record(intent.address);
        if (!known)
            co_return known.error();
        if (!*known || (*known)->uid != intent.uid)
            co_return Result<void>{};
        if (!(*known)->waiting.empty() && !kind.readiness->start)
            co_return Result<void>{};
        Batch batch;
        batch.put.push_back(std::move(**known));
        batch.put.back().waiting = waits_after_write(kind);
        batch.put.back().waiting_since = format_time(engine_.clock.wall());
        batch.must_be_durable = false;
        auto stored = co_await engine_.store.commit(std::move(batch));
        co_return stored;
    }

    // Writes down what is known of the calls of the run before. In time before this run sends any,
    // of which the next one would have to tell if this one dies too.
    Task<Result<void>> tell(const Intent& intent, std::string outcome)
    {
        if (!is_untold(intent))
            co_return Result<void>{};
        Batch batch;
        batch.audit.push_back(audit_of(intent, outcome));
        auto stored = co_await engine_.store.commit(std::move(batch));
        co_return stored;
    }

    // Whether nobody has told of it in this life of the program; from now on somebody has.
    bool is_untold(const Intent& intent)
    {
        return engine_.told == nullptr || engine_.told->insert(intent.id).second;
    }

    // Whether somebody let go of the object since.
    Result<bool> is_released(const Action& action, const std::string& uid) const
    {
        const auto memos = engine_.store.memos();
        if (!memos)
            return memos.error();
        return released_objects(*memos).contains(object_key(action.address.kind(), uid));
    }

    // "": that is written down already.
    Task<Result<void>> close(const Intent& intent, std::string outcome)
    {
        Batch batch;
        batch.close.push_back(intent.id);
        if (intent.verb == name_of(Verb::replace))
            batch.erase.push_back(replaced_memo_key(intent.id));
        if (!outcome.empty())
            batch.audit.push_back(audit_of(intent, outcome));
        auto stored = co_await engine_.store.commit(std::move(batch));
        if (stored)
            ++recovery_.resolved;
        co_return stored;
    }

    AuditRecord audit_of(const Intent& intent, const std::string& outcome) const
    {
        AuditRecord audit;
        audit.at = format_time(engine_.clock.wall());
        audit.address = intent.address;
        audit.verb = intent.verb;
        audit.route = intent.route;
        audit.outcome = outcome;
        audit.plan_id = intent.plan_id;
        audit.revision = engine_.revision;
        audit.detail = "resolved at the next start";
        return audit;
    }

    void note(const Intent& intent, std::string text) const
    {
        Event event(EventType::note, Level::info, std::move(text));
        event.address = intent.address;
        event.verb = intent.verb;
        event.plan_id = engine_.plan_id;
        engine_.events.emit(event);
    }

    struct Undecided {
        Undecided(Intent i, Duration l) : intent(std::move(i)), left(l) {}
        Intent intent;
        Duration left;
    };

    Engine engine_;
    Writer writer_;
    Recovery recovery_;
    std::vector<Undecided> undecided_;
    std::map<std::string, std::string> newest_; // intent by address
};

} // namespace

Task<Result<Recovery>> recover(Engine engine)
{
    Recoverer recoverer(std::move(engine));
    auto recovery = co_await recoverer.run();
    co_return recovery;
}

} // namespace trueup

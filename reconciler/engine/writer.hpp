// Makes one planned change happen to one resource, crash-safe at every step.

#pragma once

#include "reconciler/engine/engine.hpp"
#include "reconciler/plan/plan.hpp"

#include <functional>
#include <optional>
#include <set>
#include <string>

namespace trueup {

// What became of an action.
struct Settled {
    Settled() = default;

    std::string uid;
    Value observed;      // as read back; null when nothing was read
    std::string waiting; // what it waits for; "" when it is ready
    std::string intent;  // of a replace that made the new one and still has the old one to remove
    std::string note;    // what an operator should know
    std::vector<std::string> not_kept; // fields that were read back with other values
};

// Whether something must follow a create and some updates of the kind before they count, such as a
// publish.
bool has_steps(const Kind& kind);

// Each call is made on behalf of one action; `desired` has every reference resolved. All fail with
// the errors of Provider and Store, and with conflict when the object is not the one that was
// planned on.
class Writer {
public:
    // `wait`: how long to wait for readiness; nothing: as the kind says. `should_stop` cuts such
    // waits short, as if their time were over.
    Writer(Engine engine, std::optional<Duration> wait, std::function<bool()> should_stop = {})
        : engine_(std::move(engine)), wait_(wait), should_stop_(std::move(should_stop))
    {
    }

    Task<Result<Settled>> create(Action action);
    Task<Result<Settled>> update(Action action);
    Task<Result<Settled>> remove(Action action);
    Task<Result<Settled>> replace(Action action);
    Task<Result<Settled>> adopt(Action action);
    Task<Result<Settled>> forget(Action action);
    Task<Result<Settled>> wait(Action action);
    // Writes down what the manifest says of an object that already is as it should be.
    Task<Result<Settled>> remember(Action action);

    // Finishes what a crash left half done; for intents of creates that took effect, or that are
    // updates.
    Task<Result<void>> finish_create(const Kind& kind, Action action, std::string uid);
    // Whether a fresh read of an object shows what its delete was decided on.
    using Expected = std::function<bool(const Observed&)>;
    // Removes the object `action.uid`, of which `uid` has taken the place, once that one is ready.
    // False: it is not. Fails with conflict when the old one is not as `expected` any more.
    Task<Result<bool>> finish_replace(Action action, std::string uid, Expected expected);

private:
    struct Found;
    struct Verdict;

    Task<Result<Found>> look_for(const Action& action);
    Task<Result<Found>> look_before_create(const Action& action);
    Result<bool> is_doubtful(const Action& action);
    Result<Duration> may_show_late(const Action& action);
    Task<Result<Settled>> create_noting(Action action, std::optional<Memo> keepsake);
    Task<Result<Settled>> create_with_intent(Action action, std::string intent_id, Instant looked);
    // `looked`: when it was asked whether it is there.
    Task<Result<Created>> send_create(const Action& action, Instant looked);
    Task<Result<Verdict>> find_outcome(const Action& action, bool answered, bool lost);
    Task<Result<Settled>> created(Action action, std::string intent_id, std::string uid);
    // `answered`: the API said that it was done, and not which object it made.
    Task<Result<Settled>>
    finish_existing(Action action, Observed object, std::string intent_id, bool answered);
    // `comparison`: what the first call rests on. What follows a call of ours changes an object
    // that must still be ours, and no more: our own calls have changed it. `owes` says in the end
    // whether a call may have taken effect whose step was not made.
    Task<Result<void>> write_all(const Action& action,
                                 std::vector<WriteCall> calls,
                                 Comparison* comparison = nullptr,
                                 bool* owes = nullptr);
    // Of an object that was just read.
    Result<void> not_taken_over(const Action& action, const Observed& object) const;
    Task<Result<void>> still_ours(const Action& action, std::string uid);
    Task<Result<void>> still_to_be_created(const Action& action);
    Task<Result<void>>
    still_to_be_updated(const Action& action, const Diff& planned, const Observed& before);
    Task<Result<void>> still_empty(const Action& action);
    Task<Result<void>> look_again(const Action& action, const Expected& expected);
    Task<Result<void>>
    run_steps(const Action& action, const std::vector<Operation>& steps, std::string uid);
    // `keepsake`: noted under the intent's id.
    Task<Result<std::string>>
    open_intent(const Action& action, std::string route, std::optional<Memo> keepsake);
    Task<Result<void>> close_intent(const Action& action, std::string id, std::string outcome);
    Task<Result<void>>
    update_once(const Action& action, bool check_pin, std::string intent_id, bool& owes_steps);
    Task<Result<Settled>> updated(const Action& action);
    Task<Result<Settled>> removed(const Action& action, std::string intent_id, Batch batch);
    Task<Result<Settled>> remove_object(Action action, Expected expected);
    Result<void> still_to_be_deleted(const Action& action,
                                     const Observed& object,
                                     const Expected& expected) const;
    bool stopping() const { return should_stop_ && should_stop_(); }
    Task<void> pause(Duration length);
    Task<Result<std::vector<std::string>>> check_kept(const Action& action, std::string uid);
    Task<Result<void>> wait_until_gone(const Action& action);
    Task<Result<void>> start(const Action& action, std::string uid);
    Task<Result<Value>> read_state(const Action& action, std::string uid);
    Task<Result<std::string>> wait_until_ready(const Action& action, std::string uid);
    Result<void> not_overdue(const Action& action, const std::string& state) const;
    Task<Result<void>> record(const Action& action, std::string uid, std::string waiting);

    CallContext context(const Action& action) const;
    static std::vector<std::string> paths_of(const Diff& diff);
    static std::string kept_otherwise(const std::vector<std::string>& paths);
    // Protection that outlives the manifest is on the disk before it is said to hold: no intent
    // remembers it.
    static bool is_protected(const Record& record)
    {
        return record.prevent_destroy || record.abandon;
    }
    static bool is_as_planned(const Action& action, const Value& object);
    Record record_of(const Action& action, const std::string& uid) const;
    Record written_record_of(const Action& action, const std::string& uid) const;
    AuditRecord audit_of(const Action& action, const std::string& outcome) const;
    AuditRecord
    audit_of(const Action& action, const std::string& route, const CallAttempt& attempt) const;
    std::vector<AuditRecord> audit_of(const Action& action,
                                      const std::string& route,
                                      const std::vector<CallAttempt>& attempts) const;
    Task<void> audit_failure(std::vector<AuditRecord> lines);
    void note(const Action& action, Level level, std::string text) const;

    Engine engine_;
    std::optional<Duration> wait_;
    std::function<bool()> should_stop_;
    // Whose create of an earlier run nobody could find out about; read when it is first asked for.
    std::optional<std::set<std::string>> doubtful_creates_;
};

} // namespace trueup

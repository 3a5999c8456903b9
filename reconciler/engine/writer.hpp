// Makes one planned change happen to one resource, crash-safe at every step.

#pragma once

#include "reconciler/engine/engine.hpp"
#include "reconciler/plan/plan.hpp"

namespace trueup {

// What became of an action.
struct Settled {
    Settled() = default;

    std::string uid;
    Value observed;      // as read back; null when nothing was read
    std::string waiting; // what it waits for; "" when it is ready
    std::string note;    // what an operator should know
    std::string intent;  // still open: of a replace whose old object is yet to go
};

// Each call is made on behalf of one action; `desired` has every reference resolved. All fail with
// the errors of Provider and Store, and with conflict when the object is not the one that was
// planned on.
class Writer {
public:
    // How long to wait for readiness; nothing: as the kind says.
    Writer(Engine engine, std::optional<Duration> wait) : engine_(std::move(engine)), wait_(wait) {}

    Task<Result<Settled>> create(Action action);
    Task<Result<Settled>> update(Action action);
    Task<Result<Settled>> remove(Action action);
    // The rest of a create-first replace that was interrupted: deletes the object `action.uid`,
    // which was planned to go, unless it carries the mark of another owner or address.
    Task<Result<Settled>> remove_replaced(Action action);
    Task<Result<Settled>> replace(Action action);
    Task<Result<Settled>> adopt(Action action);
    Task<Result<Settled>> forget(Action action);
    Task<Result<Settled>> wait(Action action);
    // Writes down what the manifest says of an object that already is as it should be.
    Task<Result<Settled>> remember(Action action);

    // Finishes what a crash left half done; for intents of creates that took effect, or that are
    // updates.
    Task<Result<void>> finish_create(const Kind& kind, Action action, std::string uid);

private:
    struct Found;
    struct Verdict;
    // Whether an object must still be what was planned on.
    enum class Pinned { yes, no };

    Task<Result<Found>> look_for(const Action& action);
    Task<Result<Settled>> create_with_intent(Action action, std::string intent_id);
    Task<Result<Created>> send_create(const Action& action);
    Task<Result<Verdict>> find_outcome(const Action& action, bool answered, bool lost);
    Task<Result<Settled>> created(Action action, std::string intent_id, std::string uid);
    Task<Result<Settled>> finish_existing(Action action, Observed object, std::string intent_id);
    Task<Result<void>> write_all(const Action& action, std::vector<WriteCall> calls);
    Task<Result<void>>
    run_steps(const Action& action, const std::vector<Operation>& steps, std::string uid);
    Task<Result<std::string>> open_intent(const Action& action, std::string route);
    Task<Result<void>> close_intent(const Action& action, std::string id, std::string outcome);
    Task<Result<Settled>> update_once(const Action& action, bool check_pin, std::string intent_id);
    Task<Result<Settled>> remove_object(Action action, Pinned pinned);
    Task<Result<void>> wait_until_gone(const Action& action);
    Task<Result<std::string>> wait_until_ready(const Action& action, std::string uid);
    Task<Result<void>> record(const Action& action, std::string uid, std::string waiting);

    CallContext context(const Action& action) const;
    Record record_of(const Action& action, const std::string& uid) const;
    AuditRecord audit_of(const Action& action,
                         const std::string& route,
                         const std::string& outcome,
                         int status,
                         const std::string& audit_uid) const;
    void note(const Action& action, Level level, std::string text) const;

    Engine engine_;
    std::optional<Duration> wait_;
};

} // namespace trueup

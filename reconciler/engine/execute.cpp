#include "reconciler/engine/execute.hpp"

#include "reconciler/engine/task_group.hpp"
#include "reconciler/engine/unknowns.hpp"
#include "reconciler/engine/writer.hpp"
#include "reconciler/plan/schedule.hpp"
#include "state/model/mutation.hpp"

#include <boost/asio/this_coro.hpp>

#include <unordered_map>
#include <unordered_set>

namespace trueup {

std::string_view name_of(Outcome outcome)
{
    switch (outcome) {
    case Outcome::done:
        return "done";
    case Outcome::failed:
        return "failed";
    case Outcome::skipped:
        return "skipped";
    case Outcome::blocked:
        return "blocked";
    case Outcome::waiting:
        return "waiting";
    }
    return "done";
}

namespace {

// What other actions can refer to once this one has run.
struct Output {
    Output() = default;
    std::string uid;
    SharedValue desired;
    Value observed;
};

class Execution {
public:
    Execution(Engine engine, std::vector<Action> actions, ExecuteOptions options, Executor executor)
        : engine_(std::move(engine)),
          actions_(std::move(actions)),
          options_(std::move(options)),
          schedule_(actions_),
          group_(executor),
          writer_(engine_, options_.wait, options_.should_stop)
    {
        const auto keep = [&](const Unknown& unknown) {
            if (!unknown.field.empty())
                targets_with_fields_.insert(unknown.target);
        };
        for (Action& action : actions_) {
            for_each_unknown(*action.desired, keep);
            // What a create sets was for whoever read the plan, and a plan that makes everything
            // has more of that than of anything else.
            if (action.verb == Verb::create)
                action.changes = std::vector<FieldChange>();
        }
    }

    Task<Report> run()
    {
        while (true) {
            start_what_may();
            if (group_.running() == 0)
                break;
            co_await group_.wait_any();
        }
        co_await group_.wait_all();
        report_stopped();
        co_return std::move(report_);
    }

private:
    void start_what_may()
    {
        while (group_.running() < options_.parallelism && !stopping()) {
            const auto next = schedule_.next();
            if (!next)
                return;
            Action& action = actions_[*next];
            if (action.verb == Verb::no_op && !action.remember) {
                keep_output(action, action.uid, Value());
                schedule_.succeeded(*next);
            } else if (action.verb == Verb::blocked) {
                finish(*next, Outcome::blocked, std::nullopt, action.message);
            } else {
                group_.spawn(perform(*next));
            }
        }
    }

    bool stopping() const
    {
        if (mutated(Mutation::failure_stops_all) && report_.failed != 0)
            return true;
        // Without an intent nothing may be sent.
        if (store_failed_)
            return true;
        return options_.should_stop && options_.should_stop();
    }

    void keep_output(const Action& action, const std::string& uid, Value observed)
    {
        Output& output = outputs_[action.address.text()];
        output.uid = uid;
        output.desired = action.desired;
        // Of most objects nobody asks for more than the uid.
        if (targets_with_fields_.contains(action.address.text()))
            output.observed = std::move(observed);
    }

    Task<void> perform(std::size_t index)
    {
        Action& action = actions_[index];
        emit(action, EventType::action_started, Level::debug, "started", "");
        const Instant begin = engine_.clock.now();
        if (auto resolved = resolve_all(action); !resolved) {
            finish(index, Outcome::failed, resolved.error(), "");
            co_return;
        }
        auto settled = co_await dispatch(action);
        last_duration_ = engine_.clock.now() - begin;
        if (!settled) {
            store_failed_ = store_failed_ || settled.error().code == Errc::store_failed;
            finish(index, Outcome::failed, settled.error(), "");
            co_return;
        }
        keep_output(action, settled->uid, std::move(settled->observed));
        if (action.verb == Verb::no_op) {
            schedule_.succeeded(index); // nothing that anybody would want to read about
            co_return;
        }
        if (settled->waiting.empty())
            finish(index, Outcome::done, std::nullopt, settled->note, std::move(settled->not_kept));
        else
            finish(index,
                   Outcome::waiting,
                   std::nullopt,
                   settled->waiting,
                   std::move(settled->not_kept));
    }

    Task<Result<Settled>> dispatch(Action action)
    {
        const Verb verb = action.verb;
        if (verb == Verb::create) {
            auto settled = co_await writer_.create(std::move(action));
            co_return settled;
        }
        if (verb == Verb::update) {
            auto settled = co_await writer_.update(std::move(action));
            co_return settled;
        }
        if (verb == Verb::replace) {
            auto settled = co_await writer_.replace(std::move(action));
            co_return settled;
        }
        if (verb == Verb::remove) {
            auto settled = co_await writer_.remove(std::move(action));
            co_return settled;
        }
        if (verb == Verb::waiting) {
            auto settled = co_await writer_.wait(std::move(action));
            co_return settled;
        }
        if (verb == Verb::no_op) {
            auto settled = co_await writer_.remember(std::move(action));
            co_return settled;
        }
        if (verb == Verb::adopt) {
            auto settled = co_await writer_.adopt(std::move(action));
            co_return settled;
        }
        auto settled = co_await writer_.forget(std::move(action));
        co_return settled;
    }

    // Puts in what earlier actions made known: the scope's uid and references.
    Result<void> resolve_all(Action& action)
    {
        if (action.scope_pending) {
            const Address scope = scope_address(*action.kind, *action.scope.project);
            const auto it = outputs_.find(scope.text());
            if (it == outputs_.end() || it->second.uid.empty())
                return Error{Errc::internal, "its project has no uid yet", action.address.text()};
            action.scope.uid = it->second.uid;
            action.scope_pending = false;
        }
        if (!contains_unknown(action.desired))
            return {};
        Value resolved = *action.desired;
        auto done = resolve(action, resolved);
        action.desired = std::move(resolved);
        return done;
    }

    Result<void> resolve(const Action& action, Value& value)
    {
        if (Map* map = value.if_map()) {
            for (auto& [name, member] : *map)
                if (auto fine = resolve(action, member); !fine)
                    return fine;
            return {};
        }
        if (List* list = value.if_list()) {
            for (Value& item : *list)
                if (auto fine = resolve(action, item); !fine)
                    return fine;
            return {};
        }
        const Unknown* unknown = value.if_unknown();
        if (unknown == nullptr)
            return {};
        const auto it = outputs_.find(unknown->target);
        const Error unresolved{Errc::invalid_input,
                               "the reference to " + unknown->text() + " leads nowhere",
                               action.address.text()};
        if (it == outputs_.end())
            return unresolved;
        Value known = it->second.uid;
        if (!unknown->field.empty()) {
            const auto path = Path::parse(unknown->field);
            const Value* found = path ? find(it->second.observed, *path) : nullptr;
            if (found == nullptr && path)
                found = find(*it->second.desired, *path);
            if (found == nullptr)
                return unresolved;
            known = *found;
        }
        known.set_place(value.place());
        value = std::move(known);
        return {};
    }

    void finish(std::size_t index,
                Outcome outcome,
                std::optional<Error> error,
                std::string message,
                std::vector<std::string> not_kept = {})
    {
        const Action& action = actions_[index];
        record(action, outcome, error, message);
        report_.results.back().not_kept = std::move(not_kept);
        if (outcome == Outcome::done || outcome == Outcome::waiting) {
            // What waits for readiness can be referred to, but what needs it to be ready must wait
            // too.
            if (outcome == Outcome::done)
                schedule_.succeeded(index);
            else
                skip(schedule_.failed(index), "waits for " + action.address.text());
            return;
        }
        skip(schedule_.failed(index), action.address.text() + " " + std::string(name_of(outcome)));
    }

    void skip(const std::vector<std::size_t>& actions, const std::string& why)
    {
        for (const std::size_t index : actions) {
            const Action& action = actions_[index];
            if (action.verb == Verb::no_op)
                continue;
            record(action, Outcome::skipped, std::nullopt, why);
        }
    }

    // Actions that never started because we were asked to stop, or could not record them.
    void report_stopped()
    {
        if (!stopping())
            return;
        const std::string why =
            store_failed_ ? "the state takes nothing" : "stopped before it started";
        while (const auto next = schedule_.next()) {
            const Action& action = actions_[*next];
            if (action.verb == Verb::no_op)
                schedule_.succeeded(*next);
            else
                finish(*next, Outcome::skipped, std::nullopt, why);
        }
    }

    void record(const Action& action,
                Outcome outcome,
                const std::optional<Error>& error,
                const std::string& message)
    {
        count(action, outcome);
        ActionResult result;
        result.address = action.address.text();
        result.verb = action.verb;
        result.outcome = outcome;
        result.error = error;
        result.message = message;
        report_.results.push_back(std::move(result));
        switch (outcome) {
        case Outcome::done:
            emit(action,
                 EventType::action_done,
                 Level::info,
                 message.empty() ? "done" : message,
                 "");
            break;
        case Outcome::failed:
            emit(action,
                 EventType::action_failed,
                 Level::error,
                 error->text(),
                 std::string(name_of(error->code)));
            break;
        case Outcome::skipped:
            emit(action, EventType::action_skipped, Level::warning, message, "");
            break;
        case Outcome::blocked:
            emit(action,
                 EventType::action_skipped,
                 Level::warning,
                 "blocked: " + message,
                 "refused");
            break;
        case Outcome::waiting:
            emit(action, EventType::action_waiting, Level::info, message, "");
            break;
        }
    }

    void count(const Action& action, Outcome outcome)
    {
        if (outcome == Outcome::failed)
            ++report_.failed;
        else if (outcome == Outcome::skipped)
            ++report_.skipped;
        else if (outcome == Outcome::blocked)
            ++report_.blocked;
        else if (outcome == Outcome::waiting)
            ++report_.waiting;
        if (outcome != Outcome::done && outcome != Outcome::waiting)
            return;
        report_.created += action.verb == Verb::create ? 1U : 0U;
        report_.updated += action.verb == Verb::update ? 1U : 0U;
        report_.replaced += action.verb == Verb::replace ? 1U : 0U;
        report_.removed += action.verb == Verb::remove ? 1U : 0U;
        report_.adopted += action.verb == Verb::adopt ? 1U : 0U;
        report_.forgotten += action.verb == Verb::forget ? 1U : 0U;
    }

    void
    emit(const Action& action, EventType type, Level level, std::string text, std::string error)
    {
        Event event(type, level, std::move(text));
        event.address = action.address.text();
        event.verb = name_of(action.verb);
        event.plan_id = engine_.plan_id;
        event.duration = type == EventType::action_started ? Duration{} : last_duration_;
        event.error = std::move(error);
        engine_.events.emit(event);
    }

    Engine engine_;
    std::vector<Action> actions_;
    ExecuteOptions options_;
    Schedule schedule_;
    TaskGroup group_;
    Writer writer_;
    std::unordered_map<std::string, Output> outputs_;
    std::unordered_set<std::string> targets_with_fields_; // addresses
    Duration last_duration_{};
    bool store_failed_ = false;
    Report report_;
};

} // namespace

Task<Report> execute(Engine engine, std::vector<Action> actions, ExecuteOptions options)
{
    const Executor executor = co_await boost::asio::this_coro::executor;
    Execution execution(std::move(engine), std::move(actions), std::move(options), executor);
    auto report = co_await execution.run();
    co_return report;
}

} // namespace trueup

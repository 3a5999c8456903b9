// Runs the actions of a plan: in the order of the graph, several at a time, each intent durable
// before its call, each outcome recorded, a failure skipping only what depends on it.
//
// It never repeats a create without having looked whether the first one took effect, and never
// writes to or deletes an object that is not the one that was planned on.

#pragma once

#include "reconciler/engine/engine.hpp"
#include "reconciler/plan/plan.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace trueup {

enum class Outcome { done, failed, skipped, blocked, waiting };

std::string_view name_of(Outcome outcome);

struct ActionResult {
    ActionResult() = default;

    std::string address;
    Verb verb = Verb::no_op;
    Outcome outcome = Outcome::done;
    std::optional<Error> error;
    std::string message;               // why it was skipped, blocked or waits
    std::vector<std::string> not_kept; // fields that the API keeps with other values than written
};

struct Report {
    Report() = default;

    std::vector<ActionResult> results; // of everything but no-ops, in the order in which they ended
    std::size_t created = 0, updated = 0, replaced = 0, removed = 0, adopted = 0, forgotten = 0;
    std::size_t failed = 0, skipped = 0, blocked = 0, waiting = 0;

    bool complete() const { return failed + skipped + blocked + waiting == 0; }
};

struct ExecuteOptions {
    ExecuteOptions() = default;

    std::size_t parallelism = 10;
    // How long to wait for readiness; nothing: as each kind says. Zero: not at all.
    std::optional<Duration> wait;
    // Asked before each action starts; true stops starting new ones.
    std::function<bool()> should_stop;
};

// `actions` are those of a Plan, in its order. Always returns a report of what happened.
Task<Report> execute(Engine engine, std::vector<Action> actions, ExecuteOptions options);

} // namespace trueup

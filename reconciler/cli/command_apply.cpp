// apply: plans, shows, asks, and does it; or does what a saved plan says.

#include "manifests/files.hpp"
#include "reconciler/cli/commands.hpp"
#include "reconciler/cli/console.hpp"
#include "reconciler/cli/heap.hpp"
#include "reconciler/cli/planning.hpp"
#include "reconciler/cli/run_config.hpp"
#include "reconciler/daemon/gate.hpp"
#include "reconciler/plan/render.hpp"
#include "reconciler/plan/saved_plan.hpp"

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <unistd.h>

#include <algorithm>
#include <iostream>

namespace trueup {

namespace {

constexpr std::size_t plan_bytes_max = 256U << 20U;

int fail(const Error& error)
{
    print_error(error);
    return exit_code_of(error);
}

// A plan file fixes what is done: flags that would change it are a contradiction.
Result<void> check_flags(const Settings& settings)
{
    if (settings.plan_file.empty()) {
        if (!settings.yes && !stdin_is_terminal())
            return Error{Errc::invalid_input,
                         "there is nobody to ask",
                         "",
                         "use --yes, or apply a plan that plan --out saved"};
        return {};
    }
    if (settings.prune || settings.destroy || !settings.targets.empty() ||
        !settings.excludes.empty() || !settings.project.empty())
        return Error{
            Errc::invalid_input,
            "--prune, --destroy, --target, --exclude and --project cannot change a saved plan",
            "",
            "give them to plan --out"};
    return {};
}

Result<SavedPlan> read_plan_file(const std::string& path)
{
    const auto content = manifests::read_file(path, plan_bytes_max);
    if (!content)
        return Error{Errc::invalid_input, "the plan file " + content.error().message, path};
    auto saved = read_saved_plan(content->text);
    if (!saved)
        return Error{saved.error().code, saved.error().message, path, saved.error().advice};
    return saved;
}

Result<void>
take_saved_request(const SavedPlan& saved, const Settings& settings, PlanRequest& request)
{
    if (!settings.adopt.empty() && request.plan.adoption != saved.adoption)
        return Error{Errc::invalid_input,
                     "--adopt cannot change a saved plan, which was made with " +
                         std::string(name_of(saved.adoption)),
                     "",
                     "give it to plan --out"};
    request.plan.adoption = saved.adoption;
    request.plan.prune = request.observe.prune = saved.prune;
    request.plan.destroy = request.observe.destroy = request.guards.destroy = saved.destroy;
    request.plan.project = saved.project;
    const auto parse = [](const std::vector<std::string>& texts,
                          std::vector<Address>& into) -> Result<void> {
        for (const std::string& text : texts) {
            auto address = Address::parse(text);
            if (!address)
                return address.error();
            into.push_back(std::move(*address));
        }
        return {};
    };
    if (auto fine = parse(saved.targets, request.plan.targets); !fine)
        return fine;
    return parse(saved.excludes, request.plan.excludes);
}

// Binds a new state to this API, refuses another's, and settles what a crash left open;
// in a freeze window, and of what is suspended, it stays as it is.
Result<void> prepare_workspace(Workspace& workspace, const Settings& settings, Engine engine)
{
    auto windows = read_freeze(settings);
    if (!windows)
        return windows.error();
    auto memos = workspace.store->memos();
    if (!memos)
        return memos.error();
    const Memory memory = read_memory(*memos);
    const WallTime now = workspace.clock->wall();
    const bool frozen = settings.override_freeze.empty() && frozen_at(*windows, now);
    engine.hands_off = [&memory, now, frozen](const Address& address) {
        return frozen || suspension_of(memory, address, now) != nullptr;
    };
    const auto recovery = run(workspace, prepare(engine, workspace.http->origin().text()));
    if (!recovery)
        return recovery.error();
    for (const std::string& open : recovery->unresolved)
        print_error("trueup: warning: an earlier run left this unresolved: " + open + "\n");
    return {};
}

bool confirmed()
{
    print_error("Do you want to do this? Only \"yes\" is taken as an answer: ");
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "yes";
}

std::size_t count_effects(const std::vector<Action>& actions)
{
    return static_cast<std::size_t>(std::ranges::count_if(
        actions, [](const Action& action) { return action.verb != Verb::no_op; }));
}

void print_report(const Report& report)
{
    for (const ActionResult& result : report.results) {
        if (result.outcome == Outcome::done)
            continue;
        print(std::string(name_of(result.outcome)) + ": " + std::string(name_of(result.verb)) +
              " " + result.address + ": " + (result.error ? result.error->text() : result.message) +
              "\n");
    }
    const auto part = [](std::size_t n, std::string_view what) {
        return std::to_string(n) + " " + std::string(what);
    };
    std::string line = std::string(report.complete() ? "Applied: " : "Applied in part: ") +
                       part(report.created, "created, ") + part(report.updated, "updated, ") +
                       part(report.replaced, "replaced, ") + part(report.removed, "deleted");
    if (report.adopted != 0)
        line += ", " + part(report.adopted, "adopted");
    if (report.forgotten != 0)
        line += ", " + part(report.forgotten, "forgotten");
    if (report.failed != 0)
        line += ", " + part(report.failed, "failed");
    if (report.skipped != 0)
        line += ", " + part(report.skipped, "skipped");
    if (report.blocked != 0)
        line += ", " + part(report.blocked, "blocked");
    if (report.waiting != 0)
        line += ", " + part(report.waiting, "not ready yet");
    print(line + ".\n");
}

// The first signal stops new actions and lets running ones end. The second ends the process at
// once, and so does the end of `grace`: what is open then is settled at the next start.
class StopSignals {
public:
    StopSignals(boost::asio::io_context& context, Duration grace)
        : grace_(grace), signals_(context, SIGINT, SIGTERM), limit_(context)
    {
        wait();
    }
    bool stopping() const { return *stopping_; }

private:
    void wait()
    {
        signals_.async_wait([this, flag = stopping_](boost::system::error_code error, int) {
            if (error)
                return;
            if (*flag)
                _exit(1);
            *flag = true;
            print_error("trueup: stopping: what runs is finished, nothing new is started\n");
            start_limit();
            wait();
        });
    }

    void start_limit()
    {
        limit_.expires_after(std::chrono::duration_cast<std::chrono::milliseconds>(grace_));
        limit_.async_wait([](boost::system::error_code error) {
            if (error)
                return;
            print_error(
                "trueup: stopped before everything had ended: the next apply finds out what "
                "became of it\n");
            _exit(1);
        });
    }

    Duration grace_;
    std::shared_ptr<bool> stopping_ = std::make_shared<bool>(false);
    boost::asio::signal_set signals_;
    boost::asio::steady_timer limit_;
};

// Nothing is written in a freeze window, unless somebody says why it must be.
Result<void> check_freeze(Workspace& workspace, const Settings& settings, const Plan& plan)
{
    auto windows = read_freeze(settings);
    if (!windows)
        return windows.error();
    const auto frozen = frozen_at(*windows, workspace.clock->wall());
    if (!frozen || !plan.counts.has_writes())
        return {};
    const Error refused{Errc::refused,
                        "nothing is written during " + frozen->text + ", until " +
                            format_time(frozen->until),
                        "",
                        "wait, or say why it must be now with --override-freeze REASON"};
    if (settings.override_freeze.empty())
        return refused;
    Event event(EventType::note,
                Level::warning,
                "the freeze " + frozen->text + " is overridden: " + settings.override_freeze);
    workspace.events->emit(event);
    Batch batch;
    AuditRecord record;
    record.at = format_time(workspace.clock->wall());
    record.verb = "override";
    record.outcome = "done";
    record.detail = "the freeze " + frozen->text + ": " + settings.override_freeze;
    batch.audit.push_back(std::move(record));
    return run(workspace, workspace.store->commit(std::move(batch)));
}

// How long deletes wait. Fails with invalid_input.
Result<Duration> read_grace(const Settings& settings)
{
    if (settings.grace.empty())
        return Duration::zero();
    return option_duration(settings, "grace", settings.grace);
}

struct Chosen {
    Chosen() = default;

    Gated gated;
    Batch memory; // what has to be remembered of what may not run yet
};

// What may run of `actions` while something is suspended, or waits for the end of its grace period:
// as the daemon of the same state would decide.
Result<Chosen> hold_back(Workspace& workspace,
                         const Settings& settings,
                         const PlanRequest& request,
                         std::vector<Action> actions)
{
    auto memos = workspace.store->memos();
    if (!memos)
        return memos.error();
    Memory memory = read_memory(*memos);
    Memory asked = memory; // a person asks: what failed, or was written in vain, is tried again
    asked.failures.clear();
    asked.writes.clear();
    RunConfig config;
    if (!request.plan.destroy) {
        const auto grace = read_grace(settings);
        if (!grace)
            return grace.error();
        config.grace = *grace;
    }
    GateInput input;
    input.now = workspace.clock->wall();
    input.ignore_backoff = true;
    // What a grace period is counted from is forgotten once the resource is declared again.
    for (const Manifest& manifest : workspace.manifests.manifests) {
        memory.tombstones.erase(manifest.address.text());
        asked.tombstones.erase(manifest.address.text());
    }
    Chosen chosen;
    chosen.gated = gate(std::move(actions), asked, config, input);
    for (const auto& [address, since] : chosen.gated.tombstones)
        memory.tombstones.insert_or_assign(address, since);
    chosen.memory = memory_changes(*memos, write_memory(memory), input.now);
    return chosen;
}

// The actions to run, after everything that can refuse them has spoken.
Result<Chosen> choose_actions(Workspace& workspace,
                              const Settings& settings,
                              const PlanRequest& request,
                              const std::optional<SavedPlan>& saved,
                              Planned planned)
{
    if (auto allowed =
            check_guards(planned.plan, workspace.manifests, planned.records, request.guards);
        !allowed)
        return allowed.error();
    if (auto allowed = check_freeze(workspace, settings, planned.plan); !allowed)
        return allowed.error();
    if (!saved) {
        RenderOptions how;
        how.colour = colour_of(settings);
        print(render_text(planned.plan, how));
        return hold_back(workspace, settings, request, std::move(planned.plan.actions));
    }
    return hold_back(workspace, settings, request, agree(*saved, std::move(planned.plan)).actions);
}

void print_held_back(const std::map<std::string, Withheld>& withheld)
{
    for (const auto& [address, why] : withheld)
        print("held back: " + address + ": " + why.message + "\n");
}

bool holds_suspended(const std::map<std::string, Withheld>& withheld)
{
    return std::ranges::any_of(
        withheld, [](const auto& entry) { return entry.second.reason == "suspended"; });
}

} // namespace

namespace {

// Everything up to the API, in an order in which a mistake changes nothing anywhere.
Result<void> open_everything(Workspace& workspace, const Settings& settings)
{
    // A set that is still being written looks like one from which things were removed.
    auto source = open_source(workspace, settings, SecretMode::leave, "");
    if (!source)
        return source.error();
    const Scan before = (*source)->scan();
    // Checked before the state is opened: the key of the hashes may not exist yet.
    if (auto read = open_manifests(workspace, settings, SecretMode::leave, ""); !read)
        return read;
    auto key = open_state(workspace, settings, Access::write);
    if (!key)
        return key.error();
    if (auto read = open_manifests(workspace, settings, SecretMode::fetch, *key); !read)
        return read;
    if (auto whole = check_whole(before, (*source)->scan()); !whole)
        return whole;
    if (!reads_standard_input(settings)) // which is in no tree
        workspace.revision = (*source)->revision();
    workspace.events->stamp_with(workspace.revision);
    return open_api(workspace, settings, Access::write);
}

Result<ExecuteOptions> read_execute_options(const Settings& settings)
{
    ExecuteOptions options;
    options.parallelism = settings.parallelism;
    if (settings.wait == "none") {
        options.wait = Duration::zero();
    } else if (!settings.wait.empty()) {
        auto wait = option_duration(settings, "wait", settings.wait);
        if (!wait)
            return wait.error();
        options.wait = *wait;
    }
    // It counts later only, and is a mistake before anything is sent.
    if (auto grace = read_grace(settings); !grace)
        return grace.error();
    return options;
}

// Whether a freeze window has begun: one can in the middle of an apply. Empty when none counts.
std::function<bool()> freeze_watch(const Workspace& workspace, const Settings& settings)
{
    auto windows = read_freeze(settings);
    if (!windows || windows->empty() || !settings.override_freeze.empty())
        return {};
    return [windows = std::move(*windows), &clock = *workspace.clock] {
        return frozen_at(windows, clock.wall()).has_value();
    };
}

// Runs the actions and tells what became of them; the exit code. No action starts once
// `options.should_stop` says so, or a signal asks us to stop.
int run_actions(Workspace& workspace,
                const Engine& engine,
                std::vector<Action> actions,
                ExecuteOptions options)
{
    // What runs when we are asked to stop has this long: as long as a call of the API may take.
    auto signals = std::make_unique<StopSignals>(workspace.context, workspace.limits.call_max);
    const std::function<bool()> frozen = std::move(options.should_stop);
    options.should_stop = [&signals, &frozen] {
        return signals->stopping() || (frozen && frozen());
    };
    const bool waits = !options.wait || *options.wait != Duration::zero();
    workspace.events->begin(count_effects(actions));
    const Report report = run(workspace, execute(engine, std::move(actions), std::move(options)));
    workspace.events->end();
    // From here on a signal ends the process as it would any other, even where nobody reads.
    signals.reset();
    print_report(report);
    if (report.skipped != 0 && frozen && frozen())
        print_error("trueup: a freeze window has begun: what had not started was left; apply again "
                    "after it\n");
    const bool only_waiting = report.failed + report.skipped + report.blocked == 0;
    return report.complete() || (only_waiting && !waits) ? 0 : 1;
}

} // namespace

int run_apply(Settings& settings)
{
    reserve_heap();
    if (auto flags = check_flags(settings); !flags)
        return fail(flags.error());
    Workspace workspace;
    if (auto basics = open_basics(workspace, settings); !basics)
        return fail(basics.error());
    auto request = read_plan_request(settings, Refresh::full);
    if (!request)
        return fail(request.error());
    auto options = read_execute_options(settings);
    if (!options)
        return fail(options.error());
    std::optional<SavedPlan> saved;
    if (!settings.plan_file.empty()) {
        auto read = read_plan_file(settings.plan_file);
        if (!read)
            return fail(read.error());
        saved = std::move(*read);
        if (auto fine = take_saved_request(*saved, settings, *request); !fine)
            return fail(fine.error());
    }
    if (auto open = open_everything(workspace, settings); !open)
        return fail(open.error());
    Engine engine(workspace.catalogue,
                  *workspace.provider,
                  *workspace.store,
                  *workspace.clock,
                  *workspace.random,
                  *workspace.events);
    engine.owner_id = settings.owner;
    engine.revision = workspace.revision;
    engine.plan_id = workspace.random->hex(8);
    if (auto ready = prepare_workspace(workspace, settings, engine); !ready)
        return fail(ready.error());
    auto planned = plan_workspace(workspace, *request);
    if (!planned)
        return fail(planned.error());
    if (saved && !check_binding(saved->binding, planned->binding))
        return fail(Error{Errc::refused, "the plan file was made for another API or owner"});
    if (auto noted = run(workspace,
                         note_protection(*workspace.store, workspace.manifests, planned->records));
        !noted)
        return fail(noted.error());
    auto chosen = choose_actions(workspace, settings, *request, saved, std::move(*planned));
    if (!chosen)
        return fail(chosen.error());
    const Gated& gated = chosen->gated;
    print_held_back(gated.withheld);
    if (holds_suspended(gated.withheld) && !gated.has_work())
        return fail(Error{Errc::refused,
                          "all that there is to do is suspended",
                          "",
                          "take that back with trueup resume, while the daemon runs"});
    std::vector<Action> actions = std::move(chosen->gated.actions);
    if (count_effects(actions) != 0 && !settings.yes && !saved && !confirmed()) {
        print("Nothing was done.\n");
        return 1;
    }
    if (auto kept = run(workspace, workspace.store->commit(std::move(chosen->memory))); !kept)
        return fail(kept.error());
    options->should_stop = freeze_watch(workspace, settings);
    return run_actions(workspace, engine, std::move(actions), std::move(*options));
}

} // namespace trueup

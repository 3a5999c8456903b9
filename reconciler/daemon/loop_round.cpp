// One round: look, plan, judge, do, learn.

#include "reconciler/daemon/backoff.hpp"
#include "reconciler/daemon/loop.hpp"
#include "reconciler/daemon/stamp.hpp"

#include <algorithm>

namespace trueup {

namespace {

constexpr Duration poll_min = std::chrono::seconds(2);
constexpr Duration poll_unseen = std::chrono::minutes(1); // what could not be read
constexpr std::size_t plan_id_bytes = 8;

std::map<std::string, std::size_t> counts_by_verb(const PlanCounts& counts)
{
    const std::pair<Verb, std::size_t> all[] = {{Verb::create, counts.create},
                                                {Verb::update, counts.update},
                                                {Verb::replace, counts.replace},
                                                {Verb::remove, counts.remove},
                                                {Verb::adopt, counts.adopt},
                                                {Verb::forget, counts.forget},
                                                {Verb::no_op, counts.no_op},
                                                {Verb::waiting, counts.waiting},
                                                {Verb::blocked, counts.blocked}};
    std::map<std::string, std::size_t> named;
    for (const auto& [verb, count] : all)
        if (count != 0)
            named.emplace(name_of(verb), count);
    return named;
}

// A copy of `action`, which is as it was afterwards. What a create sets is what is declared, and
// can be worked out again.
Action copy_of(Action& action)
{
    if (action.verb != Verb::create)
        return action;
    std::vector<FieldChange> changes;
    changes.swap(action.changes);
    Action copy = action;
    changes.swap(action.changes);
    return copy;
}

// What there is to show of `plan` until the next one. What is unchanged is left out: it would be
// most of it.
Plan shown_part(Plan& plan)
{
    Plan shown;
    shown.counts = plan.counts;
    shown.digest = plan.digest;
    shown.manifests_digest = plan.manifests_digest;
    shown.warnings = plan.warnings;
    shown.prunable = plan.prunable;
    for (Action& action : plan.actions)
        if (action.verb != Verb::no_op)
            shown.actions.push_back(copy_of(action));
    shown.actions.shrink_to_fit();
    return shown;
}

bool is_of_store(const ActionResult& result)
{
    return result.error && result.error->code == Errc::store_failed;
}

bool is_outage(const ActionResult& result)
{
    if (!result.error)
        return false;
    const Errc code = result.error->code;
    return code == Errc::network || code == Errc::timed_out || code == Errc::server_failed;
}

} // namespace

// A plan and what is to become of it.
struct Loop::Judged {
    Judged() = default;

    Gated gated;
    ResourceStatuses statuses;
    bool refused = false;
    bool blocked = false; // the plan itself blocks something
};

Task<void> Loop::round(Trigger trigger)
{
    current_ = trigger;
    const bool asked = wanted_.contains(Trigger::request) || wanted_.contains(Trigger::reload);
    wanted_.clear();
    next_retry_.reset();
    round_ = RoundStatus();
    round_.plan_id = parts_.random.hex(plan_id_bytes);
    round_.trigger = name_of(trigger);
    round_.begun = parts_.clock.wall();
    last_sign_ = parts_.clock.now();
    interrupt_ = false;
    in_round_ = true;
    ask_for_failed_ = asked;
    if (fresh_) {
        Snapshot snapshot = std::move(fresh_->snapshot);
        fresh_.reset();
        put_new_in_force(std::move(snapshot));
    }
    round_.revision = in_force_.revision;
    stamp_->revision = in_force_.revision;
    ResourceStatuses before = resources_;
    const std::size_t requests_before = parts_.host.observer().requests_sent();
    const Result<bool> mended = parts_.store.mend();
    if (mended && *mended) {
        stored_known_ = false; // it may be another one
        told_.clear();
        note(Level::warning, "the state is opened again: what failed to be stored is found out");
    }
    if (!mended)
        fail(mended.error());
    else if (in_force_.known)
        co_await reconcile_once();
    else
        fail(Error{Errc::invalid_input, "there are no manifests that could be read"});
    round_.api_requests = parts_.host.observer().requests_sent() - requests_before;
    keep_since(resources_, before);
    report_changes(before);
    ResourceStatuses().swap(before); // the end of a round gives memory back
    finish_round();
    in_round_ = false;
    stamp_->revision.clear();
}

void Loop::put_new_in_force(Snapshot snapshot)
{
    const RunConfig& config = parts_.host.config();
    for (const Diagnostic& warning : snapshot.warnings)
        note(Level::warning, warning.text());
    for (const Unreadable& unreadable : snapshot.unreadable)
        for (const Diagnostic& error : unreadable.errors)
            note(Level::error, error.text());
    in_force_ = put_in_force(std::move(in_force_), std::move(snapshot), config.on_bad);
    for (const BrokenFile& broken : in_force_.broken)
        note(Level::warning,
             broken.file + " cannot be read: " +
                 (broken.last_good ? "its last good text stays in force"
                                   : "what it declared is not known"));
    if (!in_force_.deletes_blocked.empty())
        note(Level::warning, "nothing is deleted: " + in_force_.deletes_blocked);
}

Engine Loop::make_engine(Provider& provider)
{
    Engine engine(parts_.catalogue, provider, parts_.store, parts_.clock, parts_.random, *stamp_);
    engine.owner_id = parts_.host.config().request.plan.owner_id;
    engine.plan_id = round_.plan_id;
    engine.revision = round_.revision;
    return engine;
}

Task<Result<Planned>> Loop::look()
{
    const RunConfig& config = parts_.host.config();
    if (Provider* provider = parts_.host.provider()) {
        Engine engine = make_engine(*provider);
        engine.told = &told_;
        engine.hands_off = [this](const Address& address) { return may_not_be_written(address); };
        std::string endpoint = config.request.endpoint;
        auto recovery = co_await prepare(std::move(engine), std::move(endpoint));
        if (!recovery)
            co_return recovery.error();
        for (const std::string& open : recovery->unresolved)
            note(Level::warning, "an earlier call is still unresolved: " + open);
    }
    Guarded reader(parts_.host.observer(), *this);
    PlanRequest request = config.request;
    request.observe.now = parts_.clock.wall();
    auto planned = co_await plan_now(
        parts_.catalogue, in_force_.manifests, reader, parts_.store, std::move(request));
    co_return planned;
}

Task<void> Loop::reconcile_once()
{
    const Instant begun = parts_.clock.now();
    auto planned = co_await look();
    look_took_ = parts_.clock.now() - begun;
    if (interrupted()) {
        round_.result = "interrupted";
        co_return;
    }
    if (!planned) {
        fail(planned.error());
        co_return;
    }
    const WallTime now = parts_.clock.wall();
    shown_ = shown_part(planned->plan);
    shown_requests_ = parts_.host.observer().requests_sent();
    parts_.host.planned(planned->plan);
    round_.counts = counts_by_verb(planned->plan.counts);
    for (const std::string& warning : planned->plan.warnings)
        note(Level::warning, warning);
    forget_settled(planned->plan, parts_.host.config(), now, memory_.writes);
    Judged judged = judge(*planned);
    if (parts_.host.provider() == nullptr) {
        round_.result = "dry_run";
        resources_ = std::move(judged.statuses);
        conclude(resources_,
                 judged.gated.withheld,
                 judged.gated.stuck,
                 Report(),
                 planned->records,
                 memory_,
                 parts_.catalogue,
                 now);
        co_return;
    }
    auto noted = co_await note_protection(parts_.store, in_force_.manifests, planned->records);
    if (!noted) {
        fail(noted.error());
        co_return;
    }
    std::vector<Record>().swap(planned->records); // they will be others
    co_await carry_out(std::move(judged));
}

// ---- judging
// ------------------------------------------------------------------------------------

Loop::Judged Loop::judge(Planned& planned)
{
    const RunConfig& config = parts_.host.config();
    const WallTime now = parts_.clock.wall();
    Judged judged;
    judged.statuses = describe(planned.plan.actions, resources_, in_force_.revision, now);
    GateInput input;
    input.now = now;
    input.deletes_blocked = in_force_.deletes_blocked;
    input.unaccounted = in_force_.unaccounted;
    input.ignore_backoff = ask_for_failed_;
    judged.gated = gate(std::move(planned.plan.actions), memory_, config, input);
    planned.plan.actions.clear();
    learn_tombstones(judged);
    expire_pending(now); // the look can have taken longer than the agreement holds
    if (config.mode == RunMode::dry_run)
        return judged;
    judge_guards(planned, judged);
    if (!judged.refused)
        judge_approval(planned, judged);
    return judged;
}

void Loop::judge_guards(const Planned& planned, Judged& judged)
{
    const RunConfig& config = parts_.host.config();
    Plan plan;
    plan.actions = std::move(judged.gated.actions);
    plan.counts = count_actions(plan.actions);
    GuardOptions guards = config.request.guards;
    for (const auto& [address, asked] : memory_.going)
        guards.asked_to_go.emplace(address, asked.uid);
    const auto allowed = check_guards(plan, in_force_.manifests, planned.records, guards);
    judged.gated.actions = std::move(plan.actions);
    if (allowed)
        return;
    const std::string why = allowed.error().text();
    if (memory_.pending && memory_.pending->plan.digest == planned.plan.digest &&
        !memory_.pending->approved_by.empty()) {
        note(Level::warning,
             "a guard is overridden, as " + memory_.pending->approved_by + " approved: " + why);
        audit("override", "", why + "; approved by " + memory_.pending->approved_by);
        return;
    }
    judged.refused = true;
    round_.error = why;
    wait_for_approval(planned, judged, why);
    withhold(judged, Withheld("refused", why));
}

// Freeze windows and approval. A plan can be agreed to during a window; it is carried out after it.
void Loop::judge_approval(Planned& planned, Judged& judged)
{
    const RunConfig& config = parts_.host.config();
    const bool approved = memory_.pending && !memory_.pending->approved_by.empty();
    const bool works = judged.gated.has_work();
    if (works && config.mode == RunMode::approve && !approved)
        wait_for_approval(planned, judged, "");
    else if (memory_.pending && !approved)
        memory_.pending.reset(); // there is no more to agree to
    if (!works) {
        memory_.pending.reset();
        return;
    }
    if (is_frozen(judged))
        return;
    if (config.mode == RunMode::approve && !approved) {
        Withheld why("awaiting_approval",
                     "the plan " + memory_.pending->digest + " waits until somebody approves it");
        why.until = memory_.pending->expires;
        withhold(judged, why);
        return;
    }
    if (!approved)
        return;
    Plan now;
    now.actions = std::move(judged.gated.actions);
    Agreement agreement = agree(memory_.pending->plan, std::move(now));
    for (const Action& action : agreement.actions)
        if (action.verb == Verb::blocked && judged.statuses.contains(action.address.text()) &&
            judged.statuses.at(action.address.text()).verb != trueup::name_of(Verb::blocked))
            judged.gated.withheld.emplace(action.address.text(),
                                          Withheld("approval_outdated", action.message));
    judged.gated.actions = std::move(agreement.actions);
    if (agreement.refused != 0)
        note(Level::warning,
             std::to_string(agreement.refused) + " actions of the approved plan no longer fit");
    memory_.pending.reset();
}

bool Loop::is_frozen(Judged& judged)
{
    const RunConfig& config = parts_.host.config();
    const WallTime now = parts_.clock.wall();
    const auto frozen = frozen_at(config.freeze, now);
    freeze_ = frozen ? frozen->text : std::string();
    frozen_until_.reset();
    if (!frozen)
        return false;
    if (is_freeze_overridden()) {
        if (!override_told_) {
            note(Level::warning,
                 "the freeze " + frozen->text +
                     " is overridden: " + config.freeze_override->reason);
            audit("override",
                  "",
                  "the freeze " + frozen->text + ": " + config.freeze_override->reason);
        }
        override_told_ = true;
        return false;
    }
    frozen_until_ = frozen->until;
    Withheld why("frozen",
                 "nothing is written during " + frozen->text + ", until " +
                     format_time(frozen->until));
    why.blocked_by = frozen->text;
    why.until = frozen->until;
    withhold(judged, why);
    return true;
}

void Loop::wait_for_approval(const Planned& planned, Judged& judged, std::string reason)
{
    const RunConfig& config = parts_.host.config();
    const WallTime now = parts_.clock.wall();
    const bool same = memory_.pending && memory_.pending->plan.digest == planned.plan.digest &&
                      memory_.pending->reason == reason;
    Plan plan;
    plan.digest = planned.plan.digest;
    plan.actions = std::move(judged.gated.actions);
    Pending pending;
    pending.plan = save_plan(plan, config.request.plan, planned.binding, format_time(now));
    pending.digest = same ? memory_.pending->digest : offer_of(memory_, plan.digest);
    pending.revision = in_force_.revision;
    pending.since = same ? memory_.pending->since : now;
    pending.expires =
        same ? memory_.pending->expires
             : now + std::chrono::ceil<std::chrono::milliseconds>(config.approval_expiry);
    pending.counts = counts_by_verb(count_actions(plan.actions));
    pending.reason = std::move(reason);
    judged.gated.actions = std::move(plan.actions);
    if (!same)
        note(Level::warning,
             "a plan waits for approval" +
                 (pending.reason.empty() ? std::string() : " (" + pending.reason + ")") + ": " +
                 pending.digest);
    else
        pending.plan.created_at = memory_.pending->plan.created_at;
    memory_.pending = std::move(pending);
}

// Nothing that changes anything runs in this round.
void Loop::withhold(Judged& judged, const Withheld& why)
{
    std::vector<Action> rest;
    for (Action& action : judged.gated.actions) {
        if (changes_something(action))
            judged.gated.withheld.emplace(action.address.text(), why);
        else
            rest.push_back(std::move(action));
    }
    judged.gated.actions = std::move(rest);
}

// ---- doing, and what is learned from it
// ----------------------------------------------------------

Task<void> Loop::carry_out(Judged judged)
{
    const RunConfig& config = parts_.host.config();
    std::map<std::string, Action> changing;
    Duration poll = Duration::max();
    for (Action& action : judged.gated.actions) {
        if (changes_something(action))
            changing.emplace(action.address.text(), copy_of(action));
        if (action.kind != nullptr && action.kind->readiness)
            poll = std::min(poll, action.kind->readiness->interval);
    }
    // What the plan blocks is known from the plan; nobody need read it again each round.
    std::set<std::string> unseen;
    judged.blocked = std::erase_if(judged.gated.actions, [&unseen](const Action& action) {
                         if (action.reason == Reason::unobserved)
                             unseen.insert(action.address.text());
                         return action.verb == Verb::blocked;
                     }) != 0;
    if (!changing.empty())
        audit("round", "", "begun by " + round_.trigger);
    Engine engine = make_engine(*parts_.host.provider());
    std::set<std::string> acted_on;
    for (const Action& action : judged.gated.actions)
        acted_on.insert(action.address.text());
    ExecuteOptions options;
    options.parallelism = config.parallelism;
    options.wait = Duration::zero(); // waiting is data: the next round looks again
    // A window can begin in the middle of it; what only looks may go on in one.
    options.should_stop = [this, changes = !changing.empty()] {
        return interrupted() || (changes && is_frozen_now());
    };
    std::vector<Action> actions = std::move(judged.gated.actions);
    const Report report =
        co_await execute(std::move(engine), std::move(actions), std::move(options));
    learn(changing, report);
    std::erase_if(memory_.going,
                  [&](const auto& entry) { return !may_go(judged.statuses, entry.first); });
    auto records = remembered(parts_.store, in_force_.manifests);
    if (!records) {
        fail(records.error());
        co_return;
    }
    if (count_waiting(*records, acted_on) + count_going(memory_, judged.gated.withheld, acted_on) !=
        0)
        next_retry_ = parts_.clock.now() +
                      std::max({poll == Duration::max() ? poll_min : poll, poll_min, look_took_});
    else if (count_waiting(*records, unseen) != 0)
        next_retry_ = parts_.clock.now() + std::max(poll_unseen, look_took_);
    if (!changing.empty() && report.skipped != 0 && is_frozen_now())
        next_retry_ = parts_.clock.now(); // the next round says of what is left that it is frozen
    resources_ = std::move(judged.statuses);
    conclude(resources_,
             judged.gated.withheld,
             judged.gated.stuck,
             report,
             *records,
             memory_,
             parts_.catalogue,
             parts_.clock.wall());
    round_.result = result_of(judged, report);
    if (const auto broken = std::ranges::find_if(report.results, is_of_store);
        broken != report.results.end())
        fail(*broken->error);
}

std::string Loop::result_of(const Judged& judged, const Report& report) const
{
    if (judged.refused)
        return "refused";
    if (interrupted() && report.skipped != 0)
        return "interrupted";
    if (report.failed + report.skipped + report.blocked != 0 || judged.blocked ||
        !judged.gated.stuck.empty())
        return "partial";
    if (!judged.gated.withheld.empty())
        return "withheld";
    if (report.waiting != 0)
        return "waiting";
    return report.results.empty() ? "converged" : "applied";
}

void Loop::learn(const std::map<std::string, Action>& changing, const Report& report)
{
    const RunConfig& config = parts_.host.config();
    const WallTime now = parts_.clock.wall();
    // An API that is down is no fault of the resource that met it, nor is a disk that is full.
    const bool down = parts_.host.observer().traffic().breaker_until.has_value();
    for (const ActionResult& result : report.results) {
        const auto it = changing.find(result.address);
        if (it == changing.end())
            continue;
        const Action& action = it->second;
        if (result.outcome == Outcome::done || result.outcome == Outcome::waiting) {
            memory_.failures.erase(result.address);
            learn_going(action, result.outcome, now);
            if (action.verb == Verb::remove)
                memory_.tombstones.erase(result.address);
            ResourceWrites& writes = memory_.writes[result.address];
            note_writes(action, result.not_kept, now, writes);
            if (writes.empty())
                memory_.writes.erase(result.address);
        }
        if (result.outcome != Outcome::failed || (down && is_outage(result)) || is_of_store(result))
            continue;
        Failure& failure = memory_.failures[result.address];
        if (failure.manifest_digest != action.manifest_digest)
            failure.count = 0;
        ++failure.count;
        failure.manifest_digest = action.manifest_digest;
        failure.error = result.error ? result.error->text() : result.message;
        failure.next = now + std::chrono::ceil<std::chrono::milliseconds>(
                                 backoff_delay(config.backoff, failure.count, parts_.random));
    }
    const auto left = [&](const auto& entry) { return !judged_addresses_.contains(entry.first); };
    std::erase_if(memory_.failures, left);
}

// What was asked to go is remembered until it is gone, or declared again.
void Loop::learn_going(const Action& action, Outcome outcome, WallTime now)
{
    const std::string address = action.address.text();
    const bool removes = action.verb == Verb::remove || action.verb == Verb::replace;
    memory_.going.erase(address);
    if (!removes || outcome != Outcome::waiting || action.kind == nullptr ||
        action.kind->gone_within == Duration::zero())
        return;
    Tombstone asked;
    asked.uid = action.uid;
    asked.since = now;
    memory_.going[address] = asked;
}

// A grace period goes on while the delete is planned, or nobody can say; it is over once the
// resource is declared again or gone.
void Loop::learn_tombstones(const Judged& judged)
{
    judged_addresses_.clear();
    for (const auto& [address, status] : judged.statuses)
        judged_addresses_.insert(address);
    for (const auto& [address, tombstone] : judged.gated.tombstones)
        if (!memory_.tombstones.contains(address))
            note(Level::warning, "it is no longer declared: its grace period begins", address);
    std::map<std::string, Tombstone> now = judged.gated.tombstones;
    for (const auto& [address, tombstone] : memory_.tombstones) {
        const auto status = judged.statuses.find(address);
        const bool unclear = status != judged.statuses.end() &&
                             status->second.verb == trueup::name_of(Verb::blocked) &&
                             status->second.file.empty();
        if (unclear)
            now.emplace(address, tombstone);
        else if (!now.contains(address) && status != judged.statuses.end() &&
                 status->second.verb != trueup::name_of(Verb::remove))
            note(Level::info, "it is declared again, and stays", address);
    }
    memory_.tombstones = std::move(now);
}

// ---- the end of a round
// --------------------------------------------------------------------------

void Loop::finish_round()
{
    const RunConfig& config = parts_.host.config();
    const Instant now = parts_.clock.now();
    round_.ended = parts_.clock.wall();
    const std::string& result = round_.result;
    interrupted_in_row_ = result == "interrupted" ? interrupted_in_row_ + 1 : 0;
    failed_in_row_ = result == "failed" ? failed_in_row_ + 1 : 0;
    if (result == "failed")
        next_retry_ =
            now + std::max<Duration>(backoff_delay(config.backoff, failed_in_row_, parts_.random),
                                     look_took_);
    if (const auto until = parts_.host.observer().traffic().breaker_until)
        next_retry_ = *until;
    if (result != "interrupted")
        next_interval_ = now + jittered(config.interval, config.jitter_percent, parts_.random);
    if (result == "converged" || result == "applied")
        last_success_ = round_.ended;
    spoken_for_ =
        spoken_for_ || (result != "failed" && result != "interrupted" && result != "refused");
    exit_code_ = 0;
    if (result == "failed" || result == "partial" || result == "interrupted")
        exit_code_ = 1;
    if (result == "refused")
        exit_code_ = 3;
    std::string counts;
    for (const auto& [verb, count] : round_.counts)
        if (verb != trueup::name_of(Verb::no_op))
            counts += ", " + std::to_string(count) + " " + verb;
    std::string text = "round (" + round_.trigger + "): " + result + counts +
                       (round_.error.empty() ? std::string() : ": " + round_.error);
    const bool dull = result == "converged" && current_ == Trigger::interval;
    const bool bad = exit_code_ != 0 && result != "interrupted";
    note(bad ? Level::error : dull ? Level::debug : Level::info, std::move(text));
    last_round_ = round_;
    parts_.host.round_ended(round_);
    heed_approval_file();
}

} // namespace trueup

// Round after round: when the next one is due, and what is done between them.

#include "reconciler/daemon/loop.hpp"

#include "reconciler/daemon/backoff.hpp"
#include "reconciler/daemon/stamp.hpp"

#include <algorithm>

namespace trueup {

namespace {

// An edit may cut so many rounds in a row short; then one is let through to its end.
constexpr std::size_t interruptions_max = 3;
// Calendar times are looked at again this often, in case the calendar jumps.
constexpr std::chrono::minutes sleep_max{10};
// So many audit records are kept while they cannot be stored; the oldest go first.
constexpr std::size_t audit_kept_max = 1000;

} // namespace

std::string_view Loop::name_of(Trigger trigger)
{
    switch (trigger) {
    case Trigger::approval:
        return "approval";
    case Trigger::reload:
        return "reload";
    case Trigger::edit:
        return "edit";
    case Trigger::request:
        return "request";
    case Trigger::start:
        return "start";
    case Trigger::retry:
        return "retry";
    case Trigger::interval:
        return "interval";
    }
    return "interval";
}

Loop::Loop(LoopParts parts)
    : parts_(std::move(parts)),
      stamp_(std::make_unique<Stamp>(parts_.events, parts_.clock)),
      watcher_(parts_.executor, parts_.host, parts_.clock),
      group_(parts_.executor),
      bell_(parts_.executor),
      beat_bell_(parts_.executor)
{
    watcher_.on_settled = [this](SettledSnapshot settled) {
        take_new_manifests(std::move(settled));
    };
    watcher_.on_approval = [this](const std::string& digest) {
        approval_file_ = digest;
        heed_approval_file();
    };
    watcher_.on_unsettled = [this](const std::string& why) {
        note(Level::warning, "new manifests are not looked at yet: " + why);
    };
}

Loop::~Loop() = default;

EventSink& Loop::events()
{
    return *stamp_;
}

Task<int> Loop::run()
{
    started_ = parts_.clock.wall();
    auto memos = parts_.store.memos();
    if (!memos) {
        note(Level::error, memos.error().text());
        ended_ = true;
        co_return 1;
    }
    memory_ = read_memory(*memos);
    stored_ = std::move(*memos);
    group_.spawn(watcher_.run());
    group_.spawn(beat());
    wanted_.insert(Trigger::start);
    watcher_.hint();
    parts_.supervisor.ready();
    co_await rounds();
    parts_.supervisor.stopping();
    stopping_ = true;
    watcher_.stop();
    co_await save_memory();
    ended_ = true;
    beat_bell_.ring();
    co_await group_.wait_all();
    // A daemon that ends because it was asked to has not failed, however far its last round came.
    if (!parts_.host.config().once)
        co_return 0;
    co_return exit_code_;
}

Task<void> Loop::rounds()
{
    while (!stopping_) {
        if (reload_wanted_)
            take_reloaded();
        expire(parts_.clock.wall());
        co_await save_memory();
        tell_supervisor();
        const Next next = next_round();
        const Instant now = parts_.clock.now();
        if (!next.due || *next.due > now) {
            std::optional<Duration> limit;
            if (next.due)
                limit = std::min<Duration>(*next.due - now, sleep_max);
            co_await bell_.wait(parts_.clock, limit);
            continue;
        }
        if (next.trigger == Trigger::interval) {
            // Changes that nobody told of, on a network file system, are found now.
            watcher_.hint();
        }
        co_await round(next.trigger);
        if (parts_.host.config().once && round_.result != "interrupted")
            co_return;
    }
}

// Tells the supervisor that the loop lives, as long as it makes progress: a round that has shown no
// sign of life for too long hangs, and had better be started anew.
Task<void> Loop::beat()
{
    const auto within = parts_.supervisor.watchdog();
    while (within && !ended_) {
        if (alive())
            parts_.supervisor.alive();
        co_await beat_bell_.wait(parts_.clock, *within / 3);
    }
}

Loop::Next Loop::next_round() const
{
    Next next;
    if (!in_force_.known && !fresh_)
        return next; // until the manifests have been read there is nothing to do
    const Instant now = parts_.clock.now();
    if (!wanted_.empty()) {
        next.consider(now, *wanted_.begin());
    } else {
        if (next_interval_)
            next.consider(*next_interval_, Trigger::interval);
        if (next_retry_)
            next.consider(*next_retry_, Trigger::retry);
        add_wakeups(next, parts_.clock.wall());
    }
    // While the API is left alone a round could only fail.
    const auto until = parts_.host.observer().traffic().breaker_until;
    if (until && next.due && *next.due < *until)
        next.due = until;
    return next;
}

// What the calendar has in store: pauses, windows and periods that end.
void Loop::add_wakeups(Next& next, WallTime now) const
{
    const RunConfig& config = parts_.host.config();
    const auto at = [&](WallTime when) {
        next.consider(parts_.clock.now() + std::max<Duration>(when - now, Duration::zero()),
                      Trigger::retry);
    };
    for (const auto& [address, failure] : memory_.failures)
        if (resources_.contains(address) && failure.next > round_.begun)
            at(failure.next);
    for (const auto& [target, suspension] : memory_.suspensions)
        if (suspension.until)
            at(*suspension.until);
    for (const auto& [address, tombstone] : memory_.tombstones) {
        const WallTime due =
            tombstone.since + std::chrono::ceil<std::chrono::milliseconds>(config.grace);
        if (due > round_.begun)
            at(due);
    }
    if (frozen_until_)
        at(*frozen_until_);
    if (memory_.pending && memory_.pending->expires > round_.begun)
        at(memory_.pending->expires);
}

void Loop::want(Trigger trigger)
{
    wanted_.insert(trigger);
    const bool yields = current_ == Trigger::interval || current_ == Trigger::retry;
    const bool urgent = trigger == Trigger::edit || trigger == Trigger::reload;
    if (in_round_ && urgent && (yields || interrupted_in_row_ < interruptions_max))
        interrupt_ = true;
    bell_.ring();
}

void Loop::take_new_manifests(SettledSnapshot settled)
{
    const bool first = !in_force_.known && !fresh_;
    fresh_ = std::move(settled);
    if (fresh_is_reload_)
        want(Trigger::reload);
    else
        want(first ? Trigger::start : Trigger::edit);
    fresh_is_reload_ = false;
}

// It may name a plan before that plan is made.
void Loop::heed_approval_file()
{
    if (memory_.pending && memory_.pending->approved_by.empty() &&
        memory_.pending->digest == approval_file_)
        static_cast<void>(approve(approval_file_, "the approval file").has_value());
}

void Loop::files_changed()
{
    watcher_.hint();
}

// The supervisor waits for this, so it waits for nothing: a round can take its time.
void Loop::reload()
{
    parts_.supervisor.reloading();
    if (auto read = parts_.host.reload(); !read)
        note(Level::error, "the configuration stays as it was: " + read.error().text());
    else
        new_config_ = true;
    parts_.supervisor.ready();
    reload_wanted_ = true;
    if (in_round_ && (current_ == Trigger::interval || current_ == Trigger::retry))
        interrupt_ = true;
    bell_.ring();
}

void Loop::stop()
{
    stopping_ = true;
    watcher_.stop();
    bell_.ring();
}

void Loop::take_reloaded()
{
    reload_wanted_ = false;
    if (std::exchange(new_config_, false)) {
        if (auto taken = parts_.host.take_reloaded(); taken) {
            note(Level::info, "configuration and credentials were read anew");
            fresh_is_reload_ = true;
        } else {
            note(Level::error, "the configuration stays as it was: " + taken.error().text());
        }
    }
    watcher_.forget();
    override_told_ = false;
}

// Drops what is over.
void Loop::expire(WallTime now)
{
    for (auto it = memory_.suspensions.begin(); it != memory_.suspensions.end();) {
        if (it->second.until && *it->second.until <= now) {
            const std::string what = it->first.empty() ? "everything" : it->first;
            note(Level::info, "the suspension of " + what + " is over");
            audit("resume", it->first, "the suspension is over");
            it = memory_.suspensions.erase(it);
            want(Trigger::retry);
        } else {
            ++it;
        }
    }
    if (frozen_until_ && *frozen_until_ <= now) {
        frozen_until_.reset();
        freeze_.clear();
        want(Trigger::retry);
    }
    if (expire_pending(now))
        want(Trigger::retry);
}

// True when a plan waited for too long, agreed to or not.
bool Loop::expire_pending(WallTime now)
{
    if (!memory_.pending || memory_.pending->expires > now)
        return false;
    const std::string& by = memory_.pending->approved_by;
    note(Level::warning,
         (by.empty() ? "nobody agreed in time to the plan " + memory_.pending->digest
                     : by + " agreed to the plan " + memory_.pending->digest + " too long ago") +
             ": it is dropped");
    audit("approve", "", "the plan " + memory_.pending->digest + " expired");
    note_expired(memory_, memory_.pending->plan.digest, now);
    memory_.pending.reset();
    return true;
}

Task<void> Loop::save_memory()
{
    // In a dry run the state is left alone, but for what people have decided.
    const bool dry = parts_.host.config().mode == RunMode::dry_run;
    if (!stored_known_) {
        auto memos = parts_.store.memos();
        if (!memos)
            co_return; // it was said when saving failed
        stored_ = std::move(*memos);
        stored_known_ = true;
    }
    std::vector<Memo> now = dry ? with_decisions(stored_, memory_) : write_memory(memory_);
    Batch batch = memory_changes(stored_, now, parts_.clock.wall());
    batch.audit = std::exchange(pending_audit_.audit, {});
    if (batch.note.empty() && batch.erase.empty() && batch.audit.empty())
        co_return;
    std::vector<AuditRecord> audit = batch.audit;
    stored_ = std::move(now);
    auto stored = co_await parts_.store.commit(std::move(batch));
    if (stored)
        co_return;
    // It is tried again after the next round. What people decided must not get lost by a disk that
    // was full for a moment.
    stored_known_ = false;
    std::vector<AuditRecord>& pending = pending_audit_.audit;
    const std::size_t kept =
        std::min(audit.size(), audit_kept_max - std::min(pending.size(), audit_kept_max));
    pending.insert(pending.begin(), audit.end() - static_cast<std::ptrdiff_t>(kept), audit.end());
    note(Level::error, stored.error().text());
}

void Loop::save_memory_soon()
{
    if (!ended_)
        group_.spawn(save_memory());
    bell_.ring();
}

void Loop::note(Level level, std::string text, std::string address)
{
    Event event(EventType::note, level, std::move(text));
    event.address = std::move(address);
    event.plan_id = in_round_ ? round_.plan_id : std::string();
    stamp_->emit(event);
}

void Loop::audit(std::string verb, std::string address, std::string detail)
{
    AuditRecord record;
    record.at = format_time(parts_.clock.wall());
    record.address = std::move(address);
    record.verb = std::move(verb);
    record.outcome = "done";
    record.plan_id = in_round_ ? round_.plan_id : std::string();
    record.revision = in_force_.revision;
    record.detail = std::move(detail);
    pending_audit_.audit.push_back(std::move(record));
}

void Loop::tell_supervisor()
{
    const DaemonStatus now = status();
    std::string text;
    for (const auto& [condition, count] : now.conditions)
        text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + condition;
    if (text.empty())
        text = "no resources yet";
    if (last_round_)
        text += "; last round: " + last_round_->result;
    if (!now.broken.empty())
        text += "; " + std::to_string(now.broken.size()) + " files cannot be read";
    if (now.approval)
        text += "; a plan waits for approval";
    if (!now.freeze.empty())
        text += "; frozen: " + now.freeze;
    if (!now.suspensions.empty())
        text += "; " + std::to_string(now.suspensions.size()) + " suspended";
    parts_.supervisor.status(text);
}

void Loop::report_changes(const ResourceStatuses& before)
{
    for (const auto& [address, status] : resources_) {
        const auto it = before.find(address);
        const bool was = it != before.end() && it->second.condition == Health::stalled;
        const bool is = status.condition == Health::stalled;
        if (is && (!was || it->second.reason != status.reason))
            note(Level::warning, "stalled (" + status.reason + "): " + status.message, address);
        else if (was && !is)
            note(Level::info, "no longer stalled", address);
    }
}

void Loop::fail(const Error& error)
{
    round_.error = error.text();
    round_.result = error.code == Errc::refused ? "refused" : "failed";
}

} // namespace trueup

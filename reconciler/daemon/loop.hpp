// The daemon: makes the API match the manifests, and keeps it so.
//
// One coroutine runs round after round, a second one watches the manifests meanwhile, a third tells
// the supervisor that all is well. It touches neither files nor sockets nor the system's clock: all
// of that comes in as parameters, so that a simulation can run it.

#pragma once

#include "reconciler/daemon/assess.hpp"
#include "reconciler/daemon/bell.hpp"
#include "reconciler/daemon/control.hpp"
#include "reconciler/daemon/host.hpp"
#include "reconciler/daemon/in_force.hpp"
#include "reconciler/daemon/memory.hpp"
#include "reconciler/daemon/supervisor.hpp"
#include "reconciler/daemon/watcher.hpp"
#include "reconciler/engine/task_group.hpp"

#include <set>

namespace trueup {

// All of it outlives the loop.
struct LoopParts {
    LoopParts(Executor x,
              Host& h,
              const Catalogue& c,
              Store& s,
              Clock& k,
              Random& r,
              EventSink& e,
              Supervisor& v)
        : executor(std::move(x)),
          host(h),
          catalogue(c),
          store(s),
          clock(k),
          random(r),
          events(e),
          supervisor(v)
    {
    }

    Executor executor;
    Host& host;
    const Catalogue& catalogue;
    Store& store;
    Clock& clock;
    Random& random;
    EventSink& events;
    Supervisor& supervisor;
};

class Loop final : public Control {
public:
    explicit Loop(LoopParts parts);
    ~Loop() override;

    // Runs until stop(), or one round with RunConfig::once. Returns an exit code: 0 after stop(),
    // however far the last round came; with `once`, 1 when the round failed or was not complete,
    // 3 when a guard refused it.
    Task<int> run();

    // The three below start nothing, and may be called from handlers of the event loop.
    void files_changed();
    // The configuration is read anew at once; it counts, and credentials and manifests are read, as
    // soon as no round is under way.
    void reload();
    // Nothing new is started; what runs is finished and recorded.
    void stop();

    // Events that the loop's parts emit go through here, to be counted and stamped.
    EventSink& events();

    DaemonStatus status() const override;
    std::vector<ResourceStatus> resources() const override;
    std::optional<ResourceStatus> resource(const std::string& address) const override;
    std::string plan() const override;
    Result<std::vector<AuditRecord>> history(std::size_t newest_max) const override;
    bool alive() const override;
    bool ready() const override { return spoken_for_; }
    void reconcile(const std::string& by) override;
    Result<void> approve(const std::string& digest, const std::string& by) override;
    Result<void> suspend(Suspension suspension) override;
    Result<void> resume(const std::string& target, const std::string& by) override;

private:
    // In order of urgency.
    enum class Trigger { approval, reload, edit, request, start, retry, interval };
    static std::string_view name_of(Trigger trigger);
    class Stamp;
    class Guarded;
    struct Judged;

    // What comes next: a round, or nothing for a while.
    struct Next {
        Next() = default;

        void consider(Instant at, Trigger what)
        {
            if (due && *due <= at)
                return;
            due = at;
            trigger = what;
        }

        std::optional<Instant> due; // nothing: when somebody calls
        Trigger trigger = Trigger::interval;
    };

    // ---- loop.cpp: round after round
    Task<void> rounds();
    Task<void> beat();
    Next next_round() const;
    void add_wakeups(Next& next, WallTime now) const;
    void want(Trigger trigger);
    void take_new_manifests(SettledSnapshot settled);
    void heed_approval_file();
    void report_changes(const ResourceStatuses& before);
    void fail(const Error& error);
    void take_reloaded();
    void expire(WallTime now);
    bool expire_pending(WallTime now);
    Task<void> save_memory();
    void save_memory_soon();
    void note(Level level, std::string text, std::string address = {});
    void audit(std::string verb, std::string address, std::string detail);
    bool interrupted() const { return stopping_ || interrupt_; }
    void tell_supervisor();

    // ---- loop_round.cpp: one of them
    Task<void> round(Trigger trigger);
    void put_new_in_force(Snapshot snapshot);
    Task<void> reconcile_once();
    // For what this round does.
    Engine make_engine(Provider& provider);
    Task<Result<Planned>> look();
    Judged judge(Planned& planned);
    void judge_guards(const Planned& planned, Judged& judged);
    void judge_approval(Planned& planned, Judged& judged);
    bool is_frozen(Judged& judged);
    bool may_not_be_written(const Address& address) const;
    bool is_freeze_overridden() const;
    bool is_frozen_now() const; // and nobody overrides it
    void wait_for_approval(const Planned& planned, Judged& judged, std::string reason);
    void withhold(Judged& judged, const Withheld& why);
    Task<void> carry_out(Judged judged);
    std::string result_of(const Judged& judged, const Report& report) const;
    void learn(const std::map<std::string, Action>& changing, const Report& report);
    void learn_going(const Action& action, Outcome outcome, WallTime now);
    void learn_tombstones(const Judged& judged);
    void finish_round();

    LoopParts parts_;
    std::unique_ptr<Stamp> stamp_;
    ManifestWatcher watcher_;
    TaskGroup group_;
    Bell bell_;
    Bell beat_bell_;

    Memory memory_;
    std::vector<Memo> stored_; // what of it the store has
    bool stored_known_ = true; // false: saving failed, and what the store has must be read
    Batch pending_audit_;
    InForce in_force_;
    std::optional<SettledSnapshot> fresh_;
    bool fresh_is_reload_ = false;
    ResourceStatuses resources_;
    std::optional<Plan> shown_; // the last plan, less what is unchanged
    std::size_t shown_requests_ = 0;

    std::set<Trigger> wanted_;
    bool stopping_ = false;
    bool ended_ = false;
    bool reload_wanted_ = false;
    bool new_config_ = false; // was read, and does not count yet
    bool interrupt_ = false;
    bool in_round_ = false;
    bool spoken_for_ = false;
    Trigger current_ = Trigger::start;
    std::size_t interrupted_in_row_ = 0;
    std::size_t failed_in_row_ = 0;
    std::set<std::string> told_;             // see Engine::told
    Duration look_took_{};                   // the last look at the API
    bool ask_for_failed_ = false;            // what failed is tried again at once
    std::set<std::string> judged_addresses_; // of the last plan
    std::string approval_file_;              // the digest that it holds
    std::optional<Instant> next_interval_;
    std::optional<Instant> next_retry_;
    std::optional<WallTime> frozen_until_;
    std::string freeze_;
    bool override_told_ = false;
    Instant last_sign_;
    WallTime started_;
    RoundStatus round_;
    std::optional<RoundStatus> last_round_;
    std::optional<WallTime> last_success_;
    int exit_code_ = 0;
};

} // namespace trueup

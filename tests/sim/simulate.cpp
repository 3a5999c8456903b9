#include "tests/sim/simulate.hpp"

#include "tests/sim/fixtures.hpp"
#include "tests/sim/process.hpp"
#include "tests/sim/rules.hpp"
#include "tests/sim/watched_store.hpp"

#include <algorithm>
#include <set>

namespace trueup::sim {

namespace {

constexpr std::size_t steps_max = 400'000; // events of one world
constexpr std::size_t rounds_quiet = 4;    // after the faults: three to come right, one to prove it
// As many rounds in a row that find all as declared and write nothing make the rest superfluous.
constexpr std::size_t rests_enough = 2;
constexpr Duration world_max = std::chrono::hours(48);
// Longer than anything that is on its way when the faults stop.
constexpr Duration calm = std::chrono::minutes(5);
// A life that begins as soon as they stop meets what has not settled: its rounds do not count yet.
constexpr Duration unsettled = std::chrono::seconds(45);

// Everything that the seed decides besides the faults.
struct Setting : WorldRules {
    std::uint64_t process_seed = 0;
    std::size_t rounds = 3; // of the phase with faults
    bool prune = false;
    bool restart_before_calm = false;
};

Setting draw_setting(Random& random)
{
    Setting s;
    s.process_seed = random.next();
    s.rounds = 2 + random.below(3);
    s.prune = random.below(2) == 0;
    s.restart_before_calm = random.below(4) == 0;
    draw_connection(random, 8, s);
    s.manifests = draw_manifests(random, 1 + random.below(8));
    draw_before(random, s);
    if (random.below(8) == 0) {
        Declared some;
        some.kind = random.below(2) == 0 ? "Role" : "TagFilter";
        for (int i = 0; i < 12; ++i) {
            some.name = "foreign" + std::to_string(i);
            s.before.push_back(some);
        }
    }
    draw_broken_kind(random, 10, s);
    tell_judge(s);
    return s;
}

// A world without accidents of its own.
Setting setting_of(const Scenario& scenario)
{
    Setting s;
    s.process_seed = 7;
    s.rounds = scenario.stages.size();
    s.prune = scenario.prune;
    s.process.trusting = scenario.trusting;
    s.server.async_duration = scenario.async_duration;
    s.process.rate = 0;
    set_secrets(s.server);
    s.process.credentials.api_key.emplace(s.server.api_key, "", "test");
    s.manifests = scenario.stages.front();
    s.before = scenario.before;
    tell_judge(s);
    return s;
}

class World final : private Surroundings {
public:
    World(const SimOptions& options, Setting setting, std::vector<Fault> faults)
        : options_(options),
          setting_(std::move(setting)),
          faults_(std::move(faults)),
          random_(make_seeded_random(setting_.process_seed)),
          timeline_(universe_, options.keep_timeline),
          judge_(universe_, timeline_, setting_.judge),
          server_(universe_, timeline_, judge_, setting_.server),
          server_clock_(universe_, server_place_),
          network_(universe_,
                   server_place_,
                   server_clock_,
                   [this](const HttpRequest& request) { return server_.serve(request); }),
          manifests_(setting_.manifests)
    {
        server_.on_fault = [this](const Fault& fault) { strike(fault); };
        network_.on_request = [this](std::string_view head) { return server_.send(head); };
        network_.on_dial = [this] { return server_.dialled(); };
        disk_.on_operation = [this](DiskOp operation) { return disk_verdict(operation); };
        disk_.on_read = [this] { return reads_fail(); };
        disk_.on_bytes = [this](std::string_view bytes) { judge_.stored(bytes); };
        disk_.put(state_name, fixtures().empty_state);
        server_.arm(faults_);
        judge_.learn(manifests_);
        for (const Declared& declared : setting_.before)
            server_.preexist(declared);
        for (const Fault& fault : faults_)
            if (fault.trigger == Trigger::time)
                universe_.at(server_place_, std::chrono::milliseconds(fault.at), [this, fault] {
                    if (calm_)
                        return;
                    server_.count(fault);
                    timeline_.add("fault", fault.text());
                    strike(fault);
                });
    }

    ~World() override
    {
        process_.reset();
        network_.hang_up(server_place_);
        universe_.purge(server_place_);
        server_place_.drop();
    }

    SimResult run()
    {
        start_process();
        std::size_t steps = 0;
        while (!finished_) {
            // It can die while it starts, before anything else is due.
            if (process_ && (process_->dead() || process_->ended()))
                bury();
            if (!universe_.step())
                break;
            if (++steps == steps_max || universe_.now().time_since_epoch() > world_max) {
                judge_.violation('D', "it never ends");
                break;
            }
        }
        if (!finished_ && judge_.violations().empty())
            judge_.violation('D', "it hangs");
        SimResult result;
        result.violations = judge_.violations();
        result.faults = faults_;
        result.hash = timeline_.hash();
        result.entries = timeline_.entries();
        result.lines = timeline_.lines();
        result.requests = server_.requests();
        result.writes = judge_.writes();
        result.crashes = crashes_;
        result.rounds = rounds_;
        result.struck = server_.struck();
        result.events = events_;
        result.disk_operations = disk_operations_;
        result.requests_before_calm = requests_before_calm_;
        result.writes_before_calm = writes_before_calm_;
        return result;
    }

private:
    // ---- lives
    // ----------------------------------------------------------------------------------

    void start_process()
    {
        Surroundings& surroundings = *this;
        process_ = std::make_unique<Process>(universe_,
                                             timeline_,
                                             judge_,
                                             network_,
                                             surroundings,
                                             setting_.process,
                                             disk_,
                                             cache_,
                                             random_->next());
        process_->clock().shift_wall(wall_wrong_);
        auto started = process_->start(!damaged_ && !state_lost_);
        state_lost_ = state_lost_ && !started;
        if (started || process_->dead())
            return;
        timeline_.add("trueup", "the state cannot be opened: " + started.error().text());
        judge_.printed("an error", started.error().text());
        const bool is_told_damaged = started.error().text().find("damaged") != std::string::npos;
        if (!damaged_ && (is_told_damaged || !disk_failing()))
            judge_.violation('G', "the state cannot be opened: " + started.error().text());
        if (damaged_)
            replace_state();
        process_.reset();
        restart_later();
    }

    // What is left of a process that died or gave up.
    void bury()
    {
        if (process_->dead())
            ++crashes_;
        timeline_.add("trueup", process_->dead() ? "is dead" : "ended");
        judge_.died();
        if (process_->dead())
            disk_.cut_power();
        process_.reset();
        disk_.restart(loss_, *random_);
        loss_ = DiskLoss::nothing;
        if (!finished_)
            restart_later();
    }

    void restart_later()
    {
        if (restart_due_)
            return;
        restart_due_ = true;
        universe_.at(server_place_, std::chrono::milliseconds(50 + random_->below(4000)), [this] {
            restart_due_ = false;
            if (!process_ && !finished_)
                start_process();
        });
    }

    void kill(DiskLoss loss)
    {
        if (!process_ || process_->dead())
            return;
        loss_ = loss;
        process_->die();
    }

    // A state that cannot be trusted is set aside, or somebody has lost it.
    void replace_state()
    {
        disk_.erase(std::string(state_name) + "-wal");
        disk_.put(state_name, fixtures().empty_state);
        damaged_ = false;
        state_lost_ = true;
        audit_complete_ = false;
        judge_.state_lost();
    }

    // ---- faults
    // ---------------------------------------------------------------------------------

    void strike(const Fault& fault)
    {
        const DiskLoss loss = fault.seed % 2 == 0 ? DiskLoss::nothing : DiskLoss::unsynced;
        switch (fault.kind) {
        case FaultKind::crash_effect:
        case FaultKind::crash_event:
        case FaultKind::crash_time:
            kill(loss);
            break;
        case FaultKind::second_start:
            if (process_ && !process_->dead())
                start_second(judge_, disk_);
            break;
        case FaultKind::disk_damage:
        case FaultKind::state_lost:
            kill(DiskLoss::nothing);
            if (process_ && process_->dead())
                bury();
            if (fault.kind == FaultKind::state_lost) {
                replace_state();
            } else {
                disk_.damage(state_name, *make_seeded_random(fault.seed));
                damaged_ = true;
                audit_complete_ = false;
            }
            break;
        case FaultKind::wall_jump: {
            const auto by =
                std::chrono::milliseconds(static_cast<std::int64_t>(fault.number) - 3'600'000);
            wall_wrong_ += by;
            if (process_)
                process_->clock().shift_wall(by);
            break;
        }
        case FaultKind::edit: {
            const auto random = make_seeded_random(fault.seed);
            timeline_.add("editor", "the manifests: " + edit_manifests(manifests_, *random));
            judge_.learn(manifests_);
            break;
        }
        case FaultKind::rotate:
            ++secret_generation_;
            break;
        case FaultKind::other_edit:
        case FaultKind::other_take:
        case FaultKind::other_remove:
        case FaultKind::other_create:
        case FaultKind::other_clone:
            server_.meddle(fault, manifests_, targets_);
            break;
        default:
            break;
        }
    }

    bool disk_failing() const
    {
        return (disk_failed_at_ + 3 > disk_.operations() && disk_failed_at_ != 0) ||
               read_failed_at_ == universe_.now();
    }

    DiskVerdict disk_verdict(DiskOp)
    {
        // Closing what is dead, or opening: only the disk itself can fail then.
        const auto wanted = [](FaultKind kind) {
            return kind == FaultKind::crash_disk ||
                   (kind >= FaultKind::disk_fail && kind <= FaultKind::disk_torn);
        };
        const Fault* fault = server_.striking(Trigger::disk, disk_.operations(), wanted);
        if (fault == nullptr)
            return DiskVerdict::fine;
        disk_failed_at_ = disk_.operations();
        switch (fault->kind) {
        case FaultKind::disk_fail:
            return DiskVerdict::fail;
        case FaultKind::disk_full:
            return DiskVerdict::full;
        case FaultKind::disk_torn:
            return DiskVerdict::torn;
        default:
            kill(fault->seed % 2 == 0 ? DiskLoss::nothing : DiskLoss::unsynced);
            return DiskVerdict::power_cut;
        }
    }

    bool reads_fail()
    {
        const auto wanted = [](FaultKind kind) { return kind == FaultKind::disk_read; };
        if (server_.striking(Trigger::read, disk_.reads(), wanted) == nullptr)
            return false;
        read_failed_at_ = universe_.now();
        return true;
    }

    // ---- Surroundings
    // ---------------------------------------------------------------------------

    const ManifestText& manifests() override { return manifests_; }
    int secret_generation() override { return secret_generation_; }
    bool prune() override { return setting_.prune; }

    void planned(const Plan& plan) override
    {
        targets_.clear();
        bool acts = false;
        for (const Action& action : plan.actions) {
            acts = acts || action.writes();
            if (action.writes() && !action.uid.empty())
                targets_.insert(action.uid);
        }
        if (calm_ || !acts)
            return;
        const auto any = [](FaultKind) { return true; };
        const Fault* fault = server_.striking(Trigger::plan, ++plans_, any);
        if (fault == nullptr)
            return;
        universe_.at(server_place_, std::chrono::milliseconds(1), [this, struck = *fault] {
            if (!calm_)
                strike(struck);
        });
    }

    void heard(const Event&) override
    {
        const auto wanted = [](FaultKind kind) { return kind == FaultKind::crash_event; };
        events_ += calm_ ? 0U : 1U;
        if (const Fault* fault = server_.striking(Trigger::event, events_, wanted))
            strike(*fault);
    }

    std::optional<Duration> round_ended(RoundEnd end) override
    {
        ++rounds_;
        for (const ActionResult& result : end.report.results)
            timeline_.add("report",
                          result.address + " " + std::string(name_of(result.verb)) + " " +
                              std::string(name_of(result.outcome)) + " " + result.message +
                              (result.error ? result.error->text() : std::string()));
        const Duration pause = std::chrono::seconds(10 + random_->below(50));
        if (options_.scenario && rounds_ < options_.scenario->stages.size())
            take_manifests(options_.scenario->stages[rounds_]);
        if (!calm_ && rounds_ < setting_.rounds)
            return pause;
        if (!calm_) {
            come_to_rest();
            return calm;
        }
        const bool refused = end.error && end.error->code == Errc::refused;
        if (refused && (setting_.process.default_guards || manifests_.resources.empty())) {
            conclude_refused(); // a guard wants a person
            finished_ = true;
            return std::nullopt;
        }
        if (universe_.now() < calm_since_ + unsettled)
            return calm;
        rests_ = at_rest(end) ? rests_ + 1 : 0;
        if (++quiet_rounds_ < rounds_quiet && (patient() || rests_ < rests_enough))
            return pause;
        conclude(end);
        finished_ = true;
        return std::nullopt;
    }

    // Nothing was done and nothing is left to do.
    static bool at_rest(const RoundEnd& end)
    {
        return !end.error && !end.unreadable && end.writes == 0 &&
               std::ranges::all_of(end.plan.actions,
                                   [](const Action& action) { return action.verb == Verb::no_op; });
    }
    // Some worlds go on to the last round, whatever they show before.
    bool patient() const { return options_.seed % 8 == 0; }

    void take_manifests(const ManifestText& manifests)
    {
        manifests_ = manifests;
        judge_.learn(manifests_);
        timeline_.add("editor", "the manifests are replaced");
    }

    // The faults stop, and the manifests stay as they are.
    void come_to_rest()
    {
        calm_ = true;
        calm_since_ = universe_.now();
        disk_operations_ = disk_.operations();
        requests_before_calm_ = server_.requests();
        writes_before_calm_ = server_.writes();
        timeline_.add("world", "the faults stop");
        server_.disarm();
        manifests_.broken.clear();
        if (setting_.restart_before_calm)
            universe_.at(
                server_place_, std::chrono::minutes(1), [this] { kill(DiskLoss::nothing); });
    }

    void conclude(const RoundEnd& end)
    {
        if (end.error || end.unreadable) {
            judge_.violation('D',
                             "the fourth undisturbed round fails: " +
                                 (end.error ? end.error->text() : std::string("unreadable")));
            return;
        }
        Judge::Final last;
        last.manifests = &manifests_;
        last.prune = setting_.prune;
        last.plan = &end.plan;
        last.report = &end.report;
        last.writes_before_last_round = judge_.writes() - end.writes;
        last.world = server_.objects();
        if (!read_end(process_->store(), judge_, last))
            return;
        last.audit_complete = audit_complete_;
        judge_.conclude(last);
    }

    void conclude_refused()
    {
        Judge::Final last;
        last.audit_complete = audit_complete_;
        if (read_end(process_->store(), judge_, last))
            judge_.conclude_refused(last);
    }

    const SimOptions& options_;
    Setting setting_;
    std::vector<Fault> faults_;
    std::unique_ptr<Random> random_;
    Universe universe_;
    Timeline timeline_;
    Judge judge_;
    Place server_place_;
    Server server_;
    SimClock server_clock_;
    Disk disk_;
    Network network_;
    ManifestText manifests_;
    std::unique_ptr<Process> process_;
    DiskLoss loss_ = DiskLoss::nothing;
    int secret_generation_ = 1;
    std::chrono::milliseconds wall_wrong_{};
    bool state_lost_ = false;
    bool restart_due_ = false;
    bool damaged_ = false;
    bool audit_complete_ = true;
    bool calm_ = false;
    Instant calm_since_{};
    bool finished_ = false;
    std::set<std::string> targets_; // uids that the last plan changes
    std::uint64_t plans_ = 0;       // that change something
    std::uint64_t events_ = 0;
    std::uint64_t disk_failed_at_ = 0;
    std::optional<Instant> read_failed_at_;
    std::uint64_t disk_operations_ = 0;
    std::size_t requests_before_calm_ = 0;
    std::size_t writes_before_calm_ = 0;
    ManifestCache cache_;
    std::size_t crashes_ = 0;
    std::size_t rounds_ = 0;
    std::size_t quiet_rounds_ = 0;
    std::size_t rests_ = 0; // in a row
};

} // namespace

SimResult simulate(const SimOptions& options)
{
    static_cast<void>(fixtures()); // before there is a simulated disk
    if (options.scenario) {
        World world(
            options, setting_of(*options.scenario), options.faults.value_or(std::vector<Fault>()));
        return world.run();
    }
    const auto random = make_seeded_random(options.seed);
    Setting setting = draw_setting(*random);
    std::vector<Fault> faults = draw_faults(*random, setting.faults);
    if (options.faults)
        faults = *options.faults;
    World world(options, std::move(setting), std::move(faults));
    return world.run();
}

} // namespace trueup::sim

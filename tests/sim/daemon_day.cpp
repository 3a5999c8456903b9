#include "tests/sim/daemon_world.hpp"
#include "tests/sim/fixtures.hpp"
#include "tests/sim/watched_store.hpp"

#include <algorithm>

namespace trueup::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t steps_max = 20'000'000; // events of one world
// Longer than anything that is on its way when the faults stop.
constexpr Duration calm = minutes(10);
// What failed last is left alone for so long at most, and then everything is looked at again.
constexpr Duration pauses = minutes(45);
constexpr int intervals_to_converge = 6;
constexpr int intervals_quiet = 4;
constexpr Duration stop_timeout = seconds(90);

} // namespace

// ---- lives
// ---

Day::Day(const DayOptions& options, DaySetting setting, std::vector<DayEvent> events)
    : options_(options),
      setting_(std::move(setting)),
      events_(std::move(events)),
      random_(make_seeded_random(setting_.world_seed)),
      timeline_(universe_, options.keep_timeline),
      judge_(universe_, timeline_, setting_.judge),
      rules_(universe_, judge_),
      server_(universe_, timeline_, judge_, setting_.server),
      server_clock_(universe_, server_place_),
      network_(universe_,
               server_place_,
               server_clock_,
               [this](const HttpRequest& request) { return server_.serve(request); }),
      tree_(universe_),
      wanted_(setting_.manifests),
      config_(setting_.config)
{
    server_.on_fault = [this](const Fault& fault) { strike(fault); };
    network_.on_request = [this](std::string_view head) {
        rules_.sending(head, wall());
        return server_.send(head);
    };
    network_.on_dial = [this] { return server_.dialled(); };
    disk_.on_operation = [this](DiskOp) { return disk_verdict(); };
    disk_.on_read = [this] { return reads_fail(); };
    disk_.on_bytes = [this](std::string_view bytes) { judge_.stored(bytes); };
    disk_.put(state_name, fixtures().empty_state);
    judge_.learn(wanted_);
    for (const Declared& declared : setting_.before)
        server_.preexist(declared);
    tree_.replace(lay_out(wanted_, moved_));
    for (const DayEvent& event : events_)
        later(milliseconds(event.at_ms), [this, event] {
            timeline_.add("day", name_of(event.thing));
            ++result_.happened[static_cast<std::size_t>(event.thing)];
            happen(event.thing, event.seed);
        });
    universe_.at(server_place_, day_length, [this] { come_to_rest(); });
    watch_over();
}

Day::~Day()
{
    life_.reset();
    network_.hang_up(server_place_);
    universe_.purge(server_place_);
    server_place_.drop();
}

DayResult Day::run()
{
    start_life();
    std::size_t steps = 0;
    while (!finished_ && judge_.violations().empty()) {
        // It can die while it starts, before anything else is due.
        if (life_ && (life_->dead() || life_->ended()))
            bury();
        if (!universe_.step())
            break;
        if (++steps == steps_max) {
            judge_.violation('R', "it never ends");
            break;
        }
    }
    if (!finished_ && judge_.violations().empty())
        judge_.violation('D', "it hangs");
    result_.violations = judge_.violations();
    result_.events = events_;
    result_.hash = timeline_.hash();
    result_.entries = timeline_.entries();
    result_.lines = timeline_.lines();
    result_.requests = server_.requests();
    result_.writes = judge_.writes();
    result_.rounds_in_worst_hour = rules_.rounds_in_worst_hour();
    result_.requests_in_worst_hour = rules_.requests_in_worst_hour();
    result_.struck = server_.struck();
    return result_;
}

void Day::start_life()
{
    ++result_.lives;
    Witness& witness = *this;
    const LifeParts parts{universe_,
                          timeline_,
                          judge_,
                          network_,
                          witness,
                          setting_.process,
                          disk_,
                          tree_,
                          cache_,
                          readings_};
    life_ = std::make_unique<DaemonLife>(parts, config_, random_->next());
    life_->clock().shift_wall(wall_wrong_);
    in_force_.forget();
    revision_.clear();
    stopping_ = false;
    auto started = life_->start(!damaged_ && !state_lost_);
    state_lost_ = state_lost_ && !started;
    if (started || life_->dead())
        return;
    timeline_.add("trueup", "the state cannot be opened: " + started.error().text());
    judge_.printed("an error", started.error().text());
    const bool is_told_damaged = started.error().text().find("damaged") != std::string::npos;
    if (!damaged_ && (is_told_damaged || !disk_failing()))
        judge_.violation('G', "the state cannot be opened: " + started.error().text());
    if (damaged_)
        replace_state();
    life_.reset();
    restart_later(seconds(5));
}

void Day::bury()
{
    const bool ended = !life_->dead() && !stopping_;
    result_.crashes += life_->dead() ? 1U : 0U;
    timeline_.add("trueup", life_->dead() ? "is dead" : "ended");
    judge_.died();
    rules_.died(disk_hurt_);
    disk_hurt_ = false;
    if (life_->dead())
        disk_.cut_power();
    life_.reset();
    disk_.restart(loss_, *random_);
    loss_ = DiskLoss::nothing;
    // It said so itself, and somebody who reads that sets the state aside.
    if (damaged_ && ended)
        replace_state();
    const bool long_gone = !calm_ && random_->below(5) == 0;
    restart_later(milliseconds(50 + random_->below(long_gone ? 1'800'000 : 4'000)));
}

void Day::restart_later(Duration delay)
{
    if (restart_due_)
        return;
    restart_due_ = true;
    universe_.at(server_place_, delay, [this] {
        restart_due_ = false;
        if (!life_ && !finished_)
            start_life();
    });
}

void Day::kill(DiskLoss loss)
{
    if (!life_ || life_->dead())
        return;
    loss_ = loss;
    life_->die();
}

void Day::stop()
{
    if (!runs() || stopping_)
        return;
    stopping_ = true;
    const std::size_t life = result_.lives;
    life_->loop().stop();
    universe_.at(server_place_, stop_timeout, [this, life] {
        if (life == result_.lives && runs())
            kill(DiskLoss::nothing);
    });
}

void Day::replace_state()
{
    disk_.erase(std::string(state_name) + "-wal");
    disk_.put(state_name, fixtures().empty_state);
    damaged_ = false;
    state_lost_ = true;
    audit_complete_ = false;
    judge_.state_lost();
    rules_.state_lost();
}

// ---- Witness
// -------------------------------------------------------------------------------------------------

void Day::take_in_force(const std::string& revision)
{
    if (revision == revision_)
        return;
    revision_ = revision;
    if (const auto it = readings_.find(revision); it != readings_.end())
        in_force_.take(it->second, life_->config().on_bad);
}

void Day::round_begins(const std::string& revision)
{
    take_in_force(revision);
    planned_ = false;
    judge_.round_begins(in_force_.declared(), life_->config().request.plan.prune);
    rules_.round_begins(life_->config(), wall());
    timeline_.add("trueup", "round of " + revision);
}

void Day::planned(const Plan& plan, const std::string& revision)
{
    take_in_force(revision);
    judge_.planned(plan);
    rules_.planned(plan, life_->config(), in_force_.deletes_blocked(), wall());
    planned_ = true;
    unsettled_.clear();
    targets_.clear();
    bool acts = false;
    std::set<std::string> declared;
    for (const Action& action : plan.actions) {
        const std::string& address = action.address.text();
        if (action.verb != Verb::no_op || action.remember)
            unsettled_[address] = true;
        if (!action.file.empty())
            declared.insert(address);
        acts = acts || action.writes();
        if (action.writes() && !action.uid.empty())
            targets_.insert(action.uid);
        if (action.verb != Verb::no_op)
            timeline_.add("plan",
                          std::string(name_of(action.verb)) + " " + address + " (" +
                              std::string(name_of(action.reason)) + ") " + action.message);
    }
    const ManifestText in_force = in_force_.declared();
    for (const Declared& each : in_force.resources)
        if (declared.erase(each.address()) == 0)
            judge_.violation('C', each.address() + " is declared, and not to the daemon");
    for (const std::string& address : declared)
        judge_.violation('E', address + " is not declared, but to the daemon");
    if (calm_)
        last_plan_ = plan;
    if (calm_ || !acts)
        return;
    const auto any = [](FaultKind) { return true; };
    const Fault* fault = server_.striking(Trigger::plan, ++plans_, any);
    if (fault != nullptr)
        later(milliseconds(1), [this, struck = *fault] { strike(struck); });
}

void Day::round_ended(const RoundStatus& round)
{
    ++result_.rounds;
    take_in_force(round.revision);
    last_result_ = round.result;
    timeline_.add("round", round.trigger + " " + round.result + " " + round.error);
    judge_.printed("a round", round.error);
    if (planned_ && life_->config().mode != RunMode::dry_run) {
        Report report;
        for (const auto& [address, open] : unsettled_) {
            if (!open)
                continue;
            ActionResult result;
            result.address = address;
            result.outcome = Outcome::skipped;
            report.results.push_back(std::move(result));
        }
        judge_.executed(report);
    }
    judge_.round_ended();
    planned_ = false;
    rules_.round_ended(server_.requests());
    if (!judge_.violations().empty())
        return;
    if (!calm_ && life_->look().status().approval && random_->below(2) == 0)
        later(minutes(1 + random_->below(90)), [this] {
            if (runs())
                approve();
        });
}

void Day::heard(const Event& event)
{
    rules_.heard(event, wall());
    // What is only to be remembered ends without a word.
    const bool remembers =
        event.type == EventType::action_started && event.verb == trueup::name_of(Verb::no_op);
    if (event.type == EventType::action_done || remembers)
        unsettled_[event.address] = false;
    if (event.type == EventType::action_failed)
        unsettled_[event.address] = true;
    const auto wanted = [](FaultKind kind) { return kind == FaultKind::crash_event; };
    events_said_ += calm_ ? 0U : 1U;
    if (const Fault* fault = server_.striking(Trigger::event, events_said_, wanted))
        strike(*fault);
}

// ---- the end of the day
// --------------------------------------------------------------------------------------

// Somebody looks at the daemon now and then, the whole day.
void Day::watch_over()
{
    universe_.at(server_place_, minutes(2), [this] {
        if (finished_)
            return;
        if (runs() && !stopping_ && !life_->look().alive())
            judge_.violation('D', "the loop shows no sign of life");
        if (calm_ && runs() && !stopping_)
            care();
        watch_over();
    });
}

// Agrees to everything, and lets everything go on.
void Day::care()
{
    approve();
    Loop& loop = life_->loop();
    for (const Suspension& suspension : loop.status().suspensions)
        if (loop.resume(suspension.target, "ann"))
            rules_.resumed(suspension.target);
    for (const ResourceStatus& resource : loop.resources())
        if (resource.reason == "not_converging" || resource.reason == "second_writer")
            static_cast<void>(loop.resume(resource.address, "ann").has_value());
}

void Day::come_to_rest()
{
    calm_ = true;
    timeline_.add("world", "the faults stop");
    server_.disarm();
    if (wanted_.resources.empty())
        wanted_ = draw_manifests(*random_, 4);
    wanted_.broken.clear();
    judge_.learn(wanted_);
    tree_.set_busy("");
    tree_.set_unreadable("");
    write_at_once();
    config_ = draw_run_config(*random_, setting_.process);
    if (config_.mode == RunMode::dry_run)
        config_.mode = RunMode::automatic;
    config_.freeze.clear();
    config_.interval = minutes(10);
    config_.grace = std::min<Duration>(config_.grace, minutes(10));
    if (runs() && !stopping_) {
        life_->set_next_config(config_);
        life_->loop().reload();
    }
    const RunConfig rest = config_;
    // By then each disk is free again, and each request has arrived.
    universe_.at(server_place_, calm / 2, [this, rest] {
        config_ = rest;
        if (disk_hurt_ || random_->below(4) == 0 || (runs() && life_->config().mode != rest.mode))
            stop();
    });
    universe_.at(server_place_, calm, [this] {
        if (runs() && !stopping_)
            life_->loop().reconcile("ann");
    });
    const Duration bound =
        calm + pauses + config_.grace + wall_back_ + intervals_to_converge * config_.interval;
    universe_.at(server_place_, bound, [this] { prove_quiet(); });
}

void Day::prove_quiet()
{
    timeline_.add("world", "from now on nothing is to be written");
    writes_before_quiet_ = judge_.writes();
    universe_.at(server_place_, intervals_quiet * config_.interval, [this] {
        conclude();
        finished_ = true;
    });
}

void Day::conclude()
{
    if (!runs() || !last_plan_) {
        judge_.violation('D', "there is no daemon, or it has not made a plan for an hour");
        return;
    }
    if (last_result_ == "failed" || last_result_ == "refused" || last_result_ == "interrupted")
        judge_.violation('D', "the last round is " + last_result_);
    Judge::Final last;
    last.manifests = &wanted_;
    last.prune = life_->config().request.plan.prune;
    last.plan = &*last_plan_;
    last.writes_before_last_round = writes_before_quiet_;
    last.world = server_.objects();
    if (!read_end(life_->store(), judge_, last))
        return;
    last.audit_complete = audit_complete_;
    judge_.conclude(last);
}

DayResult simulate_day(const DayOptions& options)
{
    static_cast<void>(fixtures()); // before there is a simulated disk
    const auto random = make_seeded_random(options.seed);
    DaySetting setting = draw_day_setting(*random);
    std::vector<DayEvent> events = draw_day_events(*random);
    if (options.events)
        events = *options.events;
    Day day(options, std::move(setting), std::move(events));
    return day.run();
}

} // namespace trueup::sim

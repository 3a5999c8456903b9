// The world of a simulated day: one daemon, one API, the people around them, and what goes wrong.
//
// Used by daemon_day.cpp (lives, rounds, the end of the day) and daemon_events.cpp (what happens).

#pragma once

#include "tests/sim/daemon_life.hpp"
#include "tests/sim/daemon_rules.hpp"
#include "tests/sim/daemon_setting.hpp"

#include <set>

namespace trueup::sim {

class Day final : private Witness {
public:
    Day(const DayOptions& options, DaySetting setting, std::vector<DayEvent> events);
    ~Day() override;

    DayResult run();

private:
    // Something of the world that happens only while it is not at rest.
    void later(Duration delay, std::function<void()> what)
    {
        universe_.at(server_place_, delay, [this, what = std::move(what)] {
            if (!calm_)
                what();
        });
    }

    WallTime wall() const { return universe_.wall() + wall_wrong_; }

    bool runs() const { return life_ && !life_->dead() && !life_->ended(); }

    // ---- lives
    // ----------------------------------------------------------------------------------

    void start_life();

    // What is left of a process that died or gave up.
    void bury();

    void restart_later(Duration delay);

    void kill(DiskLoss loss);

    // As systemd does it.
    void stop();

    // A state that cannot be trusted is set aside, or somebody has lost it.
    void replace_state();

    // ---- what happens
    // ---------------------------------------------------------------------------

    void happen(DayThing thing, std::uint64_t seed);
    void happen_to_manifests(DayThing thing, Random& random);
    void happen_to_daemon(DayThing thing, std::uint64_t seed);
    void people_do(DayThing thing, Random& random);
    void take_away(Random& random);
    void write_at_once();
    void write_slowly(Random& random, bool locked);
    void tell_of_changes(Random& random);
    void edit(Random& random);
    void arm(Random& random);
    void strike(const Fault& fault);
    DiskVerdict disk_verdict();
    bool reads_fail();
    void suspend(Random& random);
    void approve();
    void care();
    void watch_over();
    void come_to_rest();
    void prove_quiet();
    void conclude();
    void take_in_force(const std::string& revision);

    bool disk_failing() const
    {
        return (disk_failed_at_ + 3 > disk_.operations() && disk_failed_at_ != 0) ||
               read_failed_at_ == universe_.now();
    }

    // ---- Witness
    void round_begins(const std::string& revision) override;
    void planned(const Plan& plan, const std::string& revision) override;
    void round_ended(const RoundStatus& round) override;
    void heard(const Event& event) override;
    void reloaded() override { config_ = life_->config(); }

    const DayOptions& options_;
    DaySetting setting_;
    std::vector<DayEvent> events_;
    std::unique_ptr<Random> random_;
    Universe universe_;
    Timeline timeline_;
    Judge judge_;
    DaemonRules rules_;
    Place server_place_;
    Server server_;
    SimClock server_clock_;
    Disk disk_;
    Network network_;
    Tree tree_;
    ManifestText wanted_; // what its author means it to say
    std::map<std::string, unsigned> moved_;
    RunConfig config_;
    FileCache cache_;
    std::map<std::string, Reading> readings_;
    InForceModel in_force_;
    std::string revision_; // that the model is at
    std::unique_ptr<DaemonLife> life_;
    DiskLoss loss_ = DiskLoss::nothing;
    std::chrono::milliseconds wall_wrong_{};
    std::chrono::milliseconds wall_back_{}; // by how much the calendar went back, altogether
    bool stopping_ = false;
    bool state_lost_ = false;
    bool restart_due_ = false;
    bool damaged_ = false;
    bool audit_complete_ = true;
    bool writing_ = false; // somebody is at the manifests
    bool disk_hurt_ = false;
    bool calm_ = false;
    bool finished_ = false;
    std::set<std::string> targets_; // uids that the last plan changes
    std::uint64_t plans_ = 0;       // that change something
    std::uint64_t events_said_ = 0;
    std::uint64_t disk_failed_at_ = 0;
    std::optional<Instant> read_failed_at_;
    std::size_t writes_before_quiet_ = 0;
    std::map<std::string, bool> unsettled_; // of this round's plan, by address
    bool planned_ = false;
    std::optional<Plan> last_plan_;
    std::string last_result_;
    std::set<std::string> old_digests_;
    std::string agreed_; // the digest that was agreed to last
    DayResult result_;
};

} // namespace trueup::sim

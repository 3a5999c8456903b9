// What a daemon promises beyond one round: nothing that a person has stopped is begun, no delete
// before its time, and no busy loop.
//
// It is told what happens and what people asked for, and shares nothing with the daemon's own gate.

#pragma once

#include "reconciler/daemon/config.hpp"
#include "reconciler/daemon/status.hpp"
#include "tests/sim/judge.hpp"

#include <deque>

namespace trueup::sim {

// What one hour may take at most. A loop that does not wait exceeds it at once.
inline constexpr std::size_t rounds_an_hour_max = 400;
inline constexpr std::size_t requests_an_hour_max = 20'000;

class DaemonRules {
public:
    // All outlive it.
    DaemonRules(const Universe& universe, Judge& judge) : universe_(universe), judge_(judge)
    {
        judge_.is_agreed = [this](const std::string& address) {
            return consent(address) == Consent::given;
        };
    }

    // ---- what people ask for; the life took it
    void suspended(const Suspension& suspension);
    void resumed(const std::string& target) { suspensions_.erase(target); }
    // Without an end: a file says so, and goes on saying so.
    void approved(const PendingApproval& agreed, std::optional<WallTime> expires);
    // Not used up yet, as far as the disk may know.
    bool is_approved(const std::string& digest) const { return approvals_.contains(digest); }

    // ---- the life
    // What was asked for at this very moment may or may not have reached the disk.
    void died(bool disk_failed);
    void state_lost();
    void disk_failed() { disk_failed_ = true; }

    // ---- what happens; `now` is the daemon's calendar
    void round_begins(const RunConfig& config, WallTime now);
    void planned(const Plan& plan, const RunConfig& config, bool deletes_blocked, WallTime now);
    void heard(const Event& event, WallTime now);
    void sending(std::string_view head, WallTime now);
    void round_ended(std::size_t requests);

    std::size_t rounds_in_worst_hour() const { return rounds_worst_; }
    std::size_t requests_in_worst_hour() const { return requests_worst_; }

private:
    struct Stopped {
        std::optional<WallTime> until;
        Instant asked_at{};
        bool certain = true; // it is on the disk, or the life that was asked is the one that runs
    };
    struct Approved {
        std::map<std::string, std::string> actions; // by address, what was agreed to
        std::optional<WallTime> expires;
        // By the life that runs; a crash forgets it.
        bool used = false;
        bool spent = false; // in a round that has ended, and may not be on the disk yet
    };

    std::string stopped_by(const std::string& address, WallTime now) const;
    void check_begun(const Event& event, WallTime now);
    // Whether people agreed to what the plan is to do with it.
    enum class Consent { none, expired, given };
    Consent consent(const std::string& address);
    void check_approved(const std::string& address);
    void check_delete(const std::string& address, WallTime now);

    const Universe& universe_;
    Judge& judge_;
    RunConfig config_; // of the round that runs
    std::map<std::string, Stopped> suspensions_;
    std::map<std::string, std::map<std::string, std::string>> plans_; // by digest
    std::map<std::string, Approved> approvals_;
    std::map<std::string, std::string> plan_; // what is planned now, by address
    std::map<std::string, std::string> uids_; // of what is to be deleted
    WallTime planned_at_;
    bool deletes_blocked_ = false;
    // When each delete was planned first, by address and uid; and those declared again since.
    std::map<std::pair<std::string, std::string>, WallTime> tombstones_;
    std::set<std::pair<std::string, std::string>> declared_again_;
    std::set<std::string> running_; // addresses of actions that write
    bool disk_failed_ = false;      // in this life
    std::deque<std::pair<Instant, std::size_t>> rounds_;
    std::size_t rounds_worst_ = 0;
    std::size_t requests_worst_ = 0;
};

} // namespace trueup::sim

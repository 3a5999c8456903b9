// One life of the simulated program: the real client, planner, executor, recovery and store, from a
// start to a crash or to the end of the world.

#pragma once

#include "api/rest/rest.hpp"
#include "manifests/load.hpp"
#include "reconciler/engine/round.hpp"
#include "tests/sim/disk.hpp"
#include "tests/sim/judge.hpp"
#include "tests/sim/network.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>

namespace trueup::sim {

struct ProcessRules {
    std::string owner = "sim-owner";
    Credentials credentials;
    std::optional<double> rate;
    bool trusting = false; // the catalogue that relies on the server's refusal of duplicates
    bool full_refresh = false;
    bool default_guards = false;
    std::size_t parallelism = 4;
    int attempts_max = 6;
    Adoption adoption = Adoption::if_equal;
};

// What was read of a text: many rounds have the same manifests.
using ManifestCache = std::map<std::string, Result<ManifestSet>>;

// How a round ended.
struct RoundEnd {
    RoundEnd() = default;

    std::optional<Error> error; // of the round as a whole
    bool unreadable = false;    // the manifests could not be read: nothing was done
    Plan plan;                  // without its actions where they were carried out
    Report report;
    std::size_t writes = 0;
};

// What the process is told and asked, from outside of its life.
class Surroundings {
public:
    Surroundings() = default;
    Surroundings(const Surroundings&) = delete;
    Surroundings& operator=(const Surroundings&) = delete;
    virtual ~Surroundings() = default;

    virtual const ManifestText& manifests() = 0;
    virtual int secret_generation() = 0;
    virtual bool prune() = 0;
    // A plan was made and is about to be carried out.
    virtual void planned(const Plan& plan) = 0;
    // An event was said: the process may die of it.
    virtual void heard(const Event& event) = 0;
    // Nothing more: how long to wait until the next round. Never: the world ends.
    virtual std::optional<Duration> round_ended(RoundEnd end) = 0;
};

class Process final : private EventSink {
public:
    // All outlive it.
    Process(Universe& universe,
            Timeline& timeline,
            Judge& judge,
            Network& network,
            Surroundings& surroundings,
            const ProcessRules& rules,
            Disk& disk,
            ManifestCache& cache,
            std::uint64_t seed);
    ~Process() override;

    // Opens the state and starts the first round. Fails as opening the state does.
    // `complete`: nothing of the state was lost on purpose.
    Result<void> start(bool complete);
    // From now on it does nothing more; what it was doing ends in the middle.
    void die();
    bool dead() const { return dead_; }
    // It ended by itself: its store failed, or there are no more rounds.
    bool ended() const { return ended_; }

    Store& store() { return *store_; }
    SimClock& clock() { return clock_; }
    Place& place() { return place_; }

private:
    void emit(const Event& event) override;
    Task<void> live();
    Task<RoundEnd> run_round();
    const Result<ManifestSet>& read_manifests(const ManifestText& text);
    Result<ManifestSet> load(std::string text);

    Universe& universe_;
    Timeline& timeline_;
    Judge& judge_;
    Network& network_;
    Surroundings& surroundings_;
    const ProcessRules& rules_;
    Disk& disk_;
    ManifestCache& cache_;
    Place place_;
    SimClock clock_;
    std::unique_ptr<Random> random_;
    std::unique_ptr<Store> store_;
    std::unique_ptr<Dialer> dialer_;
    std::unique_ptr<HttpClient> http_;
    std::unique_ptr<Provider> provider_;
    bool dead_ = false;
    bool ended_ = false;
};

} // namespace trueup::sim

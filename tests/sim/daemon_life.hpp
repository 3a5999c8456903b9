// One life of the simulated daemon: the real loop with watcher, memory, engine, client and store,
// from a start to its end.

#pragma once

#include "api/rest/rest.hpp"
#include "reconciler/daemon/loop.hpp"
#include "tests/sim/daemon_tree.hpp"
#include "tests/sim/network.hpp"
#include "tests/sim/process.hpp"
#include "tests/sim/watched_store.hpp"

#include <memory>
#include <optional>

namespace trueup::sim {

// What the world is told of a life.
class Witness {
public:
    Witness() = default;
    Witness(const Witness&) = delete;
    Witness& operator=(const Witness&) = delete;
    virtual ~Witness() = default;

    // The first look of a round at the state; `revision` is in force from now on.
    virtual void round_begins(const std::string& revision) = 0;
    virtual void planned(const Plan& plan, const std::string& revision) = 0;
    virtual void round_ended(const RoundStatus& round) = 0;
    virtual void heard(const Event& event) = 0;
    // What was read anew counts from now on.
    virtual void reloaded() = 0;
};

// What of the world a life is set into; all of it outlives the life.
struct LifeParts {
    Universe& universe;
    Timeline& timeline;
    Judge& judge;
    Network& network;
    Witness& witness;
    const ProcessRules& rules;
    Disk& disk;
    const Tree& tree;
    FileCache& cache;
    std::map<std::string, Reading>& readings;
};

class DaemonLife final : private Host, private EventSink {
public:
    DaemonLife(const LifeParts& parts, RunConfig config, std::uint64_t seed);
    ~DaemonLife() override;

    // Opens the state and starts the loop. Fails as opening the state does.
    // `complete`: nothing of the state was lost on purpose.
    Result<void> start(bool complete);
    // From now on it does nothing more; what it was doing ends in the middle.
    void die();
    bool dead() const { return dead_; }
    bool ended() const { return ended_; }

    // The configuration that the next reload finds; nothing: one that cannot be read.
    void set_next_config(std::optional<RunConfig> config) { next_ = std::move(config); }
    const RunConfig& config() const override { return config_; }

    // The loop, to be told something: what that makes ready runs at once.
    Loop& loop()
    {
        parts_.universe.at(place_, Duration::zero(), [] {});
        return *loop_;
    }
    const Loop& look() const { return *loop_; }
    Store& store() { return *store_; }
    SimClock& clock() { return clock_; }

private:
    Observer& observer() override;
    Provider* provider() override { return provider_.get(); }
    Source& source() override { return *source_; }
    Result<void> reload() override;
    Result<void> take_reloaded() override;
    void watch(const std::vector<std::filesystem::path>&) override {}
    void planned(const Plan& plan) override;
    void round_ended(const RoundStatus& round) override;
    void emit(const Event& event) override;
    void make_clients();

    // What the API's parts say goes through the loop, as in the program.
    class Relay final : public EventSink {
    public:
        void emit(const Event& event) override { next->emit(event); }
        EventSink* next = nullptr;
    };

    LifeParts parts_;
    RunConfig config_;
    std::optional<RunConfig> next_;
    std::optional<RunConfig> fresh_; // was read, and does not count yet
    Place place_;
    SimClock clock_;
    std::unique_ptr<Random> random_;
    Supervisor supervisor_;
    Relay relay_;
    std::unique_ptr<Source> source_;
    std::unique_ptr<WatchedStore> store_;
    std::unique_ptr<Dialer> dialer_;
    std::unique_ptr<HttpClient> http_;
    std::unique_ptr<Provider> provider_;
    std::unique_ptr<Observer> observer_;
    std::unique_ptr<Loop> loop_;
    bool in_round_ = false;
    bool dead_ = false;
    bool ended_ = false;
};

} // namespace trueup::sim

#include "tests/sim/daemon_life.hpp"

#include "tests/sim/fixtures.hpp"

#include <boost/asio/co_spawn.hpp>

namespace trueup::sim {

namespace {

const Catalogue& catalogue_of(const ProcessRules& rules)
{
    return rules.trusting ? fixtures().trusting : fixtures().catalogue;
}

} // namespace

DaemonLife::DaemonLife(const LifeParts& parts, RunConfig config, std::uint64_t seed)
    : parts_(parts),
      config_(std::move(config)),
      clock_(parts.universe, place_),
      random_(make_seeded_random(seed)),
      source_(std::make_unique<TreeSource>(parts.universe,
                                           parts.tree,
                                           parts.judge,
                                           catalogue_of(parts.rules),
                                           parts.cache,
                                           parts.readings,
                                           config_.quiet))
{
}

// In the order in which a dying process comes apart: nothing of it may run any more.
DaemonLife::~DaemonLife()
{
    parts_.universe.purge(place_);
    parts_.network.hang_up(place_);
    place_.drop();
    loop_.reset();
    store_.reset();
    place_.drop();
    provider_.reset();
    observer_.reset();
    http_.reset();
    dialer_.reset();
}

Result<void> DaemonLife::start(bool complete)
{
    auto store = open_watched(place_, parts_.judge, parts_.disk, complete);
    if (!store)
        return store.error();
    store_ = std::move(*store);
    store_->on_read = [this] {
        if (!in_round_ && loop_)
            parts_.witness.round_begins(loop_->status().revision);
        in_round_ = true;
    };
    dialer_ = parts_.network.make_dialer(place_, clock_);
    http_ = make_simulated_client(*dialer_, clock_);
    config_.request.endpoint = http_->origin().text();
    EventSink& sink = *this;
    relay_.next = &sink;
    make_clients();
    Host& host = *this;
    loop_ = std::make_unique<Loop>(LoopParts(place_.get_executor(),
                                             host,
                                             catalogue_of(parts_.rules),
                                             *store_,
                                             clock_,
                                             *random_,
                                             sink,
                                             supervisor_));
    relay_.next = &loop_->events();
    auto finished = [this](std::exception_ptr fault, int) {
        if (fault)
            std::rethrow_exception(fault);
        ended_ = true;
    };
    boost::asio::co_spawn(place_.get_executor(), loop_->run(), finished);
    parts_.universe.at(place_, Duration::zero(), [] {});
    return {};
}

void DaemonLife::make_clients()
{
    provider_.reset();
    observer_.reset();
    RestOptions options;
    options.credentials = parts_.rules.credentials;
    options.rate = parts_.rules.rate;
    options.attempts_max = parts_.rules.attempts_max;
    options.breaker = rest::BreakerRules();
    const Catalogue& catalogue = catalogue_of(parts_.rules);
    if (config_.mode == RunMode::dry_run)
        observer_ =
            make_rest_observer(catalogue, *http_, clock_, *random_, relay_, std::move(options));
    else
        provider_ =
            make_rest_provider(catalogue, *http_, clock_, *random_, relay_, std::move(options));
}

void DaemonLife::die()
{
    if (dead_)
        return;
    dead_ = true;
    place_.stop();
}

Observer& DaemonLife::observer()
{
    if (provider_)
        return *provider_;
    return *observer_;
}

Result<void> DaemonLife::reload()
{
    if (!next_)
        return Error{Errc::invalid_input, "the configuration cannot be read"};
    fresh_ = next_;
    return {};
}

Result<void> DaemonLife::take_reloaded()
{
    if (!fresh_)
        return {};
    config_ = std::move(*fresh_);
    fresh_.reset();
    config_.request.endpoint = http_->origin().text();
    make_clients();
    parts_.witness.reloaded();
    return {};
}

void DaemonLife::planned(const Plan& plan)
{
    if (!dead_)
        parts_.witness.planned(plan, loop_->status().revision);
}

void DaemonLife::round_ended(const RoundStatus& round)
{
    if (dead_)
        return;
    in_round_ = false;
    parts_.witness.round_ended(round);
}

void DaemonLife::emit(const Event& event)
{
    if (dead_)
        return;
    parts_.judge.said(event);
    parts_.timeline.add(
        "trueup", std::string(name_of(event.type)) + " " + event.address + ": " + event.message);
    parts_.witness.heard(event);
}

} // namespace trueup::sim

#include "reconciler/daemon/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <map>

namespace trueup {

namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using Buckets = Histogram::BucketBoundaries;

double seconds(Duration duration)
{
    return std::chrono::duration<double>(duration).count();
}

double timestamp(WallTime time)
{
    return std::chrono::duration<double>(time.time_since_epoch()).count();
}

Family<Gauge>& gauge(prometheus::Registry& registry, const char* name, const char* help)
{
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

Family<Counter>& counter(prometheus::Registry& registry, const char* name, const char* help)
{
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

Family<Histogram>& histogram(prometheus::Registry& registry, const char* name, const char* help)
{
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

// The method of "POST /v1/roles".
std::string method_of(const std::string& call)
{
    return call.substr(0, call.find(' '));
}

const Buckets& request_buckets()
{
    static const Buckets buckets{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
    return buckets;
}

const Buckets& round_buckets()
{
    static const Buckets buckets{0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800};
    return buckets;
}

} // namespace

// Every family is there from the start, so that a scrape always finds the same names.
struct Metrics::Families {
    explicit Families(const std::string& version)
    {
        gauge(registry, "trueup_build_info", "Always 1; the version is in the label.")
            .Add({{"version", version}})
            .Set(1);
    }

    void set_tokens(const std::map<std::string, double>& left)
    {
        std::erase_if(groups, [&](const auto& entry) {
            const bool gone = !left.contains(entry.first);
            if (gone)
                tokens.Remove(entry.second);
            return gone;
        });
        for (const auto& [group, count] : left) {
            Gauge& one = tokens.Add({{"group", group}});
            one.Set(count);
            groups[group] = &one;
        }
    }

    void set_git(const std::optional<GitStatus>& git)
    {
        if (!git)
            return;
        git_followed.Set(git->last_success ? timestamp(*git->last_success) : 0);
        git_rewrites.Set(static_cast<double>(git->rewrites));
        for (const char* problem :
             {"unreachable", "missing_ref", "bad_signature", "rewritten", "checkout"})
            git_problem.Add({{"problem", problem}}).Set(git->problem == problem ? 1 : 0);
    }

    prometheus::Registry registry;
    std::map<std::string, Gauge*> groups; // of the rate limits, as last shown
    Family<Gauge>& resources = gauge(registry, "trueup_resources", "Resources by their condition.");
    Gauge& last_success = gauge(registry,
                                "trueup_last_success_timestamp_seconds",
                                "When a round last left nothing to do; 0 if none has yet.")
                              .Add({});
    Gauge& drift_age = gauge(registry,
                             "trueup_drift_age_seconds",
                             "For how long the API has differed without our doing, at most.")
                           .Add({});
    Family<Counter>& actions =
        counter(registry, "trueup_actions_total", "Actions of plans by verb and outcome.");
    Family<Counter>& requests =
        counter(registry,
                "trueup_api_requests_total",
                "Calls to the API by method and status; code 0 is a call without an answer.");
    Family<Gauge>& tokens =
        gauge(registry, "trueup_rate_limit_tokens", "Requests that may be sent at once, by group.");
    Histogram& request_duration =
        histogram(registry, "trueup_api_request_duration_seconds", "How long the API took.")
            .Add({}, request_buckets());
    Family<Counter>& rounds =
        counter(registry, "trueup_rounds_total", "Rounds that ended, by result.");
    Histogram& round_duration =
        histogram(registry, "trueup_round_duration_seconds", "How long rounds took.")
            .Add({}, round_buckets());
    Gauge& broken =
        gauge(registry, "trueup_manifests_broken", "Files that cannot be read now.").Add({});
    Gauge& pending =
        gauge(registry, "trueup_approval_pending", "1 while a plan waits for somebody's approval.")
            .Add({});
    Gauge& git_followed = gauge(registry,
                                "trueup_git_last_success_timestamp_seconds",
                                "When the git repository was last seen and followed; 0: never.")
                              .Add({});
    Family<Gauge>& git_problem = gauge(
        registry, "trueup_git_problem", "1 for what keeps the git repository from being followed.");
    Gauge& git_rewrites =
        gauge(registry, "trueup_git_rewrites", "How often the history was rewritten, and followed.")
            .Add({});
    Gauge& breaker =
        gauge(registry,
              "trueup_circuit_breaker_open",
              "1 while the API fails again and again and is left alone, 0.5 while it is tried.")
            .Add({});
    Gauge& ready =
        gauge(registry, "trueup_ready", "1 once a round has spoken for the manifests in force.")
            .Add({});
};

Metrics::Metrics(const std::string& version) : families_(std::make_unique<Families>(version)) {}

Metrics::~Metrics() = default;

void Metrics::emit(const Event& event)
{
    Families& all = *families_;
    const auto acted = [&](const char* outcome) {
        all.actions.Add({{"verb", event.verb}, {"outcome", outcome}}).Increment();
    };
    switch (event.type) {
    case EventType::api_call:
        all.requests
            .Add({{"method", method_of(event.call)}, {"code", std::to_string(event.status)}})
            .Increment();
        all.request_duration.Observe(seconds(event.duration));
        break;
    case EventType::action_done:
        acted("done");
        break;
    case EventType::action_failed:
        acted("failed");
        break;
    case EventType::action_skipped:
        acted("skipped");
        break;
    case EventType::action_waiting:
        acted("waiting");
        break;
    case EventType::action_started:
    case EventType::note:
        break;
    }
}

void Metrics::round_ended(const RoundStatus& round)
{
    families_->rounds.Add({{"result", round.result}}).Increment();
    // The calendar may have been set back meanwhile.
    families_->round_duration.Observe(std::max(seconds(round.ended - round.begun), 0.0));
}

std::string Metrics::text(const Control& control, WallTime now)
{
    Families& all = *families_;
    const DaemonStatus status = control.status();
    for (const Health condition : {Health::ready, Health::reconciling, Health::stalled}) {
        const std::string name(name_of(condition));
        const auto found = status.conditions.find(name);
        const std::size_t count = found != status.conditions.end() ? found->second : 0;
        all.resources.Add({{"condition", name}}).Set(static_cast<double>(count));
    }
    all.last_success.Set(status.last_success ? timestamp(*status.last_success) : 0);
    std::chrono::milliseconds oldest{};
    for (const ResourceStatus& resource : control.resources())
        if (resource.drifted_since)
            oldest = std::max(oldest, now - *resource.drifted_since);
    all.drift_age.Set(seconds(oldest));
    all.set_tokens(status.rate_tokens);
    all.broken.Set(static_cast<double>(status.broken.size()));
    all.pending.Set(status.approval ? 1 : 0);
    all.set_git(status.git);
    all.breaker.Set(status.breaker == "open" ? 1 : status.breaker == "half-open" ? 0.5 : 0);
    all.ready.Set(control.ready() ? 1 : 0);
    return prometheus::TextSerializer().Serialize(all.registry.Collect());
}

} // namespace trueup

#include "reconciler/daemon/metrics.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/reconciler/daemon/control_fake.hpp"

#include <cstdlib>
#include <fstream>

namespace trueup {

using namespace control_test;

namespace {

bool has_line(const std::string& text, const std::string& line)
{
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

Event api_call(const std::string& call, int status, Duration duration)
{
    Event event(EventType::api_call, Level::debug, "");
    event.call = call;
    event.status = status;
    event.duration = duration;
    return event;
}

Event action(EventType type, const std::string& verb)
{
    Event event(type, Level::info, "");
    event.verb = verb;
    event.address = "Role/tenant/auditor";
    return event;
}

} // namespace

TEST_SUITE("daemon: metrics")
{
    TEST_CASE("a scrape tells the conditions, ages and counts of the daemon")
    {
        FakeControl control;
        Metrics metrics("0.1.0");
        metrics.emit(api_call("GET /v1/roles", 200, std::chrono::milliseconds(30)));
        metrics.emit(api_call("GET /v1/roles/{uid}", 200, std::chrono::seconds(2)));
        metrics.emit(api_call("POST /v1/roles", 0, std::chrono::seconds(60)));
        metrics.emit(action(EventType::action_started, "update"));
        metrics.emit(action(EventType::action_done, "update"));
        metrics.emit(action(EventType::action_failed, "create"));
        metrics.round_ended(*control.said.last_round);

        const std::string text = metrics.text(control, at("12:30"));

        INFO(text);
        CHECK(has_line(text, "trueup_build_info{version=\"0.1.0\"} 1"));
        CHECK(has_line(text, "trueup_resources{condition=\"Ready\"} 66"));
        CHECK(has_line(text, "trueup_resources{condition=\"Stalled\"} 1"));
        CHECK(has_line(text, "trueup_drift_age_seconds 10800"));
        CHECK(has_line(text, "trueup_manifests_broken 1"));
        CHECK(has_line(text, "trueup_approval_pending 1"));
        CHECK(has_line(text, "trueup_circuit_breaker_open 0"));
        CHECK(has_line(text, "trueup_git_problem{problem=\"unreachable\"} 1"));
        CHECK(has_line(text, "trueup_git_problem{problem=\"rewritten\"} 0"));
        CHECK(has_line(text, "trueup_git_rewrites 1"));
        CHECK(has_line(text, "trueup_rate_limit_tokens{group=\"default\"} 9.5"));
        CHECK(has_line(text, "trueup_api_requests_total{code=\"200\",method=\"GET\"} 2"));
        CHECK(has_line(text, "trueup_api_requests_total{code=\"0\",method=\"POST\"} 1"));
        CHECK(has_line(text, "trueup_api_request_duration_seconds_bucket{le=\"0.05\"} 1"));
        CHECK(has_line(text, "trueup_api_request_duration_seconds_count 3"));
        CHECK(has_line(text, "trueup_actions_total{outcome=\"done\",verb=\"update\"} 1"));
        CHECK(has_line(text, "trueup_actions_total{outcome=\"failed\",verb=\"create\"} 1"));
        CHECK(has_line(text, "trueup_rounds_total{result=\"partial\"} 1"));
        CHECK(has_line(text, "trueup_round_duration_seconds_sum 60"));
        CHECK(text.find("\ntrueup_last_success_timestamp_seconds 1772362800") != std::string::npos);
    }

    TEST_CASE("what is over is no longer shown as if it were")
    {
        FakeControl control;
        Metrics metrics("0.1.0");
        metrics.text(control, at("12:30"));
        control.said = DaemonStatus();
        control.all.clear();

        const std::string text = metrics.text(control, at("12:31"));

        CHECK(has_line(text, "trueup_resources{condition=\"Ready\"} 0"));
        CHECK(has_line(text, "trueup_drift_age_seconds 0"));
        CHECK(has_line(text, "trueup_approval_pending 0"));
        CHECK(has_line(text, "trueup_last_success_timestamp_seconds 0"));
        CHECK(text.find("trueup_rate_limit_tokens{") == std::string::npos);
    }

    TEST_CASE("labels hold no address and no path, so their number is bounded")
    {
        FakeControl control;
        Metrics metrics("0.1.0");
        for (int i = 0; i < 100; ++i)
            metrics.emit(api_call("GET /v1/r" + std::to_string(i), 200, {}));

        const std::string text = metrics.text(control, at("12:30"));

        CHECK(has_line(text, "trueup_api_requests_total{code=\"200\",method=\"GET\"} 100"));
        CHECK(text.find("/v1/r") == std::string::npos);
        CHECK(text.find("Role/") == std::string::npos);
    }

    TEST_CASE("promtool finds nothing wrong with it")
    {
        if (std::system("command -v promtool >/dev/null 2>&1") != 0) {
            MESSAGE("skipped: promtool (Debian: prometheus) is not installed");
            return;
        }
        TempDir dir;
        FakeControl control;
        Metrics metrics("0.1.0");
        metrics.emit(api_call("GET /v1/roles", 200, std::chrono::milliseconds(30)));
        metrics.emit(action(EventType::action_done, "update"));
        metrics.round_ended(*control.said.last_round);
        std::ofstream(dir / "metrics") << metrics.text(control, at("12:30"));

        const std::string command = "promtool check metrics < " + (dir / "metrics").string();

        CHECK(std::system(command.c_str()) == 0);
    }
}

} // namespace trueup

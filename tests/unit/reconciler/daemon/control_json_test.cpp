#include "reconciler/daemon/status_json.hpp"
#include "state/model/json.hpp"
#include "tests/unit/reconciler/daemon/control_fake.hpp"

namespace trueup {

using namespace control_test;

TEST_SUITE("daemon: status as JSON")
{
    TEST_CASE("everything that a status says survives the way to a command and back")
    {
        const Value written = status_value(full_status());

        const auto parsed = json::parse(json::write(written));
        REQUIRE(parsed);
        const DaemonStatus read = read_status(*parsed);

        CHECK(json::write(status_value(read)) == json::write(written));
        CHECK(read.mode == RunMode::approve);
        CHECK(read.broken.size() == 1);
        CHECK(read.approval->expires == at("23:30"));
        CHECK(read.suspensions.front().until == at("18:00"));
        CHECK(read.rate_tokens.at("default") == doctest::Approx(9.5));
        CHECK(read.last_round->counts.at("update") == 2);
        REQUIRE(read.git);
        CHECK(read.git->problem == "unreachable");
        CHECK(read.git->last_success == at("11:58"));
    }

    TEST_CASE("a resource survives it too, but for its secrets")
    {
        const Value written = resource_value(stalled_resource());
        const std::string text = json::write(written);
        CHECK(text.find(canary) == std::string::npos);
        CHECK(text.find("(sensitive)") != std::string::npos);

        const auto parsed = json::parse(text);
        REQUIRE(parsed);
        const ResourceStatus read = read_resource(*parsed);

        CHECK(json::write(resource_value(read)) == text);
        CHECK(read.condition == Health::stalled);
        REQUIRE(read.changes.size() == 5);
        CHECK(read.changes[0].after == Value(List{"audit.get", "audit.list"}));
        CHECK(read.changes[0].origin.line == 14);
        CHECK(read.changes[1].sensitive);
        CHECK(read.changes[3].after->is_unknown());
        CHECK(read.changes[4].op == ChangeOp::remove);
        CHECK(read.changes[4].cause == Cause::drifted);
        CHECK(read.next_attempt == at("12:10"));
    }

    TEST_CASE("what another version says, or does not say, is no obstacle")
    {
        const auto parsed = json::parse(R"({"mode": 7, "new": {"a": 1}, "broken": "x",
            "conditions": {"Ready": -1, "Odd": "y"}, "next_round": "soon"})");
        REQUIRE(parsed);

        const DaemonStatus read = read_status(*parsed);

        CHECK(read.mode == RunMode::automatic);
        CHECK(read.broken.empty());
        CHECK(read.conditions.empty());
        CHECK_FALSE(read.next_round);
        CHECK(read_resource(Value()).address.empty());
    }
}

} // namespace trueup

#include "reconciler/daemon/assess.hpp"
#include "reconciler/daemon/gate.hpp"
#include "tests/support/scene.hpp"

namespace trueup::test {

namespace {

const WallTime noon = *parse_time("2026-03-01T12:00:00.000Z");

GateInput at_noon()
{
    GateInput input;
    input.now = noon;
    return input;
}

std::string reason(const Gated& gated, const std::string& address)
{
    const auto it = gated.withheld.find(address);
    return it == gated.withheld.end() ? std::string("runs") : it->second.reason;
}

TEST_SUITE("daemon: gate")
{
    TEST_CASE("what depends on what may not run may not run either")
    {
        Scene scene;
        scene.declare("Widget/tenant/a");
        Manifest& user = scene.declare("Widget/tenant/b");
        scene.depend(user, "Widget/tenant/a");
        scene.declare("Widget/tenant/c");
        Memory memory;
        Failure failure;
        failure.count = 1;
        failure.next = noon + std::chrono::minutes(1);
        failure.manifest_digest = scene.manifests.manifests[0].digest;
        memory.failures["Widget/tenant/a"] = failure;

        const Gated gated = gate(scene.plan().actions, memory, RunConfig(), at_noon());

        CHECK(reason(gated, "Widget/tenant/a") == "backing_off");
        CHECK(reason(gated, "Widget/tenant/b") == "dependency");
        CHECK(gated.withheld.at("Widget/tenant/b").blocked_by == "Widget/tenant/a");
        CHECK(reason(gated, "Widget/tenant/c") == "runs");
    }

    TEST_CASE("a pause ends with its time, with another text, or when somebody asks")
    {
        Scene scene;
        const std::string digest = scene.declare("Widget/tenant/a").digest;
        Memory memory;
        memory.failures["Widget/tenant/a"].next = noon + std::chrono::minutes(1);
        memory.failures["Widget/tenant/a"].manifest_digest = digest;
        const auto judged = [&](GateInput input) {
            return reason(gate(scene.plan().actions, memory, RunConfig(), input),
                          "Widget/tenant/a");
        };

        CHECK(judged(at_noon()) == "backing_off");
        GateInput asked = at_noon();
        asked.ignore_backoff = true;
        CHECK(judged(asked) == "runs");
        GateInput later = at_noon();
        later.now += std::chrono::minutes(1);
        CHECK(judged(later) == "runs");
        memory.failures["Widget/tenant/a"].manifest_digest = "another";
        CHECK(judged(at_noon()) == "runs");
    }

    TEST_CASE("where not all manifests are known, nothing is deleted or forgotten")
    {
        Scene scene;
        scene.options.prune = true;
        scene.declare("Widget/tenant/new");
        scene.owned("Widget/tenant/a", "u1");
        scene.owned("Widget/tenant/b", "u2");
        scene.records.back().abandon = true;
        GateInput input = at_noon();
        input.deletes_blocked = "x.yaml cannot be read";

        const Gated gated = gate(scene.plan().actions, Memory(), RunConfig(), input);

        CHECK(reason(gated, "Widget/tenant/a") == "deletes_blocked");
        CHECK(reason(gated, "Widget/tenant/b") == "deletes_blocked");
        CHECK(reason(gated, "Widget/tenant/new") == "runs");
    }

    TEST_CASE("C: what may have moved into something unreadable is not deleted, the rest is")
    {
        Scene scene;
        scene.options.prune = true;
        scene.declare("Widget/tenant/other");
        scene.owned("Widget/tenant/a", "u1");
        scene.owned("Widget/tenant/b", "u2");
        GateInput input = at_noon();
        input.unaccounted = {"Widget/tenant/a"};

        const Gated gated = gate(scene.plan().actions, Memory(), RunConfig(), input);

        CHECK(reason(gated, "Widget/tenant/a") == "deletes_blocked");
        CHECK(reason(gated, "Widget/tenant/b") == "runs");
    }

    TEST_CASE("a grace period is that of one object")
    {
        Scene scene;
        scene.options.prune = true;
        scene.declare("Widget/tenant/other");
        scene.owned("Widget/tenant/a", "u1");
        RunConfig config;
        config.grace = std::chrono::hours(1);
        Memory memory;
        memory.tombstones["Widget/tenant/a"].uid = "u1";
        memory.tombstones["Widget/tenant/a"].since = noon - std::chrono::hours(1);
        CHECK(reason(gate(scene.plan().actions, memory, config, at_noon()), "Widget/tenant/a") ==
              "runs");

        memory.tombstones["Widget/tenant/a"].uid = "u0"; // another object stood there then
        const Gated gated = gate(scene.plan().actions, memory, config, at_noon());

        CHECK(reason(gated, "Widget/tenant/a") == "grace_period");
        CHECK(gated.tombstones.at("Widget/tenant/a").since == noon);
        CHECK(gated.withheld.at("Widget/tenant/a").until == noon + std::chrono::hours(1));
    }

    TEST_CASE("what was asked to go is asked again only when its kind's time is over")
    {
        Scene scene;
        for (Kind& kind : scene.catalogue.kinds)
            kind.gone_within = std::chrono::minutes(5);
        scene.options.prune = true;
        scene.declare("Widget/tenant/other");
        scene.owned("Widget/tenant/a", "u1");
        Memory memory;
        memory.going["Widget/tenant/a"].uid = "u1";
        memory.going["Widget/tenant/a"].since = noon - std::chrono::minutes(4);

        const Gated gated = gate(scene.plan().actions, memory, RunConfig(), at_noon());
        CHECK(reason(gated, "Widget/tenant/a") == "going");
        CHECK(gated.withheld.at("Widget/tenant/a").until == noon + std::chrono::minutes(1));

        GateInput later = at_noon();
        later.now += std::chrono::minutes(1);
        CHECK(reason(gate(scene.plan().actions, memory, RunConfig(), later), "Widget/tenant/a") ==
              "runs");
        memory.going["Widget/tenant/a"].uid = "u0"; // another object stood there then
        CHECK(reason(gate(scene.plan().actions, memory, RunConfig(), at_noon()),
                     "Widget/tenant/a") == "runs");
    }

    TEST_CASE("what was asked to go is waited for only where nothing else holds it back")
    {
        Memory memory;
        for (const char* address : {"asked", "going", "frozen", "other"})
            memory.going[std::string("Widget/tenant/") + address].uid = "u1";
        std::map<std::string, Withheld> withheld;
        withheld.emplace("Widget/tenant/going", Withheld("going", ""));
        withheld.emplace("Widget/tenant/frozen", Withheld("frozen", ""));

        CHECK(count_going(memory, withheld, {"Widget/tenant/asked"}) == 2);
    }

    TEST_CASE("what the plan does not want to go any more was not asked to")
    {
        ResourceStatuses statuses;
        const auto plan = [&](const char* address, Verb verb) {
            statuses[address].verb = trueup::name_of(verb);
        };
        plan("Widget/tenant/a", Verb::remove);
        plan("Widget/tenant/b", Verb::replace);
        plan("Widget/tenant/c", Verb::blocked); // nobody could look
        plan("Widget/tenant/d", Verb::no_op);
        plan("Widget/tenant/e", Verb::waiting); // the new one of a replace

        for (const char* address : {"Widget/tenant/a", "Widget/tenant/b", "Widget/tenant/c"})
            CHECK(may_go(statuses, address));
        for (const char* address : {"Widget/tenant/d", "Widget/tenant/e", "Widget/tenant/f"})
            CHECK_FALSE(may_go(statuses, address));
    }

    TEST_CASE("suspensions hold for all, for a project, and for one resource, until they end")
    {
        Memory memory;
        const Address inside = address("Gadget/team-a/x");
        CHECK(suspension_of(memory, inside, noon) == nullptr);
        memory.suspensions["project:team-b"] = Suspension();
        memory.suspensions["Gadget/team-a/y"] = Suspension();
        CHECK(suspension_of(memory, inside, noon) == nullptr);
        memory.suspensions["project:team-a"].until = noon;
        CHECK(suspension_of(memory, inside, noon) == nullptr);
        CHECK(suspension_of(memory, inside, noon - std::chrono::seconds(1)) != nullptr);
        memory.suspensions["Gadget/team-a/x"] = Suspension();
        CHECK(suspension_of(memory, inside, noon) != nullptr);
        memory.suspensions.clear();
        memory.suspensions[""] = Suspension();
        CHECK(suspension_of(memory, address("Widget/tenant/z"), noon) != nullptr);
    }

    TEST_CASE("a field that was written to no avail is left alone, the others are written")
    {
        Scene scene;
        scene.owned("Widget/tenant/a",
                    "u1",
                    Body("spec: {size: 1, note: x}"),
                    Body("spec: {size: 5, note: changed}"));
        scene.declare("Widget/tenant/a", Body("spec: {size: 1, note: x}"));
        const Plan plan = scene.plan();
        Memory memory;
        RunConfig config;
        Action written = plan.actions.front();
        REQUIRE(written.changes.size() == 2);
        for (int i = 0; i < 2; ++i)
            note_writes(written, {"spec.note"}, noon, memory.writes["Widget/tenant/a"]);

        const Gated gated = gate(plan.actions, memory, config, at_noon());

        REQUIRE(gated.actions.size() == 1);
        REQUIRE(gated.actions.front().changes.size() == 1);
        CHECK(gated.actions.front().changes.front().path == "spec.size");
        CHECK(gated.actions.front().pin != written.pin);
        CHECK(gated.stuck.at("Widget/tenant/a").reason == "not_converging");
        note_writes(written, {"spec.note"}, noon, memory.writes["Widget/tenant/a"]);
        CHECK(reason(gate(plan.actions, memory, config, at_noon()), "Widget/tenant/a") ==
              "not_converging");
    }

    TEST_CASE("what is not ready yet is waited for also where all that differs is left alone")
    {
        Scene scene;
        for (Kind& kind : scene.catalogue.kinds)
            kind.readiness.emplace();
        scene.owned("Widget/tenant/a", "u1", Body("spec: {note: x}"), Body("spec: {note: y}"));
        scene.records.back().waiting = "it is in the state Pending";
        scene.declare("Widget/tenant/a", Body("spec: {note: x}"));
        scene.depend(scene.declare("Widget/tenant/b"), "Widget/tenant/a");
        Plan plan = scene.plan();
        Memory memory;
        for (int i = 0; i < 3; ++i)
            note_writes(
                plan.actions.front(), {"spec.note"}, noon, memory.writes["Widget/tenant/a"]);
        const auto judged = [&] { return gate(plan.actions, memory, RunConfig(), at_noon()); };

        const Gated gated = judged();
        CHECK(gated.withheld.empty());
        REQUIRE(gated.actions.size() == 2);
        CHECK(gated.actions.front().verb == Verb::waiting);
        CHECK(gated.stuck.contains("Widget/tenant/a"));

        scene.records.back().waiting.clear();
        plan = scene.plan();
        CHECK(reason(judged(), "Widget/tenant/a") == "not_converging");
    }
}

} // namespace

} // namespace trueup::test

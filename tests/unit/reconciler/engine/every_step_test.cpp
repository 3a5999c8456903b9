// Whatever call fails, in whatever way: no duplicate, no orphan, and three rounds later nothing is
// left to do.

#include "engine_world.hpp"

#include <functional>

using namespace trueup;
using namespace trueup::test;

namespace {

// Prepares a world and declares what the failing round has to do.
using Prepare = std::function<void(EngineWorld&)>;

std::size_t fail_everywhere(const Prepare& prepare, const std::function<void(EngineWorld&)>& after)
{
    return every_step([&](std::size_t step, Fault fault) {
        EngineWorld world;
        world.request.observe.refresh = Refresh::full;
        prepare(world);
        const std::size_t before = world.steps.taken();
        world.steps.fail(step, fault);

        const auto first = world.round_or_crash();
        const std::size_t taken = world.steps.taken() - before;
        if (fault == Fault::none)
            CHECK((first && *first && (*first)->report.complete()));
        if (!first)
            world.restart();
        world.check_safe();

        world.restart();
        world.check_settles();
        after(world);
        return taken;
    });
}

} // namespace

TEST_SUITE("engine: every step")
{
    TEST_CASE("A, B, D: creates, one of which refers to the other")
    {
        const auto runs = fail_everywhere(
            [](EngineWorld& world) {
                world.declare("Widget/tenant/a", "spec: {size: 1}");
                Value spec = Map{{"ownerUid", reference("Widget/tenant/a")}};
                world.declare("Widget/tenant/b", Map{{"spec", std::move(spec)}});
            },
            [](EngineWorld& world) {
                const Lines a = world.api.uids_of("Widget", "a");
                const Lines b = world.api.uids_of("Widget", "b");
                REQUIRE(a.size() == 1);
                REQUIRE(b.size() == 1);
                CHECK(world.spec_of(b.front()) == Value(Map{{"ownerUid", a.front()}}));
            });

        CHECK(runs > 60);
    }

    TEST_CASE("A: a create whose effect comes late, of a kind that allows duplicates")
    {
        fail_everywhere(
            [](EngineWorld& world) {
                world.kind("Widget").settle = 20s;
                world.api.late = 15s;
                world.declare("Widget/tenant/a", "spec: {size: 1}");
            },
            [](EngineWorld& world) { CHECK(world.api.uids_of("Widget", "a").size() == 1); });
    }

    TEST_CASE("A: creates of a kind whose server refuses a second object of a name")
    {
        fail_everywhere(
            [](EngineWorld& world) {
                world.kind("Widget").refuses_duplicates = true;
                world.declare("Widget/tenant/a", "spec: {size: 1}");
            },
            [](EngineWorld& world) { CHECK(world.api.uids_of("Widget", "a").size() == 1); });
    }

    TEST_CASE("A: creates of a kind whose answers do not say the uid")
    {
        fail_everywhere(
            [](EngineWorld& world) {
                world.api.names_uids = false;
                world.declare("Widget/tenant/a", "spec: {size: 1}");
            },
            [](EngineWorld& world) { CHECK(world.api.uids_of("Widget", "a").size() == 1); });
    }

    TEST_CASE("A: creates of two steps, such as a publish")
    {
        fail_everywhere(
            [](EngineWorld& world) {
                world.kind("Widget").create->then = {operation(
                    "publish", OperationClass::idempotent, "POST", "/widgets/{uid}/publish")};
                world.declare("Widget/tenant/a", "spec: {size: 1}");
            },
            [](EngineWorld& world) { CHECK(world.api.uids_of("Widget", "a").size() == 1); });
    }

    TEST_CASE("D: updates reach what is declared")
    {
        fail_everywhere(
            [](EngineWorld& world) {
                world.declare("Widget/tenant/a", "spec: {size: 1}");
                world.round();
                world.redeclare("Widget/tenant/a", "spec: {size: 2}");
            },
            [](EngineWorld& world) {
                const auto record = world.store.find("Widget/tenant/a");
                CHECK(world.spec_of(record->uid) == tree("{size: 2}"));
            });
    }

    TEST_CASE("C: deletes remove what was declared and nothing else")
    {
        fail_everywhere(
            [](EngineWorld& world) {
                world.exists("Widget/tenant/foreign");
                world.declare("Widget/tenant/a");
                world.declare("Widget/tenant/b");
                world.round();
                world.undeclare("Widget/tenant/a");
                world.request.plan.prune = world.request.observe.prune = true;
            },
            [](EngineWorld& world) {
                CHECK(world.api.uids_of("Widget", "a") == Lines{});
                CHECK(world.api.uids_of("Widget", "b").size() == 1);
                CHECK(world.api.uids_of("Widget", "foreign").size() == 1);
                CHECK_FALSE(world.store.find("Widget/tenant/a").has_value());
            });
    }

    TEST_CASE("C: a replace that deletes first ends with one object")
    {
        fail_everywhere(
            [](EngineWorld& world) {
                world.declare("Widget/tenant/a", "spec: {shape: round}");
                world.round();
                world.redeclare("Widget/tenant/a", "spec: {shape: square}").lifecycle.replace =
                    Replacement::delete_first;
            },
            [](EngineWorld& world) {
                const auto record = world.store.find("Widget/tenant/a");
                CHECK(world.spec_of(record->uid) == tree("{shape: square}"));
                CHECK(world.api.uids_of("Widget", "a").size() == 1);
            });
    }

    TEST_CASE("the wait for readiness goes on after whatever interrupted it")
    {
        fail_everywhere(
            [](EngineWorld& world) {
                world.make_slow("Widget");
                world.api.life = {{0s, "Pending"}, {25s, "Running"}};
                world.declare("Widget/tenant/a", "spec: {size: 1}");
            },
            [](EngineWorld& world) {
                CHECK(world.store.find("Widget/tenant/a")->waiting == "");
                CHECK(world.api.uids_of("Widget", "a").size() == 1);
            });
    }
}

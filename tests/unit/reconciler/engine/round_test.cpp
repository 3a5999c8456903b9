// A whole round: whose state it is, what an earlier run left, and what the guards say.

#include "engine_world.hpp"

using namespace trueup;
using namespace trueup::test;

namespace {

constexpr auto a = "Widget/tenant/a";

} // namespace

TEST_SUITE("engine: round")
{
    TEST_CASE("the first round binds the state to endpoint, tenant and owner")
    {
        EngineWorld world;
        world.request.endpoint = "https://api.test:443";
        world.declare(a);

        world.round();

        const auto bound = world.store.binding();
        REQUIRE((bound && *bound));
        CHECK((*bound)->endpoint == "https://api.test:443");
        CHECK((*bound)->tenant_uid == "t1");
        CHECK((*bound)->owner_id == "me");
    }

    TEST_CASE("C: a state of another tenant is refused before anything is looked at or changed")
    {
        EngineWorld world;
        world.declare(a);
        world.round();
        world.api.forget_calls();
        world.api.tenant = "t2";
        world.declare("Widget/tenant/b");

        const auto done = world.try_round();

        REQUIRE_FALSE(done.has_value());
        CHECK(done.error().code == Errc::refused);
        CHECK(world.api.calls().empty());
    }

    TEST_CASE("D: the second round has nothing to do and writes nothing")
    {
        EngineWorld world;
        world.declare(a, "spec: {size: 1}");
        world.declare("Box/tenant/team");
        world.declare("Gadget/team/g");
        CHECK(world.round().created == 3);
        world.api.forget_calls();

        CHECK(world.round().results.empty());

        CHECK(world.api.writes() == Lines{});
    }

    TEST_CASE("C: more deletes than the guards allow are refused, and nothing is done")
    {
        EngineWorld world;
        for (int i = 0; i < 12; ++i)
            world.declare("Widget/tenant/w" + std::to_string(i));
        world.declare("Widget/tenant/stays");
        world.round();
        for (int i = 0; i < 12; ++i)
            world.undeclare("Widget/tenant/w" + std::to_string(i));
        world.declare("Widget/tenant/new");
        world.request.plan.prune = world.request.observe.prune = true;
        world.api.forget_calls();

        const auto done = world.try_round();

        REQUIRE_FALSE(done.has_value());
        CHECK(done.error().code == Errc::refused);
        CHECK(world.api.writes() == Lines{});
    }

    TEST_CASE("B: after the loss of the state everything marked is ours again, without a write")
    {
        EngineWorld world;
        world.declare(a, "spec: {size: 1}");
        world.declare("Widget/tenant/b");
        world.round();
        MemoryStore fresh(world.steps);
        Engine engine(
            world.scene.catalogue, world.api, fresh, world.clock, *world.random, world.events);
        engine.owner_id = "me";
        world.api.forget_calls();

        const auto done =
            world.clock.run(reconcile(engine, world.scene.manifests, world.request, world.options));

        REQUIRE(done.has_value());
        CHECK(done->report.adopted == 2);
        CHECK(world.api.writes() == Lines{});
        CHECK(fresh.find(a)->uid == "u1");
    }

    TEST_CASE("C: what is pruned by its mark alone stays when it changes after it was planned")
    {
        EngineWorld world;
        world.kind("Widget").list->index_only = true;
        world.declare("Widget/tenant/b");
        const std::string uid = world.exists(a, "spec: {size: 3}", true).uid;
        world.request.observe.prune = world.request.plan.prune = true;
        bool planned = false;
        world.options.should_stop = [&] {
            planned = true;
            return false;
        };
        world.api.before = [&](const FakeProvider::Call& call) {
            if (planned && call.verb == "read" && call.uid == uid)
                put(world.api.find_item(uid)->raw, path("spec.size"), Value(4));
        };

        const Report report = world.round();

        const Lines lines = lines_of(report);
        CHECK(std::ranges::find(lines, "delete Widget/tenant/a failed") != lines.end());
        CHECK(world.api.find_item(uid) != nullptr);
    }
}

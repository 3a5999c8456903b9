// What a manifest protects is known after the manifest is gone, whatever happened in between.

#include "engine_world.hpp"

using namespace trueup;
using namespace trueup::test;

namespace {

const std::string a = "Widget/tenant/a";

} // namespace

TEST_SUITE("engine: protection")
{
    TEST_CASE("C: a protection that was taken note of outlives a crash")
    {
        EngineWorld world;
        world.exists(a, "spec: {size: 1}");
        Manifest& manifest = world.declare(a, "spec: {size: 1}");

        CHECK(lines_of(world.round()) == Lines{"adopt Widget/tenant/a done"});
        SUBCASE("")
        {
            manifest.lifecycle.deletion = DeletionPolicy::abandon;
        }
        SUBCASE("")
        {
            manifest.lifecycle.prevent_destroy = true;
        }
        CHECK(world.round().complete());
        world.restart();

        const auto record = world.store.find(a);
        REQUIRE(record.has_value());
        CHECK(record->abandon == (manifest.lifecycle.deletion == DeletionPolicy::abandon));
        CHECK(record->prevent_destroy == manifest.lifecycle.prevent_destroy);
    }

    TEST_CASE("C: a protection holds although nothing else that came with it was done")
    {
        for (const bool abandons : {false, true})
            for (const bool waits_for_another : {false, true}) {
                CAPTURE(abandons);
                CAPTURE(waits_for_another);
                EngineWorld world;
                const std::string b = "Widget/tenant/b";
                world.declare(a, "spec: {size: 1}");
                world.scene.depend(world.declare(b), a);
                CHECK(world.round().complete());
                // Of the one, the update fails; the other is as it should be, and comes after it.
                world.api.refuses.emplace(a, Error(Errc::rejected, "no"));
                world.undeclare(b);
                world.redeclare(a, "spec: {size: 2}");
                world.scene.depend(world.declare(b), a);
                auto& manifests = world.scene.manifests.manifests;
                Lifecycle& lifecycle =
                    (waits_for_another ? manifests.back() : manifests.front()).lifecycle;
                lifecycle.prevent_destroy = !abandons;
                if (abandons)
                    lifecycle.deletion = DeletionPolicy::abandon;
                CHECK(world.round().failed == 1);

                const auto record = world.store.find(waits_for_another ? b : a);
                REQUIRE(record);
                CHECK(record->prevent_destroy == !abandons);
                CHECK(record->abandon == abandons);
            }
    }

    TEST_CASE("C: what was made is protected while nobody can find out that it was")
    {
        EngineWorld world;
        world.request.plan.prune = world.request.observe.prune = true;
        world.declare("Widget/tenant/other");
        CHECK(world.round().complete());
        world.exists(a, {}, true);
        Intent intent;
        intent.id = "i1";
        intent.address = a;
        intent.verb = name_of(Verb::create);
        intent.route = "POST /widgets";
        intent.desired = tree("{metadata: {name: a}}");
        intent.abandon = true;
        world.put_intent(std::move(intent));
        world.api.before = [&](const FakeProvider::Call& call) {
            world.api.broken.clear();
            if (call.verb == "look_up")
                world.api.broken.emplace("Widget", Error(Errc::server_failed, "no"));
        };

        CHECK(lines_of(world.round()) == Lines{"blocked Widget/tenant/a blocked"});
        world.api.before = nullptr;
        world.api.broken.clear();
        CHECK(lines_of(world.round()) == Lines{"forget Widget/tenant/a done"});

        CHECK(world.api.uids_of("Widget", "a") == Lines{"u2"});
    }

    TEST_CASE("C: a copy of what is ours no more, with its mark, is not deleted")
    {
        EngineWorld world;
        world.declare(a);
        world.declare("Widget/tenant/other");
        world.request.plan.prune = world.request.observe.prune = true;
        world.round();
        Value copy = world.api.find_item("u1")->raw;
        world.undeclare(a);
        SUBCASE("because another owner took it over")
        {
            put(world.api.find_item("u1")->raw, path("metadata.annotations.shop/owner"), "you");
        }
        SUBCASE("because somebody deleted it")
        {
            world.api.erase_item("u1");
        }
        REQUIRE(lines_of(world.round()) == Lines{"forget Widget/tenant/a done"});
        world.api.add(world.kind("Widget"), Scope(), std::move(copy), "u9");

        CHECK(lines_of(world.round()) == Lines{"blocked Widget/tenant/a blocked"});

        CHECK(world.api.count("delete") == 0);
    }
}

// What a start after a crash does about the steps that follow a write, such as a publish.

#include "recover_world.hpp"

using namespace trueup;
using namespace trueup::test;

namespace {

Kind& with_publish(EngineWorld& world)
{
    Kind& widget = world.kind("Widget");
    const Operation publish =
        operation("publish", OperationClass::idempotent, "POST", "/widgets/{uid}/publish");
    widget.create->then.push_back(publish);
    Facet facet;
    facet.then.push_back(publish);
    widget.facets.push_back(std::move(facet));
    return widget;
}

void refuse_publish(EngineWorld& world)
{
    world.api.refuses.emplace("POST /widgets/{uid}/publish",
                              Error{Errc::rejected, "it is not to be published", a});
}

} // namespace

TEST_SUITE("engine: recover steps")
{
    TEST_CASE("C: the steps of an interrupted take-over are for what has become ours, also late")
    {
        EngineWorld world;
        with_publish(world).settle = 30s;
        const std::string uid = world.exists(a, "spec: {size: 1}").uid;
        Intent intent = intent_of(Verb::update, "update", uid);
        intent.desired = tree("{metadata: {name: a}, spec: {size: 1}}");
        world.put_intent(std::move(intent));
        const auto take = [&] {
            Value& raw = world.api.find_item(uid)->raw;
            put(raw, path("metadata.annotations.shop/owner"), "me");
            put(raw, path("metadata.annotations.shop/address"), address_mark(address(a)));
        };
        SUBCASE("it never does")
        {
            recovered(world);
            CHECK(world.api.writes() == Lines{});
        }
        SUBCASE("it does within the time to settle")
        {
            const auto alarm = world.clock.alarm(20s, take);
            recovered(world);
            CHECK(world.api.writes() == Lines{std::string("write ") + a});
        }
        CHECK(world.open_intents() == 0);
    }

    TEST_CASE("H: what became of the calls of a dead run is written down before more are sent")
    {
        for (const std::string found : {"found", "unknown"}) {
            CAPTURE(found);
            EngineWorld world;
            with_publish(world);
            const std::string uid = world.exists(a, "spec: {size: 1}", true).uid;
            world.put_intent(found == "found" ? open_create()
                                              : intent_of(Verb::update, "update", uid));
            Lines before_call;
            world.api.before = [&](const FakeProvider::Call& call) {
                if (call.verb == "write")
                    before_call = outcomes(world);
            };

            world.steps.fail(0, Fault::unsent); // the first commit
            CHECK_FALSE(world.clock.run(recover(world.engine())));
            CHECK(world.api.writes() == Lines{});

            recovered(world);
            CHECK(before_call == Lines{found});
            CHECK(std::ranges::count(outcomes(world), found) == 1);
            CHECK(world.open_intents() == 0);
        }
    }

    TEST_CASE("a store that fails in the middle ends the recovery")
    {
        EngineWorld world;
        Kind& widget = world.kind("Widget");
        widget.create->then.push_back(
            operation("publish", OperationClass::action, "POST", "/widgets/{uid}/publish"));
        world.exists(a, {}, true);
        world.put_intent(open_create());
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "write")
                world.steps.fail(0, Fault::unsent); // the commit that follows
        };

        const auto done = world.clock.run(recover(world.engine()));

        REQUIRE_FALSE(done);
        CHECK(done.error().code == Errc::store_failed);
        CHECK(world.open_intents() == 1);
    }

    TEST_CASE("C: what somebody let go of is not ours again because its steps are owed")
    {
        EngineWorld world;
        with_publish(world);
        refuse_publish(world);
        const std::string uid = world.exists(a, "spec: {size: 1}", true).uid;
        world.put_intent(open_create());
        Batch batch;
        batch.note.push_back(released_memo("Widget", uid, a));
        REQUIRE(world.clock.run(world.store.commit(std::move(batch))));

        recovered(world);

        CHECK_FALSE(world.store.find(a).has_value());
        CHECK(world.api.writes() == Lines{});
        CHECK(world.open_intents() == 0);
    }

    TEST_CASE(
        "C: an interrupted update keeps the protection that it was to bring, steps owed or not")
    {
        EngineWorld world;
        with_publish(world);
        refuse_publish(world);
        const std::string uid = world.exists(a, "spec: {size: 1}", true).uid;
        Intent intent = intent_of(Verb::update, "update", uid);
        intent.prevent_destroy = true;
        world.put_intent(std::move(intent));

        CHECK(recovered(world).unresolved.size() == 1);

        CHECK(world.open_intents() == 1);
        REQUIRE(world.store.find(a).has_value());
        CHECK(world.store.find(a)->prevent_destroy);
    }

    TEST_CASE("H: what a dead run did is told once, however often its steps are tried")
    {
        for (const std::string found : {"found", "unknown"}) {
            CAPTURE(found);
            EngineWorld world;
            with_publish(world);
            refuse_publish(world);
            const std::string uid = world.exists(a, "spec: {size: 1}", true).uid;
            world.put_intent(found == "found" ? open_create()
                                              : intent_of(Verb::update, "update", uid));
            std::set<std::string> told;
            Engine engine = world.engine();
            engine.told = &told;

            for (int round = 0; round < 3; ++round)
                REQUIRE(world.clock.run(recover(engine)));

            CHECK(std::ranges::count(outcomes(world), found) == 1);
            CHECK(std::ranges::count(outcomes(world), "failed") == 3);
            // The next life tells of what this one did.
            told.clear();
            REQUIRE(world.clock.run(recover(engine)));
            CHECK(std::ranges::count(outcomes(world), found) == 2);
        }
    }
}

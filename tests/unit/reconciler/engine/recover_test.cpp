// What a start after a crash does with each kind of open intent.

#include "reconciler/engine/keepsakes.hpp"
#include "recover_world.hpp"

using namespace trueup;
using namespace trueup::test;

namespace {

// What a replace of `uid` notes before it makes the new one.
Memo replace_of(EngineWorld& world, const std::string& uid)
{
    Action action;
    action.address = address(a);
    action.kind = &world.kind("Widget");
    action.uid = uid;
    action.last = std::make_shared<const Record>(record_of(uid));
    const Mark mark("me", address_mark(action.address));
    auto old = decode(*action.kind, Scope(), world.api.find_item(uid)->raw, uid);
    REQUIRE(old);
    Memo memo = replaced_memo(action, *old, mark);
    memo.key = "i1";
    return memo;
}

void check_old_one_stays(EngineWorld& world)
{
    CHECK(recovered(world).unresolved.size() == 1);
    CHECK(world.api.uids_of("Widget", "a") == Lines{"u1", "u2"});
    CHECK(world.open_intents() == 1);
}

} // namespace

TEST_SUITE("engine: recover")
{
    TEST_CASE("nothing open: no call is made")
    {
        EngineWorld world;

        CHECK(recovered(world).resolved == 0);

        CHECK(world.api.calls().empty());
    }

    TEST_CASE("B: a create that took effect is ours, by its mark")
    {
        EngineWorld world;
        world.exists(a, {}, true);
        world.put_intent(open_create());

        CHECK(recovered(world).resolved == 1);

        CHECK(world.store.find(a)->uid == "u1");
        CHECK(world.open_intents() == 0);
        CHECK(world.api.writes() == Lines{});
    }

    TEST_CASE("what may not be written to now stays open, and is looked at later")
    {
        EngineWorld world;
        world.exists(a, {}, true);
        world.put_intent(open_create());
        Engine engine = world.engine();
        engine.hands_off = [](const Address& address) { return address.text() == a; };

        const auto left = world.clock.run(recover(engine));

        REQUIRE(left);
        CHECK(left->unresolved.size() == 1);
        CHECK(world.api.calls().empty());
        CHECK(world.open_intents() == 1);
        CHECK(recovered(world).resolved == 1);
    }

    TEST_CASE("what may not be written to by the time that it has settled stays open too")
    {
        EngineWorld world;
        world.kind("Widget").settle = 30s;
        world.put_intent(open_create());
        bool is_frozen = false;
        const auto alarm = world.clock.alarm(20s, [&] {
            world.exists(a, {}, true);
            is_frozen = true;
        });
        Engine engine = world.engine();
        engine.hands_off = [&](const Address&) { return is_frozen; };

        const auto left = world.clock.run(recover(engine));

        REQUIRE(left);
        CHECK(left->unresolved.size() == 1);
        CHECK_FALSE(world.store.find(a).has_value());
        CHECK(world.open_intents() == 1);
    }

    TEST_CASE("A: a create that took no effect is over once its kind has settled")
    {
        EngineWorld world;
        world.kind("Widget").settle = 20s;
        world.put_intent(open_create());

        CHECK(recovered(world).resolved == 1);

        CHECK(world.clock.now().time_since_epoch() == 20s);
        CHECK_FALSE(world.store.find(a).has_value());
        CHECK(world.store.history(a) == Lines{"create none"});
    }

    TEST_CASE("B: a create is waited for although a second one would be refused")
    {
        for (const bool marked : {true, false}) {
            CAPTURE(marked);
            EngineWorld world;
            Kind& kind = world.kind("Widget");
            kind.settle = 20s;
            kind.refuses_duplicates = true;
            if (!marked)
                kind.mark.reset();
            world.put_intent(open_create());
            const std::unique_ptr<Alarm> late =
                world.clock.alarm(15s, [&] { world.exists(a, {}, marked); });

            recovered(world);

            CHECK(world.store.find(a).has_value());
            CHECK(world.open_intents() == 0);
        }
    }

    TEST_CASE("A: the whole time to settle is waited for, whatever the calendar says")
    {
        EngineWorld world;
        world.kind("Widget").settle = 20s;
        world.clock.advance(15s);
        world.put_intent(open_create());
        // The call can have been sent long after its intent was written.
        SUBCASE("the intent is old")
        {
            world.clock.shift_wall(1h);
        }
        SUBCASE("the clock went back an hour")
        {
            world.clock.shift_wall(-1h);
        }
        SUBCASE("the intent is new") {}

        recovered(world);

        CHECK(world.clock.now().time_since_epoch() == 35s);
    }

    TEST_CASE("a stranger of the same name is not taken for the create that was interrupted")
    {
        EngineWorld world;
        world.exists(a);
        world.put_intent(open_create());

        recovered(world);

        CHECK_FALSE(world.store.find(a).has_value());
        CHECK(world.open_intents() == 0);
    }

    TEST_CASE("A: two objects with our mark: said, and neither becomes ours")
    {
        EngineWorld world;
        world.exists(a, {}, true);
        world.exists(a, {}, true);
        world.put_intent(open_create());

        const Recovery recovery = recovered(world);

        REQUIRE(recovery.unresolved.size() == 1);
        CHECK(recovery.unresolved.front().find("several objects") != std::string::npos);
        CHECK_FALSE(world.store.find(a).has_value());
        CHECK(world.api.writes() == Lines{});
    }

    TEST_CASE("C: the one of two objects that somebody leaves is protected as it was to be")
    {
        EngineWorld world;
        const std::string uid = world.exists(a, {}, true).uid;
        const std::string other = world.exists(a, {}, true).uid;
        Intent intent = open_create();
        intent.abandon = true;
        world.put_intent(std::move(intent));
        REQUIRE(recovered(world).unresolved.size() == 1);
        world.api.erase_item(other);

        recovered(world);

        REQUIRE(world.store.find(a).has_value());
        CHECK(world.store.find(a)->uid == uid);
        CHECK(world.store.find(a)->abandon);
        CHECK(world.open_intents() == 0);
    }

    TEST_CASE("G: when the API cannot be asked, the intent stays and the start fails")
    {
        EngineWorld world;
        world.exists(a, {}, true);
        world.put_intent(open_create());
        world.api.broken.emplace("Widget", Error(Errc::network, "no connection"));

        const auto done = world.clock.run(recover(world.engine()));

        CHECK_FALSE(done.has_value());
        CHECK(world.open_intents() == 1);
    }

    TEST_CASE("I: what cannot be asked about one object keeps no other from its turn")
    {
        EngineWorld world;
        world.put_intent(intent_of(Verb::remove, "DELETE /widgets/{uid}", "u1"));
        Intent other = intent_of(Verb::remove, "DELETE /gadgets/{uid}", "u2");
        other.id = "i2";
        other.address = "Gadget/tenant/g";
        world.put_intent(std::move(other));
        world.api.unreadable.emplace("Widget", Error(Errc::server_failed, "no"));

        const Recovery recovery = recovered(world);

        REQUIRE(recovery.unresolved.size() == 1);
        CHECK(recovery.unresolved.front().find(a) == 0);
        CHECK(world.open_intents() == 1);
    }

    TEST_CASE("an intent of a kind that the catalogue no longer has is said and kept")
    {
        EngineWorld world;
        Intent intent = open_create();
        intent.address = "Sprocket/tenant/a";
        world.put_intent(std::move(intent));

        CHECK(recovered(world).unresolved.size() == 1);

        CHECK(world.open_intents() == 1);
    }

    TEST_CASE("a delete that took effect is forgotten, one that did not is planned anew")
    {
        EngineWorld world;
        world.put_record(record_of("u1"));
        world.put_intent(intent_of(Verb::remove, "DELETE /widgets/{uid}", "u1"));
        SUBCASE("gone")
        {
            recovered(world);
            CHECK_FALSE(world.store.find(a).has_value());
        }
        SUBCASE("still there")
        {
            world.exists(a, {}, true);
            recovered(world);
            CHECK(world.store.find(a).has_value());
            CHECK(world.api.writes() == Lines{});
        }
        CHECK(world.open_intents() == 0);
    }

    TEST_CASE("an update is compared by the next plan: the intent is closed and nothing is written")
    {
        EngineWorld world;
        world.exists(a, "spec: {size: 1}", true);
        world.put_record(record_of("u1"));
        world.put_intent(intent_of(Verb::update, "update", "u1"));

        CHECK(recovered(world).resolved == 1);

        CHECK(world.api.writes() == Lines{});
        CHECK(world.open_intents() == 0);
    }

    TEST_CASE("C: the old one of an interrupted replace goes only if it is as it was planned on")
    {
        EngineWorld world;
        world.exists(a, "spec: {shape: round}", true);  // u1, the old one
        world.exists(a, "spec: {shape: square}", true); // u2
        world.put_record(record_of("u1"));
        Batch batch;
        batch.open.push_back(intent_of(Verb::replace, "POST /widgets", "u1"));
        batch.note.push_back(replace_of(world, "u1"));
        SUBCASE("it is")
        {
            REQUIRE(world.clock.run(world.store.commit(std::move(batch))));
            CHECK(recovered(world).resolved == 1);
            CHECK(world.api.uids_of("Widget", "a") == Lines{"u2"});
            CHECK(world.open_intents() == 0);
            CHECK(world.store.memos()->empty());
        }
        SUBCASE("somebody took our mark off")
        {
            REQUIRE(world.clock.run(world.store.commit(std::move(batch))));
            erase(world.api.find_item("u1")->raw, path("metadata.annotations"));
            check_old_one_stays(world);
        }
        SUBCASE("somebody changed a field of ours")
        {
            REQUIRE(world.clock.run(world.store.commit(std::move(batch))));
            put(world.api.find_item("u1")->raw, path("spec.size"), Value(9));
            check_old_one_stays(world);
        }
        SUBCASE("another owner took it over, and there is nothing left to do")
        {
            REQUIRE(world.clock.run(world.store.commit(std::move(batch))));
            put(world.api.find_item("u1")->raw, path("metadata.annotations.shop/owner"), "you");
            CHECK(recovered(world).resolved == 1);
            CHECK(world.api.uids_of("Widget", "a") == Lines{"u1", "u2"});
            CHECK(world.open_intents() == 0);
            CHECK(world.store.memos()->empty());
        }
        SUBCASE("nobody noted what it was like")
        {
            batch.note.clear();
            REQUIRE(world.clock.run(world.store.commit(std::move(batch))));
            check_old_one_stays(world);
        }
        CHECK(world.store.find(a)->uid == "u2");
    }

    TEST_CASE("what was open in a project that is gone is over")
    {
        EngineWorld world;
        FakeProvider::Item& box = world.exists("Box/tenant/b1", {}, true);
        constexpr auto inside = "Gadget/b1/g";
        Intent create = intent_of(Verb::create, world.kind("Gadget").create->call.route());
        create.address = inside;
        create.scope_uid = box.uid;
        Intent update = intent_of(Verb::update, "update", "g1");
        update.id = "i2";
        update.address = inside;
        update.scope_uid = box.uid;
        const std::string box_uid = box.uid;
        world.put_intent(std::move(create));
        world.put_intent(std::move(update));
        world.api.broken.emplace("Gadget", Error(Errc::not_found, "no such scope"));
        world.api.unreadable.emplace("Gadget", Error(Errc::not_found, "no such scope"));
        SUBCASE("it is there, and only does not answer")
        {
            CHECK(recovered(world).unresolved.size() == 2);
            CHECK(world.open_intents() == 2);
        }
        SUBCASE("it is gone")
        {
            world.api.erase_item(box_uid);
            CHECK(recovered(world).unresolved.empty());
            CHECK(world.open_intents() == 0);
        }
        CHECK(world.api.writes() == Lines{});
    }

    TEST_CASE("what carries no mark is ours after an interrupted update that took effect")
    {
        EngineWorld world;
        constexpr auto setting = "Setting/tenant";
        const Kind& kind = world.kind("Setting");
        Value raw = tree("{spec: {level: 5, motd: theirs}}");
        world.api.add(kind, Scope(), std::move(raw), FakeProvider::singleton_uid(kind, Scope()));
        Intent intent = intent_of(Verb::update, "update");
        intent.address = setting;
        SUBCASE("it did")
        {
            intent.desired = tree("{spec: {level: 5}}");
            world.put_intent(std::move(intent));
            recovered(world);
            REQUIRE(world.store.find(setting).has_value());
            CHECK(*world.store.find(setting)->last_applied == tree("{spec: {level: 5}}"));
        }
        SUBCASE("nobody can tell")
        {
            intent.desired = tree("{spec: {level: 6}}");
            world.put_intent(std::move(intent));
            recovered(world);
            CHECK_FALSE(world.store.find(setting).has_value());
        }
        CHECK(world.open_intents() == 0);
        CHECK(world.api.writes() == Lines{});
    }

    TEST_CASE("C: what an interrupted take-over was to protect is protected, also late")
    {
        for (const bool late : {false, true}) {
            CAPTURE(late);
            EngineWorld world;
            world.kind("Widget").settle = 30s;
            const std::string uid = world.exists(a, "spec: {size: 3}", !late).uid;
            Intent intent = intent_of(Verb::update, "update");
            intent.uid = uid;
            intent.desired = tree("{metadata: {name: a}, spec: {size: 3}}");
            intent.prevent_destroy = true;
            world.put_intent(std::move(intent));
            const auto show = [&] {
                Value& raw = world.api.find_item(uid)->raw;
                put(raw, path("metadata.annotations.shop/owner"), "me");
                put(raw, path("metadata.annotations.shop/address"), address_mark(address(a)));
            };
            std::unique_ptr<Alarm> alarm;
            if (late)
                alarm = world.clock.alarm(20s, show);

            recovered(world);

            REQUIRE(world.store.find(a).has_value());
            CHECK(world.store.find(a)->prevent_destroy);
            // It is declared no longer, and stays.
            world.request.plan.prune = world.request.observe.prune = true;
            world.declare("Widget/tenant/other");
            world.round();
            CHECK(world.api.find_item(uid) != nullptr);
        }
    }

    TEST_CASE("C: what somebody let go of is not ours again because a call for it was interrupted")
    {
        EngineWorld world;
        const std::string uid = world.exists(a, {}, true).uid;
        Intent intent = intent_of(Verb::update, "update");
        intent.uid = uid;
        world.put_intent(std::move(intent));
        Batch batch;
        batch.note.push_back(released_memo("Widget", uid, a));
        REQUIRE(world.clock.run(world.store.commit(std::move(batch))));

        recovered(world);

        CHECK_FALSE(world.store.find(a).has_value());
    }

    TEST_CASE("C: an interrupted update keeps the protection that it was to bring")
    {
        EngineWorld world;
        const std::string uid = world.exists(a, {}, true).uid;
        world.put_record(record_of(uid));
        Intent intent = intent_of(Verb::update, "update");
        intent.uid = uid;
        intent.abandon = true;
        SUBCASE("of the object that is ours")
        {
            world.put_intent(std::move(intent));
            recovered(world);
            CHECK(world.store.find(a)->abandon);
            CHECK_FALSE(world.store.find(a)->prevent_destroy);
        }
        SUBCASE("and of no other")
        {
            intent.uid = world.exists(a, {}, true).uid;
            world.put_intent(std::move(intent));
            recovered(world);
            CHECK_FALSE(world.store.find(a)->abandon);
        }
    }

    TEST_CASE("what carries no mark is ours after an update that reads show late")
    {
        EngineWorld world;
        constexpr auto setting = "Setting/tenant";
        Kind& kind = world.kind("Setting");
        kind.settle = 30s;
        const std::string uid = FakeProvider::singleton_uid(kind, Scope());
        world.api.add(kind, Scope(), tree("{spec: {level: 5}}"), uid);
        Intent intent = intent_of(Verb::update, "update");
        intent.address = setting;
        intent.desired = tree("{spec: {level: 6}}");
        world.put_intent(std::move(intent));
        const auto show = [&] { put(world.api.find_item(uid)->raw, path("spec.level"), Value(6)); };
        const auto alarm = world.clock.alarm(20s, show);

        recovered(world);

        REQUIRE(world.store.find(setting).has_value());
        CHECK(*world.store.find(setting)->last_applied == tree("{spec: {level: 6}}"));
        CHECK(world.open_intents() == 0);
    }

    TEST_CASE("a replace whose new one never came is planned again, and the old one stays ours")
    {
        EngineWorld world;
        world.exists(a, "spec: {shape: round}", true);
        world.put_record(record_of("u1"));
        world.put_intent(intent_of(Verb::replace, "POST /widgets", "u1"));

        recovered(world);

        CHECK(world.store.find(a)->uid == "u1");
        CHECK(world.api.writes() == Lines{});
        CHECK(world.open_intents() == 0);
    }
}

// Creates: looked for before they are sent, sent again only after looking, never left unrecorded.

#include "engine_world.hpp"

using namespace trueup;
using namespace trueup::test;

namespace {

constexpr auto a = "Widget/tenant/a";

} // namespace

TEST_SUITE("engine: create")
{
    TEST_CASE("a create is recorded with its uid and audited, and its intent is closed")
    {
        EngineWorld world;
        world.declare(a, "spec: {size: 1}");

        const Report report = world.round();

        CHECK(lines_of(report) == Lines{"create Widget/tenant/a done"});
        CHECK(report.created == 1);
        const auto record = world.store.find(a);
        REQUIRE(record.has_value());
        CHECK(record->uid == "u1");
        CHECK(*find(record->last_applied, path("spec.size")) == Value(1));
        CHECK(world.open_intents() == 0);
        CHECK(world.store.history(a) == Lines{"create done"});
    }

    TEST_CASE("H: a call that failed has its line in the audit, with what the API said of it")
    {
        EngineWorld world;
        world.declare(a, "spec: {size: 1}");
        Error refusal(Errc::rejected, "size is too small");
        refusal.api = ApiFailure();
        refusal.api->status = 422;
        world.api.refuses.emplace(a, refusal);

        world.round();

        const auto audit = world.store.audit(10);
        REQUIRE(audit);
        const auto line = std::ranges::find(*audit, 422, &AuditRecord::status);
        REQUIRE(line != audit->end());
        CHECK(line->address == a);
        CHECK(line->verb == "create");
        CHECK(line->route == "POST /widgets");
        CHECK(line->outcome == "failed");
        CHECK(line->error == "rejected");
        CHECK(line->detail == "size is too small");
        CHECK(line->attempt == 1);
        CHECK_FALSE(line->plan_id.empty());
    }

    TEST_CASE("the intent of a create is durable before the call is made")
    {
        EngineWorld world;
        world.declare(a);
        std::size_t open = 0;
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "create")
                open = world.open_intents();
        };

        world.round();

        CHECK(open == 1);
    }

    TEST_CASE("A: without a server that refuses duplicates, it is looked for just before")
    {
        EngineWorld world;
        world.declare(a);
        // It appears after the plan was made, so only the look-up can see it.
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "look_up" && world.api.items().empty())
                world.exists(a);
        };

        const Report report = world.round();

        CHECK(world.api.writes() == Lines{});
        REQUIRE(report.results.size() == 1);
        CHECK(report.results.front().error->code == Errc::conflict);
        CHECK(world.open_intents() == 0);
    }

    TEST_CASE("A: what appeared with our mark since the plan is taken, not made again")
    {
        EngineWorld world;
        world.declare(a);
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "look_up" && world.api.items().empty())
                world.exists(a, {}, true);
        };

        const Report report = world.round();

        CHECK(world.api.count("create") == 0);
        CHECK(report.complete());
        CHECK(world.store.find(a)->uid == "u1");
    }

    TEST_CASE(
        "A, H: a create without an answer that took effect is found by its mark, and the audit "
        "says both")
    {
        EngineWorld world;
        world.declare(a);
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "look_up" && world.api.count("create") == 0)
                world.steps.fail(1, Fault::lost); // of the store, then the create
        };

        const Report report = world.round();

        CHECK(report.complete());
        CHECK(world.api.count("create") == 1);
        CHECK(world.store.history(a) == Lines{"create unknown", "create found"});
    }

    TEST_CASE("A: the second send waits the kind's time to settle, and is not made when the first "
              "one came late")
    {
        EngineWorld world;
        world.kind("Widget").settle = 20s;
        world.api.late = 15s;
        world.declare(a);
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "look_up" && world.api.count("create") == 0)
                world.steps.fail(1, Fault::swallowed);
        };

        const Report report = world.round();

        CHECK(report.complete());
        CHECK(world.api.count("create") == 1);
        CHECK(world.clock.now().time_since_epoch() == 20s);
        CHECK(world.api.uids_of("Widget", "a") == Lines{"u1"});
    }

    TEST_CASE("A: a create that never took effect is sent again after looking")
    {
        EngineWorld world;
        world.declare(a);
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "look_up" && world.api.count("create") == 0)
                world.steps.fail(1, Fault::swallowed);
        };

        const Report report = world.round();

        CHECK(report.complete());
        CHECK(world.api.count("create") == 2);
    }

    TEST_CASE("A: what was made when the calendar was another, and is not seen, is not made again "
              "at once")
    {
        EngineWorld world;
        world.request.observe.refresh = Refresh::full;
        world.kind("Widget").settle = 20s;
        world.declare(a);
        world.round();
        Record written = *world.store.find(a);
        written.updated_at = format_time(world.clock.wall() + 1h);
        world.put_record(std::move(written));
        world.api.erase_item("u1"); // as a read shows it that is behind
        const auto seen = world.clock.alarm(14s, [&] { world.exists(a, {}, true); });

        const Report report = world.round();

        CHECK(report.complete());
        CHECK(world.api.count("create") == 1);
        CHECK(world.clock.now().time_since_epoch() == 20s);
    }

    TEST_CASE("what was made long ago and is gone is made again at once")
    {
        EngineWorld world;
        world.request.observe.refresh = Refresh::full;
        world.kind("Widget").settle = 20s;
        world.declare(a);
        world.round();
        world.clock.advance(20s);
        world.api.erase_item("u1");

        world.round();

        CHECK(world.api.count("create") == 2);
        CHECK(world.clock.now().time_since_epoch() == 20s);
    }

    TEST_CASE("A: while nobody knows what became of an earlier create, another waits for it")
    {
        EngineWorld world;
        world.kind("Widget").settle = 20s;
        world.declare(a);
        auto planned = world.clock.run(plan_now(
            world.scene.catalogue, world.scene.manifests, world.api, world.store, world.request));
        REQUIRE(planned);
        Intent earlier;
        earlier.id = "i1";
        earlier.address = a;
        earlier.verb = "create";
        world.put_intent(std::move(earlier));
        const auto arrived = world.clock.alarm(15s, [&] { world.exists(a, {}, true); });

        const Report report = world.clock.run(
            execute(world.engine(), std::move(planned->plan.actions), world.options));

        CHECK(report.complete());
        CHECK(world.api.count("create") == 0);
        CHECK(world.clock.now().time_since_epoch() == 20s);
    }

    TEST_CASE("A: two objects with our mark for one address are reported, and neither is touched")
    {
        EngineWorld world;
        world.declare(a);
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "look_up" && world.api.items().empty()) {
                world.exists(a, {}, true);
                world.exists(a, {}, true);
            }
        };

        const Report report = world.round();

        CHECK(world.api.writes() == Lines{});
        REQUIRE(report.results.size() == 1);
        CHECK(report.results.front().error->message.find("several objects") != std::string::npos);
    }

    TEST_CASE("a create that the API refuses is an error, not an object, and closes its intent")
    {
        EngineWorld world;
        world.declare(a);
        Error no(Errc::rejected, "it does not like this");
        no.api = ApiFailure();
        no.api->status = 422;
        world.api.refuses.emplace(a, no);

        const Report report = world.round();

        CHECK(report.failed == 1);
        CHECK_FALSE(world.store.find(a).has_value());
        CHECK(world.open_intents() == 0);
        // One line of the call, one of the action.
        CHECK(world.store.history(a) == Lines{"create failed", "create failed"});
    }

    TEST_CASE("a refusal for a duplicate name is read: an object with our mark is ours")
    {
        EngineWorld world;
        world.kind("Widget").refuses_duplicates = true;
        world.declare(a, "spec: {size: 1}");
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "create")
                world.exists(a, "spec: {size: 1}", true);
        };

        const Report report = world.round();

        CHECK(report.complete());
        CHECK(world.store.find(a)->uid == "u1");
        CHECK(world.api.uids_of("Widget", "a").size() == 1);
    }

    TEST_CASE("C: a refusal for the duplicate name of a stranger leaves the stranger alone")
    {
        EngineWorld world;
        world.kind("Widget").refuses_duplicates = true;
        world.declare(a, "spec: {size: 1}");
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "create")
                world.exists(a, "spec: {size: 9}");
        };

        const Report report = world.round();

        CHECK(report.failed == 1);
        CHECK_FALSE(world.store.find(a).has_value());
        CHECK(world.spec_of("u1") == tree("{size: 9}"));
    }

    TEST_CASE("C: what another owner took over as soon as it was made is not written")
    {
        EngineWorld world;
        world.declare(a, "spec: {size: 1}");
        bool taken = false;
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb != "read" || call.uid != "u1" || std::exchange(taken, true))
                return;
            Value& raw = world.api.find_item("u1")->raw;
            put(raw, path("metadata.annotations.shop/owner"), "you");
            put(raw, path("spec.size"), Value(9));
        };

        const Report report = world.round();

        CHECK(report.failed == 1);
        CHECK(world.spec_of("u1") == tree("{size: 9}"));
        // What came of it is known, and the next plan leaves it alone.
        CHECK(world.store.find(a)->uid == "u1");
        CHECK(lines_of(world.round()) == Lines{"blocked Widget/tenant/a blocked"});
        CHECK(world.open_intents() == 0);
    }

    TEST_CASE("B: when the API drops the mark, somebody is told")
    {
        EngineWorld world;
        world.api.keeps_marks = false;
        world.declare(a);

        const Report report = world.round();

        CHECK(report.complete());
        CHECK(world.events.says("did not keep our mark"));
    }

    TEST_CASE("B: without a place for a mark, a lost create is found by its name")
    {
        EngineWorld world;
        world.kind("Widget").mark.reset();
        world.declare(a);
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "look_up" && world.api.count("create") == 0)
                world.steps.fail(1, Fault::lost);
        };

        const Report report = world.round();

        CHECK(report.complete());
        CHECK(world.api.uids_of("Widget", "a") == Lines{"u1"});
    }

    TEST_CASE("what the create call could not carry is written after it")
    {
        EngineWorld world;
        world.declare(a, "spec: {size: 1}");
        // The server keeps another value than it was given.
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "read" && world.api.count("write") == 0)
                put(world.api.find_item("u1")->raw, path("spec.size"), Value(7));
        };

        const Report report = world.round();

        CHECK(report.complete());
        CHECK(world.api.writes() == Lines{"create Widget/tenant/a", "write Widget/tenant/a"});
        CHECK(world.spec_of("u1") == tree("{size: 1}"));
    }

    TEST_CASE("a store that fails after the create keeps its intent, and says that the effect is "
              "unknown")
    {
        EngineWorld world;
        world.declare(a);
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "create")
                world.steps.fail(0, Fault::unsent); // the commit that follows
        };

        const Report report = world.round();

        CHECK(report.failed == 1);
        CHECK(world.open_intents() == 1);
        CHECK(world.api.uids_of("Widget", "a").size() == 1);

        world.restart();
        CHECK(world.round().complete());
        CHECK(world.store.find(a)->uid == "u1");
        CHECK(world.api.count("create") == 1);
    }

    TEST_CASE("A: a create that is held up is not sent beside what others make meanwhile")
    {
        EngineWorld world;
        world.api.holds_writes_up = true;
        world.declare(a);
        std::size_t looks = 0;
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "look_up" && ++looks == 2)
                world.exists(a);
        };

        const Report report = world.round();

        CHECK(report.failed == 1);
        CHECK(world.api.count("create") == 0);
        CHECK(world.open_intents() == 0);
    }
}

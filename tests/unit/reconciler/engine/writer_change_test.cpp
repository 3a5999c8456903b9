// Updates and deletes: only of what was planned on, and only of what is ours.

#include "made_world.hpp"

using namespace trueup;
using namespace trueup::test;

namespace {

void prune(EngineWorld& world)
{
    world.request.plan.prune = world.request.observe.prune = true;
}

} // namespace

TEST_SUITE("engine: update")
{
    TEST_CASE("an update writes what differs, and remembers what was written")
    {
        Made world;
        world.redeclare(a, "spec: {size: 2}");

        const Report report = world.round();

        CHECK(lines_of(report) == Lines{"update Widget/tenant/a done"});
        CHECK(world.spec_of("u1") == tree("{size: 2}"));
        CHECK(*find(world.store.find(a)->last_applied, path("spec.size")) == Value(2));
        CHECK(world.open_intents() == 0);
    }

    TEST_CASE("C: an object that another owner took over since the plan is not written")
    {
        Made world;
        world.redeclare(a, "spec: {size: 2}");
        world.meddle("read", 2, "metadata.annotations.shop/owner", "you");

        const Report report = world.round();

        CHECK(report.failed == 1);
        CHECK(world.api.writes() == Lines{});
        CHECK(world.open_intents() == 0);
    }

    TEST_CASE("what we do not manage goes back unchanged")
    {
        Made world;
        put(world.api.find_item("u1")->raw, path("spec.note"), "of somebody else");
        world.redeclare(a, "spec: {size: 2}");

        world.round();

        CHECK(*find(world.spec_of("u1"), path("note")) == Value("of somebody else"));
    }

    TEST_CASE("E: an object that changed since it was planned is left alone")
    {
        Made world;
        world.redeclare(a, "spec: {size: 2}");
        world.meddle("read", 2, "spec.size", 9); // the first read is the plan's

        const Report report = world.round();

        REQUIRE(report.failed == 1);
        CHECK(report.results.front().error->code == Errc::conflict);
        CHECK(world.api.writes() == Lines{});
        CHECK(world.open_intents() == 0);
    }

    TEST_CASE("E: a change that others make while the write is held up is not written over")
    {
        Made world;
        world.api.holds_writes_up = true;
        world.redeclare(a, "spec: {size: 2}");
        SUBCASE("a field of ours")
        {
            world.meddle("read", 3, "spec.size", 9); // the second read is the writer's first look
        }
        SUBCASE("its owner")
        {
            world.meddle("read", 3, "metadata.annotations.shop/owner", "you");
        }
        SUBCASE("a field that we do not manage, and that goes back with the rest")
        {
            world.meddle("read", 3, "spec.note", "theirs");
        }

        const Report report = world.round();

        REQUIRE(report.failed == 1);
        CHECK(report.results.front().error->code == Errc::conflict);
        CHECK(world.api.writes() == Lines{});
        CHECK(world.open_intents() == 0);
    }

    TEST_CASE("a write that is held up while nobody changes anything is made")
    {
        Made world;
        world.api.holds_writes_up = true;
        world.redeclare(a, "spec: {size: 2}");
        CHECK(world.round().updated == 1);
        world.undeclare(a);
        world.declare("Widget/tenant/b");
        prune(world);

        const Report report = world.round();

        CHECK(report.removed == 1);
        CHECK(report.created == 1);
    }

    TEST_CASE("C: a delete that is held up is not of what changed meanwhile, nor of what is gone")
    {
        Made world;
        world.api.holds_writes_up = true;
        world.undeclare(a);
        world.declare("Widget/tenant/b");
        prune(world);
        SUBCASE("changed")
        {
            world.meddle("read", 3, "spec.size", 9);
            CHECK(world.round().failed == 1);
            CHECK(world.api.find_item("u1") != nullptr);
        }
        SUBCASE("gone")
        {
            std::size_t reads = 0;
            world.api.before = [&](const FakeProvider::Call& call) {
                if (call.verb == "read" && call.uid == "u1" && ++reads == 3)
                    world.api.erase_item("u1");
            };
            CHECK(world.round().removed == 1);
        }
        CHECK(world.api.count("delete") == 0);
        CHECK(world.open_intents() == 0);
    }

    TEST_CASE("E: an object that is gone since it was planned is an error, not a create")
    {
        Made world;
        world.redeclare(a, "spec: {size: 2}");
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "read" && world.api.count("read") == 1)
                world.api.erase_item("u1");
        };

        const Report report = world.round();

        CHECK(report.failed == 1);
        CHECK(world.api.writes() == Lines{});
    }

    TEST_CASE("an update without an answer is read again and compared, not sent again blindly")
    {
        Made world;
        world.redeclare(a, "spec: {size: 2}");
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "read" && world.api.count("read") == 1)
                world.steps.fail(0, Fault::lost);
        };

        const Report report = world.round();

        CHECK(report.complete());
        CHECK(world.api.count("write") == 1);
        CHECK(world.open_intents() == 0);
    }

    TEST_CASE("an update that never arrived, and whose answer was lost, is sent again")
    {
        Made world;
        world.redeclare(a, "spec: {size: 2}");
        Error lost(Errc::network, "the connection broke");
        lost.effect = Effect::unknown;
        world.api.refuses.emplace(a, lost);
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "read" && world.api.count("write") == 1)
                world.api.refuses.clear();
        };

        const Report report = world.round();

        CHECK(report.complete());
        CHECK(world.api.count("write") == 2);
        CHECK(*find(world.spec_of("u1"), path("size")) == Value(2));
        CHECK(world.open_intents() == 0);
    }

    TEST_CASE("E: what somebody changed after an update without an answer is not overwritten")
    {
        Made world;
        world.redeclare(a, "spec: {size: 2}");
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "read" && world.api.count("read") == 1)
                world.steps.fail(0, Fault::lost);
            if (call.verb == "read" && world.api.count("read") == 2)
                put(world.api.find_item("u1")->raw, path("spec.size"), 9);
        };

        const Report report = world.round();

        REQUIRE(report.failed == 1);
        CHECK(report.results.front().error->code == Errc::conflict);
        CHECK(world.api.count("write") == 1);
        CHECK(*find(world.spec_of("u1"), path("size")) == Value(9));
        CHECK(world.open_intents() == 0);
    }

    TEST_CASE("when the API keeps another value than was written, the field is named")
    {
        Made world;
        world.redeclare(a, "spec: {size: 2}");
        world.meddle("read", 3, "spec.size", 3); // the read-back

        const Report report = world.round();

        REQUIRE(report.results.size() == 1);
        CHECK(report.results.front().message.find("spec.size") != std::string::npos);
    }

    TEST_CASE("adopting an equal object makes no call that changes anything")
    {
        EngineWorld world;
        world.exists(a, "spec: {size: 1}");
        world.declare(a, "spec: {size: 1}");

        const Report report = world.round();

        CHECK(lines_of(report) == Lines{"adopt Widget/tenant/a done"});
        CHECK(world.api.writes() == Lines{});
        CHECK(world.store.find(a)->uid == "u1");
    }
}

TEST_SUITE("engine: audit")
{
    TEST_CASE("H: a write whose answer was lost is told")
    {
        Made world;
        world.redeclare(a, "spec: {size: 2}");
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "read" && world.api.count("read") == 1)
                world.steps.fail(0, Fault::lost); // the write that follows
        };

        const Report report = world.round();

        CHECK(lines_of(report) == Lines{"update Widget/tenant/a done"});
        CHECK(world.api.count("write") == 1);
        CHECK(world.store.history(a) == Lines{"create done", "update unknown"});
    }

    TEST_CASE("H: a delete that finds nothing to delete any more is told")
    {
        Made world;
        world.undeclare(a);
        world.declare("Widget/tenant/other");
        prune(world);
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "delete")
                world.api.erase_item("u1");
        };

        CHECK(world.round().removed == 1);

        // What the call said, and what that means.
        CHECK(world.store.history(a) == Lines{"create done", "delete failed", "delete found"});
    }

    TEST_CASE("H: a create that was lost is not called failed because a stranger has its name")
    {
        EngineWorld world;
        world.declare(a);
        std::size_t looks = 0;
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb != "look_up")
                return;
            if (++looks == 1)
                world.steps.fail(1, Fault::swallowed); // the create, after its intent
            else if (looks == 2)
                world.exists(a);
        };

        CHECK(world.round().failed == 1);

        // The call, and the action.
        CHECK(world.store.history(a) == Lines{"create unknown", "create unknown"});
    }

    TEST_CASE("A: a create that was answered without a name is waited for where reads are behind")
    {
        EngineWorld world;
        world.kind("Widget").settle = 30s;
        world.declare(a);
        world.api.names_uids = false;
        world.api.late = 12s;

        const Report report = world.round();

        CHECK(report.failed == 0);
        CHECK(world.store.find(a).has_value());
        CHECK(world.api.uids_of("Widget", "a").size() == 1);
        CHECK(world.open_intents() == 0);
    }

    TEST_CASE("H: a create that was answered without a name is told, whatever comes after")
    {
        EngineWorld world;
        world.declare(a);
        world.api.names_uids = false;
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "create")
                world.api.broken.emplace("Widget", Error(Errc::network, "no connection"));
        };

        const Report report = world.round();

        CHECK(report.failed == 1);
        CHECK(world.open_intents() == 1);
        CHECK(world.store.history(a) == Lines{"create done"});
    }
}

TEST_SUITE("engine: delete")
{
    TEST_CASE("a delete forgets the object when it is gone")
    {
        Made world;
        world.undeclare(a);
        world.declare("Widget/tenant/other");
        prune(world);

        const Report report = world.round();

        CHECK(report.removed == 1);
        CHECK(world.api.find_item("u1") == nullptr);
        CHECK_FALSE(world.store.find(a).has_value());
    }

    TEST_CASE("C: an object that changed since it was planned is not deleted")
    {
        Made world;
        world.undeclare(a);
        world.declare("Widget/tenant/other");
        prune(world);
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "read" && call.address == a && world.store.history(a).size() == 1 &&
                world.api.count("read") > 0)
                put(world.api.find_item("u1")->raw, path("spec.size"), Value(9));
        };

        const Report report = world.round();

        CHECK(report.failed == 1);
        CHECK(world.api.count("delete") == 0);
        CHECK(world.store.find(a).has_value());
    }

    TEST_CASE("C: a container that is being filled since it was planned is not deleted")
    {
        for (const bool is_held_up : {false, true}) {
            CAPTURE(is_held_up);
            Made world;
            world.kind("Widget").container = true;
            world.kind("Widget").holds = {{"Gadget", path("spec.note")}};
            world.undeclare(a);
            world.declare("Widget/tenant/other");
            prune(world);
            world.api.holds_writes_up = is_held_up;
            const std::size_t last_look = is_held_up ? 3 : 2; // the first is the plan's
            std::size_t reads = 0;
            world.api.before = [&](const FakeProvider::Call& call) {
                if (call.verb == "read" && call.uid == "u1" && ++reads == last_look)
                    world.exists("Gadget/tenant/new", "spec: {note: u1}");
            };

            const Report report = world.round();

            CHECK(report.removed == 0);
            REQUIRE(report.failed == 1);
            CHECK(report.results.front().error->message == "it still holds Gadget/tenant/new");
            CHECK(world.api.find_item("u1") != nullptr);
            CHECK(world.open_intents() == 0);
        }
    }

    TEST_CASE("C: what was abandoned stays, however often is pruned after that")
    {
        EngineWorld world;
        world.declare(a).lifecycle.deletion = DeletionPolicy::abandon;
        world.declare("Widget/tenant/other");
        prune(world);
        world.round();
        world.undeclare(a);
        CHECK(lines_of(world.round()) == Lines{"forget Widget/tenant/a done"});
        world.api.forget_calls();

        CHECK(lines_of(world.round()) == Lines{});
        CHECK(lines_of(world.round()) == Lines{});

        CHECK(world.api.writes() == Lines{});
        CHECK(world.api.uids_of("Widget", "a") == Lines{"u1"});
        // Declared again it is ours again.
        world.declare(a);
        CHECK(lines_of(world.round()) == Lines{"adopt Widget/tenant/a done"});
    }

    TEST_CASE("C: a copy of what was abandoned, with its mark, is not deleted")
    {
        EngineWorld world;
        world.declare(a).lifecycle.deletion = DeletionPolicy::abandon;
        world.declare("Widget/tenant/other");
        prune(world);
        world.round();
        world.undeclare(a);
        REQUIRE(lines_of(world.round()) == Lines{"forget Widget/tenant/a done"});
        Value copy = world.api.find_item("u1")->raw;
        world.api.add(world.kind("Widget"), Scope(), std::move(copy), "u9");

        CHECK(lines_of(world.round()) == Lines{"blocked Widget/tenant/a blocked"});

        CHECK(world.api.count("delete") == 0);
    }

    TEST_CASE("C: an object that carries another's mark by now is not deleted")
    {
        Made world;
        put(world.api.find_item("u1")->raw, path("metadata.annotations.shop/owner"), "you");
        world.undeclare(a);
        world.declare("Widget/tenant/other");
        prune(world);

        const Report report = world.round();

        CHECK(report.removed == 0);
        CHECK(world.api.count("delete") == 0);
        CHECK(world.api.find_item("u1") != nullptr);
    }

    TEST_CASE("C: an object that another owner marked since the plan is not deleted")
    {
        Made world;
        world.undeclare(a);
        world.declare("Widget/tenant/other");
        prune(world);
        world.meddle("read", 2, "metadata.annotations.shop/owner", "you");

        const Report report = world.round();

        CHECK(report.failed == 1);
        CHECK(world.api.count("delete") == 0);
        CHECK(world.api.find_item("u1") != nullptr);
    }

    TEST_CASE("what is gone already is deleted without a call")
    {
        Made world;
        world.undeclare(a);
        world.declare("Widget/tenant/other");
        prune(world);
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "read" && call.address == a && world.api.count("read") > 0)
                world.api.erase_item("u1");
        };

        const Report report = world.round();

        CHECK(report.removed == 1);
        CHECK(world.api.count("delete") == 0);
        CHECK_FALSE(world.store.find(a).has_value());
    }

    TEST_CASE("a delete that takes its time is waited for, and forgotten only when it is over")
    {
        Made world;
        world.kind("Widget").gone_within = 5min;
        world.api.dying = 45s;
        world.undeclare(a);
        world.declare("Widget/tenant/other");
        prune(world);

        const Report report = world.round();

        CHECK(report.removed == 1);
        CHECK(world.clock.now().time_since_epoch() >= 45s);
        CHECK(world.api.count("delete") == 1);
        CHECK_FALSE(world.store.find(a).has_value());
    }

    TEST_CASE("a delete that does not end in time is an error, stays ours, and ends later")
    {
        Made world;
        world.kind("Widget").gone_within = 1min;
        world.api.dying = 3min;
        world.undeclare(a);
        world.declare("Widget/tenant/other");
        prune(world);

        const Report report = world.round();

        REQUIRE(report.failed == 1);
        CHECK(world.store.find(a).has_value());
        world.clock.advance(5min);
        world.round();
        CHECK_FALSE(world.store.find(a).has_value());
        CHECK(world.api.count("delete") == 1);
        CHECK(world.open_intents() == 0);
    }

    TEST_CASE("B: --wait none does not wait for the end of a delete, and what goes stays ours")
    {
        Made world;
        world.kind("Widget").gone_within = 5min;
        world.api.dying = 45s;
        world.options.wait = 0s;
        world.undeclare(a);
        world.declare("Widget/tenant/other");
        prune(world);

        const Report report = world.round();

        CHECK(report.waiting == 1);
        CHECK(world.clock.now().time_since_epoch() == 0s);
        CHECK(world.store.find(a).has_value());
        CHECK(world.open_intents() == 0);
        world.clock.advance(1min);
        world.round();
        CHECK_FALSE(world.store.find(a).has_value());
        CHECK(world.api.count("delete") == 1);
    }

    TEST_CASE("C: what somebody changed after a delete without an answer is not deleted")
    {
        Made world;
        world.undeclare(a);
        world.declare("Widget/tenant/other");
        prune(world);
        Error lost(Errc::network, "the connection broke");
        lost.effect = Effect::unknown;
        world.api.refuses.emplace(a, lost);
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "read" && world.api.count("delete") == 1)
                put(world.api.find_item("u1")->raw, path("spec.size"), 9);
        };

        const Report report = world.round();

        REQUIRE(report.failed == 1);
        CHECK(world.api.count("delete") == 1);
        CHECK(world.open_intents() == 0);
    }

    TEST_CASE("a delete without an answer is looked at and tried again, three times at most")
    {
        Made world;
        world.undeclare(a);
        world.declare("Widget/tenant/other");
        prune(world);
        Error lost(Errc::network, "the connection broke");
        lost.effect = Effect::unknown;
        world.api.refuses.emplace(a, lost);

        const Report report = world.round();

        CHECK(report.failed == 1);
        CHECK(world.api.count("delete") == 3);
        CHECK(world.open_intents() == 1);
        world.api.refuses.clear();
        CHECK(world.round().removed == 1);
        CHECK(world.open_intents() == 0);
    }
}

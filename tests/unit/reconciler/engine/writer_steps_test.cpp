// Changes that take more than one call, or that show no more what they were planned on.

#include "made_world.hpp"

using namespace trueup;
using namespace trueup::test;

namespace {

constexpr auto publishing = "POST /widgets/{uid}/publish";

// Widgets count only once they are published.
struct Published : Made {
    Published()
    {
        Kind& widget = kind("Widget");
        const Operation publish =
            operation("publish", OperationClass::idempotent, "POST", "/widgets/{uid}/publish");
        widget.create->then.push_back(publish);
        widget.facets.front().then.push_back(publish);
        redeclare(a, "spec: {size: 2}");
    }

    // The answer to the next call that changes something is lost, after the writer's look.
    void lose_write_of(std::string target, std::size_t look = 2)
    {
        api.before = [this, target = std::move(target), look](const FakeProvider::Call& call) {
            if (call.verb == "read" && call.address == target && api.count("read") + 1 == look)
                steps.fail(0, Fault::lost);
        };
    }

    std::size_t published() const
    {
        return static_cast<std::size_t>(
            std::ranges::count(api.calls(), publishing, &FakeProvider::Call::route));
    }
};

} // namespace

TEST_SUITE("engine: changes in several calls")
{
    TEST_CASE("a publish that fails after its update is made by the next round")
    {
        Published world;
        world.api.refuses.emplace(publishing, Error(Errc::server_failed, "not now"));

        CHECK(world.round().failed == 1);
        CHECK(world.spec_of("u1") == tree("{size: 2}"));
        CHECK(world.open_intents() == 1);
        world.round(); // it still fails: it is owed until it is made
        CHECK(world.open_intents() == 1);

        world.api.refuses.clear();
        world.api.forget_calls();
        CHECK(world.round().failed == 0);
        CHECK(world.published() == 1);
        CHECK(world.open_intents() == 0);
    }

    TEST_CASE("the publish of an update whose answer was lost is made")
    {
        Published world;
        world.lose_write_of(a);

        const Report report = world.round();

        CHECK(report.updated == 1);
        CHECK(world.api.count("read") == 4); // one of them because an answer was lost
        CHECK(world.spec_of("u1") == tree("{size: 2}"));
        CHECK(world.published() == 1);
        CHECK(world.open_intents() == 0);
    }

    TEST_CASE("a call that has no publish owes none, although its answer was lost")
    {
        Published world;
        Facet note;
        note.name = "note";
        note.fields = {path("spec.note")};
        note.call = operation("note", OperationClass::idempotent, "PUT", "/widgets/{uid}/note");
        world.kind("Widget").facets.push_back(std::move(note));
        world.redeclare(a, "spec: {size: 1, note: x}");
        Error lost(Errc::network, "no answer");
        lost.effect = Effect::unknown;
        world.api.refuses.emplace("PUT /widgets/{uid}/note", lost);

        CHECK(world.round().failed == 1);
        CHECK(world.published() == 0);
    }

    TEST_CASE("intents of updates whose publish is refused do not pile up")
    {
        Published world;
        world.api.refuses.emplace(publishing, Error(Errc::forbidden, "no permission"));
        for (int size = 3; size < 8; ++size) {
            world.redeclare(a, Body("spec: {size: " + std::to_string(size) + "}"));
            world.round();
            CHECK(world.open_intents() >= 1);
            CHECK(world.open_intents() <= 2);
        }
    }

    TEST_CASE("what an update itself has changed does not hold up its publish")
    {
        Published world;
        world.api.holds_writes_up = true;
        // The server fills it in with the update: the plan's read is the first, the writer's the
        // second, and one is before each call.
        world.meddle("read", 4, "spec.note", "filled in");

        CHECK(world.round().updated == 1);
        CHECK(world.published() == 1);
    }

    TEST_CASE("C: what another owner takes over before the publish is not published")
    {
        Published world;
        world.api.holds_writes_up = true;
        world.meddle("read", 4, "metadata.annotations.shop/owner", "you");

        CHECK(world.round().failed == 1);
        CHECK(world.published() == 0);
        world.round();
        CHECK(world.published() == 0);
        CHECK(world.open_intents() == 0);
    }

    TEST_CASE("a reset whose answer was lost is done, whatever it shows afterwards")
    {
        EngineWorld world;
        constexpr auto setting = "Setting/tenant";
        world.request.plan.prune = world.request.observe.prune = true;
        world.request.observe.refresh = Refresh::full;
        Value there = tree("{spec: {level: 5}}");
        const Kind& kind = world.kind("Setting");
        world.api.add(kind, Scope(), std::move(there), FakeProvider::singleton_uid(kind, Scope()));
        world.declare(setting, "spec: {level: 5}");
        world.declare("Widget/tenant/b"); // so that the set does not become empty
        REQUIRE(world.round().failed == 0);
        world.undeclare(setting);
        std::size_t look = 2;
        std::size_t commits = 1; // between the look and the write
        SUBCASE("at once") {}
        SUBCASE("held up, with one look more")
        {
            world.api.holds_writes_up = true;
            look = 3;
            commits = 0;
        }

        std::size_t reads = 0;
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "read" && call.address == setting && ++reads == look)
                world.steps.fail(commits, Fault::lost);
        };
        const Report report = world.round();

        CHECK(report.failed == 0);
        CHECK(lines_of(report) == Lines{"delete Setting/tenant done"});
        CHECK_FALSE(world.store.find(setting).has_value());
        CHECK(world.open_intents() == 0);
    }

    TEST_CASE("a secret that takes the place of a plain text is written, also when it is held up")
    {
        EngineWorld world;
        constexpr auto gadget = "Gadget/tenant/g";
        world.request.observe.refresh = Refresh::full;
        Record record;
        record.address = gadget;
        record.kind = "Gadget";
        record.uid = world.exists(gadget, "spec: {password: \"\"}", true).uid;
        record.last_applied = tree("{metadata: {name: g}, spec: {password: \"\"}}");
        world.put_record(std::move(record));
        world.api.holds_writes_up = true;
        Value spec = tree("{spec: {}}");
        put(spec, path("spec.password"), secret("hunter2"));
        world.redeclare(gadget, Body(std::move(spec)));

        world.round();
        CHECK(world.api.writes() == Lines{std::string("write ") + gadget});
    }
}

// The order of actions: side by side, without barriers, and a failure stops only what needs it.

#include "engine_world.hpp"

using namespace trueup;
using namespace trueup::test;

namespace {

std::string widget(std::string_view name)
{
    return "Widget/tenant/" + std::string(name);
}

struct Graph : EngineWorld {
    // A widget whose create takes `takes`, after those it refers to.
    void node(std::string_view name, Duration takes, const Lines& after = {})
    {
        const std::string text = widget(name);
        Manifest& manifest = declare(text);
        for (const std::string& target : after)
            scene.depend(manifest, widget(target));
        api.delay[text] = takes;
    }

    Instant started(std::string_view name) const
    {
        for (const FakeProvider::Call& call : api.calls())
            if (call.verb == "create" && call.address == widget(name))
                return call.at;
        return Instant::max();
    }
    Duration start_of(std::string_view name) const { return started(name).time_since_epoch(); }
};

} // namespace

TEST_SUITE("engine: execute")
{
    TEST_CASE("no level barriers: a chain runs on beside a slow stranger")
    {
        Graph world;
        world.node("slow", 100s);
        world.node("a", 1s);
        world.node("b", 1s, {"a"});
        world.node("c", 1s, {"b"});
        world.node("last", 1s, {"slow", "c"});

        const Report report = world.round();

        CHECK(report.created == 5);
        CHECK(world.start_of("slow") == 0s);
        CHECK(world.start_of("a") == 0s);
        CHECK(world.start_of("b") == 1s);
        CHECK(world.start_of("c") == 2s);
        CHECK(world.start_of("last") == 100s);
    }

    TEST_CASE("no more than --parallelism run at once")
    {
        Graph world;
        world.options.parallelism = 2;
        for (const char* name : {"a", "b", "c", "d", "e"})
            world.node(name, 10s);

        world.round();

        CHECK(world.start_of("b") == 0s);
        CHECK(world.start_of("c") == 10s);
        CHECK(world.start_of("e") == 20s);
        CHECK(world.clock.now().time_since_epoch() == 30s);
    }

    TEST_CASE("I: a failure skips what depends on it, directly or not, and nothing else")
    {
        Graph world;
        world.node("a", 1s);
        world.node("b", 1s, {"a"});
        world.node("c", 1s, {"b"});
        world.node("other", 5s);
        world.node("after-other", 1s, {"other"});
        world.api.refuses.emplace(widget("a"), Error(Errc::network, "no connection"));

        const Report report = world.round();

        CHECK(lines_of(report) == Lines{"create Widget/tenant/a failed",
                                        "create Widget/tenant/b skipped",
                                        "create Widget/tenant/c skipped",
                                        "create Widget/tenant/other done",
                                        "create Widget/tenant/after-other done"});
        CHECK_FALSE(report.complete());
        CHECK(world.start_of("b") == Instant::max().time_since_epoch());
    }

    TEST_CASE("I: what is blocked skips what depends on it")
    {
        Graph world;
        world.exists(widget("a"), "spec: {size: 9}");
        world.declare(widget("a"), "spec: {size: 1}");
        world.node("b", 0s, {"a"});
        world.node("other", 0s);

        const Report report = world.round();

        CHECK(report.created == 1);
        CHECK(world.api.writes() == Lines{"create Widget/tenant/other"});
    }

    TEST_CASE("references are filled in with what earlier actions made")
    {
        EngineWorld world;
        world.declare(widget("a"), "spec: {note: hello}");
        Map spec{{"ownerUid", reference(widget("a"))},
                 {"note", reference(widget("a"), "spec.note")}};
        world.declare(widget("b"), Map{{"spec", std::move(spec)}});

        const Report report = world.round();

        CHECK(report.complete());
        const auto record = world.store.find(widget("b"));
        CHECK(world.spec_of(record->uid) == Value(Map{{"ownerUid", "u1"}, {"note", "hello"}}));
        CHECK(record->depends_on == Lines{widget("a"), widget("a")});
    }

    TEST_CASE("what is in a project that the same plan creates gets its uid")
    {
        EngineWorld world;
        world.declare("Gadget/team/g");
        world.declare("Box/tenant/team");

        const Report report = world.round();

        CHECK(report.complete());
        CHECK(world.api.find_item(world.store.find("Gadget/team/g")->uid)->scope_uid ==
              world.store.find("Box/tenant/team")->uid);
    }

    TEST_CASE("asked to stop: what runs ends and is recorded, what did not start never does")
    {
        Graph world;
        world.node("a", 10s);
        world.node("b", 1s, {"a"});
        bool stop = false;
        world.options.should_stop = [&] { return stop; };
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "create")
                stop = true;
        };

        const Report report = world.round();

        CHECK(lines_of(report) ==
              Lines{"create Widget/tenant/a done", "create Widget/tenant/b skipped"});
        CHECK(world.store.find(widget("a")).has_value());
        CHECK(world.open_intents() == 0);
    }

    TEST_CASE("once the state takes nothing, nothing more is started")
    {
        Graph world;
        world.options.parallelism = 1;
        for (const char* name : {"a", "b", "c"})
            world.node(name, 1s);
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "create")
                world.steps.fail(0, Fault::refused); // the next step is to record it
        };

        const Report report = world.round();

        CHECK(lines_of(report) == Lines{"create Widget/tenant/a failed",
                                        "create Widget/tenant/b skipped",
                                        "create Widget/tenant/c skipped"});
        CHECK(report.results.back().message == "the state takes nothing");
        CHECK(world.started("b") == Instant::max());
    }

    TEST_CASE("H: each action leaves one event with its end, its verb and the plan")
    {
        Graph world;
        world.node("a", 3s);

        world.round();

        std::vector<Event> ends;
        for (const Event& event : world.events.events)
            if (event.type == EventType::action_done)
                ends.push_back(event);
        REQUIRE(ends.size() == 1);
        CHECK(ends.front().address == widget("a"));
        CHECK(ends.front().verb == "create");
        CHECK(ends.front().plan_id == "p1");
        CHECK(ends.front().duration == 3s);
    }

    TEST_CASE("deletes run before what they refer to")
    {
        Graph world;
        world.node("a", 0s);
        world.node("b", 0s, {"a"});
        world.declare(widget("stays"));
        world.round();
        world.undeclare(widget("a"));
        world.undeclare(widget("b"));
        world.request.plan.prune = world.request.observe.prune = true;
        world.api.forget_calls();

        world.round();

        CHECK(world.api.writes() == Lines{"delete Widget/tenant/b", "delete Widget/tenant/a"});
    }
}

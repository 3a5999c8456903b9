// Readiness: waited for as long as one likes, remembered across restarts, and given up on aloud.

#include "engine_world.hpp"

using namespace trueup;
using namespace trueup::test;

namespace {

constexpr auto a = "Widget/tenant/a";
constexpr auto b = "Widget/tenant/b";

// `a` takes its time after it was made, and `b` refers to it.
struct Slow : EngineWorld {
    explicit Slow(FakeProvider::Life life = {{0s, "Pending"}, {35s, "Running"}})
    {
        make_slow("Widget");
        api.life = std::move(life);
        declare(a, "spec: {size: 1}");
    }

    void declare_dependent()
    {
        declare(b, Map{{"spec", Map{{"ownerUid", reference(a)}}}});
        api.before = [this](const FakeProvider::Call& call) {
            if (call.verb == "create" && call.address == b)
                dependent_started = call.at;
        };
    }

    Instant dependent_started{};
};

} // namespace

TEST_SUITE("engine: readiness")
{
    TEST_CASE("an action is done when the object is ready, and what depends on it starts then")
    {
        Slow world;
        world.declare_dependent();

        const Report report = world.round();

        CHECK(report.complete());
        CHECK(report.created == 2);
        CHECK(world.dependent_started.time_since_epoch() >= 35s);
        CHECK(world.store.find(a)->waiting == "");
    }

    TEST_CASE("--wait none: it waits in the store, its dependents are skipped, and no time passes")
    {
        Slow world;
        world.declare_dependent();
        world.options.wait = 0s;

        const Report report = world.round();

        CHECK(lines_of(report) ==
              Lines{"create Widget/tenant/a waiting", "create Widget/tenant/b skipped"});
        CHECK(world.clock.now().time_since_epoch() == 0s);
        CHECK(world.store.find(a)->waiting == "it is in the state Pending");
        CHECK(world.open_intents() == 0);
    }

    TEST_CASE("--wait D: no longer than that, and not a whole interval more")
    {
        Slow world;
        world.options.wait = 15s;

        const Report report = world.round();

        CHECK(report.waiting == 1);
        CHECK(world.clock.now().time_since_epoch() == 15s);
    }

    TEST_CASE("a later round goes on waiting without writing, until it is ready")
    {
        Slow world;
        world.options.wait = 0s;
        world.round();
        world.api.forget_calls();

        CHECK(lines_of(world.round()) == Lines{"waiting Widget/tenant/a waiting"});
        world.clock.advance(40s);
        CHECK(lines_of(world.round()) == Lines{"waiting Widget/tenant/a done"});
        CHECK(world.round().results.empty());

        CHECK(world.api.writes() == Lines{});
    }

    TEST_CASE("a process that dies while it waits leaves a waiting resource, not a finished one")
    {
        for (const bool after_create : {true, false}) {
            CAPTURE(after_create);
            Slow world;
            if (!after_create) {
                world.api.life.clear();
                world.api.life = {{0s, "Running"}};
                world.round();
                world.api.items().front().life = {{0s, "Pending"}};
                world.redeclare(a, "spec: {size: 2}");
            }
            world.api.before = [&](const FakeProvider::Call& call) {
                if (call.verb == "read" && world.clock.now().time_since_epoch() >= 20s)
                    world.steps.fail(0, Fault::crash_before);
            };

            CHECK_FALSE(world.round_or_crash().has_value());
            world.api.before = nullptr;
            world.restart();
            world.options.wait = 0s;
            const Report report = world.round();

            CHECK(lines_of(report) == Lines{"waiting Widget/tenant/a waiting"});
            CHECK(world.api.uids_of("Widget", "a") == Lines{"u1"});
        }
    }

    TEST_CASE("a create that a crash interrupted is waited for after it was found")
    {
        Slow world({{0s, "Pending"}});
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "create")
                world.steps.fail(0, Fault::crash_before); // the commit of its outcome
        };
        CHECK_FALSE(world.round_or_crash().has_value());
        world.api.before = nullptr;
        world.restart();
        world.options.wait = 0s;

        const Report report = world.round();

        CHECK(lines_of(report) == Lines{"waiting Widget/tenant/a waiting"});
        CHECK(world.api.count("create") == 1);
    }

    TEST_CASE("one that is adopted is waited for as one that is made, and nothing is written")
    {
        for (const bool may_wait : {true, false}) {
            CAPTURE(may_wait);
            Slow world;
            world.exists(a, "spec: {size: 1}");
            world.declare_dependent();
            if (!may_wait)
                world.options.wait = 0s;

            const Report report = world.round();

            if (may_wait) {
                CHECK(lines_of(report) ==
                      Lines{"adopt Widget/tenant/a done", "create Widget/tenant/b done"});
                CHECK(world.dependent_started.time_since_epoch() >= 35s);
                CHECK(world.store.find(a)->waiting == "");
            } else {
                CHECK(lines_of(report) ==
                      Lines{"adopt Widget/tenant/a waiting", "create Widget/tenant/b skipped"});
                world.clock.advance(40s);
                CHECK(lines_of(world.round()) ==
                      Lines{"waiting Widget/tenant/a done", "create Widget/tenant/b waiting"});
            }
            CHECK(world.api.writes() == Lines{"create Widget/tenant/b"});
        }
    }

    TEST_CASE("an object that fails is an error, in this round and in the next, and is not remade")
    {
        Slow world({{0s, "Pending"}, {15s, "Failed"}});
        world.declare_dependent();

        const Report first = world.round();
        const Report second = world.round();

        CHECK(lines_of(first) ==
              Lines{"create Widget/tenant/a failed", "create Widget/tenant/b skipped"});
        CHECK(first.results.front().error->message == "it went to the state Failed");
        CHECK(lines_of(second) ==
              Lines{"waiting Widget/tenant/a failed", "create Widget/tenant/b skipped"});
        CHECK(world.api.count("create") == 1);
    }

    TEST_CASE("an object that misses its deadline is stalled: an error, and never remade")
    {
        Slow world({{0s, "Pending"}});
        world.options.wait = 0s;
        CHECK(world.round().waiting == 1);

        world.clock.advance(9min);
        CHECK(world.round().waiting == 1);
        world.clock.advance(2min);
        const Report late = world.round();

        REQUIRE(late.failed == 1);
        CHECK(late.results.front().error->code == Errc::timed_out);
        CHECK(late.results.front().error->message.find("stalled") == 0);
        CHECK(world.api.count("create") == 1);

        // It may still come.
        world.api.items().front().life = {{0s, "Running"}};
        CHECK(world.round().complete());
    }

    TEST_CASE("a changed manifest is applied to what is not ready yet")
    {
        Slow world({{0s, "Failed"}});
        world.round();
        world.redeclare(a, "spec: {size: 2}");
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "write")
                world.api.items().front().life = {{0s, "Running"}};
        };

        const Report report = world.round();

        CHECK(lines_of(report) == Lines{"update Widget/tenant/a done"});
        CHECK(world.store.find(a)->waiting == "");
    }
}

TEST_SUITE("engine: readiness that is told elsewhere")
{
    TEST_CASE("the state is read where the kind says, and not in the object")
    {
        Slow world({{0s, "Running"}});
        Readiness& rules = *world.kind("Widget").readiness;
        rules.call = operation("state", OperationClass::read, "GET", "/widgets/{uid}/state");
        rules.state = path("phase");
        world.api.answers["GET /widgets/{uid}/state"] = {{0s, "Pending"}, {25s, "Running"}};
        world.declare_dependent();

        const Report report = world.round();

        CHECK(report.complete());
        CHECK(world.dependent_started.time_since_epoch() >= 25s);
        CHECK(world.store.find(a)->waiting == "");
    }

    TEST_CASE("a failure that is told there fails the action")
    {
        Slow world({{0s, "Running"}});
        Readiness& rules = *world.kind("Widget").readiness;
        rules.call = operation("state", OperationClass::read, "GET", "/widgets/{uid}/state");
        rules.state = path("phase");
        world.api.answers["GET /widgets/{uid}/state"] = {{0s, "Failed"}};

        const Report report = world.round();

        CHECK(lines_of(report) == Lines{"create Widget/tenant/a failed"});
        CHECK(world.store.find(a)->waiting == "it went to the state Failed");
    }
}

namespace {

// A kind whose objects must be told to start after each write.
struct Started : Slow {
    Started() : Slow({{0s, "Running"}})
    {
        kind("Widget").readiness->start =
            operation("start", OperationClass::action, "POST", start_route.substr(5));
    }

    // Declares what is about to be created, or to be updated.
    void prepare(bool updated)
    {
        if (!updated)
            return;
        CHECK(round().complete());
        redeclare(a, "spec: {size: 2}");
        api.forget_calls();
    }

    std::size_t starts() const
    {
        return static_cast<std::size_t>(
            std::ranges::count(api.calls(), start_route, &FakeProvider::Call::route));
    }

    const std::string start_route = "POST /widgets/{uid}/start";
};

} // namespace

TEST_SUITE("engine: objects that are started")
{
    TEST_CASE("each write is followed by one start, and then by a look at the state")
    {
        Started world;

        CHECK(world.round().complete());
        CHECK(world.starts() == 1);
        const auto& calls = world.api.calls();
        CHECK(calls.back().verb == "read");
        CHECK(calls.back().at >= calls.front().at);

        world.redeclare(a, "spec: {size: 2}");
        CHECK(world.round().complete());
        CHECK(world.starts() == 2);

        CHECK(world.round().complete());
        CHECK(world.starts() == 2);
    }

    TEST_CASE("A: what could not be started is told, started by the next round, and not made again")
    {
        for (const bool updated : {false, true}) {
            CAPTURE(updated);
            Started world;
            world.prepare(updated);
            world.api.refuses.emplace(world.start_route, Error(Errc::server_failed, "not now"));

            const Report refused = world.round();
            world.api.refuses.clear();
            world.api.forget_calls();
            const Report after = world.round();

            CHECK(lines_of(refused) == Lines{updated ? "update Widget/tenant/a failed"
                                                     : "create Widget/tenant/a failed"});
            CHECK(refused.results.front().error->message == "not now");
            CHECK(lines_of(after) == Lines{"update Widget/tenant/a done"});
            CHECK(world.starts() == 1);
            CHECK(world.round().results.empty());
            CHECK(world.starts() == 1);
            CHECK(world.api.uids_of("Widget", "a") == Lines{"u1"});
        }
    }

    TEST_CASE("what died between its write and its start is started by the next run")
    {
        for (const bool updated : {false, true}) {
            CAPTURE(updated);
            Started world;
            world.prepare(updated);
            world.api.before = [&](const FakeProvider::Call& call) {
                if (call.route == world.start_route)
                    world.steps.fail(0, Fault::crash_before);
            };
            CHECK_FALSE(world.round_or_crash().has_value());
            world.api.before = nullptr;
            world.restart();
            world.api.forget_calls();

            CHECK(world.round().complete());

            CHECK(world.starts() == 1);
            CHECK(world.round().results.empty());
            CHECK(world.starts() == 1);
        }
    }
}

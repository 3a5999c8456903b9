// What a running daemon does about resources that take their time to become ready.

#include "tests/unit/reconciler/daemon/daemon_world.hpp"

namespace trueup::test {

namespace {

TEST_SUITE("daemon: waiting")
{
    const std::string registry = "apiVersion: palette/v1\nkind: RegistryHelm\n"
                                 "metadata: {name: charts}\n"
                                 "spec:\n  endpoint: https://charts.example.com\n"
                                 "  auth: {type: noAuth}\n";

    std::string health(const DaemonWorld& world)
    {
        const auto status = world.loop->resource("RegistryHelm/tenant/charts");
        REQUIRE(status);
        return std::string(trueup::name_of(status->condition)) + " " + status->reason;
    }

    TEST_CASE("what takes long frees its slot, and a restart resumes the wait without a write")
    {
        SandboxOptions slow;
        slow.async_duration = 5min;
        DaemonWorld world(slow);
        world.write("charts.yaml", registry);
        world.write("a.yaml", role("a"));
        world.start();
        CHECK(world.last_result() == "waiting");
        CHECK(world.exists("a"));
        CHECK_FALSE(world.loop->status().in_round);
        CHECK(health(world) == "Reconciling waiting");
        world.forget_requests();

        world.pass(1min);
        world.restart();
        CHECK(health(world) == "Reconciling waiting");
        world.pass(6min);

        CHECK(health(world) == "Ready unchanged");
        CHECK(world.writes() == 0);
    }

    TEST_CASE("what is not declared any more is not waited for")
    {
        SandboxOptions slow;
        slow.async_duration = 10h;
        DaemonWorld world(slow);
        world.write("charts.yaml", registry);
        world.start();
        world.pass(20s);
        REQUIRE(health(world) == "Reconciling waiting");
        world.remove("charts.yaml");
        world.pass(1min);
        world.forget_requests();

        world.pass(1min);

        CHECK(world.api.sandbox->log().empty());
    }

    TEST_CASE("a missed deadline is reported, and never answered with another create")
    {
        SandboxOptions slow;
        slow.async_duration = 10h;
        DaemonWorld world(slow);
        world.write("charts.yaml", registry);
        world.start();
        world.forget_requests();

        world.pass(15min);

        CHECK(health(world) == "Stalled deadline");
        CHECK(world.writes() == 0);
        world.restart();
        CHECK(health(world) == "Stalled deadline");
    }

    // The shipped kinds, but a role that is deleted may take its time to go.
    const Catalogue& with_slow_ends()
    {
        static const Catalogue kinds = [] {
            Catalogue all = palette();
            std::ranges::find(all.kinds, "Role", &Kind::name)->gone_within = 1h;
            return all;
        }();
        return kinds;
    }

    TEST_CASE("what was asked to go and is declared again is looked at no more")
    {
        DaemonWorld world(SandboxOptions(), with_slow_ends());
        world.settings.request.plan.prune = world.settings.request.observe.prune = true;
        world.write("a.yaml", role("a"));
        world.write("b.yaml", role("b"));
        world.start();
        const std::string route = "/v1/roles/" + world.api.sandbox->uid_of("roles", "a");
        const std::string body = world.api.get(route).response.body;
        // It is asked to go, and does not.
        world.hook = [&](const SentRequest& sent) -> std::optional<HttpResponse> {
            if (sent.method == "DELETE")
                REQUIRE("/v1/roles/" + world.api.sandbox->put_object("roles", "", body) == route);
            return std::nullopt;
        };
        world.remove("a.yaml");
        world.pass(10s);
        REQUIRE(world.health("a") == "Reconciling going");

        world.write("a.yaml", role("a"));
        world.pass(10s);
        REQUIRE(world.health("a") == "Ready unchanged");
        world.forget_requests();
        world.pass(1min);

        CHECK(world.api.sandbox->log().empty());
    }

    TEST_CASE("what was asked to go, and is gone, is not missed")
    {
        DaemonWorld world(SandboxOptions(), with_slow_ends());
        world.settings.request.plan.prune = world.settings.request.observe.prune = true;
        world.write("charts.yaml", registry);
        world.write("a.yaml", role("a"));
        world.write("b.yaml", role("b"));
        world.start();
        world.pass(1min); // it is seen wherever it is looked for
        REQUIRE(world.exists("b"));

        world.remove("a.yaml");
        world.remove("b.yaml");
        world.pass(30s);

        CHECK(world.last_result() == "applied");
        CHECK_FALSE(world.loop->status().approval);
        CHECK(world.health("a") == "unknown");
    }

    TEST_CASE("where a look at it fails, it is looked at again within a minute")
    {
        SandboxOptions slow;
        slow.async_duration = 30s;
        DaemonWorld world(slow);
        world.write("charts.yaml", registry);
        world.start();
        world.pass(20s);
        REQUIRE(health(world) == "Reconciling waiting");
        world.hook = [](const SentRequest& sent) -> std::optional<HttpResponse> {
            if (sent.target.find("registries") == std::string::npos)
                return std::nullopt;
            HttpResponse broken;
            broken.status = 500;
            return broken;
        };
        world.pass(20s);
        REQUIRE(health(world) == "Reconciling unobserved");
        world.hook = nullptr;

        world.pass(1min);

        CHECK(health(world) == "Ready unchanged");
    }

    TEST_CASE("in a freeze window what is not ready is looked at, at its own pace")
    {
        SandboxOptions slow;
        slow.async_duration = 10h;
        DaemonWorld world(slow); // it is Sunday, 2026-03-01, 00:00
        world.settings.freeze.push_back(*make_freeze_window({"Sun"}, "00:05", "06:00", ""));
        world.write("charts.yaml", registry);
        SUBCASE("alone") {}
        SUBCASE("and what depends on it too")
        {
            std::string other = registry;
            other.replace(other.find("charts}"), 6, "others");
            world.write("others.yaml", other);
            world.start();
            world.pass(10s);
            world.write("others.yaml",
                        other + "lifecycle: {dependsOn: [RegistryHelm/tenant/charts]}\n");
        }
        if (!world.loop)
            world.start();
        world.pass(6min);
        REQUIRE(health(world) == "Reconciling waiting");
        world.forget_requests();

        world.pass(1min);

        const std::string one = "/v1/registries/helm/";
        std::size_t looks = 0;
        for (const SandboxRequest& request : world.api.sandbox->log())
            looks += request.path.starts_with(one) ? 1U : 0U;
        CHECK(looks > 2);
        CHECK(looks < 40);
    }
}

} // namespace

} // namespace trueup::test

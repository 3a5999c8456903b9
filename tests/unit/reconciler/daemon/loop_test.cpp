#include "tests/unit/reconciler/daemon/daemon_world.hpp"

namespace trueup::test {

namespace {

TEST_SUITE("daemon: loop")
{
    TEST_CASE("what is declared is made, and then left in peace")
    {
        DaemonWorld world;
        world.write("a.yaml", role("a"));
        world.write("b.yaml", role("b"));

        world.start();

        CHECK(world.exists("a"));
        CHECK(world.exists("b"));
        CHECK(world.last_result() == "applied");
        world.forget_requests();
        world.pass(30min);
        CHECK(world.writes() == 0);
        CHECK(world.last_result() == "converged");
        CHECK(world.health("a") == "Ready unchanged");
        CHECK(world.loop->ready());
        CHECK(world.supervisor.told == std::vector<std::string>{"ready"});
        CHECK(world.supervisor.line.find("2 Ready") != std::string::npos);
    }

    TEST_CASE("an edit is looked at once it has settled, long before the interval")
    {
        DaemonWorld world;
        world.write("a.yaml", role("a"));
        world.start();

        world.write("a.yaml", role("a", "cluster.list"));
        world.pass(900ms);

        CHECK(world.permissions("a") == "cluster.list");
        CHECK(world.loop->status().last_round->trigger == "edit");
    }

    TEST_CASE("drift is corrected at the interval")
    {
        DaemonWorld world;
        world.write("a.yaml", role("a"));
        world.start();
        world.meddle("a", "cluster.delete");

        world.pass(4min);
        CHECK(world.permissions("a") == "cluster.delete");
        world.pass(2min);

        CHECK(world.permissions("a") == "cluster.get");
    }

    TEST_CASE("a tree that is written slowly is read once, when it is whole")
    {
        DaemonWorld world;
        world.write("first.yaml", role("first"));
        world.start();
        const std::size_t plans = world.plans;

        for (int i = 0; i < 100; ++i) {
            world.write("slow/r" + std::to_string(i) + ".yaml", role("r" + std::to_string(i)));
            world.pass(100ms);
        }
        CHECK(world.plans == plans);
        world.pass(21s); // two scans at most ten seconds apart agree

        CHECK(world.plans == plans + 1);
        CHECK(world.exists("r0"));
        CHECK(world.exists("r99"));
    }

    TEST_CASE("an edit goes ahead of a drift check that is under way")
    {
        DaemonWorld world;
        for (int i = 0; i < 5; ++i)
            world.write("r" + std::to_string(i) + ".yaml", role("r" + std::to_string(i)));
        world.settings.request.observe.refresh = Refresh::full;
        world.settings.request.observe.parallelism = 1;
        world.start();
        world.http.latency = 5s;
        world.pass(5min); // the drift check has begun, and takes half a minute
        REQUIRE(world.loop->status().in_round);

        world.write("r0.yaml", role("r0", "cluster.list"));
        world.pass(12s);

        CHECK(world.loop->status().last_round->result == "interrupted");
        world.http.latency = 0s;
        world.pass(1min);
        CHECK(world.permissions("r0") == "cluster.list");
    }

    TEST_CASE("each event of an action names the revision that it comes from")
    {
        DaemonWorld world;
        world.write("a.yaml", role("a"));
        world.start();

        const auto done =
            std::ranges::find(world.events.events, EventType::action_done, &Event::type);

        REQUIRE(done != world.events.events.end());
        CHECK(done->revision == world.loop->status().revision);
        CHECK(done->revision.starts_with("sha256:"));
    }

    TEST_CASE("H: the audit says of each call its revision, attempt, status and the API's own name")
    {
        DaemonWorld world;
        world.attempts = 2;
        world.write("a.yaml", role("a"));
        world.start();
        bool refused = false;
        world.hook = [&](const SentRequest& sent) -> std::optional<HttpResponse> {
            if (sent.method != "PUT" || std::exchange(refused, true))
                return std::nullopt;
            HttpResponse answer;
            answer.status = 429;
            return answer;
        };

        world.write("a.yaml", role("a", "cluster.list"));
        world.pass(10s);

        const auto history = world.loop->history(100);
        REQUIRE(history);
        std::vector<AuditRecord> updates;
        std::ranges::copy_if(*history, std::back_inserter(updates), [](const AuditRecord& record) {
            return record.verb == "update";
        });
        REQUIRE(updates.size() == 2); // newest first
        CHECK(updates[0].outcome == "done");
        CHECK(updates[0].status == 204);
        CHECK(updates[0].attempt == 2);
        CHECK_FALSE(updates[0].audit_uid.empty());
        CHECK(updates[1].outcome == "failed");
        CHECK(updates[1].status == 429);
        CHECK(updates[1].attempt == 1);
        CHECK(updates[1].error == "throttled");
        for (const AuditRecord& record : updates) {
            CHECK(record.address == "Role/tenant/a");
            CHECK(record.route == "PUT /v1/roles/{uid}");
            CHECK(record.revision == world.loop->status().revision);
            CHECK_FALSE(record.plan_id.empty());
        }
    }

    TEST_CASE("a failing resource is left alone for longer and longer, and the others go on")
    {
        DaemonWorld world;
        world.write("good.yaml", role("good"));
        world.write("bad.yaml", role("bad", "no.such.permission"));
        std::size_t tries = 0;
        world.hook = [&](const SentRequest& sent) -> std::optional<HttpResponse> {
            if (sent.method != "POST" || sent.body.find("\"bad\"") == std::string::npos)
                return std::nullopt;
            ++tries;
            world.api.sandbox->remove_object("roles", world.api.sandbox->uid_of("roles", "bad"));
            return make_response(422, R"({"code":"InvalidPermission","message":"no"})");
        };
        world.start();

        CHECK(world.exists("good"));
        CHECK(world.last_result() == "partial");
        CHECK(tries == 1);
        world.pass(10min);
        CHECK(tries > 3);
        CHECK(tries < 12);
        CHECK(world.loop->resource("Role/tenant/bad")->failures == tries);
        CHECK(world.loop->resource("Role/tenant/bad")->next_attempt.has_value());

        SUBCASE("a restart does not forget it")
        {
            const std::size_t before = tries;
            world.restart();
            CHECK(tries == before);
            CHECK(world.health("bad") == "Reconciling backing_off");
        }
        SUBCASE("another text gets its chance at once")
        {
            world.hook = nullptr;
            world.write("bad.yaml", role("bad", "cluster.get"));
            world.pass(2s);
            CHECK(world.exists("bad"));
            CHECK(world.health("bad") == "Ready create");
        }
    }

    TEST_CASE("an API that cannot be reached is tried again, and nothing is forgotten")
    {
        DaemonWorld world;
        world.write("a.yaml", role("a"));
        world.hook = [](const SentRequest&) { return make_response(503); };
        world.start();
        CHECK(world.last_result() == "failed");
        CHECK_FALSE(world.loop->ready());

        world.hook = nullptr;
        world.pass(3min);

        CHECK(world.exists("a"));
        CHECK(world.loop->ready());
    }

    TEST_CASE("a dry run plans for ever and writes nothing")
    {
        DaemonWorld world;
        world.settings.mode = RunMode::dry_run;
        world.write("a.yaml", role("a"));

        world.start();
        world.pass(20min);

        CHECK(world.writes() == 0);
        CHECK(world.plans >= 4);
        CHECK(world.last_result() == "dry_run");
        CHECK(world.loop->status().last_round->counts.at("create") == 1);
        CHECK(world.store->records()->empty());
    }

    TEST_CASE("once is one round, with its outcome as the exit code")
    {
        DaemonWorld world;
        world.settings.once = true;
        world.write("a.yaml", role("a"));

        world.start();

        REQUIRE(world.exit_code.has_value());
        CHECK(*world.exit_code == 0);
        CHECK(world.exists("a"));
    }

    TEST_CASE("stopping lets what runs end and starts nothing new")
    {
        DaemonWorld world;
        for (int i = 0; i < 30; ++i)
            world.write("r" + std::to_string(i) + ".yaml", role("r" + std::to_string(i)));
        world.settings.parallelism = 2;
        world.start_slowly(1s);
        world.pass(30s);
        const std::size_t made = world.api.sandbox->count("roles");
        REQUIRE(world.loop->status().in_round);
        REQUIRE(made > 10);

        world.loop->stop();
        world.pass(30s);

        REQUIRE(world.exit_code.has_value());
        CHECK(*world.exit_code == 0);
        const std::size_t ours = world.store->records()->size();
        CHECK(ours < 30);
        CHECK(world.store->open_intents()->empty());
        CHECK(world.supervisor.told.back() == "stopping");
        world.http.latency = 0s;
        world.restart();
        CHECK(world.store->records()->size() == 30);
    }

    TEST_CASE("a reload reads everything anew, and says so to the supervisor")
    {
        DaemonWorld world;
        world.write("a.yaml", role("a"));
        world.start();
        const std::size_t plans = world.plans;

        world.loop->reload();
        world.pass(2s);

        CHECK(world.reloads == 1);
        CHECK(world.reloads_taken == 1);
        CHECK(world.plans == plans + 1);
        CHECK(world.supervisor.told == std::vector<std::string>{"ready", "reloading", "ready"});
        CHECK(world.loop->status().last_round->trigger == "reload");
    }

    TEST_CASE("a reload waits for no round: what is read counts when the round has ended")
    {
        DaemonWorld world;
        world.write("a.yaml", role("a"));
        world.start_slowly(1min);
        world.pass(10s); // in the middle of the first call
        REQUIRE(world.loop->status().in_round);

        world.loop->reload();

        CHECK(world.supervisor.told == std::vector<std::string>{"ready", "reloading", "ready"});
        CHECK(world.reloads == 1);
        CHECK(world.reloads_taken == 0);
        world.pass(2h);
        CHECK(world.reloads_taken == 1);
        CHECK(world.exists("a"));
    }

    TEST_CASE("a secret outside the tree counts when it comes, and when it is rotated")
    {
        DaemonWorld world;
        world.write("charts.yaml",
                    "apiVersion: palette/v1\nkind: RegistryHelm\nmetadata: {name: charts}\n"
                    "spec:\n  endpoint: https://charts.example.com\n"
                    "  auth: {type: basic, username: u, password: {$secret: {file: ../key}}}\n");
        const auto put = [&](const char* text) {
            std::ofstream(world.manifests().parent_path() / "key") << text;
        };
        world.start();
        CHECK(world.writes() == 0);

        put("first");
        world.pass(6min); // nobody told of it
        CHECK(world.writes() == 1);
        CHECK(world.api.sandbox->dump().find("first") != std::string::npos);

        put("second");
        world.pass(6min);
        CHECK(world.writes() == 2);
        CHECK(world.api.sandbox->dump().find("second") != std::string::npos);
        world.forget_requests();
        world.pass(20min);
        CHECK(world.writes() == 0);
    }

    TEST_CASE("an API that is down is left alone, the outage is nobody's failure, and work goes on "
              "when it is back")
    {
        DaemonWorld world;
        world.breaker.emplace();
        world.write("a.yaml", role("a"));
        world.start();
        std::size_t calls = 0;
        bool down = true;
        world.hook = [&](const SentRequest&) -> std::optional<HttpResponse> {
            ++calls;
            if (!down)
                return std::nullopt;
            HttpResponse answer;
            answer.status = 503;
            return answer;
        };
        world.write("b.yaml", role("b"));

        world.pass(1h);

        MESSAGE("calls in an hour of outage: ", calls);
        CHECK(calls <= 10 + 20); // until it opens, then a probe now and then
        CHECK(world.loop->status().breaker == "open");
        CHECK(world.said("left alone"));
        const auto status = world.loop->resource("Role/tenant/b");
        CHECK((!status || status->failures == 0));

        down = false;
        world.pass(6min);
        CHECK(world.loop->status().breaker == "closed");
        CHECK(world.exists("b"));
        CHECK(world.last_result() == "converged");
    }

    TEST_CASE("the watchdog is fed while there is progress, and not by a round that hangs")
    {
        DaemonWorld world;
        world.supervisor.within = 30s;
        world.write("a.yaml", role("a"));
        world.start();
        world.pass(4min);
        CHECK(world.supervisor.beats > 20);

        world.http.latency = 60min; // the next round hangs in its first call
        world.pass(20min);
        const std::size_t beats = world.supervisor.beats;
        world.pass(10min);

        CHECK(world.supervisor.beats == beats);
        CHECK_FALSE(world.loop->alive());
        world.pass(60min);
    }
}

} // namespace

} // namespace trueup::test

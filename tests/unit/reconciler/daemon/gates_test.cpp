// What holds a running daemon back: suspensions, windows, approvals, grace periods, limits, broken
// manifests, and fields that do not stay.

#include "tests/unit/reconciler/daemon/daemon_world.hpp"

namespace trueup::test {

namespace {

void suspend(DaemonWorld& world, const std::string& target, std::optional<WallTime> until = {})
{
    Suspension suspension;
    suspension.target = target;
    suspension.by = "ann";
    suspension.reason = "moving house";
    suspension.until = until;
    REQUIRE(world.loop->suspend(std::move(suspension)));
}

TEST_SUITE("daemon: gates")
{
    TEST_CASE("a suspended resource is not touched, the others are, and a restart changes nothing")
    {
        DaemonWorld world;
        world.write("a.yaml", role("a"));
        world.write("b.yaml", role("b"));
        world.start();
        suspend(world, "Role/tenant/a");
        world.pass(1s);
        CHECK(world.health("a") == "Ready unchanged");
        CHECK(world.loop->resource("Role/tenant/a")->message.find("suspended by") !=
              std::string::npos);
        CHECK(world.loop->resource("Role/tenant/b")->message.empty());
        world.meddle("a", "cluster.delete");
        world.meddle("b", "cluster.delete");

        world.pass(6min);
        CHECK(world.permissions("a") == "cluster.delete");
        CHECK(world.permissions("b") == "cluster.get");
        CHECK(world.health("a") == "Stalled suspended");
        world.restart();
        world.pass(6min);
        CHECK(world.permissions("a") == "cluster.delete");

        REQUIRE(world.loop->resume("Role/tenant/a", "ann"));
        world.pass(1s);
        CHECK(world.permissions("a") == "cluster.get");
        CHECK_FALSE(world.loop->resume("Role/tenant/a", "ann"));
    }

    TEST_CASE("a suspension of everything ends by itself, and says so")
    {
        DaemonWorld world;
        world.write("a.yaml", role("a"));
        world.start();
        suspend(world, "", world.clock.wall() + 1h);
        world.meddle("a", "cluster.delete");

        world.pass(59min);
        CHECK(world.permissions("a") == "cluster.delete");
        CHECK(world.loop->status().suspensions.size() == 1);
        world.pass(2min);

        CHECK(world.permissions("a") == "cluster.get");
        CHECK(world.said("the suspension of everything is over"));
        CHECK(world.loop->status().suspensions.empty());
    }

    TEST_CASE("only addresses, projects and everything can be suspended")
    {
        DaemonWorld world;
        world.write("a.yaml", role("a"));
        world.start();
        Suspension nonsense;
        nonsense.target = "a";

        const auto refused = world.loop->suspend(nonsense);

        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == Errc::invalid_input);
        suspend(world, "project:team-a");
    }

    TEST_CASE("in approve mode nothing is written before the very plan was agreed to")
    {
        DaemonWorld world;
        world.settings.mode = RunMode::approve;
        world.write("a.yaml", role("a"));
        world.start();
        CHECK(world.writes() == 0);
        CHECK(world.health("a") == "Reconciling awaiting_approval");
        const auto pending = world.loop->status().approval;
        REQUIRE(pending);
        CHECK(pending->counts.at("create") == 1);

        SUBCASE("another digest is refused")
        {
            const auto other = world.loop->approve("0000", "ann");
            REQUIRE_FALSE(other);
            CHECK(other.error().code == Errc::conflict);
            world.pass(10min);
            CHECK(world.writes() == 0);
        }
        SUBCASE("an approved one is carried out, and is used up")
        {
            REQUIRE(world.loop->approve(pending->digest, "ann"));
            world.pass(1s);
            CHECK(world.exists("a"));
            CHECK_FALSE(world.loop->status().approval);
            CHECK(world.loop->approve(pending->digest, "ann").error().code == Errc::not_found);
        }
        SUBCASE("a restart keeps it waiting, with the same digest")
        {
            world.restart();
            CHECK(world.loop->status().approval->digest == pending->digest);
            CHECK(world.loop->status().approval->since == pending->since);
            CHECK(world.writes() == 0);
        }
        SUBCASE("the approval file agrees too")
        {
            world.write(".trueup-approve", pending->digest + "\n");
            world.pass(2s);
            CHECK(world.exists("a"));
        }
        SUBCASE("the approval file agrees to nothing that has changed with it")
        {
            world.write(".trueup-approve", pending->digest + "\n");
            world.write("a.yaml", role("a", "cluster.list"));
            world.pass(5s);
            CHECK(world.writes() == 0);
        }
        SUBCASE("what has changed since is not part of it")
        {
            REQUIRE(world.loop->approve(pending->digest, "ann"));
            world.write("a.yaml", role("a", "cluster.list"));
            world.write("b.yaml", role("b"));
            world.pass(5s);
            // The approved plan ran before the edit had settled; the edit waits for its own.
            CHECK(world.permissions("a") == "cluster.get");
            CHECK_FALSE(world.exists("b"));
            CHECK(world.loop->status().approval->digest != pending->digest);
        }
        SUBCASE("it expires")
        {
            world.pass(25h);
            CHECK(world.said("nobody agreed in time"));
            CHECK(world.writes() == 0);
        }
        SUBCASE("what is still needed is offered again, and an agreement to the old offer is none")
        {
            world.pass(25h);
            const auto again = world.loop->status().approval;
            REQUIRE(again);
            CHECK(again->plan == pending->plan);
            CHECK(again->digest != pending->digest);
            CHECK(world.loop->approve(pending->digest, "ann").error().code == Errc::conflict);
            world.write(".trueup-approve", pending->digest + "\n");
            world.pass(1h);
            CHECK(world.writes() == 0);

            world.restart();
            CHECK(world.loop->status().approval->digest == again->digest);
            world.pass(24h);
            CHECK(world.loop->status().approval->digest != again->digest);
            REQUIRE(world.loop->approve(world.loop->status().approval->digest, "ann"));
            world.pass(1s);
            CHECK(world.exists("a"));
        }
    }

    TEST_CASE("in a freeze window nothing is written, the plan is there, and work goes on after it")
    {
        DaemonWorld world; // it is Sunday, 2026-03-01, 00:00
        world.settings.freeze.push_back(*make_freeze_window({"Sun"}, "00:00", "02:00", ""));
        world.write("a.yaml", role("a"));

        world.start();
        world.pass(110min);
        CHECK(world.writes() == 0);
        CHECK(world.last_result() == "withheld");
        CHECK(world.health("a") == "Reconciling frozen");
        CHECK(world.loop->plan().find("Role/tenant/a") != std::string::npos);
        CHECK(world.loop->plan().find("\"path\": \"metadata.name\"") != std::string::npos);
        world.pass(10min);

        CHECK(world.exists("a"));
        CHECK(world.loop->status().freeze.empty());
    }

    TEST_CASE("a round that runs on into a freeze window begins nothing more in it")
    {
        DaemonWorld world; // it is Sunday, 2026-03-01, 00:00
        world.settings.freeze.push_back(*make_freeze_window({"Sun"}, "01:00", "06:00", ""));
        world.settings.parallelism = 1;
        const std::vector<std::string> names{"a", "b", "c", "d", "e", "f"};
        for (const std::string& name : names)
            world.write(name + ".yaml", role(name));
        const auto made = [&] {
            return std::ranges::count_if(
                names, [&](const std::string& name) { return world.exists(name); });
        };
        const auto begun = [&] {
            return std::ranges::count_if(world.events.events, [](const Event& event) {
                return event.type == EventType::action_started;
            });
        };
        world.start_slowly(5min);
        world.pass(1h);
        const auto before = begun();
        REQUIRE(before > 0);
        REQUIRE(before < 6);

        world.pass(4h);
        CHECK(made() == before);
        CHECK(begun() == before);
        CHECK(world.health("f") == "Reconciling frozen");

        world.pass(8h);
        CHECK(made() == 6);
    }

    TEST_CASE("what an interrupted round left open is not finished while nothing may be written")
    {
        DaemonWorld world;
        const auto left_open = [&] { return world.store->open_intents()->size(); };
        world.write("a.yaml", role("a"));
        SUBCASE("in a freeze window")
        {
            world.settings.freeze.push_back(*make_freeze_window({"Sun"}, "00:00", "02:00", ""));
            world.start();
        }
        SUBCASE("while it is suspended")
        {
            world.start();
            suspend(world, "Role/tenant/a", world.clock.wall() + 2h);
        }
        Intent intent;
        intent.id = "i1";
        intent.address = "Role/tenant/a";
        intent.verb = "create";
        intent.route = "POST /v1/roles";
        Batch batch;
        batch.open.push_back(intent);
        REQUIRE(world.clock.run(world.store->commit(batch)));

        world.pass(100min);
        CHECK(left_open() == 1);
        world.pass(40min);
        CHECK(left_open() == 0);
    }

    TEST_CASE("a freeze can be overridden, and that is on record")
    {
        DaemonWorld world;
        world.settings.freeze.push_back(*make_freeze_window({}, "00:00", "24:00", ""));
        world.settings.freeze_override.emplace();
        world.settings.freeze_override->reason = "the site is down";
        world.write("a.yaml", role("a"));

        world.start();

        CHECK(world.exists("a"));
        const auto audit = world.store->audit(20);
        CHECK(std::ranges::any_of(*audit, [](const AuditRecord& record) {
            return record.verb == "override" &&
                   record.detail.find("the site is down") != std::string::npos;
        }));
    }

    TEST_CASE("C: what may have moved into a file with a mistake is not deleted")
    {
        DaemonWorld world;
        world.settings.request.plan.prune = world.settings.request.observe.prune = true;
        world.write("a.yaml", role("a"));
        world.write("b.yaml", role("b"));
        world.start();

        world.remove("a.yaml");
        world.write("b.yaml", role("a") + "---\n" + role("b") + "kind: [\n");
        world.pass(1h);
        CHECK(world.exists("a"));
        CHECK(world.exists("b"));
        CHECK(world.health("a") == "Stalled deletes_blocked");

        world.write("b.yaml", role("b"));
        world.pass(1min);
        CHECK_FALSE(world.exists("a"));
    }

    TEST_CASE("C: a protection counts from the first look, whatever holds its change back")
    {
        DaemonWorld world; // it is Sunday, 2026-03-01, 00:00
        world.settings.freeze.push_back(*make_freeze_window({"Sun"}, "00:05", "06:00", ""));
        world.write("a.yaml", role("a"));
        world.start();
        world.pass(10min);

        world.write("a.yaml", role("a", "cluster.update") + "lifecycle: {preventDestroy: true}\n");
        world.pass(10s);

        CHECK(world.permissions("a") == "cluster.get");
        CHECK((*world.store->record("Role/tenant/a"))->prevent_destroy);
    }

    TEST_CASE("without prune nothing is deleted")
    {
        DaemonWorld world;
        world.write("a.yaml", role("a"));
        world.write("b.yaml", role("b"));
        world.start();

        world.remove("a.yaml");
        world.pass(30min);

        CHECK(world.exists("a"));
    }

    TEST_CASE("a delete waits out its grace period, over a restart too")
    {
        DaemonWorld world;
        world.settings.request.plan.prune = world.settings.request.observe.prune = true;
        world.settings.grace = 1h;
        world.write("a.yaml", role("a"));
        world.write("b.yaml", role("b"));
        world.start();
        world.remove("a.yaml");
        world.pass(30min);
        CHECK(world.health("a") == "Reconciling grace_period");
        world.restart();
        CHECK(world.exists("a"));

        SUBCASE("and happens then")
        {
            world.pass(31min);
            CHECK_FALSE(world.exists("a"));
            CHECK(world.exists("b"));
        }
        SUBCASE("and at once, when there is to be none any more; nobody says that it stays")
        {
            world.settings.grace = 0s;
            world.restart();
            CHECK_FALSE(world.exists("a"));
            CHECK_FALSE(world.said("declared again"));
        }
        SUBCASE("and never, when the manifest comes back")
        {
            world.forget_requests();
            world.write("a.yaml", role("a"));
            world.pass(10min);
            CHECK(world.health("a") == "Ready unchanged");
            world.remove("a.yaml");
            world.pass(55min);
            CHECK(world.exists("a")); // a new period began
            CHECK(world.writes() == 0);
        }
    }

    TEST_CASE("what was protected stays, after its manifest is gone")
    {
        DaemonWorld world;
        world.settings.request.plan.prune = world.settings.request.observe.prune = true;
        world.write("a.yaml", role("a") + "lifecycle: {preventDestroy: true}\n");
        world.write("b.yaml", role("b"));
        world.start();

        world.remove("a.yaml");
        world.pass(10min);

        CHECK(world.exists("a"));
        CHECK(world.health("a") == "Stalled prevent_destroy");
    }

    TEST_CASE("an empty directory deletes nothing, and is reported")
    {
        DaemonWorld world;
        world.settings.request.plan.prune = world.settings.request.observe.prune = true;
        world.write("a.yaml", role("a"));
        world.start();

        world.remove("a.yaml");
        world.pass(10min);

        CHECK(world.exists("a"));
        CHECK(world.last_result() == "refused");
        CHECK(world.said("nothing is declared at all"));
    }

    TEST_CASE("more deletes than the limits allow need an approval of exactly that plan")
    {
        DaemonWorld world;
        world.settings.request.plan.prune = world.settings.request.observe.prune = true;
        world.settings.request.guards.limits.emplace_back(
            BlastLimit::What::deletes, BlastLimit::Per::kind, Limit(1, 0));
        for (const char* name : {"a", "b", "c", "d"})
            world.write(std::string(name) + ".yaml", role(name));
        world.start();
        world.remove("a.yaml");
        world.remove("b.yaml");
        world.pass(2s);
        CHECK(world.exists("a"));
        CHECK(world.last_result() == "refused");
        CHECK(world.health("a") == "Reconciling refused");
        const auto pending = world.loop->status().approval;
        REQUIRE(pending);

        REQUIRE(world.loop->approve(pending->digest, "ann"));
        world.pass(2s);

        CHECK_FALSE(world.exists("a"));
        CHECK_FALSE(world.exists("b"));
        CHECK(world.exists("c"));
        CHECK(world.said("a guard is overridden, as ann approved"));
    }

    TEST_CASE("a broken file keeps its last good text, and nothing of it is deleted")
    {
        DaemonWorld world;
        world.settings.request.plan.prune = world.settings.request.observe.prune = true;
        world.write("a.yaml", role("a"));
        world.write("b.yaml", role("b"));
        world.start();

        world.write("a.yaml", "apiVersion: palette/v1\nkind: Role\nmetadata: {name: a");
        world.write("b.yaml", role("b", "cluster.list"));
        world.write("c.yaml", role("c"));
        world.pass(2s);
        world.meddle("a", "cluster.delete");
        world.pass(6min);

        CHECK(world.permissions("a") == "cluster.get"); // drift of the old text is corrected
        CHECK(world.permissions("b") == "cluster.list");
        CHECK(world.exists("c"));
        REQUIRE(world.loop->status().broken.size() == 1);
        CHECK(world.loop->status().broken.front().last_good);
        CHECK_FALSE(world.loop->status().deletes_blocked);

        SUBCASE("after a restart its text is unknown: then nothing at all is deleted")
        {
            world.remove("b.yaml");
            world.restart();
            world.pass(10min);
            CHECK(world.exists("a"));
            CHECK(world.exists("b"));
            CHECK(world.exists("c"));
            CHECK(world.loop->status().deletes_blocked);
            CHECK(world.health("b") == "Stalled deletes_blocked");

            world.write("a.yaml", role("a"));
            world.pass(2s);
            CHECK(world.exists("a"));
            CHECK_FALSE(world.exists("b"));
            CHECK_FALSE(world.loop->status().deletes_blocked);
        }
        SUBCASE("a file that is deleted after all is deleted")
        {
            world.remove("a.yaml");
            world.pass(2s);
            CHECK_FALSE(world.exists("a"));
        }
    }

    TEST_CASE("with onBadManifest revision a mistake leaves the whole revision out")
    {
        DaemonWorld world;
        world.settings.on_bad = BadManifest::revision;
        world.write("a.yaml", role("a"));
        world.start();

        world.write("a.yaml", role("a", "cluster.list"));
        world.write("b.yaml", "kind: [");
        world.pass(6min);
        CHECK(world.permissions("a") == "cluster.get");
        CHECK(world.loop->status().broken.size() == 1);
        world.remove("b.yaml");
        world.pass(2s);

        CHECK(world.permissions("a") == "cluster.list");
    }

    TEST_CASE("a field that the API keeps otherwise is written twice and then reported")
    {
        DaemonWorld world;
        std::size_t writes = 0;
        world.hook = [&](const SentRequest& sent) -> std::optional<HttpResponse> {
            if (sent.route == "PUT /v1/roles/{uid}" || sent.route == "POST /v1/roles") {
                ++writes;
                world.meddle("a", "always.this");
            }
            return std::nullopt;
        };
        world.write("a.yaml", role("a"));
        world.start();
        world.pass(3h);

        CHECK(writes == 2); // the create, and the update that was to complete it
        CHECK(world.health("a") == "Stalled not_converging");
        CHECK(world.last_result() == "partial");
        const std::size_t before = writes;
        world.restart();
        world.pass(3h);
        CHECK(writes == before);

        SUBCASE("a manifest that says something else is tried")
        {
            world.hook = nullptr;
            world.write("a.yaml", role("a", "cluster.list"));
            world.pass(2s);
            CHECK(world.permissions("a") == "cluster.list");
        }
        SUBCASE("a person can have it tried again")
        {
            world.hook = nullptr;
            REQUIRE(world.loop->resume("Role/tenant/a", "ann"));
            world.pass(2s);
            CHECK(world.permissions("a") == "cluster.get");
        }
    }

    TEST_CASE("somebody who keeps changing a field back is met three times and then reported")
    {
        DaemonWorld world;
        world.write("a.yaml", role("a"));
        world.start();
        world.forget_requests();

        for (int i = 0; i < 30; ++i) {
            world.meddle("a", "theirs");
            world.pass(5min);
        }

        CHECK(world.writes() == 3);
        CHECK(world.health("a") == "Stalled second_writer");
        CHECK(world.permissions("a") == "theirs");
    }

    TEST_CASE("drift now and then is corrected each time")
    {
        DaemonWorld world;
        world.write("a.yaml", role("a"));
        world.start();
        for (int i = 0; i < 6; ++i) {
            world.meddle("a", "slip" + std::to_string(i));
            world.pass(3h);
            CHECK(world.permissions("a") == "cluster.get");
        }
    }
}

} // namespace

} // namespace trueup::test

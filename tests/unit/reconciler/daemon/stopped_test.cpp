// What people stop stays stopped: whatever becomes of the disk, of the mode, and of the time that a
// look takes.

#include "tests/support/faulty_disk.hpp"
#include "tests/unit/reconciler/daemon/daemon_world.hpp"

namespace trueup::test {

namespace {

void suspend(DaemonWorld& world, const std::string& target)
{
    Suspension suspension;
    suspension.target = target;
    suspension.by = "ann";
    REQUIRE(world.loop->suspend(std::move(suspension)));
}

TEST_SUITE("daemon: stopped")
{
    TEST_CASE("what was suspended in a dry run is still suspended after it")
    {
        DaemonWorld world;
        world.settings.mode = RunMode::dry_run;
        world.write("a.yaml", role("a"));
        world.write("b.yaml", role("b"));
        world.start();
        suspend(world, "Role/tenant/a");
        suspend(world, "Role/tenant/b");
        REQUIRE(world.loop->resume("Role/tenant/b", "ann"));
        world.stop();

        world.settings.mode = RunMode::automatic;
        world.start();

        CHECK_FALSE(world.exists("a"));
        CHECK(world.exists("b"));
        CHECK(world.health("a") == "Stalled suspended");
        const auto history = world.loop->history(100);
        REQUIRE(history);
        CHECK(std::ranges::any_of(
            *history, [](const AuditRecord& record) { return record.verb == "suspend"; }));
    }

    TEST_CASE("a suspension that a full disk did not take is stored once there is room")
    {
        FaultyDisk disk;
        DaemonWorld world;
        world.write("a.yaml", role("a"));
        world.write("b.yaml", role("b"));
        world.start();
        suspend(world, "Role/tenant/b");
        world.pass(1s);
        disk.be_full(true);
        suspend(world, "Role/tenant/a");
        REQUIRE(world.loop->resume("Role/tenant/b", "ann"));
        world.pass(1s);
        REQUIRE(world.said("full"));
        disk.be_full(false);
        world.pass(20min);

        world.restart();
        world.meddle("a", "cluster.delete");
        world.meddle("b", "cluster.delete");
        world.pass(6min);

        CHECK(world.permissions("a") == "cluster.delete");
        CHECK(world.permissions("b") == "cluster.get");
        const auto history = world.loop->history(100);
        REQUIRE(history);
        CHECK(std::ranges::count(*history, std::string("suspend"), &AuditRecord::verb) == 2);
    }

    TEST_CASE("an agreement that ends while the API is looked at agrees to nothing")
    {
        DaemonWorld world;
        world.settings.mode = RunMode::approve;
        world.settings.approval_expiry = 10min;
        world.write("a.yaml", role("a"));
        world.start();
        const auto pending = world.loop->status().approval;
        REQUIRE(pending);
        world.pass(pending->expires - world.clock.wall() - 2s);
        world.http.latency = 5s;

        REQUIRE(world.loop->approve(pending->digest, "ann"));
        world.pass(5min);

        CHECK_FALSE(world.exists("a"));
        CHECK(world.said("too long ago"));
        const auto next = world.loop->status().approval;
        REQUIRE(next);
        CHECK(next->expires > pending->expires);
    }
}

} // namespace

} // namespace trueup::test

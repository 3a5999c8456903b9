// Replaces: only of what was planned on, in either order.

#include "made_world.hpp"
#include "reconciler/engine/keepsakes.hpp"
#include "state/model/json.hpp"

using namespace trueup;
using namespace trueup::test;

TEST_SUITE("engine: replace")
{
    TEST_CASE("the old one goes before the new one comes, or after, as the manifest says")
    {
        Made world("spec: {shape: round}");
        Replacement order = Replacement::delete_first;
        Lines writes{"delete Widget/tenant/a", "create Widget/tenant/a"};
        SUBCASE("delete first") {}
        SUBCASE("create first")
        {
            order = Replacement::create_first;
            std::ranges::reverse(writes);
        }
        world.redeclare(a, "spec: {shape: square}").lifecycle.replace = order;

        const Report report = world.round();

        CHECK(lines_of(report) == Lines{"replace Widget/tenant/a done"});
        CHECK(world.api.writes() == writes);
        CHECK(world.store.find(a)->uid == "u2");
        CHECK(world.api.uids_of("Widget", "a") == Lines{"u2"});
        CHECK(world.open_intents() == 0);
    }

    TEST_CASE("C: without lifecycle.replace nothing happens")
    {
        Made world("spec: {shape: round}");
        world.redeclare(a, "spec: {shape: square}");

        const Report report = world.round();

        CHECK(report.blocked == 1);
        CHECK(world.api.writes() == Lines{});
    }

    TEST_CASE("C: a replace of what changed since it was planned deletes nothing")
    {
        Made world("spec: {shape: round}");
        world.redeclare(a, "spec: {shape: square}").lifecycle.replace = Replacement::delete_first;
        world.meddle("read", 2, "spec.shape", "oval");

        const Report report = world.round();

        CHECK(report.failed == 1);
        CHECK(world.api.writes() == Lines{});
    }

    TEST_CASE("create first, and the new one is refused: the old one stays")
    {
        Made world("spec: {shape: round}");
        world.kind("Widget").refuses_duplicates = true;
        world.redeclare(a, "spec: {shape: square}").lifecycle.replace = Replacement::create_first;

        const Report report = world.round();

        CHECK(report.failed == 1);
        CHECK(world.api.uids_of("Widget", "a") == Lines{"u1"});
        CHECK(world.store.find(a)->uid == "u1");
    }

    TEST_CASE("C: create first: nothing is made when the old one changed since it was planned")
    {
        Made world("spec: {shape: round}");
        world.redeclare(a, "spec: {shape: square}").lifecycle.replace = Replacement::create_first;
        world.meddle("read", 2, "spec.shape", "oval"); // the first read is the plan's

        const Report report = world.round();

        CHECK(report.failed == 1);
        CHECK(world.api.writes() == Lines{});
        CHECK(world.api.uids_of("Widget", "a") == Lines{"u1"});
        CHECK(world.open_intents() == 0);
    }

    TEST_CASE("C: create first: a copy that somebody makes of the old one is not the new one")
    {
        Made world("spec: {shape: round}");
        world.redeclare(a, "spec: {shape: square}").lifecycle.replace = Replacement::create_first;
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "read" && world.api.count("read") == 1 && // the first is the plan's
                world.api.uids_of("Widget", "a").size() == 1)
                world.exists("Widget/tenant/a", "spec: {shape: square}", true);
        };

        const Report report = world.round();

        CHECK(report.failed == 1);
        CHECK(report.results.at(0).error->message.find("several objects carry our mark") !=
              std::string::npos);
        CHECK(world.api.writes() == Lines{});
        CHECK(world.api.uids_of("Widget", "a") == Lines{"u1", "u2"});
    }

    TEST_CASE("delete first: what reads that are behind still show is not the new one")
    {
        Made world("spec: {shape: round}");
        const Value raw = world.api.find_item("u1")->raw;
        world.redeclare(a, "spec: {shape: square}").lifecycle.replace = Replacement::delete_first;
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "look_up" && world.api.count("delete") == 1 &&
                world.api.count("create") == 0)
                world.api.add(world.kind("Widget"), Scope(), raw, "u1");
            if (call.verb == "create")
                world.api.erase_item("u1");
        };

        const Report report = world.round();

        CHECK(lines_of(report) == Lines{"replace Widget/tenant/a done"});
        CHECK(world.api.uids_of("Widget", "a") == Lines{"u2"});
        CHECK(world.store.find(a)->uid == "u2");
    }

    TEST_CASE("F: what is noted of the old one holds no secret that a read shows")
    {
        EngineWorld world;
        Kind& kind = world.kind("Widget");
        const auto spec = std::ranges::find(kind.schema.fields, "spec", &Field::name);
        REQUIRE(spec != kind.schema.fields.end());
        const auto note = std::ranges::find(spec->fields, "note", &Field::name);
        REQUIRE(note != spec->fields.end());
        note->sensitive = true;
        Action action;
        action.address = address(a);
        action.kind = &kind;
        Observed old;
        old.uid = "u1";
        old.value = tree("{spec: {size: 1, note: CANARY}}");
        const Mark mark("me", address_mark(action.address));

        Memo memo = replaced_memo(action, old, mark);

        CHECK(json::write(memo.value, json::Secrets::reveal).find("CANARY") == std::string::npos);
        memo.key = "i1";
        CHECK(is_as_replaced({memo}, "i1", kind, old, mark));
    }

    TEST_CASE("create first: the old one stays until the new one is ready, however often we die")
    {
        Made world("spec: {shape: round}");
        world.make_slow("Widget");
        world.api.life = {{0s, "Pending"}, {5min, "Running"}};
        world.options.wait = 0s;
        world.redeclare(a, "spec: {shape: square}").lifecycle.replace = Replacement::create_first;

        CHECK(lines_of(world.round()) == Lines{"replace Widget/tenant/a waiting"});
        CHECK(world.api.uids_of("Widget", "a") == Lines{"u1", "u2"});
        world.restart();
        CHECK(lines_of(world.round()) == Lines{"waiting Widget/tenant/a waiting"});
        CHECK(world.api.uids_of("Widget", "a") == Lines{"u1", "u2"});

        world.clock.advance(6min);
        CHECK(world.round().complete());

        CHECK(world.api.uids_of("Widget", "a") == Lines{"u2"});
        CHECK(world.store.find(a)->uid == "u2");
        CHECK(world.open_intents() == 0);
    }
}

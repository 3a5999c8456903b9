#include "reconciler/plan/plan.hpp"
#include "tests/support/diffs.hpp"
#include "tests/support/scene.hpp"

#include <doctest/doctest.h>

using namespace trueup;
using namespace trueup::test;

namespace {

constexpr const char* a = "Widget/tenant/a";

} // namespace

TEST_SUITE("plan: verbs")
{
    TEST_CASE("nothing is declared and nothing remembered: nothing is done")
    {
        const Plan plan = Scene().plan();

        CHECK(plan.actions.empty());
        CHECK_FALSE(plan.counts.has_writes());
    }

    TEST_CASE("create: what was ours and is gone is missing, what never was is not found")
    {
        Scene scene;
        scene.declare(a);
        scene.declare("Widget/tenant/b");
        scene.lost(a, "u1");

        const Plan plan = scene.plan();

        CHECK(lines_of(plan) ==
              Lines{"create Widget/tenant/a (missing)", "create Widget/tenant/b (not_found)"});
        CHECK(plan.actions[0].uid == "");
        CHECK(plan.counts.create == 2);
    }

    TEST_CASE("create: a kind that cannot be created is blocked")
    {
        Scene scene;
        scene.declare("Setting/tenant", "spec: {level: 1}");

        CHECK(line_of(scene.action("Setting/tenant")) == "blocked Setting/tenant (unsupported)");
    }

    TEST_CASE("no-op and update, with the changes and what was there")
    {
        Scene scene;
        scene.declare(a, "spec: {note: mine}");
        scene.declare("Widget/tenant/b", "spec: {note: mine}");
        scene.owned(a, "u1", "spec: {note: mine}");
        scene.owned(
            "Widget/tenant/b", "u2", tree("spec: {note: mine}"), tree("spec: {note: theirs}"));

        const Plan plan = scene.plan();

        CHECK(lines_of(plan) ==
              Lines{"no-op Widget/tenant/a (unchanged)", "update Widget/tenant/b (changed)"});
        CHECK(lines_of(plan.actions[1].changes) ==
              Lines{R"(change spec.note: "theirs" -> "mine" [drifted])"});
        CHECK(plan.actions[1].uid == "u2");
        CHECK(plan.actions[1].observed.has_value());
        CHECK(plan.counts.no_op == 1);
        CHECK(plan.counts.update == 1);
    }

    TEST_CASE(
        "6.F: an update that would have to send a mask back is blocked before anything is sent")
    {
        const char* gadget = "Gadget/tenant/g";
        Scene scene;
        scene.declare(gadget, "spec: {note: new}");
        scene.owned(gadget,
                    "u1",
                    tree("spec: {note: old}"),
                    tree("spec: {note: old, password: '********'}"));

        const Action action = scene.action(gadget);

        CHECK(line_of(action) == "blocked Gadget/tenant/g (secret_missing)");
        CHECK(action.message.find("spec.password") != std::string::npos);

        Scene::redeclare(
            scene.manifests.manifests[0], "spec.password", Value(Secret("text", "hash", "test")));
        CHECK(line_of(scene.action(gadget)) == "update Gadget/tenant/g (changed)");
    }

    TEST_CASE("a replace does not begin while another object has the name")
    {
        Scene scene;
        scene.owned(a, "u1", "spec: {shape: round}");
        scene.exists(a, "u2");
        Manifest& manifest = scene.declare(a, "spec: {shape: square}");
        for (const Replacement order : {Replacement::create_first, Replacement::delete_first}) {
            manifest.lifecycle.replace = order;

            const Action action = scene.action(a);

            CHECK(line_of(action) == "blocked Widget/tenant/a (ambiguous)");
            CHECK(action.message.find("u2") != std::string::npos);
        }
    }

    TEST_CASE("A12: an immutable change is a replace that must be asked for")
    {
        Scene scene;
        scene.declare(a, "spec: {shape: square}");
        scene.owned(a, "u1", "spec: {shape: round}");
        CHECK(line_of(scene.action(a)) == "blocked Widget/tenant/a (replace_forbidden)");

        Lifecycle& lifecycle = scene.manifests.manifests[0].lifecycle;
        lifecycle.replace = Replacement::delete_first;
        CHECK(line_of(scene.action(a)) == "replace Widget/tenant/a (immutable)");
        lifecycle.replace = Replacement::create_first;
        CHECK(line_of(scene.action(a)) == "replace Widget/tenant/a (immutable)");
        CHECK(scene.plan().counts.replace == 1);

        lifecycle.prevent_destroy = true;
        CHECK(line_of(scene.action(a)) == "blocked Widget/tenant/a (prevent_destroy)");
    }

    TEST_CASE("I: an address of which nothing is known blocks itself and its dependents alone")
    {
        Scene scene;
        scene.declare(a);
        scene.declare("Widget/tenant/b", with(Map{}, "spec.ownerUid", reference(a)));
        scene.declare("Widget/tenant/c");
        scene.seen.failures[a] = "the list said 500";

        const Plan plan = scene.plan();

        CHECK(lines_of(plan) == Lines{"blocked Widget/tenant/a (unobserved)",
                                      "blocked Widget/tenant/b (dependency)",
                                      "create Widget/tenant/c (not_found)"});
        CHECK(plan.actions[0].message == "the list said 500");
        CHECK(plan.counts.blocked == 2);
    }

    TEST_CASE("a remembered object that nobody looked for is not taken for missing")
    {
        Scene scene;
        scene.declare(a);
        scene.remember(a, "u1");

        CHECK(line_of(scene.action(a)) == "blocked Widget/tenant/a (unobserved)");
    }

    TEST_CASE("what is unchanged needs nothing of a blocked one, nor does what depends on it")
    {
        Scene scene;
        scene.declare(a);
        scene.seen.failures[a] = "the list said 500";
        Manifest& b = scene.declare("Widget/tenant/b");
        scene.depend(b, a);
        scene.owned("Widget/tenant/b", "u2");
        scene.declare("Widget/tenant/c",
                      with(Map{}, "spec.ownerUid", reference("Widget/tenant/b")));

        const Plan plan = scene.plan();

        CHECK(lines_of(plan) == Lines{"blocked Widget/tenant/a (unobserved)",
                                      "no-op Widget/tenant/b (unchanged)",
                                      "create Widget/tenant/c (not_found)"});
        CHECK(plan.actions[1].depends_on.empty());
        CHECK(plan.actions[2].depends_on == Lines{"Widget/tenant/b"});
    }

    TEST_CASE("waiting: what was written and is not ready yet is waited for, not written again")
    {
        Scene scene;
        scene.declare(a);
        scene.owned(a, "u1");
        scene.records[0].waiting = "it is in the state Pending";
        CHECK(line_of(scene.action(a)) == "waiting Widget/tenant/a (unchanged)");
        CHECK(scene.action(a).message == "it is in the state Pending");
        CHECK(scene.plan().counts.waiting == 1);

        Scene::redeclare(scene.manifests.manifests[0], "spec.note", "new");
        CHECK(line_of(scene.action(a)) == "update Widget/tenant/a (changed)");
    }

    TEST_CASE("unverified fields are listed and change nothing")
    {
        Scene scene;
        scene.project("p", "s1");
        scene.declare("Gadget/p/g", with(Map{}, "spec.password", secret("x")));
        scene.exists("Gadget/p/g", "u1", "spec: {password: '***'}").mark =
            Scene::ours("Gadget/p/g");

        const Action action = scene.action("Gadget/p/g");

        CHECK(line_of(action) == "adopt Gadget/p/g (marked)");
        CHECK(action.unverified == Lines{"spec.password"});
    }

    TEST_CASE("a sunset kind is warned of once")
    {
        Scene scene;
        for (Kind& kind : scene.catalogue.kinds)
            if (kind.name == "Widget") {
                kind.sunset = Sunset();
                kind.sunset->date = "2027-01-01";
                kind.sunset->replacement = "Gadget";
            }
        scene.declare(a);
        scene.declare("Widget/tenant/b");

        CHECK(scene.plan().warnings == Lines{"kind Widget goes away on 2027-01-01; use Gadget"});
    }

    TEST_CASE("a call that is deprecated or has an end is warned of once")
    {
        Scene scene;
        for (Kind& kind : scene.catalogue.kinds)
            if (kind.name == "Widget") {
                kind.list->call.sunset = Sunset();
                kind.list->call.sunset->date = "2026-06-01";
                kind.list->call.sunset->deprecated = true;
                kind.remove->sunset = Sunset();
                kind.remove->sunset->date = "2027-01-01";
                kind.remove->sunset->replacement = "POST /v2/widgets/{uid}/end";
            }
        scene.declare(a);
        scene.declare("Widget/tenant/b");

        CHECK(scene.plan().warnings ==
              Lines{"kind Widget calls GET /widgets, which is deprecated since 2026-06-01",
                    "kind Widget calls DELETE /widgets/{uid}, which goes away on 2027-01-01; use "
                    "POST /v2/widgets/{uid}/end"});
    }

    TEST_CASE("P09: the action knows where its manifest is, and each change where it was written")
    {
        Scene scene;
        scene.declare(a, "spec:\n  note: mine\n");

        const Action action = scene.action(a);

        CHECK(action.file == "shop.yaml");
        CHECK(action.place.line == 1);
        CHECK(action.changes.back().path == "spec.note");
        CHECK(action.changes.back().origin.line == 2);
    }

    TEST_CASE("ignoreChanges is respected by the diff and by the pin, not by a create")
    {
        Scene scene;
        scene.declare(a, "spec: {note: mine, size: 1}").lifecycle.ignore_changes = {
            path("spec.note")};
        scene.owned(a, "u1", tree("spec: {note: mine, size: 1}"), tree("spec: {note: x, size: 2}"));
        const Action before = scene.action(a);
        scene.seen.sightings[a].by_uid->value =
            tree("{metadata: {name: a}, spec: {note: y, size: 2}}");
        const Action after = scene.action(a);

        CHECK(lines_of(before.changes) == Lines{"change spec.size: 2 -> 1 [drifted]"});
        CHECK(before.pin == after.pin);

        scene.seen.sightings.clear();
        scene.records.clear();
        CHECK(scene.action(a).changes.size() == 3);
    }
}

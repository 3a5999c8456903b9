#include "tests/support/diffs.hpp"
#include "tests/support/scene.hpp"

#include <doctest/doctest.h>

using namespace trueup;
using namespace trueup::test;

namespace {

constexpr const char* a = "Widget/tenant/a";
constexpr const char* b = "Widget/tenant/b";
constexpr const char* box = "Box/tenant/p";
constexpr const char* g = "Gadget/p/g";

std::size_t index_of(const Plan& plan, std::string_view text)
{
    for (std::size_t i = 0; i < plan.actions.size(); ++i)
        if (plan.actions[i].address.text() == text)
            return i;
    FAIL("no action on ", std::string(text));
    return 0;
}

// A Box of ours with a Gadget of ours in it; neither is declared any more.
Scene container()
{
    Scene scene;
    scene.options.prune = true;
    scene.project("p", "s1");
    scene.owned(box, "s1");
    scene.owned(g, "u1");
    scene.seen.contents[{box, "s1"}].emplace_back(g, "u1");
    return scene;
}

} // namespace

TEST_SUITE("plan: deletes")
{
    TEST_CASE("F01: without --prune nothing is deleted, and what it would delete is shown")
    {
        Scene scene;
        scene.owned(b, "u2");
        scene.owned(a, "u1");
        scene.orphan("Widget/tenant/o", "u3");

        const Plan plan = scene.plan();

        CHECK(plan.actions.empty());
        REQUIRE(plan.prunable.size() == 3);
        CHECK(plan.prunable[0].address.text() == a);
        CHECK(plan.prunable[1].address.text() == b);
        CHECK(plan.prunable[2].address.text() == "Widget/tenant/o");
        CHECK(plan.counts.remove == 0);
    }

    TEST_CASE("--prune deletes what is ours and not declared: remembered, or carrying our mark")
    {
        Scene scene;
        scene.options.prune = true;
        scene.owned(a, "u1");
        scene.orphan(b, "u2");
        scene.declare("Widget/tenant/c");

        const Plan plan = scene.plan();

        CHECK(lines_of(plan) == Lines{"delete Widget/tenant/a (not_declared)",
                                      "delete Widget/tenant/b (not_declared)",
                                      "create Widget/tenant/c (not_found)"});
        CHECK(plan.actions[1].uid == "u2");
        CHECK(plan.counts.remove == 2);
    }

    TEST_CASE("6.A: two orphans with our mark for one address are reported and left alone")
    {
        Scene scene;
        scene.options.prune = true;
        scene.orphan(a, "u2");
        scene.orphan(a, "u1");

        const Plan plan = scene.plan();

        CHECK(lines_of(plan) == Lines{"blocked Widget/tenant/a (duplicate_mark)"});
        CHECK(plan.actions[0].message.find("u1 u2") != std::string::npos);
    }

    TEST_CASE("6.A: an orphan that cannot be read is left alone")
    {
        Scene scene;
        scene.options.prune = true;
        scene.orphan(a, "u1");
        scene.seen.failures[a] = "no";

        CHECK(lines_of(scene.plan()) == Lines{"blocked Widget/tenant/a (unobserved)"});
    }

    TEST_CASE("6.A: a remembered object and another with our mark are reported and left alone")
    {
        Scene scene;
        scene.options.prune = true;
        scene.owned(a, "u1");
        scene.exists(a, "u2").mark = Scene::ours(a);

        CHECK(lines_of(scene.plan()) == Lines{"blocked Widget/tenant/a (duplicate_mark)"});
    }

    TEST_CASE("what is already gone is forgotten, asked or not")
    {
        Scene scene;
        scene.lost(a, "u1");

        CHECK(lines_of(scene.plan()) == Lines{"forget Widget/tenant/a (already_gone)"});
    }

    TEST_CASE("6.C: what another owner has taken over is forgotten, asked or not")
    {
        for (const bool prune : {false, true}) {
            Scene scene;
            scene.options.prune = prune;
            scene.owned(a, "u1").mark = Mark("you", "x");

            const Plan plan = scene.plan();

            CHECK(lines_of(plan) == Lines{"forget Widget/tenant/a (foreign)"});
            CHECK(plan.prunable.empty());
            CHECK(plan.actions.front().message.find("you") != std::string::npos);
        }
    }

    TEST_CASE("M10: deletionPolicy abandon leaves the object and forgets it")
    {
        Scene scene;
        scene.owned(a, "u1");
        scene.records[0].abandon = true;
        CHECK(lines_of(scene.plan()) == Lines{"forget Widget/tenant/a (abandoned)"});

        scene.options.prune = true;
        CHECK(lines_of(scene.plan()) == Lines{"forget Widget/tenant/a (abandoned)"});
        scene.seen.failures[a] = "the list said 500";
        CHECK(lines_of(scene.plan()) == Lines{"forget Widget/tenant/a (abandoned)"});
    }

    TEST_CASE("F02: protection outlives the manifest")
    {
        Scene scene;
        scene.options.prune = true;
        scene.owned(a, "u1");
        scene.records[0].prevent_destroy = true;

        CHECK(lines_of(scene.plan()) == Lines{"blocked Widget/tenant/a (prevent_destroy)"});
    }

    TEST_CASE("C: what an open call is to protect is not deleted, remembered or not")
    {
        for (const bool remembered : {false, true})
            for (const bool abandons : {false, true}) {
                CAPTURE(remembered);
                CAPTURE(abandons);
                Scene scene;
                scene.options.prune = true;
                if (remembered)
                    scene.owned(a, "u1");
                else
                    scene.orphan(a, "u1");
                Intent& open = scene.intents.emplace_back();
                open.id = "i1";
                open.address = a;
                open.verb = name_of(Verb::create);
                CHECK(lines_of(scene.plan()) == Lines{"delete Widget/tenant/a (not_declared)"});
                open.prevent_destroy = !abandons;
                open.abandon = abandons;

                CHECK(lines_of(scene.plan()) == Lines{"blocked Widget/tenant/a (unobserved)"});
            }
    }

    TEST_CASE("6.C: what could not be looked at is not deleted")
    {
        Scene scene;
        scene.owned(a, "u1");
        scene.seen.failures[a] = "the list said 500";
        scene.remember(b, "u2");
        CHECK(scene.plan().actions.empty());
        CHECK(scene.plan().prunable.size() == 2);

        scene.options.prune = true;
        CHECK(lines_of(scene.plan()) == Lines{"blocked Widget/tenant/a (unobserved)",
                                              "blocked Widget/tenant/b (unobserved)"});
    }

    TEST_CASE("F08: what is still referred to is not deleted")
    {
        Scene scene;
        scene.options.prune = true;
        scene.owned(a, "u1");
        scene.declare(b, with(Map{}, "spec.ownerUid", reference(a)));
        scene.owned(b, "u2", "spec: {ownerUid: u1}");

        const Action action = scene.action(a);

        CHECK(line_of(action) == "blocked Widget/tenant/a (dependency)");
        CHECK(action.message == "Widget/tenant/b still refers to it");
    }

    TEST_CASE("deletes run in the reverse of the references")
    {
        Scene scene;
        scene.options.prune = true;
        scene.owned("Widget/tenant/c", "u3");
        scene.owned(b, "u2");
        scene.owned(a, "u1");
        scene.records[1].depends_on = {a}; // b used a
        scene.records[0].depends_on = {b}; // c used b

        const Plan plan = scene.plan();

        CHECK(lines_of(plan) == Lines{"delete Widget/tenant/c (not_declared)",
                                      "delete Widget/tenant/b (not_declared)",
                                      "delete Widget/tenant/a (not_declared)"});
        CHECK(plan.actions[2].depends_on == Lines{b});
    }

    TEST_CASE("a delete runs after the update that drops the last reference to it")
    {
        Scene scene;
        scene.options.prune = true;
        scene.owned(a, "u1");
        scene.declare(b, "spec: {note: new}");
        scene.owned(b, "u2", "spec: {ownerUid: u1}");
        scene.records[1].depends_on = {a};

        const Plan plan = scene.plan();

        CHECK(lines_of(plan) ==
              Lines{"update Widget/tenant/b (changed)", "delete Widget/tenant/a (not_declared)"});
        CHECK(plan.actions[1].depends_on == Lines{b});
    }

    TEST_CASE("a user that is blocked keeps what it used")
    {
        Scene scene;
        scene.options.prune = true;
        scene.owned(a, "u1");
        scene.owned(b, "u2");
        scene.records[1].depends_on = {a};
        scene.records[1].prevent_destroy = true;

        CHECK(lines_of(scene.plan()) == Lines{"blocked Widget/tenant/b (prevent_destroy)",
                                              "blocked Widget/tenant/a (dependency)"});
    }

    TEST_CASE("records that used each other at different times can be deleted")
    {
        Scene scene;
        scene.options.prune = true;
        scene.owned(a, "u1");
        scene.owned(b, "u2");
        scene.records[0].depends_on = {b};
        scene.records[1].depends_on = {a};

        CHECK(scene.plan().counts.remove == 2);
    }

    TEST_CASE("a container goes when all that it holds goes too, after it")
    {
        const Plan plan = container().plan();

        CHECK(lines_of(plan) ==
              Lines{"delete Gadget/p/g (not_declared)", "delete Box/tenant/p (not_declared)"});
        CHECK(plan.actions[1].depends_on == Lines{g});
    }

    TEST_CASE("6.C: a container goes after what it holds, whatever says that it holds it")
    {
        constexpr auto outer = "Widget/tenant/a"; // sorts before what is in it
        constexpr auto inner = "Widget/tenant/b";
        Scene scene;
        scene.options.prune = true;
        for (Kind& kind : scene.catalogue.kinds)
            kind.container = kind.container || kind.name == "Widget";
        scene.owned(outer, "u1");
        scene.owned(inner, "u2");
        scene.seen.contents[{outer, "u1"}].emplace_back(inner, "u2");
        scene.seen.contents[{inner, "u2"}];

        const Plan whole = scene.plan();
        CHECK(lines_of(whole) == Lines{"delete Widget/tenant/b (not_declared)",
                                       "delete Widget/tenant/a (not_declared)"});
        CHECK(whole.actions[1].depends_on == Lines{inner});

        Scene excluded = scene;
        excluded.options.excludes = {address(inner)};
        CHECK(excluded.plan().actions.empty());
        // What stays in the inner one keeps the outer one, too.
        Scene nested = scene;
        nested.seen.contents[{inner, "u2"}].emplace_back("Gadget/tenant/theirs", "u9");
        CHECK(line_of(nested.action(inner)) == "blocked Widget/tenant/b (not_empty)");
        CHECK(nested.action(outer).verb == Verb::blocked);
        // What is known of another object of that address says nothing of this one.
        Scene other = scene;
        other.seen.contents.clear();
        other.seen.contents[{outer, "u8"}];
        CHECK(line_of(other.action(outer)) == "blocked Widget/tenant/a (not_empty)");
    }

    TEST_CASE("6.C: a container stays while it holds what is not ours, or nobody knows what")
    {
        Scene foreign = container();
        foreign.seen.contents[{box, "s1"}].emplace_back("Gadget/p/theirs", "u9");
        Scene unknown = container();
        unknown.seen.contents.clear();
        Scene twin = container();
        twin.seen.contents[{box, "s1"}].emplace_back(g, "u9");
        Scene stays = container();
        stays.records[1].prevent_destroy = true;
        Scene declared = container();
        declared.declare(g);

        CHECK(line_of(foreign.action(box)) == "blocked Box/tenant/p (not_empty)");
        CHECK(foreign.action(box).message == "it holds what stays or is not ours: Gadget/p/theirs");
        CHECK(line_of(unknown.action(box)) == "blocked Box/tenant/p (not_empty)");
        CHECK(line_of(twin.action(box)) == "blocked Box/tenant/p (not_empty)");
        CHECK(line_of(stays.action(box)) == "blocked Box/tenant/p (not_empty)");
        CHECK(declared.action(box).verb == Verb::blocked);
        CHECK(foreign.action(g).verb == Verb::remove);
    }

    TEST_CASE("6.C: a container that is no scope stays: what it holds is not known")
    {
        Scene scene = container();
        for (Kind& kind : scene.catalogue.kinds)
            kind.container = kind.container || kind.name == "Widget";
        scene.owned("Widget/tenant/p", "u5");

        CHECK(line_of(scene.action("Widget/tenant/p")) == "blocked Widget/tenant/p (not_empty)");
    }

    TEST_CASE("--destroy deletes all that is ours, declared or not, and nothing else")
    {
        Scene scene;
        scene.options.destroy = true;
        scene.declare(a);
        scene.owned(a, "u1");
        scene.declare(b);
        scene.exists(b, "u2").mark = Scene::ours(b);
        scene.declare("Widget/tenant/c");
        scene.exists("Widget/tenant/c", "u3");
        scene.owned("Widget/tenant/d", "u4");

        CHECK(lines_of(scene.plan()) == Lines{"delete Widget/tenant/a (destroy)",
                                              "delete Widget/tenant/b (destroy)",
                                              "delete Widget/tenant/d (not_declared)"});
    }

    TEST_CASE("--destroy respects protection and abandonment, as declared now or remembered")
    {
        Scene scene;
        scene.options.destroy = true;
        scene.declare(a).lifecycle.prevent_destroy = true;
        scene.owned(a, "u1");
        scene.declare(b).lifecycle.prevent_destroy = true;
        scene.exists(b, "u2").mark = Scene::ours(b);
        scene.declare("Widget/tenant/c").lifecycle.deletion = DeletionPolicy::abandon;
        scene.owned("Widget/tenant/c", "u3");
        scene.declare("Widget/tenant/d").lifecycle.deletion = DeletionPolicy::abandon;
        scene.exists("Widget/tenant/d", "u4").mark = Scene::ours("Widget/tenant/d");

        CHECK(lines_of(scene.plan()) == Lines{"blocked Widget/tenant/a (prevent_destroy)",
                                              "blocked Widget/tenant/b (prevent_destroy)",
                                              "forget Widget/tenant/c (abandoned)"});
    }

    TEST_CASE("--destroy leaves alone what is marked twice or could not be looked at")
    {
        Scene scene;
        scene.options.destroy = true;
        scene.declare(a);
        scene.exists(a, "u1").mark = Scene::ours(a);
        scene.exists(a, "u2").mark = Scene::ours(a);
        scene.declare(b);
        scene.seen.failures[b] = "the list said 500";

        CHECK(lines_of(scene.plan()) == Lines{"blocked Widget/tenant/a (duplicate_mark)",
                                              "blocked Widget/tenant/b (unobserved)"});
    }

    TEST_CASE("--destroy orders by the references of manifests where nothing is remembered")
    {
        Scene scene;
        scene.options.destroy = true;
        scene.declare(a);
        scene.exists(a, "u1").mark = Scene::ours(a);
        scene.declare(b, with(Map{}, "spec.ownerUid", reference(a)));
        scene.exists(b, "u2", "spec: {ownerUid: u1}").mark = Scene::ours(b);

        const Plan plan = scene.plan();

        CHECK(index_of(plan, b) < index_of(plan, a));
        CHECK(plan.actions[1].depends_on == Lines{b});
    }

    TEST_CASE("a record whose kind is not in the catalogue is warned of and kept")
    {
        Scene scene;
        scene.options.prune = true;
        Record record;
        record.address = "Gone/tenant/x";
        record.kind = "Gone";
        scene.records.push_back(record);

        const Plan plan = scene.plan();

        CHECK(plan.actions.empty());
        CHECK(plan.warnings ==
              Lines{"the state knows Gone/tenant/x, whose kind is not in the catalogue"});
    }

    TEST_CASE("after a loss of state unmarked objects are never pruned")
    {
        Scene scene;
        scene.options.prune = true;
        scene.exists(a, "u1");
        scene.seen.unmanaged = 1;

        const Plan plan = scene.plan();

        CHECK(plan.actions.empty());
        CHECK(plan.counts.unmanaged == 1);
    }
}

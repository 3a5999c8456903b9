#include "tests/support/diffs.hpp"
#include "tests/support/scene.hpp"

#include <doctest/doctest.h>

using namespace trueup;
using namespace trueup::test;

namespace {

// c refers to b, b to a; d stands alone.
Scene chain()
{
    Scene scene;
    scene.declare("Widget/tenant/a");
    scene.declare("Widget/tenant/b", with(Map{}, "spec.ownerUid", reference("Widget/tenant/a")));
    scene.declare("Widget/tenant/c", with(Map{}, "spec.ownerUid", reference("Widget/tenant/b")));
    scene.declare("Widget/tenant/d");
    return scene;
}

Lines addresses(const Plan& plan)
{
    Lines all;
    for (const Action& action : plan.actions)
        all.push_back(action.address.text());
    return all;
}

} // namespace

TEST_SUITE("plan: selection")
{
    TEST_CASE("P08: --target keeps what the target depends on")
    {
        Scene scene = chain();
        scene.options.targets = {address("Widget/tenant/b")};

        const Plan plan = scene.plan();

        CHECK(addresses(plan) == Lines{"Widget/tenant/a", "Widget/tenant/b"});
        CHECK(plan.counts.create == 2);
    }

    TEST_CASE("P08: --exclude drops what depends on it too")
    {
        Scene scene = chain();
        scene.options.excludes = {address("Widget/tenant/b")};

        CHECK(addresses(scene.plan()) == Lines{"Widget/tenant/a", "Widget/tenant/d"});
    }

    TEST_CASE("--target and --exclude together")
    {
        Scene scene = chain();
        scene.options.targets = {address("Widget/tenant/c"), address("Widget/tenant/d")};
        scene.options.excludes = {address("Widget/tenant/a")};

        CHECK(addresses(scene.plan()) == Lines{"Widget/tenant/d"});
    }

    TEST_CASE("a target or exclude that names nothing is warned of")
    {
        Scene scene = chain();
        scene.options.targets = {address("Widget/tenant/dd")};
        scene.options.excludes = {address("Widget/tenant/cc")};

        const Plan plan = scene.plan();

        CHECK(plan.actions.empty());
        CHECK(plan.warnings ==
              Lines{"--target Widget/tenant/dd names nothing that is declared or ours",
                    "--exclude Widget/tenant/cc names nothing that is declared or ours"});
    }

    TEST_CASE("--target on a delete takes along what has to go before it")
    {
        Scene scene;
        scene.options.prune = true;
        scene.owned("Widget/tenant/a", "u1");
        scene.owned("Widget/tenant/b", "u2");
        scene.owned("Widget/tenant/c", "u3");
        scene.records[1].depends_on = {"Widget/tenant/a"};
        scene.options.targets = {address("Widget/tenant/a")};

        CHECK(addresses(scene.plan()) == Lines{"Widget/tenant/b", "Widget/tenant/a"});
    }

    TEST_CASE("--exclude on what a container holds keeps the container")
    {
        Scene scene;
        scene.options.prune = true;
        scene.project("p", "s1");
        scene.owned("Box/tenant/p", "s1");
        scene.owned("Gadget/p/g", "u1");
        scene.seen.contents[{"Box/tenant/p", "s1"}].emplace_back("Gadget/p/g", "u1");
        scene.options.excludes = {address("Gadget/p/g")};

        CHECK(scene.plan().actions.empty());
    }

    TEST_CASE("--project keeps what is in the project, and the project")
    {
        Scene scene;
        scene.project("q", "s2");
        scene.declare("Box/tenant/p");
        scene.declare("Gadget/p/g");
        scene.declare("Gadget/q/g");
        scene.declare("Widget/tenant/a");
        scene.owned("Gadget/q/old", "u1");
        scene.options.project = "p";

        const Plan plan = scene.plan();

        CHECK(addresses(plan) == Lines{"Box/tenant/p", "Gadget/p/g"});
        CHECK(plan.counts.create == 2);
        CHECK(plan.prunable.empty());
    }

    TEST_CASE("--project: what needs a write outside of it is blocked, with what needs that")
    {
        Scene scene;
        scene.project("p", "s1");
        scene.declare("Widget/tenant/new");
        scene.declare("Widget/tenant/there");
        scene.owned("Widget/tenant/there", "u1");
        scene.depend(scene.declare("Gadget/p/needs-new"), "Widget/tenant/new");
        scene.depend(scene.declare("Gadget/p/needs-that"), "Gadget/p/needs-new");
        scene.depend(scene.declare("Gadget/p/needs-old"), "Widget/tenant/there");
        scene.options.project = "p";

        const Plan plan = scene.plan();

        CHECK(lines_of(plan) == Lines{"blocked Gadget/p/needs-new (dependency)",
                                      "blocked Gadget/p/needs-that (dependency)",
                                      "create Gadget/p/needs-old (not_found)"});
        CHECK(plan.actions[0].message ==
              "it waits for Widget/tenant/new, which is not part of this run");
    }
}

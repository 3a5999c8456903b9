#include "tests/support/diffs.hpp"
#include "tests/support/scene.hpp"

#include <doctest/doctest.h>

using namespace trueup;
using namespace trueup::test;

namespace {

constexpr const char* g = "Gadget/p/g";

} // namespace

TEST_SUITE("plan: scopes")
{
    TEST_CASE("a project that is created in the same plan: its scope is empty and pending")
    {
        Scene scene;
        scene.declare("Box/tenant/p");
        scene.declare(g);
        scene.project("p", "");

        const Action action = scene.action(g);

        CHECK(line_of(action) == "create Gadget/p/g (not_found)");
        CHECK(action.scope_pending);
        CHECK(action.scope.project == "p");
    }

    TEST_CASE("a project that exists: its uid is the scope")
    {
        Scene scene;
        scene.declare(g);
        scene.project("p", "s1");

        const Action action = scene.action(g);

        CHECK(action.verb == Verb::create);
        CHECK(action.scope == Scope("p", "s1"));
        CHECK_FALSE(action.scope_pending);
    }

    TEST_CASE("a project that is neither declared nor existing is an error of the resource")
    {
        Scene scene;
        scene.declare(g);
        scene.project("p", "");

        const Action action = scene.action(g);

        CHECK(line_of(action) == "blocked Gadget/p/g (no_project)");
        CHECK(action.message == "the project p is neither declared nor does it exist");
    }

    TEST_CASE("a project that is blocked blocks what is to be in it")
    {
        Scene scene;
        scene.declare("Box/tenant/p");
        scene.declare(g);
        scene.seen.failures["Box/tenant/p"] = "the list said 500";
        scene.project("p", "");

        CHECK(line_of(scene.action(g)) == "blocked Gadget/p/g (dependency)");
    }

    TEST_CASE("a project that was created anew under its name is another scope")
    {
        Scene scene;
        scene.project("p", "old");
        scene.owned(g, "u1", "spec: {note: x}");
        scene.project("p", "new");
        scene.declare(g, "spec: {note: x}");
        CHECK(line_of(scene.action(g)) == "create Gadget/p/g (not_found)");
        CHECK(scene.action(g).scope.uid == "new");
        CHECK(scene.action(g).last == nullptr);

        scene.exists(g, "u2", "spec: {note: theirs}");
        CHECK(line_of(scene.action(g)) == "blocked Gadget/p/g (exists_differs)");
    }

    TEST_CASE("a project that is gone and declared is created again, with what was in it")
    {
        Scene scene;
        scene.project("p", "old");
        scene.owned(g, "u1");
        scene.seen.sightings[g].by_uid.reset();
        scene.project("p", "");
        scene.declare("Box/tenant/p");
        scene.lost("Box/tenant/p", "old");
        scene.declare(g);

        CHECK(lines_of(scene.plan()) ==
              Lines{"create Box/tenant/p (missing)", "create Gadget/p/g (missing)"});
        CHECK(scene.action(g).scope_pending);
    }

    TEST_CASE("a project that is called tenant is not the tenant scope")
    {
        Scene scene;
        scene.declare("Gadget/project:tenant/g");
        scene.declare("Gadget/tenant/g");
        scene.project("tenant", "s1");

        CHECK(scene.action("Gadget/project:tenant/g").scope == Scope("tenant", "s1"));
        CHECK(scene.action("Gadget/tenant/g").scope == Scope());
    }
}

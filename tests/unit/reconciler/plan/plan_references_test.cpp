#include "tests/support/diffs.hpp"
#include "tests/support/scene.hpp"

#include <doctest/doctest.h>

using namespace trueup;
using namespace trueup::test;

namespace {

constexpr const char* a = "Widget/tenant/a";
constexpr const char* b = "Widget/tenant/b";

// `b` refers to `a`.
Scene scene(std::string field = {})
{
    Scene made;
    made.declare(b, with(Map{}, "spec.ownerUid", reference(a, std::move(field))));
    return made;
}

std::string owner_of(const Action& action)
{
    return shown(*find(action.desired, path("spec.ownerUid")));
}

} // namespace

TEST_SUITE("plan: references")
{
    TEST_CASE("to something that is created: known after apply, and ordered before")
    {
        Scene made = scene();
        made.declare(a);

        const Plan plan = made.plan();

        CHECK(lines_of(plan) ==
              Lines{"create Widget/tenant/a (not_found)", "create Widget/tenant/b (not_found)"});
        CHECK(owner_of(plan.actions[1]) == "?");
        CHECK(plan.actions[1].depends_on == Lines{a});
    }

    TEST_CASE("to something that is there: its uid")
    {
        Scene made = scene();
        made.declare(a);
        made.owned(a, "u1");

        CHECK(owner_of(made.action(b)) == R"("u1")");
    }

    TEST_CASE("to something that is not declared: its uid, if it exists once")
    {
        Scene made = scene();
        made.exists(a, "u1");
        CHECK(owner_of(made.action(b)) == R"("u1")");

        made.exists(a, "u2");
        CHECK(line_of(made.action(b)) == "blocked Widget/tenant/b (unresolved)");

        Scene nowhere = scene();
        CHECK(line_of(nowhere.action(b)) == "blocked Widget/tenant/b (unresolved)");
        CHECK(nowhere.action(b).message == "Widget/tenant/a is neither declared nor does it exist");
    }

    TEST_CASE("to something of which nothing is known: that is said, not that it does not exist")
    {
        Scene made = scene();
        made.seen.failures[a] = "the list said 500";

        const Action action = made.action(b);

        CHECK(line_of(action) == "blocked Widget/tenant/b (unobserved)");
        CHECK(action.message.find("the list said 500") != std::string::npos);
    }

    TEST_CASE("to a built-in object: fine")
    {
        Scene made = scene();
        made.exists(a, "u1").builtin = true;

        CHECK(made.action(b).verb == Verb::create);
    }

    TEST_CASE("to a field: what the API says, or what is declared")
    {
        Scene made = scene("spec.revision");
        made.declare(a);
        made.owned(a, "u1", Map{}, tree("spec: {revision: 7}"));
        CHECK(owner_of(made.action(b)) == "7");

        Scene missing = scene("spec.nothing");
        missing.declare(a);
        missing.owned(a, "u1");
        CHECK(line_of(missing.action(b)) == "blocked Widget/tenant/b (unresolved)");
    }

    TEST_CASE("to a field that the same plan changes: the new value")
    {
        Scene made = scene("spec.note");
        made.declare(a, "spec: {note: new}");
        made.owned(a, "u1", "spec: {note: old}");

        CHECK(owner_of(made.action(b)) == R"("new")");
    }

    TEST_CASE("the implicit reference to the project")
    {
        Scene made;
        made.declare("Gadget/p/g");
        made.declare("Box/tenant/p");

        const Plan plan = made.plan();

        CHECK(lines_of(plan) ==
              Lines{"create Box/tenant/p (not_found)", "create Gadget/p/g (not_found)"});
        CHECK(plan.actions[1].depends_on == Lines{"Box/tenant/p"});
    }

    TEST_CASE("M06: a cycle is an error with its path and places")
    {
        Scene made;
        Manifest& first = made.declare(a, with(Map{}, "spec.ownerUid", reference(b)));
        first.place = Place{3, 1};
        Manifest& second = made.declare(b);
        made.depend(second, "Widget/tenant/c");
        Manifest& third = made.declare("Widget/tenant/c");
        made.depend(third, a);

        const auto plan = made.try_plan();

        REQUIRE_FALSE(plan.has_value());
        CHECK(plan.error().code == Errc::invalid_input);
        CHECK(plan.error().message ==
              "these depend on each other: Widget/tenant/a (shop.yaml:3) -> Widget/tenant/b "
              "(shop.yaml:1) -> Widget/tenant/c (shop.yaml:1) -> Widget/tenant/a (shop.yaml:3)");
    }

    TEST_CASE("M05: a look-up finds one, none or several")
    {
        Scene made;
        const Value wanted = look_up("Widget", Map{{"name", "k8s"}, {"tag", "1.29"}});
        made.declare(b, with(Map{}, "spec.ownerUid", wanted));
        std::vector<std::string>& found = made.seen.lookups["Widget name=k8s tag=1.29"];

        CHECK(line_of(made.action(b)) == "blocked Widget/tenant/b (unresolved)");
        found = {"u1"};
        CHECK(owner_of(made.action(b)) == R"("u1")");
        found = {"u2", "u1"};
        CHECK(line_of(made.action(b)) == "blocked Widget/tenant/b (unresolved)");
        CHECK(made.action(b).message.find("finds 2 objects: u1 u2") != std::string::npos);

        made.seen.lookups.clear();
        CHECK(line_of(made.action(b)) == "blocked Widget/tenant/b (unobserved)");
    }

    TEST_CASE("a reference to what is blocked blocks, one to what is only unchanged does not")
    {
        Scene made = scene();
        made.declare(a, "spec: {note: mine}");
        made.exists(a, "u1", "spec: {note: theirs}");

        CHECK(line_of(made.action(b)) == "blocked Widget/tenant/b (dependency)");
    }
}

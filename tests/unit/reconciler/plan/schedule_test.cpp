#include "reconciler/plan/graph.hpp"
#include "reconciler/plan/schedule.hpp"
#include "tests/support/diffs.hpp"
#include "tests/support/scene.hpp"

#include <doctest/doctest.h>

using namespace trueup;
using namespace trueup::test;

namespace {

Action action_on(std::string name, Lines depends_on = {})
{
    Action action;
    action.address = address("Widget/tenant/" + name);
    for (const std::string& before : depends_on)
        action.depends_on.push_back("Widget/tenant/" + before);
    return action;
}

using Indices = std::vector<std::size_t>;

// All that may start now.
Indices startable(Schedule& schedule)
{
    Indices all;
    while (const auto next = schedule.next())
        all.push_back(*next);
    return all;
}

} // namespace

TEST_SUITE("plan: schedule")
{
    TEST_CASE("no level barriers: an action starts as soon as its own dependencies are done")
    {
        // 0 is slow; 1 -> 2 -> 3 is a chain beside it.
        Schedule schedule({action_on("slow"),
                           action_on("a"),
                           action_on("b", {"a"}),
                           action_on("c", {"b"}),
                           action_on("last", {"slow", "c"})});

        CHECK(startable(schedule) == Indices{0, 1});
        schedule.succeeded(1);
        CHECK(startable(schedule) == Indices{2});
        schedule.succeeded(2);
        CHECK(startable(schedule) == Indices{3});
        schedule.succeeded(3);
        CHECK(startable(schedule).empty());
        CHECK(schedule.running() == 1);
        CHECK_FALSE(schedule.finished());
        schedule.succeeded(0);
        CHECK(startable(schedule) == Indices{4});
        schedule.succeeded(4);
        CHECK(schedule.finished());
    }

    TEST_CASE("I: a failure skips what depends on it, directly or not, once, and nothing else")
    {
        Schedule schedule({action_on("a"),
                           action_on("b", {"a"}),
                           action_on("c", {"a"}),
                           action_on("d", {"b", "c"}),
                           action_on("e")});
        CHECK(startable(schedule) == Indices{0, 4});

        CHECK(schedule.failed(0) == Indices{1, 2, 3});
        schedule.succeeded(4);

        CHECK(startable(schedule).empty());
        CHECK(schedule.finished());
    }

    TEST_CASE("what waits for a failed and for a running one never runs")
    {
        Schedule schedule({action_on("a"), action_on("b"), action_on("c", {"a", "b"})});
        CHECK(startable(schedule) == Indices{0, 1});

        CHECK(schedule.failed(1) == Indices{2});
        schedule.succeeded(0);

        CHECK(startable(schedule).empty());
        CHECK(schedule.finished());
    }

    TEST_CASE("dependencies outside of the plan are no dependencies")
    {
        Schedule schedule({action_on("a", {"not-here"})});

        CHECK(startable(schedule) == Indices{0});
    }

    TEST_CASE("ready actions start in the order of the plan")
    {
        Schedule schedule({action_on("c"), action_on("b"), action_on("a")});

        CHECK(startable(schedule) == Indices{0, 1, 2});
    }
}

TEST_SUITE("plan: graph")
{
    TEST_CASE("the order is that of the names, as far as the edges allow")
    {
        const auto order = topological_order({"d", "b", "a", "c"}, {{}, {0}, {1}, {}});

        REQUIRE(order.has_value());
        CHECK(*order == Indices{3, 0, 1, 2});
    }

    TEST_CASE("what depends on nothing comes in the order of the names")
    {
        CHECK(*topological_order({"a", "b", "c"}, {{}, {}, {}}) == Indices{0, 1, 2});
        CHECK(*topological_order({"c", "a", "b"}, {{}, {}, {}}) == Indices{1, 2, 0});
        CHECK(*topological_order({"a", "b", "c"}, {{1}, {}, {}}) == Indices{1, 0, 2});
    }

    TEST_CASE("nothing to order")
    {
        CHECK(topological_order({}, {})->empty());
    }

    TEST_CASE("a cycle is named by its path alone, without what leads to it")
    {
        // e -> d -> b -> c -> d; a is free.
        const auto order = topological_order({"a", "b", "c", "d", "e"}, {{}, {2}, {3}, {1}, {3}});

        REQUIRE_FALSE(order.has_value());
        CHECK(order.error().code == Errc::invalid_input);
        CHECK(order.error().message == "these depend on each other: b -> c -> d -> b");
    }

    TEST_CASE("one that depends on itself is a cycle")
    {
        const auto order = topological_order({"a"}, {{0}});

        REQUIRE_FALSE(order.has_value());
        CHECK(order.error().message == "these depend on each other: a -> a");
    }
}

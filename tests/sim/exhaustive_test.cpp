// Every step of small worlds, and every pair of steps.

#include "tests/sim/scenarios.hpp"
#include "tests/sim/shrink.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string_view>

using namespace trueup::sim;

namespace {

void check_scenario(const Scenario& scenario, Depth depth)
{
    Exhausted exhausted = exhaust(scenario, depth, false);
    MESSAGE(std::string(scenario.name) << ": " << exhausted.runs << " runs");
    CHECK(exhausted.runs > 100);
    if (exhausted.failing == 0)
        return;
    SimOptions options;
    options.scenario = scenario;
    options.faults = exhausted.first_faults;
    options.keep_timeline = true;
    FAIL_CHECK(std::string(scenario.name)
               << ": " << exhausted.failing << " of " << exhausted.runs << " fail\n"
               << story_of(options, simulate(options)));
}

} // namespace

TEST_SUITE("sim: exhaustive")
{
    TEST_CASE("one fault at every step")
    {
        for (const Scenario& scenario : scenarios())
            check_scenario(scenario, Depth::single);
    }
}

TEST_SUITE("sim: pairs")
{
    TEST_CASE("a crash or a lost answer at every pair of steps")
    {
        for (const Scenario& scenario : scenarios())
            check_scenario(scenario, Depth::pairs);
    }
}

// Many seeds, and whether a seed says everything.

#include "tests/sim/environment.hpp"
#include "tests/sim/shrink.hpp"

#include <doctest/doctest.h>

#include <chrono>

using namespace trueup::sim;

TEST_SUITE("sim: seeds")
{
    TEST_CASE("every promise holds in every world")
    {
        const std::uint64_t from = number_of("SIM_FROM", 1);
        const std::uint64_t seeds = number_of("SIM_SEEDS", 1000);
        const std::uint64_t one = number_of("SIM_SEED", 0);
        for (std::uint64_t seed = one != 0 ? one : from; seed < (one != 0 ? one + 1 : from + seeds);
             ++seed) {
            SimOptions options;
            options.seed = seed;
            const SimResult result = simulate(options);
            if (result.violations.empty())
                continue;
            const SimResult shortest = shrink(options);
            FAIL_CHECK(story_of(options, shortest));
        }
    }

    TEST_CASE("a seed decides everything")
    {
        for (std::uint64_t seed = 1; seed <= 100; ++seed) {
            CAPTURE(seed);
            SimOptions options;
            options.seed = seed;
            const SimResult first = simulate(options);
            options.keep_timeline = true;
            const SimResult second = simulate(options);
            CHECK(first.hash == second.hash);
            CHECK(first.entries == second.entries);
            CHECK(second.lines.size() == second.entries);
        }
    }

    TEST_CASE("different seeds make different worlds")
    {
        SimOptions options;
        options.seed = 1;
        const SimResult one = simulate(options);
        options.seed = 2;
        CHECK(one.hash != simulate(options).hash);
    }
}

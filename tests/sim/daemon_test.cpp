// Days of the daemon in virtual time, and whether a seed says everything about one.

#include "tests/sim/daemon_day.hpp"
#include "tests/sim/environment.hpp"

#include <doctest/doctest.h>

using namespace trueup::sim;

TEST_SUITE("sim: days")
{
    TEST_CASE("every promise holds the whole day")
    {
        const std::uint64_t from = number_of("SIM_FROM", 1);
        const std::uint64_t days = number_of("SIM_DAYS", 30);
        const std::uint64_t one = number_of("SIM_DAY", 0);
        for (std::uint64_t seed = one != 0 ? one : from; seed < (one != 0 ? one + 1 : from + days);
             ++seed) {
            DayOptions options;
            options.seed = seed;
            const DayResult result = simulate_day(options);
            CHECK(result.rounds > 40);
            if (result.violations.empty())
                continue;
            FAIL_CHECK(story_of_day(options, shrink_day(options)));
        }
    }

    TEST_CASE("a seed decides the whole day")
    {
        const std::uint64_t from = number_of("SIM_FROM", 1);
        const std::uint64_t twice = number_of("SIM_DAYS_TWICE", 6);
        std::uint64_t before = 0;
        for (std::uint64_t seed = from; seed < from + twice; ++seed) {
            CAPTURE(seed);
            DayOptions options;
            options.seed = seed;
            const DayResult first = simulate_day(options);
            options.keep_timeline = true;
            const DayResult second = simulate_day(options);
            CHECK(first.hash == second.hash);
            CHECK(first.entries == second.entries);
            CHECK(second.lines.size() == second.entries);
            CHECK(first.hash != before);
            before = first.hash;
        }
    }
}

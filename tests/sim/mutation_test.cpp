// Whether the simulation would notice: each seeded bug of the product must be caught, by a small
// world or by one of the first seeds.

#include "state/model/mutation.hpp"
#include "tests/sim/scenarios.hpp"
#include "tests/sim/shrink.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <iostream>
#include <string>

namespace trueup {

Mutation active_mutation = Mutation::none;

} // namespace trueup

using namespace trueup;
using namespace trueup::sim;

namespace {

constexpr std::uint64_t seeds_max = 2000;

// Which small world or seed notices, and what it says; "" when none does.
std::string caught_by()
{
    for (const Scenario& scenario : scenarios()) {
        const Exhausted exhausted = exhaust(scenario, Depth::single, true);
        if (exhausted.failing != 0)
            return std::string(scenario.name) + ": " + exhausted.first.violations.front();
    }
    for (std::uint64_t seed = 1; seed <= seeds_max; ++seed) {
        SimOptions options;
        options.seed = seed;
        const SimResult result = simulate(options);
        if (!result.violations.empty())
            return "seed " + std::to_string(seed) + ": " + result.violations.front();
    }
    return {};
}

} // namespace

TEST_SUITE("sim: mutations")
{
    TEST_CASE("every seeded bug is caught")
    {
        const char* only = std::getenv("SIM_MUTATION");
        for (int number = 1; number < mutations; ++number) {
            if (only != nullptr && std::stoi(only) != number)
                continue;
            active_mutation = static_cast<Mutation>(number);
            const std::string how = caught_by();
            std::cout << "mutation " << number << " " << (how.empty() ? "SURVIVES" : how)
                      << std::endl;
            CHECK_MESSAGE(!how.empty(), "mutation ", number, " survives");
        }
        active_mutation = Mutation::none;
    }

    TEST_CASE("a failing seed is told with the fewest faults")
    {
        active_mutation = Mutation::resend_without_look;
        SimOptions options;
        SimResult result;
        for (std::uint64_t seed = 1; seed <= seeds_max && result.violations.empty(); ++seed) {
            options.seed = seed;
            result = simulate(options);
        }
        REQUIRE_FALSE(result.violations.empty());

        const SimResult shortest = shrink(options);

        CHECK_FALSE(shortest.violations.empty());
        CHECK(shortest.faults.size() <= result.faults.size());
        CHECK(shortest.faults.size() <= 2);
        CHECK_FALSE(shortest.lines.empty());
        active_mutation = Mutation::none;
    }
}

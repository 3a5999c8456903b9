// Whether the simulation would notice: each seeded bug of the product must be caught, by one of the
// first seeds or by a small world.

#include "state/model/mutation.hpp"
#include "tests/sim/environment.hpp"
#include "tests/sim/scenarios.hpp"
#include "tests/sim/shrink.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <string>
#include <string_view>

namespace trueup {

Mutation active_mutation = Mutation::none;

} // namespace trueup

using namespace trueup;
using namespace trueup::sim;

namespace {

constexpr std::uint64_t seeds_max = 2000;
// Most are noticed by these, in less time than the small worlds take.
constexpr std::uint64_t first_seeds = 600;

// Where the others are noticed. One that is not noticed there is looked for everywhere.
const std::map<Mutation, std::string_view> telling_worlds = {
    {Mutation::give_up_lost_create, "replace, create first"},
    {Mutation::ignore_pin, "update"},
    {Mutation::delete_what_changed, "delete"},
    {Mutation::forget_replaced, "replace, create first"},
    {Mutation::forget_new_record, "replace, create first"},
    {Mutation::failed_listing_is_empty, "one that exists, on a later page"},
    {Mutation::failed_read_is_absence, "create"},
    {Mutation::partial_list_is_all, "one that exists, on a later page"},
    {Mutation::any_mark_is_ours, "another of its kind"},
    {Mutation::skip_read_back, "update"},
};

// Which seed of these notices, and what it says; "" when none does.
std::string caught_by_seed(std::uint64_t from, std::uint64_t to)
{
    for (std::uint64_t seed = from; seed <= to; ++seed) {
        SimOptions options;
        options.seed = seed;
        const SimResult result = simulate(options);
        if (!result.violations.empty())
            return "seed " + std::to_string(seed) + ": " + result.violations.front();
    }
    return {};
}

// The same of a small world.
std::string caught_by(const Scenario& scenario)
{
    const Exhausted exhausted = exhaust(scenario, Depth::single, true);
    if (exhausted.failing == 0)
        return {};
    return std::string(scenario.name) + ": " + exhausted.first.violations.front();
}

std::string caught_by_small_world()
{
    for (const Scenario& scenario : scenarios())
        if (std::string how = caught_by(scenario); !how.empty())
            return how;
    return {};
}

std::string caught()
{
    std::string how;
    if (const auto told = telling_worlds.find(active_mutation); told != telling_worlds.end()) {
        const auto world = std::ranges::find(scenarios(), told->second, &Scenario::name);
        REQUIRE(world != scenarios().end());
        how = caught_by(*world);
    }
    if (how.empty())
        how = caught_by_seed(1, first_seeds);
    if (how.empty())
        how = caught_by_small_world();
    if (how.empty())
        how = caught_by_seed(first_seeds + 1, seeds_max);
    return how;
}

} // namespace

TEST_SUITE("sim: mutations")
{
    TEST_CASE("every seeded bug is caught")
    {
        constexpr auto end = static_cast<std::uint64_t>(mutations);
        const std::uint64_t one = number_of("SIM_MUTATION", 0);
        const std::uint64_t from = one != 0 ? one : number_of("SIM_FROM", 1);
        const std::uint64_t step = one != 0 ? end : number_of("SIM_STEP", 1);
        for (std::uint64_t number = from; number < end; number += step) {
            active_mutation = static_cast<Mutation>(number);
            const std::string how = caught();
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

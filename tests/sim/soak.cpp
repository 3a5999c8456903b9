// Runs as many seeds as it is told, one after the other, and says what it saw: for the soak script,
// and for one seed at a time with the whole story.
//
//   sim_soak --seeds N [--from M]     runs them; a summary at the end
//   SIM_SEED=n sim_soak               runs that one twice and tells its story
//   sim_soak --days N [--from M]      days of the daemon; SIM_DAY=n: the story of one

#include "tests/sim/daemon_day.hpp"
#include "tests/sim/shrink.hpp"
#include "tests/sim/simulate.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

using namespace trueup::sim;

namespace {

void tell(const SimResult& result)
{
    for (const std::string& line : result.lines)
        std::printf("%s\n", line.c_str());
    for (const Fault& fault : result.faults)
        std::printf("fault: %s\n", fault.text().c_str());
    for (const std::string& violation : result.violations)
        std::printf("VIOLATION %s\n", violation.c_str());
    std::printf("hash %016llx, %zu requests, %zu rounds, %zu crashes\n",
                static_cast<unsigned long long>(result.hash),
                result.requests,
                result.rounds,
                result.crashes);
}

// Runs it twice and tells its story; of one that fails, the shortest too.
int tell_seed(std::uint64_t seed)
{
    SimOptions options;
    options.seed = seed;
    options.keep_timeline = true;
    const SimResult first = simulate(options);
    tell(first);
    const SimResult second = simulate(options);
    std::printf("replayed: %s\n", first.hash == second.hash ? "the same" : "DIFFERENT");
    if (!first.violations.empty())
        std::printf("\nThe fewest faults with which it breaks:\n\n%s",
                    story_of(options, shrink(options)).c_str());
    return first.violations.empty() && first.hash == second.hash ? 0 : 1;
}

} // namespace

int main(int argc, char** argv)
{
    if (const char* seed = std::getenv("SIM_SEED"))
        return tell_seed(std::strtoull(seed, nullptr, 10));
    if (const char* day = std::getenv("SIM_DAY")) {
        DayOptions options;
        options.seed = std::strtoull(day, nullptr, 10);
        options.keep_timeline = true;
        const DayResult result =
            std::getenv("SIM_SHRINK") != nullptr ? shrink_day(options) : simulate_day(options);
        std::printf("%s", story_of_day(options, result).c_str());
        return result.violations.empty() ? 0 : 1;
    }
    std::uint64_t seeds = 1000;
    std::uint64_t days = 0;
    std::uint64_t from = 1;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string option = argv[i];
        const std::uint64_t number = std::strtoull(argv[i + 1], nullptr, 10);
        if (option == "--seeds")
            seeds = number;
        else
            (option == "--days" ? days : from) = number;
    }
    if (days != 0)
        return soak_days(from, days) == 0 ? 0 : 1;
    std::size_t requests = 0, crashes = 0, failing = 0, rounds = 0;
    std::array<std::size_t, fault_kinds> struck{};
    const auto begin = std::chrono::steady_clock::now();
    for (std::uint64_t seed = from; seed < from + seeds; ++seed) {
        SimOptions options;
        options.seed = seed;
        const SimResult result = simulate(options);
        requests += result.requests;
        crashes += result.crashes;
        rounds += result.rounds;
        for (std::size_t i = 0; i < fault_kinds; ++i)
            struck[i] += result.struck[i];
        // A soak of hours that is stopped must be able to say how far it came.
        if ((seed - from + 1) % 10000 == 0) {
            std::printf("reached %llu\n", static_cast<unsigned long long>(seed));
            std::fflush(stdout);
        }
        if (result.violations.empty())
            continue;
        ++failing;
        std::printf("seed %llu: %s\n",
                    static_cast<unsigned long long>(seed),
                    result.violations.front().c_str());
        std::fflush(stdout);
    }
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    std::printf(
        "seeds %llu, failing %zu, requests %zu, rounds %zu, crashes %zu, %.1f s, %.0f seeds/s\n",
        static_cast<unsigned long long>(seeds),
        failing,
        requests,
        rounds,
        crashes,
        seconds,
        static_cast<double>(seeds) / seconds);
    for (std::size_t i = 0; i < fault_kinds; ++i)
        std::printf("  %-13s %zu\n", name_of(static_cast<FaultKind>(i)), struck[i]);
    return failing == 0 ? 0 : 1;
}

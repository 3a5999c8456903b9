#include "tests/sim/shrink.hpp"

#include <cstdio>

namespace trueup::sim {

namespace {

// "A", of "A: ...".
char promise_of(const SimResult& result)
{
    return result.violations.empty() ? '\0' : result.violations.front().front();
}

} // namespace

SimResult shrink(SimOptions options)
{
    options.keep_timeline = false;
    SimResult best = simulate(options);
    const char promise = promise_of(best);
    if (promise == '\0')
        return best;
    std::vector<Fault> faults = best.faults;
    for (bool shorter = true; shorter;) {
        shorter = false;
        for (std::size_t i = 0; i < faults.size(); ++i) {
            std::vector<Fault> fewer = faults;
            fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
            options.faults = fewer;
            if (promise_of(simulate(options)) != promise)
                continue;
            faults = std::move(fewer);
            shorter = true;
            --i;
        }
    }
    options.faults = faults;
    options.keep_timeline = true;
    return simulate(options);
}

std::string story_of(const SimOptions& options, const SimResult& result)
{
    std::string story;
    for (const std::string& line : result.lines)
        story += line + "\n";
    for (const Fault& fault : result.faults)
        story += "fault: " + fault.text() + "\n";
    for (const std::string& violation : result.violations)
        story += "VIOLATION " + violation + "\n";
    char hash[32];
    std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(result.hash));
    story += "hash " + std::string(hash) + ", " + std::to_string(result.requests) + " requests, " +
             std::to_string(result.rounds) + " rounds, " + std::to_string(result.crashes) +
             " crashes\n";
    if (!options.scenario)
        story += "again: SIM_SEED=" + std::to_string(options.seed) + "\n";
    return story;
}

} // namespace trueup::sim

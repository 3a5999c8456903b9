// Short stories of days that fail, and many days in a row.

#include "tests/sim/daemon_day.hpp"

#include <chrono>
#include <cstdio>

namespace trueup::sim {

namespace {

// What a violation says, without the resource that it names.
std::string promise_of(const DayResult& result)
{
    if (result.violations.empty())
        return {};
    const std::string& text = result.violations.front();
    return text.substr(0, 2) + text.substr(text.size() - std::min<std::size_t>(text.size(), 12));
}

} // namespace

// Halves first, then ever smaller pieces: a day has many events, of which few matter.
DayResult shrink_day(DayOptions options)
{
    options.keep_timeline = false;
    const DayResult first = simulate_day(options);
    const std::string promise = promise_of(first);
    if (promise.empty())
        return first;
    std::vector<DayEvent> events = first.events;
    for (std::size_t piece = (events.size() + 1) / 2; piece != 0; piece /= 2)
        for (std::size_t from = 0; from < events.size();) {
            std::vector<DayEvent> fewer = events;
            const auto begin = fewer.begin() + static_cast<std::ptrdiff_t>(from);
            const std::size_t count = std::min(piece, fewer.size() - from);
            fewer.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
            options.events = fewer;
            if (promise_of(simulate_day(options)) == promise)
                events = std::move(fewer);
            else
                from += count;
        }
    options.events = events;
    options.keep_timeline = true;
    return simulate_day(options);
}

std::string story_of_day(const DayOptions& options, const DayResult& result)
{
    std::string story;
    for (const std::string& line : result.lines)
        story += line + "\n";
    for (const DayEvent& event : result.events)
        story += "event: " + event.text() + "\n";
    for (const std::string& violation : result.violations)
        story += "VIOLATION " + violation + "\n";
    char hash[32];
    std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(result.hash));
    story += "hash " + std::string(hash) + ", " + std::to_string(result.requests) + " requests, " +
             std::to_string(result.rounds) + " rounds, " + std::to_string(result.lives) +
             " lives\n";
    story += "again: SIM_DAY=" + std::to_string(options.seed) + "\n";
    return story;
}

std::size_t soak_days(std::uint64_t from, std::uint64_t days)
{
    DayResult sum;
    std::size_t failing = 0;
    const auto begin = std::chrono::steady_clock::now();
    for (std::uint64_t seed = from; seed < from + days; ++seed) {
        DayOptions options;
        options.seed = seed;
        const DayResult day = simulate_day(options);
        sum.requests += day.requests;
        sum.writes += day.writes;
        sum.rounds += day.rounds;
        sum.lives += day.lives;
        sum.crashes += day.crashes;
        sum.approvals += day.approvals;
        sum.rounds_in_worst_hour = std::max(sum.rounds_in_worst_hour, day.rounds_in_worst_hour);
        sum.requests_in_worst_hour =
            std::max(sum.requests_in_worst_hour, day.requests_in_worst_hour);
        for (std::size_t i = 0; i < day_things; ++i)
            sum.happened[i] += day.happened[i];
        for (std::size_t i = 0; i < fault_kinds; ++i)
            sum.struck[i] += day.struck[i];
        if (day.violations.empty())
            continue;
        ++failing;
        std::printf("day %llu: %s\n",
                    static_cast<unsigned long long>(seed),
                    day.violations.front().c_str());
        std::fflush(stdout);
    }
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    std::printf("days %llu, failing %zu, requests %zu, writes %zu, rounds %zu, lives %zu, crashes "
                "%zu, approvals %zu, at most %zu rounds and %zu requests an hour, %.1f s\n",
                static_cast<unsigned long long>(days),
                failing,
                sum.requests,
                sum.writes,
                sum.rounds,
                sum.lives,
                sum.crashes,
                sum.approvals,
                sum.rounds_in_worst_hour,
                sum.requests_in_worst_hour,
                seconds);
    for (std::size_t i = 0; i < day_things; ++i)
        std::printf("  %-13s %zu\n", name_of(static_cast<DayThing>(i)), sum.happened[i]);
    for (std::size_t i = 0; i < fault_kinds; ++i)
        std::printf("  %-13s %zu\n", name_of(static_cast<FaultKind>(i)), sum.struck[i]);
    return failing;
}

} // namespace trueup::sim

// A day of the daemon in virtual time: a seed draws its configuration, what people and others do,
// and what goes wrong; after 24 hours all of that stops, and everything must come right.

#pragma once

#include "tests/sim/faults.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace trueup::sim {

// What happens in a day, besides the faults that come with `faults`.
enum class DayThing {
    // somebody writes manifests
    edit,       // one edit, which may be a broken file
    checkout,   // several files, one after the other
    locked,     // the same, slowly, under git's lock
    flip,       // all at once
    take_away,  // a file goes, and what is in it
    empty,      // nothing is there for a while
    unreadable, // a directory cannot be read for a while
    move,       // something goes to another file
    // others
    other_edit,
    other_remove,
    other_create,
    other_clone,
    // what goes wrong
    faults, // a bundle of FaultKinds
    crash,
    power_loss,
    state_lost,
    state_damaged,
    wall_jump,
    // people
    restart,
    reload,
    bad_reload,
    rotate,
    approve,
    approve_file,
    approve_wrong,
    suspend,
    resume,
    reconcile,
};

const char* name_of(DayThing thing);
inline constexpr std::size_t day_things = static_cast<std::size_t>(DayThing::reconcile) + 1;

struct DayEvent {
    DayThing thing = DayThing::edit;
    std::uint64_t at_ms = 0;
    std::uint64_t seed = 0; // of what it draws when it happens

    std::string text() const;
};

struct DayOptions {
    std::uint64_t seed = 1;
    std::optional<std::vector<DayEvent>> events; // in place of those that the seed draws
    bool keep_timeline = false;
};

struct DayResult {
    std::vector<std::string> violations; // "A: ..."
    std::vector<DayEvent> events;
    std::vector<std::string> lines; // with keep_timeline
    std::uint64_t hash = 0;         // over everything that happened
    std::size_t entries = 0;
    std::size_t requests = 0;
    std::size_t writes = 0; // that the server took
    std::size_t rounds = 0;
    std::size_t lives = 0;
    std::size_t crashes = 0;
    std::size_t approvals = 0;
    std::size_t rounds_in_worst_hour = 0;
    std::size_t requests_in_worst_hour = 0;
    std::array<std::size_t, day_things> happened{};
    std::array<std::size_t, fault_kinds> struck{};
};

// Same options, same result.
DayResult simulate_day(const DayOptions& options);

// The fewest events, leaving out some at a time, with which the day still breaks the same promise.
DayResult shrink_day(DayOptions options);
// The whole story of a result, and how to see it again.
std::string story_of_day(const DayOptions& options, const DayResult& result);

// Runs `days` days from a seed on, and says what it saw. Returns how many failed.
std::size_t soak_days(std::uint64_t from, std::uint64_t days);

} // namespace trueup::sim

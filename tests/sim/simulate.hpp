// One seed, one world, from beginning to end: a phase in which everything goes wrong that was
// drawn, and one in which nothing does any more and all must come right.

#pragma once

#include "tests/sim/faults.hpp"
#include "tests/sim/world.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace trueup::sim {

// A small world that is not drawn: the manifests of each round, the last of which stay in force.
struct Scenario {
    const char* name = "";
    std::vector<ManifestText> stages;
    bool prune = true;
    bool trusting = false;        // the catalogue that relies on the server's refusal of duplicates
    Duration async_duration{};    // until what is made is ready
    std::vector<Declared> before; // what exists when trueup first looks
};

struct SimOptions {
    std::uint64_t seed = 1;
    std::optional<Scenario> scenario;         // in place of the world that the seed draws
    std::optional<std::vector<Fault>> faults; // in place of those that the seed draws
    bool keep_timeline = false;
};

struct SimResult {
    std::vector<std::string> violations; // "A: ..."
    std::vector<Fault> faults;
    std::vector<std::string> lines; // with keep_timeline
    std::uint64_t hash = 0;         // over everything that happened
    std::size_t entries = 0;
    std::size_t requests = 0;
    std::size_t writes = 0;
    std::size_t crashes = 0;
    std::size_t rounds = 0;
    std::size_t events = 0; // that the program said, until the faults stopped
    std::size_t disk_operations = 0;
    std::size_t requests_before_calm = 0;
    std::size_t writes_before_calm = 0; // that the server was asked for
    std::array<std::size_t, fault_kinds> struck{};
};

// Same options, same result.
SimResult simulate(const SimOptions& options);

} // namespace trueup::sim

// Small worlds in which everything that can go wrong goes wrong once, and twice: a crash and a lost
// answer at every step, and at every pair of steps.

#pragma once

#include "tests/sim/simulate.hpp"

#include <functional>

namespace trueup::sim {

// Up to three resources each: create, update, delete, both orders of a replace, several steps.
const std::vector<Scenario>& scenarios();

enum class Depth {
    single, // each fault at each step
    pairs   // and each crash or lost answer with each later one
};

struct Exhausted {
    Exhausted() = default;

    std::size_t runs = 0;
    std::size_t failing = 0;
    std::vector<Fault> first_faults; // of the first that fails
    SimResult first;
};

// Runs all of them. Stops at the first failure when told so.
Exhausted exhaust(const Scenario& scenario, Depth depth, bool stop_at_first);

} // namespace trueup::sim

// Makes the story of a failing seed short: leaves out what need not go wrong for it to fail.

#pragma once

#include "tests/sim/simulate.hpp"

namespace trueup::sim {

// The fewest faults, leaving out one at a time, with which `options` still break the promise that
// they break with all of them. Empty `violations` in the result: they break none.
SimResult shrink(SimOptions options);

// The whole story of a result: faults, what happened, what was broken, and how to see it again.
std::string story_of(const SimOptions& options, const SimResult& result);

} // namespace trueup::sim

// What every simulated world starts from, made once: the kind catalogue, the sandbox's rules, and
// an empty state as the store makes it.

#pragma once

#include "api/sandbox/sandbox.hpp"
#include "state/model/kind.hpp"

#include <memory>
#include <string>

namespace trueup::sim {

struct Fixtures {
    Fixtures() = default;

    Catalogue catalogue; // as shipped, but that one kind has a field that cannot be changed
    Catalogue trusting;  // the same, and relies on the server's refusal of duplicate names
    std::shared_ptr<const sandbox::Rules> rules;
    std::string empty_state;
};

// Throws std::runtime_error when one of them cannot be made.
const Fixtures& fixtures();

} // namespace trueup::sim

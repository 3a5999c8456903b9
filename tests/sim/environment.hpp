// What the tests of the simulation are told from outside.

#pragma once

#include <cstdint>
#include <cstdlib>

namespace trueup::sim {

// The number that an environment variable holds, or `otherwise` where it is not set.
inline std::uint64_t number_of(const char* variable, std::uint64_t otherwise)
{
    const char* text = std::getenv(variable);
    return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

} // namespace trueup::sim

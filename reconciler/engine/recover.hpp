// What a start after a crash does first: finds out what became of the calls that were about to be
// made.

#pragma once

#include "reconciler/engine/engine.hpp"

#include <string>
#include <vector>

namespace trueup {

struct Recovery {
    Recovery() = default;

    std::size_t resolved = 0;
    std::vector<std::string> unresolved; // addresses, with the reason
};

// Resolves every open intent by look-up: the mark, then the natural key; else it says so and leaves
// the object alone. What `engine.hands_off` names stays as it is. Fails when the API or the store
// cannot be asked.
Task<Result<Recovery>> recover(Engine engine);

} // namespace trueup

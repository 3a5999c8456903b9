// The world as text, and back: for --data, and for comparing worlds.

#pragma once

#include "api/sandbox/world.hpp"
#include "state/model/result.hpp"

#include <string>

namespace trueup::sandbox {

// JSON, one object a line, by collection, scope and page order. Secrets are in it as they were
// sent.
std::string dump_world(const World& world);

// Puts what `text` holds in the place of everything in `world`. Fails with invalid_input, `world`
// unchanged.
Result<void> load_world(const std::string& text, World& world);

} // namespace trueup::sandbox

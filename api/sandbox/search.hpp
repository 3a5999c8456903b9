// The filter part of a dashboard search's body.

#pragma once

#include "api/sandbox/selection.hpp"

namespace trueup::sandbox {

// Adds what call.body.filter asks for. Returns the refusal of what cannot be read.
std::optional<Answer> read_search(const Call& call, World& world, Selection& selection);

} // namespace trueup::sandbox

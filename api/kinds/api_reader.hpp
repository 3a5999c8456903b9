// Reads the `api` section of a catalogue: what holds for every call, whatever the kind.

#pragma once

#include "api/kinds/call.hpp"
#include "api/kinds/section.hpp"
#include "state/model/kind.hpp"

#include <vector>

namespace trueup::kinds {

// The calls for login and bootstrap are added to `noted`.
ApiRules read_api(const Entry& at, std::vector<NotedCall>& noted, Diagnostics& diagnostics);

} // namespace trueup::kinds

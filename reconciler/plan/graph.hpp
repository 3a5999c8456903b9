// Orders things by what they depend on.

#pragma once

#include "state/model/result.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace trueup {

// edges[i] are the indices that must come before i. The order is the one in which names come, as
// far as the edges allow. Fails with invalid_input on a cycle; the message is its path, "a -> b ->
// a".
Result<std::vector<std::size_t>>
topological_order(const std::vector<std::string_view>& names,
                  const std::vector<std::vector<std::size_t>>& edges);

} // namespace trueup

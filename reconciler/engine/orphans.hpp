// What carries our mark, and nothing declares or remembers.

#pragma once

#include "reconciler/engine/observe.hpp"

#include <optional>

namespace trueup {

// Reads the orphans that lists show in part, as `options.refresh` says: a delete is decided on all
// that can be seen. What is gone, or not ours any more, leaves the orphans; of what cannot be read
// `found.failures` speaks. Returns an error that ends the observation. All outlive the call.
Task<std::optional<Error>> read_orphans(const Catalogue& catalogue,
                                        Observer& observer,
                                        const ObserveOptions& options,
                                        Observations& found);

} // namespace trueup

// What is remembered, in the place of what exists: for `plan --refresh none`, which looks at
// nothing.
//
// Pure. It knows nothing of drift, nothing of objects that are not ours, and proves nothing: no
// change may be made on its word.

#pragma once

#include "manifests/manifest.hpp"
#include "reconciler/plan/plan.hpp"
#include "state/store/store.hpp"

#include <vector>

namespace trueup {

// Every record as an object that is just as it was last applied. What would have to be looked at
// has a failure that says so: singletons and references of which nothing is remembered.
Observations recall(const Catalogue& catalogue,
                    const ManifestSet& manifests,
                    const std::vector<Record>& records);

} // namespace trueup

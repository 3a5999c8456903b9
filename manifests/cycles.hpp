// Finds resources that wait for each other in a circle.

#pragma once

#include "manifests/manifest.hpp"

namespace trueup::manifests {

// Follows references, dependsOn and the dependency of what is in a project on the manifest of that
// project. Each circle is an error that shows the whole way round, with file and line of each step.
void report_cycles(const ManifestSet& set, Diagnostics& diagnostics);

} // namespace trueup::manifests

// What a daemon says of itself, as people read it in a terminal.
//
// Pure. Texts that came from the API or from manifests are made harmless for terminals.

#pragma once

#include "reconciler/daemon/status.hpp"
#include "reconciler/plan/render.hpp"
#include "state/store/store.hpp"

#include <string>
#include <vector>

namespace trueup {

// `unhealthy`: the resources that are not Ready, or all of them.
std::string render_status(const DaemonStatus& status,
                          const std::vector<ResourceStatus>& unhealthy,
                          WallTime now);

// What was decided last about a resource, from what, what keeps it, and when it is tried again.
// `history`: its latest records, the newest first.
std::string render_explanation(const ResourceStatus& resource,
                               const std::vector<AuditRecord>& history,
                               const RenderOptions& options,
                               WallTime now);

// Its field changes, as a plan shows them.
std::string render_difference(const ResourceStatus& resource, const RenderOptions& options);

// One line for each, in the order given.
std::string render_history(const std::vector<AuditRecord>& records);

} // namespace trueup

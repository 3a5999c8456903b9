// How each resource fares after a round, for people and programs that ask. Pure.

#pragma once

#include "reconciler/daemon/gate.hpp"
#include "reconciler/engine/execute.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace trueup {

using ResourceStatuses = std::map<std::string, ResourceStatus>; // by address

// What the plan says of each resource, with what is known of it from before. Resources that are
// neither declared nor ours any more are left out.
ResourceStatuses describe(const std::vector<Action>& planned,
                          const ResourceStatuses& before,
                          const std::string& revision,
                          WallTime now);

// What became of it: `withheld` did not run, `report` did. `records` are those after the round.
void conclude(ResourceStatuses& statuses,
              const std::map<std::string, Withheld>& withheld,
              const std::map<std::string, Stuck>& stuck,
              const Report& report,
              const std::vector<Record>& records,
              const Memory& memory,
              const Catalogue& catalogue,
              WallTime now);

// How many of the records say that their resource is not ready yet. Of those without an action
// (they are not declared, or blocked) nobody looks whether they are by now.
std::size_t count_waiting(const std::vector<Record>& records,
                          const std::set<std::string>& acted_on);

// How many of those that were asked to go are waited for: that was in this round, or they are left
// alone for it. What is not deleted for another reason, nobody need look at for this one.
std::size_t count_going(const Memory& memory,
                        const std::map<std::string, Withheld>& withheld,
                        const std::set<std::string>& acted_on);

// Whether the plan still wants it to go, or cannot tell.
bool may_go(const ResourceStatuses& statuses, const std::string& address);

// Takes `since` over from `before` for those whose condition is as it was.
void keep_since(ResourceStatuses& statuses, const ResourceStatuses& before);

} // namespace trueup

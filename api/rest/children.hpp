// The calls that write the entries of a keyed collection inside a resource (ChildSet).
//
// Pure. Entries that nobody named as removed are never removed.

#pragma once

#include "api/rest/body.hpp"
#include "api/rest/provider.hpp"

#include <vector>

namespace trueup::rest {

// True when `change` is about an entry of `set`, or about all of it.
bool concerns(const ChildSet& set, const ChangePath& change);

// At most three calls: the entries to add, to change and to remove, each as one array. The calls
// have operation and body; the caller adds scope, uid and parameters. Fails with refused when an
// entry must not be sent (check_sendable).
Result<std::vector<WriteCall>> encode_children(const UpdateGoal& goal,
                                               const ChildSet& set,
                                               const Value& desired,
                                               const std::vector<ChangePath>& changes);

// The call that removes the entries of `entries`, the value at the set's field; nothing for none.
std::optional<WriteCall>
encode_removal(const Kind& kind, const ChildSet& set, const Value& entries);

} // namespace trueup::rest

// Between the shape of manifests and the shapes of the API: pure functions over a kind's schema.

#pragma once

#include "api/rest/provider.hpp"
#include "state/model/kind.hpp"
#include "state/model/resource.hpp"

#include <set>
#include <string>
#include <vector>

namespace trueup {

// An API item as an Observed in write shape: aliases followed (read_from), unknown fields dropped, mark,
// uid, builtin and scope recognised. `scope` is the scope that was asked. Fails with rejected when a field
// has a type that its schema forbids, or the item has no uid although its kind promises one.
Result<Observed> decode(const Kind& kind, const Scope& scope, Value item);

// The body of the kind's create call: the declared fields, plus the mark where the kind can hold one.
// Children that are written by calls of their own and create-only rules are respected.
Result<WriteCall>
encode_create(const Kind& kind, const Scope& scope, const Value& desired, const Mark& mark);

// The calls that bring `observed` (a fresh read, with raw) to `desired`: facets in their order, then
// children (add, change, remove). `changed` are the path texts that differ, from a Diff; a facet without one
// is not called. `removed` are paths that were last applied and are now gone. A facet that must send a
// sensitive field whose text is not at hand fails with refused: a mask is never sent back (design.md 6.F).
Result<std::vector<WriteCall>> encode_update(const Kind& kind,
                                             const Scope& scope,
                                             const Observed& observed,
                                             const Value& desired,
                                             const std::vector<std::string>& changed,
                                             const Mark& mark);

// The further steps of a create (such as a publish), in order. A step whose body names fields of which none
// is declared is left out.
Result<std::vector<WriteCall>> encode_steps(const Kind& kind,
                                            const Scope& scope,
                                            const std::string& uid,
                                            const std::vector<Operation>& steps,
                                            const Value& desired);

// The call that deletes it; for WhenDeleted::reset the write of the stated values, for entries the removal
// of the entries of `last_applied`, for leave nothing.
Result<std::vector<WriteCall>> encode_delete(const Kind& kind,
                                             const Scope& scope,
                                             const std::string& uid,
                                             const Value& last_applied);

} // namespace trueup

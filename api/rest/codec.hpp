// Between the shape of manifests and the shapes of the API: pure functions over a kind's schema.

#pragma once

#include "api/rest/provider.hpp"
#include "state/model/kind.hpp"
#include "state/model/resource.hpp"

#include <set>
#include <string>
#include <vector>

namespace trueup {

// An API item as an Observed in write shape: aliases followed (read_from), unknown fields dropped,
// mark, uid, builtin and scope recognised. `scope` is the scope that was asked, `uid` the uid that
// was asked for: not every answer to a read says it. Without one it is taken from where the kind's
// list has it. Fails with rejected when a field has a type that its schema forbids, or the item has
// no uid although its kind promises one. Observed::raw stays empty, and Observed::complete true.
Result<Observed> decode(const Kind& kind, const Scope& scope, Value item, std::string uid = {});

// The body of the kind's create call: the declared fields, plus the mark where the kind can hold
// one. Children that are written by calls of their own and create-only rules are respected.
Result<WriteCall>
encode_create(const Kind& kind, const Scope& scope, const Value& desired, const Mark& mark);

// The calls that follow another one, such as CreateCall::then or Readiness::start, with their
// bodies made from `desired`. A call whose body is made of fields that are all absent has nothing
// to say and is left out. `steps` are of the kind and outlive the calls.
Result<std::vector<WriteCall>> encode_steps(const Kind& kind,
                                            const Scope& scope,
                                            const std::string& uid,
                                            const std::vector<Operation>& steps,
                                            const Value& desired);

// The calls that bring `observed` (a fresh read, with raw) to `desired`: facets in their order,
// each with its steps, then children (add, change, remove). `changed` are the path texts that
// differ, from a Diff; a facet without one is not called. A changed path that `desired` does not
// have was last applied and is now gone: it is removed. The path of the mark's map in `changed` has
// the mark written. Steps that several facets share are taken once, after the last of them. Changes
// of immutable and of create-only fields have no call and are passed over. A facet that must send a
// sensitive field whose text is not at hand fails with refused: a mask is never sent back
// (design.md 6.F); so does a change that no call of the kind writes.
Result<std::vector<WriteCall>> encode_update(const Kind& kind,
                                             const Scope& scope,
                                             const Observed& observed,
                                             const Value& desired,
                                             const std::vector<std::string>& changed,
                                             const Mark& mark);

// The call that deletes it; for WhenDeleted::reset the write of the stated values, for entries the
// removal of the entries of `last_applied`, for leave nothing.
Result<std::vector<WriteCall>> encode_delete(const Kind& kind,
                                             const Scope& scope,
                                             const std::string& uid,
                                             const Value& last_applied);

} // namespace trueup

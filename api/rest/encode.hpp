// What the encoders of creates, updates and deletes share.

#pragma once

#include "api/rest/provider.hpp"
#include "api/rest/template.hpp"
#include "state/model/kind.hpp"
#include "state/model/resource.hpp"

#include <string>

namespace trueup::rest {

// What paths, queries and body templates may say of one object: "uid", "scopeUid" and
// "key:PATH" for the key fields that `shape` has.
Parameters
call_parameters(const Kind& kind, const Scope& scope, const std::string& uid, const Value& shape);

// A call of `operation`, which must outlive it, without a body.
WriteCall call_on(const Operation& operation,
                  const Scope& scope,
                  const std::string& uid,
                  const Parameters& parameters);

// Writes the mark into `body`, where the kind keeps it.
void put_mark(const Kind& kind, const Mark& mark, Value& body);

} // namespace trueup::rest

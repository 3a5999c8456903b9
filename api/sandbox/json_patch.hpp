// JSON Patch (RFC 6902) over Values: add, remove, replace, move and copy. Palette's v1HttpPatch has
// no `test`.

#pragma once

#include "state/model/result.hpp"
#include "state/model/value.hpp"

namespace trueup::sandbox {

// The document that `patch`, a list of operations, makes of `document`. Fails with invalid_input,
// naming the operation; nothing is half applied.
Result<Value> apply_json_patch(Value document, const Value& patch);

} // namespace trueup::sandbox

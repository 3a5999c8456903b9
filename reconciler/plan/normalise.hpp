// When two values of a field mean the same: the normalisers that a kind file can name.
//
// Pure.

#pragma once

#include "state/model/kind.hpp"
#include "state/model/value.hpp"

namespace trueup {

// The value in the one form that stands for all that mean the same: trimmed, lower case, numbers by
// value, quantities by amount, times in UTC, unordered lists sorted, embedded YAML or JSON parsed.
// Applied to everything inside.
Value normalised(const Field& field, const Value& value);

// True when both mean the same for `field`; absence and the default mean the same.
bool same(const Field& field, const Value* a, const Value* b);

} // namespace trueup

// Fills the templates of operations: {name} in paths and queries, {"$field": path} in bodies.

#pragma once

#include "state/model/kind.hpp"
#include "state/model/result.hpp"

#include <map>
#include <string>
#include <string_view>

namespace trueup {

using Parameters = std::map<std::string, std::string>;

// Replaces each {name}; with `encode` the values are percent-encoded for a path segment or query value.
// Fails with invalid_input on a name that is not among the parameters.
Result<std::string> fill_text(std::string_view text, const Parameters& parameters, bool encode);

// Replaces {name} in strings, as they are. Fails as fill_text.
Result<Value> fill_names(const Value& body, const Parameters& parameters);

// Replaces each {"$field": path} by the value at that path in `source`; members whose field is absent are
// left out, and so are objects of which nothing is left.
std::optional<Value> fill_fields(const Value& body, const Value& source);

// True when there is a {"$field": ...} in it.
bool has_fields(const Value& body);

} // namespace trueup

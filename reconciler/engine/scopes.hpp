// Which of the objects that others live in exist: projects, or what an API has in their place.

#pragma once

#include "api/rest/provider.hpp"

#include <map>
#include <set>
#include <string>

namespace trueup {

// The names that are asked for, by the kind of the scope.
using ScopeNames = std::map<std::string, std::set<std::string>>;

// The uid of each, by its address; "" where it does not exist. Fails with any error of a list or a
// look-up, and with rejected where several have one name. Everything passed by reference outlives
// the call.
Task<Result<std::map<std::string, std::string>>>
find_scopes(const Catalogue& catalogue, Observer& observer, ScopeNames wanted);

} // namespace trueup

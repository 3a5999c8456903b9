// Questions about whole collections: what a set of manifests asks about besides itself, and which
// objects meet a look-up.

#pragma once

#include "api/rest/provider.hpp"
#include "reconciler/plan/plan.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace trueup {

// Whether an error says something about the API as a whole, not about one collection or object.
bool is_fatal(const Error& error);

// What manifests ask about.
struct Questions {
    Questions() = default;

    std::set<std::string> undeclared;          // addresses that they refer to and none declares
    std::set<std::string> targets_with_fields; // of which they ask for a field, not only the uid
    std::map<std::string, Unknown> lookups;    // each once, by its text
};

Questions questions_in(const ManifestSet& manifests);

// The uids of the tenant's objects of `kind` that meet every criterion of `lookup`. Fails as the
// list does. Everything passed by reference outlives the call.
Task<Result<std::vector<std::string>>>
find_matching(Observer& observer, const Kind& kind, Lookup lookup);

} // namespace trueup

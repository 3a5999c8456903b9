// Finds out what exists of everything that is declared or remembered, with reads alone.
//
// It never takes "not seen" for "not there": what a walk of several pages missed is asked for by
// name or uid (design.md 7). A collection that cannot be read leaves its resources unobserved and
// the others alone.

#pragma once

#include "api/rest/provider.hpp"
#include "manifests/manifest.hpp"
#include "reconciler/plan/plan.hpp"
#include "state/model/clock.hpp"
#include "state/store/store.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace trueup {

enum class Refresh {
    full,      // every matched object is read by uid
    automatic, // list entries are trusted for the fields that they carry in full
    none,      // nothing is asked: see recall(). Only for plans that nobody carries out
};

struct ObserveOptions {
    ObserveOptions() = default;

    std::string owner_id;
    Refresh refresh = Refresh::automatic;
    bool prune = false; // also look for objects with our mark that nothing remembers
    bool destroy = false;
    std::set<std::string> released; // objects that we let go of, by object_key(): nobody's
    // What we wrote less than its kind's `settle` ago and cannot be seen may still be there:
    // nothing is concluded of it. Without a time, everything is taken for settled.
    std::optional<WallTime> now;
    std::size_t parallelism = 8;
};

// Fails with unauthorized, network, timed_out or throttled when the API cannot be asked at all, and
// with any error of listing the scopes. Everything passed in outlives the call.
Task<Result<Observations>> observe(const Catalogue& catalogue,
                                   const ManifestSet& manifests,
                                   const std::vector<Record>& records,
                                   Observer& observer,
                                   ObserveOptions options);

} // namespace trueup

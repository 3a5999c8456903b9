// What is declared when a revision has mistakes: what is sound in it, and the last good text of the
// rest.
//
// Pure. A file that cannot be read never means that its resources are to go: they keep their last
// good text, and where that is not known, nothing is deleted at all.

#pragma once

#include "manifests/source.hpp"
#include "reconciler/daemon/config.hpp"

#include <set>
#include <string>
#include <vector>

namespace trueup {

struct InForce {
    InForce() = default;

    ManifestSet manifests;
    // What a file that cannot be read declared last, and another file declares now.
    std::vector<Manifest> shadowed;
    std::string revision;
    bool known = false; // false: nothing that could be reconciled has been read yet
    std::vector<BrokenFile> broken;
    std::string deletes_blocked; // why nothing may be deleted; ""
    // Addresses that were declared, and are not since something cannot be read: they may have moved
    // into what cannot. They are not deleted either.
    std::set<std::string> unaccounted;
};

// `before` is what was in force until now; what reads as it did then stays what it was in memory.
// Whatever points into the catalogue goes on doing so.
InForce put_in_force(InForce before, Snapshot snapshot, BadManifest policy);

} // namespace trueup

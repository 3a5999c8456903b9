// What is declared when a revision has mistakes: what is sound in it, and the last good text of the
// rest.
//
// Pure. A file that cannot be read never means that its resources are to go: they keep their last
// good text, and where that is not known, nothing is deleted at all.

#pragma once

#include "manifests/source.hpp"
#include "reconciler/daemon/config.hpp"

#include <map>
#include <string>
#include <vector>

namespace trueup {

struct InForce {
    InForce() = default;

    ManifestSet manifests;
    std::map<std::string, std::vector<Manifest>> files; // of which it is made
    std::string revision;
    bool known = false; // false: nothing that could be reconciled has been read yet
    std::vector<BrokenFile> broken;
    std::string deletes_blocked; // why nothing may be deleted; ""
};

// `before` is what was in force until now. Whatever points into the catalogue goes on doing so.
InForce put_in_force(const InForce& before,
                     Snapshot snapshot,
                     BadManifest policy,
                     const Catalogue& catalogue);

} // namespace trueup

#include "reconciler/daemon/in_force.hpp"

#include "manifests/cycles.hpp"

#include <algorithm>
#include <set>

namespace trueup {

namespace {

using Files = std::map<std::string, std::vector<Manifest>>;

// `path` itself, or a file below it.
bool concerns(const std::string& path, const std::string& file)
{
    return file == path ||
           (file.starts_with(path) && (path.ends_with('/') || file[path.size()] == '/'));
}

// The manifests of all files, each address once: of two, what was read now counts and not what is
// kept of another time.
ManifestSet join(const Files& files, const std::set<std::string>& kept)
{
    std::map<std::string, const Manifest*> chosen;
    for (const bool old : {false, true})
        for (const auto& [name, manifests] : files)
            if (kept.contains(name) == old)
                for (const Manifest& manifest : manifests)
                    chosen.emplace(manifest.address.text(), &manifest);
    ManifestSet set;
    std::string digests;
    for (const auto& [address, manifest] : chosen) {
        digests += manifest->digest;
        set.manifests.push_back(*manifest);
    }
    set.digest = sha256_hex(digests);
    return set;
}

bool goes_round(const ManifestSet& set, const Catalogue& catalogue)
{
    Diagnostics diagnostics;
    manifests::report_cycles(set, catalogue, diagnostics);
    return diagnostics.has_errors();
}

// Everything stays as it was; what is broken now is told.
InForce keep_all(const InForce& before, std::vector<BrokenFile> broken, std::string why)
{
    InForce kept = before;
    for (BrokenFile& file : broken)
        file.last_good = before.known;
    kept.broken = std::move(broken);
    if (!before.known)
        kept.deletes_blocked = std::move(why);
    return kept;
}

} // namespace

InForce put_in_force(const InForce& before,
                     Snapshot snapshot,
                     BadManifest policy,
                     const Catalogue& catalogue)
{
    InForce now;
    now.revision = std::move(snapshot.revision);
    now.known = true;
    for (LoadedFile& file : snapshot.files)
        now.files.emplace(file.file, std::move(file.manifests));
    std::set<std::string> kept;
    bool everything = false;
    for (const Unreadable& unreadable : snapshot.unreadable) {
        BrokenFile broken;
        broken.file = unreadable.path;
        if (!unreadable.errors.empty())
            broken.error = unreadable.errors.front().text();
        everything = everything || unreadable.everything;
        for (const auto& [name, manifests] : before.files) {
            if (!concerns(unreadable.path, name) || now.files.contains(name))
                continue;
            now.files.emplace(name, manifests);
            kept.insert(name);
            broken.last_good = true;
        }
        if (!broken.last_good && now.deletes_blocked.empty())
            now.deletes_blocked =
                unreadable.path + " cannot be read, and what it declared is not known";
        now.broken.push_back(std::move(broken));
    }
    const bool all_or_nothing = policy == BadManifest::revision && !now.broken.empty();
    if (everything || all_or_nothing)
        return keep_all(before, std::move(now.broken), "the manifests cannot be read");
    now.manifests = join(now.files, kept);
    if (!kept.empty() && goes_round(now.manifests, catalogue))
        return keep_all(before, std::move(now.broken), "the manifests cannot be read");
    return now;
}

} // namespace trueup

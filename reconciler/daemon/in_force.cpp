#include "reconciler/daemon/in_force.hpp"

#include "manifests/cycles.hpp"

#include <algorithm>
#include <iterator>
#include <set>

namespace trueup {

namespace {

// `path` itself, or a file below it.
bool concerns(const std::string& path, const std::string& file)
{
    return file == path ||
           (file.starts_with(path) && (path.ends_with('/') || file[path.size()] == '/'));
}

// Whether `file` is one of those, or below one; they are told that its last good text is known.
bool is_broken(std::vector<BrokenFile>& broken, const std::string& file)
{
    bool found = false;
    for (BrokenFile& path : broken)
        if (concerns(path.file, file))
            found = path.last_good = true;
    return found;
}

// Puts in force what was read now, and of what is kept of another time what nothing else declares;
// of two that are kept the first counts.
void join(InForce& now, std::vector<Manifest> read, std::vector<Manifest> kept)
{
    std::ranges::move(kept, std::back_inserter(read));
    std::ranges::stable_sort(read, {}, &Manifest::address);
    std::vector<Manifest>& chosen = now.manifests.manifests;
    chosen.reserve(read.size());
    std::string digests;
    for (Manifest& manifest : read) {
        if (!chosen.empty() && chosen.back().address == manifest.address) {
            now.shadowed.push_back(std::move(manifest));
            continue;
        }
        digests += manifest.digest;
        chosen.push_back(std::move(manifest));
    }
    now.manifests.digest = sha256_hex(digests);
}

// What reads as it did is taken over as it lies in memory: what was read anew is then freed as a
// whole, and leaves no holes.
void keep_in_place(std::vector<Manifest>& now, std::vector<Manifest>& before)
{
    auto old = before.begin();
    for (Manifest& manifest : now) {
        while (old != before.end() && old->address < manifest.address)
            ++old;
        if (old != before.end() && reads_the_same(*old, manifest))
            manifest = std::move(*old);
    }
}

std::set<std::string> without_declared(std::set<std::string> addresses, const ManifestSet& set)
{
    for (const Manifest& manifest : set.manifests)
        addresses.erase(manifest.address.text());
    return addresses;
}

bool goes_round(const ManifestSet& set)
{
    Diagnostics diagnostics;
    manifests::report_cycles(set, diagnostics);
    return diagnostics.has_errors();
}

// Everything stays as it was; what is broken now is told.
InForce keep_all(InForce before, std::vector<BrokenFile> broken, std::string why)
{
    for (BrokenFile& file : broken)
        file.last_good = before.known;
    before.broken = std::move(broken);
    if (!before.known)
        before.deletes_blocked = std::move(why);
    return before;
}

} // namespace

InForce put_in_force(InForce before, Snapshot snapshot, BadManifest policy)
{
    InForce now;
    now.revision = std::move(snapshot.revision);
    now.known = true;
    std::vector<Manifest> read;
    std::set<std::string> files;
    for (LoadedFile& file : snapshot.files) {
        files.insert(file.file);
        std::ranges::move(file.manifests, std::back_inserter(read));
    }
    bool everything = false;
    for (const Unreadable& unreadable : snapshot.unreadable) {
        BrokenFile broken;
        broken.file = unreadable.path;
        if (!unreadable.errors.empty())
            broken.error = unreadable.errors.front().text();
        everything = everything || unreadable.everything;
        now.broken.push_back(std::move(broken));
    }
    std::vector<Manifest> kept;
    for (const std::vector<Manifest>* last : {&before.manifests.manifests, &before.shadowed})
        for (const Manifest& manifest : *last)
            if (!files.contains(manifest.file) && is_broken(now.broken, manifest.file))
                kept.push_back(manifest);
    for (const BrokenFile& broken : now.broken)
        if (!broken.last_good && now.deletes_blocked.empty())
            now.deletes_blocked =
                broken.file + " cannot be read, and what it declared is not known";
    std::set<std::string> declared_before = before.unaccounted;
    if (!now.broken.empty())
        for (const Manifest& manifest : before.manifests.manifests)
            declared_before.insert(manifest.address.text());
    const bool all_or_nothing = policy == BadManifest::revision && !now.broken.empty();
    const bool keeps_some = !kept.empty();
    if (!everything && !all_or_nothing) {
        join(now, std::move(read), std::move(kept));
        if (!now.broken.empty())
            now.unaccounted = without_declared(std::move(declared_before), now.manifests);
        if (!keeps_some || !goes_round(now.manifests)) {
            keep_in_place(now.manifests.manifests, before.manifests.manifests);
            return now;
        }
    }
    return keep_all(std::move(before), std::move(now.broken), "the manifests cannot be read");
}

} // namespace trueup

#include "reconciler/engine/recall.hpp"

#include <set>

namespace trueup {

namespace {

constexpr auto not_looked_at = "nothing is remembered of it, and --refresh none looks at nothing";

void recall_scopes(const Catalogue& catalogue,
                   const ManifestSet& manifests,
                   const std::vector<Record>& records,
                   Observations& found)
{
    for (const Manifest& manifest : manifests.manifests)
        if (const auto& name = manifest.address.project())
            found.scopes[scope_address(*manifest.kind, *name).text()];
    for (const Record& record : records) {
        const auto address = Address::parse(record.address);
        const Kind* kind = address ? catalogue.find(address->kind()) : nullptr;
        if (kind == nullptr)
            continue;
        if (address->project()) {
            std::string& uid = found.scopes[scope_address(*kind, *address->project()).text()];
            if (uid.empty())
                uid = record.scope_uid;
        } else if (kind->is_scope) {
            found.scopes[record.address] = record.uid;
        }
    }
}

} // namespace

Observations
recall(const Catalogue& catalogue, const ManifestSet& manifests, const std::vector<Record>& records)
{
    Observations found;
    recall_scopes(catalogue, manifests, records, found);
    std::set<std::string> known;
    for (const Record& record : records) {
        known.insert(record.address);
        Observed object;
        object.uid = record.uid;
        object.value = record.last_applied;
        Sighting& sighting = found.sightings[record.address];
        sighting.by_uid = std::move(object);
        sighting.uid_checked = true;
    }
    for (const Manifest& manifest : manifests.manifests) {
        const std::string address = manifest.address.text();
        if (manifest.kind->is_singleton() && !known.contains(address))
            found.failures[address] = not_looked_at;
    }
    for (const Manifest& manifest : manifests.manifests)
        known.insert(manifest.address.text());
    for (const Manifest& manifest : manifests.manifests)
        for (const Reference& reference : manifest.references)
            if (!known.contains(reference.target.text()))
                found.failures[reference.target.text()] = not_looked_at;
    return found;
}

} // namespace trueup

#include "reconciler/engine/gather.hpp"

#include "reconciler/engine/unknowns.hpp"

#include <algorithm>

namespace trueup {

namespace {

// "name" means the first key field; another single word is looked for in metadata and spec.
bool meets(const Kind& kind, const Value& object, const std::string& name, const Value& wanted)
{
    if (name == "name" && !kind.key.empty()) {
        const Value* value = find(object, kind.key.front());
        return value != nullptr && *value == wanted;
    }
    for (const std::string& prefix :
         {std::string(), std::string("metadata."), std::string("spec.")}) {
        const auto path = Path::parse(prefix + name);
        const Value* value = path ? find(object, *path) : nullptr;
        if (value != nullptr)
            return *value == wanted;
    }
    return false;
}

} // namespace

bool is_fatal(const Error& error)
{
    return error.code == Errc::unauthorized || error.code == Errc::network ||
           error.code == Errc::timed_out || error.code == Errc::throttled ||
           error.code == Errc::cancelled;
}

Questions questions_in(const ManifestSet& manifests)
{
    Questions questions;
    const auto keep = [&](const Unknown& unknown) {
        if (!unknown.field.empty())
            questions.targets_with_fields.insert(unknown.target);
        if (unknown.lookup)
            questions.lookups.emplace(unknown.text(), unknown);
    };
    for (const Manifest& manifest : manifests.manifests) {
        for_each_unknown(*manifest.body, keep);
        for (const Reference& reference : manifest.references)
            questions.undeclared.insert(reference.target.text());
    }
    for (const Manifest& manifest : manifests.manifests) {
        if (questions.undeclared.empty())
            break;
        questions.undeclared.erase(manifest.address.text());
    }
    return questions;
}

Task<Result<std::vector<std::string>>>
find_matching(Observer& observer, const Kind& kind, Lookup lookup)
{
    std::vector<std::string> uids;
    const auto keep = [&](std::vector<Observed> page) -> Result<void> {
        for (const Observed& object : page)
            if (std::ranges::all_of(lookup.criteria, [&](const Map::Entry& entry) {
                    return meets(kind, object.value, entry.first, entry.second);
                }))
                uids.push_back(object.uid);
        return {};
    };
    PageSink sink = keep;
    Scope tenant;
    CallContext context(kind.name);
    auto walk = co_await observer.list(kind, tenant, std::move(sink), std::move(context));
    if (!walk)
        co_return walk.error();
    co_return uids;
}

} // namespace trueup

#include "reconciler/engine/scopes.hpp"

#include "state/model/resource.hpp"

namespace trueup {

namespace {

using Uids = std::map<std::string, std::string>;

// What a list shows.
struct Shown {
    Shown() = default;

    Uids uids;                   // by name
    std::set<std::string> twice; // names that several have
};

Error not_unique(const Kind& parent, const std::string& name)
{
    return {Errc::rejected,
            "several are called " + name + ", and which of them is meant cannot be told",
            Address(parent.name, std::nullopt, {name}).text(),
            "give each a name of its own"};
}

Task<Result<WalkReport>> list_scopes(Observer& observer, const Kind& parent, Shown& shown)
{
    const auto keep = [&](std::vector<Observed> page) -> Result<void> {
        for (Observed& object : page) {
            const auto key = key_of(parent, object.value);
            if (key.size() != 1)
                continue;
            const auto [it, is_new] = shown.uids.emplace(key.front(), object.uid);
            if (!is_new && it->second != object.uid)
                shown.twice.insert(key.front());
        }
        return {};
    };
    PageSink sink = keep;
    CallContext context(parent.name);
    Scope tenant;
    auto walk = co_await observer.list(parent, tenant, std::move(sink), std::move(context));
    co_return walk;
}

Task<Result<std::string>> look_up_scope(Observer& observer, const Kind& parent, std::string name)
{
    std::vector<std::string> key;
    key.push_back(name);
    Scope tenant;
    CallContext context(parent.name);
    auto found = co_await observer.look_up(parent, tenant, std::move(key), std::move(context));
    if (!found)
        co_return found.error();
    if (found->size() > 1)
        co_return not_unique(parent, name);
    co_return found->empty() ? std::string() : found->front().uid;
}

} // namespace

Task<Result<Uids>> find_scopes(const Catalogue& catalogue, Observer& observer, ScopeNames wanted)
{
    Uids scopes;
    for (const auto& [parent, names] : wanted) {
        const Kind* kind = catalogue.find(parent);
        if (kind == nullptr)
            continue;
        Shown shown;
        auto walk = co_await list_scopes(observer, *kind, shown);
        if (!walk)
            co_return walk.error();
        for (const std::string& name : names) {
            if (shown.twice.contains(name))
                co_return not_unique(*kind, name);
            if (!shown.uids.contains(name) && !walk->proves_absence) {
                auto looked = co_await look_up_scope(observer, *kind, name);
                if (!looked)
                    co_return looked.error();
                shown.uids[name] = std::move(*looked);
            }
            scopes[Address(kind->name, std::nullopt, {name}).text()] = shown.uids[name];
        }
    }
    co_return scopes;
}

} // namespace trueup

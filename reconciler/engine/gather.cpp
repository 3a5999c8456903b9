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

namespace {

// Whether the field of an object names `uid`; nothing when the object does not show the field.
bool names(const Value& at, const std::string& uid)
{
    if (const List* list = at.if_list())
        return std::ranges::any_of(*list, [&](const Value& one) { return names(one, uid); });
    return at.string_or_empty() == uid;
}

// What a walk over a list found to be in a container.
struct Inside {
    Inside() = default;

    std::vector<Held> held;
    std::vector<Held> unsure; // entries that do not carry the field
    bool sure = false;        // the walk proves that there is nothing else

    bool is_same(const Inside& other) const
    {
        const auto same = [](const std::vector<Held>& a, const std::vector<Held>& b) {
            return std::ranges::is_permutation(a, b, {}, &Held::uid, &Held::uid);
        };
        return same(held, other.held) && same(unsure, other.unsure);
    }
};

// Where to look: the objects of `kind` in `scope`, with a `field` those that name `uid` there.
struct Where {
    Where() = default;

    const Kind* kind = nullptr;
    Scope scope;
    const Path* field = nullptr;
    std::string uid;
};

Task<std::optional<Inside>> walk_inside(Observer& observer, const Where& where)
{
    Inside inside;
    const auto keep = [&](std::vector<Observed> page) -> Result<void> {
        for (const Observed& object : page) {
            if (object.foreign_scope || object.builtin)
                continue;
            const Value* at = where.field != nullptr ? find(object.value, *where.field) : nullptr;
            Held held(address_of(*where.kind, where.scope.project, object.value).text(),
                      object.uid);
            if (where.field == nullptr || (at != nullptr && names(*at, where.uid)))
                inside.held.push_back(std::move(held));
            else if (at == nullptr && !object.complete)
                inside.unsure.push_back(std::move(held));
        }
        return {};
    };
    PageSink sink = keep;
    CallContext context(where.kind->name);
    auto walk =
        co_await observer.list(*where.kind, where.scope, std::move(sink), std::move(context));
    if (!walk)
        co_return std::nullopt;
    inside.sure = walk->proves_absence;
    co_return inside;
}

// Adds what is there. False: it cannot be told. A list of several pages is believed when two walks
// in a row agree (design.md 7).
Task<bool> add_held(Observer& observer, Where where, std::vector<Held>& contents)
{
    constexpr int walks_max = 4;
    std::optional<Inside> inside = co_await walk_inside(observer, where);
    for (int walk = 1; inside && !inside->sure; ++walk) {
        if (walk == walks_max)
            co_return false;
        auto again = co_await walk_inside(observer, where);
        if (again && again->is_same(*inside))
            again->sure = true;
        inside = std::move(again);
    }
    if (!inside)
        co_return false;
    contents.insert(contents.end(), inside->held.begin(), inside->held.end());
    for (const Held& held : inside->unsure) {
        CallContext about(held.address);
        std::string uid = held.uid;
        auto object =
            co_await observer.read(*where.kind, where.scope, std::move(uid), std::move(about));
        if (!object)
            co_return false;
        const Value* at = *object ? find((*object)->value, *where.field) : nullptr;
        if (at != nullptr && names(*at, where.uid))
            contents.push_back(held);
    }
    co_return true;
}

} // namespace

Task<std::optional<std::vector<Held>>>
list_contents(const Catalogue& catalogue, Observer& observer, Container container)
{
    std::vector<Held> contents;
    for (const Kind& kind : catalogue.kinds) {
        const bool is_inside = container.kind->is_scope && kind.parent == container.kind->name;
        if (!is_inside || !kind.list || kind.is_singleton())
            continue;
        Where where;
        where.kind = &kind;
        where.scope =
            Scope(trueup::key_of(*container.kind, container.address).front(), container.uid);
        const bool told = co_await add_held(observer, std::move(where), contents);
        if (!told)
            co_return std::nullopt;
    }
    for (const Holding& holding : container.kind->holds) {
        Where where;
        where.kind = catalogue.find(holding.kind);
        where.scope = container.scope;
        where.field = &holding.field;
        where.uid = container.uid;
        const bool told = co_await add_held(observer, std::move(where), contents);
        if (!told)
            co_return std::nullopt;
    }
    co_return contents;
}

} // namespace trueup

#include "reconciler/engine/contents.hpp"

#include "state/model/resource.hpp"

#include <algorithm>

namespace trueup {

namespace {

void add_names(const Value& at, std::vector<std::string>& names)
{
    if (const List* list = at.if_list())
        for (const Value& one : *list)
            add_names(one, names);
    else if (!at.string_or_empty().empty())
        names.push_back(at.string_or_empty());
}

bool is_required(const Kind& kind, const Path& path)
{
    const Field* field = &kind.schema;
    for (const std::string& name : path.names())
        if (field = field->find(name); field == nullptr)
            return false;
    return field->required;
}

} // namespace

Task<Inventory::Listing> Inventory::walk(const Kind& kind, Scope scope, const Path* field)
{
    Listing listing;
    bool is_shown = true;
    const bool required = field != nullptr && is_required(kind, *field);
    const auto keep = [&](std::vector<Observed> page) -> Result<void> {
        for (const Observed& object : page) {
            if (object.foreign_scope || object.builtin)
                continue;
            Entry entry(Held(address_of(kind, scope.project, object.value).text(), object.uid));
            const Value* at = field != nullptr ? find(object.value, *field) : nullptr;
            if (at != nullptr)
                add_names(*at, entry.in);
            entry.unread = field != nullptr && at == nullptr && !object.complete;
            is_shown = is_shown && (at != nullptr || entry.unread || !required);
            listing.entries.push_back(std::move(entry));
        }
        return {};
    };
    PageSink sink = keep;
    CallContext context(kind.name);
    auto walk = co_await observer_.list(kind, scope, std::move(sink), std::move(context));
    std::ranges::sort(listing.entries, {}, [](const Entry& entry) { return entry.held.uid; });
    listing.told = walk.has_value() && !walk->is_short && is_shown;
    listing.sure = listing.told && walk->proves_absence;
    co_return listing;
}

// A list of several pages is believed when two walks in a row agree (design.md 7).
Task<Inventory::Listing>
Inventory::walk_until_sure(const Kind& kind, Scope scope, const Path* field)
{
    constexpr int walks_max = 4;
    Listing listing = co_await walk(kind, scope, field);
    for (int walks = 1; listing.told && !listing.sure; ++walks) {
        Listing again = co_await walk(kind, scope, field);
        again.sure = again.told && again.entries == listing.entries;
        again.told = again.told && (again.sure || walks + 1 < walks_max);
        listing = std::move(again);
    }
    co_return listing;
}

Task<const Inventory::Listing*>
Inventory::listing_of(const Kind& kind, Scope scope, const Path* field)
{
    std::string key = kind.name + "\n" + scope.uid + "\n";
    if (field != nullptr)
        key += field->text();
    if (const auto known = listings_.find(key); known != listings_.end())
        co_return &known->second;
    Listing listing = co_await walk_until_sure(kind, scope, field);
    for (Entry& entry : listing.entries) {
        if (!entry.unread || !listing.told)
            continue;
        CallContext context(entry.held.address);
        std::string uid = entry.held.uid;
        auto object = co_await observer_.read(kind, scope, std::move(uid), std::move(context));
        const Value* at = object && *object ? find((*object)->value, *field) : nullptr;
        if (at != nullptr)
            add_names(*at, entry.in);
        const bool lacks_it = object && *object && at == nullptr && is_required(kind, *field);
        listing.told = object.has_value() && !lacks_it;
    }
    co_return &listings_.emplace(std::move(key), std::move(listing)).first->second;
}

Task<std::optional<std::vector<Held>>> Inventory::contents_of(Container container)
{
    std::vector<Held> contents;
    for (const Kind& kind : catalogue_.kinds) {
        const bool is_inside = container.kind->is_scope && kind.parent == container.kind->name;
        if (!is_inside || !kind.list || kind.is_singleton())
            continue;
        Scope inside(key_of(*container.kind, container.address).front(), container.uid);
        const Listing* listing = co_await listing_of(kind, std::move(inside), nullptr);
        if (!listing->told)
            co_return std::nullopt;
        for (const Entry& entry : listing->entries)
            contents.push_back(entry.held);
    }
    for (const Holding& holding : container.kind->holds) {
        const Kind* kind = catalogue_.find(holding.kind);
        Scope beside = container.scope;
        const Listing* listing = co_await listing_of(*kind, std::move(beside), &holding.field);
        if (!listing->told)
            co_return std::nullopt;
        for (const Entry& entry : listing->entries)
            if (std::ranges::find(entry.in, container.uid) != entry.in.end())
                contents.push_back(entry.held);
    }
    co_return contents;
}

} // namespace trueup

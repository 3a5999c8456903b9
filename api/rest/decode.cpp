#include "api/rest/codec.hpp"
#include "api/rest/shape.hpp"

namespace trueup {

namespace {

// Only one of the two keys makes a mark too: one that belongs to nobody we know.
std::optional<Mark> mark_in(const MarkPlace& place, const Value& item)
{
    const Value* at = find(item, place.map);
    const Map* map = at != nullptr ? at->if_map() : nullptr;
    const Value* owner = map != nullptr ? map->find(place.owner_key) : nullptr;
    const Value* address = map != nullptr ? map->find(place.address_key) : nullptr;
    if (owner == nullptr && address == nullptr)
        return std::nullopt;
    return Mark(owner != nullptr ? owner->string_or_empty() : std::string(),
                address != nullptr ? address->string_or_empty() : std::string());
}

void remove_mark(const MarkPlace& place, Value& value)
{
    Value* at = find(value, place.map);
    Map* map = at != nullptr ? at->if_map() : nullptr;
    if (map == nullptr)
        return;
    const bool had_owner = map->erase(place.owner_key);
    const bool had_address = map->erase(place.address_key);
    // A map that held nothing but the mark was not there before it.
    if ((had_owner || had_address) && map->empty())
        erase(value, place.map);
}

// kinds.md a.8: annotations.scope is tenant, project or system; other APIs say the project's uid.
bool is_of_other_scope(const std::string& said, const Scope& asked)
{
    if (said.empty())
        return false;
    if (!asked.project)
        return said != "tenant";
    return said != "project" && said != asked.uid;
}

// The uid of an item, or "" when it has none.
std::string uid_in(const ListCall& list, const Value& item)
{
    const Value* uid = list.uid.is_root() ? nullptr : find(item, list.uid);
    if (uid == nullptr)
        return {};
    if (uid->if_integer() != nullptr)
        return std::to_string(*uid->if_integer());
    return uid->string_or_empty();
}

} // namespace

Result<Observed> decode(const Kind& kind, const Scope& scope, Value item, std::string uid)
{
    Observed object;
    object.uid = std::move(uid);
    if (object.uid.empty() && kind.list && !kind.list->uid.is_root()) {
        object.uid = uid_in(*kind.list, item);
        if (object.uid.empty())
            return Error{Errc::rejected,
                         "an item of " + kind.name + " has no uid at " + kind.list->uid.text()};
    }
    if (kind.mark)
        object.mark = mark_in(*kind.mark, item);
    object.builtin = kind.builtin && kind.builtin->holds(item);
    if (kind.item_scope)
        if (const Value* said = find(item, *kind.item_scope))
            object.foreign_scope = is_of_other_scope(said->string_or_empty(), scope);
    if (kind.list && kind.list->unchanged)
        if (const Value* version = find(item, *kind.list->unchanged))
            object.version = *version;
    auto value = rest::decode_shape(kind.schema, std::move(item));
    if (!value) {
        Error error = value.error();
        error.message =
            kind.name + (object.uid.empty() ? "" : " " + object.uid) + ": " + error.message;
        return error;
    }
    object.value = std::move(*value);
    if (kind.mark)
        remove_mark(*kind.mark, object.value);
    return object;
}

} // namespace trueup

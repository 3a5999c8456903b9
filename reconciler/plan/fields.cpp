#include "reconciler/plan/fields.hpp"

#include <algorithm>

namespace trueup {

std::string element_step(const Field& list, const Value& element, std::size_t index)
{
    if (list.order == ListOrder::keyed && element.if_map() != nullptr) {
        const Value* key = element.if_map()->find(list.element_key);
        if (key != nullptr && key->if_string() != nullptr)
            return "[" + list.element_key + "=" + *key->if_string() + "]";
        if (key != nullptr && key->if_integer() != nullptr)
            return "[" + list.element_key + "=" + std::to_string(*key->if_integer()) + "]";
    }
    return "[" + std::to_string(index) + "]";
}

const Value* element_with_key(const Field& list, const Value* in, const Value& wanted)
{
    const List* elements = in != nullptr ? in->if_list() : nullptr;
    const Map* like = wanted.if_map();
    const Value* key = like != nullptr ? like->find(list.element_key) : nullptr;
    if (elements == nullptr || key == nullptr)
        return nullptr;
    for (const Value& element : *elements) {
        const Map* map = element.if_map();
        const Value* other = map != nullptr ? map->find(list.element_key) : nullptr;
        if (other != nullptr && *other == *key)
            return &element;
    }
    return nullptr;
}

bool has_hashes(const Value& value)
{
    if (const Map* map = value.if_map())
        return std::ranges::all_of(
            *map, [](const Map::Entry& entry) { return has_hashes(entry.second); });
    if (const List* list = value.if_list())
        return std::ranges::all_of(*list, has_hashes);
    const Secret* secret = value.if_secret();
    return secret == nullptr || !secret->hash().empty();
}

const Field& member_field(const Field& field, const std::string& name)
{
    static const Field any = [] {
        Field free;
        free.type = FieldType::any;
        return free;
    }();
    if (const Field* node = field.find(name))
        return *node;
    if (field.type == FieldType::map && !field.element.empty())
        return field.element.front();
    return any;
}

void conceal(const Field& field, Value& value)
{
    if (field.sensitive) {
        if (!value.is_null() && !value.is_secret() && !value.is_unknown())
            value = Secret::remembered("");
        return;
    }
    if (Map* map = value.if_map())
        for (auto& [name, member] : *map)
            conceal(member_field(field, name), member);
    if (List* list = value.if_list(); list != nullptr && !field.element.empty())
        for (Value& element : *list)
            conceal(field.element.front(), element);
}

bool is_unreadable(const Field& field, const Value* desired, const Value* last)
{
    return field.write_only || field.sensitive || (desired != nullptr && desired->is_secret()) ||
           (last != nullptr && last->is_secret());
}

} // namespace trueup

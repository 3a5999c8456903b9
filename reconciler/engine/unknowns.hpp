// Walks over what is known only later: the references and look-ups inside a tree.

#pragma once

#include "state/model/value.hpp"

namespace trueup {

// Calls `visit(const Unknown&)` for each Unknown inside `value`.
void for_each_unknown(const Value& value, const auto& visit)
{
    if (const Map* map = value.if_map()) {
        for (const auto& [name, member] : *map)
            for_each_unknown(member, visit);
    } else if (const List* list = value.if_list()) {
        for (const Value& item : *list)
            for_each_unknown(item, visit);
    } else if (const Unknown* unknown = value.if_unknown()) {
        visit(*unknown);
    }
}

} // namespace trueup

#include "state/model/shared_value.hpp"

#include <algorithm>

namespace trueup {

// The depth is bounded by the limits of the parsers.
bool identical(const Value& a, const Value& b)
{
    if (const Map* map = a.if_map()) {
        const Map* other = b.if_map();
        return other != nullptr && std::equal(map->begin(),
                                              map->end(),
                                              other->begin(),
                                              other->end(),
                                              [](const Map::Entry& left, const Map::Entry& right) {
                                                  return left.first == right.first &&
                                                         identical(left.second, right.second);
                                              });
    }
    if (const List* list = a.if_list()) {
        const List* other = b.if_list();
        return other != nullptr &&
               std::equal(list->begin(), list->end(), other->begin(), other->end(), identical);
    }
    if (const Decimal* decimal = a.if_decimal())
        return b.if_decimal() != nullptr && decimal->text == b.if_decimal()->text;
    return a == b;
}

SharedValue keep_once(SharedValue value, const SharedValue& known)
{
    return identical(value, known) ? known : value;
}

} // namespace trueup

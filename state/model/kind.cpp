#include "state/model/kind.hpp"

#include <algorithm>

namespace trueup {

const Field* Field::find(std::string_view member) const
{
    const auto it = std::ranges::find(fields, member, &Field::name);
    return it != fields.end() ? &*it : nullptr;
}

std::string_view name_of(OperationClass operation_class)
{
    switch (operation_class) {
    case OperationClass::read:
        return "read";
    case OperationClass::login:
        return "login";
    case OperationClass::idempotent:
        return "idempotent";
    case OperationClass::create:
        return "create";
    case OperationClass::action:
        return "action";
    }
    return "action";
}

bool Condition::holds(const Value& item) const
{
    const Value* value = trueup::find(item, path);
    return value != nullptr && std::ranges::find(any_of, *value) != any_of.end();
}

const Kind* Catalogue::find(std::string_view name) const
{
    const auto it = std::ranges::find(kinds, name, &Kind::name);
    return it != kinds.end() ? &*it : nullptr;
}

std::vector<std::string> Catalogue::names() const
{
    std::vector<std::string> names;
    names.reserve(kinds.size());
    for (const Kind& kind : kinds)
        names.push_back(kind.name);
    return names;
}

const Kind* Catalogue::scope_kind() const
{
    const auto it = std::ranges::find(kinds, true, &Kind::is_scope);
    return it != kinds.end() ? &*it : nullptr;
}

} // namespace trueup

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

std::vector<const Operation*> operations_of(const Kind& kind)
{
    std::vector<const Operation*> all;
    const auto take = [&all](const std::vector<Operation>& operations) {
        for (const Operation& operation : operations)
            all.push_back(&operation);
    };
    if (kind.list)
        all.push_back(&kind.list->call);
    all.push_back(&kind.read.call);
    for (const ExtraRead& extra : kind.read.more)
        all.push_back(&extra.call);
    if (kind.create) {
        all.push_back(&kind.create->call);
        take(kind.create->then);
    }
    for (const Facet& facet : kind.facets) {
        all.push_back(&facet.call);
        take(facet.then);
    }
    for (const ChildSet& set : kind.children)
        for (const Operation* operation : {&set.add, &set.change, &set.remove})
            all.push_back(operation);
    if (kind.remove)
        all.push_back(&*kind.remove);
    if (kind.readiness && kind.readiness->call)
        all.push_back(&*kind.readiness->call);
    if (kind.readiness && kind.readiness->start)
        all.push_back(&*kind.readiness->start);
    return all;
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

} // namespace trueup

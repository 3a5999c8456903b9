#include "state/model/resource.hpp"

namespace trueup {

namespace {

// The schema node at `path`, or null.
const Field* field_at(const Field& schema, const Path& path)
{
    const Field* at = &schema;
    for (const std::string& name : path.names()) {
        at = at->find(name);
        if (at == nullptr)
            return nullptr;
    }
    return at;
}

} // namespace

std::string address_mark(const Address& address)
{
    return sha256_hex(address.text()).substr(0, 32);
}

std::vector<std::string> key_of(const Kind& kind, const Value& value)
{
    std::vector<std::string> key;
    for (const Path& path : kind.key) {
        const Value* part = find(value, path);
        const Field* field = field_at(kind.schema, path);
        if (part != nullptr && part->if_string() != nullptr && !part->if_string()->empty())
            key.push_back(*part->if_string());
        else if (part != nullptr && part->if_integer() != nullptr)
            key.push_back(std::to_string(*part->if_integer()));
        else if (field != nullptr && field->default_value && field->default_value->if_string())
            key.push_back(*field->default_value->if_string());
    }
    return key;
}

std::vector<std::string> key_of(const Kind& kind, const Address& address)
{
    std::vector<std::string> key;
    std::string_view rest = address.name();
    while (key.size() + 1 < kind.key.size()) {
        const std::size_t at = rest.find('@');
        if (at == std::string_view::npos)
            break;
        key.push_back(percent_decode(rest.substr(0, at)).value_or(std::string(rest.substr(0, at))));
        rest.remove_prefix(at + 1);
    }
    if (!kind.key.empty())
        key.push_back(percent_decode(rest).value_or(std::string(rest)));
    return key;
}

Address address_of(const Kind& kind, const std::optional<std::string>& project, const Value& value)
{
    return {kind.name, project, key_of(kind, value)};
}

Address scope_address(const Kind& kind, const std::string& name)
{
    return {kind.parent, std::nullopt, {name}};
}

} // namespace trueup

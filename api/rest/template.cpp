#include "api/rest/template.hpp"

#include "state/model/address.hpp"

#include <algorithm>

namespace trueup {

namespace {

// The path of {"$field": path}, or null for any other value.
const std::string* field_reference(const Value& value)
{
    const Map* map = value.if_map();
    if (map == nullptr || map->size() != 1)
        return nullptr;
    const Value* path = map->find("$field");
    return path != nullptr ? path->if_string() : nullptr;
}

} // namespace

Result<std::string> fill_text(std::string_view text, const Parameters& parameters, bool encode)
{
    std::string filled;
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t open = text.find('{', i);
        const std::size_t close = text.find('}', open);
        if (open == std::string_view::npos || close == std::string_view::npos) {
            filled += text.substr(i);
            break;
        }
        filled += text.substr(i, open - i);
        const std::string name(text.substr(open + 1, close - open - 1));
        const auto it = parameters.find(name);
        if (it == parameters.end() || it->second.empty())
            return Error{Errc::invalid_input,
                         "nothing is known for {" + name + "}",
                         std::string(text)};
        filled += encode ? percent_encode(it->second, "@:+=") : it->second;
        i = close + 1;
    }
    return filled;
}

Result<Value> fill_names(const Value& body, const Parameters& parameters)
{
    if (const Map* map = body.if_map()) {
        Map filled;
        for (const auto& [name, member] : *map) {
            auto inner = fill_names(member, parameters);
            if (!inner)
                return inner;
            filled.append(name, std::move(*inner));
        }
        return Value(std::move(filled));
    }
    if (const List* list = body.if_list()) {
        List filled;
        for (const Value& item : *list) {
            auto inner = fill_names(item, parameters);
            if (!inner)
                return inner;
            filled.push_back(std::move(*inner));
        }
        return Value(std::move(filled));
    }
    if (const std::string* text = body.if_string()) {
        auto filled = fill_text(*text, parameters, false);
        if (!filled)
            return filled.error();
        return Value(std::move(*filled));
    }
    return body;
}

std::optional<Value> fill_fields(const Value& body, const Value& source)
{
    if (const std::string* reference = field_reference(body)) {
        const auto path = Path::parse(*reference);
        const Value* value = path ? find(source, *path) : nullptr;
        return value != nullptr ? std::optional<Value>(*value) : std::nullopt;
    }
    if (const Map* map = body.if_map()) {
        Map filled;
        for (const auto& [name, member] : *map)
            if (auto inner = fill_fields(member, source))
                filled.append(name, std::move(*inner));
        if (filled.empty() && !map->empty())
            return std::nullopt;
        return Value(std::move(filled));
    }
    if (const List* list = body.if_list()) {
        List filled;
        for (const Value& item : *list)
            if (auto inner = fill_fields(item, source))
                filled.push_back(std::move(*inner));
        return Value(std::move(filled));
    }
    return body;
}

bool has_fields(const Value& body)
{
    if (field_reference(body) != nullptr)
        return true;
    if (const Map* map = body.if_map())
        return std::ranges::any_of(
            *map, [](const Map::Entry& entry) { return has_fields(entry.second); });
    if (const List* list = body.if_list())
        return std::ranges::any_of(*list, has_fields);
    return false;
}

} // namespace trueup

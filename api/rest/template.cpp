#include "api/rest/template.hpp"

#include "state/model/address.hpp"

#include <optional>

namespace trueup::rest {

namespace {

constexpr std::string_view field_key = "$field";

bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == ':';
}

// The end of the parameter that opens at `open`, or npos when the brace means itself.
std::size_t end_of_parameter(std::string_view text, std::size_t open)
{
    std::size_t end = open + 1;
    while (end < text.size() && is_name_character(text[end]))
        ++end;
    return end > open + 1 && end < text.size() && text[end] == '}' ? end : std::string_view::npos;
}

Result<std::string> text_of(const std::string& name, const Value& value)
{
    if (const std::string* text = value.if_string())
        return *text;
    if (const std::int64_t* number = value.if_integer())
        return std::to_string(*number);
    if (const Secret* secret = value.if_secret(); secret != nullptr && secret->has_text())
        return std::string(secret->reveal());
    return Error{Errc::invalid_input,
                 "{" + name + "} stands for a " + std::string(value.type_name()) +
                     ", which cannot be part of a text"};
}

Result<std::string>
parameter_text(const std::string& name, const Parameters& parameters, Encoding encoding)
{
    const auto it = parameters.find(name);
    if (it == parameters.end())
        return Error{Errc::internal, "nothing is known that {" + name + "} stands for"};
    auto text = text_of(name, it->second);
    if (!text || encoding == Encoding::plain)
        return text;
    if (text->empty() || *text == "." || *text == "..")
        return Error{Errc::invalid_input,
                     "{" + name + "} is \"" + *text + "\", which cannot be part of a path"};
    return percent_encode(*text, "+=@:");
}

// The name of the parameter that `text` consists of, if it is one and nothing else.
std::optional<std::string> sole_parameter(std::string_view text)
{
    if (text.size() < 3 || text.front() != '{' || end_of_parameter(text, 0) != text.size() - 1)
        return std::nullopt;
    return std::string(text.substr(1, text.size() - 2));
}

// A {"$field": PATH} and nothing else.
const std::string* field_path(const Value& body)
{
    const Map* map = body.if_map();
    const Value* path = map != nullptr && map->size() == 1 ? map->find(field_key) : nullptr;
    return path != nullptr ? path->if_string() : nullptr;
}

// Nothing: it has no value and is left out.
Result<std::optional<Value>>
expand(const Value& body, const Parameters& parameters, const FieldSource& field);

Result<std::optional<Value>> expand_string(const std::string& text, const Parameters& parameters)
{
    if (const auto name = sole_parameter(text)) {
        const auto it = parameters.find(*name);
        if (it != parameters.end())
            return std::optional<Value>(it->second);
    }
    auto expanded = expand_text(text, parameters, Encoding::plain);
    if (!expanded)
        return expanded.error();
    return std::optional<Value>(std::move(*expanded));
}

Result<std::optional<Value>>
expand_map(const Map& map, const Parameters& parameters, const FieldSource& field)
{
    Map expanded;
    for (const auto& [name, value] : map) {
        auto entry = expand(value, parameters, field);
        if (!entry)
            return entry.error();
        if (*entry)
            expanded.append(name, std::move(**entry));
    }
    return std::optional<Value>(std::move(expanded));
}

Result<std::optional<Value>>
expand_list(const List& list, const Parameters& parameters, const FieldSource& field)
{
    List expanded;
    for (const Value& item : list) {
        auto entry = expand(item, parameters, field);
        if (!entry)
            return entry.error();
        if (*entry)
            expanded.push_back(std::move(**entry));
    }
    return std::optional<Value>(std::move(expanded));
}

Result<std::optional<Value>>
expand(const Value& body, const Parameters& parameters, const FieldSource& field)
{
    if (const std::string* path = field_path(body)) {
        const Value* value = field ? field(*path) : nullptr;
        if (value == nullptr || value->is_null())
            return std::optional<Value>();
        return std::optional<Value>(*value);
    }
    if (const Map* map = body.if_map())
        return expand_map(*map, parameters, field);
    if (const List* list = body.if_list())
        return expand_list(*list, parameters, field);
    if (const std::string* text = body.if_string())
        return expand_string(*text, parameters);
    return std::optional<Value>(body);
}

void collect_fields(const Value& body, std::vector<std::string>& paths)
{
    if (const std::string* path = field_path(body)) {
        paths.push_back(*path);
        return;
    }
    if (const Map* map = body.if_map())
        for (const auto& [name, value] : *map)
            collect_fields(value, paths);
    if (const List* list = body.if_list())
        for (const Value& item : *list)
            collect_fields(item, paths);
}

} // namespace

std::vector<std::string> parameter_names(std::string_view text)
{
    std::vector<std::string> names;
    for (std::size_t at = text.find('{'); at != std::string_view::npos;
         at = text.find('{', at + 1)) {
        const std::size_t end = end_of_parameter(text, at);
        if (end != std::string_view::npos)
            names.emplace_back(text.substr(at + 1, end - at - 1));
    }
    return names;
}

Result<std::string>
expand_text(std::string_view text, const Parameters& parameters, Encoding encoding)
{
    std::string expanded;
    std::size_t from = 0;
    for (std::size_t at = text.find('{'); at != std::string_view::npos; at = text.find('{', at)) {
        const std::size_t end = end_of_parameter(text, at);
        if (end == std::string_view::npos) {
            ++at;
            continue;
        }
        const std::string name(text.substr(at + 1, end - at - 1));
        auto value = parameter_text(name, parameters, encoding);
        if (!value)
            return value.error();
        expanded += text.substr(from, at - from);
        expanded += *value;
        from = end + 1;
        at = from;
    }
    expanded += text.substr(from);
    return expanded;
}

Result<Value> expand_body(const Value& body, const Parameters& parameters, const FieldSource& field)
{
    auto expanded = expand(body, parameters, field);
    if (!expanded)
        return expanded.error();
    return *expanded ? std::move(**expanded) : Value();
}

std::vector<std::string> fields_of(const Value& body)
{
    std::vector<std::string> paths;
    collect_fields(body, paths);
    return paths;
}

} // namespace trueup::rest

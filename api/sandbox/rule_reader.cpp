#include "api/sandbox/rule_reader.hpp"

#include <algorithm>

namespace trueup::sandbox {

Error wrong(const std::string& what)
{
    return Error{Errc::invalid_input, what};
}

const Value& member(const Map& map, std::string_view name)
{
    static const Value none;
    const Value* found = map.find(name);
    return found != nullptr ? *found : none;
}

const Map& map_or_empty(const Value& value)
{
    static const Map none;
    const Map* map = value.if_map();
    return map != nullptr ? *map : none;
}

const List& list_or_empty(const Value& value)
{
    static const List none;
    const List* list = value.if_list();
    return list != nullptr ? *list : none;
}

bool is_set(const Value& value)
{
    const bool* flag = value.if_bool();
    return flag != nullptr && *flag;
}

Result<void> only(const Map& map, std::initializer_list<std::string_view> known)
{
    for (const auto& [name, value] : map)
        if (std::ranges::find(known, name) == known.end())
            return wrong("unknown word '" + name + "'");
    return {};
}

Result<Path> read_path(const Value& written)
{
    if (written.if_string() == nullptr)
        return wrong("expected a path");
    return Path::parse(*written.if_string());
}

Result<std::vector<Path>> read_paths(const Value& written)
{
    std::vector<Path> paths;
    for (const Value& text : list_or_empty(written)) {
        auto path = read_path(text);
        if (!path)
            return path.error();
        paths.push_back(std::move(*path));
    }
    return paths;
}

Result<std::vector<std::pair<std::string, Path>>> read_named_paths(const Value& written)
{
    std::vector<std::pair<std::string, Path>> paths;
    for (const auto& [name, text] : map_or_empty(written)) {
        auto path = read_path(text);
        if (!path)
            return path.error();
        paths.emplace_back(name, std::move(*path));
    }
    return paths;
}

Result<std::optional<Expression>>
read_optional(const Map& map, std::string_view name, const Shows& shows)
{
    const Value* written = map.find(name);
    if (written == nullptr)
        return std::optional<Expression>{};
    // A route may call a show by its bare name.
    const Value* named = shows.find(written->string_or_empty());
    auto expression = read_expression(named != nullptr ? *named : *written, shows);
    if (!expression)
        return wrong(std::string(name) + ": " + expression.error().message);
    return std::optional<Expression>(std::move(*expression));
}

} // namespace trueup::sandbox

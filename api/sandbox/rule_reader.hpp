// What the readers of rule files share: members of maps, words, paths, and the names that a file
// defines.

#pragma once

#include "api/sandbox/rules.hpp"

#include <initializer_list>
#include <string_view>
#include <utility>

namespace trueup::sandbox {

// What the routes of one file may refer to by name.
struct Names {
    TypeNames types;
    Map sets;
    Shows shows;
    const Value* references = nullptr; // of bodies that name none of their own
};

// An invalid_input error.
Error wrong(const std::string& what);

// The enumerator that a word names. Fails with invalid_input.
template <class Enum>
Result<Enum> read_enum(const Value& written,
                       std::initializer_list<std::pair<std::string_view, Enum>> known)
{
    for (const auto& [name, value] : known)
        if (written.string_or_empty() == name)
            return value;
    return wrong("unknown word '" + written.string_or_empty() + "'");
}

// The member of a map, or null.
const Value& member(const Map& map, std::string_view name);
const Map& map_or_empty(const Value& value);
const List& list_or_empty(const Value& value);
bool is_set(const Value& value);

// Fails with invalid_input when the map has a member that is not among `known`.
Result<void> only(const Map& map, std::initializer_list<std::string_view> known);

Result<Path> read_path(const Value& written);
Result<std::vector<Path>> read_paths(const Value& written);
Result<std::vector<std::pair<std::string, Path>>> read_named_paths(const Value& written);
// The expression under `name`, if there is one; a bare name of a show will do.
Result<std::optional<Expression>>
read_optional(const Map& map, std::string_view name, const Shows& shows);

Result<Route> read_route(const Map& map, const Names& names);

} // namespace trueup::sandbox

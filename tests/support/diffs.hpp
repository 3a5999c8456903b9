// Diffs in one line for each change, so that a test says what an operator would read.

#pragma once

#include "reconciler/plan/diff.hpp"
#include "state/model/json.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace trueup::test {

inline std::string shown(const std::optional<Value>& value)
{
    if (!value)
        return "-";
    if (value->is_unknown())
        return "?";
    if (value->is_secret())
        return "***";
    return json::write(*value);
}

// "change spec.note: "a" -> "b" [drifted]"
inline std::string line_of(const FieldChange& change)
{
    std::string line = std::string(name_of(change.op)) + " " + change.path + ": " +
                       shown(change.before) + " -> " + shown(change.after) + " [" +
                       std::string(name_of(change.cause)) + "]";
    if (change.needs_replace)
        line += " replaces";
    return line;
}

inline std::vector<std::string> lines_of(const std::vector<FieldChange>& changes)
{
    std::vector<std::string> lines;
    for (const FieldChange& change : changes)
        lines.push_back(line_of(change));
    return lines;
}

inline std::vector<std::string> lines_of(const Diff& diff)
{
    std::vector<std::string> lines = lines_of(diff.changes);
    for (const std::string& path : diff.unverified)
        lines.push_back("unverified " + path);
    return lines;
}

using Lines = std::vector<std::string>;

} // namespace trueup::test

namespace doctest {

template <>
struct StringMaker<std::vector<std::string>> {
    static String convert(const std::vector<std::string>& lines)
    {
        std::string text;
        for (const std::string& line : lines)
            text += "\n    " + line;
        return text.empty() ? String("(none)") : String(text.c_str());
    }
};

} // namespace doctest

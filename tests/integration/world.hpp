// Compares two sandboxes whose uids and times differ but which should hold the same.

#pragma once

#include "state/model/json.hpp"
#include "state/model/path.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <string>
#include <vector>

namespace trueup::test {

// True for what the sandbox makes up itself: uids are 24 hex digits.
inline bool is_uid(const std::string& text)
{
    return text.size() == 24 &&
           std::ranges::all_of(text, [](unsigned char c) { return std::isxdigit(c) != 0; });
}

inline void collect_uids(const Value& value, std::vector<std::string>& uids)
{
    if (const Map* map = value.if_map()) {
        for (const auto& [name, member] : *map) {
            if (is_uid(name))
                uids.push_back(name);
            collect_uids(member, uids);
        }
    }
    if (const List* list = value.if_list())
        for (const Value& item : *list)
            collect_uids(item, uids);
    if (const std::string* text = value.if_string(); text != nullptr && is_uid(*text))
        uids.push_back(*text);
}

// The name that tells an object apart: its own, and its version.
inline std::string label_of(const Value& object)
{
    const auto text = [&](const char* path) {
        const Value* value = find(object, *Path::parse(path));
        return value != nullptr ? value->string_or_empty() : std::string();
    };
    for (const char* path : {"metadata.name", "data.metadata.name"})
        if (!text(path).empty())
            return text(path) + "@" + text("spec.version") + text("data.spec.version");
    return {};
}

inline void name_uids(const Value& value, std::map<std::string, std::string>& names)
{
    if (const Map* map = value.if_map()) {
        const Value* uid = map->find("uid");
        if (uid == nullptr)
            uid = find(value, *Path::parse("metadata.uid"));
        if (uid == nullptr)
            uid = find(value, *Path::parse("data.metadata.uid"));
        const std::string label = label_of(value);
        if (uid != nullptr && is_uid(uid->string_or_empty()) && !label.empty())
            names.emplace(uid->string_or_empty(), "<" + label + ">");
        for (const auto& [name, member] : *map)
            name_uids(member, names);
    }
    if (const List* list = value.if_list())
        for (const Value& item : *list)
            name_uids(item, names);
}

// "2026-03-01T12:00:00.000Z"
inline bool is_time(const std::string& text)
{
    return text.size() >= 20 && text.size() <= 30 && text[4] == '-' && text[10] == 'T' &&
           text.back() == 'Z';
}

inline bool is_time_or_sequence(const std::string& name)
{
    return name.find("imestamp") != std::string::npos || name.find("Time") != std::string::npos ||
           name == "token" || name == "sequence" || name == "seed" || name == "counter" ||
           name == "next" || name == "created" || name == "at" || name == "since";
}

inline Value without_accidents(const Value& value, const std::map<std::string, std::string>& names)
{
    const auto rename = [&](const std::string& text) {
        const auto it = names.find(text);
        return it != names.end() ? it->second : is_uid(text) ? std::string("<uid>") : text;
    };
    if (const Map* map = value.if_map()) {
        Map result;
        for (const auto& [name, member] : *map)
            if (!is_time_or_sequence(name))
                result.set(rename(name), without_accidents(member, names));
        return result;
    }
    if (const List* list = value.if_list()) {
        List result;
        for (const Value& item : *list)
            result.push_back(without_accidents(item, names));
        std::ranges::sort(result, {}, [](const Value& item) { return json::write(item); });
        return result;
    }
    if (const std::string* text = value.if_string())
        return is_time(*text) ? std::string("<time>") : rename(*text);
    return value;
}

// A dump with names in place of uids, without times, in an order of its own.
inline std::string comparable(const std::string& dump)
{
    auto value = json::parse(dump);
    if (!value)
        return "not JSON: " + value.error().message;
    // Beside the objects a dump holds counters, which count the tries too.
    const Value* objects = find(*value, *Path::parse("objects"));
    if (objects == nullptr)
        return "no objects";
    std::map<std::string, std::string> names;
    name_uids(*objects, names);
    return json::write_pretty(without_accidents(*objects, names));
}

// The first lines in which two texts differ, with some before them; "" when they are equal.
inline std::string first_difference(const std::string& a, const std::string& b)
{
    if (a == b)
        return {};
    std::size_t at = 0;
    while (at < a.size() && at < b.size() && a[at] == b[at])
        ++at;
    const std::size_t from = at > 500 ? at - 500 : 0;
    return "...\n" + a.substr(from, at - from) + "\n<<<<\n" + a.substr(at, 300) + "\n>>>>\n" +
           b.substr(at, 300);
}

} // namespace trueup::test

#include "manifests/ignore.hpp"

#include <fnmatch.h>

#include <algorithm>

namespace trueup::manifests {

namespace {

std::vector<std::string> parts_of(std::string_view way)
{
    std::vector<std::string> parts;
    while (!way.empty()) {
        const std::size_t end = std::min(way.find('/'), way.size());
        if (end > 0)
            parts.emplace_back(way.substr(0, end));
        way.remove_prefix(std::min(end + 1, way.size()));
    }
    return parts;
}

// Spaces at the end mean nothing unless a backslash stands before them.
void trim_end(std::string& line)
{
    while (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r')) {
        if (line.size() > 1 && line[line.size() - 2] == '\\')
            return;
        line.pop_back();
    }
}

} // namespace

IgnoreRules::IgnoreRules(std::string_view text)
{
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        add(std::string(text.substr(0, end)));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

void IgnoreRules::add(std::string line)
{
    trim_end(line);
    if (line.empty() || line.front() == '#')
        return;
    Rule rule;
    if (line.front() == '!') {
        rule.takes_back = true;
        line.erase(0, 1);
    }
    if (line.ends_with('/')) {
        rule.directories_only = true;
        line.pop_back();
    }
    // Without a slash in it, it is a name that may stand anywhere.
    const bool anywhere = line.find('/') == std::string::npos;
    rule.parts = parts_of(line);
    if (rule.parts.empty())
        return;
    if (anywhere)
        rule.parts.insert(rule.parts.begin(), "**");
    rules_.push_back(std::move(rule));
}

bool IgnoreRules::leaves_out(std::string_view way, bool is_directory) const
{
    const std::vector<std::string> parts = parts_of(way);
    const auto last = std::find_if(rules_.rbegin(), rules_.rend(), [&](const Rule& rule) {
        return (is_directory || !rule.directories_only) && fits(rule, parts);
    });
    return last != rules_.rend() && !last->takes_back;
}

// One part of the pattern at a time: after it, reached[j] says that the first j parts of the way
// can be what it and those before it stand for. So time is bounded by the product of both lengths.
bool IgnoreRules::fits(const Rule& rule, const std::vector<std::string>& way)
{
    std::vector<bool> reached(way.size() + 1, false);
    reached[0] = true;
    for (std::size_t i = 0; i < rule.parts.size(); ++i) {
        const std::string& part = rule.parts[i];
        std::vector<bool> next(way.size() + 1, false);
        if (part == "**") {
            // At the end it stands for what is inside, so for one part at least.
            const bool at_end = i + 1 == rule.parts.size();
            bool any = false;
            for (std::size_t j = 0; j <= way.size(); ++j) {
                next[j] = any || (reached[j] && !at_end);
                any = any || reached[j];
            }
        } else {
            for (std::size_t j = 0; j < way.size(); ++j)
                next[j + 1] = reached[j] && fnmatch(part.c_str(), way[j].c_str(), 0) == 0;
        }
        reached = std::move(next);
    }
    return reached[way.size()];
}

} // namespace trueup::manifests

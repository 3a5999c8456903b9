#include "state/model/path.hpp"

namespace trueup {

namespace {

bool is_plain(char c)
{
    return c != '.' && c != '[' && c != ']' && c != '"';
}

// Reads ["name"] at `i`, which stands on the bracket.
Result<std::string> quoted_name(std::string_view text, std::size_t& i)
{
    if (i + 1 >= text.size() || text[i + 1] != '"')
        return Error{Errc::invalid_input, "expected [\"name\"] in the path " + std::string(text)};
    const std::size_t end = text.find("\"]", i + 2);
    if (end == std::string_view::npos)
        return Error{Errc::invalid_input, "unclosed [\" in the path " + std::string(text)};
    std::string name(text.substr(i + 2, end - i - 2));
    i = end + 2;
    return name;
}

} // namespace

Result<Path> Path::parse(std::string_view text)
{
    if (text.empty() || text == "$")
        return Path{};
    std::vector<std::string> names;
    std::size_t i = 0;
    while (i < text.size()) {
        if (text[i] == '[') {
            auto name = quoted_name(text, i);
            if (!name)
                return name.error();
            names.push_back(std::move(*name));
        } else {
            if (!names.empty() && text[i] == '.')
                ++i;
            const std::size_t start = i;
            while (i < text.size() && is_plain(text[i]))
                ++i;
            if (i == start)
                return Error{Errc::invalid_input, "empty name in the path " + std::string(text)};
            names.emplace_back(text.substr(start, i - start));
        }
    }
    return Path{std::move(names)};
}

Path Path::child(std::string name) const
{
    std::vector<std::string> names = names_;
    names.push_back(std::move(name));
    return Path{std::move(names)};
}

bool Path::within(const Path& other) const
{
    if (other.names_.size() > names_.size())
        return false;
    for (std::size_t i = 0; i < other.names_.size(); ++i)
        if (names_[i] != other.names_[i])
            return false;
    return true;
}

std::string Path::text() const
{
    std::string text;
    for (const std::string& name : names_)
        text += step_text(name);
    if (!text.empty() && text.front() == '.')
        text.erase(0, 1);
    return text == "$" ? "[\"$\"]" : text; // a bare $ is the root
}

std::string step_text(std::string_view name)
{
    bool plain = !name.empty();
    for (const char c : name)
        plain = plain && is_plain(c);
    if (plain)
        return "." + std::string(name);
    return "[\"" + std::string(name) + "\"]";
}

const Value* find(const Value& root, const Path& path)
{
    const Value* at = &root;
    for (const std::string& name : path.names()) {
        const Map* map = at->if_map();
        at = map != nullptr ? map->find(name) : nullptr;
        if (at == nullptr)
            return nullptr;
    }
    return at;
}

Value* find(Value& root, const Path& path)
{
    // The result points into `root`, which the caller holds as mutable.
    return const_cast<Value*>(find(static_cast<const Value&>(root), path));
}

void put(Value& root, const Path& path, Value value)
{
    Value* at = &root;
    for (const std::string& name : path.names()) {
        if (at->if_map() == nullptr)
            *at = Map{};
        at = &(*at->if_map())[name];
    }
    *at = std::move(value);
}

bool erase(Value& root, const Path& path)
{
    if (path.is_root())
        return false;
    std::vector<std::string> above = path.names();
    const std::string last = std::move(above.back());
    above.pop_back();
    Value* parent = find(root, Path{std::move(above)});
    Map* map = parent != nullptr ? parent->if_map() : nullptr;
    return map != nullptr && map->erase(last);
}

} // namespace trueup

#include "api/sandbox/json_patch.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

namespace trueup::sandbox {

namespace {

using Tokens = std::vector<std::string>;

constexpr std::size_t operations_max = 1000;

Error refused(const std::string& what)
{
    return Error{Errc::invalid_input, what};
}

// Splits a JSON pointer; "~1" is a slash, "~0" a tilde.
Result<Tokens> parse_pointer(const std::string& text)
{
    if (text.empty() || text.front() != '/')
        return refused("a path starts with /: '" + text + "'");
    Tokens tokens(1);
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '/')
            tokens.emplace_back();
        else if (text.compare(i, 2, "~1") == 0)
            tokens.back() += '/', ++i;
        else if (text.compare(i, 2, "~0") == 0)
            tokens.back() += '~', ++i;
        else
            tokens.back() += text[i];
    }
    return tokens;
}

std::optional<std::size_t> index_in(const std::string& token, std::size_t size)
{
    std::size_t index = 0;
    const char* end = token.data() + token.size();
    const auto read = std::from_chars(token.data(), end, index);
    if (read.ec != std::errc{} || read.ptr != end || index >= size)
        return std::nullopt;
    return index;
}

Value* step(Value& at, const std::string& token)
{
    if (Map* map = at.if_map())
        return map->find(token);
    List* list = at.if_list();
    const auto index = list != nullptr ? index_in(token, list->size()) : std::nullopt;
    return index ? &(*list)[*index] : nullptr;
}

// The value that holds the last token of the path.
Value* parent_of(Value& document, const Tokens& path)
{
    Value* at = &document;
    for (std::size_t i = 0; i + 1 < path.size() && at != nullptr; ++i)
        at = step(*at, path[i]);
    return at;
}

Result<void> add(Value& document, const Tokens& path, Value value)
{
    Value* parent = parent_of(document, path);
    if (parent != nullptr && parent->if_map() != nullptr) {
        parent->if_map()->set(path.back(), std::move(value));
        return {};
    }
    List* list = parent != nullptr ? parent->if_list() : nullptr;
    if (list == nullptr)
        return refused("there is nothing to add to");
    std::size_t at = list->size();
    if (path.back() != "-") {
        const auto index = index_in(path.back(), list->size() + 1);
        if (!index)
            return refused("no such place in the list: " + path.back());
        at = *index;
    }
    list->insert(list->begin() + static_cast<std::ptrdiff_t>(at), std::move(value));
    return {};
}

Result<Value> take(Value& document, const Tokens& path)
{
    Value* parent = parent_of(document, path);
    Value* found = parent != nullptr ? step(*parent, path.back()) : nullptr;
    if (found == nullptr)
        return refused("there is nothing at the path");
    Value taken = *found;
    if (Map* map = parent->if_map())
        map->erase(path.back());
    else
        parent->if_list()->erase(parent->if_list()->begin() + (found - parent->if_list()->data()));
    return taken;
}

Result<void> apply_one(Value& document, const Map& operation)
{
    const auto text = [&](const char* name) {
        const Value* value = operation.find(name);
        return value != nullptr ? value->string_or_empty() : std::string();
    };
    const std::string op = text("op");
    auto path = parse_pointer(text("path"));
    if (!path)
        return path.error();
    Value value;
    if (const Value* given = operation.find("value"))
        value = *given;
    if (op == "add")
        return add(document, *path, std::move(value));
    if (op == "remove" || op == "replace") {
        auto taken = take(document, *path);
        if (!taken)
            return taken.error();
        return op == "replace" ? add(document, *path, std::move(value)) : Result<void>{};
    }
    if (op != "move" && op != "copy")
        return refused("unknown operation '" + op + "'");
    auto from = parse_pointer(text("from"));
    if (!from)
        return from.error();
    Value original = document;
    auto taken = take(document, *from);
    if (!taken)
        return taken.error();
    if (op == "copy")
        document = std::move(original);
    return add(document, *path, std::move(*taken));
}

} // namespace

Result<Value> apply_json_patch(Value document, const Value& patch)
{
    const List* operations = patch.if_list();
    if (operations == nullptr || operations->size() > operations_max)
        return refused("a patch is a list of operations");
    for (std::size_t i = 0; i < operations->size(); ++i) {
        const Map* operation = (*operations)[i].if_map();
        if (operation == nullptr)
            return refused("operation " + std::to_string(i) + " is not an object");
        if (auto applied = apply_one(document, *operation); !applied)
            return refused("operation " + std::to_string(i) + ": " + applied.error().message);
    }
    return document;
}

} // namespace trueup::sandbox

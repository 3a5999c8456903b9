#include "api/rest/change_path.hpp"

#include <algorithm>
#include <charconv>

namespace trueup::rest {

namespace {

// The bracket that closes an element step: keys are not quoted, so it is the first after which a
// path can go on or end.
std::size_t closing_bracket(std::string_view text, std::size_t from)
{
    for (std::size_t at = text.find(']', from); at != std::string_view::npos;
         at = text.find(']', at + 1)) {
        const bool ends = at + 1 == text.size() || text[at + 1] == '.' || text[at + 1] == '[';
        if (ends)
            return at;
    }
    return std::string_view::npos;
}

Error malformed(std::string_view text)
{
    return Error{Errc::invalid_input, "\"" + std::string(text) + "\" is not the path of a change"};
}

Result<ElementStep> element_step(std::string_view content, std::string_view whole)
{
    ElementStep step;
    const std::size_t equals = content.find('=');
    if (equals != std::string_view::npos && equals != 0) {
        step.key = content.substr(0, equals);
        step.value = content.substr(equals + 1);
        return step;
    }
    const char* end = content.data() + content.size();
    const auto read = std::from_chars(content.data(), end, step.index);
    if (read.ec != std::errc{} || read.ptr != end)
        return malformed(whole);
    return step;
}

// `Items` is List or const List.
template <class Items>
auto element_of(Items& list, const ElementStep& step) -> decltype(list.data())
{
    if (step.key.empty())
        return step.index < list.size() ? &list[step.index] : nullptr;
    const auto it = std::ranges::find_if(list, [&](const Value& item) {
        const Map* map = item.if_map();
        const Value* key = map != nullptr ? map->find(step.key) : nullptr;
        return key != nullptr && key_text(*key) == step.value;
    });
    return it != list.end() ? &*it : nullptr;
}

template <class Any>
Any* step_into(Any* at, const ChangePath::Step& step)
{
    if (step.element) {
        auto* list = at->if_list();
        return list != nullptr ? element_of(*list, *step.element) : nullptr;
    }
    auto* map = at->if_map();
    return map != nullptr ? map->find(step.name) : nullptr;
}

} // namespace

Path ChangePath::plain() const
{
    std::vector<std::string> names;
    for (const Step& step : steps) {
        if (step.element)
            break;
        names.push_back(step.name);
    }
    return Path(std::move(names));
}

bool ChangePath::is_plain() const
{
    return std::ranges::none_of(steps, [](const Step& step) { return step.element.has_value(); });
}

Result<ChangePath> parse_change(std::string_view text)
{
    ChangePath path;
    path.text = text;
    std::size_t at = 0;
    while (at < text.size()) {
        if (text.substr(at).starts_with("[\"")) {
            const std::size_t end = text.find("\"]", at + 2);
            if (end == std::string_view::npos)
                return malformed(text);
            path.steps.emplace_back(std::string(text.substr(at + 2, end - at - 2)));
            at = end + 2;
        } else if (text[at] == '[') {
            const std::size_t end = closing_bracket(text, at + 1);
            if (end == std::string_view::npos)
                return malformed(text);
            auto step = element_step(text.substr(at + 1, end - at - 1), text);
            if (!step)
                return step.error();
            path.steps.emplace_back(std::move(*step));
            at = end + 1;
        } else {
            if (text[at] == '.' && !path.steps.empty())
                ++at;
            const std::size_t end = std::min(text.find_first_of(".[", at), text.size());
            if (end == at)
                return malformed(text);
            path.steps.emplace_back(std::string(text.substr(at, end - at)));
            at = end;
        }
    }
    return path;
}

std::optional<std::string> key_text(const Value& value)
{
    if (const std::string* text = value.if_string())
        return *text;
    if (const std::int64_t* number = value.if_integer())
        return std::to_string(*number);
    if (const bool* flag = value.if_bool())
        return *flag ? "true" : "false";
    return std::nullopt;
}

const Value* find_element(const List& list, const ElementStep& step)
{
    return element_of(list, step);
}

const Value* find(const Value& root, const ChangePath& path)
{
    const Value* at = &root;
    for (const ChangePath::Step& step : path.steps) {
        at = step_into(at, step);
        if (at == nullptr)
            return nullptr;
    }
    return at;
}

namespace {

// What holds the last step of `path`, or null.
Value* holder(Value& root, const ChangePath& path)
{
    Value* at = &root;
    for (std::size_t i = 0; i + 1 < path.steps.size() && at != nullptr; ++i)
        at = step_into(at, path.steps[i]);
    return path.steps.empty() ? nullptr : at;
}

} // namespace

bool put_member(Value& root, const ChangePath& path, Value value)
{
    Value* at = holder(root, path);
    Map* map = at != nullptr ? at->if_map() : nullptr;
    if (map == nullptr || path.steps.back().element)
        return false;
    map->set(path.steps.back().name, std::move(value));
    return true;
}

bool erase(Value& root, const ChangePath& path)
{
    Value* at = holder(root, path);
    if (at == nullptr)
        return false;
    const ChangePath::Step& last = path.steps.back();
    if (!last.element) {
        Map* map = at->if_map();
        return map != nullptr && map->erase(last.name);
    }
    List* list = at->if_list();
    Value* element = list != nullptr ? element_of(*list, *last.element) : nullptr;
    if (element == nullptr)
        return false;
    list->erase(list->begin() + (element - list->data()));
    return true;
}

} // namespace trueup::rest

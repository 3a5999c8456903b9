#include "api/rest/overlay.hpp"

#include <algorithm>
#include <charconv>

namespace trueup {

namespace {

std::string key_text(const Value& element, const std::string& name)
{
    const Map* map = element.if_map();
    const Value* key = map != nullptr ? map->find(name) : nullptr;
    if (key == nullptr)
        return {};
    if (key->if_integer() != nullptr)
        return std::to_string(*key->if_integer());
    return key->string_or_empty();
}

// Where `step` stands in `list`, or its size.
std::size_t position(const List& list, const Step& step)
{
    if (step.name.empty())
        return std::min(step.index, list.size());
    for (std::size_t i = 0; i < list.size(); ++i)
        if (key_text(list[i], step.name) == step.key)
            return i;
    return list.size();
}

Value* follow(Value& at, const Step& step)
{
    if (!step.element) {
        Map* map = at.if_map();
        return map != nullptr ? map->find(step.name) : nullptr;
    }
    List* list = at.if_list();
    if (list == nullptr)
        return nullptr;
    const std::size_t i = position(*list, step);
    return i < list->size() ? &(*list)[i] : nullptr;
}

Step element_step(std::string_view inside)
{
    Step step;
    step.element = true;
    const std::size_t equals = inside.find('=');
    if (equals == std::string_view::npos) {
        std::from_chars(inside.data(), inside.data() + inside.size(), step.index);
    } else {
        step.name = inside.substr(0, equals);
        step.key = inside.substr(equals + 1);
    }
    return step;
}

// Where the bracket that opens at `open` closes: keys may hold brackets themselves.
std::size_t closing(std::string_view text, std::size_t open)
{
    for (std::size_t close = text.find(']', open); close != std::string_view::npos;
         close = text.find(']', close + 1))
        if (close + 1 == text.size() || text[close + 1] == '.' || text[close + 1] == '[')
            return close;
    return std::string_view::npos;
}

} // namespace

std::vector<Step> parse_steps(std::string_view text)
{
    std::vector<Step> steps;
    std::size_t i = 0;
    while (i < text.size()) {
        if (text[i] == '[') {
            const std::size_t close = closing(text, i);
            if (close == std::string_view::npos)
                return steps;
            const std::string_view inside = text.substr(i + 1, close - i - 1);
            if (inside.starts_with('"') && inside.ends_with('"') && inside.size() >= 2) {
                Step step;
                step.name = inside.substr(1, inside.size() - 2);
                steps.push_back(std::move(step));
            } else {
                steps.push_back(element_step(inside));
            }
            i = close + 1;
            continue;
        }
        if (text[i] == '.')
            ++i;
        const std::size_t end = std::min(text.find_first_of(".[", i), text.size());
        Step step;
        step.name = text.substr(i, end - i);
        steps.push_back(std::move(step));
        i = end;
    }
    return steps;
}

const Value* find_at(const Value& root, const std::vector<Step>& steps)
{
    // follow() does not change anything; the result is handed out as const.
    Value* at = const_cast<Value*>(&root);
    for (const Step& step : steps) {
        at = follow(*at, step);
        if (at == nullptr)
            return nullptr;
    }
    return at;
}

bool erase_at(Value& root, const std::vector<Step>& steps)
{
    if (steps.empty())
        return false;
    Value* at = &root;
    for (std::size_t i = 0; i + 1 < steps.size(); ++i) {
        at = follow(*at, steps[i]);
        if (at == nullptr)
            return false;
    }
    const Step& last = steps.back();
    if (!last.element)
        return at->if_map() != nullptr && at->if_map()->erase(last.name);
    List* list = at->if_list();
    const std::size_t i = list != nullptr ? position(*list, last) : 0;
    if (list == nullptr || i >= list->size())
        return false;
    list->erase(list->begin() + static_cast<std::ptrdiff_t>(i));
    return true;
}

void overlay(const Field& field, Value& base, const Value& desired)
{
    static const Field any;
    if (const Map* wanted = desired.if_map()) {
        if (base.if_map() == nullptr)
            base = Map{};
        for (const auto& [name, value] : *wanted) {
            const Field* member = field.find(name);
            if (member == nullptr)
                member = field.type == FieldType::map && !field.element.empty()
                             ? &field.element.front()
                             : &any;
            if (value.is_null())
                base.if_map()->erase(name);
            else
                overlay(*member, (*base.if_map())[name], value);
        }
        return;
    }
    const List* wanted = desired.if_list();
    if (wanted == nullptr || field.order != ListOrder::keyed || base.if_list() == nullptr) {
        base = desired;
        return;
    }
    List& elements = *base.if_list();
    const Field& element = field.element.empty() ? any : field.element.front();
    // In the manifest's order, then what others added: the order of layers may mean something to the API.
    List merged;
    for (const Value& value : *wanted) {
        const std::string key = key_text(value, field.element_key);
        const auto it = std::ranges::find_if(elements, [&](const Value& candidate) {
            return key_text(candidate, field.element_key) == key;
        });
        Value result;
        if (it != elements.end()) {
            result = std::move(*it);
            elements.erase(it);
        }
        overlay(element, result, value);
        merged.push_back(std::move(result));
    }
    std::ranges::move(elements, std::back_inserter(merged));
    elements = std::move(merged);
}

namespace {

void strip_fields(const Field& field, Value& value)
{
    if (Map* map = value.if_map()) {
        for (const Field& member : field.fields) {
            if (member.server_set || member.create_only)
                map->erase(member.name);
            else if (Value* inner = map->find(member.name))
                strip_fields(member, *inner);
        }
    }
    if (List* list = value.if_list(); list != nullptr && !field.element.empty())
        for (Value& item : *list)
            strip_fields(field.element.front(), item);
}

} // namespace

void strip(const Kind& kind, Value& body)
{
    strip_fields(kind.schema, body);
    for (const Path& path : kind.server_set)
        erase(body, path);
}

Result<void> check_masks(const Field& field, const Value& body, const std::string& path)
{
    const Error missing{Errc::refused,
                        "the secret in " + path + " would have to be sent again, and it is not at hand",
                        "",
                        "give it in the manifest, with $secret"};
    if (const Secret* secret = body.if_secret())
        return secret->has_text() ? Result<void>{} : missing;
    const std::string* text = body.if_string();
    if (field.sensitive && text != nullptr && text->find("**") != std::string::npos)
        return missing;
    if (const Map* map = body.if_map())
        for (const auto& [name, member] : *map) {
            const Field* node = field.find(name);
            static const Field any;
            if (auto fine = check_masks(
                    node != nullptr ? *node : any, member, path.empty() ? name : path + "." + name);
                !fine)
                return fine;
        }
    if (const List* list = body.if_list())
        for (const Value& item : *list) {
            static const Field any;
            if (auto fine = check_masks(
                    field.element.empty() ? any : field.element.front(), item, path + "[]");
                !fine)
                return fine;
        }
    return {};
}

} // namespace trueup

#include "api/sandbox/body_type.hpp"

#include <algorithm>
#include <charconv>

namespace trueup::sandbox {

namespace {

using Base = BodyType::Base;

constexpr std::pair<std::string_view, Base> primitives[] = {
    {"any", Base::any},
    {"string", Base::string},
    {"integer", Base::integer},
    {"number", Base::number},
    {"boolean", Base::boolean},
    {"time", Base::time},
    {"text_map", Base::text_map},
};

std::optional<std::int64_t> read_integer(std::string_view text)
{
    std::int64_t number = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    if (read.ec != std::errc{} || read.ptr != end)
        return std::nullopt;
    return number;
}

// "integer 1..24"
Result<BodyType> read_range(const std::string& text)
{
    constexpr std::string_view prefix = "integer ";
    const std::size_t dots = text.find("..");
    BodyType type;
    type.base = Base::integer;
    const std::string_view all = text;
    if (dots != std::string::npos) {
        type.least = read_integer(all.substr(prefix.size(), dots - prefix.size()));
        type.most = read_integer(all.substr(dots + 2));
    }
    if (!type.least || !type.most)
        return Error{Errc::invalid_input, "expected 'integer A..B', not '" + text + "'"};
    return type;
}

// "a|b|c", with spaces around the bars where that reads better
BodyType read_choice(const std::string& text)
{
    BodyType type;
    type.base = Base::choice;
    type.choices.emplace_back();
    for (const char c : text) {
        if (c == '|')
            type.choices.emplace_back();
        else if (c != ' ')
            type.choices.back() += c;
    }
    return type;
}

Result<BodyType> read_word(const std::string& text, const TypeNames& named)
{
    for (const auto& [name, base] : primitives) {
        if (text == name) {
            BodyType type;
            type.base = base;
            return type;
        }
    }
    if (text.starts_with("integer "))
        return read_range(text);
    if (text.find('|') != std::string::npos)
        return read_choice(text);
    const auto found = named.find(text);
    if (found == named.end())
        return Error{Errc::invalid_input, "no type is called '" + text + "'"};
    return found->second;
}

// Palette's times look like 2026-03-01T12:00:00.000Z: the shape is checked, not the calendar.
bool is_time(std::string_view text)
{
    constexpr std::string_view shape = "0000-00-00T00:00:00";
    if (text.size() <= shape.size())
        return false;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        const bool digit = text[i] >= '0' && text[i] <= '9';
        if (shape[i] == '0' ? !digit : text[i] != shape[i])
            return false;
    }
    const std::string_view zone = text.substr(shape.size());
    return zone.find_first_not_of("0123456789.+-:Z") == std::string_view::npos;
}

std::optional<BodyFault> expect(bool good, const std::string& field, const std::string& wanted)
{
    if (good)
        return std::nullopt;
    return BodyFault{field, "must be " + wanted};
}

std::optional<BodyFault> check(const Value& value, const BodyType& type, const std::string& field);

std::optional<BodyFault>
check_integer(const Value& value, const BodyType& type, const std::string& field)
{
    const std::int64_t* number = value.if_integer();
    if (number == nullptr)
        return BodyFault{field, "must be an integer"};
    if ((type.least && *number < *type.least) || (type.most && *number > *type.most))
        return BodyFault{field,
                         "must be from " + std::to_string(type.least.value_or(0)) + " to " +
                             std::to_string(type.most.value_or(0))};
    return std::nullopt;
}

std::optional<BodyFault>
check_choice(const Value& value, const BodyType& type, const std::string& field)
{
    const std::string* text = value.if_string();
    if (text == nullptr)
        return BodyFault{field, "must be a string"};
    // An empty string is what the vendor's SDK sends for "not set".
    if (text->empty() || std::ranges::find(type.choices, *text) != type.choices.end())
        return std::nullopt;
    std::string wanted;
    for (const std::string& choice : type.choices)
        wanted += (wanted.empty() ? "" : ", ") + choice;
    return BodyFault{field, "must be one of " + wanted};
}

std::optional<BodyFault> check_texts(const Value& value, const std::string& field)
{
    const Map* map = value.if_map();
    if (map == nullptr)
        return BodyFault{field, "must be an object"};
    for (const auto& [name, text] : *map)
        if (text.if_string() == nullptr)
            return BodyFault{field + "." + name, "must be a string"};
    return std::nullopt;
}

std::optional<BodyFault>
check_list(const Value& value, const BodyType& type, const std::string& field)
{
    const List* list = value.if_list();
    if (list == nullptr)
        return BodyFault{field, "must be a list"};
    for (std::size_t i = 0; i < list->size(); ++i) {
        auto fault = check((*list)[i], type.element.front(), field + "[" + std::to_string(i) + "]");
        if (fault)
            return fault;
    }
    return std::nullopt;
}

std::optional<BodyFault>
check_object(const Value& value, const BodyType& type, const std::string& field)
{
    const Map* map = value.if_map();
    if (map == nullptr)
        return BodyFault{field, "must be an object"};
    for (const Member& member : type.members) {
        const std::string at = field.empty() ? member.name : field + "." + member.name;
        const Value* given = map->find(member.name);
        if (given == nullptr || given->is_null()) {
            if (member.required)
                return BodyFault{at, "is required"};
            continue;
        }
        if (auto fault = check(*given, member.type, at))
            return fault;
    }
    return std::nullopt;
}

std::optional<BodyFault> check(const Value& value, const BodyType& type, const std::string& field)
{
    const bool number = value.if_integer() != nullptr || value.if_decimal() != nullptr;
    switch (type.base) {
    case Base::any:
        return std::nullopt;
    case Base::string:
        return expect(value.if_string() != nullptr, field, "a string");
    case Base::integer:
        return check_integer(value, type, field);
    case Base::number:
        return expect(number, field, "a number");
    case Base::boolean:
        return expect(value.if_bool() != nullptr, field, "true or false");
    case Base::time:
        return expect(is_time(value.string_or_empty()), field, "a time");
    case Base::choice:
        return check_choice(value, type, field);
    case Base::text_map:
        return check_texts(value, field);
    case Base::list:
        return check_list(value, type, field);
    case Base::object:
        return check_object(value, type, field);
    }
    return std::nullopt;
}

} // namespace

Result<BodyType> read_body_type(const Value& written, const TypeNames& named)
{
    if (const std::string* text = written.if_string())
        return read_word(*text, named);
    BodyType type;
    if (const List* list = written.if_list()) {
        if (list->size() != 1)
            return Error{Errc::invalid_input, "a list type has exactly one element"};
        auto element = read_body_type(list->front(), named);
        if (!element)
            return element.error();
        type.base = Base::list;
        type.element.push_back(std::move(*element));
        return type;
    }
    const Map* map = written.if_map();
    if (map == nullptr)
        return Error{Errc::invalid_input, "a type is a word, a list or a map"};
    type.base = Base::object;
    for (const auto& [name, of] : *map) {
        auto inner = read_body_type(of, named);
        if (!inner)
            return inner.error();
        Member member;
        member.required = name.ends_with('!');
        member.name = member.required ? name.substr(0, name.size() - 1) : name;
        member.type = std::move(*inner);
        type.members.push_back(std::move(member));
    }
    return type;
}

std::optional<BodyFault> find_fault(const Value& body, const BodyType& type)
{
    return check(body, type, "");
}

Value without_nulls(const Value& value)
{
    if (const Map* map = value.if_map()) {
        Map kept;
        kept.reserve(map->size());
        for (const auto& [name, inner] : *map)
            if (!inner.is_null())
                kept.append(name, without_nulls(inner));
        return kept;
    }
    if (const List* list = value.if_list()) {
        List kept;
        kept.reserve(list->size());
        for (const Value& inner : *list)
            kept.push_back(without_nulls(inner));
        return kept;
    }
    return value;
}

} // namespace trueup::sandbox

#include "state/model/yaml.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace trueup::yaml {

namespace {

bool all_of(std::string_view text, std::string_view allowed)
{
    return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

constexpr std::string_view digits = "0123456789";

// Most scalars start with a letter that no null, boolean or number starts with.
bool starts_as_text(const std::string& text)
{
    constexpr std::string_view others = "~nNtTfF0123456789-+.";
    return !text.empty() && others.find(text.front()) == std::string_view::npos;
}

std::size_t leading_digits(std::string_view text)
{
    return std::min(text.find_first_not_of(digits), text.size());
}

// 0o and 0x integers of the core schema, which take no sign.
Value based_integer(const std::string& text, int base)
{
    std::uint64_t integer = 0; // unsigned: from_chars would take a minus sign
    const char* end = text.data() + text.size();
    const auto [stopped, failure] = std::from_chars(text.data() + 2, end, integer, base);
    if (failure == std::errc{} && stopped == end && std::in_range<std::int64_t>(integer))
        return static_cast<std::int64_t>(integer);
    return text;
}

// A decimal integer or number of the core schema as a number of JSON: no plus sign, no leading
// zeros, digits on both sides of a point. A string when it is neither.
Value decimal_number(const std::string& text)
{
    std::string_view rest = text;
    std::string number = rest.starts_with('-') ? "-" : "";
    if (rest.starts_with('-') || rest.starts_with('+'))
        rest.remove_prefix(1);
    const std::string_view whole = rest.substr(0, leading_digits(rest));
    rest.remove_prefix(whole.size());
    const std::size_t zeros = std::min(whole.find_first_not_of('0'), whole.size());
    number += zeros == whole.size() ? "0" : whole.substr(zeros);
    bool has_digits = !whole.empty();
    if (rest.starts_with('.')) {
        rest.remove_prefix(1);
        const std::string_view fraction = rest.substr(0, leading_digits(rest));
        rest.remove_prefix(fraction.size());
        has_digits = has_digits || !fraction.empty();
        number += "." + (fraction.empty() ? std::string("0") : std::string(fraction));
    }
    if (!has_digits)
        return text;
    if (rest.starts_with('e') || rest.starts_with('E')) {
        number += rest;
        rest.remove_prefix(1);
        if (rest.starts_with('-') || rest.starts_with('+'))
            rest.remove_prefix(1);
        if (!all_of(rest, digits))
            return text;
        rest = {};
    }
    if (!rest.empty())
        return text;
    std::int64_t integer = 0;
    const char* end = number.data() + number.size();
    const auto [stopped, failure] = std::from_chars(number.data(), end, integer);
    if (failure == std::errc{} && stopped == end)
        return integer;
    return Decimal(std::move(number));
}

} // namespace

bool is_plain_text(const std::string& text)
{
    return starts_as_text(text) || plain_scalar(text).if_string() != nullptr;
}

Value plain_scalar(const std::string& text)
{
    if (starts_as_text(text))
        return text;
    if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL")
        return nullptr;
    if (text == "true" || text == "True" || text == "TRUE")
        return true;
    if (text == "false" || text == "False" || text == "FALSE")
        return false;
    if (text.starts_with("0o"))
        return based_integer(text, 8);
    if (text.starts_with("0x"))
        return based_integer(text, 16);
    if (digits.find(text.front()) != std::string_view::npos || text.front() == '-' ||
        text.front() == '+' || text.front() == '.')
        return decimal_number(text);
    return text;
}

} // namespace trueup::yaml

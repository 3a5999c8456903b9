#include "manifests/types.hpp"

#include <algorithm>

namespace trueup::manifests {

namespace {

// Two digits at `at` as a number, or -1.
int two_digits(std::string_view text, std::size_t at)
{
    if (at + 2 > text.size() || text[at] < '0' || text[at] > '9' || text[at + 1] < '0' ||
        text[at + 1] > '9')
        return -1;
    return (text[at] - '0') * 10 + (text[at + 1] - '0');
}

bool in_range(int number, int least, int most)
{
    return number >= least && number <= most;
}

} // namespace

std::string_view expected(FieldType type)
{
    switch (type) {
    case FieldType::string:
        return "a string";
    case FieldType::boolean:
        return "true or false";
    case FieldType::integer:
        return "an integer";
    case FieldType::number:
        return "a number";
    case FieldType::object:
    case FieldType::map:
        return "a map";
    case FieldType::list:
        return "a list";
    case FieldType::any:
        break;
    }
    return "a value";
}

bool is_plain(FieldType type)
{
    return type == FieldType::string || type == FieldType::boolean || type == FieldType::integer ||
           type == FieldType::number;
}

bool fits(const Value& value, FieldType type)
{
    switch (type) {
    case FieldType::string:
        return value.if_string() != nullptr;
    case FieldType::boolean:
        return value.if_bool() != nullptr;
    case FieldType::integer:
        return value.if_integer() != nullptr;
    case FieldType::number:
        return value.if_integer() != nullptr || value.if_decimal() != nullptr;
    default:
        return true;
    }
}

bool is_date_time(std::string_view text)
{
    if (text.size() < 20 || text[4] != '-' || text[7] != '-' ||
        (text[10] != 'T' && text[10] != 't') || text[13] != ':' || text[16] != ':')
        return false;
    const bool sound =
        two_digits(text, 0) >= 0 && two_digits(text, 2) >= 0 &&
        in_range(two_digits(text, 5), 1, 12) && in_range(two_digits(text, 8), 1, 31) &&
        in_range(two_digits(text, 11), 0, 23) && in_range(two_digits(text, 14), 0, 59) &&
        in_range(two_digits(text, 17), 0, 60);
    if (!sound)
        return false;
    text.remove_prefix(19);
    if (text.front() == '.') {
        text.remove_prefix(1);
        const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
        if (digits == 0)
            return false;
        text.remove_prefix(digits);
    }
    if (text == "Z" || text == "z")
        return true;
    return text.size() == 6 && (text[0] == '+' || text[0] == '-') && text[3] == ':' &&
           in_range(two_digits(text, 1), 0, 23) && in_range(two_digits(text, 4), 0, 59);
}

} // namespace trueup::manifests

#include "reconciler/plan/normalise.hpp"

#include "state/model/json.hpp"
#include "state/model/yaml.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace trueup {

namespace {

std::string trimmed(const std::string& text)
{
    static constexpr std::string_view blanks = " \t\r\n";
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == std::string::npos)
        return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string lower_cased(std::string text)
{
    for (char& c : text)
        if (c >= 'A' && c <= 'Z')
            c = static_cast<char>(c - 'A' + 'a');
    return text;
}

// "2 Gi" style amounts as a decimal text of the base unit, or nothing when it is no quantity.
std::optional<std::string> quantity(const std::string& text)
{
    struct Unit {
        std::string_view suffix;
        long double factor;
    };
    static constexpr Unit units[] = {{"Ki", 1024.0L},
                                     {"Mi", 1048576.0L},
                                     {"Gi", 1073741824.0L},
                                     {"Ti", 1099511627776.0L},
                                     {"Pi", 1125899906842624.0L},
                                     {"Ei", 1152921504606846976.0L},
                                     {"n", 1e-9L},
                                     {"u", 1e-6L},
                                     {"m", 1e-3L},
                                     {"k", 1e3L},
                                     {"M", 1e6L},
                                     {"G", 1e9L},
                                     {"T", 1e12L},
                                     {"P", 1e15L},
                                     {"E", 1e18L},
                                     {"", 1.0L}};
    long double amount = 0;
    const auto [rest, ec] = std::from_chars(text.data(), text.data() + text.size(), amount);
    if (ec != std::errc{} || !std::isfinite(amount))
        return std::nullopt;
    const std::string suffix = trimmed(std::string(rest, text.data() + text.size()));
    for (const Unit& unit : units)
        if (unit.suffix == suffix) {
            // Past the range all amounts would be the same.
            if (!std::isfinite(amount * unit.factor))
                return std::nullopt;
            // Fifteen digits: more than anybody writes, fewer than the arithmetic gets wrong.
            std::array<char, 64> digits{};
            const int length =
                std::snprintf(digits.data(), digits.size(), "%.15Lg", amount * unit.factor);
            return std::string(digits.data(), static_cast<std::size_t>(length));
        }
    return std::nullopt;
}

// RFC 3339 as milliseconds since 1970, or nothing.
std::optional<std::int64_t> instant(const std::string& text)
{
    std::tm parts{};
    const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
    if (rest == nullptr)
        return std::nullopt;
    std::int64_t millis = static_cast<std::int64_t>(timegm(&parts)) * 1000;
    if (*rest == '.') {
        std::int64_t scale = 100;
        for (++rest; *rest >= '0' && *rest <= '9'; ++rest, scale /= 10)
            millis += (*rest - '0') * scale;
    }
    if (*rest == 'Z' || *rest == 'z')
        return rest[1] == '\0' ? std::optional(millis) : std::nullopt;
    int hours = 0;
    int minutes = 0;
    char sign = 0;
    int length = 0;
    if (std::sscanf(rest, "%c%2d:%2d%n", &sign, &hours, &minutes, &length) != 3 ||
        (sign != '+' && sign != '-') || rest[length] != '\0')
        return std::nullopt;
    const std::int64_t offset = (std::int64_t{hours} * 60 + minutes) * 60'000;
    return sign == '+' ? millis - offset : millis + offset;
}

Value embedded(const std::string& text, Normaliser how)
{
    if (how == Normaliser::embedded_json) {
        auto parsed = json::parse(text);
        return parsed ? std::move(*parsed) : Value(trimmed(text));
    }
    Diagnostics diagnostics;
    std::vector<Value> documents = yaml::parse(text, "", diagnostics);
    if (diagnostics.has_errors())
        return trimmed(text);
    return List(std::move(documents));
}

Value scalar(const Field& field, const Value& value)
{
    Value result = value;
    for (const Normaliser how : field.normalise) {
        const std::string* text = result.if_string();
        switch (how) {
        case Normaliser::trim:
            if (text != nullptr)
                result = trimmed(*text);
            break;
        case Normaliser::lower_case:
            if (text != nullptr)
                result = lower_cased(*text);
            break;
        case Normaliser::number:
            if (text != nullptr) {
                Value amount = yaml::plain_scalar(*text);
                if (amount.if_integer() != nullptr || amount.if_decimal() != nullptr)
                    result = std::move(amount);
            }
            break;
        case Normaliser::quantity:
            if (text != nullptr) {
                if (auto amount = quantity(*text))
                    result = Decimal(std::move(*amount));
            } else if (const std::int64_t* whole = result.if_integer()) {
                if (auto amount = quantity(std::to_string(*whole)))
                    result = Decimal(std::move(*amount));
            }
            break;
        case Normaliser::time:
            if (text != nullptr) {
                if (auto millis = instant(*text))
                    result = *millis;
            }
            break;
        case Normaliser::embedded_yaml:
        case Normaliser::embedded_json:
            if (text != nullptr)
                result = embedded(*text, how);
            break;
        }
    }
    const bool by_value =
        field.type == FieldType::integer || field.type == FieldType::number ||
        std::ranges::find(field.normalise, Normaliser::number) != field.normalise.end();
    if (const std::int64_t* whole = result.if_integer(); whole != nullptr && by_value)
        result = Decimal(std::to_string(*whole));
    return result;
}

bool is_empty(const Value* value)
{
    if (value == nullptr || value->is_null())
        return true;
    if (const Map* map = value->if_map())
        return map->empty();
    if (const List* list = value->if_list())
        return list->empty();
    const std::string* text = value->if_string();
    return text != nullptr && text->empty();
}

} // namespace

Value normalised(const Field& field, const Value& value)
{
    static const Field any;
    if (const Map* map = value.if_map()) {
        Map result;
        result.reserve(map->size());
        for (const auto& [name, member] : *map) {
            const Field* node = field.find(name);
            if (node == nullptr && field.type == FieldType::map && !field.element.empty())
                node = &field.element.front();
            result.append(name, normalised(node != nullptr ? *node : any, member));
        }
        return result;
    }
    if (const List* list = value.if_list()) {
        const Field& element = field.element.empty() ? any : field.element.front();
        List result;
        result.reserve(list->size());
        for (const Value& item : *list)
            result.push_back(normalised(element, item));
        if (field.order != ListOrder::ordered)
            std::ranges::sort(result, {}, [](const Value& item) {
                return json::write(item, json::Secrets::hash);
            });
        return result;
    }
    return scalar(field, value);
}

bool same(const Field& field, const Value* a, const Value* b)
{
    if (a != nullptr && b != nullptr && *a == *b)
        return true;
    if (is_empty(a) && is_empty(b))
        return true;
    const Value* fallback = field.known_default();
    const Value* left = is_empty(a) && fallback != nullptr ? fallback : a;
    const Value* right = is_empty(b) && fallback != nullptr ? fallback : b;
    if (left == nullptr || right == nullptr)
        return false;
    return normalised(field, *left) == normalised(field, *right);
}

} // namespace trueup

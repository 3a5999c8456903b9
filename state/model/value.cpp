#include "state/model/value.hpp"

#include <boost/assert.hpp>

#include <algorithm>
#include <functional>

namespace trueup {

namespace {

auto position(auto& entries, std::string_view key)
{
    return std::lower_bound(
        entries.begin(), entries.end(), key, [](const Map::Entry& entry, std::string_view wanted) {
            return entry.first.compare(wanted) < 0; // clang 14 fails on < here
        });
}

// A decimal text as sign, digits without leading or trailing zeros, and the power of ten of the
// last one.
struct Canonical {
    bool negative = false;
    std::string digits;
    std::int64_t exponent = 0;
    bool operator==(const Canonical&) const = default;
};

Canonical canonical(const std::string& text)
{
    constexpr std::int64_t exponent_max = 1'000'000'000'000;
    Canonical number;
    std::size_t i = 0;
    if (i < text.size() && (text[i] == '-' || text[i] == '+'))
        number.negative = text[i++] == '-';
    bool after_point = false;
    for (; i < text.size() && text[i] != 'e' && text[i] != 'E'; ++i) {
        if (text[i] == '.') {
            after_point = true;
            continue;
        }
        number.digits += text[i];
        if (after_point)
            --number.exponent;
    }
    if (i < text.size()) {
        ++i;
        bool down = false;
        if (i < text.size() && (text[i] == '-' || text[i] == '+'))
            down = text[i++] == '-';
        std::int64_t power = 0;
        for (; i < text.size(); ++i)
            power = std::min(exponent_max, power * 10 + (text[i] - '0'));
        number.exponent += down ? -power : power;
    }
    number.digits.erase(0, std::min(number.digits.find_first_not_of('0'), number.digits.size()));
    while (!number.digits.empty() && number.digits.back() == '0') {
        number.digits.pop_back();
        ++number.exponent;
    }
    if (number.digits.empty())
        return {};
    return number;
}

} // namespace

bool Decimal::operator==(const Decimal& other) const
{
    return text == other.text || canonical(text) == canonical(other.text);
}

bool Unknown::operator==(const Unknown& other) const
{
    if (target != other.target || field != other.field)
        return false;
    if (lookup == nullptr || other.lookup == nullptr)
        return lookup == other.lookup;
    return *lookup == *other.lookup;
}

std::string Unknown::text() const
{
    if (!lookup)
        return field.empty() ? target : target + " " + field;
    std::string line = lookup->kind;
    for (const auto& [key, value] : lookup->criteria)
        line += " " + key + "=" + (value.if_string() ? *value.if_string() : std::string("?"));
    return line;
}

Map::Map(std::initializer_list<Entry> entries)
{
    for (const Entry& entry : entries)
        set(entry.first, entry.second);
}

Map Map::from_sorted(std::vector<Entry> entries)
{
    BOOST_ASSERT(std::ranges::adjacent_find(entries, std::ranges::greater_equal{}, &Entry::first) ==
                 entries.end());
    Map map;
    map.entries_ = std::move(entries);
    return map;
}

const Value* Map::find(std::string_view key) const
{
    const auto it = position(entries_, key);
    return it != entries_.end() && it->first == key ? &it->second : nullptr;
}

Value* Map::find(std::string_view key)
{
    const auto it = position(entries_, key);
    return it != entries_.end() && it->first == key ? &it->second : nullptr;
}

Value& Map::operator[](std::string_view key)
{
    auto it = position(entries_, key);
    if (it == entries_.end() || it->first != key)
        it = entries_.insert(it, Entry(std::string(key), Value()));
    return it->second;
}

void Map::set(std::string key, Value value)
{
    auto it = position(entries_, key);
    if (it != entries_.end() && it->first == key)
        it->second = std::move(value);
    else
        entries_.insert(it, Entry(std::move(key), std::move(value)));
}

void Map::append(std::string key, Value value)
{
    if (entries_.empty() || entries_.back().first < key)
        entries_.emplace_back(std::move(key), std::move(value));
    else
        set(std::move(key), std::move(value));
}

bool Map::erase(std::string_view key)
{
    const auto it = position(entries_, key);
    if (it == entries_.end() || it->first != key)
        return false;
    entries_.erase(it);
    return true;
}

Map::iterator Map::begin()
{
    return entries_.begin();
}
Map::iterator Map::end()
{
    return entries_.end();
}
Map::const_iterator Map::begin() const
{
    return entries_.begin();
}
Map::const_iterator Map::end() const
{
    return entries_.end();
}

bool Map::operator==(const Map& other) const
{
    return entries_ == other.entries_;
}

const std::string& Value::string_or_empty() const
{
    static const std::string empty;
    const std::string* text = if_string();
    return text != nullptr ? *text : empty;
}

std::string_view Value::type_name() const
{
    static constexpr std::string_view names[] = {
        "null", "boolean", "integer", "number", "string", "list", "map", "unknown", "secret"};
    return names[data_.index()];
}

namespace {

bool any_leaf(const Value& value, auto&& wanted)
{
    if (const Map* map = value.if_map())
        return std::ranges::any_of(
            *map, [&](const Map::Entry& entry) { return any_leaf(entry.second, wanted); });
    if (const List* list = value.if_list())
        return std::ranges::any_of(*list,
                                   [&](const Value& item) { return any_leaf(item, wanted); });
    return wanted(value);
}

} // namespace

bool contains_unknown(const Value& value)
{
    return any_leaf(value, [](const Value& leaf) { return leaf.is_unknown(); });
}

bool contains_secret(const Value& value)
{
    return any_leaf(value, [](const Value& leaf) { return leaf.is_secret(); });
}

} // namespace trueup

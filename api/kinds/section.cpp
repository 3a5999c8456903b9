#include "api/kinds/section.hpp"

#include <algorithm>
#include <charconv>

namespace trueup::kinds {

Entry Entry::member(const std::string& name, const Value& inside) const
{
    return {&inside, file, key.empty() ? name : key + "." + name};
}

void complain(Diagnostics& diagnostics,
              const Entry& at,
              const std::string& what,
              std::string advice)
{
    const std::string file = at.file != nullptr ? *at.file : std::string();
    const Place place = at.value != nullptr ? at.value->place() : Place{};
    diagnostics.error(file, place, at.key.empty() ? what : at.key + ": " + what, std::move(advice));
}

std::optional<std::string> read_text(const Entry& at, Diagnostics& diagnostics)
{
    if (const std::string* text = at.value->if_string())
        return *text;
    complain(diagnostics,
             at,
             "expected a string, found " + std::string(at.value->type_name()),
             at.value->is_scalar() ? "put it in quotes" : "");
    return std::nullopt;
}

std::optional<std::string> read_scalar(const Entry& at, Diagnostics& diagnostics)
{
    if (const bool* flag = at.value->if_bool())
        return *flag ? "true" : "false";
    if (const std::int64_t* number = at.value->if_integer())
        return std::to_string(*number);
    return read_text(at, diagnostics);
}

std::optional<std::int64_t>
read_count(const Entry& at, std::int64_t least, std::int64_t most, Diagnostics& diagnostics)
{
    const std::int64_t* number = at.value->if_integer();
    if (number != nullptr && *number >= least && *number <= most)
        return *number;
    complain(diagnostics,
             at,
             "expected an integer from " + std::to_string(least) + " to " + std::to_string(most));
    return std::nullopt;
}

std::optional<Path> read_path(const Entry& at, Diagnostics& diagnostics)
{
    const auto text = read_text(at, diagnostics);
    if (!text)
        return std::nullopt;
    auto path = Path::parse(*text);
    if (path)
        return *path;
    complain(diagnostics, at, path.error().message);
    return std::nullopt;
}

std::vector<Entry> read_list(const Entry& at)
{
    const List* list = at.value->if_list();
    if (list == nullptr)
        return {at};
    std::vector<Entry> entries;
    entries.reserve(list->size());
    for (std::size_t i = 0; i < list->size(); ++i)
        entries.emplace_back(&(*list)[i], at.file, at.key + "[" + std::to_string(i) + "]");
    return entries;
}

Section::Section(Entry own, Diagnostics& diagnostics, Entry defaults, std::string_view short_form)
    : own_(std::move(own)), defaults_(std::move(defaults)), diagnostics_(&diagnostics)
{
    if (!own_)
        return;
    if (!short_form.empty() && own_.value->if_string() != nullptr) {
        short_ = true;
        short_map_.set(std::string(short_form), *own_.value);
    } else if (own_.value->if_map() == nullptr) {
        complain(
            diagnostics, own_, "expected a map, found " + std::string(own_.value->type_name()));
        own_.value = nullptr;
    }
}

void Section::remember(std::string_view name)
{
    if (std::ranges::find(asked_, name) == asked_.end())
        asked_.emplace_back(name);
}

const Value* Section::own_value(std::string_view name) const
{
    if (!own_)
        return nullptr;
    return short_ ? short_map_.find(name) : own_.value->if_map()->find(name);
}

bool Section::states(std::string_view name)
{
    remember(name);
    const Value* value = own_value(name);
    return value != nullptr && !value->is_null();
}

bool Section::says_none(std::string_view name)
{
    remember(name);
    const Value* value = own_value(name);
    return value != nullptr && value->is_null();
}

Entry Section::get(std::string_view name)
{
    remember(name);
    const Value* value = own_value(name);
    if (value == nullptr)
        return get_default(name);
    if (value->is_null())
        return {};
    // A short form stays where it was written; the map is only how it is meant.
    return short_ ? own_ : own_.member(std::string(name), *value);
}

Entry Section::get_default(std::string_view name)
{
    remember(name);
    const Map* map = defaults_ ? defaults_.value->if_map() : nullptr;
    const Value* value = map != nullptr ? map->find(name) : nullptr;
    if (value == nullptr || value->is_null())
        return {};
    return defaults_.member(std::string(name), *value);
}

Entry Section::need(std::string_view name)
{
    Entry entry = get(name);
    if (!entry && own_)
        error("\"" + std::string(name) + "\" is missing");
    return entry;
}

std::string Section::text(std::string_view name)
{
    const Entry entry = get(name);
    return entry ? read_text(entry, *diagnostics_).value_or("") : std::string();
}

bool Section::flag(std::string_view name, bool otherwise)
{
    const Entry entry = get(name);
    if (!entry)
        return otherwise;
    if (const bool* flag = entry.value->if_bool())
        return *flag;
    complain(*diagnostics_,
             entry,
             "expected true or false, found " + std::string(entry.value->type_name()));
    return otherwise;
}

std::size_t Section::count(std::string_view name, std::size_t otherwise, std::size_t most)
{
    const Entry entry = get(name);
    if (!entry)
        return otherwise;
    const auto number = read_count(entry, 1, static_cast<std::int64_t>(most), *diagnostics_);
    return number ? static_cast<std::size_t>(*number) : otherwise;
}

double Section::rate(std::string_view name, double otherwise)
{
    const Entry entry = get(name);
    if (!entry)
        return otherwise;
    double rate = 0;
    if (const std::int64_t* number = entry.value->if_integer())
        rate = static_cast<double>(*number);
    else if (const Decimal* decimal = entry.value->if_decimal())
        std::from_chars(decimal->text.data(), decimal->text.data() + decimal->text.size(), rate);
    if (rate > 0)
        return rate;
    complain(*diagnostics_, entry, "expected a number over 0");
    return otherwise;
}

Path Section::path(std::string_view name)
{
    return optional_path(name).value_or(Path{});
}

std::optional<Path> Section::optional_path(std::string_view name)
{
    const Entry entry = get(name);
    return entry ? read_path(entry, *diagnostics_) : std::nullopt;
}

std::vector<Path> Section::paths(std::string_view name)
{
    std::vector<Path> paths;
    if (const Entry entry = get(name))
        for (const Entry& item : read_list(entry))
            if (auto path = read_path(item, *diagnostics_))
                paths.push_back(std::move(*path));
    return paths;
}

std::vector<std::string> Section::texts(std::string_view name)
{
    std::vector<std::string> texts;
    if (const Entry entry = get(name))
        for (const Entry& item : read_list(entry))
            if (auto text = read_text(item, *diagnostics_))
                texts.push_back(std::move(*text));
    return texts;
}

Duration Section::duration(std::string_view name, Duration otherwise)
{
    const Entry entry = get(name);
    if (!entry)
        return otherwise;
    const auto text = read_text(entry, *diagnostics_);
    if (!text)
        return otherwise;
    auto duration = parse_duration(*text);
    if (duration)
        return *duration;
    complain(*diagnostics_, entry, duration.error().message, "write it as 90s, 15m or 1h30m");
    return otherwise;
}

void Section::unknown_word(const Entry& entry,
                           const std::string& text,
                           const std::vector<std::string>& known)
{
    complain(*diagnostics_, entry, "\"" + text + "\" is not known here", did_you_mean(text, known));
}

void Section::finish_map(const Entry& map)
{
    if (!map || map.value->if_map() == nullptr)
        return;
    for (const auto& [name, value] : *map.value->if_map())
        if (std::ranges::find(asked_, name) == asked_.end())
            complain(*diagnostics_,
                     map.member(name, value),
                     "there is no key \"" + name + "\" here",
                     did_you_mean(name, asked_));
}

void Section::finish()
{
    finish_map(own_);
    finish_map(defaults_);
}

void Section::error(const std::string& what, std::string advice)
{
    complain(*diagnostics_, own_, what, std::move(advice));
}

} // namespace trueup::kinds

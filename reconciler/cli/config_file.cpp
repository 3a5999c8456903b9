#include "reconciler/cli/config_file.hpp"

#include "manifests/files.hpp"
#include "state/model/yaml.hpp"

namespace trueup {

namespace {

constexpr std::size_t config_bytes_max = 1U << 20U;

Error empty_setting(const std::string& name, std::string place)
{
    return Error{Errc::invalid_input,
                 "the setting " + name + " has no value",
                 std::move(place),
                 "give it one, or remove it"};
}

} // namespace

std::string place_in(const std::filesystem::path& file, const Value& value)
{
    return file.string() + ":" + std::to_string(value.place().line);
}

Result<std::optional<Map>> read_config_file(const std::filesystem::path& file, bool must_exist)
{
    const auto content = manifests::read_file(file, config_bytes_max);
    if (!content && content.error().code == Errc::not_found && !must_exist)
        return std::optional<Map>();
    if (!content)
        return Error{Errc::invalid_input,
                     "the configuration file " + content.error().message,
                     file.string(),
                     content.error().advice};
    Diagnostics diagnostics;
    const std::vector<Value> documents = yaml::parse(content->text, file.string(), diagnostics);
    if (diagnostics.has_errors())
        return Error{Errc::invalid_input, diagnostics.all().front().text()};
    if (documents.empty())
        return std::optional<Map>();
    const Value& settings = documents.front();
    if (settings.if_map() == nullptr)
        return Error{Errc::invalid_input,
                     "a map of settings belongs here, not this " +
                         std::string(settings.type_name()),
                     place_in(file, settings),
                     "write each as NAME: VALUE, such as prune: true"};
    if (documents.size() > 1)
        return Error{Errc::invalid_input,
                     "a second document begins here, and nobody would read it",
                     place_in(file, documents[1]),
                     "put all settings into the first, and remove the line ---"};
    return std::optional<Map>(*settings.if_map());
}

std::optional<std::string> text_of_scalar(const Value& value)
{
    if (const bool* flag = value.if_bool())
        return *flag ? "true" : "false";
    if (const std::int64_t* number = value.if_integer())
        return std::to_string(*number);
    if (const Decimal* number = value.if_decimal())
        return number->text;
    if (const std::string* text = value.if_string())
        return *text;
    return std::nullopt;
}

Result<std::vector<std::string>> words_of_setting(const std::string& name,
                                                  const Value& value,
                                                  Takes takes,
                                                  const std::filesystem::path& file)
{
    const List* list = takes == Takes::many ? value.if_list() : nullptr;
    const List one{value};
    std::vector<std::string> words;
    for (const Value& item : list != nullptr ? *list : one) {
        if (item.is_null())
            return empty_setting(name, place_in(file, item));
        auto word = text_of_scalar(item);
        if (!word)
            return Error{Errc::invalid_input,
                         "the setting " + name + " takes " +
                             (takes == Takes::many ? "a value, or a list of values" : "one value") +
                             ", not a " + std::string(item.type_name()),
                         place_in(file, item)};
        words.push_back(std::move(*word));
    }
    return words;
}

} // namespace trueup

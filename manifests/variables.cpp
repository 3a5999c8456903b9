#include "manifests/variables.hpp"

#include "manifests/files.hpp"
#include "state/model/utf8.hpp"
#include "state/model/yaml.hpp"

#include <algorithm>
#include <optional>
#include <system_error>

namespace trueup::manifests {

namespace {

constexpr std::size_t vars_bytes_max = 1U << 20U;

bool is_name(std::string_view text)
{
    const auto letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    return !text.empty() && letter(text.front()) &&
           std::ranges::all_of(text, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

// A scalar as it is written, or nothing for a null, a list or a map.
std::optional<std::string> scalar_text(const Value& value)
{
    if (const std::string* text = value.if_string())
        return *text;
    if (const std::int64_t* integer = value.if_integer())
        return std::to_string(*integer);
    if (const Decimal* decimal = value.if_decimal())
        return decimal->text;
    if (const bool* boolean = value.if_bool())
        return *boolean ? "true" : "false";
    return std::nullopt;
}

} // namespace

Variables::Variables(const LoadOptions& options, Diagnostics& diagnostics) : options_(options)
{
    for (const auto& [name, value] : options.variables) {
        if (!is_name(name))
            diagnostics.error(
                "--var", {}, "\"" + name + "\" is no name", "use letters, digits and _");
        if (valid_utf8(value) != value.size())
            diagnostics.error("--var", {}, "the value of " + name + " is not UTF-8");
    }
    for (const std::filesystem::path& path : options.paths) {
        std::error_code failure;
        if (path != "-" && std::filesystem::is_directory(path, failure))
            read_file_of(path, diagnostics);
    }
}

void Variables::read_file_of(const std::filesystem::path& directory, Diagnostics& diagnostics)
{
    const std::filesystem::path path = directory / "vars.yaml";
    const auto file = read_file(path, vars_bytes_max);
    if (!file) {
        if (file.error().code != Errc::not_found)
            diagnostics.error(path, {}, file.error().message, file.error().advice);
        return;
    }
    const auto documents = yaml::parse(file->text, path, diagnostics);
    if (documents.size() > 1)
        diagnostics.error(path, documents[1].place(), "vars.yaml holds more than one document");
    if (!documents.empty())
        read_values(documents.front(), path, diagnostics);
}

void Variables::read_values(const Value& document,
                            const std::string& file,
                            Diagnostics& diagnostics)
{
    const Map* map = document.if_map();
    if (map == nullptr) {
        diagnostics.error(
            file, document.place(), "vars.yaml is not a map", "write NAME: value lines");
        return;
    }
    for (const auto& [name, value] : *map) {
        auto text = scalar_text(value);
        if (!is_name(name))
            diagnostics.error(file,
                              value.place(),
                              "\"" + name + "\" is no name of a variable",
                              "use letters, digits and _");
        else if (!text)
            diagnostics.error(file,
                              value.place(),
                              "the variable " + name + " is a " + std::string(value.type_name()),
                              "write a single text, number or boolean");
        else
            from_files_[name] = std::move(*text);
    }
}

std::string Variables::advice_for(const std::string& name) const
{
    if (options_.environment && options_.environment(name))
        return "the environment has it: allow it with --env-var " + name;
    std::vector<std::string> known = options_.environment_allowed;
    for (const auto& [other, value] : options_.variables)
        known.push_back(other);
    for (const auto& [other, value] : from_files_)
        known.push_back(other);
    const std::string near = nearest_name(name, known);
    if (!near.empty())
        return "did you mean \"" + near + "\"?";
    return "set it with --var " + name + "=..., or in vars.yaml; write $${ for a literal ${";
}

Result<std::string> Variables::value_of(const std::string& name) const
{
    if (const auto given = options_.variables.find(name); given != options_.variables.end())
        return given->second;
    if (const auto given = from_files_.find(name); given != from_files_.end())
        return given->second;
    if (options_.environment && std::ranges::count(options_.environment_allowed, name) != 0) {
        if (auto value = options_.environment(name)) {
            if (valid_utf8(*value) != value->size())
                return Error{Errc::invalid_input,
                             "the environment's value of " + name + " is not UTF-8"};
            return std::move(*value);
        }
        return Error{Errc::invalid_input,
                     "the variable " + name + " is not set in the environment",
                     "",
                     "set it, or use --var " + name + "=..."};
    }
    return Error{Errc::invalid_input, "there is no variable " + name, "", advice_for(name)};
}

Result<std::string> Variables::substitute(std::string_view text) const
{
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t open = std::min(text.find("${", at), text.size());
        result += text.substr(at, open - at);
        if (open == text.size())
            break;
        if (open > at && text[open - 1] == '$') {
            result += '{'; // the dollar before it is there already
            at = open + 2;
            continue;
        }
        const std::size_t close = text.find('}', open);
        const std::string name(close == std::string_view::npos
                                   ? std::string_view{}
                                   : text.substr(open + 2, close - open - 2));
        if (!is_name(name))
            return Error{Errc::invalid_input,
                         "a ${ that names no variable",
                         "",
                         "write ${NAME}, or $${ for a literal ${"};
        auto value = value_of(name);
        if (!value)
            return value.error();
        result += *value;
        at = close + 1;
    }
    return result;
}

} // namespace trueup::manifests

#include "api/kinds/call.hpp"

#include "api/kinds/schema.hpp"

#include <algorithm>
#include <array>

namespace trueup::kinds {

namespace {

constexpr std::array methods{"GET", "POST", "PUT", "PATCH", "DELETE"};

const Words<OperationClass>& classes()
{
    static const Words<OperationClass> words{{"read", OperationClass::read},
                                             {"login", OperationClass::login},
                                             {"idempotent", OperationClass::idempotent},
                                             {"create", OperationClass::create},
                                             {"action", OperationClass::action}};
    return words;
}

// A parameter is a name in braces; other braces, as in text that holds JSON, mean themselves.
bool is_parameter_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == ':';
}

void check_parameters(const std::string& text,
                      const Entry& at,
                      const CallRules& rules,
                      Diagnostics& diagnostics)
{
    for (const std::string& name : parameters_of(text)) {
        if (rules.parameters.contains(name) || rules.any_member)
            continue;
        const std::vector<std::string> known(rules.parameters.begin(), rules.parameters.end());
        complain(diagnostics,
                 at,
                 "nothing is known here that {" + name + "} stands for",
                 did_you_mean(name, known));
    }
}

void check_path(const Entry& at,
                const std::string& path,
                const CallRules& rules,
                Diagnostics& diagnostics)
{
    if (path.empty() || path.front() != '/' || path.find_first_of("?# ") != std::string::npos)
        complain(diagnostics,
                 at,
                 "the path \"" + path + "\" must start with / and hold no query",
                 "put the query under \"query\"");
    const std::size_t braces = parameters_of(path).size();
    if (static_cast<std::size_t>(std::ranges::count(path, '{')) != braces ||
        static_cast<std::size_t>(std::ranges::count(path, '}')) != braces)
        complain(diagnostics, at, "the braces in the path \"" + path + "\" do not match");
    check_parameters(path, at, rules, diagnostics);
}

void check_field_path(const Entry& at, const CallRules& rules, Diagnostics& diagnostics)
{
    const auto path = read_path(at, diagnostics);
    if (!path)
        return;
    bool below_open = false;
    if (rules.schema == nullptr)
        complain(diagnostics, at, "there is no resource here whose field it could be");
    else if (find_field(*rules.schema, *path, &below_open) == nullptr && !below_open)
        complain(diagnostics, at, "the schema has no field \"" + path->text() + "\"");
}

std::vector<int> read_success(Section& section, Diagnostics& diagnostics)
{
    std::vector<int> codes;
    if (const Entry entry = section.get("success"))
        for (const Entry& item : read_list(entry))
            if (const auto code = read_count(item, 200, 299, diagnostics))
                codes.push_back(static_cast<int>(*code));
    return codes;
}

} // namespace

std::vector<std::string> parameters_of(std::string_view text)
{
    std::vector<std::string> names;
    for (std::size_t at = text.find('{'); at != std::string_view::npos;
         at = text.find('{', at + 1)) {
        std::size_t end = at + 1;
        while (end < text.size() && is_parameter_character(text[end]))
            ++end;
        if (end > at + 1 && end < text.size() && text[end] == '}')
            names.emplace_back(text.substr(at + 1, end - at - 1));
    }
    return names;
}

std::string anonymous_path(std::string_view path)
{
    std::string plain;
    bool inside = false;
    for (const char c : path) {
        if (!inside || c == '}')
            plain += c;
        inside = c == '{' || (inside && c != '}');
    }
    return plain;
}

void check_body(const Entry& at, const CallRules& rules, Diagnostics& diagnostics)
{
    if (const std::string* text = at.value->if_string())
        check_parameters(*text, at, rules, diagnostics);
    if (at.value->if_list() != nullptr)
        for (const Entry& item : read_list(at))
            check_body(item, rules, diagnostics);
    const Map* map = at.value->if_map();
    if (map == nullptr)
        return;
    if (const Value* field = map->find("$field")) {
        check_field_path(at.member("$field", *field), rules, diagnostics);
        if (map->size() > 1)
            complain(diagnostics, at, "\"$field\" stands alone in its map");
        return;
    }
    for (const auto& [name, value] : *map)
        check_body(at.member(name, value), rules, diagnostics);
}

std::vector<QueryParameter>
read_query(const Entry& at, const CallRules& rules, Diagnostics& diagnostics)
{
    std::vector<QueryParameter> query;
    const Map* map = at.value->if_map();
    if (map == nullptr) {
        complain(diagnostics, at, "expected a map of query parameters");
        return query;
    }
    for (const auto& [name, value] : *map) {
        const Entry item = at.member(name, value);
        if (auto text = read_scalar(item, diagnostics)) {
            check_parameters(*text, item, rules, diagnostics);
            query.push_back({name, std::move(*text)});
        }
    }
    return query;
}

std::optional<Sunset> read_sunset(Section& section, Diagnostics& diagnostics)
{
    std::optional<Sunset> found;
    for (const char* name : {"sunset", "deprecated"}) {
        const Entry at = section.get(name);
        if (!at)
            continue;
        if (found)
            complain(diagnostics, at, "it is either \"deprecated\" or has a \"sunset\"");
        Section end(at, diagnostics);
        found.emplace();
        end.need("date");
        found->date = end.text("date");
        found->replacement = end.text("replacement");
        found->deprecated = std::string_view(name) == "deprecated";
        end.finish();
    }
    return found;
}

Operation read_call(Section& section,
                    const CallRules& rules,
                    const std::string& owner,
                    std::vector<NotedCall>& noted,
                    Diagnostics& diagnostics)
{
    Operation operation;
    operation.name = rules.name;
    operation.operation_class = section.word("class", classes(), rules.operation_class);
    operation.success = read_success(section, diagnostics);
    operation.sunset = read_sunset(section, diagnostics);
    if (const Entry query = section.get("query"))
        operation.query = read_query(query, rules, diagnostics);
    if (const Entry body = section.get("body")) {
        check_body(body, rules, diagnostics);
        operation.body = *body.value;
    }
    const Entry call = section.need("call");
    const auto text = call ? read_text(call, diagnostics) : std::nullopt;
    if (!text)
        return operation;
    const std::size_t space = text->find(' ');
    operation.method = text->substr(0, space);
    if (space == std::string::npos ||
        std::ranges::find(methods, operation.method) == methods.end()) {
        complain(diagnostics,
                 call,
                 "\"" + *text + "\" is not a method and a path",
                 "write it as GET /v1/things/{uid}");
        return operation;
    }
    operation.path = text->substr(space + 1);
    check_path(call, operation.path, rules, diagnostics);
    noted.emplace_back(owner, operation, call);
    return operation;
}

} // namespace trueup::kinds

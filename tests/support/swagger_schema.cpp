#include "tests/support/swagger_schema.hpp"

#include "state/model/json.hpp"
#include "state/model/path.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

namespace trueup {

namespace {

constexpr std::size_t refs_max = 32;

const Value* member(const Value& value, std::string_view name)
{
    const Map* map = value.if_map();
    return map != nullptr ? map->find(name) : nullptr;
}

std::string text_of(const Value& value, std::string_view name)
{
    const Value* found = member(value, name);
    return found != nullptr ? found->string_or_empty() : std::string();
}

std::string lower(std::string text)
{
    for (char& c : text)
        if (c >= 'A' && c <= 'Z')
            c = static_cast<char>(c - 'A' + 'a');
    return text;
}

std::vector<std::string> steps_of(const std::string& path)
{
    std::vector<std::string> steps(1);
    for (const char c : path) {
        if (c == '/')
            steps.emplace_back();
        else
            steps.back() += c;
    }
    return steps;
}

bool is_parameter(const std::string& step)
{
    return step.starts_with('{') && step.ends_with('}');
}

// How many literal steps the template shares with the path; nothing when it does not fit.
std::optional<std::size_t> fit(const std::vector<std::string>& path_template,
                               const std::vector<std::string>& path)
{
    std::size_t literal = 0;
    if (path_template.size() != path.size())
        return std::nullopt;
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (path_template[i] == path[i])
            ++literal;
        else if (!is_parameter(path_template[i]) || path[i].empty())
            return std::nullopt;
    }
    return literal;
}

// "integer" for the value 3; a whole number also passes for "number".
bool has_type(const Value& value, const std::string& type)
{
    if (type == "string")
        return value.if_string() != nullptr;
    if (type == "boolean")
        return value.if_bool() != nullptr;
    if (type == "integer")
        return value.if_integer() != nullptr;
    if (type == "number")
        return value.if_integer() != nullptr || value.if_decimal() != nullptr;
    if (type == "array")
        return value.if_list() != nullptr;
    return type != "object" || value.if_map() != nullptr;
}

std::string below(const std::string& at, const std::string& name)
{
    return at.empty() ? name : at + "." + name;
}

} // namespace

// What a schema says after $ref and allOf are followed.
struct SwaggerDocument::Shape {
    std::string type;
    std::map<std::string, const Value*> properties;
    std::set<std::string> required;
    const Value* items = nullptr;
    const Value* others = nullptr; // additionalProperties
    const Value* choices = nullptr;
    const Value* least = nullptr;
    const Value* most = nullptr;
    bool nullable = false;
};

Result<SwaggerDocument> SwaggerDocument::read(const std::string& path)
{
    std::ifstream file(path, std::ios::binary);
    if (!file)
        return Error{Errc::not_found, "cannot open " + path};
    std::ostringstream text;
    text << file.rdbuf();
    auto root = json::parse(text.str());
    if (!root)
        return root.error();
    return SwaggerDocument(std::move(*root));
}

std::optional<SwaggerDocument::Operation>
SwaggerDocument::find_operation(const std::string& method, const std::string& path) const
{
    const Value* paths = member(root_, "paths");
    const Value* item = paths != nullptr ? member(*paths, path) : nullptr;
    const Value* operation = item != nullptr ? member(*item, lower(method)) : nullptr;
    if (operation == nullptr || operation->if_map() == nullptr)
        return std::nullopt;
    const Value* shared = member(*item, "parameters");
    return Operation{
        path, method, operation->if_map(), shared != nullptr ? shared->if_list() : nullptr};
}

std::optional<SwaggerDocument::Operation> SwaggerDocument::match(const std::string& method,
                                                                 const std::string& path) const
{
    const Value* paths = member(root_, "paths");
    if (paths == nullptr || paths->if_map() == nullptr)
        return std::nullopt;
    const std::vector<std::string> steps = steps_of(path);
    std::optional<Operation> best;
    std::size_t best_literal = 0;
    for (const auto& [path_template, item] : *paths->if_map()) {
        const auto literal = fit(steps_of(path_template), steps);
        if (!literal || (best && *literal <= best_literal))
            continue;
        if (auto operation = find_operation(method, path_template)) {
            best = std::move(operation);
            best_literal = *literal;
        }
    }
    return best;
}

std::vector<const Map*> SwaggerDocument::parameters(const Operation& operation) const
{
    std::vector<const Map*> all;
    const Value* own = operation.operation->find("parameters");
    const List* const lists[] = {own != nullptr ? own->if_list() : nullptr,
                                 operation.shared_parameters};
    for (const List* list : lists) {
        if (list == nullptr)
            continue;
        for (const Value& each : *list)
            if (const Value* parameter = resolve(each); parameter && parameter->if_map())
                all.push_back(parameter->if_map());
    }
    return all;
}

bool SwaggerDocument::has_parameter(const Operation& operation,
                                    const std::string& in,
                                    const std::string& name) const
{
    return std::ranges::any_of(parameters(operation), [&](const Map* parameter) {
        return *parameter->find("in") == Value(in) && *parameter->find("name") == Value(name);
    });
}

const Value* SwaggerDocument::resolve(const Value& schema) const
{
    const Value* at = &schema;
    for (std::size_t i = 0; i < refs_max; ++i) {
        const std::string reference = text_of(*at, "$ref");
        if (reference.empty())
            return at;
        at = &root_;
        const std::vector<std::string> steps = steps_of(reference);
        for (std::size_t step = 1; step < steps.size() && at != nullptr; ++step)
            at = member(*at, steps[step]);
        if (at == nullptr)
            return nullptr;
    }
    return nullptr;
}

void SwaggerDocument::gather(const Value& schema, Shape& shape, std::size_t depth) const
{
    const Value* resolved = depth < refs_max ? resolve(schema) : nullptr;
    if (resolved == nullptr)
        return;
    for (const Value* source : {&schema, resolved})
        if (const Value* nullable = member(*source, "x-nullable"))
            shape.nullable = shape.nullable || *nullable == Value(true);
    if (const std::string type = text_of(*resolved, "type"); !type.empty())
        shape.type = type;
    if (const Value* properties = member(*resolved, "properties");
        properties && properties->if_map())
        for (const auto& [name, property] : *properties->if_map())
            shape.properties[name] = &property;
    if (const Value* required = member(*resolved, "required"); required && required->if_list())
        for (const Value& name : *required->if_list())
            shape.required.insert(name.string_or_empty());
    const std::pair<const char*, const Value**> keywords[] = {
        {"items", &shape.items},
        {"additionalProperties", &shape.others},
        {"enum", &shape.choices},
        {"minimum", &shape.least},
        {"maximum", &shape.most},
    };
    for (const auto& [name, slot] : keywords)
        if (const Value* found = member(*resolved, name))
            *slot = found;
    if (const Value* all = member(*resolved, "allOf"); all && all->if_list())
        for (const Value& part : *all->if_list())
            gather(part, shape, depth + 1);
}

void SwaggerDocument::check_object(const Map& map,
                                   const Shape& shape,
                                   const std::string& at,
                                   SchemaFaults& faults) const
{
    for (const std::string& name : shape.required)
        if (!map.contains(name))
            faults.push_back(at + ": the required property '" + name + "' is missing");
    const bool open = shape.others != nullptr && *shape.others != Value(false);
    for (const auto& [name, value] : map) {
        const auto property = shape.properties.find(name);
        if (property != shape.properties.end())
            check(value, *property->second, below(at, name), faults);
        else if (!open)
            faults.push_back(at + ": unknown property '" + name + "'");
        else if (shape.others->if_map() != nullptr)
            check(value, *shape.others, below(at, name), faults);
    }
}

void SwaggerDocument::check(const Value& value,
                            const Value& schema,
                            const std::string& at,
                            SchemaFaults& faults) const
{
    Shape shape;
    gather(schema, shape, 0);
    if (value.is_null() && shape.nullable)
        return;
    // The document writes "object" without properties where anything may stand (v1HttpPatch.value).
    const bool anything = shape.properties.empty() && shape.others == nullptr &&
                          (shape.type.empty() || shape.type == "object") && shape.required.empty();
    if (anything && shape.choices == nullptr)
        return;
    const std::string type =
        shape.type.empty() && !shape.properties.empty() ? "object" : shape.type;
    if (!type.empty() && !has_type(value, type)) {
        faults.push_back(at + ": must be of type " + type + ", is " +
                         std::string(value.type_name()));
        return;
    }
    if (shape.choices != nullptr) {
        const List& choices = *shape.choices->if_list();
        if (std::ranges::find(choices, value) == choices.end())
            faults.push_back(at + ": '" + value.string_or_empty() + "' is not in the enum");
    }
    if (const std::int64_t* number = value.if_integer()) {
        const auto beyond = [&](const Value* limit, bool low) {
            const std::int64_t* bound = limit != nullptr ? limit->if_integer() : nullptr;
            return bound != nullptr && (low ? *number < *bound : *number > *bound);
        };
        if (beyond(shape.least, true) || beyond(shape.most, false))
            faults.push_back(at + ": " + std::to_string(*number) + " is out of range");
    }
    if (const List* list = value.if_list(); list != nullptr && shape.items != nullptr)
        for (std::size_t i = 0; i < list->size(); ++i)
            check((*list)[i], *shape.items, at + "[" + std::to_string(i) + "]", faults);
    if (const Map* map = value.if_map())
        check_object(*map, shape, at, faults);
}

SchemaFaults SwaggerDocument::check_text(const std::string& text, const Value* schema) const
{
    if (schema == nullptr)
        return text.empty() ? SchemaFaults{} : SchemaFaults{"a body where none is declared"};
    auto value = json::parse(text);
    if (!value)
        return {"not JSON: " + value.error().message};
    SchemaFaults faults;
    check(*value, *schema, "", faults);
    return faults;
}

SchemaFaults SwaggerDocument::check_request(const Operation& operation,
                                            const std::string& text) const
{
    for (const Map* parameter : parameters(operation)) {
        if (*parameter->find("in") != Value("body"))
            continue;
        const Value* required = parameter->find("required");
        if (text.empty() && (required == nullptr || *required == Value(false)))
            return {};
        return check_text(text, parameter->find("schema"));
    }
    return check_text(text, nullptr);
}

SchemaFaults SwaggerDocument::check_response(const Operation& operation,
                                             int status,
                                             const std::string& text) const
{
    if (status >= 400) {
        auto value = json::parse(text);
        if (!value)
            return {"the error body is not JSON"};
        return check_definition("v1Error", *value);
    }
    const Value* responses = operation.operation->find("responses");
    const Value* declared =
        responses != nullptr ? member(*responses, std::to_string(status)) : nullptr;
    if (declared == nullptr)
        return {"status " + std::to_string(status) + " is not declared"};
    const Value* response = resolve(*declared);
    return check_text(text, response != nullptr ? member(*response, "schema") : nullptr);
}

SchemaFaults SwaggerDocument::check_definition(const std::string& definition,
                                               const Value& value) const
{
    const Value* definitions = member(root_, "definitions");
    const Value* schema = definitions != nullptr ? member(*definitions, definition) : nullptr;
    if (schema == nullptr)
        return {"no definition is called " + definition};
    SchemaFaults faults;
    check(value, *schema, "", faults);
    return faults;
}

} // namespace trueup
